"""Where the bones of a face lie, found by what rigs call them (models/bone_names.json)."""

from collections.abc import Iterable

import bpy
import numpy as np

from ...fields_blender.rig.bone_names import bone_names
from ...fields_blender.rig.rig_names import mirrored_name, plain


def eyes(armature: bpy.types.Object) -> tuple[np.ndarray, np.ndarray] | None:
    """Where the bones of the left and the right eye begin (3,), (3,), in the armature's space."""
    return _pair(armature, bone_names().eyes)


def mouth_corners(armature: bpy.types.Object) -> tuple[np.ndarray, np.ndarray] | None:
    """Where the bones at the left and the right corner of the mouth begin (3,), (3,), in the armature's space."""
    return _pair(armature, bone_names().mouth_corners)


def jaw(armature: bpy.types.Object) -> bpy.types.Bone | None:
    """The first bone of a jaw or chin."""
    return next((bone for bone in armature.data.bones if plain(bone.name) in bone_names().jaw), None)


def by_plain_name(armature: bpy.types.Object | None) -> dict[str, bpy.types.Bone]:
    """The bones by their names as `rig_names.plain` spells them."""
    return {plain(bone.name): bone for bone in armature.data.bones} if armature else {}


def distance(pair: tuple[np.ndarray, np.ndarray] | None) -> float | None:
    return float(np.linalg.norm(pair[0] - pair[1])) if pair else None


def _pair(armature: bpy.types.Object, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Where a left bone of one of these names and its mirrored bone begin."""
    bones = by_plain_name(armature)
    for name in names:
        left = bones.get(name)
        right = bones.get(plain(mirrored_name(left.name))) if left else None
        if left and right and left != right:
            return np.array(left.head_local), np.array(right.head_local)
    return None
