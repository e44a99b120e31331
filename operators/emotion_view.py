"""The emotion over the clip made visible: as curves in the Graph Editor, and as markers where it changes."""

import bpy

from ..fields_blender.core.timeline import nearest_frame
from ..fields_blender.shape import emotion_over_time
from .common import graph_editor, timeline
from .common.wording import say
from .head_operator import TakeOperator
from .keys import confidence_curves
from .keys.performance import played

GROUP = "FIELDS Emotion"


class FIELDS_OT_emotion_curves(TakeOperator, bpy.types.Operator):
    """Draw how strongly each emotion shows as curves of the head, in the Graph Editor on screen or in a new window"""

    bl_idname = "fields.emotion_curves"
    bl_label = "Show Emotion in Graph Editor"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        performance = played(context.scene, head)
        values = emotion_over_time.shown(performance)
        wanted = [(f"fields.shown_{name}", 0, values[:, i]) for i, name in enumerate(emotion_over_time.SHOWABLE)]
        confidence_curves.show(context.scene, head, performance.time, wanted, GROUP)
        graph_editor.show(context, head)
        return say("{count} curves under “{group}” in the Graph Editor", count=len(wanted), group=GROUP)


class FIELDS_OT_emotion_markers(TakeOperator, bpy.types.Operator):
    """Put a marker on the timeline wherever the emotion of this head changes; those of before are replaced"""

    bl_idname = "fields.emotion_markers"
    bl_label = "Mark Emotion Changes"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        scene, found = context.scene, emotion_over_time.changes(played(context.scene, head))
        ours = {f"{head.name}: {name}" for name in (*emotion_over_time.SHOWABLE, "neutral")}
        for marker in [marker for marker in scene.timeline_markers if marker.name in ours]:
            scene.timeline_markers.remove(marker)
        rate = timeline.rate(scene)
        for time, name in found:
            scene.timeline_markers.new(f"{head.name}: {name}", frame=nearest_frame(time, rate))
        return say("1 change marked") if len(found) == 1 else say("{count} changes marked", count=len(found))


CLASSES = (FIELDS_OT_emotion_curves, FIELDS_OT_emotion_markers)
