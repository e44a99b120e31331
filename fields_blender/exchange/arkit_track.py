"""A Track of a performance that came as ARKit weights: from a phone, from Audio2Face, from another tool."""

import numpy as np

from ..core import track
from ..core.arkit import from_arkit
from ..core.errors import FieldsError
from ..core.track import Track
from ..shape import emotion_from_weights

# Where the head is if the file does not say: as far away as a person in front of a camera, straight ahead.
AHEAD = (0.0, 0.0, -10.0)
MAX_WEIGHT = 1000.0
MAX_TIME = 1e7  # s


def from_weights(
    time: np.ndarray,
    weights: np.ndarray,
    head: np.ndarray | None = None,
    gaps: np.ndarray | None = None,
    source: dict | None = None,
    gaze: np.ndarray | None = None,
) -> Track:
    """A Track of ARKit `weights` (n, 52) in the order of `names.ARKIT` at `time` (n,) s, in any order of time.

    `head` (n, 3): its rotation, axis-angle in rad as in docs/data-path.md; without one it stays straight. `gaps` (n,)
    bool: rows without a face. `gaze` (n, 2, 2) rad: where the eyes look if the weights don't say it. Of rows at the
    same moment the first one counts. Raises FieldsError when nothing is left or a number makes no sense.
    """
    order = np.argsort(time, kind="stable")
    rows = order[np.concatenate([[True], np.diff(time[order]) > 0])] if len(order) else order
    if not len(rows):
        raise FieldsError("This recording is empty: it has no frames. Choose another file.")
    if not np.abs(time).max() < MAX_TIME:
        raise FieldsError("The times in this recording make no sense, so it can't be used. Export it again.")
    gaps = np.zeros(len(time), bool) if gaps is None else gaps
    shown = rows[~gaps[rows]]
    weights = np.asarray(weights, dtype=np.float64)
    largest = np.abs(weights[shown]).max(initial=0.0)
    if not largest <= MAX_WEIGHT or (head is not None and not np.isfinite(head[shown]).all()):
        raise FieldsError("The numbers in this recording are not weights of a face. Export it again.")
    groups = from_arkit(weights[shown])
    groups["head"] = np.zeros((len(shown), 3)) if head is None else head[shown]
    if gaze is not None:
        groups["gaze"] = gaze[shown]
    return from_groups(time[rows], ~gaps[rows], groups, source)


def from_groups(
    time: np.ndarray, faces: np.ndarray, groups: dict[str, np.ndarray], source: dict | None = None
) -> Track:
    """A Track at `time` (n,) s that has `groups` (m, ...) in its m rows with a face, `faces` (n,) bool; gaps elsewhere.

    What no such file says: there is no uncertainty, the face is straight ahead, and its emotion is estimated from its
    weights.
    """
    performance = track.empty(time, source=source)
    assumed = {"translation": np.asarray(AHEAD), "confidence": 1.0, "uncertainty": 0.0}
    for name, values in (assumed | emotion_from_weights.read(groups["expression"]) | groups).items():
        performance.groups[name][faces] = values
    return performance
