"""Where a new thing stands neither inside another nor hidden by it."""

from collections.abc import Iterable

import bpy
from mathutils import Vector

# m. What is narrower is stepped around; on what is wider the new thing is put: a cube, a table, a plinth.
_WIDE = 1.0
_GAP = 0.05  # m
_VIEW = 1.0  # m in front of it must be free, so that it can be looked at
_TRIES = 50

Corners = tuple[Vector, Vector]


def free_place(context: bpy.types.Context, low: Vector, high: Vector, own: Iterable[bpy.types.Object]) -> Vector:
    """By how much to move something with these corners (in the world), so that nothing visible but its `own` objects is
    in the way.
    """
    left_out, moved = set(own), Vector((0.0, 0.0, 0.0))
    others = [thing for thing in context.visible_objects if thing not in left_out and _has_volume(thing)]
    for _ in range(_TRIES):
        here = low + moved, high + moved
        blocking = next((thing for thing in others if _is_in_the_way(thing, here)), None)
        if blocking is None:
            break
        its_low, its_high = corners(blocking)
        if its_high.x - its_low.x < _WIDE:
            moved.x += its_high.x - here[0].x + _GAP
        else:
            moved.z += its_high.z - here[0].z
    return moved


def corners(thing: bpy.types.Object) -> Corners:
    """The lowest and highest corner of its bounding box, in the world."""
    points = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    return (
        Vector(tuple(min(point[axis] for point in points) for axis in range(3))),
        Vector(tuple(max(point[axis] for point in points) for axis in range(3))),
    )


def _has_volume(thing: bpy.types.Object) -> bool:
    return thing.type in {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "VOLUME", "POINTCLOUD"}


def _is_in_the_way(thing: bpy.types.Object, here: Corners) -> bool:
    its_low, its_high = corners(thing)
    apart = any(here[1][axis] <= its_low[axis] or its_high[axis] <= here[0][axis] for axis in range(3))
    return not apart and not _is_a_room(thing, here)


def _is_a_room(thing: bpy.types.Object, here: Corners) -> bool:
    """Is there air in it where the new thing would stand, and in front of it?"""
    if thing.type != "MESH":
        return False
    low, high = here
    half = (high - low) / 2.0 + Vector((_GAP, _GAP, _GAP))
    ways = [Vector((0.0, -_VIEW - half.y, 0.0))]
    ways += [Vector(way) for way in ((half.x, 0, 0), (-half.x, 0, 0), (0, half.y, 0), (0, 0, half.z))]
    into = thing.matrix_world.inverted_safe()
    middle = (low + high) / 2.0
    for way in ways:
        start, end = into @ middle, into @ (middle + way)
        if thing.ray_cast(start, end - start, distance=(end - start).length)[0]:
            return False
    return True
