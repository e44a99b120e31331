"""The interface in German: every word has its translation where Blender looks for it, and no button is cut."""

from types import SimpleNamespace
from typing import Any

import pytest

bpy: Any = pytest.importorskip("bpy")

SAME = {"Live Link Face (.csv)", "FLAME (.npz)", "CPU", "CUDA", "FIELDS"}
FROM_BLENDER = {"name"}  # a PropertyGroup's own


@pytest.fixture
def german(part) -> dict[tuple[str, str], str]:
    """(context, English) -> German, as Blender is given it."""
    translations = part("ui.translations")
    return translations.words()["de_DE"]


@pytest.fixture
def classes(part) -> list[type]:
    ours = [*part("operators.props").CLASSES, *part("operators")._CLASSES, *part("ui")._CLASSES]
    return [cls for cls in ours if cls.__name__ != "FIELDS_PT_presets"]  # Blender labels it with the preset in use


def labels(cls: type) -> list[tuple[str, str]]:
    """(context, label) of a class and of its own properties and their choices."""
    rna, found = cls.bl_rna, []
    if issubclass(cls, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu)):
        found.append((rna.translation_context, cls.bl_label))
    for prop in own(cls):
        names = [prop.name, *(item.name for item in getattr(prop, "enum_items", ()))]
        found += [(prop.translation_context, name) for name in names]
    return found


def tooltips(cls: type) -> list[str]:
    found = [cls.bl_rna.description] if issubclass(cls, bpy.types.Operator) else []
    for prop in own(cls):
        found += [prop.description, *(item.description for item in getattr(prop, "enum_items", ()))]
    return found


def own(cls: type) -> list[Any]:
    shown = [prop for prop in cls.bl_rna.properties if prop.identifier in cls.__annotations__ and not prop.is_hidden]
    return [prop for prop in shown if prop.identifier not in FROM_BLENDER]


def test_every_label_is_looked_up_in_our_own_context_and_found_there(classes, german):
    wanted = {label for cls in classes for label in labels(cls) if label[1] and label[1] not in SAME}
    assert len(wanted) > 150
    assert {context for context, _ in wanted} == {"FIELDS"}
    assert wanted <= set(german), wanted - set(german)


def test_every_tooltip_is_translated(classes, german):
    wanted = {text for cls in classes for text in tooltips(cls) if text}
    assert len(wanted) > 120
    assert not {text for text in wanted if ("*", text) not in german}


@pytest.mark.parametrize(
    ("owner", "name", "wanted"),
    [
        ("scene", "face", "Gesicht"),  # Blender's own German says Fläche, a polygon
        ("head", "key_style", "Keys"),  # Schlüssel, which open doors
        ("scene", "head", "Kopf"),
        ("scene", "range", "Bereich"),
        ("head", "rows", "Zeilen"),
        ("head", "test", "Probe"),
        ("head", "mix_share", "Anteil"),
        ("shape", "rest_last", "Bis"),  # Nach
        ("shape", "use_clamp", "Begrenzen"),  # Festhalten
        ("added", "release_frames", "Abfall"),  # Loslassen
    ],
)
def test_words_that_mean_something_else_in_blender(scene, small_head, german, owner, name, wanted):
    channel = small_head.fields.shape.channels.add()
    groups = {
        "scene": scene.fields,
        "head": small_head.fields,
        "shape": channel if name == "use_clamp" else small_head.fields.shape,
        "added": small_head.fields.added.add(),
    }
    prop = groups[owner].bl_rna.properties[name]
    assert german[prop.translation_context, prop.name] == wanted


def test_choices_that_mean_something_else_in_blender(small_head, german):
    choices = [("existing_keys", "MIX", "Mischen"), ("existing_keys", "OFFSET", "Addieren"), ("gaps", "HOLD", "Halten")]
    for name, choice, wanted in choices:
        owner = small_head.fields.shape if name == "gaps" else small_head.fields
        prop = owner.bl_rna.properties[name]
        assert german[prop.translation_context, prop.enum_items[choice].name] == wanted


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_german(part, german, monkeypatch):
    """The wording as in a Blender whose language is German. (bpy as a Python module has no languages.)"""
    wording = part("operators.common.wording")
    look_up = lambda text, context="*": german.get((context, text), text)  # noqa: E731
    translations = SimpleNamespace(pgettext_rpt=look_up, pgettext_iface=look_up)
    monkeypatch.setattr(wording, "bpy", SimpleNamespace(app=SimpleNamespace(translations=translations)))
    return wording


@pytest.mark.parametrize(
    ("pattern", "value", "wanted"),
    [
        ("{x:.3f}", 0.02, "0,020"),
        ("{x:.2f}°", 0.29, "0,29°"),
        ("{x:,}", 16800, "16.800"),
        ("{x:,.1f}", 1234567.89, "1.234.567,9"),
        ("{x:.0%}", 0.98, "98%"),
        ("{x}", 3, "3"),
        ("{x}", "take.001", "take.001"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(in_german, part, pattern, value, wanted):
    error = part("fields_blender.core.errors").FieldsError
    assert in_german.say(pattern, x=value) == in_german.say_in_panel(pattern, x=value) == wanted
    assert in_german.told(error(pattern, x=value)) == wanted
    assert str(error(pattern, x=value)) == pattern.format(x=value)


def test_without_a_language_numbers_stay_english(part):
    assert part("operators.common.wording").say("{x:,.1f}", x=1234.5) == "1,234.5"


def test_a_whole_sentence(in_german):
    said = in_german.say("{done} of {total} frames, {found} with a face", done=3, total=20, found=2)
    assert said == "3 von 20 Bildern, 2 mit Gesicht"
    assert in_german.say("A path with {braces}.") == "A path with {braces}."


# -- buttons -----------------------------------------------------------------------------------------------------------

# Letters that fit on each of so many buttons side by side, at the width that a sidebar has to begin with.
FIT = {1: 30, 2: 14}


class Drawn:
    """A layout that notes the labels of buttons, those of a row together."""

    def __init__(self, german: dict, rows: list[list[str]], own: list[str] | None = None) -> None:
        self.german, self.rows, self.own = german, rows, own

    def row(self, **_: Any) -> "Drawn":
        self.rows.append([])
        return Drawn(self.german, self.rows, self.rows[-1])

    def column(self, **_: Any) -> "Drawn":
        return Drawn(self.german, self.rows)

    box = split = column

    def operator(self, name: str, text: str | None = None, **_: Any) -> SimpleNamespace:
        rna = getattr(bpy.ops.fields, name.removeprefix("fields.")).get_rna_type()
        label = rna.name if text is None else text
        if label:
            label = self.german[rna.translation_context, label]
            self.rows.append([label]) if self.own is None else self.own.append(label)
        return SimpleNamespace()

    def operator_menu_enum(self, name: str, _property: str, text: str | None = None, **_: Any) -> None:
        self.operator(name, text)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


@pytest.fixture
def button_rows(scene, small_head, part, german):
    """The labels of all buttons in the FIELDS tab, each list side by side."""

    def draw(prepare) -> list[list[str]]:
        prepare(small_head)
        context = SimpleNamespace(
            scene=scene, view_layer=bpy.context.view_layer, window_manager=bpy.context.window_manager,
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0), addons={}),
            region=SimpleNamespace(width=280),
        )  # fmt: skip
        rows: list[list[str]] = []
        for cls in part("ui")._CLASSES:
            if issubclass(cls, bpy.types.Panel) and cls.__name__.endswith("_view"):
                panel = SimpleNamespace(layout=Drawn(german, rows))
                panel.draw_part = lambda *given, cls=cls, panel=panel: cls.draw_part(panel, *given)
                cls.draw(panel, context)
        return [row for row in rows if row]

    return draw


def with_rows_and_layers(head) -> None:
    head.fields.rows.add().source = "jawOpen"
    head.fields.write_as = "LAYERED"


@pytest.mark.parametrize("prepare", [lambda head: None, with_rows_and_layers], ids=["fresh", "at work"])
def test_no_button_is_cut(button_rows, prepare):
    rows = button_rows(prepare)
    assert len(rows) > 10
    assert not [row for row in rows if max(map(len, row)) > FIT.get(len(row), 0)]
