"""WindowManager.fields: the capture under way. Not stored in files."""

import bpy
from bpy.props import BoolProperty, FloatProperty, IntProperty, StringProperty

from ...fields_blender.core.shown_text import shown_text
from ..common import devices
from ..common.wording import say_in_panel
from ..takes import unfinished


def _recoverable(_state: "FIELDS_RunState") -> str:
    captures = unfinished.found()
    if not captures:
        return ""
    _, about, frames = captures[0]
    source = about.get("source")
    name = shown_text(about.get("take") or "")
    date = shown_text(source.get("date") or "") if isinstance(source, dict) else ""
    return say_in_panel(
        "A capture of “{name}” ({date}) was cut off after {frames} frames", name=name, date=date, frames=frames
    )


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
    # What there is to recover, for the panel; nothing where there is none.
    recoverable: StringProperty(get=_recoverable, options={"SKIP_SAVE", "HIDDEN"})
    device: StringProperty(
        name="Device", description="What the networks really run on, and why", options={"SKIP_SAVE", "HIDDEN"}
    )
    devices: StringProperty(
        name="Devices",
        description="The devices available to run networks on, one per line",
        get=_devices,
        options={"HIDDEN"},
    )
