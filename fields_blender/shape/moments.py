"""Moments that must survive another frame rate: lids that shut and lips that close, for as little as one video frame.

Between two scene frames such a moment would be averaged away. So the scene frame nearest to it shows it: that frame is
sampled at the moment itself, at most half a frame early or late, and all of the face together.
"""

import math

import numpy as np

from ..core.arrays import Floats, Times
from ..core.curves import sample_step
from ..core.track import Track
from . import lips
from .runs import runs
from .smooth import BLINK, BLINK_SWING

# Lips whose gap falls by less than this (units of a full jawOpen) before and after don't close.
CLOSING = 0.05


def moments(track: Track) -> Times:
    """The times (m,) s, rising, at which a lid is most shut or the lips are most closed."""
    found = [
        part
        for run in runs(track)
        for part in (
            *(_peaks(track.time[run], track["eyelids"][run, side].astype(np.float64), BLINK_SWING) for side in (0, 1)),
            _closures(track, run),
        )
    ]
    return np.unique(np.concatenate(found)) if found else np.empty(0)


def snapped(time: Times, events: Times) -> Times:
    """`time` (n,) s at an even rate, where the one nearest to each of `events` (m,) is moved onto it.

    Of several events nearest to the same time the closest one counts. Times stay in order.
    """
    if len(time) < 2 or not len(events):
        return time
    half = float(np.median(np.diff(time))) / 2.0 * (1.0 + 1e-6)  # an event half way belongs to one of both
    nearest = np.clip(np.searchsorted(time, events - half), 0, len(time) - 1)
    distance = np.abs(time[nearest] - events)
    moved = time.copy()
    for i in np.argsort(-distance, kind="stable"):  # the closest last, so that it wins
        if distance[i] <= half:
            moved[nearest[i]] = events[i]
    return moved


def _closures(track: Track, run: np.ndarray) -> Times:
    gap = lips.lip_gap(track["expression"][run], track["jaw"][run]).astype(np.float64)
    closed = lips.closure(gap) > 0.5
    peaks = _peaks(track.time[run], -gap, CLOSING)
    return peaks[closed[np.searchsorted(track.time[run], peaks)]]


def _peaks(time: Times, values: Floats, rise: float) -> Times:
    """When `values` (n,) are at a maximum that stands out by `rise` from the lowest of them within BLINK s."""
    if len(values) < 3:
        return np.empty(0)
    lowest = values.copy()
    for step in range(1, math.ceil(BLINK / sample_step(time)) + 1):
        lowest[step:] = np.minimum(lowest[step:], values[:-step])
        lowest[:-step] = np.minimum(lowest[:-step], values[step:])
    here, before, after = values[1:-1], values[:-2], values[2:]
    return time[1:-1][(here >= before) & (here > after) & ((values - lowest)[1:-1] >= rise)]
