"""Reads the pickles in which FLAME models come, without Python's unpickler: nothing in the file is ever executed.

A pickle is a program that names functions and calls them. Here every name that is not on a short list ends the reading,
and the names on it call nothing: arrays (numpy), sparse matrices (scipy) and chumpy arrays become plain numpy arrays,
whatever is put on other objects is kept as a dictionary of names.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import FieldsError

# A FLAME model takes a few thousand steps.
MOST_STEPS = 200_000
# Strings may be copied into arrays so many times over.
MOST_COPIED = 4
_NUMBERS = "fiub"
# numpy's one letter for a kind, and its sizes.
_MOST_DIMENSIONS = 8


class Refused(ValueError):
    """The pickle holds what no FLAME model holds."""


@dataclass
class Thing:
    """An object of one of the `_CLASSES`: its kind, and what the pickle puts on it by name."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Name:
    """A name on the list: `kind` is what it makes."""

    kind: str


class _Mark:
    pass


_MARK = _Mark()
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NAMES: dict[tuple[str, str], str] = {
    **{(module, "_reconstruct"): "array" for module in _MULTIARRAY},
    **{(module, "scalar"): "scalar" for module in _MULTIARRAY},
    **{(module, "_frombuffer"): "buffer" for module in ("numpy.core.numeric", "numpy._core.numeric")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    **{(module, "_reconstructor"): "reconstruct" for module in ("copy_reg", "copyreg")},
    **{(module, "__newobj__"): "newobj" for module in ("copy_reg", "copyreg")},
    **{(module, "object"): "object" for module in ("__builtin__", "builtins")},
    **{(module, "set"): "list" for module in ("__builtin__", "builtins")},
    **{(module, "bytes"): "nothing" for module in ("__builtin__", "builtins")},
    ("collections", "OrderedDict"): "dict",
    ("chumpy.ch", "Ch"): "chumpy",
    **{
        (f"scipy.sparse{module}", f"{form}_{end}"): f"sparse {form}"
        for form in ("csc", "csr", "coo")
        for module in ("", f".{form}", f"._{form}")
        for end in ("matrix", "array")
    },
}
_CLASSES = {"chumpy", "sparse csc", "sparse csr", "sparse coo"}


def loads(data: bytes, wanted: Collection[str], name: str = "This file") -> dict[str, Any]:
    """Of the dictionary that a pickle holds, the parts called `wanted`: arrays, and lists and text as they are.

    Sparse matrices come dense, chumpy arrays plain. Strings of Python 2 come as str, sets and arrays of objects as
    lists. Raises FieldsError for anything else; `name` is what the artist calls the file.
    """
    try:
        held = _Reader(data).read()
        if not isinstance(held, dict):
            raise Refused("it has no named parts")
        return {key: _array_of(held[key]) for key in wanted if key in held}
    except Refused as error:
        raise FieldsError(f"{name} was not opened: {error}. Choose the official FLAME file.") from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError,
            RecursionError, EOFError, AssertionError) as error:  # fmt: skip
        raise FieldsError(
            f"{name} is not a model that can be read ({str(error)[:100]}). Choose the official FLAME file."
        ) from None


class _Reader:
    """The stack machine of a pickle (PEP 307, PEP 3154), with lists of what may be named and called."""

    def __init__(self, data: bytes) -> None:
        self._data, self._copied = data, 0
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        import pickletools  # here, since enabling the extension must be quick and needs none of it

        for step, (opcode, argument, _) in enumerate(pickletools.genops(self._data)):
            if step > MOST_STEPS:
                raise Refused("it takes more steps than any model")
            if opcode.name == "STOP":
                return self._stack.pop()
            if opcode.name in _CONSTANTS:
                self._stack.append(_CONSTANTS[opcode.name](argument))
            elif opcode.name in _STEPS:
                _STEPS[opcode.name](self, argument)
            else:
                raise Refused(f"it uses {opcode.name}, which no model needs")
        raise ValueError("cut short")

    def pop_to_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("damaged")
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def spend(self, size: int) -> None:
        self._copied += size
        if self._copied > MOST_COPIED * len(self._data):
            raise Refused("it unpacks to far more than its own size")

    def top(self) -> Any:
        return self._stack[-1]

    def keep(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def recall(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def name(self, module: str, name: str) -> None:
        if (module, name) not in _NAMES:
            raise Refused(f"it wants to use “{module[:40]}.{name[:40]}”, which could do anything on this computer")
        self._stack.append(_Name(_NAMES[module, name]))

    def call(self, called: Any, arguments: Any) -> None:
        if not isinstance(called, _Name) or not isinstance(arguments, tuple):
            raise Refused("it calls what is no name")
        self._stack.append(self._made(called.kind, arguments))

    def _made(self, kind: str, arguments: tuple) -> Any:
        if kind == "array":
            return Thing("array")
        if kind == "dtype":
            return Thing("dtype", {"code": _text(arguments[0]), "order": "="})
        if kind == "scalar":
            return self._numbers((), arguments[0], arguments[1], False)
        if kind == "buffer":
            return self._numbers(arguments[2], arguments[1], arguments[0], arguments[3] == "F")
        if kind == "encode":
            if _text(arguments[1]).replace("-", "").lower() not in ("latin1", "iso88591"):
                raise Refused("it encodes text in an unusual way")
            self.spend(len(arguments[0]))
            return _text(arguments[0]).encode("latin-1")
        if kind == "nothing" and not arguments:
            return b""
        if kind in ("reconstruct", "newobj"):
            return self._object(arguments[0])
        if kind in ("dict", "list"):
            items = arguments[0] if arguments else []
            self.spend(8 * len(items))
            return list(items) if kind == "list" else {_text(key): value for key, value in items}
        if kind in _CLASSES:
            return Thing(kind)
        raise Refused("it makes objects that no model holds")

    def _object(self, of: Any) -> Thing:
        if not isinstance(of, _Name) or of.kind not in _CLASSES | {"ndarray"}:
            raise Refused("it makes objects that no model holds")
        return Thing("array" if of.kind == "ndarray" else of.kind)

    def build(self, state: Any) -> None:
        thing = self._stack[-1]
        if not isinstance(thing, Thing):
            raise Refused("it changes what is no object of a model")
        if thing.kind == "dtype":
            thing.state["order"] = _text(state[1])
        elif thing.kind == "array":
            _, shape, dtype, fortran, data = state
            thing.state["values"] = data if isinstance(data, list) else self._numbers(shape, dtype, data, fortran)
        else:
            for part in state if isinstance(state, tuple) else (state,):
                if isinstance(part, dict):
                    self.spend(8 * len(part))
                    thing.state.update(part)

    def _numbers(self, shape: Any, dtype: Any, data: Any, fortran: Any) -> np.ndarray | None:
        """An array of numbers from its bytes; None for one of text or the like, which no one needs."""
        if not isinstance(dtype, Thing) or dtype.kind != "dtype" or not isinstance(data, bytes | bytearray | str):
            raise Refused("it has an array without numbers")
        code = dtype.state["code"]
        if len(code) > 4 or code[:1] not in _NUMBERS or code[1:] not in ("1", "2", "4", "8"):
            return None
        order = dtype.state["order"]
        if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS or order not in ("<", ">", "|", "="):
            raise ValueError("an array of no shape")
        if isinstance(data, str):
            self.spend(len(data))
            data = data.encode("latin-1")
        kind = np.dtype(order + code)
        if any(type(side) is not int or not 0 <= side < 2**40 for side in shape):
            raise ValueError("an array of no shape")
        count = 1
        for side in shape:
            count *= side
        if count * kind.itemsize != len(data):
            raise ValueError("an array of another size than it says")
        return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


def _text(value: Any) -> str:
    """Only text names things: numbers could be chosen so that a dictionary takes for ever, and lists that hold each
    other so that writing them down does."""
    if not isinstance(value, str):
        raise Refused("it names things by what is no text")
    return value


def _array_of(value: Any) -> Any:
    if not isinstance(value, Thing):
        return value
    if value.kind == "chumpy":
        return _plain(value.state.get("x"))
    if value.kind.startswith("sparse"):
        return _dense(value.kind[-3:], {name: _plain(part) for name, part in value.state.items()})
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.state.get("values") if isinstance(value, Thing) and value.kind == "array" else value


def _dense(form: str, state: dict[str, Any]) -> np.ndarray:
    """A sparse matrix written out, at most as large as a joint regressor for a whole body."""
    rows, columns = (int(side) for side in state.get("_shape") or state["shape"])
    if not 0 < rows * columns <= 200 * 20_000 or min(rows, columns) < 0:
        raise Refused("it holds a matrix larger than any model's")
    if form == "coo":
        data = state["data"]
        row, column = (state["row"], state["col"]) if "row" in state else (_plain(part) for part in state["coords"])
    else:
        data, inner, starts = (_whole(state[part]) for part in ("data", "indices", "indptr"))
        if len(starts) < 1 or starts[0] != 0 or starts[-1] != len(data) or (np.diff(starts) < 0).any():
            raise ValueError("a sparse matrix whose parts do not fit")
        outer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        row, column = (inner, outer) if form == "csc" else (outer, inner)
    row, column, data = _whole(row), _whole(column), _whole(data)
    if row.dtype.kind not in "iu" or column.dtype.kind not in "iu" or not len(row) == len(column) == len(data):
        raise ValueError("a sparse matrix whose parts do not fit")
    dense = np.zeros((rows, columns))
    if len(data):
        if min(row.min(), column.min()) < 0 or row.max() >= rows or column.max() >= columns:
            raise ValueError("a sparse matrix with places outside of it")
        np.add.at(dense, (row, column), data)
    return dense


def _whole(array: Any) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        raise ValueError("a sparse matrix whose parts are no rows of numbers")
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _same(value: Any) -> Any:
    return value


# What puts a value on the stack that is in the file or always the same.
_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE "
        "BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8".split(),
        _same,
    ),
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_TUPLE": lambda _: (),
    "EMPTY_LIST": lambda _: [],
    "EMPTY_DICT": lambda _: {},
    "EMPTY_SET": lambda _: [],
    "MARK": lambda _: _MARK,
}


def _tuple(count: int) -> Callable[[_Reader, Any], None]:
    def make(reader: _Reader, _: Any) -> None:
        reader.push(tuple(reversed([reader.pop() for _ in range(count)])))

    return make


def _append(reader: _Reader, items: list[Any]) -> None:
    if not isinstance(reader.top(), list):
        raise Refused("it adds to what is no list")
    reader.top().extend(items)


def _set(reader: _Reader, items: list[Any]) -> None:
    if not isinstance(reader.top(), dict) or len(items) % 2:
        raise Refused("it names parts of what has no parts")
    reader.top().update({_text(key): value for key, value in zip(items[::2], items[1::2], strict=True)})


def _dict(reader: _Reader, items: list[Any]) -> None:
    reader.push({})
    _set(reader, items)


def _call(reader: _Reader, _: Any) -> None:
    arguments = reader.pop()
    reader.call(reader.pop(), arguments)


def _new(reader: _Reader, _: Any) -> None:
    reader.pop()  # what its __new__ would be called with
    reader.call(_Name("newobj"), (reader.pop(),))


def _stack_name(reader: _Reader, _: Any) -> None:
    name = reader.pop()
    reader.name(_text(reader.pop()), _text(name))


_STEPS: dict[str, Callable[[_Reader, Any], None]] = {
    "PROTO": lambda reader, argument: None,
    "FRAME": lambda reader, argument: None,
    "POP": lambda reader, argument: (reader.pop(), None)[1],
    "POP_MARK": lambda reader, argument: (reader.pop_to_mark(), None)[1],
    "DUP": lambda reader, argument: reader.push(reader.top()),
    "TUPLE": lambda reader, argument: reader.push(tuple(reader.pop_to_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "LIST": lambda reader, argument: reader.push(reader.pop_to_mark()),
    "DICT": lambda reader, argument: _dict(reader, reader.pop_to_mark()),
    "APPEND": lambda reader, argument: _append(reader, [reader.pop()]),
    "APPENDS": lambda reader, argument: _append(reader, reader.pop_to_mark()),
    "ADDITEMS": lambda reader, argument: _append(reader, reader.pop_to_mark()),
    "SETITEM": lambda reader, argument: _set(reader, list(reversed([reader.pop(), reader.pop()]))),
    "SETITEMS": lambda reader, argument: _set(reader, reader.pop_to_mark()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda reader, argument: reader.keep(argument)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda reader, argument: reader.recall(argument)),
    "MEMOIZE": lambda reader, argument: reader.memoize(),
    "GLOBAL": lambda reader, argument: reader.name(*(str(argument).split(" ") + [""])[:2]),
    "STACK_GLOBAL": _stack_name,
    "REDUCE": _call,
    "NEWOBJ": _new,
    "BUILD": lambda reader, argument: reader.build(reader.pop()),
}
