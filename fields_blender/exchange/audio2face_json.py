"""ARKit weights as JSON, as Audio2Face writes them: names, and a row of weights for each frame at a steady rate."""

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

# Ten minutes at 60 frames a second take 40 MB; read, they take ten times as much.
MAX_BYTES = 100_000_000
FPS = 60.0  # Audio2Face's own
MOST_FPS = 1000.0
MOST_ROWS = 5_000_000


def write(track: Track, path: str | os.PathLike[str], fps: float | None = None) -> None:
    """`facsNames`, `weightMat`, `exportFps`, `numPoses`, `numFrames` as Audio2Face has them, `fps` rows a second.

    By default the Track's own rate, so that its rows come through unchanged. Rows without a face hold the last pose,
    since readers know no gaps; `found` tells them, `start` is the first row's time in s, and `head` its rotation
    (axis-angle in rad, docs/data-path.md). The file appears whole or not at all; FieldsError when it can't be written.
    """
    fps = fps or _rate(track.time)
    count = round((track.time[-1] - track.time[0]) * fps) + 1 if len(track) else 0
    if count > MOST_ROWS:
        raise FieldsError(f"At {fps:g} frames a second that is {count:,} frames, too many. Choose a lower rate.")
    time = track.time[0] + np.arange(count) / fps if count else np.empty(0)
    if count == len(track) and np.abs(time - track.time).max(initial=0.0) < 0.5e-3:
        time = track.time  # what was written with rounded times comes through unchanged too
    weights = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    steady = curves.resample(Curves(track.time, tuple(ARKIT), weights, {"head": track["head"]}), time)
    found = ~np.isnan(steady.values).any(axis=1)
    last = np.maximum.accumulate(np.where(found, np.arange(count), -1))
    values, head = (
        np.where((last >= 0)[:, None], rows[np.maximum(last, 0)], 0.0) if count else rows
        for rows in (np.nan_to_num(steady.values), np.nan_to_num(steady.rotations["head"]))
    )
    data = {
        "exportFps": round(fps, 6), "numPoses": len(ARKIT), "numFrames": count, "facsNames": list(ARKIT),
        "weightMat": np.round(values, 6).tolist(), "start": float(time[0]) if count else 0.0, "found": found.tolist(),
        "head": np.round(head, 6).tolist(),
    }  # fmt: skip
    write_whole(Path(path), json.dumps(data, separators=(",", ":")).encode())


def read(path: str | os.PathLike[str], fps: float | None = None) -> Track:
    """A Track of a file of Audio2Face or of `write`; its first row is at 0 s.

    `fps`: rows in a second where the file does not say it (default 60). Raises FieldsError for anything else; what is
    nested without end or holds what is no number is refused.
    """
    path = Path(path)
    data = load(path)
    names, rows = data.get("facsNames"), data.get("weightMat")
    if not isinstance(names, list) or not isinstance(rows, list) or not rows:
        raise FieldsError(
            f"{path.name} holds no face weights (facsNames, weightMat). Export blend shape weights as JSON."
        )
    pairs = arkit_track.columns([name if isinstance(name, str) else "" for name in names], path.name)
    table = _table(rows, len(names), path.name)
    weights = np.zeros((len(table), len(ARKIT)))
    weights[:, [index for _, index in pairs]] = table[:, [place for place, _ in pairs]]
    rate = data.get("exportFps", fps or FPS)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 < rate <= MOST_FPS:
        raise FieldsError(f"{path.name} says it has {str(rate)[:20]} frames a second, which can't be. Export it again.")
    found, head = data.get("found"), data.get("head")
    gaps = np.zeros(len(table), bool)
    if isinstance(found, list) and len(found) == len(table):
        gaps = np.array([face is False for face in found])
    turned = _table(head, 3, path.name) if isinstance(head, list) and len(head) == len(table) else None
    if turned is not None and np.abs(turned).max() > 10.0:
        raise FieldsError(f"{path.name} turns the head by numbers that are no angles. Export it again.")
    source = {"name": path.stem, "imported": "ARKit JSON", "file": path.name}
    return arkit_track.make(np.arange(len(table)) / rate, weights, turned, gaps, source)


def load(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises FieldsError where there is none."""
    try:
        data = json.loads(arkit_track.read_text(path, MAX_BYTES), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:100]
        raise FieldsError(f"{path.name} is not JSON that can be read ({reason}). Export it again.") from None
    if not isinstance(data, dict):
        raise FieldsError(f"{path.name} is JSON without names in it. Export blend shape weights as JSON.")
    return data


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _table(rows: list, width: int, name: str) -> np.ndarray:
    """(n, width) of finite numbers."""
    for values in rows:  # before any memory is asked for
        if not isinstance(values, list) or len(values) != width or not all(type(v) in (int, float) for v in values):
            raise FieldsError(f"{name} has a frame without its {width} numbers. Export it again.")
    try:
        table = np.array(rows, dtype=np.float64)
    except OverflowError:
        table = np.array([np.inf])
    if not np.isfinite(table).all():
        raise FieldsError(f"{name} holds numbers without sense. Export it again.")
    return table


def _rate(time: np.ndarray) -> float:
    return min(float(1.0 / np.median(np.diff(time))), MOST_FPS) if len(time) > 1 else FPS
