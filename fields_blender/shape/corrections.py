"""What an artist corrected in a performance: a pose at a moment, and how far it reaches.

A correction belongs to a take and lies under every slider: `Shaping.prepare` applies it to the cleaned performance,
before its emotion is found. `spread.py` works out what it changes in other frames.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FieldsError
from ..core.names import EXPRESSION
from ..core.track import CODE, Track
from ..core.track_matrix import FULL, MOVING, SLICES

REACHES = ("HERE", "ALIKE", "TAKE")
# What can be corrected, in weights (the head in rad): a name for each of the first columns of a track's matrix.
# Weights with a sign have the name of their positive side.
CHANNELS = (
    *EXPRESSION, "jawOpen", "jawLeft", "jaw.z", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeLookInRight", "eyeLookUpRight", "head.x", "head.y", "head.z",
)  # fmt: skip
COLUMN = {name: i for i, name in enumerate(CHANNELS)}
_GROUPS = [name for name in MOVING if name != "translation"]
# The sources of a mapping (rig/sources.py) that follow a channel of another name, too.
_ALSO = {
    "jawOpen": ("jaw.x", "jaw"),
    "jawLeft": ("jawRight", "jaw.y", "jaw"),
    "jaw.z": ("jaw",),
    "eyeBlinkLeft": ("eyelids.left",),
    "eyeBlinkRight": ("eyelids.right",),
    "eyeLookOutLeft": ("eyeLookInLeft", "gaze.left.yaw", "gaze.left"),
    "eyeLookUpLeft": ("eyeLookDownLeft", "gaze.left.pitch", "gaze.left"),
    "eyeLookInRight": ("eyeLookOutRight", "gaze.right.yaw", "gaze.right"),
    "eyeLookUpRight": ("eyeLookDownRight", "gaze.right.pitch", "gaze.right"),
    "head.x": ("head",),
    "head.y": ("head",),
    "head.z": ("head",),
}
# Weights that don't go below 0 or above 1 by themselves.
ONE_SIDED = np.array([name in (*EXPRESSION, "jawOpen", "eyeBlinkLeft", "eyeBlinkRight") for name in CHANNELS])
LIDS = [COLUMN["eyeBlinkLeft"], COLUMN["eyeBlinkRight"]]
# How long a correction eases in and out where it stays by itself (s).
EASE = 0.2
# No correction is larger, in weights or rad.
LARGEST = 20.0
# Differences smaller than this are none.
LEAST = 1e-3
MOST = 10_000


@dataclass(frozen=True)
class Correction:
    """At `time` (s), `delta` is added: name of CHANNELS -> difference from the uncorrected performance.

    `reach`: HERE (eased in and out within `ease` s), ALIKE (wherever the face looks like this), TAKE (all of it).
    `strength` times the delta is what is added; `mute`: as if it were not there. One that comes from another take of
    the same actor has the `code` (CODE,) of its frame and what was `read` there, by channel; its time does not count.
    """

    time: float
    delta: Mapping[str, float]
    reach: str = "ALIKE"
    ease: float = EASE
    strength: float = 1.0
    mute: bool = False
    code: tuple[float, ...] = ()
    read: Mapping[str, float] = field(default_factory=dict)


def check(corrections: Iterable[Correction]) -> None:
    """Raises FieldsError for corrections whose numbers make no sense."""
    for each in corrections:
        numbers = (each.time, each.ease, each.strength, *each.delta.values(), *each.code, *each.read.values())
        right = each.reach in REACHES and set(each.delta) <= set(CHANNELS) and len(each.code) in (0, CODE)
        right = right and (not each.code or set(each.delta) <= set(each.read))
        if not right or not all(map(math.isfinite, numbers)) or each.ease < 0:
            raise FieldsError("A correction of this take can't be used: its numbers make no sense. Delete it.")


def followers(channel: str) -> set[str]:
    """The sources of a mapping that a channel moves."""
    return {channel, *_ALSO.get(channel, ())}


def pose(track: Track) -> Floats:
    """(n, 51) over CHANNELS: what can be corrected in a performance. Gaps are NaN."""
    columns = [track[name].reshape(len(track), -1).astype(np.float64) for name in _GROUPS]
    return np.concatenate(columns, axis=1) / FULL[: len(CHANNELS)]


def with_pose(track: Track, poses: Floats) -> Track:
    """The performance with `poses` (n, 51), as `pose` gives them; numbers that stay the same keep every bit."""
    same, values = poses == pose(track), poses * FULL[: len(CHANNELS)]
    groups = {}
    for name in _GROUPS:
        columns = SLICES[name]
        new, kept = (part[:, columns].reshape(track[name].shape) for part in (values, same))
        groups[name] = np.where(kept | np.isnan(track[name]), track[name], new)
    return track.with_groups(groups)


def to_data(corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    """As JSON can hold them, for `Track.source["corrections"]`."""
    return [
        {
            "time": each.time, "delta": dict(each.delta), "reach": each.reach, "ease": each.ease,
            "strength": each.strength, "mute": each.mute, "code": list(each.code), "read": dict(each.read),
        }
        for each in corrections
    ]  # fmt: skip


def from_data(data: Any) -> list[Correction]:
    """The corrections that `to_data` wrote. Files travel: what is no correction is left out."""
    found = []
    for each in data[:MOST] if isinstance(data, list) else ():
        try:
            made = Correction(
                float(each["time"]),
                _numbers(each["delta"]),
                str(each["reach"]),
                float(each["ease"]),
                float(each["strength"]),
                bool(each["mute"]),
                tuple(float(number) for number in each["code"]),
                _numbers(each["read"]),
            )
            check([made])
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError, FieldsError):
            continue
        if all(abs(delta) <= LARGEST for delta in made.delta.values()) and 0.0 <= made.strength <= 2.0:
            found.append(made)
    return found


def of_track(track: Track) -> list[Correction]:
    """The corrections that a track file carries."""
    return from_data(track.source.get("corrections"))


def _numbers(data: Any) -> dict[str, float]:
    return {str(name): float(number) for name, number in data.items()}
