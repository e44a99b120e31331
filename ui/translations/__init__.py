"""The extension's words in other languages, for Blender's own translation of its interface.

A language is a JSON file in this folder: sections of English -> translated. What the sections are called is for the
translator alone.
"""

import json
from pathlib import Path

import bpy

from ...operators.props.words import CONTEXT

FOLDER = Path(__file__).parent
# File -> the names that Blender has had for the language.
LOCALES = {"de": ("de", "de_DE")}
# Tooltips are always looked up in Blender's general context.
CONTEXTS = (CONTEXT, "*")


def load(language: str) -> dict[str, str]:
    """English -> translated."""
    sections = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return {text: translated for section in sections.values() for text, translated in section.items()}


def words() -> dict[str, dict[tuple[str, str], str]]:
    """As Blender wants them: locale -> (context, English) -> translated."""
    found = {}
    for language, locales in LOCALES.items():
        keyed = {(context, text): said for text, said in load(language).items() for context in CONTEXTS}
        found |= dict.fromkeys(locales, keyed)
    return found


def register() -> None:
    bpy.app.translations.register(__package__, words())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
