"""Translations say what the source says: whole, nothing left over, and with the same numbers and names in them."""

import json
import re
from pathlib import Path

import pytest

from tests.shown_strings import ROOT, errors, literals, shown, untranslatable

# Names that are the same in every language, what only scripts see, and a thread's name.
SAME = {
    "Basis", "FIELDS capture", "FLAME (.npz)", "Live Link Face (.csv)",
}  # fmt: skip
LANGUAGES = sorted(path.stem for path in (ROOT / "ui" / "translations").glob("*.json"))
# As operators/common/wording.py has it: how a language writes this says how it writes numbers.
NUMBER = "1,234.5"


def sections(language: str) -> dict[str, dict[str, str]]:
    return json.loads((ROOT / "ui" / "translations" / f"{language}.json").read_text(encoding="utf-8"))


def translations(language: str) -> dict[str, str]:
    return {text: found for section in sections(language).values() for text, found in section.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_is_shown_is_translated(language):
    wanted = {text: where for text, where in shown().items() if text not in SAME and not text.isupper()}
    assert len(wanted) > 400
    there = translations(language)
    assert not {where: text for text, where in wanted.items() if text not in there}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_is_translated(language):
    there = translations(language)
    assert not {where: text for text, where in errors().items() if text not in there}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_presets_say_is_translated(language):
    there = translations(language)
    assert not [about for about, _ in presets() if about not in there]


def presets() -> list[tuple[str, str]]:
    """(about, name) of each mapping."""
    mappings = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "models" / "mappings").glob("*.json")]
    return [(mapping["about"], mapping["name"]) for mapping in mappings]


def test_every_sentence_can_be_looked_up_before_it_is_filled_in():
    """FieldsError and say() get a literal pattern and the values for exactly its {names}; reports go through say()."""
    assert not untranslatable(), "\n".join(untranslatable())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_keeps_its_fields(language):
    for text, translated in translations(language).items():
        assert sorted(re.findall(r"{[^}]*}", text)) == sorted(re.findall(r"{[^}]*}", translated)), text
        assert translated.strip() == translated != "", text
        assert translated.endswith((".", "?")) == text.endswith((".", "?")), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_translated_once(language):
    assert len(translations(language)) == sum(map(len, sections(language).values()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_how_it_writes_numbers(language):
    assert re.fullmatch(r"1\D234\D5", translations(language)[NUMBER])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_without_its_original(language):
    of_heads = {path.stem.replace("_", " ") for path in (ROOT / "presets").rglob("*.py")}
    there = literals() | of_heads | {text for preset in presets() for text in preset}
    words = {word for text in there for word in text.split()}  # regions and emotions, shown with a capital letter
    assert not [text for text in translations(language) if text not in there and text.lower() not in words]


# -- the checks themselves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ('FieldsError("All is well.")', False),
        ('FieldsError("“{name}” is muted.", name=strip.name)', False),
        ('FieldsError("{size:.1f} GB.", size=1.0)', False),
        ('FieldsError(f"“{name}” is muted.")', True),
        ('FieldsError("“{}” is muted.".format(name))', True),
        ('FieldsError("“" + name)', True),
        ("FieldsError(why)", True),
        ("FieldsError(sentence, **values)", False),
        ('FieldsError("“{name}” is muted.")', True),
        ('FieldsError("“{name}” is muted.", nam=1)', True),
        ('FieldsError("It is muted.", name=1)', True),
        ('FieldsError("A } too many.")', True),
        ('FieldsError("{{a}} of {b}", b=1)', False),
        ("say(row.why)", False),
        ('say("{count} row" if count == 1 else "{count} rows", count=count)', False),
        ('say("{count} row" if count == 1 else "rows", count=count)', True),
        ("say(pattern, count=count)", True),
        ('self.report({"INFO"}, f"{n} rows")', True),
        ('self.report({"INFO"}, "Done")', True),
        ('self.report({"INFO"}, "a" if b else f"{c}")', True),
        ('self.report({"INFO"}, say("Done"))', False),
        ('self.report({"INFO"}, head.fields.report)', False),
        ('cls.poll_message_set("No head")', True),
        ('cls.poll_message_set(say("No head"))', False),
    ],
)
def test_what_can_not_be_looked_up_is_found(tmp_path, monkeypatch, code, refused):
    (tmp_path / "operators" / "room").mkdir(parents=True)
    (tmp_path / "operators" / "room" / "a.py").write_text(f"def f():\n    {code}\n", encoding="utf-8")
    monkeypatch.setattr("tests.shown_strings.ROOT", Path(tmp_path))
    found = untranslatable()
    assert bool(found) == refused, found
    assert all(line.startswith("operators/room/a.py:2: ") for line in found)
