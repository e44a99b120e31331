"""Object.fields.shape: how a head's performance is calibrated, cleaned and shaped. Live, without keys of their own."""

import bpy
from bpy.props import (
    BoolProperty,
    BoolVectorProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
)

from ...fields_blender.core.regions import REGIONS
from . import choices, on_change


class FIELDS_Channel(bpy.types.PropertyGroup):
    """One of the 52 ARKit channels. Its name is the channel's."""

    mute: BoolProperty(name="Mute", description="This channel stays at rest", options=set(), update=on_change.changed)
    gain: FloatProperty(
        name="Gain",
        description="How many times as strong this channel is",
        default=1.0, soft_min=0.0, soft_max=2.0, min=-10.0, max=10.0, step=5,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    offset: FloatProperty(
        name="Offset",
        description="What is added to this channel, in units of a full shape key",
        soft_min=-1.0, soft_max=1.0, min=-10.0, max=10.0, step=1,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    use_clamp: BoolProperty(
        name="Clamp",
        description="Keep this channel between two values, after gain and offset",
        options=set(),
        update=on_change.changed,
    )
    least: FloatProperty(
        name="Min", description="This channel is never lower", min=-10.0, max=10.0, step=1, options=set(),
        update=on_change.changed,
    )  # fmt: skip
    most: FloatProperty(
        name="Max", description="This channel is never higher", default=1.0, min=-10.0, max=10.0, step=1,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip


class FIELDS_ShapeSettings(bpy.types.PropertyGroup):
    """Object.fields.shape."""

    neutral: EnumProperty(
        name="Taken From",
        description="What counts as this person's face at rest, where all shape keys are 0. A blink never does",
        items=choices.NEUTRALS,
        options=set(),
        update=on_change.changed,
    )
    rest_first: IntProperty(
        name="From", description="First frame in which the face is at rest", options=set(), update=on_change.changed
    )
    rest_last: IntProperty(
        name="To", description="Last frame in which the face is at rest", options=set(), update=on_change.changed
    )
    rest_head: BoolProperty(
        name="Head Straight Too",
        description="The head is straight in those frames too: its rotation is measured from there",
        options=set(),
        update=on_change.changed,
    )
    stretch: FloatProperty(
        name="Stretch to Full",
        description="For faces that move little: 0 leaves the channels as they are, 1 raises the strongest value of "
        "each to a full shape key",
        subtype="FACTOR", min=0.0, max=1.0,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    smoothing: EnumProperty(
        name="Method",
        description="How jitter is removed",
        items=choices.SMOOTHING,
        options=set(),
        update=on_change.changed,
    )
    use_despike: BoolProperty(
        name="Remove Glitches",
        description="Repair outliers of a single frame first. Blinks and closing lips are kept",
        default=True,
        options=set(),
        update=on_change.changed,
    )
    gaps: EnumProperty(
        name="No Face", description="What the head does while no face is visible", items=choices.GAPS, options=set(),
        update=on_change.changed,
    )  # fmt: skip
    mirror: BoolProperty(
        name="Mirror", description="Swap left and right, including the head's rotation", options=set(),
        update=on_change.changed,
    )  # fmt: skip
    even: FloatProperty(
        name="Symmetry",
        description="How far both sides of the face are made alike. Gaze and head are kept",
        subtype="FACTOR", min=0.0, max=1.0,
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    side: EnumProperty(
        name="Side", description="Which side of the face the other follows", items=choices.SIDES, options=set(),
        update=on_change.changed,
    )  # fmt: skip
    use_region: BoolVectorProperty(
        name="Region",
        description="Whether this region moves. Off, it stays at rest",
        size=len(REGIONS),
        default=(True,) * len(REGIONS),
        options=set(),
        update=on_change.changed,
    )
    strength: FloatVectorProperty(
        name="Strength",
        description="How strongly this region moves: 1 is as captured. Eyes and lips that close still close",
        subtype="NONE",
        size=len(REGIONS),
        min=0.0, max=2.0, step=5,
        default=(1.0,) * len(REGIONS),
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    smooth: FloatVectorProperty(
        name="Smoothing",
        description="How much jitter is removed from this region: 0 none, 1 suits most. Blinks and lips that "
        "close still close",
        subtype="NONE",
        size=len(REGIONS),
        min=0.0, max=2.0, step=5,
        default=(1.0,) * len(REGIONS),
        options=set(),
        update=on_change.changed,
    )  # fmt: skip
    channels: CollectionProperty(type=FIELDS_Channel, name="Channels", description="The 52 channels one by one")
    active_channel: IntProperty(name="Channel", description="The channel that is shown below the list", options=set())
    least_confidence: FloatProperty(
        name="Threshold",
        description="Frames in which FIELDS is less sure than this are doubtful, and so are frames without a face",
        subtype="FACTOR", min=0.0, max=1.0, default=0.5,
        options=set(),
    )  # fmt: skip
    use_confidence: BoolProperty(
        name="Confidence Curve",
        description="Bake Keys shows how sure FIELDS is as a curve of the head in the Graph Editor",
        default=True,
        options=set(),
    )
    use_uncertainty: BoolProperty(
        name="By Region",
        description="Bake Keys shows a curve for each region too: the error to expect, in units of a shape key",
        options=set(),
    )


CLASSES = (FIELDS_Channel, FIELDS_ShapeSettings)
