"""WindowManager.fields: the capture under way. Not stored in files."""

import bpy
from bpy.props import BoolProperty, FloatProperty, IntProperty, StringProperty

from ..common import devices


def _devices(_state: "FIELDS_RunState") -> str:
    return devices.devices()


class FIELDS_RunState(bpy.types.PropertyGroup):
    """WindowManager.fields: the capture under way. Not stored in files."""

    running: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})
    progress: FloatProperty(subtype="FACTOR", min=0.0, max=1.0, options={"SKIP_SAVE", "HIDDEN"})
    message: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    left: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    kept: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    # The icon with the frame being captured; 0 without one (live_picture.py).
    picture: IntProperty(options={"SKIP_SAVE", "HIDDEN"})
    device: StringProperty(
        name="Device", description="What the networks really run on, and why", options={"SKIP_SAVE", "HIDDEN"}
    )
    devices: StringProperty(
        name="Devices",
        description="The devices available to run networks on, one per line",
        get=_devices,
        options={"HIDDEN"},
    )
