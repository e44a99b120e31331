"""Add emotions that were not performed to a head's list, and remove them from it."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty

from ..fields_blender.core.timeline import nearest_frame
from .common import timeline
from .common.wording import say
from .head.heads import chosen_head
from .head_operator import HeadOperator, TakeOperator, head_of
from .props.choices import EMOTION_ITEMS
from .props.on_change import changed, together

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

# The length of an emotion that is added at the playhead (s).
LASTS = 2.0


class FIELDS_OT_emotion_add(TakeOperator, bpy.types.Operator):
    """Add an emotion that was not performed: over the preview range, or from the playhead on. The words stay"""

    bl_idname = "fields.emotion_add"
    bl_label = "Add Emotion"

    emotion: EnumProperty(name="Emotion", description="What to add", items=EMOTION_ITEMS)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        head, scene = head_of(context), context.scene
        with together():
            added = head.fields.added.add()
            added.emotion = self.emotion
            if scene.use_preview_range:
                added.first, added.last = scene.frame_preview_start, scene.frame_preview_end
            else:
                frames = nearest_frame(LASTS, timeline.rate(scene))
                added.first, added.last = scene.frame_current, scene.frame_current + frames
            head.fields.added_index = len(head.fields.added) - 1
        changed(added, context)
        return {"FINISHED"}


class FIELDS_OT_emotion_remove(HeadOperator, bpy.types.Operator):
    """Take the chosen added emotion away"""

    bl_idname = "fields.emotion_remove"
    bl_label = "Remove Added Emotion"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or not head.fields.added:
            cls.poll_message_set(say("No emotion was added to this head"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        settings = head_of(context).fields
        settings.added.remove(min(max(settings.added_index, 0), len(settings.added) - 1))
        settings.added_index = max(settings.added_index - 1, 0)
        changed(settings, context)
        return {"FINISHED"}


CLASSES = (FIELDS_OT_emotion_add, FIELDS_OT_emotion_remove)
