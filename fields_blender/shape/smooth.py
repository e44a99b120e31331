"""Less jitter, same timing: Track -> Track.

By default the One-Euro filter (Casiez, Roussel, Vogel, CHI 2012) run forwards, then backwards over its own result:
slow where the face rests, quick where it moves, and without lag because the second pass takes back the delay of the
first. Or the filter of Savitzky and Golay (Analytical Chemistry 1964), which keeps more of quick motion and of noise.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..core import track_matrix
from ..core.curves import HOLE
from ..core.errors import FieldsError
from ..core.names import EXPRESSION
from ..core.regions import REGIONS
from ..core.track import Track
from . import lips
from .uncertainty import DOUBTFUL, beyond_usual

METHODS = ("ONE_EURO", "SAVITZKY_GOLAY")
# How strongly a region may be smoothed: 0 not at all, 1 as measured to be best.
STRONGEST = 2.0

# (cutoff at rest in Hz, more Hz for each weight a second of speed): measured settings that keep a blink's peak.
CALM, QUICK, LIDS = (1.0, 2.0), (2.0, 6.0), (3.0, 10.0)
HEAD = (0.5, 3.0)  # speed in rad (or inter-ocular distances) a second
SPEED_CUTOFF = 1.0  # Hz, for the speed itself
_QUICK = ("jaw", "mouth", "tongue")
_SLOW_MOUTH = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch")
# Savitzky-Golay: parabolas over so many seconds to either side (7 frames at 30 fps).
REACH = 0.1
_MOUTH = [i for i, name in enumerate(EXPRESSION) if name.startswith("mouth")]
VISIBLY_OPEN = 0.015  # 1 % of the mouth's width, in units of `lips.apart`
# Lids that swing by more than SWING within BLINK s to either side blink, and are left as captured; by less than
# STIRS they don't. Noise stays below.
BLINK, STIRS, SWING = 0.15, 0.1, 0.18


def _setting(name: str) -> tuple[float, float]:
    return QUICK if name.startswith(_QUICK) and not name.startswith(_SLOW_MOUTH) else CALM


_SETTINGS = np.array([*(_setting(name) for name in EXPRESSION), *[QUICK] * 3, *[LIDS] * 6, *[HEAD] * 6])


def smooth(track: Track, strength: Sequence[float] | None = None, method: str = "ONE_EURO") -> Track:
    """`track` with all that moves smoothed; gaps stay, and nothing is carried across them.

    `strength` (9,) over REGIONS, 0 to STRONGEST: 0 leaves a region exactly as it is, 1 (the default) suits most.
    `method`: one of METHODS. Frames that the network doubts more than usual give way to their neighbours. Blinks keep
    their peak and lips that close stay closed at every strength. Raises FieldsError for another strength or method.
    """
    each = _checked(strength, method)[track_matrix.REGION]
    if not each.any():
        return track
    changed = [name for name in track_matrix.MOVING if each[track_matrix.SLICES[name]].any()]
    groups = {name: value.copy() if name in changed else value for name, value in track.groups.items()}
    weights = _weights(track)
    for run in runs(track):
        time, weight = track.time[run], weights[run]
        values, middle = track_matrix.gather(track, run)
        on = each > 0
        filtered = values.copy()
        filtered[:, on] = _filtered(time, values[:, on], _SETTINGS[on], each[on], weight[:, on], method)
        _keep_blinks(time, values, filtered, weight)
        for name, part in track_matrix.scatter(filtered, middle).items():
            if name in changed:
                kept = (each[track_matrix.SLICES[name]] == 0).reshape(part.shape[1:])
                groups[name][run] = np.where(kept, track[name][run], part)
        close_lips(track, groups, run)
    return Track(track.time, groups, track.card, track.source)


def _checked(strength: Sequence[float] | None, method: str) -> np.ndarray:
    if method not in METHODS:
        raise FieldsError(f"“{method}” is no way of smoothing; it is one of {', '.join(METHODS)}.")
    each = np.ones(len(REGIONS)) if strength is None else np.asarray(strength, dtype=np.float64)
    if each.shape != (len(REGIONS),) or not ((each >= 0) & (each <= STRONGEST)).all():
        raise FieldsError(f"The strength of smoothing is a number from 0 to {STRONGEST:g} for each region.")
    return each


def _filtered(
    time: np.ndarray, values: np.ndarray, setting: np.ndarray, each: np.ndarray, weight: np.ndarray, method: str
) -> np.ndarray:
    if method == "ONE_EURO":
        return both_ways(time, values, setting / each[:, None], weight)
    out = np.empty_like(values)
    for strength in np.unique(each):
        mine = each == strength
        out[:, mine] = local_parabola(time, values[:, mine], REACH * strength, weight[:, mine])
    return out


def _keep_blinks(time: np.ndarray, values: np.ndarray, filtered: np.ndarray, weight: np.ndarray) -> None:
    """Take lids back to what was captured where they blink, in place: too quick for a filter that calms the rest."""
    lids = track_matrix.SLICES["eyelids"]
    swing = _swing(time, values[:, lids])
    blinks = np.clip((swing - STIRS) / (SWING - STIRS), 0.0, 1.0) * weight[:, lids]
    filtered[:, lids] += blinks * (values[:, lids] - filtered[:, lids])


def _swing(time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Largest less smallest of values (n, k) within BLINK s to either side, in steps of whole frames."""
    if len(time) < 2:
        return np.zeros_like(values)
    high, low = values.copy(), values.copy()
    for step in range(1, math.ceil(BLINK / float(np.median(np.diff(time)))) + 1):
        for here, there in ((slice(step, None), slice(None, -step)), (slice(None, -step), slice(step, None))):
            high[here] = np.maximum(high[here], values[there])
            low[here] = np.minimum(low[here], values[there])
    return high - low


def close_lips(track: Track, groups: dict[str, np.ndarray], run: np.ndarray) -> None:
    """Take the mouth in `groups` back to that of `track` where lips closed there are parted, in place; frames `run`.

    A p, b or m shuts them for a tenth of a second, which is too quick for a filter that calms the rest.
    """
    was = lips.apart(track["expression"][run], track["jaw"][run])
    opened = lips.apart(groups["expression"][run], groups["jaw"][run]) - was
    share = (lips.shut(was) * np.clip(opened / VISIBLY_OPEN, 0.0, 1.0))[:, None]
    for name, places in (("expression", _MOUTH), ("jaw", [0, 1, 2])):
        if groups[name] is track[name]:
            continue
        at = (run[:, None], np.array(places))
        groups[name][at] += share * (track[name][at] - groups[name][at])


def both_ways(
    time: np.ndarray, values: np.ndarray, setting: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """One-Euro forwards and backwards. time (n,) s rising, values (n, k), setting (k, 2): cutoff Hz, Hz per unit/s.

    weight (n, k): how much each value counts, 1 in full (the default), towards 0 as if it were not there.
    """
    weight = np.ones(values.shape) if weight is None else weight
    forwards = _one_euro(time, values, setting, weight)
    return _one_euro(-time[::-1], forwards[::-1], setting, weight[::-1])[::-1]


def _one_euro(time: np.ndarray, values: np.ndarray, setting: np.ndarray, weight: np.ndarray) -> np.ndarray:
    step = np.diff(time)[:, None]
    share = _share(SPEED_CUTOFF, step) * np.minimum(weight[1:], weight[:-1])
    speed = _follow(np.zeros(values.shape[1]), share * np.diff(values, axis=0) / step, 1 - share)[1:]
    share = _share(setting[:, 0] + setting[:, 1] * np.abs(speed), step) * weight[1:]
    return _follow(values[0], share * values[1:], 1 - share)


def _follow(start: np.ndarray, add: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """(n + 1, k): `start`, then each row the one before it times `keep` (n, k) plus `add` (n, k)."""
    out = np.empty((len(add) + 1, len(start)))
    out[0] = start
    np.copyto(out[1:], add)
    row = out[0]
    for following, kept in zip(out[1:], keep, strict=True):
        following += kept * row
        row = following
    return out


def _share(cutoff, step: np.ndarray) -> np.ndarray:
    """How much of a new value a low-pass of that cutoff (Hz) takes after `step` seconds."""
    turns = 2 * np.pi * cutoff * step
    return turns / (1 + turns)


def local_parabola(time: np.ndarray, values: np.ndarray, reach: float, weight: np.ndarray) -> np.ndarray:
    """At each of `time` (n,) s the parabola that fits values (n, k) within `reach` s best, each counting by `weight`.

    Savitzky and Golay's filter for frames at any spacing (least squares by Cramer's rule). Parabolas stay what they
    are. Where there are too few neighbours for one, values stay.
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
        share = weight[at + step]
        part = share * values[at + step]
        for power in range(5):
            powers[power][at] += share
            share = share * away
            if power < 3:
                sums[power][at] += part
                part = part * away
    s0, s1, s2, s3, s4 = powers
    r0, r1, r2 = sums
    minors = (s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2)
    whole = s0 * minors[0] - s1 * minors[1] + s2 * minors[2]
    fits = np.broadcast_to(whole > 1e-9 * s0**3, values.shape)
    fitted = r0 * minors[0] - r1 * minors[1] + r2 * minors[2]
    return np.where(fits, fitted / np.where(whole == 0.0, 1.0, whole), values)


def _weights(track: Track) -> np.ndarray:
    """(n, 54): how much each frame counts in each of the columns."""
    counts = 1.0 / (1.0 + (beyond_usual(track) / DOUBTFUL) ** 2)
    return np.hstack([counts, np.ones((len(track), 1))])[:, track_matrix.UNCERTAINTY_COLUMN]


def runs(track: Track) -> list[np.ndarray]:
    """Indices of each stretch with a face in every frame and no hole in time."""
    found = np.flatnonzero(track.found)
    if len(found) == 0:
        return []
    step = np.median(np.diff(track.time)) if len(track) > 1 else 1.0
    apart = (np.diff(found) > 1) | (np.diff(track.time[found]) > HOLE * step)
    return np.split(found, np.flatnonzero(apart) + 1)
