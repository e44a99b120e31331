"""Reads .npy and .npz files of other tools. Nothing in them is executed, and sizes are checked first."""

import math
import os
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

import numpy as np

from .errors import FieldsError
from .files import check_packing, check_unpacked, open_file
from .track import UNREADABLE

MAX_BYTES = 1_000_000_000


def load(path: Path, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz by name (only those in `wanted`, if given), or the one of an .npy by the file's stem.

    Leaves out arrays of Python objects. Raises FieldsError when the file is neither, is damaged or is too large.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FieldsError("{file} is not a file. Choose a file.", file=path.name)
        if size > MAX_BYTES:
            raise FieldsError("{file} has {size:.1f} GB, too much to be read. Cut it.", file=path.name, size=size / 1e9)
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                array = _array(file, size)
                return {} if array is None else {path.stem: array}
        with zipfile.ZipFile(path) as archive:
            return _arrays(archive, size, wanted, path.name)
    except FileNotFoundError:
        raise FieldsError("There is no file {path}. Check the path.", path=path) from None
    except UNREADABLE as error:
        raise FieldsError(
            "{file} can't be read as numpy arrays ({why}). Save it again.", file=path.name, why=str(error)[:120]
        ) from None


def names(path: Path) -> list[str]:
    """What the arrays of an .npz are called, in its order; the file's stem for an .npy. Raises FieldsError."""
    if not is_npz(path):
        return [path.stem]
    try:
        with zipfile.ZipFile(path) as archive:
            return [entry.filename.removesuffix(".npy") for entry in archive.infolist()]
    except UNREADABLE as error:
        raise FieldsError(
            "{file} can't be read as numpy arrays ({why}). Save it again.", file=path.name, why=str(error)[:120]
        ) from None


def _arrays(archive: zipfile.ZipFile, size: int, wanted: Collection[str] | None, name: str) -> dict[str, np.ndarray]:
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    chosen = {key: entry for key, entry in entries.items() if wanted is None or key in wanted}
    check_packing(chosen.values())
    check_unpacked(name, sum(entry.file_size for entry in chosen.values()), size)
    found = {}
    for key, entry in chosen.items():
        with archive.open(entry) as file:
            array = _array(file, entry.file_size)
        if array is not None:
            found[key] = array
    return found


def _array(file: IO[bytes], size: int) -> np.ndarray | None:
    """The array of an .npy of `size` bytes; None if it holds Python objects or records. ValueError if damaged."""
    if np.lib.format.read_magic(file) != (1, 0):  # later versions allow headers of gigabytes, which numbers never need
        raise ValueError("a version of .npy that plain numbers never need")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "fiubSU" or dtype.itemsize == 0:
        return None
    length = size - file.tell()
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != length:
        raise ValueError(f"an array of {str(dtype)[:20]} {str(shape)[:60]} in {length} bytes")
    data = file.read(length)
    if len(data) != length:
        raise ValueError("cut short")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def is_npz(path: str | os.PathLike[str]) -> bool:
    """Does the file start like a zip?"""
    try:
        with open_file(Path(path)) as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
