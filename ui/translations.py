"""The extension's words in other languages, for Blender's own translation of interfaces."""

import bpy

from .sentences_de import SENTENCES
from .translations_de import GERMAN

# Under both names that Blender has had for a language.
_GERMAN = GERMAN | SENTENCES
LANGUAGES = {"de": _GERMAN, "de_DE": _GERMAN}
# Names of operators are looked up in a context of their own, all else in the general one.
CONTEXTS = ("*", "Operator")


def register() -> None:
    words = {
        locale: {(context, text): translated for text, translated in language.items() for context in CONTEXTS}
        for locale, language in LANGUAGES.items()
    }
    bpy.app.translations.register(__package__, words)


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
