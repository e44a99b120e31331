"""Files read within a size limit, and written as a whole or not at all."""

import contextlib
import itertools
import os
import secrets
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import FieldsError

UNPACKED_BYTES, UNPACKED_FACTOR, LARGEST_UNPACKED = 64_000_000, 50, 1_000_000_000


def check_writable(path: Path) -> None:
    """Raises FieldsError when `path` can't be written. Leaves nothing behind.

    To be called before long work, so that the artist hears of it then and not afterwards.
    """
    made = []
    try:
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        path.exists()  # raises for a name that is too long
        with _part(path) as (part, _):
            part.unlink()
    except OSError as error:
        raise FieldsError(
            "{path} can't be written ({why}). Choose another file or folder.", path=path, why=error.strerror
        ) from None
    finally:
        for folder in made:  # the innermost first
            with contextlib.suppress(OSError):
                folder.rmdir()


def check_unpacked(name: str, unpacked: int, packed: int, factor: int = UNPACKED_FACTOR) -> None:
    """Raises FieldsError for a compressed file that would unpack to far more than its size, as a zip bomb does.

    `unpacked`, `packed`: bytes. Up to UNPACKED_BYTES any factor is allowed.
    """
    if unpacked > max(UNPACKED_BYTES, factor * packed) or unpacked > LARGEST_UNPACKED:
        raise FieldsError(
            "{file} would unpack to {size:.1f} GB, more than such a file holds. Not opened.",
            file=name,
            size=unpacked / 1e9,
        )


def check_packing(entries: Iterable[zipfile.ZipInfo]) -> None:
    """ValueError for files in a zip that are packed in a way that numpy never packs them."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise ValueError("it is packed in a way that numpy never packs")


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a file beside `path` and, once it is on the disk, give it that name. Makes missing folders.

    A file that is there already is replaced, and its permissions are kept. Raises FieldsError when the disk is full,
    read-only or the like; a file that was at `path` before is then unharmed.
    """
    with _told(path), _written(path, data) as part:
        with contextlib.suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)


def write_new(path: Path, data: bytes) -> Path:
    """Like `write_whole`, but never over a file that is there: returns the path it has now, numbered if need be."""
    with _told(path), _written(path, data) as part:
        for number in itertools.count():
            free = path.with_name(f"{path.stem}.{number:03d}{path.suffix}") if number else path
            if _renamed(part, free):
                return free
    raise AssertionError("there is always another number")


def open_file(path: Path) -> BinaryIO:
    """Open an ordinary file to read it; OSError for all else, which could block or be a device."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "it is not a file")
    return path.open("rb")


def read_bytes(path: Path, largest: int) -> bytes:
    """The content of a file of at most `largest` bytes. Raises FieldsError when it can't be read or is larger."""
    try:
        if not path.is_file() and path.exists():
            raise FieldsError("{file} is not a file. Choose a file.", file=path.name)
        size = path.stat().st_size
        data = path.read_bytes() if size <= largest else b""
    except FileNotFoundError:
        raise FieldsError("There is no file {path}. Check the path.", path=path) from None
    except (OSError, ValueError) as error:
        raise FieldsError("{file} can't be read ({why}). Check the file.", file=path.name, why=str(error)) from None
    if size > largest:
        raise FieldsError(
            "{file} is larger than {size} MB, too much for a recording. Cut it.",
            file=path.name,
            size=largest // 1_000_000,
        )
    return data


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FieldsError(
            "{path} can't be written ({why}). Choose another folder or free some space.",
            path=path,
            why=error.strerror,
        ) from None


@contextlib.contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside `path` with that content, on the disk; deleted at the end, unless it was renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path) as (part, file):
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield part
    _sync_folder(path.parent)


@contextlib.contextmanager
def _part(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `path`, under a name that nobody can have planted a link at."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    file = part.open("xb")
    try:
        yield part, file
    finally:
        file.close()
        part.unlink(missing_ok=True)


def _renamed(part: Path, path: Path) -> bool:
    """Give a file another name, unless there is one of that name."""
    try:
        if os.name == "nt":
            part.rename(path)
        else:
            os.link(part, path, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError:  # a disk without links
        try:
            path.open("xb").close()
        except FileExistsError:
            return False
        part.replace(path)
    return True


def _sync_folder(folder: Path) -> None:
    """Have the disk remember a new name. (Windows can't be asked to.)"""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
