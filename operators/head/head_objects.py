"""Which objects belong to a head: its meshes, its armature, and what lies beside them."""

from collections.abc import Iterator

import bpy
import numpy as np

from ..common.free_place import corners


def members(chosen: bpy.types.Object) -> list[bpy.types.Object]:
    """The chosen object, all below it, all that its armature deforms or carries, and what lies beside it; each once."""
    armature = armature_of(chosen)
    found = [chosen, *chosen.children_recursive]
    if armature:
        found += armature.children_recursive
        for scene in chosen.users_scene:
            found += [
                other
                for other in scene.objects
                if any(m.type == "ARMATURE" and m.object == armature for m in other.modifiers)
            ]
    return list(dict.fromkeys([*found, *_beside(chosen, armature, found)]))


def armature_of(chosen: bpy.types.Object) -> bpy.types.Object | None:
    """The armature of a head: itself, below it, in a modifier, or above it."""
    if chosen.type == "ARMATURE":
        return chosen
    for member in _with_children(chosen):
        if member.type == "ARMATURE":
            return member
        for modifier in member.modifiers:
            if modifier.type == "ARMATURE" and modifier.object:
                return modifier.object
    parent = chosen.parent
    while parent and parent.type != "ARMATURE":
        parent = parent.parent
    return parent


def _with_children(chosen: bpy.types.Object) -> Iterator[bpy.types.Object]:
    """The object, then all below it: finding those takes long in large files."""
    yield chosen
    yield from chosen.children_recursive


def with_shape_keys(objects: list[bpy.types.Object]) -> Iterator[bpy.types.Object]:
    """The meshes with relative shape keys; of meshes that share them, the first."""
    seen = set()
    for member in objects:
        shape_keys = member.data.shape_keys if member.type == "MESH" else None
        if shape_keys and shape_keys.use_relative and shape_keys not in seen:
            seen.add(shape_keys)
            yield member


def box(mesh: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest corner (3,), (3,) of a mesh's bounding box, in the world."""
    low, high = corners(mesh)
    return np.array(low), np.array(high)


def _beside(
    chosen: bpy.types.Object, armature: bpy.types.Object | None, found: list[bpy.types.Object]
) -> Iterator[bpy.types.Object]:
    """Meshes with shape keys in a collection of the head's own that lie within the head and belong to nothing else:
    teeth, tongue, brows and lashes that nobody parented."""
    if chosen.type != "MESH":
        return
    low, high = box(chosen)
    masters = {scene.collection for scene in bpy.data.scenes}
    for collection in chosen.users_collection:
        if collection in masters:
            continue
        for other in collection.objects:
            if other.type != "MESH" or not other.data.shape_keys or other in found:
                continue
            middle = np.mean(box(other), axis=0)
            inside = (low <= middle).all() and (middle <= high).all()
            if inside and other.parent is None and not _has_another_armature(other, armature):
                yield other


def _has_another_armature(mesh: bpy.types.Object, armature: bpy.types.Object | None) -> bool:
    return any(m.type == "ARMATURE" and m.object not in (None, armature) for m in mesh.modifiers)
