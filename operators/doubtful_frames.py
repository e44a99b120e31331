"""fields.next_doubtful: a jump to the next frame in which FIELDS is not sure."""

import bpy
import numpy as np
from bpy.props import EnumProperty

from ..fields_blender.core.timeline import nearest_frames
from ..fields_blender.core.track import Track
from ..fields_blender.shape import uncertainty
from .common import timeline
from .common.wording import say
from .head_operator import TakeOperator
from .takes import track_store


class FIELDS_OT_next_doubtful(TakeOperator, bpy.types.Operator):
    """Go to the next frame of the timeline in which FIELDS is not sure of this head's face"""

    bl_idname = "fields.next_doubtful"
    bl_label = "Jump to Next Doubtful Frame"

    direction: EnumProperty(
        name="Direction",
        description="Where to look for it",
        items=[("NEXT", "Next", "After the current frame"), ("PREVIOUS", "Previous", "Before the current frame")],
        options={"SKIP_SAVE"},
    )

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        scene, track = context.scene, track_store.load(head)
        wrong = uncertainty.doubtful(track, head.fields.shape.least_confidence)
        starts = np.flatnonzero(wrong & ~np.r_[False, wrong[:-1]])
        frames = nearest_frames(track.time[starts], timeline.rate(scene))
        here, forwards = scene.frame_current, self.direction == "NEXT"
        ahead = np.flatnonzero(frames > here if forwards else frames < here)
        if len(ahead) == 0:
            self.report({"INFO"}, _none_ahead(forwards, here, len(starts)))
            return None
        row = ahead[0 if forwards else -1]
        scene.frame_set(int(frames[row]))
        return describe(track, int(starts[row]), int(frames[row]))


def describe(track: Track, row: int, frame: int) -> str:
    """What is doubtful about the row of a track that is seen on `frame`."""
    if not track.found[row]:
        return say("Frame {frame}: no face", frame=frame)
    confidence = float(track["confidence"][row, 0])
    if regions := uncertainty.unsure_regions(track, row):
        return say(
            "Frame {frame}: confidence {confidence:.2f}, unsure of {regions}",
            frame=frame, confidence=confidence, regions=", ".join(regions),
        )  # fmt: skip
    return say("Frame {frame}: confidence {confidence:.2f}", frame=frame, confidence=confidence)


def _none_ahead(forwards: bool, frame: int, stretches: int) -> str:
    if forwards:
        none = say("No doubtful frame after frame {frame}", frame=frame)
    else:
        none = say("No doubtful frame before frame {frame}", frame=frame)
    if stretches == 1:
        return f"{none}; {say('1 doubtful stretch in all')}"
    return f"{none}; {say('{count} doubtful stretches in all', count=stretches)}"


CLASSES = (FIELDS_OT_next_doubtful,)
