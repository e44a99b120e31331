"""The cells of a table of text: what separates them, and the numbers in them, with decimal points or commas."""

import csv
import io
import itertools
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..core.errors import FieldsError

Cell = str | float | None
_SEPARATOR = re.compile(r"[ \t]*\"?sep=(.)\"?[ \t]*\r?\n", re.IGNORECASE)
_LIKELY = ",;\t|"


def rows(text: str, file: str) -> Iterator[list[str]]:
    """The rows of a CSV that are not empty, the header first.

    The cells are separated by commas or by what spreadsheets use; a first line `sep=;` says so. Raises FieldsError
    where it is damaged or can't be told apart.
    """
    said = _SEPARATOR.match(text)
    text = text[said.end() :] if said else text
    first = text[: text.find("\n") if "\n" in text else None][:10_000]
    delimiter = said[1] if said else max(_LIKELY, key=first.count)
    try:
        read = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row))
        header = next(read, [])
        for count, row in enumerate(itertools.chain([header], read)):
            if 0 < count < 5 and delimiter == "," and _has_split_numbers(header, row):
                raise FieldsError(
                    "{file} has commas between the numbers and in them, so they can't be told apart. Export it with "
                    "semicolons or with decimal points.",
                    file=file,
                )
            yield row
    except (csv.Error, TypeError) as error:
        raise FieldsError(
            "{file} can't be read as CSV ({why}). Record or export it again.", file=file, why=str(error)
        ) from None


def _has_split_numbers(header: Sequence[str], row: Sequence[str]) -> bool:
    """Is the row far longer than the header, and full of whole numbers: 0,12,0,5 for 0.12 and 0.5?"""
    whole = sum(cell.strip().lstrip("-").isdecimal() for cell in row)
    return len(row) > 1.5 * len(header) and whole > 0.9 * (len(row) - 2)


def number(cell: Cell) -> float:
    """The number in a cell; NaN for an empty one and for anything that is no finite number."""
    if cell is None or isinstance(cell, bool):
        return math.nan
    try:
        value = float(cell) if not isinstance(cell, str) else _of_text(cell)
    except (ValueError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def numbers(row: Sequence[Cell], places: Sequence[int]) -> np.ndarray:
    """The numbers (k,) in these cells of a row; NaN where there is none."""
    return np.array([number(row[place]) if place < len(row) else math.nan for place in places])


def _of_text(text: str) -> float:
    text = text.strip()[:40]
    try:
        return float(text)
    except ValueError:
        text = text.removesuffix("%").replace("−", "-").replace("\u00a0", "").replace(" ", "").lstrip("'")
        if "," in text and text.rfind(",") > text.rfind("."):
            text = text.replace(".", "").replace(",", ".")
        return float(text.replace(",", ""))
