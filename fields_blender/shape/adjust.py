"""The artist's adjustments of a performance, by side, region and channel: Track -> Track."""

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

MAX_STRENGTH = 2.0
SIDES = ("BOTH", "LEFT", "RIGHT")
_COLUMN = {name: i for i, name in enumerate(ARKIT)}
_LEFT = [name.endswith("Left") for name in EXPRESSION]
_RIGHT = [name.endswith("Right") for name in EXPRESSION]
_SIDEWAYS = [EXPRESSION.index("mouthLeft"), EXPRESSION.index("mouthRight")]


@dataclass(frozen=True)
class Channel:
    """What becomes of one ARKit channel: weight * gain + offset, clipped to least and most; 0 when muted."""

    gain: float = 1.0
    offset: float = 0.0
    least: float = -math.inf
    most: float = math.inf
    mute: bool = False


def mirrored_track(track: Track) -> Track:
    """Left and right swapped, head rotation and position included."""
    flip = np.array([1.0, -1.0, -1.0], np.float32)  # what a mirror does to an axis-angle
    new = {
        "expression": track["expression"][:, OTHER_EXPRESSION],
        "jaw": track["jaw"] * flip,
        "eyelids": track["eyelids"][:, ::-1],
        "gaze": track["gaze"][:, ::-1] * np.array([-1.0, 1.0], np.float32),
        "head": track["head"] * flip,
        "translation": track["translation"] * np.array([-1.0, 1.0, 1.0], np.float32),
    }
    return track.with_groups(new)


def symmetrized(track: Track, amount: float, side: str = "BOTH") -> Track:
    """The two sides of the face made alike: `amount` 0 not at all (exactly), 1 fully. Gaze and head stay.

    `side`: with BOTH the sides meet in the middle (lids at the one further shut, so that every blink shuts); with LEFT
    or RIGHT the other side follows that one. Mouth and jaw move back to the middle. Raises FieldsError for another
    side.
    """
    if side not in SIDES:
        raise FieldsError("“{side}” is not a side. Choose one of {choices}.", side=side, choices=", ".join(SIDES))
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
    return track.with_groups(new)


def strengthened(track: Track, strength: Sequence[float]) -> Track:
    """Each region `strength` (9,) times as strong, over REGIONS, 0 (at rest) to MAX_STRENGTH; 1 leaves it as it is.

    Lids open and shut fully at every strength except 0: w' = s w / (1 + (s - 1) w). Lips that close stay closed unless
    the mouth is at 0. The head's position is scaled about its median. Raises FieldsError for other strengths.
    """
    each = np.asarray(strength, dtype=np.float64)
    if each.shape != (len(REGIONS),) or not ((each >= 0) & (each <= MAX_STRENGTH)).all():
        raise FieldsError("Regions need one strength each, from 0 to {largest:g}. Change it.", largest=MAX_STRENGTH)
    if (each == 1.0).all():
        return track
    of = dict(zip(REGIONS, each.tolist(), strict=True))
    new = {}
    expression, jaw = track["expression"] * each[list(OF_EXPRESSION)], track["jaw"] * of["jaw"]
    if of["mouth"] > 0 and (of["mouth"] != 1 or of["jaw"] != 1):
        expression = lips.keep_closed(track, expression, jaw)
    new["expression"], new["jaw"] = expression, jaw
    if of["eyes"] != 1:
        new["eyelids"] = _lids(track["eyelids"].astype(np.float64), of["eyes"])
    new["gaze"] = track["gaze"] * of["gaze"]
    if of["head"] != 1:
        new["head"] = track["head"] * of["head"]
        if track.found.any():
            middle = np.median(track["translation"][track.found], axis=0)
            new["translation"] = middle + of["head"] * (track["translation"] - middle)
    return track.with_groups(new)


def _lids(lids: np.ndarray, strength: float) -> np.ndarray:
    if strength == 0.0:
        return lids * 0.0
    inside = np.clip(lids, 0.0, 1.0)
    bent = strength * inside / np.maximum(1.0 + (strength - 1.0) * inside, 1e-6)
    # Beyond 0 and 1 the curve goes straight on.
    return bent + strength * np.minimum(lids, 0.0) + np.maximum(lids - 1.0, 0.0)


def by_channel(track: Track, channels: Mapping[str, Channel]) -> Track:
    """Each of `channels`, ARKit name -> Channel, as the artist set it; numbers it does not change stay as they are.

    Raises FieldsError for unknown names and numbers that make no sense.
    """
    if not channels:
        return track
    before = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    weights = before.copy()
    for name, channel in channels.items():
        if name not in _COLUMN:
            raise FieldsError("“{name}” is not one of the 52 ARKit channels. Remove it.", name=name)
        if not math.isfinite(channel.gain + channel.offset) or not channel.least <= channel.most:
            raise FieldsError("The settings of the channel “{name}” can't be used. Reset them.", name=name)
        column = weights[:, _COLUMN[name]]
        moved = np.clip(column * channel.gain + channel.offset, channel.least, channel.most)
        column[:] = column * 0.0 if channel.mute else moved
    old, new = from_arkit(before), from_arkit(weights)
    # Unchanged numbers come from the track: ARKit has neither a negative jawOpen nor a roll of the jaw.
    return track.with_groups({n: np.where(new[n] == old[n], track[n], new[n]) for n in new})
