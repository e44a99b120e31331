"""Track x mapping -> Curves. A mapping is a JSON file that says which shape key or bone follows what.

    {"format": 1, "name": "...",
     "shape_keys": [{"source": "jawOpen", "key": "jawOpen", "region": "Jaw", "gain": 1, "offset": 0, "min": 0}, ...],
     "bones": [{"source": "jaw", "bone": "jaw", "names": ["lowerJaw"], "region": "Jaw", "replaces": ["jawOpen"]}]}

A shape key's `source` is one of the 52 ARKit names or one number of a FLAME group ("jaw.x", "gaze.left.yaw",
"emotion.happiness"); its value is `source * gain + offset`, kept within `min` and `max` where they are given.
A bone's `source` is a rotation: "head", "jaw", "gaze.left", "gaze.right"; `gain` scales its angle; `names` are other
names the bone goes by; `replaces` lists the shape keys that must rest while the bone moves.
"""

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .arkit import to_arkit
from .curves import Curves
from .errors import FieldsError
from .names import ARKIT, EMOTIONS
from .rotation import multiply, to_quaternion, to_vector
from .track import Track

FORMAT = 1
_ARKIT_COLUMN = {name: i for i, name in enumerate(ARKIT)}
ROTATIONS = ("head", "jaw", "gaze.left", "gaze.right")
# One number of a FLAME group: its name in a mapping -> the group and where in it the number lies.
NUMBERS: dict[str, tuple[str, tuple[int, ...]]] = {
    **{f"jaw.{axis}": ("jaw", (i,)) for i, axis in enumerate("xyz")},
    **{f"head.{axis}": ("head", (i,)) for i, axis in enumerate("xyz")},
    **{f"translation.{axis}": ("translation", (i,)) for i, axis in enumerate("xyz")},
    **{f"eyelids.{side}": ("eyelids", (i,)) for i, side in enumerate(("left", "right"))},
    **{
        f"gaze.{side}.{angle}": ("gaze", (i, j))
        for i, side in enumerate(("left", "right"))
        for j, angle in enumerate(("yaw", "pitch"))
    },
    **{f"emotion.{name}": ("emotion", (i,)) for i, name in enumerate(EMOTIONS)},
    "valence": ("valence_arousal", (0,)),
    "arousal": ("valence_arousal", (1,)),
    "intensity": ("intensity", (0,)),
    "confidence": ("confidence", (0,)),
}


@dataclass(frozen=True)
class KeyChannel:
    """One shape key and what it follows."""

    source: str
    key: str
    region: str
    gain: float = 1.0
    offset: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf


@dataclass(frozen=True)
class BoneChannel:
    """One bone and the rotation it follows."""

    source: str
    bone: str
    region: str
    gain: float = 1.0
    names: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """What follows what, as read from a mapping file."""

    name: str
    shape_keys: tuple[KeyChannel, ...]
    bones: tuple[BoneChannel, ...]

    @property
    def regions(self) -> dict[str, str]:
        """Shape key or bone -> its region of the face: the F-curve groups."""
        named = {channel.key: channel.region for channel in self.shape_keys}
        return named | {channel.bone: channel.region for channel in self.bones}


def load(path: str | os.PathLike[str]) -> Mapping:
    """Read a mapping file. Raises FieldsError that names the entry and the mistake."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FieldsError(f"There is no mapping at {path}. Choose another file.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FieldsError(f"{path.name} can't be read as JSON ({error}). Choose another mapping.") from None
    try:
        return _mapping(data)
    except (_Mistake, OverflowError) as mistake:
        raise FieldsError(f"The mapping {path.name} can't be used: {mistake}. Correct the file.") from None


def retarget(track: Track, mapping: Mapping) -> Curves:
    """What each shape key and bone of the mapping does, at the times of the Track.

    Shape keys named by several channels get their sum. Bones are keyed by `BoneChannel.bone`: axis-angle (n, 3) in
    the head's frame. Gaps of the Track are NaN.
    """
    arkit = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    names = tuple(dict.fromkeys(channel.key for channel in mapping.shape_keys))
    column = {name: i for i, name in enumerate(names)}
    values = np.zeros((len(track), len(names)))
    for channel in mapping.shape_keys:
        value = _number(track, arkit, channel.source) * channel.gain + channel.offset
        values[:, column[channel.key]] += np.clip(value, channel.minimum, channel.maximum)
    # `confidence` is 0, not NaN, where there is no face: a gap is a gap for every channel.
    values[~track.found] = np.nan
    rotations = {channel.bone: _rotation(track, channel.source) * channel.gain for channel in mapping.bones}
    return Curves(track.time, names, values, rotations)


def plain(name: str) -> str:
    """A name without case, separators and spelling of the side: 'eyeBlink_L', 'EyeBlinkLeft' -> 'eyeblinkleft'."""
    name = re.sub(r"[._\- ]([LlRr])$", lambda side: "left" if side[1] in "Ll" else "right", name)
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _number(track: Track, arkit: np.ndarray, source: str) -> np.ndarray:
    if source in NUMBERS:
        group, index = NUMBERS[source]
        return track[group][(slice(None), *index)].astype(np.float64)
    return arkit[:, _ARKIT_COLUMN[source]]


def _rotation(track: Track, source: str) -> np.ndarray:
    if source in ("head", "jaw"):
        return track[source].astype(np.float64)
    yaw, pitch = track["gaze"][:, 0 if source == "gaze.left" else 1].T.astype(np.float64)
    zero = np.zeros_like(yaw)
    # Up or down within the head first, then to the side: about y (up) by yaw, about x (to the left) by -pitch.
    turn = multiply(to_quaternion(np.stack([zero, yaw, zero], 1)), to_quaternion(np.stack([-pitch, zero, zero], 1)))
    return to_vector(turn)


class _Mistake(Exception):
    pass


def _mapping(data: Any) -> Mapping:
    if not isinstance(data, dict):
        raise _Mistake("it is not a JSON object")
    if data.get("format") != FORMAT:
        raise _Mistake(f"its format is {data.get('format')!r}, this version of FIELDS reads format {FORMAT}")
    unknown = set(data) - {"format", "name", "about", "shape_keys", "bones"}
    if unknown:
        raise _Mistake(f"“{sorted(unknown)[0]}” is not known")
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise _Mistake("it has no “name”")
    keys = tuple(_key_channel(entry, where) for entry, where in _entries(data, "shape_keys"))
    bones = tuple(_bone_channel(entry, where) for entry, where in _entries(data, "bones"))
    if not keys and not bones:
        raise _Mistake("it maps nothing")
    if len({channel.bone for channel in bones}) < len(bones):
        raise _Mistake("two entries of “bones” move the same bone")
    return Mapping(name, keys, bones)


def _entries(data: dict[str, Any], name: str) -> list[tuple[dict[str, Any], str]]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _Mistake(f"“{name}” is not a list of objects")
    return [(entry, f"entry {i + 1} of “{name}”") for i, entry in enumerate(entries)]


def _key_channel(entry: dict[str, Any], where: str) -> KeyChannel:
    _only(entry, {"source", "key", "region", "gain", "offset", "min", "max"}, where)
    source = _word(entry, "source", where)
    if source not in NUMBERS and source not in ARKIT:
        raise _Mistake(f"{where} follows “{source}”, which FIELDS does not capture")
    low, high = _finite(entry, "min", -math.inf, where), _finite(entry, "max", math.inf, where)
    if low > high:
        raise _Mistake(f"{where} has a “min” above its “max”")
    gain, offset = _finite(entry, "gain", 1.0, where), _finite(entry, "offset", 0.0, where)
    return KeyChannel(source, _word(entry, "key", where), _word(entry, "region", where), gain, offset, low, high)


def _bone_channel(entry: dict[str, Any], where: str) -> BoneChannel:
    _only(entry, {"source", "bone", "region", "gain", "names", "replaces"}, where)
    source = _word(entry, "source", where)
    if source not in ROTATIONS:
        raise _Mistake(f"{where} follows “{source}”; a bone follows one of {', '.join(ROTATIONS)}")
    words = (_words(entry, "names", where), _words(entry, "replaces", where))
    gain = _finite(entry, "gain", 1.0, where)
    return BoneChannel(source, _word(entry, "bone", where), _word(entry, "region", where), gain, *words)


def _only(entry: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise _Mistake(f"{where} has “{unknown[0]}”, which is not known")


def _word(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise _Mistake(f"{where} has no “{name}”")
    return value


def _words(entry: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _Mistake(f"“{name}” of {where} is not a list of names")
    return tuple(value)


def _finite(entry: dict[str, Any], name: str, default: float, where: str) -> float:
    value = entry.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (name in entry and not math.isfinite(value)):
        raise _Mistake(f"“{name}” of {where} is not a number")
    return float(value)
