"""The takes of the head: a list under 3 Capture."""

import bpy

from .layout import Tab, has_take, head_of, help_button, in_both, paragraph, say, split


class FIELDS_UL_takes(bpy.types.UIList):
    """Double click renames."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        row = layout.row(align=True)
        broken = bool(item.problem)
        icon_of = ("FILE_HIDDEN" if item.outside else "ERROR") if broken else "REC"
        row.prop(item, "name", text="", emboss=False, icon=icon_of)
        side = row.row()
        side.alignment = "RIGHT"
        side.active = False
        if not broken:
            rate = context.scene.render.fps / context.scene.render.fps_base
            side.label(text=f"{item.start * rate:.0f}–{item.end * rate:.0f}", translate=False)
        if item.file:
            side.label(text="", icon="FILE")


class FIELDS_MT_takes(bpy.types.Menu):
    bl_label = "More"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("fields.take_blend")
        layout.separator()
        layout.operator("fields.take_import", icon="IMPORT")
        layout.operator("fields.take_export", icon="EXPORT")
        layout.separator()
        head = head_of(context)
        packed = head is None or not head.fields.takes or not chosen_take(head).file
        text, icon = ("Unpack to File", "UGLYPACKAGE") if packed else ("Pack into .blend", "PACKAGE")
        layout.operator("fields.take_pack", text=text, icon=icon)


class _Takes(Tab):
    bl_label = "Takes"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "takes")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return has_take(head_of(context))

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = head_of(context)
        if head is None:
            return
        settings = head.fields
        row = layout.row()
        row.template_list("FIELDS_UL_takes", "", settings, "takes", settings, "take_index", rows=4)
        buttons = row.column(align=True)
        buttons.operator("fields.take_duplicate", text="", icon="DUPLICATE")
        buttons.operator("fields.take_delete", text="", icon="REMOVE")
        buttons.separator()
        buttons.menu("FIELDS_MT_takes", text="", icon="DOWNARROW_HLT")
        column = layout.column()
        column.enabled = not context.window_manager.fields.running
        if settings.takes:
            _about(column, context, chosen_take(head))
            column.operator("fields.recapture", icon="FILE_REFRESH")
        if settings.track:
            paragraph(column, context, say("Plays the file {file} instead of a take", file=settings.track), "INFO")
        split(column).prop(context.scene.fields, "takes_in")


def chosen_take(head: bpy.types.Object):
    takes = head.fields.takes
    return takes[min(max(head.fields.take_index, 0), len(takes) - 1)]


def _about(layout: bpy.types.UILayout, context: bpy.types.Context, take) -> None:
    if take.problem:
        paragraph(layout, context, take.problem[:1].upper() + take.problem[1:], "INFO" if take.outside else "ERROR")
        if take.outside:
            layout.operator("fields.take_load", icon="FILE_TICK")
        return
    if not take.frames:  # of a .blend older than takes: nothing of it was read yet
        return
    about = say(
        "{frames} frame, {share:.0%} with a face, {date}"
        if take.frames == 1
        else "{frames} frames, {share:.0%} with a face, {date}",
        frames=take.frames,
        share=take.coverage,
        date=take.date,
    )
    paragraph(layout, context, about)
    if take.strip and take.strip != take.name:
        paragraph(layout, context, say("From {strip}", strip=take.strip), "SEQUENCE")


CLASSES = (FIELDS_UL_takes, FIELDS_MT_takes, *in_both(_Takes, "takes", parent="capture"))
