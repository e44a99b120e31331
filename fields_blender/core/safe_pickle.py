"""Reads the pickles in which FLAME models come, without Python's unpickler: nothing in the file is ever executed.

A pickle is a program that names functions and calls them. Here every name that is not on a short list
(pickle_objects.py) ends the reading, and the names on the list call nothing: numpy arrays, scipy's sparse matrices and
chumpy arrays become plain numpy arrays.
"""

from collections.abc import Collection
from typing import Any

import numpy as np

from .errors import FieldsError
from .pickle_objects import PickledObject, Refused

# The entries of a joint regressor for a whole body.
MOST_ENTRIES = 200 * 20_000


def loads(data: bytes, wanted: Collection[str] | None, name: str = "This file") -> dict[str, Any]:
    """The entries called `wanted` of the dictionary in a pickle (None: all): arrays, and lists and text as they are.

    Sparse matrices come dense, chumpy arrays as numpy's. Strings of Python 2 come as str, sets and arrays of objects as
    lists. Raises FieldsError for anything else; `name` is what the artist calls the file.
    """
    from . import pickle_machine  # here, since its pickletools would slow down enabling the extension

    try:
        content = pickle_machine.run(data)
        if not isinstance(content, dict):
            raise Refused("it is not a dictionary")
        chosen = [key for key in content if isinstance(key, str)] if wanted is None else wanted
        return {key: _as_array(content[key]) for key in chosen if key in content}
    except Refused as error:
        raise FieldsError(
            "{name} was not opened: {why}. Choose the official FLAME file.", name=name, why=str(error)
        ) from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError,
            RecursionError, EOFError, AssertionError) as error:  # fmt: skip
        raise FieldsError(
            "{name} is not a model that can be read ({why}). Choose the official FLAME file.",
            name=name,
            why=str(error)[:100],
        ) from None


def _as_array(value: Any) -> Any:
    if not isinstance(value, PickledObject):
        return value
    if value.kind == "chumpy":
        return _plain(value.state.get("x"))
    if value.kind.startswith("sparse"):
        form = value.kind.removeprefix("sparse ")
        return _dense(form, {name: _plain(part) for name, part in value.state.items()})
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.state.get("values") if isinstance(value, PickledObject) and value.kind == "array" else value


def _dense(form: str, state: dict[str, Any]) -> np.ndarray:
    """A sparse matrix written out. `form`: csc, csr or coo; `state`: its attributes as scipy names them."""
    shape = state.get("_shape") or state["shape"]
    rows, columns = (int(side) if abs(side) <= MOST_ENTRIES else -1 for side in shape)  # no product of giants
    if min(rows, columns) < 0 or not 0 < rows * columns <= MOST_ENTRIES:
        raise Refused("it holds a matrix larger than any model's")
    row, column, data = _triplets(form, state)
    if row.dtype.kind not in "iu" or column.dtype.kind not in "iu" or not len(row) == len(column) == len(data):
        raise ValueError("a sparse matrix whose parts do not fit")
    dense = np.zeros((rows, columns))
    if len(data):
        if min(row.min(), column.min()) < 0 or row.max() >= rows or column.max() >= columns:
            raise ValueError("a sparse matrix with entries outside of it")
        np.add.at(dense, (row, column), data)
    return dense


def _triplets(form: str, state: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and value of each entry (n,)."""
    data = _flat(state["data"])
    if form == "coo":
        row, column = (state["row"], state["col"]) if "row" in state else (_plain(part) for part in state["coords"])
        return _flat(row), _flat(column), data
    inner, starts = _flat(state["indices"]), _flat(state["indptr"])
    if len(starts) < 1 or starts[0] != 0 or starts[-1] != len(data) or (np.diff(starts) < 0).any():
        raise ValueError("a sparse matrix whose parts do not fit")
    outer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return (inner, outer, data) if form == "csc" else (outer, inner, data)


def _flat(array: Any) -> np.ndarray:
    """`array`, if it is one-dimensional; integers as int64."""
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        raise ValueError("a sparse matrix whose parts are no rows of numbers")
    return array.astype(np.int64) if array.dtype.kind in "iu" else array
