"""Quaternions to and from the numbers of Blender's rotation modes."""

from typing import Literal, cast

import numpy as np
from mathutils import Euler, Quaternion

_EulerOrder = Literal["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"]


def property_of(mode: str) -> str:
    """The property that holds a rotation in this mode."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")


def to_mode(rotations: np.ndarray, mode: str) -> np.ndarray:
    """Quaternions (n, 4) as the numbers of a rotation mode (n, 3 or 4), without jumps from frame to frame."""
    if mode == "AXIS_ANGLE":
        turns = (Quaternion(rotation).to_axis_angle() for rotation in rotations)
        return np.array([(angle, *axis) for axis, angle in turns]).reshape(-1, 4)
    if mode == "QUATERNION":
        flips = np.sum(rotations[1:] * rotations[:-1], axis=1) < 0.0
        signs = np.cumprod(np.concatenate([[1.0], np.where(flips, -1.0, 1.0)]))[: len(rotations)]
        return rotations * signs[:, None]
    eulers = []
    for rotation in rotations:
        eulers.append(Quaternion(rotation).to_euler(cast("_EulerOrder", mode), *eulers[-1:]))
    return np.array(eulers).reshape(-1, 3)


def from_mode(values: np.ndarray, mode: str) -> np.ndarray:
    """Unit quaternions (n, 4) from the numbers of a rotation mode (n, 3 or 4)."""
    if mode == "AXIS_ANGLE":
        return np.array([Quaternion(row[1:], row[0]) for row in values]).reshape(-1, 4)
    if mode == "QUATERNION":
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    return np.array([Euler(row, mode).to_quaternion() for row in values]).reshape(-1, 4)
