"""Verbs of the Shape panel: the face at rest from the playhead, and all settings back."""

import bpy

from .head.heads import chosen_head
from .keys import live
from .props.on_change import together


def _poll(cls, context: bpy.types.Context) -> bool:
    if chosen_head(context) is None:
        cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
        return False
    return True


class FIELDS_OT_rest_here(bpy.types.Operator):
    """Take the frame under the playhead for this person's face at rest"""

    bl_idname = "fields.rest_here"
    bl_label = "Use Current Frame as Rest"
    bl_options = {"REGISTER", "UNDO"}

    poll = classmethod(_poll)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head, frame = chosen_head(context), context.scene.frame_current
        settings = head.fields.shape
        before = settings.neutral, settings.rest_first, settings.rest_last
        with together():
            settings.neutral, settings.rest_first, settings.rest_last = "CHOSEN", frame, frame
        if why := live.rebake(head, context):
            with together():
                settings.neutral, settings.rest_first, settings.rest_last = before
            self.report({"ERROR"}, why)
            return {"CANCELLED"}
        return {"FINISHED"}


class FIELDS_OT_reset_shape(bpy.types.Operator):
    """Set face at rest, regions, channels, smoothing and gaps back to how they were to begin with"""

    bl_idname = "fields.reset_shape"
    bl_label = "Reset Shaping"
    bl_options = {"REGISTER", "UNDO"}

    poll = classmethod(_poll)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        with together():
            for settings in (head.fields.shape, *head.fields.shape.channels):
                for prop in settings.bl_rna.properties:
                    if prop.identifier not in {"rna_type", "name", "channels"}:
                        settings.property_unset(prop.identifier)
            head.fields.property_unset("use_smoothing")
        if why := live.rebake(head, context):
            self.report({"WARNING"}, why)
        return {"FINISHED"}


CLASSES = (FIELDS_OT_rest_here, FIELDS_OT_reset_shape)
