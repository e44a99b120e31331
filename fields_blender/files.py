"""Writing files so that they appear whole or not at all."""

from pathlib import Path

from .errors import FieldsError


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` first, then move it there; missing folders are made.

    Raises FieldsError when the disk is full, read-only or the like; what stood at `path` before is then still there.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FieldsError(
            f"{path} can't be written ({error.strerror}). Choose another folder or free some space."
        ) from None
