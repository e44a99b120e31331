"""Text files of other tools, read within a size limit; bytes that are not UTF-8 don't stop the rest from being read."""

from pathlib import Path

from ..core.errors import FieldsError
from ..core.files import read_bytes


def read_text(path: Path, largest: int) -> str:
    """A text file of at most `largest` bytes. Raises FieldsError where it can't be read or is larger."""
    return _decoded(read_bytes(path, largest))


def read_start(path: Path, size: int = 20_000) -> str:
    """The first `size` bytes of a text file. Raises FieldsError where it can't be read."""
    try:
        if path.exists() and not path.is_file():
            raise FieldsError("{file} is not a file. Choose a file.", file=path.name)
        with path.open("rb") as file:
            return _decoded(file.read(size))
    except (OSError, ValueError) as error:
        raise FieldsError("{file} can't be read ({why}). Check the file.", file=path.name, why=error) from None


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")
