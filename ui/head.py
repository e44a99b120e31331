"""2 Head: which head is animated, the button that adds one, and what its rig needs."""

import bpy

from ..operators.props.chosen import has_bones, lacks_shapes
from .layout import OfHead, Tab, head_of, help_button, in_both, paragraph, say, split


class _Head(Tab):
    bl_label = "2 Head"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "my-rig")

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        layout.prop(context.scene.fields, "head")
        head = head_of(context)
        if head is None or not head.users_collection:
            _add_head(layout, context, head)
            return
        if context.scene.fields.head is None:
            layout.label(text=say("Selected: {name}", name=head.name), icon="OBJECT_DATA", translate=False)
        if lacks_shapes(head):
            paragraph(layout, context, "This mesh has no shape keys yet", "INFO")
            _shape_tools(layout)


class _Rig(OfHead):
    bl_label = "Rig"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        column = layout.column()
        column.prop(head.fields, "use_head_rotation")
        if has_bones(head):  # without any there is nothing to choose between
            column.prop(head.fields, "jaw_on")
            column.prop(head.fields, "eyes_on")
        if head.fields.unmatched and not lacks_shapes(head):
            _shape_tools(layout)


def _shape_tools(layout: bpy.types.UILayout) -> None:
    column = layout.column(align=True)  # one below the other: side by side the names are cut off
    column.operator("fields.place_landmarks", icon="EMPTY_AXIS")
    column.operator("fields.add_shapes", icon="SHAPEKEY_DATA")


def _add_head(layout: bpy.types.UILayout, context: bpy.types.Context, gone: bpy.types.Object | None) -> None:
    if gone is not None:
        paragraph(layout, context, say("“{name}” was deleted from the scene", name=gone.name), "ERROR")
    row = layout.row()
    row.scale_y = 1.4
    row.operator("fields.add_head", text="Add FIELDS Head", icon="USER").show = True
    paragraph(layout, context, "Or choose your own head above, or click it in the 3D View", "INFO")


CLASSES = (*in_both(_Head, "head"), *in_both(_Rig, "rig", parent="head"))
