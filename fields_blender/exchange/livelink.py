"""Live Link Face CSV: the 63 columns that the iPhone app writes and most face tools read."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..core.arkit import to_arkit
from ..core.errors import FieldsError
from ..core.files import write_whole
from ..core.names import ARKIT
from ..core.rotation import multiply, to_quaternion, to_vector
from ..core.track import Track
from . import arkit_track, timecode
from .text_files import read_text

# The app writes Right before Left for the jaw and the mouth, and only there; readers should go by the header.
_ORDER = list(ARKIT)
for _side in ("jaw", "mouth"):
    _left, _right = _ORDER.index(f"{_side}Left"), _ORDER.index(f"{_side}Right")
    _ORDER[_left], _ORDER[_right] = _ORDER[_right], _ORDER[_left]

ROTATIONS = tuple(f"{part}{turn}" for part in ("Head", "LeftEye", "RightEye") for turn in ("Yaw", "Pitch", "Roll"))
COLUMNS = ("Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in _ORDER), *ROTATIONS)
BLEND_SHAPES = len(COLUMNS) - 2  # the app counts the nine rotations too; 0 says "no face in this row"
_PICK = [ARKIT.index(name) for name in _ORDER]
# The head's yaw and pitch have the opposite sign of our axes and of the eyes' columns: + to the subject's right, and
# upwards. Faceit and Diffeomorphic's importer read the app's files so; a phone held sideways flips both signs.
_HEAD_SIGNS = np.array([-1.0, -1.0, 1.0])
# The unit of a rotation column, in rad. Most tools read the app's files in radians, Reallusion's in 40 degrees.
UNITS = {"radians": 1.0, "degrees": np.pi / 180.0, "40 degrees": 40.0 * np.pi / 180.0}
MAX_ANGLE = 1e4  # rad
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


def read(
    path: str | os.PathLike[str], unit: str = "automatic", flip_head: bool = False, fps: float | None = None
) -> Track:
    """A recording as a Track whose first row is at 0 s.

    Columns are found by name, in any order and spelling; missing ones are 0. Rows with BlendShapeCount 0, and rows that
    are cut short, are gaps. `unit`: of the head's rotation, one of UNITS, or automatic: degrees where a number is too
    large for radians. `flip_head`: its yaw and pitch have the opposite sign (recorded with the phone held sideways).
    `fps`: rows a second where there is no time code (default 60). Raises FieldsError for anything that is not a
    recording.
    """
    path = Path(path)
    rows = _rows(read_text(path, MAX_BYTES), path.name)
    header = [name.strip().lower() for name in next(rows, [])]
    weight_columns = arkit_track.arkit_columns(header, path.name)
    angle_columns = [(header.index(name.lower()), i) for i, name in enumerate(ROTATIONS[:3]) if name.lower() in header]
    codes, table, gaps = _read_rows(rows, header, [place for place, _ in weight_columns + angle_columns])
    if not len(table):
        raise FieldsError("{file} has columns but no frames. Choose another recording.", file=path.name)
    time = timecode.read(codes)
    time = np.arange(len(table)) / (fps or 60.0) if time is None else time
    known = ~np.isnan(time)
    time, table, gaps = time[known], table[known], gaps[known]
    weights, angles = np.zeros((len(table), len(ARKIT))), np.zeros((len(table), 3))
    weights[:, [index for _, index in weight_columns]] = table[:, : len(weight_columns)]
    angles[:, [index for _, index in angle_columns]] = table[:, len(weight_columns) :]
    head = _head(angles, gaps, unit, flip_head)
    source = {"name": path.stem, "imported": "Live Link Face CSV", "file": path.name}
    return arkit_track.from_weights(time, weights, head, gaps, source)


def _rows(text: str, file: str) -> Iterator[list[str]]:
    """Rows that are not empty. The values are separated by commas, or by what spreadsheets use."""
    first = text[: text.find("\n") if "\n" in text else None][:10_000]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row))
    except csv.Error as error:
        raise FieldsError(
            "{file} can't be read as CSV ({why}). Record or export it again.", file=file, why=error
        ) from None


def _read_rows(
    rows: Iterator[list[str]], header: list[str], wanted: list[int]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Time codes (n), empty where there are none; the `wanted` columns (n, k), 0 in gaps; gaps (n,) bool."""
    count_at = header.index("blendshapecount") if "blendshapecount" in header else None
    code_at = header.index("timecode") if "timecode" in header else None
    codes, values, gaps = [], [], []
    for row in rows:
        numbers = _numbers(row, wanted)
        lost = count_at is not None and count_at < len(row) and _is_zero(row[count_at])
        codes.append(row[code_at] if code_at is not None and code_at < len(row) else "")
        values.append(np.zeros(len(wanted)) if numbers is None else numbers)
        gaps.append(numbers is None or lost)
    return codes, np.array(values), np.array(gaps, bool)


def _numbers(row: list[str], wanted: list[int]) -> np.ndarray | None:
    """The wanted values (k,); None where one is missing or not a number."""
    try:
        numbers = np.array([float(row[place]) for place in wanted])
    except (ValueError, IndexError):
        return None
    return numbers if np.isfinite(numbers).all() else None


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0.0
    except ValueError:
        return False


def _head(angles: np.ndarray, gaps: np.ndarray, unit: str, flip: bool) -> np.ndarray:
    """Axis-angle (n, 3) of yaw, pitch, roll (n, 3) as the columns have them."""
    if unit == "automatic":
        unit = "degrees" if np.abs(angles[~gaps]).max(initial=0.0) > 2.0 * np.pi else "radians"
    yaw, pitch, roll = (angles * UNITS[unit] * _HEAD_SIGNS * ((-1, -1, 1) if flip else 1)).T
    return head_rotation(yaw, pitch, roll)


def head_rotation(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Axis-angle (n, 3) of R = Ry(yaw) Rx(pitch) Rz(roll), angles (n,) in rad about the head's own axes.

    Raises FieldsError for numbers that can't be angles.
    """
    if not max(np.abs(angle).max(initial=0.0) for angle in (yaw, pitch, roll)) < MAX_ANGLE:
        raise FieldsError("The head rotations in this recording are not angles. Export it again.")
    about = [to_quaternion(angle[:, None] * np.eye(3)[axis]) for angle, axis in ((yaw, 1), (pitch, 0), (roll, 2))]
    return to_vector(multiply(multiply(about[0], about[1]), about[2]))


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
    return np.hstack([_yaw_pitch_roll(track["head"]) * _HEAD_SIGNS, eyes.reshape(-1, 6)])


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
