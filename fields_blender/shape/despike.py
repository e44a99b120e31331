"""Spikes of a single frame taken out of a performance: Track -> Track."""

import numpy as np

from ..core import track_matrix
from ..core.regions import REGIONS
from ..core.track import Track
from . import lips
from .runs import runs

# Hampel's identifier (Davies and Gather, JASA 1993): a spike is further from the median of its 5 frames than this many
# standard deviations, estimated from the median distance ...
DEVIATIONS = 3.0 * 1.4826
# ... and by at least this much: weights; for the head rad, and inter-ocular distances.
LEAST = np.full(track_matrix.COUNT, 0.08)
LEAST[track_matrix.SLICES["head"]] = 0.03
# Where frames are further apart than this (s), any movement may last a single one.
COARSE = 1 / 20
_LIDS = track_matrix.SLICES["eyelids"]
_MOUTH = np.isin(track_matrix.REGION, [REGIONS.index(name) for name in ("jaw", "mouth", "tongue")])


def despike(track: Track) -> Track:
    """`track` with each value that is off in one frame alone replaced by the median of that frame and two either side.

    A blink or a wink may last one frame, so lids are never touched; nor is a mouth, unless the head jumps in the same
    frame: then it is the tracker that slipped. At low frame rates nothing is taken for a spike.
    """
    groups = {name: track[name].copy() for name in track_matrix.MOVING}
    for run in runs(track):
        if len(run) < 5 or np.median(np.diff(track.time[run])) > COARSE:
            continue
        for name, values in lips.restore_closed(track, run, _replaced(track, run)).items():
            groups[name][run] = values
    return track.with_groups(groups)


def _replaced(track: Track, run: np.ndarray) -> dict[str, np.ndarray]:
    """The groups at the frames `run` that have a spike, without it."""
    values, middle = track_matrix.gather(track, run)
    cleaned = _hampel(values)
    off = cleaned != values
    off[:, _LIDS] = False
    slipped = off[:, track_matrix.SLICES["head"]].any(axis=1) | off[:, track_matrix.SLICES["translation"]].any(axis=1)
    off[:, _MOUTH] &= slipped[:, None]
    replaced = {}
    for name, part in track_matrix.scatter(cleaned, middle).items():
        wrong = off[:, track_matrix.SLICES[name]].reshape(part.shape)
        if name == "head":  # its three numbers are one rotation
            wrong = np.repeat(wrong.any(axis=1, keepdims=True), 3, axis=1)
        if wrong.any():
            replaced[name] = np.where(wrong, part, track[name][run]).astype(np.float32)
    return replaced


def _hampel(values: np.ndarray) -> np.ndarray:
    """Values (n, k), n at least 5, with what is off in one frame replaced; the two at either end stay."""
    frames = [values[i : len(values) - 4 + i] for i in range(5)]
    before, here, after = frames[1:4]
    median = _median(*frames)
    off = here - median
    limit = np.maximum(LEAST, DEVIATIONS * _median(*(np.abs(frame - median) for frame in frames)))
    # What lasts two frames is motion: both neighbours must be away from it, the same way.
    alone = (np.minimum((here - before) * np.sign(off), (here - after) * np.sign(off))) > np.abs(off) / 2
    cleaned = values.copy()
    cleaned[2:-2] = np.where((np.abs(off) > limit) & alone, median, here)
    return cleaned


def _median(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, e: np.ndarray) -> np.ndarray:
    """The median of five, by comparing: many times quicker than sorting."""
    f = np.maximum(np.minimum(a, b), np.minimum(c, d))
    g = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.maximum(np.minimum(f, g), np.minimum(np.maximum(f, g), e))
