"""What the networks run on: the device the artist chose, and those available."""

from functools import cache

import bpy

from ...fields_blender.capture import device
from .addon_preferences import preferences


def chosen_device(context: bpy.types.Context) -> str:
    """ "auto", "cpu" or "cuda", as chosen in the preferences.

    Networks that start from now on use as many threads as chosen there.
    """
    chosen = preferences(context)
    if not chosen:
        return "auto"
    device.MAX_THREADS = chosen.threads
    return chosen.device.lower()


@cache
def devices() -> str:
    """The devices of this machine, one per line. Looks for them once."""
    from ...fields_blender.capture import device_check  # here, so that enabling the extension stays quick

    return "\n".join(device_check.devices())
