"""Live Link Face CSV: the 63 columns that the iPhone app writes and most face tools read."""

import csv
import io
import os
from pathlib import Path

import numpy as np

from ..core.arkit import to_arkit
from ..core.errors import Note
from ..core.files import write_whole
from ..core.names import ARKIT
from ..core.track import Track
from . import cells, face_table, timecode
from .face_table import LIVE_LINK, ROTATIONS, Reading
from .text_files import read_text

# The app writes Right before Left for the jaw and the mouth, and only there; readers should go by the header.
_ORDER = list(ARKIT)
for _side in ("jaw", "mouth"):
    _left, _right = _ORDER.index(f"{_side}Left"), _ORDER.index(f"{_side}Right")
    _ORDER[_left], _ORDER[_right] = _ORDER[_right], _ORDER[_left]

COLUMNS = ("Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in _ORDER), *ROTATIONS)
BLEND_SHAPES = len(COLUMNS) - 2  # the app counts the nine rotations too; 0 says "no face in this row"
_PICK = [ARKIT.index(name) for name in _ORDER]
# One hour at 60 frames a second takes 130 MB.
MAX_BYTES = 400_000_000


def write(track: Track, path: str | os.PathLike[str], fps: int | None = None) -> None:
    """Write one row for each row of `track`, at its own time.

    Weights are clamped to 0..1. Rotations are in radians. Head: yaw + to the subject's right, pitch + upwards, roll +
    to the subject's right, applied in the order roll, pitch, yaw. Eyes: yaw + to the subject's left, pitch + downwards,
    as in the app. Rows without a face have BlendShapeCount 0 and zeros. `fps` (frames a second of the time code) is 60
    or 30; by default 30 unless the track is faster. The file appears whole or not at all; FieldsError when it can't be
    written.
    """
    fps = fps or _timecode_rate(track.time)
    found = track.found
    values = np.hstack([_weights(track), _rotations(track)])
    values[~found] = 0.0
    start = min(0.0, track.time[0]) if len(track) else 0.0  # a strip may begin before scene frame 0, a time code can't
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for time, face, row in zip(track.time - start, found, values, strict=True):
        rows.writerow([timecode.write(time, fps), BLEND_SHAPES if face else 0, *(f"{value:.6f}" for value in row)])
    write_whole(Path(path), text.getvalue().encode())


def read(path: str | os.PathLike[str], reading: Reading | None = None, notes: list[Note] | None = None) -> Track:
    """A recording as a Track whose first row is at 0 s: `face_table.read`, which says more."""
    path = Path(path)
    rows = cells.rows(read_text(path, MAX_BYTES), path.name)
    header = next(rows, [])
    source = {"name": path.stem, "imported": "Live Link Face CSV", "file": path.name}
    return face_table.read(header, rows, path.name, source, reading, notes)


def _timecode_rate(time: np.ndarray) -> int:
    return 60 if len(time) > 1 and np.median(np.diff(time)) < 1 / 31 else 30


def _weights(track: Track) -> np.ndarray:
    weights = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    return np.clip(weights[:, _PICK], 0.0, 1.0)


def _rotations(track: Track) -> np.ndarray:
    """(n, 9) rad: yaw, pitch, roll of the head and of both eyes."""
    eyes = np.zeros((len(track), 2, 3))
    eyes[:, :, 0] = track["gaze"][:, :, 0]
    eyes[:, :, 1] = -track["gaze"][:, :, 1]  # gaze: + upwards; the file: + downwards
    return np.hstack([_yaw_pitch_roll(track["head"]) * LIVE_LINK.signs, eyes.reshape(-1, 6)])


def _yaw_pitch_roll(rotation: np.ndarray) -> np.ndarray:
    """(n, 3) from axis-angle (n, 3), as R = Ry(yaw) Rx(pitch) Rz(roll)."""
    x, y, z = (column[:, 0] for column in np.hsplit(rotation.astype(np.float64), 3))
    angle = np.linalg.norm(rotation, axis=1)
    sine = np.sinc(angle / np.pi)  # sin(a) / a
    versine = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2  # (1 - cos(a)) / a^2
    # Rodrigues: R = 1 + sine K + versine K^2; only the entries that the three angles need.
    forward = np.stack([versine * x * z + sine * y, versine * y * z - sine * x, 1 - versine * (x * x + y * y)], axis=1)
    side_y, up_y = versine * x * y + sine * z, 1 - versine * (x * x + z * z)
    yaw = np.arctan2(forward[:, 0], forward[:, 2])
    pitch = np.arcsin(np.clip(-forward[:, 1], -1.0, 1.0))
    roll = np.arctan2(side_y, up_y)
    return np.stack([yaw, pitch, roll], axis=1)
