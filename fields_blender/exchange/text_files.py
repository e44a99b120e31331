"""Text files of other tools, read within a size limit, in whatever encoding they are."""

from pathlib import Path

from ..core.errors import FieldsError
from ..core.files import read_bytes

_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


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
    """The text, by its byte order mark, else as UTF-16 if every other byte is 0, else as UTF-8, else as Windows has it.

    What can't be decoded does not stop the rest from being read.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    start = data[:1000]
    for encoding, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if zeros and not any(zeros) and all(others):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_off = error.reason == "unexpected end of data"
        return data.decode("utf-8" if cut_off else "cp1252", errors="replace")
