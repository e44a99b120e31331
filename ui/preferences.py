"""Preferences: what the networks run on, a test of it, and what a bug report needs."""

import bpy
from bpy.props import EnumProperty, IntProperty

from .layout import say, split

PACKAGE = __package__.rpartition(".")[0]


class FIELDS_Preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    device: EnumProperty(
        name="Device",
        description="What runs the networks",
        items=[
            ("AUTO", "Automatic", "CUDA where this installation offers it, else the CPU"),
            ("CPU", "CPU", "Always the processor"),
            ("CUDA", "CUDA", "The NVIDIA graphics card; the CPU, with the reason, where that does not start"),
        ],
    )
    threads: IntProperty(
        name="Threads",
        description="CPU threads per network. More than two rarely help, and Blender and the video decoder need "
        "some too",
        default=2,
        min=1,
        max=64,
        soft_max=8,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        state = context.window_manager.fields
        layout.prop(self, "device")
        there = layout.box().column(align=True)
        for line in state.devices.splitlines():
            there.label(text=say(line), translate=False, icon="DOT")
        layout.prop(self, "threads")
        guides = layout.row(align=True)
        guides.operator("fields.help", icon="HELP")
        guides.operator("fields.help", text="Report a Bug", icon="URL").page = "problems#reporting-a-bug"
        buttons = layout.row(align=True)
        buttons.operator("fields.test_device", icon="PLAY")
        buttons.operator("fields.copy_diagnostics", icon="COPYDOWN")
        said = layout.column(align=True)
        for sentence in filter(None, state.device.split(". ")):  # a line each: the window may be narrow
            said.label(text=sentence, translate=False, icon="INFO")


def chosen_device(context: bpy.types.Context) -> str:
    """ "AUTO", "CPU" or "CUDA"."""
    addon = context.preferences.addons.get(PACKAGE)
    return addon.preferences.device if addon and addon.preferences else "AUTO"


CLASSES = (FIELDS_Preferences,)
