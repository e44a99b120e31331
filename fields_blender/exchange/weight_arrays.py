"""ARKit weights in an npz or a pickle: an array for each name, or one array of all and one of the names."""

from pathlib import Path

import numpy as np

from ..core.errors import Note
from ..core.track import Track
from . import face_table
from .arkit_names import MIN_NAMES, arkit_index
from .face_table import Layout, Reading
from .flame_files import Arrays, load
from .flame_names import group_of
from .notes import listed

_MATRICES = ("weights", "blendshapes", "blendshape", "values", "arkit", "data", "coeffs", "scores", "facs")
_NAMES = ("names", "channels", "labels", "columns", "keys", "blendshapenames", "facsnames")
_HEAD = ("headyaw", "headpitch", "headroll", "yaw", "pitch", "roll")


def read(path: Path, reading: Reading, notes: list[Note]) -> Track | None:
    """The performance in a file of arrays that are named after ARKit's weights; None where they are something else."""
    recording = load(path, _is_wanted)
    header, columns, used = _columns(recording.arrays)
    if not header:
        return None
    rates = [array for name, array in recording.arrays.items() if group_of(name) == "fps" and array.size]
    count = len(columns[0])
    time = None
    if rates and float(rates[0].ravel()[0]) > 0.0 and not reading.fps:
        fps = float(rates[0].ravel()[0])
        time = np.arange(count) / fps
        notes.append(Note("The file says that it has {fps:g} frames a second.", fps=fps))
    rows = [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    source = {"name": path.stem, "imported": "ARKit arrays", "file": path.name}
    made = face_table.read(header, rows, path.name, source, reading, notes, Layout(time=time))
    unused = [name for name in (*recording.arrays, *recording.unread) if name not in used and group_of(name) != "fps"]
    if unused:
        notes.append(Note("Not used: {names}.", names=listed(dict.fromkeys(unused))))
    return made


def _is_wanted(name: str) -> bool:
    plain = "".join(letter for letter in name.lower() if letter.isalpha())
    known = plain in (*_MATRICES, *_NAMES, *_HEAD) or group_of(name) in ("time", "number", "fps")
    return known or arkit_index(name) is not None


def _columns(arrays: Arrays) -> tuple[list[str], list[np.ndarray], set[str]]:
    """The header, the columns (n,) and the names of the arrays that hold them; nothing where there are no weights."""
    single = {name: array.ravel() for name, array in arrays.items() if array.dtype.kind in "fiu" and array.ndim > 0}
    named = [name for name in single if arkit_index(name) is not None]
    if len(named) >= MIN_NAMES:
        count = len(single[named[0]])
        same = [name for name in single if len(single[name]) == count]
        return same, [single[name] for name in same], set(same)
    for name, array in arrays.items():
        listed_names = [str(each)[:100] for each in array.ravel()] if array.dtype.kind in "US" else []
        if sum(arkit_index(each) is not None for each in listed_names) < MIN_NAMES:
            continue
        for other, matrix in arrays.items():
            if matrix.dtype.kind in "fiu" and matrix.ndim == 2 and matrix.shape[1] == len(listed_names):
                times = [each for each in single if group_of(each) == "time" and len(single[each]) == len(matrix)]
                header = [*times, *listed_names]
                return header, [*(single[each] for each in times), *matrix.T], {name, other, *times}
    return [], [], set()
