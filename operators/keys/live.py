"""Keys follow the settings of a head while they are changed, from a performance kept in memory."""

import bpy

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import formula
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.rig.retarget import changed_channels
from ...fields_blender.shape.emotion import CHANGED
from ...fields_blender.shape.shaping import from_json
from ..common.job import running
from ..common.wording import say, told
from ..head import heads, mappings
from ..props import on_change
from ..takes import takes, track_store
from . import layers, shaping
from .baking import bake, baked, chosen_channels, write
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
        performance = prepared(head, now)
        if then == now:
            mapping = _emotional(mapping)
        else:
            before = shaped(scene, head, prepared(head, then), then)
            mapping = changed_channels(before, shaped(scene, head, performance, now), mapping)
        if mapping.channels or mapping.bones:
            write(scene, head, found, mapping, performance, now, sliding=True)
        settings.baked = baked(head, now)
    except FieldsError as error:
        takes.tell(head, told(error))
        return settings.report
    return ""


def _emotional(mapping: Mapping) -> Mapping:
    """The channels that follow what emotion changes."""
    moved = {channel.name for channel in mapping.channels if set(formula.names(channel.source)) & set(CHANGED)}
    return Mapping(mapping.name, tuple(channel for channel in mapping.channels if channel.name in moved))


def register() -> None:
    on_change.register(on_change.changed, rebake)


def unregister() -> None:
    on_change.unregister(on_change.changed, rebake)
