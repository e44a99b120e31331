"""Text files of iPhone apps: iFacialMocap (and Facemotion3d), Face Cap.

Both give rotations in degrees, right-handed about the head's axes (docs/data-path.md): x + downwards, y + to the
subject's left, z + to the subject's right. iFacialMocap's own sample line shows it for the eyes: leftEye#6,-2 where the
left eye looks down and inwards. Gaze is taken from the eyeLook weights, which both apps write too.
"""

import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError, Note
from ..core.track import Track
from . import cells, face_table
from .arkit_names import MIN_NAMES, arkit_index
from .cells import Cell
from .face_table import COUNT, Layout, Reading
from .text_files import read_text

MAX_BYTES = 400_000_000
_SIGNS = (1.0, 1.0, 1.0)
_TURNS = {
    part: [f"{called}{turn}" for turn in ("Pitch", "Yaw", "Roll")]
    for part, called in (("head", "Head"), ("leftEye", "LeftEye"), ("rightEye", "RightEye"))
}
# What is before the weights in a line of Face Cap.
_FACE_CAP = (
    "Time ms,Position x,Position y,Position z,HeadPitch,HeadYaw,HeadRoll,"
    "LeftEyePitch,LeftEyeYaw,RightEyePitch,RightEyeYaw"
).split(",")
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


def read_ifacialmocap(
    path: str | os.PathLike[str], reading: Reading | None = None, notes: list[Note] | None = None
) -> Track:
    """iFacialMocap's lines, one a frame: `name-12|…|=head#rx,ry,rz,tx,ty,tz|…`, weights in percent (`name&12` later).

    A line in which the app says that it saw no face (`trackingStatus`) and a damaged one are gaps. Without a frame rate
    in `reading` there are 60 lines a second, as the app sends them. Raises FieldsError for anything else.
    """
    path, notes = Path(path), [] if notes is None else notes
    lines = [_ifacialmocap_line(line) for line in _lines(path)]
    header = list(dict.fromkeys(chain([COUNT], *lines)))
    if not any(line[COUNT] for line in lines):
        raise FieldsError(
            "{file} is no recording of iFacialMocap. Choose the text file that the app saved.", file=path.name
        )
    rows = ([line.get(name) for name in header] for line in lines)
    source = {"name": path.stem, "imported": "iFacialMocap", "file": path.name}
    return face_table.read(header, rows, path.name, source, reading, notes, Layout(_SIGNS, "degrees", "percent"))


def _ifacialmocap_line(line: str) -> dict[str, Cell]:
    """The numbers of a line by the names that face_table knows; BlendShapeCount 0 where it shows no face."""
    found: dict[str, Cell] = {name: float(value) for name, value in _WEIGHT.findall(line)}
    count = sum(arkit_index(name) is not None for name in found)
    damaged = count < MIN_NAMES or found.pop("trackingStatus", 1.0) == 0.0
    for part, turns in _TURNS.items():
        match = re.search(rf"{part}#([^|]{{5,200}})", line)
        if match:
            angles = cells.numbers(match[1].split(","), range(3)).tolist()
            damaged |= part == "head" and np.isnan(angles).any()
            found |= dict(zip(turns, angles, strict=True))
            if match[1].count(",") > 2:
                found |= {f"{part} position": None}
    return {COUNT: 0.0 if damaged else 1.0} | found


def read_face_cap(
    path: str | os.PathLike[str], reading: Reading | None = None, notes: list[Note] | None = None
) -> Track:
    """Face Cap's `k` lines: time in ms, head position (3), rotation (3), left eye (2), right eye (2), 52 weights.

    The line `bs` names the weights. Damaged lines are left out. Raises FieldsError for anything else.
    """
    path, notes = Path(path), [] if notes is None else notes
    names, rows, damaged, widths = FACE_CAP_ORDER, [], 0, set()
    for line in _lines(path):
        kind, *words = line.split(",", 200)
        if kind.strip() == "bs" and len(words) > 1:
            names = [word for word in words if word.strip()]
        if kind.strip() != "k":
            continue
        width = len(_FACE_CAP) + len(names)
        if not width <= len(words) <= width + 1 or np.isnan(cells.number(words[0])):
            damaged += 1
            continue
        widths.add(len(names))
        rows.append(words)
    if not rows:
        raise FieldsError(
            "{file} is no recording of Face Cap: it has no frames (lines that begin with k). Choose another file.",
            file=path.name,
        )
    if widths != {len(names)}:
        raise FieldsError("{file} changes its columns half-way. Export it from Face Cap again.", file=path.name)
    if damaged:
        notes.append(Note("Damaged lines, left out: {count}.", count=damaged))
    source = {"name": path.stem, "imported": "Face Cap", "file": path.name}
    layout = Layout(_SIGNS, "degrees")
    return face_table.read([*_FACE_CAP, *names], rows, path.name, source, reading, notes, layout)


def _lines(path: Path) -> Iterator[str]:
    return (line for line in read_text(path, MAX_BYTES).splitlines() if line.strip())
