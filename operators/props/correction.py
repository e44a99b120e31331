"""What a take stores of a correction: when, what, how far it reaches."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from . import on_change
from .choices import REACHES


class FIELDS_CorrectedChannel(bpy.types.PropertyGroup):
    """One channel of a correction. Its name is one of `corrections.CHANNELS`."""

    delta: FloatProperty(
        name="Change",
        description="What is added to this channel at the corrected frame, in units of a full shape key (of the head "
        "in radians)",
        soft_min=-1.0, soft_max=1.0, min=-20.0, max=20.0, step=1, precision=3,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip


class FIELDS_Correction(bpy.types.PropertyGroup):
    """One correction of a take. Its name says what it changes."""

    time: FloatProperty(
        name="Time", description="The corrected moment on the timeline", subtype="TIME", unit="TIME_ABSOLUTE"
    )
    channels: CollectionProperty(
        name="Channels", description="What is corrected, and by how much", type=FIELDS_CorrectedChannel
    )
    channel: IntProperty(name="Channel", description="The channel that is shown below the list", options=set())
    reach: EnumProperty(
        name="Reach",
        description="Which other frames it corrects",
        items=REACHES,
        default="ALIKE",
        options=set(),
        update=on_change.changed,
    )
    ease: FloatProperty(
        name="Ease",
        description="How long it fades in before the corrected frame and out after it",
        subtype="TIME_ABSOLUTE", unit="TIME_ABSOLUTE", min=0.0, max=60.0, default=0.2, step=1,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    strength: FloatProperty(
        name="Strength",
        description="How much of it is applied: 0 nothing, 1 exactly what you posed",
        subtype="FACTOR", min=0.0, max=2.0, soft_max=1.0, default=1.0,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    mute: BoolProperty(
        name="Mute", description="As if this correction were not there", options=set(), update=on_change.changed
    )
    # Made of keys that the artist set, which the next bake found.
    from_keys: BoolProperty(name="From Keys", description="Made of keys you set yourself, which a bake found")
    # Of another take: where it comes from, and its frame's code and what was read there, as JSON.
    origin: StringProperty(options={"HIDDEN"})
    seen: StringProperty(options={"HIDDEN"})
