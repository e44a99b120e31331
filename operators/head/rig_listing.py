"""The names on a head that a mapping can be matched with: its shape keys, bones and properties."""

import bpy
import numpy as np

from ...fields_blender.rig.rig_index import Rig
from ..common.datablocks import shape_keys_of
from . import custom_properties, head_objects

# The shape keys of a datablock that move nothing, by its session id, its names and its vertex count.
_still: dict[tuple[int, tuple[str, ...], int], frozenset[str]] = {}


def rig(head: bpy.types.Object) -> Rig:
    """All names of a head."""
    family, armature = head_objects.members(head), head_objects.armature_of(head)
    keys: dict[str, None] = {}
    still: set[str] = set()
    moving: set[str] = set()
    driven: set[str] = set()
    for mesh in head_objects.with_shape_keys(family):
        names = [block.name for block in mesh.data.shape_keys.key_blocks[1:]]
        keys |= dict.fromkeys(names)
        quiet = _still_on(mesh)
        still |= quiet
        moving |= set(names) - quiet
        driven |= _driven(shape_keys_of(mesh))
    properties = dict.fromkeys(place.name for place, _ in custom_properties.custom_properties(family, armature))
    bones = tuple(bone.name for bone in armature.pose.bones) if armature and armature.is_editable else ()
    # Where no key moves anything the head is not sculpted yet: only the names count.
    quiet = frozenset(still - moving) if moving else frozenset()
    return Rig(tuple(keys), bones, tuple(properties), quiet, frozenset(driven))


def forget() -> None:
    """Forget which shape keys move nothing; they may have been sculpted meanwhile."""
    _still.clear()


def _still_on(mesh: bpy.types.Object) -> frozenset[str]:
    shape_keys = mesh.data.shape_keys
    blocks = shape_keys.key_blocks
    which = (shape_keys.session_uid, tuple(block.name for block in blocks), len(blocks[0].data))
    if which not in _still:
        places = np.empty((2, len(blocks[0].data) * 3), dtype=np.float32)
        blocks[0].data.foreach_get("co", places[0])
        quiet = []
        for block in blocks[1:]:
            if block.relative_key != blocks[0]:
                continue
            block.data.foreach_get("co", places[1])
            if np.array_equal(places[0], places[1]):
                quiet.append(block.name)
        _still[which] = frozenset(quiet)
    return _still[which]


def _driven(shape_keys: bpy.types.Key) -> set[str]:
    if shape_keys.animation_data is None:
        return set()
    paths = {driver.data_path for driver in shape_keys.animation_data.drivers}
    if not paths:
        return set()
    return {
        b.name for b in shape_keys.key_blocks if f'key_blocks["{bpy.utils.escape_identifier(b.name)}"].value' in paths
    }
