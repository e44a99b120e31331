"""Sentences with numbers and names in them, translatable: the pattern is looked up before it is filled in."""

import bpy

from ...fields_blender.core.errors import FieldsError


def say(pattern: str, **values: object) -> str:
    """`pattern`, in the language of Blender's reports, with its {names} filled in."""
    return bpy.app.translations.pgettext_rpt(pattern).format(**values)


def told(error: FieldsError) -> str:
    """What an error says, in the language of Blender's reports where there is a translation."""
    found = bpy.app.translations.pgettext_rpt(error.sentence)
    return found.format(**error.values) if error.values else found
