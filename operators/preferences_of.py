"""The extension's preferences, read where they are needed."""

import bpy

from ..fields_blender.capture import device

PACKAGE = __package__.rpartition(".")[0]


def chosen_device(context: bpy.types.Context) -> str:
    """ "auto", "cpu" or "cuda", as chosen in the preferences; networks that start from now on use as many threads
    as chosen there."""
    addon = context.preferences.addons.get(PACKAGE)
    if not addon or not addon.preferences:
        return "auto"
    device.MAX_THREADS = addon.preferences.threads
    return addon.preferences.device.lower()
