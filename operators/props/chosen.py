"""What panels need to know of what the artist chose: they may import this room alone."""

from typing import NamedTuple

import bpy

from ..common.timeline import rate
from ..footage.chosen_footage import Footage as Footage
from ..footage.chosen_footage import chosen as chosen_footage
from ..head.head_objects import armature_of
from ..head.heads import chosen_head


def head_of(context: bpy.types.Context) -> bpy.types.Object | None:
    """`heads.chosen_head`."""
    return chosen_head(context)


def has_bones(head: bpy.types.Object) -> bool:
    """Has the head an armature?"""
    return armature_of(head) is not None


def lacks_shapes(head: bpy.types.Object) -> bool:
    """Is this a mesh without shape keys, which FIELDS could add?"""
    return isinstance(head.data, bpy.types.Mesh) and head.data.shape_keys is None


class Rates(NamedTuple):
    """Frames a second: of the video (0 where that is not known), of the scene it is in, of the scene in the window."""

    video: float
    there: float
    here: float


def footage_of(context: bpy.types.Context) -> Footage:
    """`chosen_footage.chosen`."""
    return chosen_footage(context)


def rates_of(footage: Footage, context: bpy.types.Context) -> Rates:
    """The frame rates of some footage with strips."""
    strip = footage.strips[0]
    video = strip.fps if strip.type == "MOVIE" else 0.0
    return Rates(video, rate(footage.scene), rate(context.scene))
