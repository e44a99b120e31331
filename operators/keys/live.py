"""Keys follow the settings of a head while they are changed, from a performance kept in memory."""

from dataclasses import replace

import bpy

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import formula
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.rig.retarget import changed_channels
from ...fields_blender.shape.emotion import CHANGED, Emotion
from ...fields_blender.shape.shaping import Shaping, from_json
from ..common.job import running
from ..common.wording import say, told
from ..head import heads, mappings
from ..props import on_change
from ..takes import takes, track_store
from . import layers, own_keys, pins, shaping
from .baking import bake, chosen_channels, frames_keyed, note, write
from .performance import prepared, shaped


def rebake(head: bpy.types.Object, context: bpy.types.Context) -> str:
    """Write the keys that a setting changes and no others, so that the artist's own keys there stay.

    A head without a track is left alone, and so is every head while a capture runs. One that has no keys of its track
    yet gets all of them. Returns what went wrong, which is also in the head's report, or an empty string.
    """
    if not track_store.has(head) or running():
        return ""
    scene, settings = context.scene, head.fields
    if settings.existing_keys != "REPLACE":
        takes.tell(head, say("Existing keys are mixed in, so the sliders wait for Bake Keys"))
        return settings.report
    try:
        stamp, _, text = settings.baked.partition("\n")
        then, now = from_json(text), shaping.of(scene, head)
        everything, layered = mappings.of(head), settings.write_as == "LAYERED"
        found, mapping = heads.find(head, everything), chosen_channels(head, everything)
        fits = stamp == track_store.stamp(head) and layers.present(found) == layered
        if then is None or not fits or (layered and then != now):
            bake(scene, head, track_store.load(head))
            return ""
        everything = mapping
        mapping, performance = _moved(scene, head, then, now, everything)
        if mapping.channels or mapping.bones:
            kept, rows = "", None
            while rows != mapping:  # corrections made of keys may move further rows, with further keys
                rows, frames = mapping, frames_keyed(scene, head, performance.track)
                kept = own_keys.keep(scene, found, rows, frames) or kept
                now = shaping.of(scene, head)
                mapping, performance = _moved(scene, head, then, now, everything, rows)
            if kept:
                takes.tell(head, kept[:1].upper() + kept[1:])
            write(scene, head, found, mapping, performance, now, sliding=True)
        note(head, now)
        pins.show(scene, head)
    except FieldsError as error:
        takes.tell(head, told(error))
        return settings.report
    return ""


def _moved(
    scene: bpy.types.Scene,
    head: bpy.types.Object,
    then: Shaping,
    now: Shaping,
    mapping: Mapping,
    also: Mapping | None = None,
) -> tuple[Mapping, Emotion]:
    """The rows whose keys are to be written again, those of `also` among them, and the performance to write."""
    performance = prepared(head, now)
    if then == now:
        return also or _emotional(mapping), performance
    before = shaped(scene, head, prepared(head, then), then)
    moved = changed_channels(before, shaped(scene, head, performance, now), mapping)
    if also is not None:
        names = {*(c.name for c in also.channels), *(c.name for c in moved.channels)}
        bones = {*(b.bone for b in also.bones), *(b.bone for b in moved.bones)}
        moved = replace(
            mapping,
            channels=tuple(c for c in mapping.channels if c.name in names),
            bones=tuple(b for b in mapping.bones if b.bone in bones),
        )
    return moved, performance


def _emotional(mapping: Mapping) -> Mapping:
    """The channels that follow what emotion changes."""
    moved = {channel.name for channel in mapping.channels if set(formula.names(channel.source)) & set(CHANGED)}
    return Mapping(mapping.name, tuple(channel for channel in mapping.channels if channel.name in moved))


def _pin(scene: bpy.types.Scene, context: bpy.types.Context) -> None:
    if (head := heads.chosen_head(context)) is not None:
        pins.show(scene, head)


def register() -> None:
    on_change.register(on_change.changed, rebake)
    on_change.register(on_change.shown_in_timeline, _pin)


def unregister() -> None:
    on_change.unregister(on_change.shown_in_timeline, _pin)
    on_change.unregister(on_change.changed, rebake)
