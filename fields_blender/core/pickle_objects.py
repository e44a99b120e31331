"""The objects that the pickle of a FLAME model may name, and how each is made.

Nothing that the file names is called: a name on the list selects one of the functions here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# numpy's letters for numbers: float, integer, unsigned integer, bool.
_NUMBERS = "fiub"
_MOST_DIMENSIONS = 8
_MOST_PER_SIDE = 2**40


class Refused(ValueError):
    """The pickle holds something that no FLAME model holds."""


class Budget:
    """How many bytes may still be copied, so that a small file can't fill the memory."""

    def __init__(self, size: int) -> None:
        self._left = size

    def spend(self, size: int) -> None:
        """Raises Refused when more is spent than there was."""
        self._left -= size
        if self._left < 0:
            raise Refused("it unpacks to far more than its own size")


@dataclass
class PickledObject:
    """An object as the pickle describes it: its kind, and its attributes by name."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AllowedName:
    """A class or function on the list; `kind` is what it makes."""

    kind: str


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_ALLOWED: dict[tuple[str, str], str] = {
    **{(module, "_reconstruct"): "array" for module in _MULTIARRAY},
    **{(module, "scalar"): "scalar" for module in _MULTIARRAY},
    **{(module, "_frombuffer"): "buffer" for module in ("numpy.core.numeric", "numpy._core.numeric")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    **{(module, "_reconstructor"): "new" for module in ("copy_reg", "copyreg")},
    **{(module, "__newobj__"): "new" for module in ("copy_reg", "copyreg")},
    **{(module, "object"): "object" for module in ("__builtin__", "builtins")},
    **{(module, "set"): "list" for module in ("__builtin__", "builtins")},
    **{(module, "bytes"): "bytes" for module in ("__builtin__", "builtins")},
    ("collections", "OrderedDict"): "dict",
    ("chumpy.ch", "Ch"): "chumpy",
    **{
        (f"scipy.sparse{module}", f"{form}_{end}"): f"sparse {form}"
        for form in ("csc", "csr", "coo")
        for module in ("", f".{form}", f"._{form}")
        for end in ("matrix", "array")
    },
}
# Kinds that become a PickledObject with whatever attributes the pickle gives them.
_CLASSES = {"chumpy", "sparse csc", "sparse csr", "sparse coo"}


def allowed_name(module: str, name: str) -> AllowedName:
    """`module.name`, if it is on the list. Raises Refused otherwise."""
    if (module, name) not in _ALLOWED:
        raise Refused(f"it wants to use “{module[:40]}.{name[:40]}”, which could do anything on this computer")
    return AllowedName(_ALLOWED[module, name])


def make(function: Any, arguments: Any, budget: Budget) -> Any:
    """What the pickle wants from calling `function` with `arguments`. Raises Refused if it can't have that."""
    if not isinstance(function, AllowedName) or not isinstance(arguments, tuple):
        raise Refused("it calls something that has no name")
    if function.kind in _CLASSES:
        return PickledObject(function.kind)
    if function.kind not in _MAKERS:
        raise Refused("it makes objects that no model holds")
    return _MAKERS[function.kind](arguments, budget)


def new_object(of: Any) -> PickledObject:
    """An object of the class `of`, without attributes yet."""
    if not isinstance(of, AllowedName) or of.kind not in _CLASSES | {"ndarray"}:
        raise Refused("it makes objects that no model holds")
    return PickledObject("array" if of.kind == "ndarray" else of.kind)


def set_state(target: Any, state: Any, budget: Budget) -> None:
    """Give an object the attributes that the pickle stores for it."""
    if not isinstance(target, PickledObject):
        raise Refused("it changes something that is no object of a model")
    if target.kind == "dtype":
        target.state["order"] = as_text(state[1])
    elif target.kind == "array":
        _, shape, dtype, fortran, data = state
        target.state["values"] = data if isinstance(data, list) else _numbers(shape, dtype, data, fortran, budget)
    else:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                budget.spend(8 * len(part))
                target.state.update(part)


def as_text(value: Any) -> str:
    """`value`, if it is text. Anything else is Refused: integers can be chosen to collide until a dictionary takes for
    ever, and lists that hold each other take for ever to print.
    """
    if not isinstance(value, str):
        raise Refused("it uses a name that is not text")
    return value


def _dtype(arguments: tuple, _: Budget) -> PickledObject:
    return PickledObject("dtype", {"code": as_text(arguments[0]), "order": "="})


def _encoded(arguments: tuple, budget: Budget) -> bytes:
    """How Python 3 writes bytes in old protocols: as text and the name of its encoding."""
    if as_text(arguments[1]).replace("-", "").lower() not in ("latin1", "iso88591"):
        raise Refused("it encodes text in an unusual way")
    budget.spend(len(arguments[0]))
    return as_text(arguments[0]).encode("latin-1")


def _empty_bytes(arguments: tuple, _: Budget) -> bytes:
    if arguments:
        raise Refused("it makes objects that no model holds")
    return b""


def _list(arguments: tuple, budget: Budget) -> list[Any]:
    items = arguments[0] if arguments else []
    budget.spend(8 * len(items))
    return list(items)


def _dict(arguments: tuple, budget: Budget) -> dict[str, Any]:
    items = arguments[0] if arguments else []
    budget.spend(8 * len(items))
    return {as_text(key): value for key, value in items}


def _numbers(shape: Any, dtype: Any, data: Any, fortran: Any, budget: Budget) -> np.ndarray | None:
    """An array of numbers from its bytes; None for an array of text or the like, which no FLAME file needs."""
    if not isinstance(dtype, PickledObject) or dtype.kind != "dtype" or not isinstance(data, bytes | bytearray | str):
        raise Refused("it has an array without numbers")
    code, order = dtype.state["code"], dtype.state["order"]
    if len(code) > 4 or code[:1] not in _NUMBERS or code[1:] not in ("1", "2", "4", "8"):
        return None
    if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS or order not in ("<", ">", "|", "="):
        raise ValueError("an array of no shape")
    if isinstance(data, str):  # the bytes of Python 2
        budget.spend(len(data))
        data = data.encode("latin-1")
    kind = np.dtype(order + code)
    if any(type(side) is not int or not 0 <= side < _MOST_PER_SIDE for side in shape):
        raise ValueError("an array of no shape")
    if math.prod(shape) * kind.itemsize != len(data):
        raise ValueError("an array of another size than its shape")
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


_MAKERS: dict[str, Callable[[tuple, Budget], Any]] = {
    "array": lambda arguments, budget: PickledObject("array"),
    "dtype": _dtype,
    "scalar": lambda arguments, budget: _numbers((), arguments[0], arguments[1], False, budget),
    "buffer": lambda arguments, budget: _numbers(arguments[2], arguments[1], arguments[0], arguments[3] == "F", budget),
    "encode": _encoded,
    "bytes": _empty_bytes,
    "new": lambda arguments, budget: new_object(arguments[0]),
    "list": _list,
    "dict": _dict,
}
