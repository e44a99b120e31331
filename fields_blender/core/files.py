"""Files read within a size limit, and written whole or not at all."""

import contextlib
from pathlib import Path

from .errors import FieldsError


def check_writable(path: Path) -> None:
    """Raises FieldsError when `path` can't be written; to say so before the long work, not after it. Leaves nothing."""
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


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` first, then move it there; missing folders are made.

    Raises FieldsError when the disk is full, read-only or the like; what stood at `path` before is then still there.
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
    """A file of at most `largest` bytes. Raises FieldsError where it can't be read or is larger."""
    try:
        if not path.is_file() and path.exists():
            raise FieldsError(f"{path.name} is not a file. Choose a file.")
        size = path.stat().st_size
        data = path.read_bytes() if size <= largest else b""
    except FileNotFoundError:
        raise FieldsError(f"There is no file {path}. Check the path.") from None
    except (OSError, ValueError) as error:
        raise FieldsError(f"{path.name} can't be read ({error}). Check the file.") from None
    if size > largest:
        raise FieldsError(f"{path.name} is larger than {largest // 1_000_000} MB, too much for a recording. Cut it.")
    return data


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
