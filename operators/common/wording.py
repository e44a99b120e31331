"""What the extension shows, in the artist's language: a pattern is looked up before its {names} are filled in.

All of it is looked up in a context of its own. Blender's translations mean other things by the same words: its German
Face is a polygon, its German Key opens doors.
"""

import string
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import Any

import bpy

from ...fields_blender.core.errors import FieldsError, Note

CONTEXT = "FIELDS"
# Translated like any other text: as the language writes this number, so it writes all of them.
NUMBER = "1,234.5"


def say(pattern: str, **values: object) -> str:
    """`pattern`, in the language of Blender's reports, with its {names} filled in."""
    return _filled(bpy.app.translations.pgettext_rpt, pattern, values)


def say_in_panel(pattern: str, **values: object) -> str:
    """`say`, in the language of Blender's panels: each can be left in English in the preferences."""
    return _filled(bpy.app.translations.pgettext_iface, pattern, values)


def told(error: FieldsError | Note) -> str:
    """What an error says, or a note, in the language of Blender's reports."""
    return _filled(bpy.app.translations.pgettext_rpt, error.sentence, error.values)


def told_note(note: str) -> str:
    """`told`, of what may be a Note."""
    return told(note) if isinstance(note, Note) else say(note)


def use_context(classes: Iterable[Any]) -> None:
    """Have Blender look up the labels of these classes and of their properties in CONTEXT. Before they register."""
    for cls in classes:
        if issubclass(cls, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu)):
            cls.bl_translation_context = CONTEXT
        for made in cls.__annotations__.values():
            made.keywords["translation_context"] = CONTEXT


class _Filler(string.Formatter):
    """str.format whose numbers have the marks of a language."""

    def __init__(self, number: str) -> None:
        thousands, decimal = number[1], number[5]
        self._marks = str.maketrans({",": thousands, ".": decimal})

    def format_field(self, value: Any, format_spec: str) -> str:
        filled = super().format_field(value, format_spec)
        return filled.translate(self._marks) if isinstance(value, Number) else filled


def _filled(look_up: Callable[[str, str], str], pattern: str, values: Mapping[str, Any]) -> str:
    found = look_up(pattern, CONTEXT)
    return _Filler(look_up(NUMBER, CONTEXT)).vformat(found, (), values) if values else found
