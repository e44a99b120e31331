"""fields.keep_correction and the list of corrections: a frame is posed, and the take learns from it."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from bpy.props import EnumProperty

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.timeline import nearest_frame, nearest_frames, to_seconds
from ..fields_blender.shape import likeness
from ..fields_blender.shape.corrections import Correction
from ..fields_blender.shape.spread import travelling
from .common import timeline
from .common.wording import say
from .head import heads, mappings
from .head.heads import chosen_head
from .head_operator import HeadOperator, head_of
from .keys import keep, live, pins, shaping
from .keys.baking import chosen_channels
from .keys.performance import cleaned
from .props.choices import REACHES
from .props.on_change import together
from .takes import actor_list, correction_list, takes, track_store

# What the channels can't show of a pose is said from here on, in units of a shape key.
WORTH_SAYING = 0.05
# So many frames are suggested, one after the other.
SUGGESTED = 5


class _OnTake(HeadOperator):
    """Acts on the chosen take of the chosen head, whose performance is kept there."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or takes.active(head) is None or head.fields.track:
            cls.poll_message_set(say("Choose a head with a take first: Capture makes one"))
            return False
        if context.window_manager.fields.running:
            cls.poll_message_set(say("A capture is running"))
            return False
        return True


class _OnCorrection(_OnTake):
    """Acts on the correction chosen in the list."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if correction_list.active(takes.active(head_of(context))) is None:
            cls.poll_message_set(say("This take has no correction yet. Pose a frame and press Keep Correction"))
            return False
        return True


class FIELDS_OT_keep_correction(_OnTake, bpy.types.Operator):
    """Keep the pose of the head on this frame as a correction of the take: pose it with its own sliders and bones"""

    bl_idname = "fields.keep_correction"
    bl_label = "Keep Correction"

    reach: EnumProperty(name="Reach", description="Which other frames it corrects", items=REACHES)

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        scene, take = context.scene, takes.active(head)
        frame, rate = scene.frame_current, timeline.rate(scene)
        mapping = mappings.of(head)
        found, mapping = heads.find(head, mapping), chosen_channels(head, mapping)
        now = shaping.of(scene, head)
        coded = likeness.has_code(track_store.load(head))
        reach = self.reach if coded or self.reach != "ALIKE" else "HERE"
        time = to_seconds(frame, rate)

        def make(deltas: Sequence[dict[str, float]]) -> list[Correction]:
            return correction_list.with_more(now.corrections, Correction(time, deltas[0], reach), rate)

        below = keep.Below(scene, found, now, np.array([frame]))
        below.check()
        kept = below.keep(mapping, keep.differs(found, mapping, below, frame), make)
        if not kept.deltas[0]:
            self.report({"INFO"}, _nothing(kept.silent))
            return None
        with together():
            correction_list.keep(take, Correction(time, kept.deltas[0], reach), rate)
        if wrong := live.rebake(head, context):
            self.report({"WARNING"}, wrong)
        pins.show(scene, head)
        return _said(frame, kept, coded or self.reach != "ALIKE")


def _nothing(silent: list[str]) -> str:
    if silent:
        return say("Nothing to keep: the sliders hold {channels} still", channels=", ".join(silent))
    return say("Nothing to keep: the head is as the take has it on this frame. Pose it first, then keep it")


def _said(frame: int, kept: keep.Kept, spreads: bool) -> str:
    words = say("Frame {frame}: {channels} corrected", frame=frame, channels=", ".join(kept.deltas[0]))
    if kept.silent:
        words += "; " + say("the sliders hold {channels} still", channels=", ".join(kept.silent))
    if kept.lacks[0] > WORTH_SAYING:
        words += "; " + say("a part of the pose is none that a capture could show")
    if not spreads:
        words += "; " + say("it stays here: this take does not know how the face looks. Capture it again for that")
    return words


class FIELDS_OT_correction_delete(_OnCorrection, bpy.types.Operator):
    """Delete the chosen correction. The keys go back to what was captured, and to the other corrections"""

    bl_idname = "fields.correction_delete"
    bl_label = "Delete Correction"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        take = takes.active(head)
        item = correction_list.active(take)
        frame = nearest_frame(item.time, timeline.rate(context.scene))
        index = list(take.corrections).index(item)
        take.corrections.remove(index)
        take.correction_index = max(min(index, len(take.corrections) - 1), 0)
        live.rebake(head, context)
        pins.show(context.scene, head)
        return say("The correction of frame {frame} is deleted", frame=frame)


class FIELDS_OT_correction_jump(_OnCorrection, bpy.types.Operator):
    """Go to the frame of a correction"""

    bl_idname = "fields.correction_jump"
    bl_label = "Jump to Correction"

    which: EnumProperty(
        name="Which",
        description="Which correction to go to",
        items=[
            ("CHOSEN", "Chosen", "The one that is chosen in the list"),
            ("NEXT", "Next", "The first one after the current frame"),
            ("PREVIOUS", "Previous", "The last one before the current frame"),
        ],
        options={"SKIP_SAVE"},
    )

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        take, scene = takes.active(head), context.scene
        frames = {i: nearest_frame(item.time, timeline.rate(scene)) for i, item in own(take)}
        here = scene.frame_current
        if self.which == "CHOSEN":
            index = list(take.corrections).index(correction_list.active(take))
        else:
            forwards = self.which == "NEXT"
            ahead = [i for i, frame in frames.items() if (frame > here if forwards else frame < here)]
            if not ahead:
                self.report({"INFO"}, say("There is no further correction that way"))
                return None
            index = ahead[0 if forwards else -1]
        if index not in frames:
            self.report({"INFO"}, say("This correction is of another take, so it has no frame here"))
            return None
        take.correction_index = index
        scene.frame_set(frames[index])
        return ""


class FIELDS_OT_suggest_frame(_OnTake, bpy.types.Operator):
    """Go to the frame whose correction would teach most: unsure, and like many others. Press again for the next"""

    bl_idname = "fields.suggest_frame"
    bl_label = "Suggest Frame"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        scene, track = context.scene, track_store.load(head)
        if not likeness.has_code(track):
            raise FieldsError(
                "This take does not know how the face looks, so no frame can be suggested. Capture it again, or use "
                "Doubtful Frames."
            )
        known = [item.time for _, item in own(takes.active(head)) if not item.mute and item.reach != "HERE"]
        rows = likeness.suggested(track, known, SUGGESTED)
        if not len(rows):
            self.report({"INFO"}, say("All frames look like corrected ones: no further correction would teach much"))
            return None
        frames = nearest_frames(track.time[rows], timeline.rate(scene)).tolist()
        here = frames.index(scene.frame_current) if scene.frame_current in frames else -1
        index = (here + 1) % len(frames)
        scene.frame_set(frames[index])
        before, after = (likeness.unknown(track, times).mean() for times in (known, [*known, track.time[rows[index]]]))
        return say(
            "Frame {frame}, suggestion {index} of {count}: correcting it speaks for {share:.0%} of the take",
            frame=frames[index], index=index + 1, count=len(frames), share=float(before - after),
        )  # fmt: skip


class FIELDS_OT_teach_actor(_OnCorrection, bpy.types.Operator):
    """Have the actor of this take know its corrections, so that all other takes of this actor use them"""

    bl_idname = "fields.teach_actor"
    bl_label = "Teach Actor"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        take, scene = takes.active(head), context.scene
        name = take.actor or scene.fields.actor
        item = scene.fields.actors.get(name)
        if item is None:
            raise FieldsError(
                "This take has no actor to teach. Choose one here, or make one under Footage > Actor > From Take."
            )
        now, track = shaping.of(scene, head), track_store.load(head)
        if not likeness.has_code(track):
            raise FieldsError(
                "This take does not know how the face looks, so its corrections can't be used for others. Capture it "
                "again."
            )
        made = travelling(cleaned(head, now), correction_list.of(take))
        if not made:
            raise FieldsError("Only corrections that spread or are for the whole take can be used for other takes.")
        count = actor_list.teach(item, take, made)
        with together():
            take.actor = name
        return say("“{actor}” knows {count} corrections of “{take}” now", actor=name, count=count, take=take.name)


def own(take: Any) -> list[tuple[int, Any]]:
    """The corrections made in this take, with their indices."""
    return [(i, item) for i, item in enumerate(take.corrections) if not item.seen]


CLASSES = (
    FIELDS_OT_keep_correction,
    FIELDS_OT_correction_delete,
    FIELDS_OT_correction_jump,
    FIELDS_OT_suggest_frame,
    FIELDS_OT_teach_actor,
)
