"""Sentences with numbers and names in them, translatable: the pattern is looked up before it is filled in."""

import bpy


def say(pattern: str, **values: object) -> str:
    """`pattern`, in the language of Blender's reports, with its {names} filled in."""
    return bpy.app.translations.pgettext_rpt(pattern).format(**values)
