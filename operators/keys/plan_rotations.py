"""Rotations planned as a whole: jaw, eyes and head, on bones or on the head's object."""

from collections.abc import Iterator

import bpy
import numpy as np

from ...fields_blender.core.names import JAW_OPEN
from ...fields_blender.core.rotation import multiply, to_quaternion
from ...fields_blender.rig.mapping import BoneChannel
from ..common.datablocks import pose_bone_of
from ..common.wording import say
from ..head import heads
from . import fcurves, moving_bones
from .plan import UNIT_ANGLE, FCurveValues, Plan, Request, joined, refusal
from .rotation_modes import property_of, to_mode


def rotations(request: Request) -> Plan:
    """The rotations that the mapping's bones follow."""
    return joined(_planned(request))


def rotation(
    target: bpy.types.PoseBone | bpy.types.Object, turns: np.ndarray, frames: np.ndarray, name: str, group: str
) -> Plan:
    """F-curves for rotations (n, 4) of a pose bone or an object at `frames` (n,), in its own rotation mode.

    All of them or, where one is driven or locked, none.
    """
    owner, mode = target.id_data, target.rotation_mode
    assert owner is not None
    path = target.path_from_id(property_of(mode))
    values = to_mode(turns, mode)
    parts = values.shape[1]
    if why := next(filter(None, (refusal(owner, path, index) for index in range(parts))), ""):
        return Plan(skipped={name: why})
    return Plan(
        [
            FCurveValues(owner, path, index, group, frames, values[:, index], name, parts, UNIT_ANGLE, is_rotation=True)
            for index in range(parts)
        ]
    )


def _planned(request: Request) -> Iterator[Plan]:
    head, moving = request.head, {bone.bone for bone in request.bones}
    slide = moving_bones.slide(head, request.bones)
    for bone in request.mapping.bones:
        vectors = request.curves.rotations[bone.bone] * (slide if bone.source.startswith("gaze") else 1.0)
        if bone.source == "jaw" and request.sealed is not None:
            vectors = vectors - np.outer(request.sealed * JAW_OPEN * bone.gain, (1.0, 0.0, 0.0))
        present = ~np.isnan(vectors).any(axis=1)
        frames, group = request.frames[present], request.mapping.regions[bone.bone]
        if bone.bone in head.bones:
            yield _bone(head, bone, vectors[present], frames, group, bone.bone in moving)
        elif bone.source == "head" and head.object.fields.use_head_rotation:
            yield _object(head, bone, vectors[present], frames, group)


def _bone(
    head: heads.Head, bone: BoneChannel, vectors: np.ndarray, frames: np.ndarray, group: str, moves: bool
) -> Plan:
    """A bone that turns by axis-angle `vectors` (n, 3) in the head's frame; where it no longer `moves`, it rests."""
    armature = head.armature
    assert armature is not None
    pose_bone = pose_bone_of(armature, head.bones[bone.bone])
    path = pose_bone.path_from_id(property_of(pose_bone.rotation_mode))
    if not moves and fcurves.fcurve_of(armature, path, 0) is None:
        return Plan()
    # Turning the frame of reference of an axis-angle vector is turning the vector itself, whatever the bone's roll.
    rest = np.array(pose_bone.bone.matrix_local.to_3x3())
    turned = vectors @ (rest.T @ heads.axes(head, armature)).T
    return rotation(pose_bone, to_quaternion(turned if moves else np.zeros_like(turned)), frames, bone.bone, group)


def _object(head: heads.Head, bone: BoneChannel, vectors: np.ndarray, frames: np.ndarray, group: str) -> Plan:
    """Without an armature the head's object turns, from how it stood when it was first keyed."""
    if head.armature:
        return Plan(skipped={bone.bone: say("“{name}” has no such bone", name=head.armature.name)})
    target = head.object
    settings = target.fields
    keyed = fcurves.fcurve_of(target, property_of(target.rotation_mode), 0)
    if keyed is None or not any(settings.rest_rotation):
        settings.rest_rotation = target.matrix_basis.to_quaternion()
    turned = vectors @ heads.axes(head, target).T
    rest = np.array(settings.rest_rotation, dtype=np.float64)[None].repeat(len(turned), axis=0)
    return rotation(target, multiply(rest, to_quaternion(turned)), frames, bone.bone, group)
