"""One emotion that is added to a head's performance."""

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty

from ..common.timeline import rate
from . import on_change
from .choices import EMOTION_ITEMS


def _as_frames(seconds: str):
    """Getter and setter of an IntProperty that shows a time in frames of the scene."""

    def get(added) -> int:
        return round(getattr(added, seconds) * rate(bpy.context.scene))

    def put(added, frames: int) -> None:
        setattr(added, seconds, frames / rate(bpy.context.scene))

    return get, put


_attack, _release = _as_frames("attack"), _as_frames("release")


class FIELDS_AddedEmotion(bpy.types.PropertyGroup):
    """Frames are the scene's, times seconds."""

    emotion: EnumProperty(
        name="Emotion", description="What is added", items=EMOTION_ITEMS, options=set(), update=on_change.changed
    )
    strength: FloatProperty(
        name="Strength",
        description="How strong it is; the performed emotion recedes by as much",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.7,
        options=set(),
        update=on_change.changed,
    )
    first: IntProperty(
        name="Start", description="The frame on which it begins", options=set(), update=on_change.changed
    )
    last: IntProperty(
        name="End", description="The frame on which it has faded out", options=set(), update=on_change.changed
    )
    # In seconds, so that another frame rate of the scene changes nothing; shown in frames.
    attack: FloatProperty(min=0.0, max=60.0, default=0.4, options={"HIDDEN"}, update=on_change.changed)
    release: FloatProperty(min=0.0, max=60.0, default=0.8, options={"HIDDEN"}, update=on_change.changed)
    attack_frames: IntProperty(
        name="Attack", description="How many frames it takes to fade in", min=0, soft_max=250, options=set(),
        get=_attack[0], set=_attack[1],
    )  # fmt: skip
    release_frames: IntProperty(
        name="Release", description="How many frames it takes to fade out", min=0, soft_max=250, options=set(),
        get=_release[0], set=_release[1],
    )  # fmt: skip
