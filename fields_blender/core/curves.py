"""Curves: named values over time, ready to be keyed. Gaps (no face) are NaN and are never bridged."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .arrays import Bools, Floats, Ints, Quaternions, Times, Vectors
from .rotation import slerp, to_quaternion, to_vector

# Two samples further apart than this many usual steps have a hole between them, such as the time between two strips.
# Phones that halve their frame rate in the dark stay below it.
HOLE = 4.0
# Two times closer than this (s) are the same.
SAME_TIME = 1e-6
# How long a picture without neighbours is on screen (s): one frame of film.
ONE_PICTURE = 1.0 / 24.0


@dataclass(frozen=True)
class Curves:
    """Named values over time.

    `time` (n,) seconds, rising. `values` (n, k): one column for each of `names` (shape keys). `rotations`: for each
    bone, axis-angle vectors (n, 3) in rad in the head's frame (names.py). Rows of NaN are gaps.
    """

    time: Times
    names: tuple[str, ...]
    values: Floats
    rotations: dict[str, Vectors] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)


def resample(curves: Curves, time: Times) -> Curves:
    """The curves at other times (m,): values are interpolated linearly, rotations by slerp.

    A time with a gap on either side is a gap, unless a sample lies exactly there. After the last sample, and after the
    last before a hole, its value holds while it is on screen (less than one step); the first holds for half a step
    before it.
    """
    time = np.asarray(time, dtype=np.float64)
    left, right, weight = _neighbours(curves.time, time)
    rotations = {}
    for name, vectors in curves.rotations.items():
        quaternions = to_quaternion(vectors)
        rotations[name] = to_vector(_interpolated(quaternions, left, right, weight, slerp))
    return Curves(time, curves.names, _interpolated(curves.values, left, right, weight, _linear), rotations)


def covered(curves_time: Times, time: Times) -> Bools:
    """(m,): which of these times belong to the performance, with a face or without. Holes between strips do not."""
    return _neighbours(curves_time, np.asarray(time, dtype=np.float64))[0] >= 0


def sample_step(time: Times) -> float:
    """The usual time between two samples (s): the median."""
    return float(np.median(np.diff(time))) if len(time) > 1 else ONE_PICTURE


def _linear(a: Floats, b: Floats, weight: Floats) -> Floats:
    return a + (b - a) * weight[:, None]


def _interpolated(
    values: Floats | Quaternions,
    left: Ints,
    right: Ints,
    weight: Floats,
    between: Callable[[Floats, Floats, Floats], Floats],
) -> Floats:
    """Rows between values[left] and values[right] (m, k); NaN where `left` is -1."""
    result = np.full((len(left), values.shape[1]), np.nan)
    inside = left >= 0
    result[inside] = between(values[left[inside]], values[right[inside]], weight[inside])
    return result


def _neighbours(time: Times, at: Times) -> tuple[Ints, Ints, Floats]:
    """For each of `at` (m,): the indices of the samples before and after it (m,), -1 where nothing is on screen, and
    the weight 0..1 of the one after.

    Where one sample alone counts, both indices are that sample's, so that a gap beside it does not leak in.
    """
    if len(time) == 0:
        none = np.full(len(at), -1)
        return none, none, np.zeros(len(at))
    step = sample_step(time)
    left = np.searchsorted(time, at + SAME_TIME, side="right") - 1
    right = left + 1
    since = np.where(left >= 0, at - time[np.maximum(left, 0)], np.inf)
    until = np.where(right < len(time), time[np.minimum(right, len(time) - 1)] - at, np.inf)
    hole = since + until > HOLE * step
    with np.errstate(invalid="ignore"):
        weight = np.where(hole, 0.0, since / (since + until))
    weight[since <= SAME_TIME] = 0.0
    # In a hole (and beyond the ends, which are endless holes) one neighbour alone counts, and only while on screen.
    holds_left = hole & (since < step - SAME_TIME)
    holds_right = hole & ~holds_left & (until <= step / 2.0 + SAME_TIME)
    nothing = hole & ~holds_left & ~holds_right & (since > SAME_TIME)
    left = np.where(holds_right, right, left)
    right = np.where(holds_left | (since <= SAME_TIME), left, right)
    left[nothing] = right[nothing] = -1
    return left, right, weight
