"""What the panels of the FIELDS tab share."""

import textwrap
from typing import Any

import bpy

from ..operators.props.chosen import head_of as head_of
from ..operators.props.words import say_in_panel as say


class Tab:
    bl_region_type = "UI"
    bl_category = "FIELDS"


class OfHead(Tab):
    """A panel that is there with a head."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = head_of(context)
        return head is not None and bool(head.users_collection)


def has_take(head: bpy.types.Object | None) -> bool:
    """Has the head a performance, which panels could be about?"""
    return head is not None and (bool(head.fields.track) or len(head.fields.takes) > 0)


def split(layout: Any) -> bpy.types.UILayout:
    layout.use_property_split = True
    layout.use_property_decorate = False
    return layout


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Text, translated as a whole and wrapped to the width of the sidebar."""
    letters = max(int(context.region.width / (7.0 * context.preferences.system.ui_scale)) - 5, 16)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in textwrap.wrap(say(text), letters):
        column.label(text=line, icon=icon, translate=False)  # pyright: ignore[reportArgumentType] - any icon's name
        icon = "BLANK1" if icon != "NONE" else "NONE"


def help_button(layout: bpy.types.UILayout, page: str) -> None:
    """For the header of a panel: a question mark that opens the guide `page`, with #heading if need be."""
    row = layout.row()
    row.operator("fields.help", text="", icon="QUESTION", emboss=False).page = page
    row.separator(factor=0.2)


def in_both(panel: type, name: str, parent: str = "") -> list[type]:
    spaces = {"VIEW_3D": "view", "SEQUENCE_EDITOR": "sequencer"}
    classes = []
    for space, short in spaces.items():
        where = {"bl_space_type": space} | ({"bl_parent_id": f"FIELDS_PT_{parent}_{short}"} if parent else {})
        classes.append(type(f"FIELDS_PT_{name}_{short}", (panel, bpy.types.Panel), where))
    return classes
