"""fields.next_doubtful: a jump to the next frame in which FIELDS is not sure."""

import bpy
import numpy as np
from bpy.props import EnumProperty

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.timeline import nearest_frames
from ..fields_blender.shape import uncertainty
from .common import timeline
from .common.wording import told
from .head import heads
from .takes import track_store


class FIELDS_OT_next_doubtful(bpy.types.Operator):
    """Go to the next frame of the timeline in which FIELDS is not sure of this head's face"""

    bl_idname = "fields.next_doubtful"
    bl_label = "Jump to Next Doubtful Frame"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(
        name="Direction",
        description="Where to look for it",
        items=[("NEXT", "Next", "After the current frame"), ("PREVIOUS", "Previous", "Before the current frame")],
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = heads.chosen_head(context)
        if head is None or not track_store.has(head):
            cls.poll_message_set("Choose a head with a captured track")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        head = heads.chosen_head(context)
        try:
            track = track_store.load(head)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        wrong = uncertainty.doubtful(track, head.fields.shape.least_confidence)
        starts = np.flatnonzero(wrong & ~np.r_[False, wrong[:-1]])
        frames = nearest_frames(track.time[starts], timeline.rate(scene))
        here = scene.frame_current
        ahead = frames > here if self.direction == "NEXT" else frames < here
        if not ahead.any():
            where = "after" if self.direction == "NEXT" else "before"
            self.report({"INFO"}, f"No doubtful frame {where} frame {here}; {len(starts)} stretches in all")
            return {"CANCELLED"}
        row = np.flatnonzero(ahead)[0 if self.direction == "NEXT" else -1]
        scene.frame_set(int(frames[row]))
        self.report({"INFO"}, f"Frame {frames[row]}: {uncertainty.reason(track, int(starts[row]))}")
        return {"FINISHED"}


CLASSES = (FIELDS_OT_next_doubtful,)
