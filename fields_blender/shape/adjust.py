"""The artist's own hand on a performance: sides, regions, channels. Track -> Track."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.arkit import from_arkit, to_arkit
from ..core.errors import FieldsError
from ..core.names import ARKIT, EXPRESSION
from ..core.regions import OF_EXPRESSION, OTHER_EXPRESSION, REGIONS
from ..core.track import Track
from . import lips

STRONGEST = 2.0
SIDES = ("BOTH", "LEFT", "RIGHT")
_COLUMN = {name: i for i, name in enumerate(ARKIT)}
_LEFT = [name.endswith("Left") for name in EXPRESSION]
_RIGHT = [name.endswith("Right") for name in EXPRESSION]
_SIDEWAYS = [EXPRESSION.index("mouthLeft"), EXPRESSION.index("mouthRight")]


@dataclass(frozen=True)
class Channel:
    """What is done to one ARKit channel: weight * gain + offset, within least and most; 0 when mute."""

    gain: float = 1.0
    offset: float = 0.0
    least: float = -math.inf
    most: float = math.inf
    mute: bool = False


def mirrored_track(track: Track) -> Track:
    """Left and right swapped, of the head's turns too."""
    flip = np.array([1.0, -1.0, -1.0], np.float32)  # of a rotation seen in a mirror
    new = {
        "expression": track["expression"][:, OTHER_EXPRESSION],
        "jaw": track["jaw"] * flip,
        "eyelids": track["eyelids"][:, ::-1],
        "gaze": track["gaze"][:, ::-1] * np.array([-1.0, 1.0], np.float32),
        "head": track["head"] * flip,
        "translation": track["translation"] * np.array([-1.0, 1.0, 1.0], np.float32),
    }
    return _with(track, new)


def evened(track: Track, amount: float, side: str = "BOTH") -> Track:
    """The two sides of the face made alike: `amount` 0 not at all (exactly), 1 wholly. Gaze and head stay.

    `side`: BOTH sides meet in the middle (lids where the further shut one is, so that every blink shuts), or one of
    them is followed. Mouth and jaw come back to the middle. Raises FieldsError for another side.
    """
    if side not in SIDES:
        raise FieldsError(f"“{side}” is no side to follow; it is one of {', '.join(SIDES)}.")
    if amount == 0.0:
        return track
    expression, lids = track["expression"], track["eyelids"]
    other = expression[:, OTHER_EXPRESSION]
    if side == "BOTH":
        wanted, shut = (expression + other) / 2, lids.max(axis=1, keepdims=True)
    else:
        wanted = np.where(_RIGHT if side == "LEFT" else _LEFT, other, expression)
        shut = lids[:, :1] if side == "LEFT" else lids[:, 1:]
    wanted[:, _SIDEWAYS] = np.where(np.isnan(wanted[:, _SIDEWAYS]), np.nan, 0.0)
    jaw = track["jaw"] * np.array([1.0, 1.0 - amount, 1.0 - amount])
    new = {
        "expression": expression + amount * (wanted - expression),
        "jaw": jaw,
        "eyelids": lids + amount * (shut - lids),
    }
    return _with(track, new)


def strengthened(track: Track, strength: Sequence[float]) -> Track:
    """Each region `strength` (9,) times as strong, over REGIONS, 0 (at rest) to STRONGEST; 1 leaves it exactly.

    Lids open and shut wholly at every strength but 0: w' = s w / (1 + (s - 1) w). Where lips close they stay closed
    while the mouth is on. The head's place moves about its middle. Raises FieldsError for other strengths.
    """
    each = np.asarray(strength, dtype=np.float64)
    if each.shape != (len(REGIONS),) or not ((each >= 0) & (each <= STRONGEST)).all():
        raise FieldsError(f"The strength of a region is a number from 0 to {STRONGEST:g}, one for each.")
    if (each == 1.0).all():
        return track
    of = dict(zip(REGIONS, each.tolist(), strict=True))
    new = {}
    expression, jaw = track["expression"] * each[list(OF_EXPRESSION)], track["jaw"] * of["jaw"]
    if of["mouth"] > 0 and (of["mouth"] != 1 or of["jaw"] != 1):
        expression = lips.keep_shut(track, expression, jaw)
    new["expression"], new["jaw"] = expression, jaw
    if of["eyes"] != 1:
        new["eyelids"] = _lids(track["eyelids"].astype(np.float64), of["eyes"])
    new["gaze"] = track["gaze"] * of["gaze"]
    if of["head"] != 1:
        new["head"] = track["head"] * of["head"]
        if track.found.any():
            middle = np.median(track["translation"][track.found], axis=0)
            new["translation"] = middle + of["head"] * (track["translation"] - middle)
    return _with(track, new)


def _lids(lids: np.ndarray, strength: float) -> np.ndarray:
    between = np.clip(lids, 0.0, 1.0)
    eased = strength * between / np.maximum(1.0 + (strength - 1.0) * between, 1e-6)
    # Below 0 and above 1, where there is nothing to open or shut, on as they come.
    return (eased + strength * np.minimum(lids, 0.0) + np.maximum(lids - 1.0, 0.0)) if strength > 0 else lids * 0.0


def by_channel(track: Track, channels: Mapping[str, Channel]) -> Track:
    """Each of `channels`, ARKit name -> Channel, as the artist set it; every number it does not change stays exactly.

    Raises FieldsError for names and numbers that can't be.
    """
    if not channels:
        return track
    before = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    weights = before.copy()
    for name, channel in channels.items():
        if name not in _COLUMN:
            raise FieldsError(f"“{name}” is none of the 52 ARKit channels.")
        if not math.isfinite(channel.gain + channel.offset) or not channel.least <= channel.most:
            raise FieldsError(f"The settings of the channel “{name}” can't be used. Reset them.")
        column = weights[:, _COLUMN[name]]
        moved = np.clip(column * channel.gain + channel.offset, channel.least, channel.most)
        column[:] = column * 0.0 if channel.mute else moved
    old, new = from_arkit(before), from_arkit(weights)
    new["jaw"][:, 2] = track["jaw"][:, 2]  # ARKit has no roll of the jaw
    return _with(track, {n: np.where(new[n] == old[n], track[n], new[n]) for n in new})


def _with(track: Track, new: Mapping[str, np.ndarray]) -> Track:
    groups = {**track.groups, **{name: values.astype(np.float32) for name, values in new.items()}}
    return Track(track.time, groups, track.card, track.source)
