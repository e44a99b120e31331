"""Curves: named values over time, ready to be keyed. Gaps (no face) are NaN and are never bridged."""

from dataclasses import dataclass, field

import numpy as np

from .rotation import slerp, to_quaternion, to_vector

# Samples further apart than this many usual steps are two shots with nothing between them (the hole between two
# strips). Phones that halve their frame rate in the dark stay below it.
HOLE = 4.0
# Two times closer than this are the same moment (s).
SAME = 1e-6


@dataclass(frozen=True)
class Curves:
    """Named values over time.

    `time` (n,) seconds, rising. `values` (n, k): one column for each of `names` (shape keys). `rotations`: for each
    bone, axis-angle vectors (n, 3) in rad in the head's frame (names.py). Rows of NaN are gaps.
    """

    time: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    rotations: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)


def resample(curves: Curves, time: np.ndarray) -> Curves:
    """The curves at other times (m,), in seconds: between two neighbours, straight for values, slerp for rotations.

    A moment with a gap on either side is a gap, unless a sample lies exactly there. Past the ends, and at the edges
    of a hole, the last sample holds for as long as it was on screen (less than one step), the first for half a step.
    """
    time = np.asarray(time, dtype=np.float64)
    left, right, weight = _neighbours(curves.time, time)
    rotations = {}
    for name, vectors in curves.rotations.items():
        quaternions = to_quaternion(vectors)
        rotations[name] = to_vector(_pick(quaternions, left, right, weight, slerp))
    return Curves(time, curves.names, _pick(curves.values, left, right, weight, _straight), rotations)


def covered(curves_time: np.ndarray, time: np.ndarray) -> np.ndarray:
    """(m,) bool: which of these times belong to the performance, face or no face (so not the hole between strips)."""
    return _neighbours(curves_time, np.asarray(time, dtype=np.float64))[0] >= 0


def _straight(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return a + (b - a) * weight[:, None]


def _pick(values: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray, mix) -> np.ndarray:
    """Rows of `values` (n, k) at (m,) neighbours. Exact where a sample is hit, so that no gap next to it leaks in."""
    picked = np.full((len(left), values.shape[1]), np.nan)
    inside = left >= 0
    a, b, w = values[left[inside]], values[right[inside]], weight[inside]
    mixed = mix(a, b, w)
    mixed[w == 0.0] = a[w == 0.0]
    mixed[w == 1.0] = b[w == 1.0]
    picked[inside] = mixed
    return picked


def _neighbours(time: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `at` (m,): the samples before and after it (m,), -1 where there is none, and the weight 0..1."""
    if len(time) == 0:
        nothing = np.full(len(at), -1)
        return nothing, nothing, np.zeros(len(at))
    # A single picture counts as one frame of film.
    step = float(np.median(np.diff(time))) if len(time) > 1 else 1.0 / 24.0
    left = np.searchsorted(time, at + SAME, side="right") - 1
    right = left + 1
    since = np.where(left >= 0, at - time[np.maximum(left, 0)], np.inf)
    until = np.where(right < len(time), time[np.minimum(right, len(time) - 1)] - at, np.inf)
    hole = since + until > HOLE * step
    with np.errstate(invalid="ignore"):
        weight = np.where(hole, 0.0, since / (since + until))
    weight[since <= SAME] = 0.0
    # In a hole (and past the ends, an endless one) one neighbour alone counts, and only while it is on screen.
    holds_left = hole & (since < step - SAME)
    holds_right = hole & ~holds_left & (until <= step / 2.0 + SAME)
    nothing = hole & ~holds_left & ~holds_right & (since > SAME)
    left = np.where(holds_right, right, left)
    right = np.where(holds_left | (since <= SAME), left, right)
    left[nothing] = right[nothing] = -1
    return left, right, weight
