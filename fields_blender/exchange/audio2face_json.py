"""ARKit weights as JSON, as Audio2Face writes them: names, and a row of weights for each frame at a constant rate."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core import curves
from ..core.arkit import to_arkit
from ..core.curves import Curves
from ..core.errors import FieldsError
from ..core.files import write_whole
from ..core.names import ARKIT
from ..core.track import Track
from . import arkit_track
from .text_files import read_text

# Ten minutes at 60 frames a second take 40 MB; read, they take ten times as much.
MAX_BYTES = 100_000_000
FPS = 60.0  # Audio2Face's own
MAX_FPS = 1000.0
MAX_ROWS = 5_000_000
MAX_ANGLE = 10.0  # rad
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


def read(path: str | os.PathLike[str], fps: float | None = None) -> Track:
    """A Track of a file of Audio2Face or of `write`; its first row is at 0 s.

    `fps`: rows a second where the file does not say it (default 60). Raises FieldsError for anything else, be it nested
    without end or with values that are not numbers.
    """
    path = Path(path)
    data = load(path)
    names, rows = data.get("facsNames"), data.get("weightMat")
    if not isinstance(names, list) or not isinstance(rows, list) or not rows:
        raise FieldsError(
            "{file} holds no face weights (facsNames, weightMat). Export blend shape weights as JSON.", file=path.name
        )
    pairs = arkit_track.arkit_columns([name if isinstance(name, str) else "" for name in names], path.name)
    table = _table(rows, len(names), path.name)
    weights = np.zeros((len(table), len(ARKIT)))
    weights[:, [index for _, index in pairs]] = table[:, [place for place, _ in pairs]]
    rate = data.get("exportFps", fps or FPS)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 < rate <= MAX_FPS:
        raise FieldsError(
            "{file} says it has {rate} frames a second, which is impossible. Export it again.",
            file=path.name,
            rate=str(rate)[:20],
        )
    found, head = data.get("found"), data.get("head")
    gaps = np.zeros(len(table), bool)
    if isinstance(found, list) and len(found) == len(table):
        gaps = np.array([face is False for face in found])
    rotation = _table(head, 3, path.name) if isinstance(head, list) and len(head) == len(table) else None
    if rotation is not None and np.abs(rotation).max() > MAX_ANGLE:
        raise FieldsError("The head rotations in {file} are not angles. Export it again.", file=path.name)
    source = {"name": path.stem, "imported": "ARKit JSON", "file": path.name}
    return arkit_track.from_weights(np.arange(len(table)) / rate, weights, rotation, gaps, source)


def load(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises FieldsError where there is none."""
    try:
        data = json.loads(read_text(path, MAX_BYTES), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)[:100]
        raise FieldsError("{file} can't be read as JSON ({why}). Export it again.", file=path.name, why=why) from None
    if not isinstance(data, dict):
        raise FieldsError("{file} is JSON without names. Export blend shape weights as JSON.", file=path.name)
    return data


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _table(rows: list, width: int, file: str) -> np.ndarray:
    """(n, width) of finite numbers."""
    for values in rows:  # before any memory is allocated for them
        if not isinstance(values, list) or len(values) != width or not all(type(v) in (int, float) for v in values):
            raise FieldsError(
                "{file} has a frame without its {count} numbers. Export it again.", file=file, count=width
            )
    try:
        table = np.array(rows, dtype=np.float64)
    except OverflowError:
        table = np.array([np.inf])
    if not np.isfinite(table).all():
        raise FieldsError("{file} holds numbers that make no sense. Export it again.", file=file)
    return table


def _held(rows: np.ndarray, found: np.ndarray) -> list[list[float]]:
    """`rows` (n, k), rounded, with each that is not `found` (n,) replaced by the last one found; 0 before the first."""
    last = np.maximum.accumulate(np.where(found, np.arange(len(rows)), -1))
    held = np.where((last >= 0)[:, None], np.nan_to_num(rows)[np.maximum(last, 0)], 0.0)
    return np.round(held, 6).tolist()


def _rate(time: np.ndarray) -> float:
    return min(float(1.0 / np.median(np.diff(time))), MAX_FPS) if len(time) > 1 else FPS
