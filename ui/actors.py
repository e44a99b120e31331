"""Who is in the footage: a row under 1 Footage, and the menu beside it."""

import bpy

from .layout import head_of, paragraph, say
from .takes import chosen_take


class FIELDS_MT_actor(bpy.types.Menu):
    """Make an actor from a neutral face, import or export one"""

    bl_label = "Actor"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("fields.actor_from_frame", icon="IMAGE_DATA")
        layout.operator("fields.actor_from_range", icon="PREVIEW_RANGE")
        layout.operator("fields.actor_from_take", icon="REC")
        layout.operator("fields.actor_from_photos", text="From Photos…", icon="FILE_IMAGE")
        layout.separator()
        layout.operator("fields.actor_import", text="Import…", icon="IMPORT")
        layout.operator("fields.actor_export", text="Export…", icon="EXPORT")


def draw_actor(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = context.scene.fields
    column = layout.column(align=True)
    row = column.row(align=True)
    row.prop_search(settings, "actor", settings, "actors", icon="USER")
    row.menu("FIELDS_MT_actor", text="", icon="ADD")
    row.operator("fields.actor_remove", text="", icon="REMOVE")
    actor = settings.actors.get(settings.actor)
    if actor is not None:
        column.prop(actor, "name")
        paragraph(layout, context, say("From {strip}", strip=actor.made_from))


def draw_no_neutral(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """A warning where the chosen take has no neutral face."""
    head = head_of(context)
    if head is not None and head.fields.takes and chosen_take(head).no_neutral:
        paragraph(
            layout,
            context,
            "This clip seems to have no neutral face. Name its actor under Footage > Actor, then capture again",
            "ERROR",
        )


CLASSES = (FIELDS_MT_actor,)
