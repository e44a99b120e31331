"""Files read within a size limit, and written as a whole or not at all."""

import contextlib
from pathlib import Path

from .errors import FieldsError

UNPACKED_BYTES, UNPACKED_FACTOR, LARGEST_UNPACKED = 64_000_000, 50, 1_000_000_000


def check_writable(path: Path) -> None:
    """Raises FieldsError when `path` can't be written. Leaves nothing behind.

    To be called before long work, so that the artist hears of it then and not afterwards.
    """
    part, made = _part(path), []
    try:
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        part.touch()
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


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a file beside `path`, then rename that to `path`. Makes missing folders.

    Raises FieldsError when the disk is full, read-only or the like; a file that was at `path` before is then unharmed.
    """
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FieldsError(
            "{path} can't be written ({why}). Choose another folder or free some space.",
            path=path,
            why=error.strerror,
        ) from None


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


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
