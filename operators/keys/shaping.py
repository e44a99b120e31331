"""The settings of a head as the library's Shaping."""

import math

import bpy
import numpy as np

from ...fields_blender.core.names import ARKIT
from ...fields_blender.core.timeline import to_seconds
from ...fields_blender.shape.added_emotion import AddedEmotion
from ...fields_blender.shape.adjust import Channel
from ...fields_blender.shape.shaping import Shaping
from ..common import timeline
from ..props.on_change import together
from ..props.shape_settings import FIELDS_Channel
from ..takes import actor_list, correction_list, takes


def of(scene: bpy.types.Scene, head: bpy.types.Object) -> Shaping:
    """The settings of a head; frames counted in `scene`."""
    settings, rate = head.fields.shape, timeline.rate(scene)
    first, last = sorted((settings.rest_first, settings.rest_last))
    chosen = settings.neutral == "CHOSEN"
    smooths = head.fields.use_smoothing
    take = takes.active(head)
    strength = np.where(settings.use_region, settings.strength, 0.0)
    return Shaping(
        neutral=settings.neutral,
        rest_from=to_seconds(first, rate) if chosen else 0.0,
        rest_to=to_seconds(last, rate) if chosen else 0.0,
        rest_head=settings.rest_head and chosen,
        stretch=settings.stretch,
        no_glitches=settings.use_despike and smooths,
        smoothing=settings.smoothing if smooths else "OFF",
        smooth=tuple(settings.smooth) if smooths else Shaping().smooth,
        gaps=settings.gaps,
        mirror=settings.mirror,
        even=settings.even,
        side=settings.side if settings.even else "BOTH",
        strength=tuple(strength.tolist()),
        channels={row.name: _channel(row) for row in settings.channels if row.name in ARKIT and is_set(row)},
        added=tuple(
            AddedEmotion(
                row.emotion.lower(),
                row.strength,
                to_seconds(row.first, rate),
                to_seconds(row.last, rate),
                row.attack,
                row.release,
            )
            for row in head.fields.added
        ),
        corrections=()
        if take is None or head.fields.track
        else (*correction_list.of(take), *actor_list.taught(scene, take)),
    )


def is_set(row: FIELDS_Channel) -> bool:
    """Did the artist change anything about this channel?"""
    return row.mute or row.use_clamp or row.gain != 1.0 or row.offset != 0.0


def _channel(row: FIELDS_Channel) -> Channel:
    least, most = sorted((row.least, row.most)) if row.use_clamp else (-math.inf, math.inf)
    return Channel(row.gain, row.offset, least, most, row.mute)


def list_channels(head: bpy.types.Object) -> None:
    """List all 52 channels in the head's settings; those listed already keep their values."""
    channels = head.fields.shape.channels
    listed = {row.name for row in channels}
    with together():
        for name in ARKIT:
            if name not in listed:
                channels.add().name = name
