"""bpy 4.2 as a Python module, at the end of Python."""

import atexit
import sys

import bpy

from .addon_preferences import EXTENSION


def _let_go_of_bpy() -> None:
    """At the end of Python: let bpy 4.2 as a Python module close without a crash. (Fixed in 4.5.)

    It shuts Blender down when the module `bpy` is freed, and crashes if that never happens. It never frees a property
    group that was registered, even once unregistered, and the functions in ours hold `bpy` through their modules.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(EXTENSION + "."):
            vars(module).pop("bpy", None)


def register() -> None:
    if not bpy.app.binary_path and bpy.app.version < (4, 5, 0):
        atexit.register(_let_go_of_bpy)
