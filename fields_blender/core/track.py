"""A Track: one performance, frozen. Arrays over time and the card of the model that made it."""

import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .errors import FieldsError
from .files import write_whole
from .names import GROUPS

FORMAT = 1
# A Track takes about 0.5 KB a frame; ten hours at 60 fps stay far below this. A file that unpacks to more is refused.
MAX_BYTES = 2_000_000_000
# No second, weight, angle or length of a performance comes near it.
LARGEST = 1e9
# What zipfile, zlib, numpy and json raise at files made badly or on purpose (encrypted, truncated, nested without end).
UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, TypeError, SyntaxError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Track:
    """One performance.

    `time` (n,) float64: seconds, strictly rising; on the scene's timeline (scene frame 0 is 0 s) when it was captured
    from strips, from the start of the file otherwise. `groups`: one float32 array (n, *shape) for each name in
    `names.GROUPS`; rows without a face are NaN in every group but `confidence`, which is 0 there.
    `card`: the regressor's card. `source`: what was captured, in words and numbers that JSON can hold.
    """

    time: np.ndarray
    groups: dict[str, np.ndarray]
    card: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self.time, self.groups)

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, group: str) -> np.ndarray:
        return self.groups[group]

    @property
    def found(self) -> np.ndarray:
        """(n,) bool: was there a face?"""
        return np.asarray(~np.isnan(self.groups["expression"]).any(axis=1))

    def with_groups(self, groups: Mapping[str, np.ndarray]) -> "Track":
        """This performance with these groups in place of its own, in single precision."""
        new = {name: np.asarray(values, np.float32) for name, values in groups.items()}
        return Track(self.time, {**self.groups, **new}, self.card, self.source)


def _check(time: np.ndarray, groups: dict[str, np.ndarray]) -> None:
    if time.ndim != 1 or not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        raise FieldsError("This track's times are not a rising list of seconds, so it can't be used. Capture again.")
    for name, shape in GROUPS.items():
        if name not in groups or groups[name].shape != (len(time), *shape):
            raise FieldsError(f"This track's “{name}” is missing or has the wrong size. Capture again.")


def save(track: Track, path: str | os.PathLike[str]) -> None:
    """Write `track` as npz. The file appears whole or not at all; FieldsError when it can't be written."""
    write_whole(Path(path), dumps(track))


def dumps(track: Track) -> bytes:
    """The same bytes as `save` writes."""
    meta = json.dumps({"format": FORMAT, "card": track.card, "source": track.source})
    arrays = {name: np.ascontiguousarray(values, np.float32) for name, values in track.groups.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, time=track.time.astype(np.float64), meta=np.array(meta), **arrays)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def load(path: str | os.PathLike[str]) -> Track:
    """Read a Track. Nothing in the file is executed; raises FieldsError on anything that is not a Track."""
    path = Path(path)
    try:
        if path.is_dir():
            raise FileNotFoundError
        with path.open("rb") as file:
            return _unpacked(file, path.name)
    except FileNotFoundError:
        raise FieldsError(f"There is no track at {path}. Choose another file or capture again.") from None
    except OSError as error:
        raise FieldsError(f"{path.name} can't be read ({error.strerror}). Choose another file.") from None


def loads(data: bytes, name: str) -> Track:
    """Read a Track from what `dumps` gave; `name` is what errors call it. Raises FieldsError as `load` does."""
    return _unpacked(io.BytesIO(data), name)


def _unpacked(file: BinaryIO, name: str) -> Track:
    """Every array's declared type and size is checked before a byte of it is unpacked, because files travel and a
    small zip can ask for all of a machine's memory.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > MAX_BYTES:
                raise FieldsError(f"{name} would unpack to {size / 1e9:.1f} GB, too much for a track. Not opened.")
            meta = json.loads(str(_read(archive, "meta", "U", ())))
            if not isinstance(meta, dict) or meta.get("format") != FORMAT:
                raise FieldsError(f"{name} was written by another version of FIELDS. Capture again with this one.")
            card, source = (dict(meta.get(part) or {}) for part in ("card", "source"))
            time = _read(archive, "time", "f", (None,)).astype(np.float64)
            stored = {entry.removesuffix(".npy") for entry in archive.namelist()}
            names = {"uncertainty": "doubt"} if "doubt" in stored else {}  # what earlier versions called it
            groups = {
                group: _read(archive, names.get(group, group), "f", (len(time), *shape)).astype(np.float32)
                for group, shape in GROUPS.items()
                if group != "uncertainty" or names.get(group, group) in stored
            }
            if "uncertainty" not in groups:  # written before there was one
                gap = np.isnan(groups["expression"]).any(axis=1, keepdims=True)
                groups["uncertainty"] = np.where(gap, np.nan, np.zeros((len(time), *GROUPS["uncertainty"]))).astype(
                    np.float32
                )
    except UNREADABLE as error:
        raise FieldsError(f"{name} is not a FIELDS track ({error}). Choose a .npz that FIELDS wrote.") from None
    return Track(time, groups, card, source)


def _read(archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """One array of the file, if it declares dtype kind `kind` and `shape` (None: any length); else ValueError."""
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"“{name}” is stored in a way FIELDS never writes")
        declared, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        length = entry.file_size - file.tell()
        fits = len(declared) == len(shape) and all(
            want in (None, got) for want, got in zip(shape, declared, strict=True)
        )
        if dtype.kind != kind or fortran or not fits or math.prod(declared) * dtype.itemsize != length:
            raise ValueError(f"“{name}” is {dtype} {declared}, which is not what a track holds there")
        array = np.frombuffer(file.read(), dtype).reshape(declared)
    if kind == "f" and (np.abs(array) > LARGEST).any():
        raise ValueError(f"“{name}” holds numbers without sense")
    return array


def empty(time: np.ndarray, card: dict[str, Any] | None = None, source: dict[str, Any] | None = None) -> Track:
    """A Track of gaps at these times, to be filled."""
    groups = {name: np.full((len(time), *shape), np.nan, dtype=np.float32) for name, shape in GROUPS.items()}
    groups["confidence"][:] = 0.0
    return Track(np.asarray(time, dtype=np.float64), groups, card or {}, source or {})
