"""The extension's preferences, read where they are needed."""

from typing import Any

import bpy

# The extension's package, under which Blender keeps its preferences and its folder for files.
EXTENSION = __package__.rpartition(".operators")[0]


def preferences(context: bpy.types.Context) -> Any:
    """The extension's preferences; None where it runs from a checkout without being installed."""
    addon = context.preferences.addons.get(EXTENSION)
    return addon.preferences if addon else None
