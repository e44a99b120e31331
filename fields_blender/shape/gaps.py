"""Frames without a face filled in: Track -> Track."""

import numpy as np

from ..core.curves import HOLE
from ..core.easing import smoothstep
from ..core.errors import FieldsError
from ..core.rotation import slerp, to_quaternion, to_vector
from ..core.track import Track

POLICIES = ("NO_KEYS", "EASE", "HOLD", "INTERPOLATE")
# A face takes this long (s) to come to rest after it was seen last, and to leave rest before it is seen again.
EASE = 0.4
_FACE = ("expression", "jaw", "eyelids", "gaze", "intensity", "valence_arousal")


def fill(track: Track, policy: str) -> Track:
    """`track` with its frames without a face filled in by one of POLICIES; frames with a face stay exactly as they are.

    NO_KEYS leaves them empty. HOLD keeps what was seen last. INTERPOLATE goes straight from what was seen last to what
    is seen next. EASE lets the face come to rest in between, while the head goes straight. `confidence` stays 0.
    Nothing is carried from one strip to the next. Raises FieldsError for another policy.
    """
    if policy not in POLICIES:
        raise FieldsError(
            "“{policy}” is no way to fill gaps. Choose one of {choices}.", policy=policy, choices=", ".join(POLICIES)
        )
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
    straight = _straight(since, until)
    face = _eased(since, until) if policy == "EASE" else straight
    groups = {}
    for name, values in track.groups.items():
        if name == "confidence":
            continue
        groups[name] = filled = values.copy()
        a, b = (part.reshape(-1, *[1] * (values.ndim - 1)) for part in (face if name in _FACE else straight))
        filled[rows] = a * values[left] + b * values[right]
    ends = to_quaternion(track["head"][left]), to_quaternion(track["head"][right])
    groups["head"][rows] = to_vector(slerp(*ends, straight[1]))
    return track.with_groups(groups)


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


def _straight(since: np.ndarray, until: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much the frames before and after count, `since` and `until` s away from them: together 1."""
    both = np.isfinite(since) & np.isfinite(until)
    along = np.where(both, since, 0.0) / np.where(both, since + until, 1.0)
    return 1.0 - along, along


def _eased(since: np.ndarray, until: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `_straight`, but with little of either far away from both: together 1 in short gaps, 0 at rest."""
    before, after = (smoothstep(1.0 - away / EASE) for away in (since, until))
    total = np.maximum(before + after, 1.0)
    return before / total, after / total
