"""The stack machine that a pickle is a program for (PEP 307, PEP 3154), without its power to call functions."""

import pickletools
from collections.abc import Callable
from typing import Any

from .pickle_objects import Budget, Refused, allowed_name, as_text, make, new_object, set_state

# A FLAME model takes a few thousand steps.
MOST_STEPS = 200_000
# How many times over the bytes of a file may be copied.
MOST_COPIED = 4

_MARK = object()


def run(data: bytes) -> Any:
    """The value that a pickle leaves on the stack.

    Raises Refused for what no FLAME model needs; ValueError, IndexError, KeyError and the like for a damaged file.
    """
    machine = _Machine(Budget(MOST_COPIED * len(data)))
    for step, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if step > MOST_STEPS:
            raise Refused("it takes more steps than any model")
        if opcode.name == "STOP":
            return machine.pop()
        if opcode.name in _CONSTANTS:
            machine.push(_CONSTANTS[opcode.name](argument))
        elif opcode.name in _STEPS:
            _STEPS[opcode.name](machine, argument)
        else:
            raise Refused(f"it uses {opcode.name}, which no model needs")
    raise ValueError("cut short")


class _Machine:
    """The stack, and the memo: values that the pickle numbers to use them again."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def top(self) -> Any:
        return self._stack[-1]

    def pop_to_mark(self) -> list[Any]:
        """What was pushed since the last mark; the mark goes too."""
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("damaged")
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def store(self, place: int) -> None:
        self._memo[place] = self.top()

    def store_next(self) -> None:
        self.store(len(self._memo))

    def load(self, place: int) -> None:
        self.push(self._memo[place])

    def call(self, function: Any, arguments: Any) -> None:
        self.push(make(function, arguments, self._budget))

    def set_state(self, state: Any) -> None:
        set_state(self.top(), state, self._budget)


def _value(argument: Any) -> Any:
    return argument


# Opcodes that push a value: the one in the file, or always the same.
_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE "
        "BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8".split(),
        _value,
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


def _tuple(count: int) -> Callable[[_Machine, Any], None]:
    def push_tuple(machine: _Machine, _: Any) -> None:
        machine.push(tuple(reversed([machine.pop() for _ in range(count)])))

    return push_tuple


def _append(machine: _Machine, items: list[Any]) -> None:
    if not isinstance(machine.top(), list):
        raise Refused("it appends to something that is no list")
    machine.top().extend(items)


def _set_items(machine: _Machine, items: list[Any]) -> None:
    if not isinstance(machine.top(), dict) or len(items) % 2:
        raise Refused("it sets entries of something that is no dictionary")
    machine.top().update({as_text(key): value for key, value in zip(items[::2], items[1::2], strict=True)})


def _dict(machine: _Machine, items: list[Any]) -> None:
    machine.push({})
    _set_items(machine, items)


def _call(machine: _Machine, _: Any) -> None:
    arguments = machine.pop()
    machine.call(machine.pop(), arguments)


def _new_object(machine: _Machine, _: Any) -> None:
    machine.pop()  # the arguments of __new__
    machine.push(new_object(machine.pop()))


def _named(machine: _Machine, argument: Any) -> None:
    module, name = (*str(argument).split(" "), "")[:2]
    machine.push(allowed_name(module, name))


def _named_by_stack(machine: _Machine, _: Any) -> None:
    name = machine.pop()
    machine.push(allowed_name(as_text(machine.pop()), as_text(name)))


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, argument: None,
    "FRAME": lambda machine, argument: None,
    "POP": lambda machine, argument: (machine.pop(), None)[1],
    "POP_MARK": lambda machine, argument: (machine.pop_to_mark(), None)[1],
    "DUP": lambda machine, argument: machine.push(machine.top()),
    "TUPLE": lambda machine, argument: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "LIST": lambda machine, argument: machine.push(machine.pop_to_mark()),
    "DICT": lambda machine, argument: _dict(machine, machine.pop_to_mark()),
    "APPEND": lambda machine, argument: _append(machine, [machine.pop()]),
    "APPENDS": lambda machine, argument: _append(machine, machine.pop_to_mark()),
    "ADDITEMS": lambda machine, argument: _append(machine, machine.pop_to_mark()),
    "SETITEM": lambda machine, argument: _set_items(machine, list(reversed([machine.pop(), machine.pop()]))),
    "SETITEMS": lambda machine, argument: _set_items(machine, machine.pop_to_mark()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, argument: machine.store(argument)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, argument: machine.load(argument)),
    "MEMOIZE": lambda machine, argument: machine.store_next(),
    "GLOBAL": _named,
    "STACK_GLOBAL": _named_by_stack,
    "REDUCE": _call,
    "NEWOBJ": _new_object,
    "BUILD": lambda machine, argument: machine.set_state(machine.pop()),
}
