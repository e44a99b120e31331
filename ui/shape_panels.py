"""Sub-panels of 4 Shape the Performance: face at rest, regions, smoothing, channels, doubtful frames."""

import bpy

from ..operators.props.choices import SHOWN_REGIONS
from ..operators.props.words import CONTEXT
from .layout import Tab, head_of, help_button, in_both, paragraph, split


class _Part(Tab):
    """A closed sub-panel that is there where a head is chosen."""

    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return head_of(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        layout.enabled = not context.window_manager.fields.running
        self.draw_part(layout, context, head_of(context).fields)


class _Rest(_Part):
    bl_label = "Face at Rest"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "cleaning")

    def draw_part(self, layout: bpy.types.UILayout, context: bpy.types.Context, fields) -> None:
        shape = fields.shape
        layout.prop(shape, "neutral")
        if shape.neutral == "CHOSEN":
            column = layout.column(align=True)
            column.prop(shape, "rest_first")
            column.prop(shape, "rest_last")
            layout.prop(shape, "rest_head")
        layout.operator("fields.rest_here", icon="EYEDROPPER")
        layout.prop(shape, "stretch", slider=True)


class _Regions(_Part):
    bl_label = "Regions"

    def draw_part(self, layout: bpy.types.UILayout, context: bpy.types.Context, fields) -> None:
        shape = fields.shape
        grid = layout.column(align=True)
        grid.use_property_split = False
        name, strength, smooth = _cells(grid)
        name.label(text="")
        strength.label(text="Strength", text_ctxt=CONTEXT)
        smooth.label(text="Smoothing", text_ctxt=CONTEXT)
        for index, shown in enumerate(SHOWN_REGIONS):
            name, strength, smooth = _cells(grid)
            name.prop(shape, "use_region", index=index, text=shown)
            strength.active = shape.use_region[index]
            smooth.active = shape.use_region[index] and fields.use_smoothing
            strength.prop(shape, "strength", index=index, text="", slider=True)
            smooth.prop(shape, "smooth", index=index, text="", slider=True)
        layout.prop(shape, "mirror")
        layout.prop(shape, "even", slider=True)
        side = layout.row()
        side.active = shape.even > 0
        side.prop(shape, "side")


def _cells(grid: bpy.types.UILayout) -> tuple[bpy.types.UILayout, bpy.types.UILayout, bpy.types.UILayout]:
    """A row of three: name, and two values of the same width."""
    row = grid.split(factor=0.34, align=True)
    name, values = row.row(align=True), row.split(factor=0.5, align=True)
    return name, values.row(align=True), values.row(align=True)


class _Smoothing(_Part):
    bl_label = "Smoothing"

    def draw_header(self, context: bpy.types.Context) -> None:
        self.layout.prop(head_of(context).fields, "use_smoothing", text="")

    def draw_part(self, layout: bpy.types.UILayout, context: bpy.types.Context, fields) -> None:
        layout.active = fields.use_smoothing
        layout.prop(fields.shape, "smoothing")
        layout.prop(fields.shape, "use_despike")


class FIELDS_UL_channels(bpy.types.UIList):
    """The 52 channels: name, gain, mute."""

    def draw_item(self, _context, layout, _data, item, _icon, _active, _property, _index=0, _flag=0) -> None:
        name = layout.split(factor=0.6, align=True)
        name.active = not item.mute
        name.label(text=item.name, translate=False)
        row = name.row(align=True)
        row.prop(item, "gain", text="", emboss=False)
        row.prop(item, "mute", text="", icon="HIDE_ON" if item.mute else "HIDE_OFF", emboss=False)


class _Channels(_Part):
    bl_label = "Channels"

    def draw_part(self, layout: bpy.types.UILayout, context: bpy.types.Context, fields) -> None:
        shape = fields.shape
        if not shape.channels:
            paragraph(layout, context, "The channels are listed here once keys have been baked", "INFO")
            return
        layout.template_list("FIELDS_UL_channels", "", shape, "channels", shape, "active_channel", rows=6)
        if not 0 <= shape.active_channel < len(shape.channels):
            return
        channel = shape.channels[shape.active_channel]
        column = layout.column()
        column.active = not channel.mute
        column.prop(channel, "gain")
        column.prop(channel, "offset")
        column.prop(channel, "use_clamp")
        ends = column.column(align=True)
        ends.active = channel.use_clamp
        ends.prop(channel, "least")
        ends.prop(channel, "most")


class _Doubtful(_Part):
    bl_label = "Doubtful Frames"

    def draw_part(self, layout: bpy.types.UILayout, context: bpy.types.Context, fields) -> None:
        shape = fields.shape
        layout.prop(shape, "gaps")
        layout.prop(shape, "least_confidence", slider=True)
        row = layout.row(align=True)
        row.operator("fields.next_doubtful", text="Previous", icon="TRIA_LEFT").direction = "PREVIOUS"
        row.operator("fields.next_doubtful", text="Next", icon="TRIA_RIGHT").direction = "NEXT"
        column = layout.column(heading="Show Curves", heading_ctxt=CONTEXT)
        column.prop(shape, "use_confidence")
        column.prop(shape, "use_uncertainty")


CLASSES = (
    FIELDS_UL_channels,
    *in_both(_Rest, "rest", parent="shape"),
    *in_both(_Regions, "regions", parent="shape"),
    *in_both(_Smoothing, "smoothing", parent="shape"),
    *in_both(_Channels, "channels", parent="shape"),
    *in_both(_Doubtful, "doubtful", parent="shape"),
)
