"""Which frames show a person's face at rest: those the artist chooses, or the quietest ones."""

import numpy as np

from ..core.arrays import Floats, Ints, Times, Vectors
from ..core.errors import FieldsError
from ..core.names import EXPRESSION
from ..core.rotation import to_quaternion

# The quietest tenth of the frames is taken, but no fewer and no more than this.
FEWEST, MOST = 5, 200
# A performance with fewer frames with a face is too short to tell what this face is at rest.
ENOUGH = 24
# A face turned away from the camera by less than this (rad) faces it. If it never does, so large a share of the frames,
# those turned away least, are taken instead.
FACING, LEAST_TURNED = 0.2, 0.3


def between(time: Times, start: float, end: float) -> Ints:
    """Indices of the frames at `time` (n,) s from `start` to `end` s, give or take half a frame: if both are the same,
    the frame shown then. Raises FieldsError when there is none.
    """
    near = np.median(np.diff(time)) / 2 if len(time) > 1 else np.inf
    chosen = np.flatnonzero((time >= start - near) & (time <= end + near))
    if len(chosen) == 0:
        raise FieldsError(
            "There is no face between {start:.2f} s and {end:.2f} s to take the face at rest from. "
            "Choose frames in which the face can be seen.",
            start=start,
            end=end,
        )
    return chosen


def quietest(read: dict[str, Floats], rotation: Vectors, translation: Vectors) -> Ints:
    """Indices, rising, of the frames with the least activity of the face, among those in which it faces the camera.

    `read`: the outputs of `Regressor.read` for n frames, without a face at rest. `rotation`, `translation` (n, 3): of
    the head. Uncertainty counts as activity.
    """
    face = [i for i, name in enumerate(EXPRESSION) if name != "tongueOut"]
    activity = np.abs(read["expression"][:, face]).sum(axis=1) + 3 * np.abs(read["jaw"]).sum(axis=1)
    activity += read["eyelids"].sum(axis=1) + read["uncertainty"].sum(axis=1)
    activity += np.linalg.norm(rotation - np.median(rotation, axis=0), axis=1)
    gaze = read["gaze"].reshape(len(rotation), -1)
    activity += np.linalg.norm(gaze - np.median(gaze, axis=0), axis=1)  # resting eyes look where they mostly do
    turned = _turned_away(rotation, translation)
    facing = np.flatnonzero(turned <= max(FACING, np.quantile(turned, LEAST_TURNED)))
    count = int(np.clip(len(activity) // 10, FEWEST, MOST))
    return np.sort(facing[np.argsort(activity[facing], kind="stable")[:count]])


def _turned_away(rotation: Vectors, translation: Vectors) -> Floats:
    """Angles (n,) in rad between where the head points and the direction from it to the camera."""
    w, x, y, z = to_quaternion(rotation).T
    ahead = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x**2 + y**2)], axis=1)
    to_camera = -translation / np.linalg.norm(translation, axis=1, keepdims=True)
    return np.arccos(np.clip((ahead * to_camera).sum(axis=1), -1.0, 1.0))
