"""Less jitter, same timing: Track -> Track.

By default the One-Euro filter (Casiez, Roussel, Vogel, CHI 2012) runs forwards, then backwards over its own result:
slow where the face rests, quick where it moves, and without lag because the second pass takes back the delay of the
first. The alternative is the filter of Savitzky and Golay (Analytical Chemistry 1964), which keeps more of quick motion
and more of the noise.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..core import track_matrix
from ..core.errors import FieldsError
from ..core.names import EXPRESSION
from ..core.regions import REGIONS
from ..core.track import Track
from . import lips
from .runs import runs
from .uncertainty import DOUBTFUL, excess

METHODS = ("ONE_EURO", "SAVITZKY_GOLAY")
# How strongly a region may be smoothed: 0 not at all, 1 as measured to be best.
MAX_STRENGTH = 2.0

# (cutoff at rest in Hz, additional Hz per weight a second of speed): measured settings that keep a blink's peak.
CALM, QUICK, LIDS = (1.0, 2.0), (2.0, 6.0), (3.0, 10.0)
HEAD = (0.5, 3.0)  # speed in rad (or inter-ocular distances) a second
SPEED_CUTOFF = 1.0  # Hz, for the speed itself
_QUICK = ("jaw", "mouth", "tongue")
_SLOW_MOUTH = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch")
# Savitzky-Golay: parabolas over this many seconds to either side (7 frames at 30 fps).
REACH = 0.1
# Lids that swing by more than BLINK_SWING within BLINK s to either side blink, and stay as captured; those that swing
# by less than STILL_SWING do not, and noise stays below that.
BLINK, STILL_SWING, BLINK_SWING = 0.15, 0.1, 0.18
FASTEST = 1000.0  # frames a second of any recording; time stamps that lie closer are an error of its file


def _setting(name: str) -> tuple[float, float]:
    return QUICK if name.startswith(_QUICK) and not name.startswith(_SLOW_MOUTH) else CALM


_SETTINGS = np.array([*(_setting(name) for name in EXPRESSION), *[QUICK] * 3, *[LIDS] * 6, *[HEAD] * 6])


def smooth(track: Track, strength: Sequence[float] | None = None, method: str = "ONE_EURO") -> Track:
    """`track` with all that moves smoothed; gaps stay, and nothing is carried across them.

    `strength` (9,) over REGIONS, 0 to MAX_STRENGTH: 0 leaves a region exactly as it is, 1 (the default) suits most.
    `method`: one of METHODS. Frames of which the network is less sure than usual count less than their neighbours.
    Blinks keep their peak and lips that close stay closed at every strength. Raises FieldsError for another strength or
    method.
    """
    each = _checked(strength, method)[track_matrix.REGION]
    changed = [name for name in track_matrix.MOVING if each[track_matrix.SLICES[name]].any()]
    if not changed:
        return track
    groups = {name: track[name].copy() for name in changed}
    weights = _frame_weights(track)
    for run in runs(track):
        filtered = _filtered_run(track, run, weights[run], each, method)
        restored = lips.restore_closed(track, run, {name: filtered[name] for name in changed})
        for name, values in restored.items():
            groups[name][run] = values
    return track.with_groups(groups)


def _checked(strength: Sequence[float] | None, method: str) -> np.ndarray:
    if method not in METHODS:
        raise FieldsError(
            "“{method}” is not a smoothing method. Choose one of {choices}.", method=method, choices=", ".join(METHODS)
        )
    each = np.ones(len(REGIONS)) if strength is None else np.asarray(strength, dtype=np.float64)
    if each.shape != (len(REGIONS),) or not ((each >= 0) & (each <= MAX_STRENGTH)).all():
        raise FieldsError(
            "Smoothing needs one strength for each region, from 0 to {largest:g}. Change it.", largest=MAX_STRENGTH
        )
    return each


def _filtered_run(
    track: Track, run: np.ndarray, weight: np.ndarray, strength: np.ndarray, method: str
) -> dict[str, np.ndarray]:
    """The groups at the frames `run` (m,), smoothed; columns (54,) of strength 0 exactly as captured.

    `weight` (m, 54): how much each value counts.
    """
    time, lids = track.time[run], track_matrix.SLICES["eyelids"]
    values, middle = track_matrix.gather(track, run)
    filtered = _filtered(time, values, weight, strength, method)
    filtered[:, lids] = _with_blinks(time, values[:, lids], filtered[:, lids])
    parts = {}
    for name, part in track_matrix.scatter(filtered, middle).items():
        captured = (strength[track_matrix.SLICES[name]] == 0).reshape(part.shape[1:])
        parts[name] = np.where(captured, track[name][run], part).astype(np.float32)
    return parts


def _filtered(
    time: np.ndarray, values: np.ndarray, weight: np.ndarray, strength: np.ndarray, method: str
) -> np.ndarray:
    filtered = values.copy()
    if method == "ONE_EURO":
        on = strength > 0
        settings = _SETTINGS[on] / strength[on, None]
        filtered[:, on] = one_euro_zero_phase(time, values[:, on], settings, weight[:, on])
        return filtered
    for amount in np.unique(strength[strength > 0]):
        same = strength == amount
        filtered[:, same] = local_parabola(time, values[:, same], REACH * amount, weight[:, same])
    return filtered


def _with_blinks(time: np.ndarray, lids: np.ndarray, filtered: np.ndarray) -> np.ndarray:
    """Filtered lids (n, 2), back at the captured `lids` where these blink, too quickly for the filter."""
    blinks = np.clip((_swing(time, lids) - STILL_SWING) / (BLINK_SWING - STILL_SWING), 0.0, 1.0)
    return filtered + blinks * (lids - filtered)


def _swing(time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Largest minus smallest of values (n, k) within BLINK s to either side, in whole frames."""
    if len(time) < 2:
        return np.zeros_like(values)
    high, low = values.copy(), values.copy()
    frame = max(float(np.median(np.diff(time))), 1 / FASTEST)
    for step in range(1, min(math.ceil(BLINK / frame), len(time) - 1) + 1):
        for here, there in ((slice(step, None), slice(None, -step)), (slice(None, -step), slice(step, None))):
            high[here] = np.maximum(high[here], values[there])
            low[here] = np.minimum(low[here], values[there])
    return high - low


def one_euro_zero_phase(
    time: np.ndarray, values: np.ndarray, setting: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """One-Euro forwards, then backwards. time (n,) s rising, values (n, k), setting (k, 2): cutoff Hz, Hz per unit/s.

    weight (n, k): how much each value counts: 1 fully (the default), 0 as if it were missing.
    """
    weight = np.ones(values.shape) if weight is None else weight
    forwards = _one_euro(time, values, setting, weight)
    return _one_euro(-time[::-1], forwards[::-1], setting, weight[::-1])[::-1]


def _one_euro(time: np.ndarray, values: np.ndarray, setting: np.ndarray, weight: np.ndarray) -> np.ndarray:
    step = np.diff(time)[:, None]
    alpha = _alpha(SPEED_CUTOFF, step) * np.minimum(weight[1:], weight[:-1])
    speed = _recurrence(np.zeros(values.shape[1]), alpha * np.diff(values, axis=0) / step, 1 - alpha)[1:]
    alpha = _alpha(setting[:, 0] + setting[:, 1] * np.abs(speed), step) * weight[1:]
    return _recurrence(values[0], alpha * values[1:], 1 - alpha)


def _recurrence(start: np.ndarray, add: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """(n + 1, k): `start`, then each row the one before it times `keep` (n, k) plus `add` (n, k)."""
    out = np.empty((len(add) + 1, len(start)))
    out[0] = start
    np.copyto(out[1:], add)
    row = out[0]
    for following, kept in zip(out[1:], keep, strict=True):
        following += kept * row
        row = following
    return out


def _alpha(cutoff, step: np.ndarray) -> np.ndarray:
    """The smoothing factor of a low-pass: the part of a new value it takes on after `step` s, for a cutoff in Hz."""
    angle = 2 * np.pi * cutoff * step
    return angle / (1 + angle)


def local_parabola(time: np.ndarray, values: np.ndarray, reach: float, weight: np.ndarray) -> np.ndarray:
    """At each of `time` (n,) s the value of the parabola that fits values (n, k) within `reach` s best.

    Savitzky and Golay's filter for frames at any spacing: least squares by Cramer's rule, each value counting by
    `weight` (n, k). Parabolas stay what they are. Where there are too few neighbours for one, values stay.
    """
    if (weight == 1.0).all():
        weight = weight[:, :1]
    n = len(time)
    powers = [np.zeros((n, weight.shape[1])) for _ in range(5)]
    sums = [np.zeros(values.shape) for _ in range(3)]
    near = reach * (1 + 1e-6)
    first = np.searchsorted(time, time - near)
    widest = int((np.arange(n) - first).max(initial=0))
    for step in range(-widest, widest + 1):
        at = np.arange(max(0, -step), n - max(0, step))
        away = (time[at + step] - time[at]) / reach
        at, away = at[np.abs(away) <= 1 + 1e-6], away[np.abs(away) <= 1 + 1e-6][:, None]
        weighted = weight[at + step]
        part = weighted * values[at + step]
        for power in range(5):
            powers[power][at] += weighted
            weighted = weighted * away
            if power < 3:
                sums[power][at] += part
                part = part * away
    s0, s1, s2, s3, s4 = powers
    r0, r1, r2 = sums
    minors = (s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2)
    determinant = s0 * minors[0] - s1 * minors[1] + s2 * minors[2]
    solvable = np.broadcast_to(determinant > 1e-9 * s0**3, values.shape)
    fitted = r0 * minors[0] - r1 * minors[1] + r2 * minors[2]
    return np.where(solvable, fitted / np.where(determinant == 0.0, 1.0, determinant), values)


def _frame_weights(track: Track) -> np.ndarray:
    """(n, 54): how much each frame counts in each of the columns."""
    counts = 1.0 / (1.0 + (excess(track) / DOUBTFUL) ** 2)
    return np.hstack([counts, np.ones((len(track), 1))])[:, track_matrix.UNCERTAINTY_COLUMN]
