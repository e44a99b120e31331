"""The emotion over the clip, to be seen: as curves in the Graph Editor, and as markers where it changes."""

import bpy

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.timeline import nearest_frame
from ..fields_blender.core.track import Track
from ..fields_blender.shape import emotion_over_time
from .common import timeline
from .common.wording import told
from .head.heads import chosen_head
from .keys import confidence_curves
from .keys.performance import played
from .takes import track_store

GROUP = "FIELDS Emotion"


class _EmotionOperator:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or not track_store.has(head):
            cls.poll_message_set("Choose a head with a take first: Capture makes one")
            return False
        return True

    def act(self, scene: bpy.types.Scene, head: bpy.types.Object, performance: Track) -> str:
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        try:
            self.report({"INFO"}, self.act(context.scene, head, played(context.scene, head)))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FIELDS_OT_emotion_curves(_EmotionOperator, bpy.types.Operator):
    """Write how strongly each emotion shows as curves of the head, to look at in the Graph Editor"""

    bl_idname = "fields.emotion_curves"
    bl_label = "Show Emotion in Graph Editor"

    def act(self, scene, head, performance) -> str:
        values = emotion_over_time.shown(performance)
        wanted = [(f"fields.shown_{name}", 0, values[:, i]) for i, name in enumerate(emotion_over_time.SHOWABLE)]
        if why := confidence_curves.show(scene, head, performance.time, wanted, GROUP):
            raise FieldsError(why)
        return f"{len(wanted)} curves under “{GROUP}” in the Graph Editor"


class FIELDS_OT_emotion_markers(_EmotionOperator, bpy.types.Operator):
    """Put a marker on the timeline wherever the emotion of this head changes; those of before are replaced"""

    bl_idname = "fields.emotion_markers"
    bl_label = "Mark Emotion Changes"

    def act(self, scene, head, performance) -> str:
        ours = {f"{head.name}: {name}" for name in (*emotion_over_time.SHOWABLE, "neutral")}
        for marker in [marker for marker in scene.timeline_markers if marker.name in ours]:
            scene.timeline_markers.remove(marker)
        found = emotion_over_time.changes(performance)
        rate = timeline.rate(scene)
        for time, name in found:
            scene.timeline_markers.new(f"{head.name}: {name}", frame=nearest_frame(time, rate))
        return f"{len(found)} changes marked"


CLASSES = (FIELDS_OT_emotion_curves, FIELDS_OT_emotion_markers)
