"""What a capture has found, on disk as it goes, so that it can be finished after a crash or a loss of power.

A file that only grows: MAGIC, a header as JSON that says what is captured and how, then a record for each frame. Header
and records are preceded by their length and checksum, so whatever was cut off or damaged ends what can be read.
"""

import contextlib
import io
import json
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FieldsError, Note
from ..core.locks import hold

MAGIC = b"FIELDSJ1"
FORMAT = 1
SYNC_EVERY = 2.0  # s after which what was found since is made to reach the disk
LARGEST_HEADER = 64_000_000  # bytes; it names each picture of an image sequence
LARGEST_RECORD = 1_000_000
_PREFIX = struct.Struct("<II")  # length and crc32 of what follows
_FRAME = struct.Struct("<dfi")  # time (s), score, shot; then with a face _POSE numbers and the features, all float32
_POSE = 6


@dataclass(frozen=True)
class Keep:
    """Where a capture keeps what it finds as it goes. Whoever wants the file no more deletes it.

    `about`: what whoever finds the file wants to know, as JSON can hold it. `resume`: go on with what is there.
    """

    path: Path
    about: dict[str, Any] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True)
class Seen:
    """A frame. `score`: of its face, 0 without one; `shot`: number of cuts before it; `pose` (6,): rotation and
    translation of the head, where there is a face."""

    time: float
    score: float
    shot: int
    pose: Floats | None


class Journal:
    """The features of all faces, and the frames they were in. Frames whose features are to come wait for them."""

    def __init__(self, file: BinaryIO, notes: list[str], path: Path | None = None) -> None:
        self.header: dict[str, Any] = {}
        self.seen: list[Seen] = []
        self._file, self._notes, self._path = file, notes, path
        self._size = file.seek(0, 2)
        self._rows: list[tuple[int, int]] = []  # where in the file the features of each face are: offset, bytes
        self._waiting: list[Seen] = []
        self._synced = time.monotonic()
        self._in_memory = False

    def begin(self, header: dict[str, Any]) -> None:
        self.header = {"format": FORMAT, **header}
        data = json.dumps(self.header).encode()
        self._append(MAGIC + _PREFIX.pack(len(data), zlib.crc32(data)) + data)
        self.sync()

    def frame(self, seen: Seen) -> None:
        """The next frame. With a face, `append` must bring its features."""
        self.seen.append(seen)
        self._waiting.append(seen)

    def append(self, rows: Floats) -> None:
        """Features (n, features) float32 of the next n faces."""
        rest, records = list(rows), []
        while self._waiting and (rest or self._waiting[0].pose is None):
            seen = self._waiting.pop(0)
            data = _FRAME.pack(seen.time, seen.score, seen.shot)
            if seen.pose is not None:
                features = rest.pop(0)
                data += np.asarray(seen.pose, "<f4").tobytes() + np.asarray(features, "<f4").tobytes()
            records.append(data)
        for data in records:
            if len(data) > _FRAME.size:
                where = _PREFIX.size + _FRAME.size + 4 * _POSE
                self._rows.append((self._size + where, len(data) + _PREFIX.size - where))
            self._append(_PREFIX.pack(len(data), zlib.crc32(data)) + data)

    def rows(self, first: int, last: int) -> Floats:
        """The features (last - first, features) of the faces from `first` to before `last`."""
        found = []
        for at, size in self._rows[first:last]:
            self._file.seek(at)
            found.append(np.frombuffer(self._file.read(size), "<f4"))
        return np.stack(found) if found else np.empty((0, 0), np.float32)

    @property
    def due(self) -> bool:
        """Is it time to `sync`?"""
        return self._path is not None and time.monotonic() - self._synced >= SYNC_EVERY

    def sync(self) -> None:
        """See to it that what is known reaches the disk."""
        self.append(np.empty((0, 0), np.float32))  # frames without a face at the end
        self._synced = time.monotonic()
        if self._path is not None:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._move_to_memory(error)

    def close(self) -> None:
        """Deletes a file in which no frame is."""
        self.sync()
        if self._path is not None and not self.seen:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def read(self) -> None:
        """Take over what the file holds. Raises FieldsError when it is no journal."""
        self.header, self._size = _header(self._file)
        features = self.header.get("features")
        for at, data in _records(self._file, self._size, features if isinstance(features, int) else 0):
            seen = _seen(data)
            self.seen.append(seen)
            if seen.pose is not None:
                skipped = _FRAME.size + 4 * _POSE
                self._rows.append((at + skipped, len(data) - skipped))
            self._size = at + len(data)

    def cut_off(self) -> None:
        """Delete what follows the last whole record, so that more can be appended."""
        self._file.truncate(self._size)

    def _append(self, data: bytes) -> None:
        try:
            self._write(data)
        except OSError as error:
            if self._in_memory:
                raise
            self._move_to_memory(error)
            self._write(data)
        self._size += len(data)

    def _write(self, data: bytes) -> None:
        self._file.seek(self._size)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]

    def _move_to_memory(self, error: OSError) -> None:
        """The disk is full, or gone: go on without it."""
        self._file.seek(0)
        memory = io.BytesIO(self._file.read(self._size))
        self._file.close()
        self._file, self._path, self._in_memory = memory, None, True
        self._notes.append(
            Note(
                "The disk could not take what was captured ({why}), so it was kept in memory until the end. Make room "
                "on that disk.",
                why=error.strerror or str(error),
            )
        )


@contextlib.contextmanager
def opened(keep: Keep | None, header: dict[str, Any], notes: list[str]) -> Generator[Journal]:
    """The journal of a capture. Without `keep` it is a temporary file; where no file can be made, it is in memory.

    `header`: says what is captured and how. Raises FieldsError when there is one that is not to be resumed, or that is
    of something else.
    """
    header = json.loads(json.dumps(header))
    journal = _resumed(keep, header, notes) if keep is not None and keep.resume and keep.path.exists() else None
    if journal is None:
        journal = _new(keep, notes)
        journal.begin({**header, "about": keep.about if keep else {}})
    try:
        yield journal
    finally:
        journal.close()


@contextlib.contextmanager
def reopened(path: Path, notes: list[str]) -> Generator[Journal]:
    """What was captured until it ended. Raises FieldsError when it can't be read."""
    with _open(path) as file:
        journal = Journal(file, notes)
        journal.read()
        yield journal


def summary(path: Path) -> tuple[dict[str, Any], int]:
    """The `about` of a journal that nobody is using, and how many frames it has. Raises FieldsError as `reopened`."""
    with _open(path) as file:
        if not hold(file):
            raise FieldsError("{file} is of a capture that is still running.", file=path.name)
        header, at = _header(file)
        about = header.get("about")
        return (about if isinstance(about, dict) else {}), _count(file, at)


def _new(keep: Keep | None, notes: list[str]) -> Journal:
    if keep is None:
        try:
            return Journal(tempfile.TemporaryFile(buffering=0), notes)
        except OSError:
            return Journal(io.BytesIO(), notes)
    try:
        keep.path.parent.mkdir(parents=True, exist_ok=True)
        file = keep.path.open("x+b", buffering=0)  # never over another's, and not where a planted link leads
    except OSError as error:
        if keep.path.is_file():
            raise FieldsError(
                "{path} holds an interrupted capture. Add --resume to go on with it, or delete the file to start over.",
                path=keep.path,
            ) from None
        notes.append(
            Note(
                "{path} can't be written ({why}), so a capture that is cut off can't be recovered.",
                path=keep.path,
                why=error.strerror,
            )
        )
        return _new(None, notes)
    hold(file)
    return Journal(file, notes, keep.path)


def _resumed(keep: Keep, header: dict[str, Any], notes: list[str]) -> Journal:
    """The journal that is there, to go on with."""
    file = _open(keep.path, "r+b")
    try:
        if not hold(file):
            raise FieldsError("{file} is of a capture that is still running.", file=keep.path.name)
        journal = Journal(file, notes, keep.path)
        journal.read()
        if differing := [name for name in header if journal.header.get(name) != header[name]]:
            raise FieldsError(
                "{path} is an interrupted capture of something else ({names} differ). Delete the file to start over.",
                path=keep.path,
                names=", ".join(differing),
            )
        journal.cut_off()
    except BaseException:
        file.close()
        raise
    return journal


def _open(path: Path, mode: str = "rb") -> Any:
    try:
        return path.open(mode, buffering=0)
    except OSError as error:
        raise FieldsError("{path} can't be read ({why}). Check the file.", path=path, why=error.strerror) from None


def _header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header, and the offset at which the records begin. Raises FieldsError when there is none."""
    file.seek(0)
    try:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it is something else")
        data = _record(file, len(MAGIC), LARGEST_HEADER)
        header = json.loads(data or b"null")
        if data is None or not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError("it is of another version, or its beginning is damaged")
    except (ValueError, RecursionError) as error:
        raise FieldsError("This is no interrupted capture ({why}).", why=str(error)) from None
    return header, len(MAGIC) + _PREFIX.size + len(data)


def _records(file: BinaryIO, at: int, features: int) -> Iterator[tuple[int, bytes]]:
    """(offset, content) of each record up to the last whole one. `features`: how many a face has."""
    sizes = (_FRAME.size, _FRAME.size + 4 * (_POSE + features))
    while (data := _record(file, at, LARGEST_RECORD)) is not None and len(data) in sizes:
        yield at + _PREFIX.size, data
        at += _PREFIX.size + len(data)


def _record(file: BinaryIO, at: int, largest: int) -> bytes | None:
    """What stands at an offset; None if it is not whole."""
    file.seek(at)
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        return None
    length, crc = _PREFIX.unpack(prefix)
    data = file.read(length) if length <= largest else b""
    return data if len(data) == length and zlib.crc32(data) == crc else None


def _count(file: BinaryIO, at: int) -> int:
    """How many frames there are from an offset on, by their lengths alone, which is quick."""
    count, size = 0, file.seek(0, 2)
    while at + _PREFIX.size <= size:
        file.seek(at)
        at += _PREFIX.size + _PREFIX.unpack(file.read(_PREFIX.size))[0]
        count += at <= size
    return count


def _seen(data: bytes) -> Seen:
    when, score, shot = _FRAME.unpack_from(data)
    pose = np.frombuffer(data, "<f4", _POSE, _FRAME.size) if len(data) > _FRAME.size else None
    return Seen(when, score, shot, pose)
