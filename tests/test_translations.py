"""Translations say what the source says: whole, nothing left over, and with the same numbers and names in them."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from tests.shown_strings import shown

ROOT = Path(__file__).parents[1]
# What is the same in every language, or a name.
SAME = {"Basis", "FIELDS capture", "FLAME (.npz)", "Live Link Face (.csv)", "One Euro", "Savitzky-Golay"}
# Shown in one place for who writes scripts: read-only facts about a take, tooltips of lists.
ENOUGH = 0.9


def german() -> dict[str, str]:
    return loaded("translations_de").GERMAN | loaded("sentences_de").SENTENCES


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "ui" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources() -> str:
    files = [path for folder in ("operators", "ui", "fields_blender") for path in (ROOT / folder).rglob("*.py")]
    ours = [path for path in files if not path.name.startswith(("translations", "sentences"))]
    text = "".join(path.read_text(encoding="utf-8") for path in ours)
    return re.sub(r'"\s*\n\s*"', "", text)


def test_nearly_all_that_is_shown_is_translated():
    wanted = {text: where for text, where in shown().items() if text not in SAME and not text.isupper()}
    missing = {text: where for text, where in wanted.items() if text not in german()}
    assert len(missing) < (1.0 - ENOUGH) * len(wanted), missing


def test_every_pattern_keeps_its_fields():
    for text, translated in german().items():
        assert sorted(re.findall(r"{[^}]*}", text)) == sorted(re.findall(r"{[^}]*}", translated)), text
        assert translated.strip() == translated != "", text
        assert translated.endswith((".", "?")) == text.endswith((".", "?")), text


def test_no_translation_without_its_original():
    there = sources()
    names = {path.stem.replace("_", " ") for path in (ROOT / "presets").rglob("*.py")}
    kept = [text for text in german() if text not in there and text.lower() not in there and text not in names]
    assert not kept
