"""Frames without a face filled in: Track -> Track."""

import numpy as np

from ..core.curves import HOLE
from ..core.errors import FieldsError
from ..core.rotation import slerp, to_quaternion, to_vector
from ..core.track import Track

POLICIES = ("NO_KEYS", "EASE", "HOLD", "INTERPOLATE")
# A face takes this long (s) to come to rest after it was seen last, and to leave it before it is seen again.
EASE = 0.4
_FACE = ("expression", "jaw", "eyelids", "gaze", "intensity", "valence_arousal")


def fill(track: Track, policy: str) -> Track:
    """`track` with its frames without a face filled in by one of POLICIES; frames with a face stay exactly as they are.

    NO_KEYS leaves them empty. HOLD: what was seen last stays. INTERPOLATE: straight from what was seen last to what is
    seen next. EASE: the face comes to rest meanwhile, while the head goes the straight way. `confidence` stays 0.
    Between two strips nothing is carried over. Raises FieldsError for another policy.
    """
    if policy not in POLICIES:
        raise FieldsError(f"“{policy}” is no way to fill gaps; it is one of {', '.join(POLICIES)}.")
    found = track.found
    if policy == "NO_KEYS" or found.all() or not found.any():
        return track
    before, after = _neighbours(track.time, found)
    rows = np.flatnonzero(~found & ((before >= 0) | (after >= 0)))
    before, after = before[rows], after[rows]
    since = np.where(before >= 0, track.time[rows] - track.time[before], np.inf)
    until = np.where(after >= 0, track.time[after] - track.time[rows], np.inf)
    left, right = np.where(before >= 0, before, after), np.where(after >= 0, after, before)
    if policy == "HOLD":
        right = left
    both = np.isfinite(since) & np.isfinite(until)
    along = np.where(both, since, 0.0) / np.where(both, since + until, 1.0)
    ways = (1.0 - along, along)
    face = (_fades(since), _fades(until)) if policy == "EASE" else ways
    total = np.maximum(face[0] + face[1], 1.0)
    groups = dict(track.groups)
    for name, values in track.groups.items():
        if name == "confidence":
            continue
        groups[name] = filled = values.copy()
        shape = (-1, *[1] * (values.ndim - 1))
        a, b = (face[0] / total, face[1] / total) if name in _FACE else ways
        filled[rows] = a.reshape(shape) * values[left] + b.reshape(shape) * values[right]
    turns = to_quaternion(track["head"][left]), to_quaternion(track["head"][right])
    groups["head"][rows] = to_vector(slerp(*turns, along))
    return Track(track.time, groups, track.card, track.source)


def _neighbours(time: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each frame the last with a face before it and the next after (n,), -1 where the same shot has none."""
    n = np.arange(len(time))
    step = np.median(np.diff(time)) if len(time) > 1 else 1.0
    shot = np.cumsum(np.diff(time, prepend=time[0]) > HOLE * step)
    before = np.maximum.accumulate(np.where(found, n, -1))
    after = np.minimum.accumulate(np.where(found, n, len(time))[::-1])[::-1]
    after = np.where(after == len(time), -1, after)
    return (
        np.where((before >= 0) & (shot[before] == shot), before, -1),
        np.where((after >= 0) & (shot[after] == shot), after, -1),
    )


def _fades(away: np.ndarray) -> np.ndarray:
    """1 at a frame with a face, 0 from EASE s on, smooth between."""
    near = np.clip(1.0 - away / EASE, 0.0, 1.0)
    return near * near * (3.0 - 2.0 * near)
