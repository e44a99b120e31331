"""Preferences: the device the networks run on."""

import bpy
from bpy.props import EnumProperty

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

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "device")
        row = layout.row()
        row.label(text="")
        row.operator("fields.test_device")
        said = context.window_manager.fields.device
        if said:
            layout.label(text=said, icon="INFO")


CLASSES = (FIELDS_Preferences,)
