"""Live Link Face CSV: the 63 columns that the iPhone app writes and that most face tools read."""

import csv
import io
import os
from pathlib import Path

import numpy as np

from .arkit import to_arkit
from .files import write_whole
from .names import ARKIT
from .track import Track

# The app writes Right before Left for the jaw and the mouth, and only there; readers are told to go by the header.
_ORDER = list(ARKIT)
for _side in ("jaw", "mouth"):
    _left, _right = _ORDER.index(f"{_side}Left"), _ORDER.index(f"{_side}Right")
    _ORDER[_left], _ORDER[_right] = _ORDER[_right], _ORDER[_left]

ROTATIONS = tuple(f"{part}{turn}" for part in ("Head", "LeftEye", "RightEye") for turn in ("Yaw", "Pitch", "Roll"))
COLUMNS = ("Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in _ORDER), *ROTATIONS)
BLEND_SHAPES = len(COLUMNS) - 2  # the app counts the nine rotations too; 0 says "no face in this row"
_PICK = [ARKIT.index(name) for name in _ORDER]


def write(track: Track, path: str | os.PathLike[str], fps: int | None = None) -> None:
    """Write one row for each row of `track`, at its own time.

    Weights are clamped to 0..1. Rotations are radians, right-handed about the head's axes (docs/data-path.md): yaw + to
    the subject's left, pitch + downwards, roll + to the subject's right. Rows without a face have BlendShapeCount 0 and
    zeros. `fps` (frames in a second of the time code) is 60 or 30; by default 30 unless the track is faster. The file
    appears whole or not at all; FieldsError when it can't be written.
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
        rows.writerow([timecode(time, fps), BLEND_SHAPES if face else 0, *(f"{value:.6f}" for value in row)])
    write_whole(Path(path), text.getvalue().encode())


def timecode(seconds: float, fps: int) -> str:
    """`HH:MM:SS:FF.sss`; the part after the point is the fraction of a frame, so that any rate survives."""
    whole, thousandths = divmod(round(seconds * fps * 1000), fps * 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    frame, fraction = divmod(thousandths, 1000)
    return f"{hours:02d}:{minute:02d}:{second:02d}:{frame:02d}.{fraction:03d}"


def _timecode_rate(time: np.ndarray) -> int:
    return 60 if len(time) > 1 and np.median(np.diff(time)) < 1 / 31 else 30


def _weights(track: Track) -> np.ndarray:
    weights = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    return np.clip(weights[:, _PICK], 0.0, 1.0)


def _rotations(track: Track) -> np.ndarray:
    """(n, 9) rad: yaw, pitch, roll of the head and of both eyes."""
    eyes = np.zeros((len(track), 2, 3))
    eyes[:, :, 0] = track["gaze"][:, :, 0]
    eyes[:, :, 1] = -track["gaze"][:, :, 1]  # gaze counts upwards, the file downwards
    return np.hstack([_yaw_pitch_roll(track["head"]), eyes.reshape(-1, 6)])


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
