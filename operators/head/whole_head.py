"""A head is one thing: its rig, face, teeth and the empty above them all lead to the same object, which has the takes.

Nothing in Blender says what belongs to a head. An armature says it for what it deforms or carries. Without one, meshes
belong together that lie where the face is, under one empty or in a collection of their own.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import bpy
import numpy as np

from .head_objects import armature_of, box, members, with_shape_keys

KINDS = {"MESH", "ARMATURE", "EMPTY"}
# A mesh no larger than this many faces, and no further than that from the face, can be a part of the head (hair, neck).
_REACH = 2.0
_MOMENT = 0.1  # s
_answers: dict[tuple[Any, int], tuple[float, Any]] = {}


def of(part: bpy.types.Object) -> bpy.types.Object | None:
    """The object that stands for the head that `part` belongs to: the one with takes, else the face.

    Heads of bones alone are their armature; heads of meshes without an armature the empty that holds them. None where
    `part` belongs to no head: lights, cameras, a cube.
    """
    if part.type not in KINDS:
        return None
    parts = family(part)
    if owner := _in_use(part, parts):
        return owner
    face, armature = _face(parts), armature_of(parts[0])
    if armature is not None:
        return face or (armature if armature.pose.bones else None)
    return parts[0] if face is not None and parts[0].type == "EMPTY" else face


def in_use(chosen: bpy.types.Object) -> bpy.types.Object:
    """The object that has the takes of the head that `chosen` belongs to; `chosen` itself where none has."""
    return _in_use(chosen, ()) or _in_use(chosen, family(chosen)) or chosen


def quickly(ask: Callable[[bpy.types.Object], Any], part: bpy.types.Object) -> Any:
    """`ask(part)`; in the window an answer holds for a moment.

    Panels and the buttons in them ask dozens of times when they are drawn, and looking through a large file takes
    milliseconds.
    """
    now, asked = time.monotonic(), (ask, part.session_uid)
    if not bpy.app.background and asked in _answers:
        when, answer = _answers[asked]
        with suppress(ReferenceError):  # undone meanwhile
            if now - when < _MOMENT and (answer is None or answer.session_uid):
                return answer
    _answers.clear()
    _answers[asked] = now, ask(part)
    return _answers[asked][1]


def family(part: bpy.types.Object) -> list[bpy.types.Object]:
    """All that belongs to the same head as `part`, the topmost first; `part` alone where it belongs to none."""
    if part.type == "EMPTY" and not _is_one_head(members(part)):
        return [part]
    top, seen = part, {part}
    while (above := _above(top)) is not None and above not in seen:
        top = above
        seen.add(top)
    found = members(top)
    face = _face(found)
    beside = members(face) if face is not None and face != top else []
    found = list(dict.fromkeys([*found, *beside]))
    return found if part in found else [part]


def _above(part: bpy.types.Object) -> bpy.types.Object | None:
    """What a part of a head hangs on: its armature, the face it lies within, or its parent if all below that is one
    head.
    """
    if part.type == "MESH":
        armature = armature_of(part)
        if armature is not None:
            return armature
        if part.parent is None:
            return _around(part)
    parent = part.parent
    return parent if parent is not None and parent.type in KINDS and _is_one_head(members(parent)) else None


def _in_use(part: bpy.types.Object, others: Sequence[bpy.types.Object]) -> bpy.types.Object | None:
    """The first that has takes, or else a mapping of its own."""
    for has in (lambda s: s.track or len(s.takes), lambda s: s.baked or len(s.rows)):
        for each in (part, *others):
            if has(each.fields):
                return each
    return None


def _face(parts: Sequence[bpy.types.Object]) -> bpy.types.Object | None:
    """The mesh with most shape keys."""
    keyed = with_shape_keys(list(parts))
    return max(keyed, key=lambda mesh: len(mesh.data.shape_keys.key_blocks), default=None)


def _is_one_head(parts: Sequence[bpy.types.Object]) -> bool:
    """Do all these belong to one head? A whole set under one empty does not, nor do two characters."""
    face = _face(parts)
    armatures = {part for part in parts if part.type == "ARMATURE"}
    if face is None:
        return len(armatures) == 1
    own = armature_of(face)
    if armatures - {own}:
        return False
    low, high = box(face)
    free = [part for part in parts if part.type == "MESH" and part != face and armature_of(part) is None]
    return all(_lies_at(part, low, high) for part in free)


def _lies_at(mesh: bpy.types.Object, low: np.ndarray, high: np.ndarray) -> bool:
    """Can a mesh be a part of the head whose face has these corners?"""
    its_low, its_high = box(mesh)
    reach = _REACH * float((high - low).max())
    near = np.abs((its_low + its_high) / 2.0 - (low + high) / 2.0).max() <= reach
    return bool(near and float((its_high - its_low).max()) <= reach)


def _around(mesh: bpy.types.Object) -> bpy.types.Object | None:
    """The face that a mesh with shape keys lies within, where nobody parented it: teeth, tongue, brows, lashes."""
    if not mesh.data.shape_keys:
        return None
    for collection in mesh.users_collection:
        for other in collection.objects:
            if other != mesh and other.type == "MESH" and other.data.shape_keys and mesh in members(other):
                return other
    return None
