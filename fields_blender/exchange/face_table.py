"""A Track of a table that has a row for each frame and a column for each ARKit weight, whatever file it came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..core.errors import FieldsError, Note
from ..core.names import ARKIT
from ..core.track import Track
from . import arkit_track, cells, time_column, units
from .arkit_names import arkit_columns
from .cells import Cell
from .head_rotation import head_rotation
from .notes import listed

ROTATIONS = tuple(f"{part}{turn}" for part in ("Head", "LeftEye", "RightEye") for turn in ("Yaw", "Pitch", "Roll"))
COUNT = "BlendShapeCount"  # a column that is 0 where no face was found
_GAZE = tuple(name for name in ARKIT if name.startswith("eyeLook"))


@dataclass(frozen=True)
class Reading:
    """How to read what a table does not say. `fps`: frames a second; None: what the format has, or 60.

    `unit`: of the head's rotation, one of units.ANGLES, `weight_unit`: one of units.WEIGHTS; or automatic. `flip_head`:
    its yaw and pitch have the opposite sign (recorded with the phone held sideways).
    """

    unit: str = "automatic"
    flip_head: bool = False
    fps: float | None = None
    weight_unit: str = "automatic"


@dataclass(frozen=True)
class Layout:
    """What is known of the tables of one tool. `signs`: of yaw, pitch and roll, to have our axes. `angles`, `weights`:
    their units, as in Reading. `time` (n,): seconds of the rows, where no column has them.
    """

    # Live Link Face: + to the subject's right, and upwards; the eyes' columns as we have them, but pitch + downwards.
    # Faceit and Diffeomorphic's importer read the app's files so; a phone held sideways flips both signs.
    signs: tuple[float, float, float] = (-1.0, -1.0, 1.0)
    angles: str = "automatic"
    weights: str = "automatic"
    time: np.ndarray | None = None


LIVE_LINK = Layout()


@dataclass(frozen=True)
class _Columns:
    weights: list[tuple[int, int]]  # place in the header, index in ARKIT
    angles: list[tuple[int, int]]  # place in the header, index in ROTATIONS
    others: list[int]  # that may hold the time

    @property
    def numbers(self) -> list[int]:
        return [place for place, _ in chain(self.weights, self.angles)]


def read(
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    file: str,
    source: dict,
    reading: Reading | None = None,
    notes: list[Note] | None = None,
    layout: Layout = LIVE_LINK,
) -> Track:
    """The Track of a table; its first row is at 0 s. `file` is what the artist calls it.

    Columns are found by name, in any order and spelling; missing ones are 0. A cell without a number holds the one
    above. Rows with BlendShapeCount 0, and rows in which most weights are missing, are gaps. How the time and the units
    were read, and what was not used or not there, is added to `notes`. Raises FieldsError for anything that is no
    recording of a face.
    """
    reading, notes = reading or Reading(), [] if notes is None else notes
    columns = _columns(header, file)
    table, texts, lost = _cells(rows, header, columns)
    weights = table[:, : len(columns.weights)]
    _check_rows(len(table), file)
    if layout.time is None or len(layout.time) != len(table):
        named = {header[place].strip(): text for place, text in zip(columns.others, texts, strict=True)}
        time, time_name = time_column.seconds(named, len(table), reading.fps, notes)
    else:
        time, time_name = layout.time, ""
    filled = ~np.isnan(weights).all(axis=0)
    gaps = lost | (np.isnan(weights[:, filled]).mean(axis=1) > 0.5 if filled.any() else True)
    weights = _weights(weights, gaps, filled, _chosen(reading.weight_unit, layout.weights), notes)
    full = np.zeros((len(table), len(ARKIT)))
    full[:, [index for _, index in columns.weights]] = weights
    angles = np.full((len(table), len(ROTATIONS)), np.nan)
    angles[:, [index for _, index in columns.angles]] = table[:, len(columns.weights) :]
    head, gaze = _rotations(angles, gaps, reading, layout, notes, _has_gaze(columns, filled))
    _tell(header, columns, filled, time_name, head is not None, gaze is not None, notes)
    return arkit_track.from_weights(time, full, head, gaps, source, gaze)


def _columns(header: Sequence[str], file: str) -> _Columns:
    weights = arkit_columns(header, file)
    plain = ["".join(letter for letter in name.lower() if letter.isalpha()) for name in header]
    angles = []
    for index, rotation in enumerate(ROTATIONS):
        spellings = (rotation.lower(), rotation[4:].lower() if index < 3 else "")
        place = next((plain.index(name) for name in spellings if name and name in plain), None)
        if place is not None:
            angles.append((place, index))
    taken = {place for place, _ in chain(weights, angles)} | {
        p for p, name in enumerate(plain) if name == COUNT.lower()
    }
    return _Columns(weights, angles, time_column.candidates(header, taken))


def _cells(
    rows: Iterable[Sequence[Cell]], header: Sequence[str], columns: _Columns
) -> tuple[np.ndarray, list[list[Cell]], np.ndarray]:
    """The numbers (n, k) of the columns that are read, NaN where there is none; the cells of each other column; which
    rows (n,) say that they have no face. Rows in which nothing is to be found are left out.
    """
    lowered = [name.strip().lower() for name in header]
    count_at = lowered.index(COUNT.lower()) if COUNT.lower() in lowered else None
    values, texts, lost = [], [[] for _ in columns.others], []
    for row in rows:
        numbers = cells.numbers(row, columns.numbers)
        others = [row[place] if place < len(row) else None for place in columns.others]
        no_face = count_at is not None and count_at < len(row) and cells.number(row[count_at]) == 0.0
        if np.isnan(numbers).all() and not no_face and not _says_anything(others):
            continue
        values.append(numbers)
        lost.append(no_face)
        for text, cell in zip(texts, others, strict=True):
            text.append(cell)
    return np.array(values).reshape(len(values), len(columns.numbers)), texts, np.array(lost, bool)


def _says_anything(others: list[Cell]) -> bool:
    return any(not isinstance(cell, str) or any(map(str.isdigit, cell[:40])) for cell in others if cell is not None)


def _check_rows(count: int, file: str) -> None:
    if not count:
        raise FieldsError("{file} has columns but no frames. Choose another recording.", file=file)


def _weights(weights: np.ndarray, gaps: np.ndarray, filled: np.ndarray, unit: str, notes: list[Note]) -> np.ndarray:
    """Weights (n, k), 1 at full, without holes; 0 in gaps. Raises FieldsError where they make no sense."""
    shown = weights[~gaps]
    unit = units.weight_unit(shown) if unit == "automatic" else unit
    notes.append(Note("Weights read as percent.") if unit == "percent" else Note("Weights read as 0 to 1."))
    shown = shown * units.WEIGHTS[unit]
    wild = units.wild_weights(shown)
    if units.too_many(wild):
        raise FieldsError("The numbers in this recording are not weights of a face. Export it again.")
    empty = int(np.isnan(shown[:, filled]).sum())
    if empty:
        notes.append(Note("Cells without a number, held from the row above: {count}.", count=empty))
    if wild.any():
        notes.append(Note("Numbers far out of range, held from the row above: {count}.", count=int(wild.sum())))
    made = np.zeros_like(weights)
    made[~gaps] = units.held(np.where(wild, np.nan, shown))
    return made


def _rotations(
    angles: np.ndarray, gaps: np.ndarray, reading: Reading, layout: Layout, notes: list[Note], has_gaze: bool
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The head's axis-angle (n, 3) in rad, None where no column has it; where the eyes look (n, 2, 2), None where the
    weights say it or no column has it.
    """
    shown = angles[~gaps]
    head = ~np.isnan(shown[:, :3]).all()
    eyes = not has_gaze and not np.isnan(shown[:, 3:]).all()
    if not head and not eyes:
        return None, None
    unit = _chosen(reading.unit, layout.angles)
    unit = units.angle_unit(shown[:, :3] if head else shown[:, 3:]) if unit == "automatic" else unit
    notes.append(_UNIT_NOTES[unit])
    turns = shown * units.ANGLES[unit]
    wild = np.abs(turns) > units.MAX_TURN
    if units.too_many(wild):
        raise FieldsError("The head rotations in this recording are not angles. Export it again.")
    if wild.any():
        notes.append(Note("Rotations far out of range, held from the row above: {count}.", count=int(wild.sum())))
    full = np.zeros_like(angles)
    full[~gaps] = units.held(np.where(wild, np.nan, turns))
    yaw, pitch, roll = (full[:, :3] * layout.signs * ((-1, -1, 1) if reading.flip_head else 1)).T
    gaze = np.stack([full[:, [3, 6]], -full[:, [4, 7]]], axis=2) if eyes else None
    return (head_rotation(yaw, pitch, roll) if head else None), gaze


def _chosen(asked: str, usual: str) -> str:
    return usual if asked == "automatic" else asked


_UNIT_NOTES = {
    "radians": Note("Head rotation read in radians."),
    "degrees": Note("Head rotation read in degrees."),
    "40 degrees": Note("Head rotation read in units of 40°."),
}


def _has_gaze(columns: _Columns, filled: np.ndarray) -> bool:
    there = {ARKIT[index] for (_, index), full in zip(columns.weights, filled, strict=True) if full}
    return bool(there.intersection(_GAZE))


def _tell(
    header: Sequence[str],
    columns: _Columns,
    filled: np.ndarray,
    time_name: str,
    head_used: bool,
    eyes_used: bool,
    notes: list[Note],
) -> None:
    """What was not there and what was not used, into `notes`."""
    there = {index for (_, index), full in zip(columns.weights, filled, strict=True) if full}
    absent = [name for index, name in enumerate(ARKIT) if index not in there and not (eyes_used and name in _GAZE)]
    if not head_used:
        absent = [*ROTATIONS[:3], *absent]
    if absent:
        notes.append(Note("Not in the file, at rest: {names}.", names=listed(absent)))
    used = {place for place, _ in columns.weights}
    rolls = {5, 8}  # an eye's roll: eyes don't
    used |= {place for place, index in columns.angles if index < 3 or (eyes_used and index not in rolls)}
    known = {time_name.lower(), COUNT.lower()}
    unused = [
        name.strip()
        for place, name in enumerate(header)
        if place not in used and name.strip() and name.strip().lower() not in known
    ]
    if unused:
        notes.append(Note("Not used: {names}.", names=listed(unused)))
