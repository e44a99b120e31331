"""Which frames show a person's face at rest: those the artist names, or the quietest ones."""

import numpy as np

from ..core.errors import FieldsError
from ..core.names import EXPRESSION
from ..core.rotation import to_quaternion

# Frames taken for the face at rest: the quietest tenth, but no fewer and no more than this.
FEWEST, MOST = 5, 200
# Below this many frames with a face a performance is too short to say what this person's face is at rest.
ENOUGH = 24
# Turned away from the camera by less (rad), a face looks to it; of one that never does, the least turned part is taken.
FACING, LEAST_TURNED = 0.2, 0.3


def between(time: np.ndarray, start: float, end: float) -> np.ndarray:
    """Indices of the frames at `time` (n,) s from `start` to `end`, to half a frame: one moment names the frame there.

    Raises FieldsError when there is none.
    """
    near = np.median(np.diff(time)) / 2 if len(time) > 1 else np.inf
    chosen = np.flatnonzero((time >= start - near) & (time <= end + near))
    if len(chosen) == 0:
        raise FieldsError(
            f"There is no face between {start:.2f} s and {end:.2f} s to take the face at rest from. "
            "Choose frames in which the face can be seen."
        )
    return chosen


def quietest(read: dict[str, np.ndarray], rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Indices of the frames in which the face does least, among those in which it looks to the camera; rising.

    read: what `Regressor.read` gives for n frames without knowing the rest. rotation, translation (n, 3): of the head.
    A frame that the network doubts counts as one in which something happens.
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


def _turned_away(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """(n,) rad between where the head points and where the camera is from there."""
    w, x, y, z = to_quaternion(rotation).T
    ahead = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x**2 + y**2)], axis=1)
    to_camera = -translation / np.linalg.norm(translation, axis=1, keepdims=True)
    return np.arccos(np.clip((ahead * to_camera).sum(axis=1), -1.0, 1.0))
