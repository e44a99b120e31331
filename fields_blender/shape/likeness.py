"""How much a face looks like another: a kernel over the appearance codes of a performance and over time.

Measured on the sample clip and on videos of heads of other authors with their truth (docs/evaluation.md): wider
kernels change frames that were right, narrower ones teach less.
"""

from collections.abc import Sequence

import numpy as np

from ..core.arrays import Bools, Floats, Ints, Times
from ..core.track import Track

# Where two frames are so far from each other, relative to the usual distance of two frames, e**-.5 is left.
WIDTH = 0.8
# The same for what was read in a channel, in weights: a correction of a smile is one of smiles.
READ_WIDTH = 0.25
# So much of the likeness depends on being close in time, within a few frames: two corrected frames that look the same
# can both be right.
NEAR, NEAR_TIME = 0.05, 0.15
# Suggestions and the usual distance are worked out on no more frames than this.
ENOUGH = 800
# A frame of which less than this is unknown teaches nothing.
KNOWN = 0.1
# Frames count by the error to expect in them, but each at least by this share of the usual.
LEAST_UNCERTAIN = 0.2


class Likeness:
    """The kernel of one performance. `usable` (n,): the frames that have a code."""

    def __init__(self, track: Track) -> None:
        assert track.code is not None
        self.time = track.time
        self.code = track.code.astype(np.float64)
        self.usable: Bools = np.isfinite(self.code).all(axis=1) & track.found
        some = self.code[_some(np.flatnonzero(self.usable), ENOUGH)]
        apart = _squared(some, some)[np.triu_indices(len(some), 1)]
        self._unit = max(float(np.median(apart)), 1e-12) if len(apart) else 1.0

    def __call__(self, code: Floats, time: Times, other_code: Floats, other_time: Times) -> Floats:
        """(a, b) 0..1 between frames with codes (a, CODE) at times (a,) s and others (b, CODE), (b,).

        A time of NaN is that of another take: near to nothing. Without a code (NaN), a frame is like no other.
        """
        looks = np.exp(-0.5 * _squared(code, other_code) / (WIDTH**2 * self._unit))
        near = np.exp(-0.5 * ((time[:, None] - other_time[None]) / NEAR_TIME) ** 2)
        return np.nan_to_num(looks) * ((1.0 - NEAR) + NEAR * np.nan_to_num(near))


def has_code(track: Track) -> bool:
    """Does a performance know how its faces look? Recordings of other tools and old tracks don't."""
    return track.code is not None and bool((np.isfinite(track.code).all(axis=1) & track.found).any())


def unknown(track: Track, times: Sequence[float]) -> Floats:
    """(n,) 0..1: how little the corrections at `times` (s) say about each frame; 1 nothing, also without a code."""
    if not has_code(track):
        return np.ones(len(track))
    alike = Likeness(track)
    pins = _rows(track, times, alike.usable)
    if not len(pins):
        return np.ones(len(track))
    kernel = alike(alike.code, alike.time, alike.code[pins], alike.time[pins])
    known = (kernel * np.linalg.solve(kernel[pins] + 1e-9 * np.eye(len(pins)), kernel.T).T).sum(axis=1)
    return np.clip(1.0 - known, 0.0, 1.0)


def suggested(track: Track, times: Sequence[float], count: int) -> Ints:
    """The `count` rows whose correction would teach most, the first one first; fewer where no more would.

    `times` (s): those of the corrections there are. Each is the frame that leaves the least unknown: the sum over all
    frames of the error to expect there, as far as no correction speaks about it. Needs `has_code`.
    """
    alike = Likeness(track)
    pins = _rows(track, times, alike.usable)
    rows = np.union1d(_some(np.flatnonzero(alike.usable), ENOUGH), pins)
    left = alike(alike.code[rows], alike.time[rows], alike.code[rows], alike.time[rows])
    expected = np.nan_to_num(track["uncertainty"][rows].astype(np.float64)).mean(axis=1)
    expected = np.maximum(expected, LEAST_UNCERTAIN * max(float(expected.mean()), 1e-6))
    for pin in np.searchsorted(rows, pins):
        left = _learnt(left, int(pin))
    found: list[int] = []
    while len(found) < count:
        variance = np.maximum(np.diag(left), 1e-12)
        teaches = np.where(variance > KNOWN, expected @ left**2 / variance, 0.0)
        best = int(teaches.argmax())
        if teaches[best] <= 0.0:
            break
        found.append(int(rows[best]))
        left = _learnt(left, best)
    return np.array(found, dtype=int)


def _learnt(left: Floats, row: int) -> Floats:
    """The covariance (n, n) once the value of a row is known."""
    return left - np.outer(left[:, row], left[row]) / max(left[row, row], 1e-12) if left[row, row] > 1e-9 else left


def _rows(track: Track, times: Sequence[float], usable: Bools) -> Ints:
    """The rows nearest to times within the performance, each once, as far as they have a code."""
    step = np.median(np.diff(track.time)) if len(track) > 1 else 1.0
    inside = [t for t in times if track.time[0] - step <= t <= track.time[-1] + step]
    rows = np.unique([int(np.abs(track.time - t).argmin()) for t in inside]).astype(int)
    return rows[usable[rows]]


def _some(rows: Ints, most: int) -> Ints:
    """At most so many of the rows, spread evenly."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _squared(a: Floats, b: Floats) -> Floats:
    """Squared distances (n, m) of codes (n, k) and (m, k)."""
    apart = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2.0 * a @ b.T
    return np.maximum(apart, 0.0)
