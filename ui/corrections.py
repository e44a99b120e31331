"""What was corrected in the take: a list under 3 Capture, beside the takes."""

import bpy

from .layout import Tab, has_take, head_of, in_both, paragraph, say, split
from .takes import chosen_take


class FIELDS_UL_corrections(bpy.types.UIList):
    """A row: mute, frame, what is corrected, how strongly."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        row = layout.row(align=True)
        row.active = not item.mute
        row.prop(item, "mute", text="", icon="HIDE_ON" if item.mute else "HIDE_OFF", emboss=False)
        names = row.split(factor=0.22, align=True)
        rate = context.scene.render.fps / context.scene.render.fps_base
        names.label(text=f"{item.time * rate:.0f}" if not item.seen else "–", translate=False)
        side = names.split(factor=0.68, align=True)
        side.label(text=item.name, icon=_ICONS[item.reach], translate=False)  # pyright: ignore[reportArgumentType]
        side.prop(item, "strength", text="", emboss=False)


_ICONS = {"ALIKE": "ONIONSKIN_ON", "HERE": "KEYFRAME", "TAKE": "ARROW_LEFTRIGHT"}


class FIELDS_UL_corrected_channels(bpy.types.UIList):
    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        row = layout.split(factor=0.6, align=True)
        row.label(text=item.name, translate=False)
        row.prop(item, "delta", text="", emboss=False)


class _Corrections(Tab):
    bl_label = "Corrections"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = head_of(context)
        return has_take(head) and head is not None and not head.fields.track and len(head.fields.takes) > 0

    def draw(self, context: bpy.types.Context) -> None:
        head = head_of(context)
        if head is None or not head.fields.takes:
            return
        layout, take = split(self.layout), chosen_take(head)
        if context.scene.fields.actors:
            _actor(layout, context, take)
        layout.enabled = not context.window_manager.fields.running
        layout.operator("fields.keep_correction", icon="CHECKMARK")
        layout.operator("fields.suggest_frame", icon="LIGHT")
        if not take.corrections:
            paragraph(
                layout,
                context,
                "Go to a frame, pose the head with its own sliders and bones, then keep that: frames in which the "
                "face looks like this follow",
                "INFO",
            )
            return
        row = layout.row()
        row.template_list("FIELDS_UL_corrections", "", take, "corrections", take, "correction_index", rows=4)
        buttons = row.column(align=True)
        buttons.operator("fields.correction_jump", text="", icon="EYEDROPPER").which = "CHOSEN"
        buttons.operator("fields.correction_delete", text="", icon="REMOVE")
        buttons.separator()
        buttons.operator("fields.correction_jump", text="", icon="TRIA_UP").which = "PREVIOUS"
        buttons.operator("fields.correction_jump", text="", icon="TRIA_DOWN").which = "NEXT"
        if 0 <= take.correction_index < len(take.corrections):
            _chosen(layout, context, take.corrections[take.correction_index])
        layout.prop(context.scene.fields, "show_corrections")


def _actor(layout: bpy.types.UILayout, context: bpy.types.Context, take) -> None:
    column = layout.column(align=True)
    column.prop_search(take, "actor", context.scene.fields, "actors", icon="USER")
    if take.actor:
        column.prop(take, "actor_strength", slider=True)
    if take.corrections:
        column.operator("fields.teach_actor", icon="USER")


def _chosen(layout: bpy.types.UILayout, context: bpy.types.Context, item) -> None:
    if item.from_keys:
        paragraph(layout, context, "Made of keys you set yourself", "INFO")
    if item.origin:
        paragraph(layout, context, say("From {strip}", strip=item.origin), "USER")
    column = layout.column()
    column.active = not item.mute
    column.prop(item, "reach")
    if item.reach == "HERE":
        column.prop(item, "ease")
    column.prop(item, "strength", slider=True)
    column.template_list("FIELDS_UL_corrected_channels", "", item, "channels", item, "channel", rows=2)


CLASSES = (FIELDS_UL_corrections, FIELDS_UL_corrected_channels, *in_both(_Corrections, "corrections", parent="capture"))
