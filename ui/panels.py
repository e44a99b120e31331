"""The FIELDS tab, the same in the 3D View and in the Sequencer, in the order of the work."""

import textwrap

import bpy

from ..operators.props import SHOWN_EMOTIONS


class _Tab:
    bl_region_type = "UI"
    bl_category = "FIELDS"


def _split(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    layout.use_property_split = True
    layout.use_property_decorate = False
    return layout


def _head(context: bpy.types.Context) -> bpy.types.Object | None:
    return context.scene.fields.head or context.view_layer.objects.active


def _strip(context: bpy.types.Context):
    """The active strip of the scene the Sequencer shows (its own from Blender 5.0 on)."""
    scene = getattr(context, "sequencer_scene", None) or context.scene
    return scene.sequence_editor.active_strip if scene.sequence_editor else None


def _words(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Text wrapped to the sidebar's width."""
    letters = max(int(context.region.width / (7.0 * context.preferences.system.ui_scale)) - 5, 16)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in textwrap.wrap(text, letters):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else "NONE"


class _Footage(_Tab):
    bl_label = "1 Footage"

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        strip = _strip(context)
        if strip is None:
            _words(layout, context, "No strip is active. Add a video in the Sequencer and click it", "INFO")
        else:
            layout.label(text=strip.name, icon="SEQUENCE")
        layout.prop(context.scene.fields, "range")
        layout.prop(context.scene.fields, "face")


class _Head(_Tab):
    bl_label = "2 Head"

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        layout.prop(context.scene.fields, "head")
        head = _head(context)
        if head is None:
            _words(layout, context, "No head is chosen. Add > Mesh > FIELDS Head makes one", "INFO")
            return
        if context.scene.fields.head is None:
            layout.label(text=f"Active object: {head.name}", icon="OBJECT_DATA")
        column = layout.column()
        column.prop(head.fields, "use_head_rotation")
        column.prop(head.fields, "jaw_on")
        column.prop(head.fields, "eyes_on")


class _Capture(_Tab):
    bl_label = "3 Capture"

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        state = context.window_manager.fields
        if state.running:
            layout.progress(factor=state.progress, text=f"{state.progress:.0%}")
            _words(layout, context, state.message)
            layout.operator("fields.cancel", icon="CANCEL")
        else:
            row = layout.row()
            row.scale_y = 1.4
            row.operator("fields.capture", icon="REC")
        if state.device:
            _words(layout, context, state.device)


class _Shape(_Tab):
    bl_label = "4 Shape the Performance"

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        head = _head(context)
        if head is None:
            return
        row = layout.row(align=True)
        row.use_property_split = False  # its name fits into the slider, but not beside it
        row.enabled = bool(head.fields.track) and not context.window_manager.fields.running
        row.prop(head.fields, "emotion_intensity", slider=True)
        row.prop_decorator(head.fields, "emotion_intensity")
        if not head.fields.track:
            _words(layout, context, "This head has no captured track yet. Capture a strip first", "INFO")


class _ByEmotion(_Tab):
    bl_label = "By Emotion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        head = _head(context)
        if head is None:
            return
        column = layout.column()
        column.use_property_decorate = True  # the dot that keys it
        column.enabled = bool(head.fields.track) and not context.window_manager.fields.running
        for index, name in enumerate(SHOWN_EMOTIONS):
            column.prop(head.fields, "emotion_balance", index=index, text=name, slider=True)


class _Keys(_Tab):
    bl_label = "5 Keys"

    def draw(self, context: bpy.types.Context) -> None:
        layout = _split(self.layout)
        head = _head(context)
        if head is None:
            return
        layout.prop(head.fields, "track")
        layout.prop(head.fields, "use_smoothing")
        layout.prop(head.fields, "key_style")
        if head.fields.key_style == "REDUCED":
            layout.prop(head.fields, "key_tolerance")
        layout.operator("fields.bake", icon="KEYFRAME")
        if head.fields.report:
            _words(layout, context, head.fields.report)


def _in_both(panel: type, name: str, parent: str = "") -> list[type]:
    spaces = {"VIEW_3D": "view", "SEQUENCE_EDITOR": "sequencer"}
    classes = []
    for space, short in spaces.items():
        where = {"bl_space_type": space} | ({"bl_parent_id": f"FIELDS_PT_{parent}_{short}"} if parent else {})
        classes.append(type(f"FIELDS_PT_{name}_{short}", (panel, bpy.types.Panel), where))
    return classes


CLASSES = (
    *_in_both(_Footage, "footage"),
    *_in_both(_Head, "head"),
    *_in_both(_Capture, "capture"),
    *_in_both(_Shape, "shape"),
    *_in_both(_ByEmotion, "by_emotion", parent="shape"),
    *_in_both(_Keys, "keys"),
)


def _strip_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("fields.capture", text="Capture Face")


def _object_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("fields.bake", text="Bake FIELDS Track")


def register_menus() -> None:
    bpy.types.SEQUENCER_MT_strip.append(_strip_menu)
    bpy.types.VIEW3D_MT_object_animation.append(_object_menu)


def unregister_menus() -> None:
    bpy.types.VIEW3D_MT_object_animation.remove(_object_menu)
    bpy.types.SEQUENCER_MT_strip.remove(_strip_menu)
