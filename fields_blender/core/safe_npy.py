"""Arrays out of .npy and .npz files of other tools. Nothing in them is executed, and none is larger than it may be."""

import math
import os
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

import numpy as np

from .errors import FieldsError
from .track import UNREADABLE

MAX_BYTES = 1_000_000_000
# What unpacks to this much is let be; beyond it, only as much more than its packed size as real numbers ever do.
UNPACKS_TO, UNPACKS_BY = 64_000_000, 50


def load(path: Path, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz by name, those called `wanted` only; of an .npy its one array by the file's own name.

    Arrays of Python objects are left out. Raises FieldsError where the file is neither, is damaged, or would take more
    memory than it deserves.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FieldsError(f"{path.name} is not a file. Choose a file.")
        if size > MAX_BYTES:
            raise FieldsError(f"{path.name} has {size / 1e9:.1f} GB, too much to be read. Cut it.")
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                array = _array(file, size)
                return {} if array is None else {path.stem: array}
        with zipfile.ZipFile(path) as archive:
            return _arrays(archive, size, wanted, path.name)
    except FileNotFoundError:
        raise FieldsError(f"There is no file {path}. Check the path.") from None
    except UNREADABLE as error:
        raise FieldsError(f"{path.name} can't be read as numpy arrays ({str(error)[:120]}). Save it again.") from None


def _arrays(archive: zipfile.ZipFile, size: int, wanted: Collection[str] | None, name: str) -> dict[str, np.ndarray]:
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    chosen = {key: entry for key, entry in entries.items() if wanted is None or key in wanted}
    unpacked = sum(entry.file_size for entry in chosen.values())
    if unpacked > max(UNPACKS_TO, UNPACKS_BY * size) or unpacked > MAX_BYTES:
        raise FieldsError(f"{name} would unpack to {unpacked / 1e9:.1f} GB, more than such a file holds. Not opened.")
    found = {}
    for key, entry in chosen.items():
        with archive.open(entry) as file:
            array = _array(file, entry.file_size)
        if array is not None:
            found[key] = array
    return found


def _array(file: IO[bytes], size: int) -> np.ndarray | None:
    """The array of an .npy of `size` bytes; None where it holds Python objects or records. ValueError if damaged."""
    if np.lib.format.read_magic(file) != (1, 0):  # others allow headers of gigabytes, and numbers never need them
        raise ValueError("a kind of .npy that plain numbers never need")
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
    """Does the file begin as a zip does?"""
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
