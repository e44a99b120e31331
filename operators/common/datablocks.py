"""Blender's datablocks found again, and what objects hold, as the type it is: their `data` may be of any kind."""

from typing import Any

import bpy


def by_uid(collection: Any, uid: int) -> Any:
    """A datablock by its session_uid: names change, and undo replaces the Python objects."""
    return next((item for item in collection if item.session_uid == uid), None)


def mesh_of(thing: bpy.types.Object) -> bpy.types.Mesh:
    """The mesh of a mesh object."""
    assert isinstance(thing.data, bpy.types.Mesh)
    return thing.data


def shape_keys_of(thing: bpy.types.Object) -> bpy.types.Key:
    """The shape keys of a mesh object that has some."""
    shape_keys = mesh_of(thing).shape_keys
    assert shape_keys is not None
    return shape_keys


def bones_of(armature: bpy.types.Object) -> bpy.types.ArmatureBones:
    """The bones of an armature object at rest."""
    assert isinstance(armature.data, bpy.types.Armature)
    return armature.data.bones


def pose_bone_of(armature: bpy.types.Object, name: str) -> bpy.types.PoseBone:
    """A bone of an armature object as it is posed."""
    assert armature.pose is not None
    return armature.pose.bones[name]
