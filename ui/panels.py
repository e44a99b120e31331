"""The FIELDS tab, the same in the 3D View and in the Sequencer, in the order of the work."""

import bpy

from ..operators.props.choices import DOUBTFUL, SHOWN_EMOTIONS
from ..operators.props.chosen import footage_of
from ..operators.props.words import CONTEXT
from . import actors, corrections, takes
from .actors import draw_actor, draw_no_neutral
from .footage import draw_footage, draw_reference
from .head import CLASSES as HEAD_CLASSES
from .layout import OfHead, Tab, has_take, head_of, help_button, in_both, paragraph, say, split
from .preferences import chosen_device
from .presets import FIELDS_PT_presets
from .result import draw_result


class _Footage(Tab):
    bl_label = "1 Footage"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "index#your-first-capture")

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        draw_footage(layout, context)
        draw_reference(layout, context)
        draw_no_neutral(layout, context)


class _WhatOfIt(Tab):
    bl_label = "Range, Face, Actor"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(footage_of(context).strips)

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        layout.prop(context.scene.fields, "range")
        layout.prop(context.scene.fields, "face")
        draw_actor(layout, context)


class FIELDS_UL_mapping(bpy.types.UIList):
    """A row: source, target, how strongly; an icon where it wants a look."""

    def draw_item(self, context, layout, data, row, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        line = layout.row(align=True)
        line.active = not row.mute
        line.prop(row, "mute", text="", icon="HIDE_ON" if row.mute else "HIDE_OFF", emboss=False)
        # Labels: fields with a search leave the names no room in a sidebar. They are below the list.
        if row.source == row.target and row.kind == "KEY":
            line.label(text=row.source, translate=False)  # once: two would be cut off
        elif not row.source.isidentifier():
            # A formula, of which the beginning would tell nothing. It is below the list.
            line.label(text=row.target, icon=_KIND_ICONS[row.kind], translate=False)
            line.label(text="", icon="DRIVER")
        else:
            names = line.split(factor=0.5, align=True)
            names.label(text=row.source, translate=False)
            names.label(text=row.target, icon=_KIND_ICONS[row.kind], translate=False)
        if _sureness(row) != "BLANK1":
            line.label(text="", icon=_sureness(row))

    def draw_filter(self, context, layout) -> None:
        layout.prop(self, "filter_name", text="", icon="VIEWZOOM")

    def filter_items(self, context, data, property_name) -> tuple[list[int], list[int]]:
        wanted = self.filter_name.casefold()
        flags = []
        for row in getattr(data, property_name):
            shown = wanted in row.source.casefold() or wanted in row.target.casefold()
            shown &= data.shown_region in ("ALL", row.region.upper())
            shown &= not data.show_doubtful or row.confidence < DOUBTFUL
            flags.append(self.bitflag_filter_item if shown else 0)
        return flags, []


def _sureness(row) -> str:
    if row.confidence >= DOUBTFUL:
        return "BLANK1"
    return "QUESTION" if row.confidence > 0.0 else "ERROR"


_KIND_ICONS = {"KEY": "NONE", "BONE": "BONE_DATA", "ROTATION": "ORIENTATION_GIMBAL", "PROPERTY": "PROPERTIES"}


class _Mapping(OfHead):
    bl_label = "Mapping"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "my-rig#see-and-change-it")

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        settings = head.fields
        if not settings.rows:
            paragraph(
                layout,
                context,
                "Matched by name whenever keys are written. Match now to see and change the rows",
                "INFO",
            )
            _ways_to_match(layout)
            return
        if settings.matched:
            paragraph(layout, context, settings.matched)
        filters = layout.row(align=True)
        filters.use_property_split = False
        filters.prop(settings, "shown_region", text="")
        filters.prop(settings, "show_doubtful", text="", icon="QUESTION", toggle=True)
        row = layout.row()
        row.template_list("FIELDS_UL_mapping", "", settings, "rows", settings, "row", rows=6)
        buttons = row.column(align=True)
        buttons.operator("fields.mapping_add", text="", icon="ADD")
        buttons.operator("fields.mapping_remove", text="", icon="REMOVE")
        buttons.separator()
        buttons.operator("fields.mapping_mirror", text="", icon="MOD_MIRROR")
        if 0 <= settings.row < len(settings.rows):
            _mapping_row(layout, context, settings, settings.rows[settings.row])
        _ways_to_match(layout).operator("fields.mapping_clear", icon="X")


def _ways_to_match(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """The buttons that fill the list, and the column they stand in: side by side their names are cut off."""
    column = layout.column(align=True)
    column.operator("fields.mapping_match", icon="VIEWZOOM")
    column.operator("fields.mapping_shape", icon="SHAPEKEY_DATA")
    row = column.row(align=True)
    row.operator_menu_enum("fields.mapping_preset", "preset", text="Preset")
    row.operator("fields.mapping_load", text="", icon="FILE_FOLDER")
    row.operator("fields.mapping_save", text="", icon="FILE_TICK")
    row.operator("fields.mapping_copy", text="", icon="COPYDOWN")
    return column


def _mapping_row(layout: bpy.types.UILayout, context: bpy.types.Context, settings, row) -> None:
    if row.why:
        why = say(row.why)
        paragraph(layout, context, why[:1].upper() + why[1:], "NONE" if _sureness(row) == "BLANK1" else _sureness(row))
    column = layout.column()
    column.prop(row, "source")
    column.prop(row, "kind")
    column.prop(row, "target")
    if row.kind == "BONE":
        column.prop(row, "does")
        column.prop(row, "axis")
        if row.does == "MOVE":
            column.prop(row, "unit")
    elif row.kind != "ROTATION":
        column.prop(row, "on")
    column.prop(row, "gain")
    if row.kind != "ROTATION":
        limits = layout.column(align=True)
        limits.prop(row, "offset")
        limits.prop(row, "minimum")
        limits.prop(row, "maximum")
    layout.prop(settings, "test", slider=True)


class _Capture(Tab):
    bl_label = "3 Capture"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "capture")

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        state = context.window_manager.fields
        if state.running:
            said = ", ".join(filter(None, (f"{state.progress:.0%}", state.left)))
            layout.progress(factor=state.progress, text=said)
            paragraph(layout, context, state.message)
            layout.operator("fields.cancel", icon="CANCEL")
            # Last: in Blender 4.3, what comes to lie under the pointer instead of a button turns blue.
            if state.picture:
                layout.template_icon(state.picture, scale=10.0)
        else:
            row = layout.row()
            row.scale_y = 1.4
            row.operator("fields.capture", icon="REC")
            if state.kept:
                paragraph(layout, context, state.kept, "INFO")
            if state.recoverable:
                _recoverable(layout.box(), context, state.recoverable)
        if state.device and chosen_device(context) == "CUDA":  # who asked for it wants to know whether it runs
            paragraph(layout, context, state.device)


def _recoverable(layout: bpy.types.UILayout, context: bpy.types.Context, words: str) -> None:
    paragraph(layout, context, words, "RECOVER_LAST")
    row = layout.row(align=True)
    row.operator("fields.recover_capture")
    row.operator("fields.discard_capture", text="", icon="TRASH")


class _OfATake(Tab):
    """A panel that is there where the head has a take."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return has_take(head_of(context))


class _Shape(_OfATake):
    bl_label = "4 Shape the Performance"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        self.layout.operator("fields.reset_shape", text="", icon="LOOP_BACK", emboss=False)
        FIELDS_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        row = layout.row(align=True)
        row.use_property_split = False  # its name fits into the slider, but not beside it
        row.enabled = not context.window_manager.fields.running
        row.prop(head.fields, "emotion_intensity", slider=True)
        row.prop_decorator(head.fields, "emotion_intensity")


class _ByEmotion(Tab):
    bl_label = "By Emotion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "emotion")

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        column = layout.column()
        column.use_property_decorate = True  # the dot that keys it
        column.enabled = not context.window_manager.fields.running
        for index, name in enumerate(SHOWN_EMOTIONS):
            column.prop(head.fields, "emotion_balance", index=index, text=name, slider=True)
        column = layout.column(align=True)  # one below the other: side by side the names are cut off
        column.operator("fields.emotion_curves", text="Show in Graph Editor", icon="GRAPH")
        column.operator("fields.emotion_markers", text="Mark Changes", icon="MARKER")


class FIELDS_UL_added(bpy.types.UIList):
    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        row = layout.row(align=True)
        row.prop(item, "emotion", text="", emboss=False)
        row.label(text=f"{item.first}–{item.last}", translate=False)


class _Added(Tab):
    bl_label = "Added Emotions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        settings = head.fields
        layout.enabled = not context.window_manager.fields.running
        row = layout.row()
        row.template_list("FIELDS_UL_added", "", settings, "added", settings, "added_index", rows=3)
        buttons = row.column(align=True)
        buttons.operator_menu_enum("fields.emotion_add", "emotion", text="", icon="ADD")
        buttons.operator("fields.emotion_remove", text="", icon="REMOVE")
        if 0 <= settings.added_index < len(settings.added):
            added = settings.added[settings.added_index]
            layout.prop(added, "strength", slider=True)
            for pair in (("first", "last"), ("attack_frames", "release_frames")):
                column = layout.column(align=True)
                for name in pair:
                    column.prop(added, name)


class _Keys(_OfATake):
    bl_label = "5 Keys"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        help_button(self.layout, "index#keys-you-can-edit")
        FIELDS_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        row = layout.row(align=True)  # one line: the report below should be on screen too
        row.use_property_split = False
        row.prop(head.fields, "key_style", text="")
        if head.fields.key_style == "REDUCED":
            row.prop(head.fields, "key_tolerance", text="")
        row = layout.row(align=True)
        row.operator("fields.bake", icon="KEYFRAME")
        row.operator("fields.bake", text="", icon="ADD").fresh = True
        if head.fields.write_as == "LAYERED":
            layout.operator("fields.bake_down", icon="NLA_PUSHDOWN")
        draw_result(layout, context, head)


class _WhatIsKeyed(Tab):
    bl_label = "Layers, Range, Existing Keys"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        head = head_of(context)
        if head is None:
            return
        layout.prop(head.fields, "write_as")
        layout.prop(head.fields, "existing_keys")
        if head.fields.existing_keys == "REPLACE":
            layout.prop(head.fields, "own_keys")
        if head.fields.existing_keys == "MIX":
            layout.prop(head.fields, "mix_share", slider=True)
        layout.prop(head.fields, "key_range")
        column = layout.column(heading="Regions", heading_ctxt=CONTEXT)
        column.prop(head.fields, "key_regions", expand=True)
        layout.prop(head.fields, "action_name")
        layout.operator("fields.push_to_nla", icon="NLA")


CLASSES = (
    *actors.CLASSES,
    *in_both(_Footage, "footage"),
    *in_both(_WhatOfIt, "what_of_it", parent="footage"),
    *HEAD_CLASSES,
    FIELDS_UL_mapping,
    *in_both(_Mapping, "mapping", parent="head"),
    *in_both(_Capture, "capture"),
    *takes.CLASSES,
    *corrections.CLASSES,
    *in_both(_Shape, "shape"),
    *in_both(_ByEmotion, "by_emotion", parent="shape"),
    FIELDS_UL_added,
    *in_both(_Added, "added", parent="shape"),
    *in_both(_Keys, "keys"),
    *in_both(_WhatIsKeyed, "what_is_keyed", parent="keys"),
)
