"""The extension's preferences, read where they are needed."""

import bpy

PACKAGE = __package__.rpartition(".")[0]


def chosen_device(context: bpy.types.Context) -> str:
    """ "auto", "cpu" or "cuda", as chosen in the preferences."""
    addon = context.preferences.addons.get(PACKAGE)
    return addon.preferences.device.lower() if addon and addon.preferences else "auto"
