"""What the window offers beside the panels: presets, tests in the preferences, keymap, tooltips, the live picture."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import make_networks

bpy: Any = pytest.importorskip("bpy")
ROOT = Path(__file__).parents[2]


# -- tooltips ----------------------------------------------------------------------------------------------------------


def test_every_operator_and_all_its_settings_say_what_they_do():
    verbs = [getattr(bpy.ops.fields, name).get_rna_type() for name in dir(bpy.ops.fields)]
    assert len(verbs) > 30
    for rna in verbs:
        assert rna.description and not rna.description.endswith("."), rna.identifier
        assert rna.name[0].isupper() and not rna.name.startswith("FIELDS_"), rna.identifier
        check(rna.identifier, [prop for prop in rna.properties if prop.identifier not in FROM_BLENDER])


def test_every_property_and_every_choice_says_what_it_is(part, extension):
    groups = [*part("operators.props").CLASSES, *part("ui.preferences").CLASSES]
    assert sum(check(cls.__name__, own(cls)) for cls in groups) > 80


def own(cls: type) -> list[Any]:
    return [prop for prop in cls.bl_rna.properties if prop.identifier in cls.__annotations__]


def check(where: str, properties: list[Any]) -> int:
    shown = [prop for prop in properties if not prop.is_hidden and prop.identifier != "rna_type"]
    for prop in shown:
        assert prop.description and not prop.description.endswith("."), f"{where}.{prop.identifier}"
        for item in getattr(prop, "enum_items", ()):
            said = f"{where}.{prop.identifier}: {item.identifier}"
            assert item.description and not item.description.endswith("."), said
    return len(shown)


# Of Blender's own mix-ins (files, presets), which say nothing about some of theirs.
FROM_BLENDER = {"filter_glob", "directory", "files", "remove_name", "remove_active"}


def test_verbs_in_the_keymap_exist_and_have_no_key(part):
    keymap = part("operators.keymap")
    for verbs in keymap.OF_EDITORS.values():
        for verb in verbs:
            assert hasattr(bpy.types, verb.replace("fields.", "FIELDS_OT_")), verb
    assert all(item.type == "NONE" for _, item in keymap._made)


# -- presets -----------------------------------------------------------------------------------------------------------

SHIPPED = sorted((ROOT / "presets" / "fields_head").glob("*.py"))


def state_of(part, head) -> dict[str, Any]:
    presets, found = part("operators.presets"), {}
    for owner, names in ((head.fields, presets.OF_THE_HEAD), (head.fields.shape, presets.OF_ITS_SHAPE)):
        for name in names:
            value = getattr(owner, name)
            found[name] = value if isinstance(value, (str, bool, float)) else tuple(value)
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_preset_sets_all_that_presets_are_about(small_head, part, path):
    text = path.read_text()
    presets = part("operators.presets")
    for name in (*presets.OF_THE_HEAD, *presets.OF_ITS_SHAPE):
        assert f".{name} = " in text, name
    assert bpy.ops.fields.preset_use(filepath=str(path)) == {"FINISHED"}
    shown = {"Close-up_Acting": ("key_tolerance", 0.01), "Game_Every_Frame": ("key_style", "EVERY")}
    name, value = shown.get(path.stem, ("stretch", 0.5))
    assert state_of(part, small_head)[name] == pytest.approx(value)


def test_blender_finds_ours_and_each_differs():
    folders = bpy.utils.preset_paths("fields_head")
    assert any(Path(folder, SHIPPED[0].name).exists() for folder in folders)
    assert len({path.read_text() for path in SHIPPED}) == len(SHIPPED) >= 3


def test_a_preset_of_ones_own_brings_everything_back(small_head, part):
    small_head.fields.emotion_balance[2] = 0.5
    small_head.fields.shape.use_region[3] = False
    small_head.fields.shape.gaps = "HOLD"
    before = state_of(part, small_head)
    assert bpy.ops.fields.preset_add(name="mine") == {"FINISHED"}
    made = bpy.utils.preset_find("mine", "fields_head")
    try:
        bpy.ops.fields.preset_use(filepath=str(SHIPPED[0]))
        assert state_of(part, small_head) != before
        bpy.ops.fields.preset_use(filepath=made)
        assert state_of(part, small_head) == before
    finally:
        bpy.ops.fields.preset_add(name="mine", remove_name=True)
    assert not Path(made).exists()


# -- preferences -------------------------------------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path, part, monkeypatch):
    """The bundled face networks, and stand-ins for the others."""
    missing = [
        name
        for name in ("face_landmarks.onnx", "face_detector.onnx", "face_maps.onnx")
        if not (ROOT / "models" / name).exists()
    ]
    if missing:
        pytest.skip(f"{missing} not there (make models)")
    make_networks.write(tmp_path)
    for path in [*(ROOT / "models").glob("face*"), ROOT / "models" / "rigid_face.json"]:
        shutil.copy(path, tmp_path)
    for name in ("device_check", "diagnostics"):
        monkeypatch.setattr(part(f"operators.{name}"), "MODELS", tmp_path)
    return tmp_path


def test_the_device_test_runs_the_networks_and_says_how_fast(models):
    assert bpy.ops.fields.test_device() == {"FINISHED"}
    said = bpy.context.window_manager.fields.device
    assert "ms a frame" in said and "frames a second" in said and (". CPU" in said or ". CUDA" in said)


def test_a_missing_network_is_said(models):
    (models / "encoder.onnx").unlink()
    with pytest.raises(RuntimeError, match=r"encoder\.onnx"):
        bpy.ops.fields.test_device()


def test_devices_are_those_that_are_there():
    lines = bpy.context.window_manager.fields.devices.splitlines()
    assert lines[0].startswith("CPU: ") and "threads" in lines[0]
    assert len(lines) == 2 and lines[1].startswith("CUDA")


def test_diagnostics_have_the_versions_and_nothing_private(part):
    text = part("operators.diagnostics").diagnostics(bpy.context)
    for name in ("FIELDS Facial Capture: 0.", "Blender: ", "numpy: ", "ONNX Runtime: ", "Networks: "):
        assert name in text, text
    assert str(Path.home()) not in text and str(ROOT) not in text


# -- while capturing ---------------------------------------------------------------------------------------------------


def test_the_picture_is_an_icon_that_goes_away(part):
    live = part("operators.common.live_picture")
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 4), np.uint8)
    number = live.show(picture)
    assert live.show(picture[::-1].copy()) == number  # 0 in background, where nothing is drawn
    shown = np.array(live._icons["frame"].image_pixels, np.int32).view(np.uint8).reshape(64, 64, 4)
    np.testing.assert_array_equal(shown, picture[::-1])
    live.clear()
    live.clear()
    assert live._icons is None and live.show(None) == 0


def test_time_left_is_known_after_a_while(part):
    left = part("operators.common.time_left").TimeLeft()
    assert left.after(0.1, 100.0) == "" and left.after(0.2, 100.5) == ""
    assert left.after(0.6, 105.0) == "4 s left"
    assert left.after(1.0, 110.0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8.4, "8 s"), (59.4, "59 s"), (59.6, "1 min"), (124, "2 min 5 s"), (3599, "1 h 0 min"),
     (4200, "1 h 10 min")],
)  # fmt: skip
def test_durations_read_well(part, seconds, words):
    assert part("operators.common.time_left").in_words(seconds) == words


def test_an_error_is_told_in_the_language_of_the_interface(part, monkeypatch):
    from types import SimpleNamespace

    wording, error = part("operators.common.wording"), part("fields_blender.core.errors").FieldsError
    german = {"“{name}” is muted.": "„{name}“ ist stumm."}
    looked_up = SimpleNamespace(pgettext_rpt=lambda text, context: german.get(text, text))
    monkeypatch.setattr(wording, "bpy", SimpleNamespace(app=SimpleNamespace(translations=looked_up)))
    muted = error("“{name}” is muted.", name="{take}")
    assert str(muted) == "“{take}” is muted." and wording.told(muted) == "„{take}“ ist stumm."
    assert wording.told(error("A path with {braces}.")) == "A path with {braces}."
