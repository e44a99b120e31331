"""One emotion that is added to a head's performance."""

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty

from . import on_change
from .choices import EMOTION_ITEMS


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
    attack: FloatProperty(
        name="Attack",
        description="How long it takes to fade in",
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        min=0.0,
        max=60.0,
        default=0.4,
        options=set(),
        update=on_change.changed,
    )
    release: FloatProperty(
        name="Release",
        description="How long it takes to fade out",
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        min=0.0,
        max=60.0,
        default=0.8,
        options=set(),
        update=on_change.changed,
    )
