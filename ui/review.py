"""6 Review: the footage beside the head, and a video of both."""

import bpy

from .layout import Tab, head_of, in_both, paragraph, split


class _Review(Tab):
    bl_label = "6 Review"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return head_of(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = split(self.layout), context.scene.fields
        row = layout.row(align=True)
        row.operator("fields.reference_view", icon="IMAGE_REFERENCE")
        row.operator("fields.reference_view", text="", icon="CAMERA_DATA").place = "CAMERA"
        if settings.reference:
            row.operator("fields.reference_remove", text="", icon="X")
        if settings.reference_outdated:
            paragraph(layout, context, "The strips have changed. Press Reference View again", "INFO")
        layout.operator("fields.side_by_side", icon="RENDER_ANIMATION")


CLASSES = in_both(_Review, "review")
