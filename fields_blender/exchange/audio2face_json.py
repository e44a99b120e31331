"""ARKit weights as JSON, as Audio2Face writes them: names, and a row of weights for each frame at a constant rate."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core import curves
from ..core.arkit import to_arkit
from ..core.curves import Curves
from ..core.errors import FieldsError, Note
from ..core.files import write_whole
from ..core.names import ARKIT
from ..core.track import Track
from . import cells, face_table, json_layouts
from .cells import Cell
from .face_table import COUNT, Layout, Reading
from .notes import listed
from .text_files import read_text

# Ten minutes at 60 frames a second take 40 MB; read, they take ten times as much.
MAX_BYTES = 100_000_000
FPS = 60.0  # Audio2Face's own
MAX_FPS = 1000.0
MAX_ROWS = 5_000_000
MAX_ANGLE = 10.0  # rad
# What says something of the file rather than of the face.
_KNOWN = {"exportFps", "numPoses", "numFrames", "start", "found", "trackPath"}
# Times that are off by less than this (s) were rounded.
ROUNDED = 0.5e-3


def write(track: Track, path: str | os.PathLike[str], fps: float | None = None) -> None:
    """`facsNames`, `weightMat`, `exportFps`, `numPoses`, `numFrames` as Audio2Face has them, `fps` rows a second.

    By default at the Track's own rate, so that its rows come through unchanged. Rows without a face hold the last pose,
    since readers know no gaps; `found` marks them, `start` is the first row's time in s, and `head` its rotation
    (axis-angle in rad, docs/data-path.md). The file appears whole or not at all; FieldsError when it can't be written.
    """
    fps = fps or _rate(track.time)
    count = round((track.time[-1] - track.time[0]) * fps) + 1 if len(track) else 0
    if count > MAX_ROWS:
        raise FieldsError(
            "At {fps:g} frames a second that is {count:,} frames, too many. Choose a lower rate.", fps=fps, count=count
        )
    time = track.time[0] + np.arange(count) / fps if count else np.empty(0)
    if count == len(track) and np.abs(time - track.time).max(initial=0.0) < ROUNDED:
        time = track.time  # so that rounded times come through unchanged too
    weights = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    steady = curves.resample(Curves(track.time, tuple(ARKIT), weights, {"head": track["head"]}), time)
    found = ~np.isnan(steady.values).any(axis=1)
    data = {
        "exportFps": round(fps, 6),
        "numPoses": len(ARKIT),
        "numFrames": count,
        "facsNames": list(ARKIT),
        "weightMat": _held(steady.values, found),
        "start": float(time[0]) if count else 0.0,
        "found": found.tolist(),
        "head": _held(steady.rotations["head"], found),
    }
    write_whole(Path(path), json.dumps(data, separators=(",", ":")).encode())


def read(path: str | os.PathLike[str], reading: Reading | None = None, notes: list[Note] | None = None) -> Track:
    """A Track of a file of Audio2Face, of `write`, or of another tool (`json_layouts.py`); its first row is at 0 s.

    The frame rate of `reading` is used where the file says neither that nor times (default 60). Raises FieldsError for
    anything else, be it nested without end or with values that are not numbers.
    """
    path, notes = Path(path), [] if notes is None else notes
    data = load(path)
    header, rows, used = json_layouts.table(data, path.name)
    rate = json_layouts.rate(data)
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 < rate <= MAX_FPS):
        raise FieldsError(
            "{file} says it has {rate} frames a second, which is impossible. Export it again.",
            file=path.name,
            rate=str(rate)[:20],
        )
    time = None
    if rate is not None and not any("time" in name.lower() for name in header):
        time = np.arange(len(rows)) / rate
        notes.append(Note("The file says that it has {fps:g} frames a second.", fps=rate))
    own = data if isinstance(data, dict) else {}
    faces = _faces(own.get("found"), rows)
    rows = [[float(face), *row] for face, row in zip(faces, rows, strict=True)]
    source = {"name": path.stem, "imported": "ARKit JSON", "file": path.name}
    made = face_table.read([COUNT, *header], rows, path.name, source, reading, notes, Layout(time=time))
    head = own.get("head")
    if isinstance(head, list) and len(head) == len(rows) == len(made):
        used.add("head")
        made = made.with_groups({"head": np.where(made.found[:, None], _rotations(head, path.name), np.nan)})
    unused = [name for name in own if name not in used | _KNOWN]
    if unused:
        notes.append(Note("Not used: {names}.", names=listed(unused)))
    return made


def load(path: Path) -> Any:
    """The JSON object or list in a file. Raises FieldsError where there is none."""
    try:
        data = json.loads(read_text(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)[:100]
        raise FieldsError("{file} can't be read as JSON ({why}). Export it again.", file=path.name, why=why) from None
    if not isinstance(data, dict | list):
        raise FieldsError("{file} is JSON without names. Export blend shape weights as JSON.", file=path.name)
    return data


def _faces(found: Any, rows: list[list[Cell]]) -> list[bool]:
    """Which rows show a face: what `write` says, and not those without any number."""
    said = found if isinstance(found, list) and len(found) == len(rows) else [True] * len(rows)
    return [face is not False and any(cell is not None for cell in row) for face, row in zip(said, rows, strict=True)]


def _rotations(rows: list, file: str) -> np.ndarray:
    """Axis-angles (n, 3) in rad. Raises FieldsError where they are none."""
    good = all(isinstance(row, list) and len(row) == 3 for row in rows)
    good = good and not any(isinstance(cell, list | dict) for row in rows for cell in row)
    numbers = np.array([cells.numbers(row, range(3)) for row in rows]) if good else np.array([np.nan])
    if not np.abs(numbers).max() <= MAX_ANGLE:  # nor NaN
        raise FieldsError("The head rotations in {file} are not angles. Export it again.", file=file)
    return numbers


def _held(rows: np.ndarray, found: np.ndarray) -> list[list[float]]:
    """`rows` (n, k), rounded, with each that is not `found` (n,) replaced by the last one found; 0 before the first."""
    last = np.maximum.accumulate(np.where(found, np.arange(len(rows)), -1))
    held = np.where((last >= 0)[:, None], np.nan_to_num(rows)[np.maximum(last, 0)], 0.0)
    return np.round(held, 6).tolist()


def _rate(time: np.ndarray) -> float:
    return min(float(1.0 / np.median(np.diff(time))), MAX_FPS) if len(time) > 1 else FPS
