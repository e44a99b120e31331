"""The emotion slider, while it is dragged: keys written anew from a performance kept in memory."""

import bpy

from ..fields_blender import formula
from ..fields_blender.emotion import CHANGED
from ..fields_blender.errors import FieldsError
from ..fields_blender.mapping import Mapping
from . import heads, mappings, track_store
from .bake import bake, shaped, write
from .job import running


def rebake(head: bpy.types.Object, context: bpy.types.Context) -> None:
    """Write the keys that emotion changes, and those alone, so that an artist's own on others stay.

    A head without a track is left alone, and so is every head while a capture runs. One that has no keys yet of its
    track as it is set now gets them all. What goes wrong is said in the head's report.
    """
    if not head.fields.track or running():
        return
    try:
        if head.fields.baked != track_store.stamp(head):
            bake(context.scene, head, track_store.load(head))
            return
        mapping = _emotional(mappings.of(head))
        write(context.scene, head, heads.find(head, mapping), mapping, shaped(head))
    except FieldsError as error:
        head.fields.report = str(error)


def _emotional(mapping: Mapping) -> Mapping:
    moved = {channel.name for channel in mapping.channels if set(formula.names(channel.source)) & set(CHANGED)}
    return Mapping(mapping.name, tuple(channel for channel in mapping.channels if channel.name in moved))
