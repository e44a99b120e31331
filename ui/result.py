"""The report of the last bake and, where a channel found no target, a button that opens the mapping."""

import bpy

from ..operators.props.words import CONTEXT
from .layout import head_of, paragraph, say, split
from .takes import chosen_take


class FIELDS_PT_result(bpy.types.Panel):
    """Opens from the report under 5 Keys"""

    bl_label = "Not Keyed"
    bl_space_type = "TOPBAR"  # it has no place of its own: only the button opens it
    bl_region_type = "HEADER"
    bl_options = {"INSTANCED"}
    bl_ui_units_x = 18

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        settings = head.fields
        for title, listed in (("Unmatched", settings.unmatched), ("Skipped", settings.skipped)):
            if listed:
                layout.label(text=title, text_ctxt=CONTEXT)
                paragraph(layout, context, listed)
        if not settings.rows:
            layout.operator("fields.mapping_match", icon="VIEWZOOM")
            return
        layout.prop(settings, "show_doubtful")
        layout.template_list("FIELDS_UL_mapping", "result", settings, "rows", settings, "row", rows=8)
        if 0 <= settings.row < len(settings.rows):
            row = settings.rows[settings.row]
            layout.prop(row, "source")
            layout.prop(row, "target")


def _of_take(settings, take) -> str:
    """What was said of a take. Files of older versions have it with the head alone."""
    told = any(each.report for each in settings.takes)
    return take.report if told else settings.report


def draw_result(layout: bpy.types.UILayout, context: bpy.types.Context, head: bpy.types.Object) -> None:
    """The report, and the button where a channel found no target on the head."""
    settings = head.fields
    take = chosen_take(head) if settings.takes and not settings.track else None
    report = settings.report if take is None else _of_take(settings, take)
    if take is not None:
        name = say("“{take}” on “{head}”", take=take.name, head=head.name)
        layout.label(text=name, icon="REC", translate=False)
    if not report:
        paragraph(layout, context, "Not keyed yet. Bake Keys writes this take", "INFO")
        return
    paragraph(layout, context, report)
    count = sum(len(listed.split(", ")) for listed in (settings.unmatched, settings.skipped) if listed)
    if count:
        layout.popover(
            "FIELDS_PT_result", text=say("{count} Not Keyed: Show", count=count), translate=False, icon="VIEWZOOM"
        )


CLASSES = (FIELDS_PT_result,)
