"""The performance a head plays: its chosen take, or the track file set by a script or an older version."""

import bpy

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.track import Track
from . import correction_list, takes, track_files


def has(head: bpy.types.Object) -> bool:
    """Is there a performance to play?"""
    return bool(head.fields.track) or len(head.fields.takes) > 0


def load(head: bpy.types.Object) -> Track:
    """The performance of a head; raises FieldsError when there is none or it can't be read."""
    if head.fields.track:
        return track_files.load(head.fields.track)
    take = takes.active(head)
    if take is None:
        raise FieldsError(
            "“{name}” has no captured track yet. Capture a strip first, or import a take.", name=head.name
        )
    return takes.read(take)


def carried(head: bpy.types.Object) -> Track:
    """`load`, with the corrections of the take, for a file."""
    take = takes.active(head)
    return load(head) if take is None or head.fields.track else correction_list.carried(take, load(head))


def name(head: bpy.types.Object) -> str:
    """What the performance of a head is called."""
    take = takes.active(head)
    return bpy.path.display_name_from_filepath(head.fields.track) if head.fields.track or take is None else take.name


def stamp(head: bpy.types.Object) -> str:
    """What names the performance of this head, wherever its folder is moved to."""
    take = takes.active(head)
    file = head.fields.track
    return takes.stamp(take) if take is not None and not file else track_files.stamp(file)
