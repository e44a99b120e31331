"""A Track: one captured performance. Arrays over time, and the card of the model that made them."""

import io
import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .arrays import Bools, Floats, Times
from .errors import FieldsError
from .files import check_packing, check_unpacked, open_file, write_whole
from .names import GROUPS
from .shown_text import shown_json

FORMAT = 1
# How many numbers a frame's appearance code has (capture/appearance.py).
CODE = 128
# Hours without a face are compressed 210 times, which must stay readable; zeros, as in a zip bomb, 1,000 times.
UNPACKED_FACTOR = 400
# No time, weight, angle or length of a performance comes near it.
LARGEST = 1e9
# What zipfile, zlib, numpy and json raise for damaged or malicious files (encrypted, truncated, nested without end).
UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, TypeError, SyntaxError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError,
)  # fmt: skip


@dataclass(frozen=True)
class Track:
    """One performance.

    `time` (n,) float64: seconds, strictly rising; on the scene's timeline (scene frame 0 is 0 s) if it was captured
    from strips, from the start of the file otherwise. `groups`: a float32 array (n, *shape) for each name in
    `names.GROUPS`; rows without a face are NaN in every group but `confidence`, which is 0 there.
    `card`: the regressor's card. `source`: what was captured, as JSON; for strips also `rate` (scene frames a second)
    and `strips`, a list of `name`, `first` and `last` (scene frames, both included). `code` (n, CODE) float16: how each
    face looks to the encoder, NaN without one; None in recordings of other tools and in tracks of earlier versions.
    """

    time: Times
    groups: dict[str, Floats]
    card: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    code: Floats | None = None

    def __post_init__(self) -> None:
        _check(self.time, self.groups, self.code)

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, group: str) -> Floats:
        return self.groups[group]

    @property
    def found(self) -> Bools:
        """(n,): was there a face?"""
        return np.asarray(~np.isnan(self.groups["expression"]).any(axis=1))

    def with_groups(self, groups: Mapping[str, np.ndarray]) -> "Track":
        """This performance with these groups in place of its own, in single precision."""
        new = {name: np.asarray(values, np.float32) for name, values in groups.items()}
        return replace(self, groups={**self.groups, **new})


def _check(time: Times, groups: dict[str, Floats], code: Floats | None) -> None:
    if time.ndim != 1 or not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        raise FieldsError("This track's times are not a rising list of seconds, so it can't be used. Capture again.")
    for name, shape in GROUPS.items():
        if name not in groups or groups[name].shape != (len(time), *shape):
            raise FieldsError("This track's “{name}” is missing or has the wrong size. Capture again.", name=name)
    if code is not None and code.shape != (len(time), CODE):
        raise FieldsError("This track's “{name}” is missing or has the wrong size. Capture again.", name="code")


def encoder_of(track: Track) -> str:
    """The sha256 of the encoder that a track's codes come from; empty where the track does not say."""
    try:
        return str(track.card["networks"]["encoder"]["sha256"])
    except (KeyError, TypeError):
        return ""


def save(track: Track, path: str | os.PathLike[str]) -> None:
    """Write `track` as .npz, as a whole or not at all. Raises FieldsError when it can't be written."""
    write_whole(Path(path), dumps(track))


def dumps(track: Track) -> bytes:
    """The content of the file that `save` writes."""
    meta = json.dumps({"format": FORMAT, "card": track.card, "source": track.source})
    arrays: dict[str, Floats] = {
        name: np.ascontiguousarray(values, np.float32) for name, values in track.groups.items()
    }
    if track.code is not None:
        arrays["code"] = np.ascontiguousarray(track.code, np.float16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, time=track.time.astype(np.float64), meta=np.array(meta), **arrays)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def load(path: str | os.PathLike[str]) -> Track:
    """Read a Track. Nothing in the file is executed. Raises FieldsError for anything that is not a Track."""
    path = Path(path)
    try:
        if path.is_dir():
            raise FileNotFoundError
        with open_file(path) as file:
            return _unpacked(file, path.name)
    except FileNotFoundError:
        raise FieldsError("There is no track at {path}. Choose another file or capture again.", path=path) from None
    except OSError as error:
        raise FieldsError(
            "{file} can't be read ({why}). Choose another file.", file=path.name, why=error.strerror
        ) from None


def loads(data: bytes, name: str) -> Track:
    """Read a Track from what `dumps` returned. `name`: what errors call it. Raises FieldsError like `load`."""
    return _unpacked(io.BytesIO(data), name)


def _unpacked(file: BinaryIO, name: str) -> Track:
    """The Track in a file.

    Files travel, and a small zip can ask for all of a machine's memory: so the declared type and size of every array
    are checked before any of it is unpacked.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            check_packing(entries)
            unpacked, packed = (sum(getattr(e, size) for e in entries) for size in ("file_size", "compress_size"))
            check_unpacked(name, unpacked, packed, UNPACKED_FACTOR)
            meta = shown_json(str(_read(archive, "meta", "U", ())))
            if not isinstance(meta, dict) or meta.get("format") != FORMAT:
                raise FieldsError(
                    "{file} was written by another version of FIELDS. Capture again with this one.", file=name
                )
            card, source = (dict(meta.get(part) or {}) for part in ("card", "source"))
            time = _read(archive, "time", "f", (None,)).astype(np.float64)
            groups = _read_groups(archive, len(time))
            has_code = "code.npy" in archive.namelist()
            code = _read(archive, "code", "f", (len(time), CODE)).astype(np.float16) if has_code else None
    except UNREADABLE as error:
        raise FieldsError(
            "{file} is not a FIELDS track ({why}). Choose a .npz that FIELDS wrote.", file=name, why=str(error)
        ) from None
    return Track(time, groups, card, source, code)


def _read_groups(archive: zipfile.ZipFile, length: int) -> dict[str, Floats]:
    """The groups of a file with `length` rows, whatever version wrote it."""
    stored = {entry.removesuffix(".npy") for entry in archive.namelist()}
    names = dict(zip(GROUPS, GROUPS, strict=True))
    if "doubt" in stored:  # what earlier versions called it
        names["uncertainty"] = "doubt"
    elif "uncertainty" not in stored:  # the first ones had none
        del names["uncertainty"]
    groups = {
        group: _read(archive, stored_as, "f", (length, *GROUPS[group])).astype(np.float32)
        for group, stored_as in names.items()
    }
    if "uncertainty" not in groups:
        gap = np.isnan(groups["expression"]).any(axis=1)
        groups["uncertainty"] = np.zeros((length, *GROUPS["uncertainty"]), np.float32)
        groups["uncertainty"][gap] = np.nan
    return groups


def _read(archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """One array of the file. ValueError if it is not of dtype kind `kind` and of `shape` (None: any length)."""
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"“{name}” is stored in a way that FIELDS never writes")
        declared, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        length = entry.file_size - file.tell()
        fits = len(declared) == len(shape) and all(
            want in (None, got) for want, got in zip(shape, declared, strict=True)
        )
        if dtype.kind != kind or fortran or not fits or math.prod(declared) * dtype.itemsize != length:
            raise ValueError(f"“{name}” is {dtype} {declared}, which no track holds there")
        array = np.frombuffer(file.read(), dtype).reshape(declared)
    if kind == "f" and (np.abs(array) > min(LARGEST, float(np.finfo(array.dtype).max))).any():
        raise ValueError(f"“{name}” holds numbers that make no sense")
    return array


def empty(time: Times, card: dict[str, Any] | None = None, source: dict[str, Any] | None = None) -> Track:
    """A Track without a face at these times, to be filled."""
    groups = {name: np.full((len(time), *shape), np.nan, dtype=np.float32) for name, shape in GROUPS.items()}
    groups["confidence"][:] = 0.0
    return Track(np.asarray(time, dtype=np.float64), groups, card or {}, source or {})
