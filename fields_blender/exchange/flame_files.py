"""The arrays of a FLAME recording: one file, a file for each parameter, or a file or folder for each frame."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import safe_npy, safe_pickle
from ..core.errors import FieldsError, Note
from ..core.files import read_bytes
from . import numbered
from .flame_names import group_of, table
from .notes import listed

PICKLES = (".pkl", ".pickle")
FILES = (".npz", ".npy", *PICKLES)
MAX_FRAMES = 500_000
MAX_PICKLE = 200_000_000

_MOTION = "motion"  # a name that flame_names knows

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Recording:
    """`arrays` by the names in the file, with a row for each frame. `unread`: the names of what is no array of numbers.
    `numbers`: of the frames, where their files are numbered.
    """

    arrays: Arrays
    unread: tuple[str, ...] = ()
    numbers: np.ndarray | None = None


def read(path: Path, face: int, notes: list[Note]) -> Recording:
    """What is recorded in a file or folder. Files beside a file are read only where they are its other frames or its
    other parameters, and `notes` say so. `face`: which one, where there are several. Raises FieldsError.
    """
    try:
        if path.is_dir():
            return _folder(path, face, notes)
        if path.suffix.lower() == ".npy":
            return _npy(path, face, notes)
        made = _file(path)
        if _one_frame(made.arrays) and (frames := _frames_beside(path, path.parent)):
            return _numbered(frames, _frame, face, notes, path, made.unread)
        return made
    except OSError as error:
        raise FieldsError(
            "{folder} can't be read ({why}). Check the folder.", folder=path, why=error.strerror
        ) from None


def load(path: Path, wanted: Callable[[str], object]) -> Recording:
    """The arrays of an npz or a pickle whose names are `wanted`; of a pickle all. Raises FieldsError."""
    if path.suffix.lower() in PICKLES:
        return _pickle(path)
    names = safe_npy.names(path)
    arrays = safe_npy.load(path, [name for name in names if wanted(name)])
    return Recording(arrays, tuple(name for name in names if name not in arrays))


def _file(path: Path) -> Recording:
    return load(path, group_of)


def _frame(path: Path) -> Arrays:
    """The arrays of a file; the one of an npy, whose name says nothing, is all that moves."""
    if path.suffix.lower() != ".npy":
        return _file(path).arrays
    array = next(iter(safe_npy.load(path).values()), None)
    if array is None or array.dtype.kind not in "fiu":
        raise FieldsError("{file} holds no numbers. Choose another file.", file=path.name)
    return {_MOTION: array}


def _pickle(path: Path) -> Recording:
    try:
        content = safe_pickle.loads(read_bytes(path, MAX_PICKLE), None, path.name)
    except FieldsError as error:
        why = error.values.get("why")
        if why is None:
            raise
        raise FieldsError(
            "{file} can't be read ({why}). Save its arrays as npz.", file=path.name, why=str(why)
        ) from None
    arrays = {}
    for name, value in content.items():
        plain = isinstance(value, int | float | str | np.ndarray) or (isinstance(value, list) and _are_plain(value))
        array = np.asarray(value) if plain else None
        if array is not None and array.dtype.kind in "fiubSU":
            arrays[name] = array
    return Recording(arrays, tuple(name for name in content if name not in arrays))


def _are_plain(values: list) -> bool:
    return all(isinstance(value, str) for value in values) or all(isinstance(value, int | float) for value in values)


def _npy(path: Path, face: int, notes: list[Note]) -> Recording:
    """An npy holds one parameter, all numbers of each frame, or one frame of either."""
    before, name = _parameter(path.stem)
    if name is None:
        array = _frame(path)[_MOTION]
        frames = _frames_beside(path, path.parent) if len(table(array, False)) == 1 else []
        if frames:
            return _numbered(frames, _frame, face, notes, path)
        return Recording({_MOTION: array})
    arrays, unread = _npys(path.parent, before)
    if _one_frame(arrays) and (frames := _frames_beside(path.parent, path.parent.parent)):
        return _numbered(frames, lambda folder: _npys(folder, before)[0], face, notes, path.parent, unread)
    others = [other for other in arrays if other != name]
    if others:
        notes.append(Note("Read with the parameters beside it: {names}.", names=", ".join(others)))
    return Recording(arrays, unread)


def _parameter(stem: str) -> tuple[str, str | None]:
    """What is in front of the name of a parameter, and the name: ("take1_", "exp") of take1_exp."""
    if group_of(stem):
        return "", stem
    match = re.fullmatch(r"(.*[_\-. ])([A-Za-z]+(?:_[A-Za-z]+)?)", stem)
    while match:
        if group_of(match[2]):
            return match[1], match[2]
        match = re.fullmatch(r"(.*[_\-. ])([A-Za-z]+)", stem) if "_" in match[2] else None
    return "", None


def _npys(folder: Path, before: str = "") -> tuple[Arrays, tuple[str, ...]]:
    """The parameters in a folder whose files begin with `before`, and what else has that beginning."""
    arrays, unread = {}, []
    for file in sorted(folder.glob("*.npy")):
        if not file.stem.startswith(before):
            continue
        name = file.stem[len(before) :]
        for array in safe_npy.load(file).values() if group_of(name) else ():
            arrays[name] = array
        unread += [] if name in arrays else [name]
    return arrays, tuple(unread) if arrays else ()


def _folder(folder: Path, face: int, notes: list[Note]) -> Recording:
    arrays, unread = _npys(folder)
    if any(group_of(name) == "expression" for name in arrays):
        if _one_frame(arrays) and (frames := _frames_beside(folder, folder.parent)):
            return _numbered(frames, lambda path: _npys(path)[0], face, notes, folder, unread)
        return Recording(arrays, unread)
    children = sorted(folder.iterdir())
    folders = [child for child in children if child.is_dir() and not child.name.startswith(".")]
    if folders:
        inside = next((_npys(child)[1] for child in folders), ())
        return _numbered(_most_alike(folders, notes), lambda path: _npys(path)[0], face, notes, None, inside)
    for suffix in (".npz", *PICKLES, ".npy"):
        files = [child for child in children if child.suffix.lower() == suffix]
        if len(files) == 1:
            return read(files[0], face, notes)
        if files:
            frames = _most_alike(files, notes)
            if not _one_frame(_frame(frames[0])):
                raise FieldsError("{folder} holds several recordings. Choose one of its files.", folder=folder.name)
            first = _file(frames[0]).unread if suffix != ".npy" else ()
            return _numbered(frames, _frame, face, notes, None, first)
    return Recording({})


def _most_alike(paths: list[Path], notes: list[Note]) -> list[Path]:
    """The largest set of paths whose names differ in numbers alone; `notes` name the others."""
    best = max((numbered.alike(path, paths) for path in paths[:50]), key=len)
    others = [path.name for path in paths if path not in set(best)]
    if others:
        notes.append(Note("Not read, though in the folder: {names}.", names=listed(others)))
    return best


def _frames_beside(path: Path, folder: Path) -> list[Path]:
    """`path` and the paths beside it that are numbered like it, if there are any."""
    if not any(map(str.isdecimal, path.name)):
        return []
    kind = Path.is_dir if path.is_dir() else Path.is_file
    found = [other for other in numbered.alike(path, list(folder.iterdir())) if kind(other)]
    return found if len(found) > 1 else []


def _numbered(
    paths: list[Path],
    load: Callable[[Path], Arrays],
    face: int,
    notes: list[Note],
    chosen: Path | None,
    unread: tuple[str, ...] = (),
) -> Recording:
    """The frames that `load` reads from these paths. `chosen`: the one that the artist chose, of which this is told."""
    if len(paths) > MAX_FRAMES:
        raise FieldsError(
            "{folder} holds more than {largest:,} frames. Choose a part of them.",
            folder=paths[0].parent,
            largest=MAX_FRAMES,
        )
    frames = numbered.sequence(paths, face)
    if frames.faces > 1:
        notes.append(
            Note(
                "{count} faces in this recording: read is face {face} (Face chooses another).",
                count=frames.faces,
                face=min(face, frames.faces),
            )
        )
    if chosen is not None:
        count = len(frames.paths)
        notes.append(Note("“{file}” is one of {count} numbered frames: all were read.", file=chosen.name, count=count))
    return Recording(_stacked([load(path) for path in frames.paths]), unread, np.array(frames.numbers, float))


def _one_frame(arrays: Arrays) -> bool:
    expression = next((array for name, array in arrays.items() if group_of(name) in ("expression", "all")), None)
    return expression is not None and expression.dtype.kind in "fiu" and len(table(expression, False)) == 1


def _stacked(rows: list[Arrays]) -> Arrays:
    """One row a frame; frames without an expression (no face was found there) become rows of NaN."""
    shown = [row for row in rows if any(group_of(name) in ("expression", "all") for name in row)]
    if not shown:
        return {}
    result = {}
    for name, first in shown[0].items():
        if first.dtype.kind not in "fiu" or group_of(name) in ("number", "time", "gap_time", "fps"):
            continue
        made = np.full((len(rows), first.size), np.nan)
        for target, row in zip(made, rows, strict=True):
            if name in row and row[name].size == first.size and row[name].dtype.kind in "fiu":
                target[:] = row[name].ravel()
        result[name] = made
    return result
