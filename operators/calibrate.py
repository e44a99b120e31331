"""Operators of the Shape panel: take the face at rest from the playhead, and reset all settings."""

from typing import TYPE_CHECKING

import bpy

from .head_operator import HeadOperator, head_of
from .keys import live
from .props.on_change import together

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


class FIELDS_OT_rest_here(HeadOperator, bpy.types.Operator):
    """Take the frame under the playhead for this person's face at rest"""

    bl_idname = "fields.rest_here"
    bl_label = "Use Current Frame as Rest"

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        head, frame = head_of(context), context.scene.frame_current
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


class FIELDS_OT_reset_shape(HeadOperator, bpy.types.Operator):
    """Set face at rest, regions, channels, smoothing and gaps back to how they were to begin with"""

    bl_idname = "fields.reset_shape"
    bl_label = "Reset Shaping"

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        head = head_of(context)
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
