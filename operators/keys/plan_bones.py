"""Bones planned that move, turn or scale by numbers: the sum of their rows, in the bone's own axes from its rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...fields_blender.core.rotation import to_quaternion
from ...fields_blender.rig.mapping import Channel
from ..common.datablocks import pose_bone_of
from ..common.wording import say
from ..head import head_sizes, heads
from . import plan_rotations
from .plan import UNIT_MOVE, FCurveValues, Plan, Request, joined, refusal


@dataclass(frozen=True)
class _Face:
    """The face of an armature: its left, up and out as columns (3, 3), its measures, the middle of its eyes (3,)."""

    armature: bpy.types.Object
    axes: np.ndarray
    measures: dict[str, float]
    eyes: np.ndarray | None

    def unit(self, row: Channel, bone: bpy.types.Bone) -> float:
        """How far a row at 1 moves a bone."""
        if not row.unit and row.axis in "xyz":
            return 1.0
        if row.unit == "reach":
            return 0.0 if self.eyes is None else float(np.linalg.norm(np.array(bone.head_local) - self.eyes))
        return self.measures.get(f"jaw {row.axis}" if row.unit == "jaw" else row.unit or "eyes", 0.0)

    def direction(self, axis: str, bone: bpy.types.Bone) -> np.ndarray:
        """A row's direction (3,) in the bone's own axes."""
        if axis in "xyz":
            return np.eye(3)["xyz".index(axis)]
        rest = np.array(bone.matrix_local.to_3x3())
        return rest.T @ self.axes[:, ("left", "up", "out").index(axis)]


def bones(request: Request) -> Plan:
    """The bones that follow rows of numbers."""
    head = request.head
    rows_of: dict[tuple[str, str], list[Channel]] = {}
    rows = [row for row in request.mapping.channels if row.bone]
    for row in rows:
        if row.bone in head.bones:
            rows_of.setdefault((head.bones[row.bone], row.does), []).append(row)
    missing = Plan(unmatched=_names([row for row in rows if row.bone not in head.bones]))
    if not rows_of:
        return missing
    assert head.armature is not None
    face = _Face(
        head.armature, heads.axes(head, head.armature), head_sizes.sizes(head), head_sizes.middle_of_eyes(head)
    )
    return joined((missing, *(_bone(request, face, *which, together) for which, together in rows_of.items())))


def _bone(request: Request, face: _Face, name: str, does: str, rows: Sequence[Channel]) -> Plan:
    head, bone = request.head, pose_bone_of(face.armature, name)
    if does == "turn" and name in {head.bones.get(whole.bone) for whole in request.mapping.bones}:
        return _skipped(rows, say("turned as a whole by another row"))
    if does == "move" and bone.bone.use_connect:
        return _skipped(rows, say("the bone is connected to its parent"))
    # A lid's bone that begins in the eyeball can't move away from there: it turns, so that its tip makes the move.
    swings = does == "move" and head_sizes.hinged(head, name)
    total = np.zeros((len(request.present_frames), 3))
    for row in {row.name: row for row in rows}.values():  # curves of one name are added up already
        total += request.values(row.name)[:, None] * _amount(face, row, bone.bone, swings)
    if does == "turn" or swings:
        turns, group = to_quaternion(total), request.mapping.regions[rows[0].name]
        made = plan_rotations.rotation(bone, turns, request.present_frames, f"{name} turn", group)
        return replace(made, keyed=_names(rows)) if made.fcurves else made
    unit = face.measures["eyes"] * UNIT_MOVE if does == "move" else 1.0
    return _parts(bone, does, total, unit, request, rows)


def _amount(face: _Face, row: Channel, bone: bpy.types.Bone, swings: bool) -> np.ndarray:
    """How a row at 1 moves, turns (axis-angle, rad) or scales a bone (3,), in the bone's own axes."""
    direction = face.direction(row.axis, bone)
    if row.does != "move":
        return direction
    return face.unit(row, bone) * (_turn_of_tip(direction) / bone.length if swings else direction)


def _turn_of_tip(direction: np.ndarray) -> np.ndarray:
    """The small rotation (3,), axis-angle in rad, that takes the tip of a bone of length 1 by a unit `direction` (3,).

    The tip can only go sideways: it goes the whole distance there, but less where the direction is nearly the bone's.
    """
    axis = np.cross([0.0, 1.0, 0.0], direction)
    return axis / max(float(np.linalg.norm(axis)), 0.5)


def _parts(
    bone: bpy.types.PoseBone, does: str, total: np.ndarray, unit: float, request: Request, rows: Sequence[Channel]
) -> Plan:
    """F-curves of a bone's location or scale for `total` (n, 3), without the parts that are locked or driven."""
    moves = does == "move"
    attribute, locks = ("location", bone.lock_location) if moves else ("scale", bone.lock_scale)
    owner, path = bone.id_data, bone.path_from_id(attribute)
    assert owner is not None
    total, why, made = total if moves else 1.0 + total, "", []
    for index, locked in enumerate(np.array(locks)):
        why = refusal(owner, path, index) or (say("locked") if locked else "")
        if not why and (moves or np.ptp(total[:, index]) > 0.0):
            group, frames = request.mapping.regions[rows[0].name], request.present_frames
            values = total[:, index]
            made.append(FCurveValues(owner, path, index, group, frames, values, f"{bone.name} {does}", 3, unit))
    return Plan(made, keyed=_names(rows)) if made else _skipped(rows, why or say("no part of it moves"))


def _names(rows: Sequence[Channel]) -> list[str]:
    return list(dict.fromkeys(row.name for row in rows))


def _skipped(rows: Sequence[Channel], why: str) -> Plan:
    return Plan(skipped={row.name: why for row in rows})
