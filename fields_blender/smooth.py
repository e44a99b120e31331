"""Less jitter, same timing: Track -> Track.

The One-Euro filter (Casiez, Roussel, Vogel, CHI 2012) run forwards, then backwards over its own result: slow where the
face rests, quick where it moves, and without lag because the second pass takes back the delay of the first.
"""

import numpy as np

from . import lips
from .curves import HOLE
from .names import DOUBT, EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN
from .rotation import multiply, to_quaternion, to_vector
from .track import Track

# (cutoff at rest in Hz, more Hz for each weight a second of speed): measured settings that keep a blink's peak.
CALM, QUICK, LIDS = (1.0, 2.0), (2.0, 6.0), (3.0, 10.0)
HEAD = (0.5, 3.0)  # speed in rad a second
SPEED_CUTOFF = 1.0  # Hz, for the speed itself
_QUICK = ("jaw", "mouth", "tongue")
_MOUTH = [i for i, name in enumerate(EXPRESSION) if name.startswith("mouth")]
VISIBLY_OPEN = 0.015  # 1 % of the mouth's width, in units of `lips.apart`
# A frame whose doubt (expected error in weights) is so much above the performance's usual one counts half. High, since
# a network doubts quick and rare things such as blinks a little more than others.
DOUBTFUL = 0.25
_REGIONS = {  # how the names of an expression begin -> its region of DOUBT
    "brow": "brows", "cheek": "cheeks", "eye": "eyelids", "jaw": "jaw", "mouth": "mouth", "nose": "nose",
    "tongue": "tongue",
}  # fmt: skip
_SLOW_MOUTH = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch")


def smooth(track: Track) -> Track:
    """`track` with expression, jaw, eyelids, gaze and head smoothed; gaps stay, and nothing is carried across them.

    Frames that the network doubts more than usual give way to their neighbours.
    """
    settings = {
        "expression": (
            np.array([_setting(name) for name in EXPRESSION]),
            np.ones(39),
            [_region(e) for e in EXPRESSION],
        ),
        "jaw": (np.array([QUICK] * 3), np.array([JAW_OPEN, JAW_SIDE, JAW_SIDE]), ["jaw"] * 3),
        "eyelids": (np.array([LIDS] * 2), np.ones(2), ["eyelids"] * 2),
        "gaze": (np.array([LIDS] * 4), np.array([LOOK_SIDE, LOOK_UP_DOWN] * 2), ["gaze"] * 4),
    }
    groups = {name: value.copy() for name, value in track.groups.items()}
    weights = _weights(track)
    for run in runs(track):
        time = track.time[run]
        for name, (setting, full, regions) in settings.items():
            values = track[name][run].reshape(len(time), -1) / full
            weight = weights[run][:, [DOUBT.index(region) for region in regions]]
            smoothed = both_ways(time, values, setting, weight) * full
            groups[name][run] = smoothed.reshape(track[name][run].shape)
        _close_lips(track, groups, run)
        groups["head"][run] = _rotation(time, track["head"][run])
    return Track(track.time, groups, track.card, track.source)


def _close_lips(track: Track, groups: dict[str, np.ndarray], run: np.ndarray) -> None:
    """Take the mouth back to what was captured where smoothing parts lips that were closed, in place.

    A p, b or m shuts them for a tenth of a second, which is too quick for a filter that calms the rest.
    """
    was = lips.apart(track["expression"][run], track["jaw"][run])
    opened = lips.apart(groups["expression"][run], groups["jaw"][run]) - was
    share = (lips.shut(was) * np.clip(opened / VISIBLY_OPEN, 0.0, 1.0))[:, None]
    for name, columns in (("expression", _MOUTH), ("jaw", [0, 1, 2])):
        at = (run[:, None], np.array(columns))
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
    out = np.array(values, np.float64)
    speed = np.zeros(values.shape[1])
    for i in range(1, len(out)):
        step = time[i] - time[i - 1]
        share = _share(SPEED_CUTOFF, step) * np.minimum(weight[i], weight[i - 1])
        speed = share * (values[i] - values[i - 1]) / step + (1 - share) * speed
        share = _share(setting[:, 0] + setting[:, 1] * np.abs(speed), step) * weight[i]
        out[i] = share * out[i] + (1 - share) * out[i - 1]
    return out


def _weights(track: Track) -> np.ndarray:
    """(n, 8): how much each frame counts in each region of DOUBT."""
    doubt = np.nan_to_num(track["doubt"].astype(np.float64))
    usual = np.median(doubt[track.found], axis=0) if track.found.any() else 0.0
    return 1.0 / (1.0 + (np.maximum(doubt - usual, 0.0) / DOUBTFUL) ** 2)


def _share(cutoff, step: float):
    """How much of a new value a low-pass of that cutoff (Hz) takes after `step` seconds."""
    turns = 2 * np.pi * cutoff * step
    return turns / (1 + turns)


def _rotation(time: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Smooth rotations as small turns away from their middle one, so that no Euler angle can jump."""
    turns = to_quaternion(vectors)
    turns *= np.where(turns @ turns[len(turns) // 2] < 0, -1.0, 1.0)[:, None]
    middle = np.mean(turns, axis=0, keepdims=True)
    middle = np.repeat(middle / np.linalg.norm(middle), len(turns), axis=0)
    away = to_vector(multiply(middle * (1, -1, -1, -1), turns))
    return to_vector(multiply(middle, to_quaternion(both_ways(time, away, np.array([HEAD] * 3)))))


def _setting(name: str) -> tuple[float, float]:
    return QUICK if name.startswith(_QUICK) and not name.startswith(_SLOW_MOUTH) else CALM


def _region(name: str) -> str:
    """The region of DOUBT that an expression belongs to."""
    return next(region for begin, region in _REGIONS.items() if name.startswith(begin))


def runs(track: Track) -> list[np.ndarray]:
    """Indices of each stretch with a face in every frame and no hole in time."""
    found = np.flatnonzero(track.found)
    if len(found) == 0:
        return []
    step = np.median(np.diff(track.time)) if len(track) > 1 else 1.0
    apart = (np.diff(found) > 1) | (np.diff(track.time[found]) > HOLE * step)
    return np.split(found, np.flatnonzero(apart) + 1)
