"""Text files of iPhone apps: iFacialMocap (and Facemotion3d), Face Cap.

Both give rotations in degrees, right-handed about the head's axes (docs/data-path.md): x + downwards, y + to the
subject's left, z + to the subject's right. iFacialMocap's own sample line shows it for the eyes: leftEye#6,-2 where the
left eye looks down and inwards. Gaze is taken from the eyeLook weights, which both apps write too.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError
from ..core.names import ARKIT
from ..core.track import Track
from . import arkit_track
from .livelink import head_rotation
from .text_files import read_text

MAX_BYTES = 400_000_000
# iFacialMocap sends 60 lines a second and writes no time.
IFACIALMOCAP_FPS = 60.0
# The order of Face Cap's columns where the file does not name them.
FACE_CAP_ORDER = (
    "browInnerUp browDownLeft browDownRight browOuterUpLeft browOuterUpRight eyeLookUpLeft eyeLookUpRight "
    "eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeBlinkLeft "
    "eyeBlinkRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight cheekPuff cheekSquintLeft cheekSquintRight "
    "noseSneerLeft noseSneerRight jawOpen jawForward jawLeft jawRight mouthFunnel mouthPucker mouthLeft mouthRight "
    "mouthRollUpper mouthRollLower mouthShrugUpper mouthShrugLower mouthClose mouthSmileLeft mouthSmileRight "
    "mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthUpperUpLeft mouthUpperUpRight "
    "mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthStretchLeft mouthStretchRight tongueOut"
).split()
_WEIGHT = re.compile(r"([A-Za-z_]{3,40})[-&](-?\d{1,9}(?:\.\d{1,12})?)")


def is_ifacialmocap(text: str) -> bool:
    return bool(re.search(r"[A-Za-z_]{3,40}[-&]-?\d[\d.]*\|", text[:5000]))


def is_face_cap(text: str) -> bool:
    return bool(re.search(r"(?m)^(k|bs),", text[:20_000]))


def read_ifacialmocap(path: str | os.PathLike[str], flip_head: bool = False, fps: float | None = None) -> Track:
    """iFacialMocap's lines, one a frame: `name-12|…|=head#x,y,z,tx,ty,tz|…`, weights in percent (`name&12` later).

    A line in which the app says that it saw no face (`trackingStatus`) and a damaged one are gaps. `fps`: lines a
    second (default 60, as the app sends them). Raises FieldsError for anything else.
    """
    path = Path(path)
    weights, degrees, gaps = [], [], []
    for line in _lines(path):
        found = {name: float(value) for name, value in _WEIGHT.findall(line)}
        named = ((arkit_track.arkit_index(name), value) for name, value in found.items())
        at = {index: value for index, value in named if index is not None}
        row = np.zeros(len(ARKIT))
        row[list(at)] = list(at.values())
        head = re.search(r"head#([^|]{5,200})", line)
        angles = _numbers(head[1].split(",")[:3]) if head else np.zeros(3)
        gaps.append(len(at) < arkit_track.MIN_NAMES or angles is None or found.get("trackingStatus") == 0.0)
        weights.append(row / 100.0)
        degrees.append(np.zeros(3) if angles is None or len(angles) != 3 else angles)
    if all(gaps):
        raise FieldsError(
            "{file} is no recording of iFacialMocap. Choose the text file that the app saved.", file=path.name
        )
    time = np.arange(len(weights)) / (fps or IFACIALMOCAP_FPS)
    source = {"name": path.stem, "imported": "iFacialMocap", "file": path.name}
    head = _head(np.array(degrees), flip_head)
    return arkit_track.from_weights(time, np.array(weights), head, np.array(gaps), source)


def read_face_cap(path: str | os.PathLike[str], flip_head: bool = False) -> Track:
    """Face Cap's `k` lines: time in ms, head position (3), rotation (3), left eye (2), right eye (2), 52 weights.

    The line `bs` names the weights. Damaged lines are left out. Raises FieldsError for anything else.
    """
    path = Path(path)
    names, times, weights, degrees = FACE_CAP_ORDER, [], [], []
    for line in _lines(path):
        kind, *words = line.split(",", 200)
        if kind.strip() == "bs" and len(words) > 1:
            names = [word for word in words if word.strip()]
        numbers = _numbers(words) if kind.strip() == "k" else None
        if numbers is None or len(numbers) < 11 + len(names):
            continue
        times.append(numbers[0] / 1000.0)
        degrees.append(numbers[4:7])
        weights.append(numbers[11 : 11 + len(names)])
    if not times:
        raise FieldsError(
            "{file} is no recording of Face Cap: it has no frames (lines that begin with k). Choose another file.",
            file=path.name,
        )
    pairs = arkit_track.arkit_columns(names, path.name)
    if any(len(row) != len(names) for row in weights):
        raise FieldsError("{file} changes its columns half-way. Export it from Face Cap again.", file=path.name)
    table = np.zeros((len(times), len(ARKIT)))
    table[:, [index for _, index in pairs]] = np.array(weights)[:, [place for place, _ in pairs]]
    time = np.array(times)
    source = {"name": path.stem, "imported": "Face Cap", "file": path.name}
    return arkit_track.from_weights(time - time.min(), table, _head(np.array(degrees), flip_head), source=source)


def _head(degrees: np.ndarray, flip: bool) -> np.ndarray:
    """Axis-angle (n, 3) in rad of angles (n, 3) in degrees about x, y, z; `flip`: pitch and yaw have opposite signs."""
    pitch, yaw, roll = (np.radians(degrees) * ((-1, -1, 1) if flip else 1)).T
    return head_rotation(yaw, pitch, roll)


def _lines(path: Path) -> Iterator[str]:
    return (line for line in read_text(path, MAX_BYTES).splitlines() if line.strip())


def _numbers(words: list[str]) -> np.ndarray | None:
    """Finite numbers (k,), without an empty last word; None where a word is not a number."""
    words = words[:-1] if words and not words[-1].strip() else words
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None
