"""When each row of a table happened: from time codes, clock times, dates, numbers of any unit, or frame numbers."""

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from ..core.errors import Note
from . import cells, timecode
from .arkit_track import MAX_TIME

FPS = 60.0  # what the Live Link Face app writes, where nothing says when the rows happened
FRAME_FPS = 30.0  # of numbered frames: what cameras and the tools that read them have
# A step back (s) that is no mere disorder of rows, and a pause that is none: there the recording was started again.
_BACK, _PAUSE = 1.0, 600.0
_USUAL_RATES = (24.0, 25.0, 30.0, 50.0, 60.0, 100.0, 120.0, 24 / 1.001, 30 / 1.001, 60 / 1.001)
_ROUNDED = 1.1e-3
# More rows than this share (of all) at one moment: the time is coarser than the rows.
_MANY_REPEATS = 0.3
# A number counts one of these (s). Which one, its name or the size of its steps says: that closest to 1/30 s.
_UNITS = (1.0, 1e-3, 1e-6, 1e-7, 1e-9)
_LEAST_STEP, _LARGEST_STEP = 1e-3, 2.0
_UNIT_WORDS = {
    **dict.fromkeys("s sec secs second seconds".split(), 1.0),
    **dict.fromkeys("ms msec millis millisecond milliseconds".split(), 1e-3),
    **dict.fromkeys("us µs usec micros microsecond microseconds".split(), 1e-6),
    **dict.fromkeys("ns nsec nanos nanosecond nanoseconds".split(), 1e-9),
    **dict.fromkeys("tick ticks".split(), 1e-7),
}
_UNIT_NAMES = {1.0: "s", 1e-3: "ms", 1e-6: "µs", 1e-7: "100 ns", 1e-9: "ns"}
_FRAME_WORDS = set("frame frames frameid framenumber frameno frameindex frameidx index idx row number no".split())
_TIME_WORDS = set("time timecode timestamp timestamps times clock date datetime zeit t tc".split()) | set(_UNIT_WORDS)
_CLOCK = re.compile(r"\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)\s*")
_OTHER = 3


def candidates(header: Sequence[str], taken: set[int]) -> list[int]:
    """The columns that may hold the time, the likeliest first: those whose names say so, and the first, whatever it is
    called. None of those in `taken`.
    """
    free = [place for place in range(len(header)) if place not in taken]
    likely = [place for place in free if place == 0 or _unlikely(header[place]) < _OTHER]
    return sorted(likely, key=lambda place: _unlikely(header[place]))


def seconds(
    columns: dict[str, list[cells.Cell]], count: int, fps: float | None, notes: list[Note]
) -> tuple[np.ndarray, str]:
    """Seconds (count,) since the first row, NaN where a row says nothing; the name of the column that says it, or "".

    `columns`: those that may hold it, the likeliest first. `fps`: frames a second, where the artist says it. What was
    taken for time is added to `notes`.
    """
    for name, column in columns.items():
        read = _codes(name, column, fps) or _clock(name, column) or _numbers(name, column, fps)
        if read is not None:
            time, note = read
            notes.append(note)
            return repaired(time, notes), name
    rate = fps or FPS
    notes.append(Note("No column says the time: read at {fps:g} frames a second (Frame Rate changes it).", fps=rate))
    return np.arange(count) / rate, ""


def repaired(time: np.ndarray, notes: list[Note]) -> np.ndarray:
    """`time` (n,) s from 0 on: rows without one lie between their neighbours, rows that share a coarse one are spread
    over it, and where it starts again (a step back, hours of pause) the rows follow on.
    """
    known = np.flatnonzero(~np.isnan(time))
    usual = _usual_step(time[known])
    time = _joined(time, known, usual, notes)
    rising = (np.diff(time[known]) >= 0).all()
    if rising and (np.diff(time[known]) == 0).sum() > _MANY_REPEATS * len(known):
        time = _spread(time, known)
        notes.append(Note("Several rows share one time: spread evenly over it."))
    elif repeats := len(known) - len(np.unique(time[known])):
        notes.append(Note("Rows at the time of another, left out: {count}.", count=repeats))
    if len(known) < len(time):
        rows = np.arange(len(time))
        inside = np.interp(rows, known, time[known])
        before, after = np.minimum(rows - known[0], 0), np.maximum(rows - known[-1], 0)
        time = inside + (before + after) * usual
    return _unrounded(time - time.min())


def _unrounded(time: np.ndarray) -> np.ndarray:
    """`time` (n,) s; where it is that of a usual frame rate, rounded, the moments themselves."""
    rows = np.arange(len(time))
    for rate in _USUAL_RATES:
        if np.abs(time - rows / rate).max() < min(_ROUNDED, 0.1 / rate):
            return rows / rate
    return time


def _joined(time: np.ndarray, known: np.ndarray, usual: float, notes: list[Note]) -> np.ndarray:
    steps = np.diff(time[known])
    new = (steps < -_BACK) | (steps > max(_PAUSE, 20 * usual))
    new &= np.abs(steps) < MAX_TIME  # what is further apart makes no sense at all
    if not new.any():
        return time
    time = time.copy()
    time[known[1:]] -= np.cumsum(np.where(new, steps - usual, 0.0))
    notes.append(Note("The time starts again or jumps {count} times: the rows follow on there.", count=int(new.sum())))
    return time


def _spread(time: np.ndarray, known: np.ndarray) -> np.ndarray:
    values, first, counts = np.unique(time[known], return_index=True, return_counts=True)
    lengths = np.append(np.diff(values), np.median(np.diff(values)) if len(values) > 1 else 1.0)
    within = np.arange(len(known)) - np.repeat(first, counts)
    time = time.copy()
    time[known] += within * np.repeat(lengths / np.maximum(counts, np.median(counts)), counts)
    return time


def _usual_step(time: np.ndarray) -> float:
    steps = np.diff(time)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 1.0 / FPS


def _codes(name: str, column: list[cells.Cell], fps: float | None) -> tuple[np.ndarray, Note] | None:
    text = [cell if isinstance(cell, str) else "" for cell in column]
    if _is_clock(text):
        return None
    read = timecode.read(text, fps)
    if read is None or not _moves(read.seconds):
        return None
    if read.base != 60:
        return read.seconds, Note(
            "Time from “{column}”: time codes of {fps:g} frames a second, whose minutes have {base} seconds.",
            column=name, fps=read.rate, base=read.base,
        )  # fmt: skip
    return read.seconds, Note(
        "Time from “{column}”: time codes of {fps:g} frames a second.", column=name, fps=read.rate
    )


def _is_clock(text: list[str]) -> bool:
    """Are these clock times with decimals, 0:00:01.033, rather than time codes with frame numbers, 0:00:01:03?"""
    ends = [re.fullmatch(r"\s*\d+:\d+:\d+[.,](\d+)\s*", cell[:40]) for cell in text]
    decimals = [end[1] for end in ends if end]
    return len(decimals) > len(text) / 2 and (
        any(len(part) > 2 for part in decimals) or max(int(part) for part in decimals) >= 60
    )


def _clock(name: str, column: list[cells.Cell]) -> tuple[np.ndarray, Note] | None:
    """Clock times (h:)m:s with decimals, and dates as ISO 8601 writes them."""
    time = np.array([_moment(cell[:40]) if isinstance(cell, str) else np.nan for cell in column])
    if len(time) and (~np.isnan(time)).mean() > 0.5 and _moves(time):
        steps = np.diff(time[~np.isnan(time)])
        days = np.cumsum(np.concatenate([[0], steps < -timecode.HALF_A_DAY]))
        time[~np.isnan(time)] += days * timecode.DAY
        return time, Note("Time from “{column}”: clock times.", column=name)
    return None


def _moment(text: str) -> float:
    match = _CLOCK.fullmatch(text)
    if match:
        hours, minutes, rest = (float((part or "0").replace(",", ".")) for part in match.groups())
        return (hours * 60 + minutes) * 60 + rest
    if not re.match(r"\s*\d{4}-\d\d?-\d\d?[T ]", text):
        return np.nan
    try:
        return datetime.fromisoformat(text.strip().replace(",", ".")).timestamp()
    except (ValueError, OverflowError, OSError):
        return np.nan


def _numbers(name: str, column: list[cells.Cell], fps: float | None) -> tuple[np.ndarray, Note] | None:
    values = np.array([cells.number(cell) for cell in column])
    known = values[~np.isnan(values)]
    steps = np.diff(known)
    if len(known) <= 0.5 * len(values) or not _moves(values) or (steps < 0).sum() > 1 + 0.2 * len(steps):
        return None
    words = _words(name)
    rising = steps[steps > 0] if (steps > 0).any() else -steps  # two rows may be out of order
    if not len(rising):
        return None
    if not words & (_TIME_WORDS | _FRAME_WORDS) and not _even(steps):
        return None  # a column of another name must rise evenly to be taken for time
    unit = next((size for word, size in _UNIT_WORDS.items() if word in words), None)
    step = float(np.median(rising))
    if unit is None and (known % 1 == 0).all() and (words & _FRAME_WORDS or step == 1.0):
        rate = fps or FRAME_FPS
        return values / rate, Note(
            "Time from “{column}”: frame numbers, at {fps:g} frames a second (Frame Rate changes it).",
            column=name, fps=rate,
        )  # fmt: skip
    unit = unit or _unit(step)
    if unit is None:
        return None
    return values * unit, Note(
        "Time from “{column}”: in {unit}, {fps:.4g} rows a second.",
        column=name, unit=_UNIT_NAMES[unit], fps=1.0 / (step * unit),
    )  # fmt: skip


def _even(steps: np.ndarray) -> bool:
    return len(steps) > 1 and bool(steps.min() > 0 and np.quantile(steps, 0.9) < 2.0 * np.median(steps))


def _unit(step: float) -> float | None:
    """The unit (s) in which a median step of `step` is nearest to a frame of usual video."""
    likely = [unit for unit in _UNITS if _LEAST_STEP <= step * unit <= _LARGEST_STEP]
    return min(likely, key=lambda unit: abs(np.log(step * unit * 30.0)), default=None)


def _moves(time: np.ndarray) -> bool:
    """Does it say when the rows happened, rather than the same in each?"""
    known = time[~np.isnan(time)]
    return len(time) == 1 or (len(known) > 1 and np.ptp(known) > 0)


def _words(name: str) -> set[str]:
    parts = re.findall(r"[A-Z]+(?![a-zµ])|[A-Z]?[a-zµ]+", name[:100])
    words = {part.lower() for part in parts}
    return words | {"".join(part.lower() for part in parts)}


def _unlikely(name: str) -> int:
    words = _words(name)
    if words & {"timecode", "tc"}:
        return 0
    return 1 if words & _TIME_WORDS else 2 if words & _FRAME_WORDS else _OTHER
