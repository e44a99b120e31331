"""FIELDS in Blender's menus, where F3 searches: Object > Animation in the 3D View and Strip in the Sequencer."""

from typing import Any

import bpy


class FIELDS_MT_animation(bpy.types.Menu):
    """What can be done with the head, in the order of the work"""

    bl_label = "FIELDS"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        for i, group in enumerate(
            (
                ("open_video", "capture", "recapture"),
                ("rest_here", "reset_shape", "emotion_curves", "emotion_markers"),
                ("keep_correction", "suggest_frame", "bake", "bake_down", "push_to_nla"),
                ("reference_view", "reference_remove", "side_by_side"),
                ("next_doubtful", "mapping_match", "take_blend"),
                ("place_landmarks", "add_shapes"),
            )
        ):
            if i:
                layout.separator()
            for verb in group:
                layout.operator(f"fields.{verb}")


class FIELDS_MT_strip(bpy.types.Menu):
    """What can be done with the strip"""

    bl_label = "FIELDS"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator_context = "INVOKE_DEFAULT"
        self.layout.operator("fields.capture", text="Capture Face").selected = True
        self.layout.operator("fields.recapture")
        self.layout.menu("FIELDS_MT_actor")


CLASSES = (FIELDS_MT_animation, FIELDS_MT_strip)


def _object_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("FIELDS_MT_animation")


def _strip_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("FIELDS_MT_strip")


# Blender's menu, what is drawn at its end.
_IN: tuple[tuple[Any, Any], ...] = (
    (bpy.types.SEQUENCER_MT_strip, _strip_menu),
    (bpy.types.VIEW3D_MT_object_animation, _object_menu),
)


def register() -> None:
    for menu, draw in _IN:
        menu.append(draw)


def unregister() -> None:
    for menu, draw in _IN:
        menu.remove(draw)
