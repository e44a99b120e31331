"""FIELDS in Blender's menus, where F3 searches: Object > Animation in the 3D View and Strip in the Sequencer."""

import bpy


class FIELDS_MT_animation(bpy.types.Menu):
    """What can be done with the head, in the order of the work"""

    bl_label = "FIELDS"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        for i, group in enumerate(
            (
                ("capture", "recapture"),
                ("rest_here", "reset_shape", "emotion_curves", "emotion_markers"),
                ("bake", "bake_down", "push_to_nla"),
                ("next_doubtful", "mapping_match", "take_blend"),
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
        self.layout.operator("fields.capture", text="Capture Face")
        self.layout.operator("fields.recapture")


CLASSES = (FIELDS_MT_animation, FIELDS_MT_strip)


def _object_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("FIELDS_MT_animation")


def _strip_menu(self, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("FIELDS_MT_strip")


def register() -> None:
    bpy.types.SEQUENCER_MT_strip.append(_strip_menu)
    bpy.types.VIEW3D_MT_object_animation.append(_object_menu)


def unregister() -> None:
    bpy.types.VIEW3D_MT_object_animation.remove(_object_menu)
    bpy.types.SEQUENCER_MT_strip.remove(_strip_menu)
