"""Formulas: what a row of a mapping follows.

"jawOpen", "jawOpen - mouthClose", "0.5 mouthSmileLeft + 0.5 mouthSmileRight", "jawOpen * mouthFunnel" (a corrective),
"max(eyeBlinkLeft, eyeBlinkRight)", "jawOpen * (1 - mouthPucker)". Parsed here; nothing is executed.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np

from . import sources

LONGEST = 8000  # characters: room for 39 weights with all their digits
DEEPEST = 20  # levels of parentheses
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z][\w.]*)|(?P<sign>[-+*(),]))"
)


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Group:
    """`kind`: "sum", "product" (a number, if any, comes first), "max" or "min"."""

    kind: str
    parts: tuple["Formula", ...]


Formula = Number | Name | Group


@lru_cache(maxsize=4096)
def parse(text: str) -> Formula:
    """The formula of a text. Raises ValueError with the reason, as the end of a sentence for the artist."""
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} letters")
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"“{text[at:].strip()[:12]}” is no part of a formula")
        tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
        at = found.end()
    if not tokens:
        raise ValueError("it is empty")
    parser = _Parser(tokens)
    formula = parser.sum()
    if parser.next():
        raise ValueError(f"“{parser.next()}” is not expected there")
    if not any(True for _ in _names(formula)):
        raise ValueError("it follows nothing")
    return formula


def show(formula: Formula) -> str:
    """The text of a formula; `parse` reads it as the same formula."""
    if isinstance(formula, Number):
        return _digits(formula.value)
    if isinstance(formula, Name):
        return formula.name
    if formula.kind in ("max", "min"):
        return f"{formula.kind}({', '.join(show(part) for part in formula.parts)})"
    if formula.kind == "product":
        first, rest = formula.parts[0], " * ".join(_inner(part) for part in formula.parts[1:])
        if not isinstance(first, Number):
            return f"{_inner(first)} * {rest}"
        return f"-{rest}" if first.value == -1.0 else f"{_digits(first.value)} {rest}"
    text = show(formula.parts[0])
    for part in formula.parts[1:]:
        shown = show(part)
        text += f" - {shown[1:]}" if shown.startswith("-") else f" + {shown}"
    return text


def names(formula: Formula) -> tuple[str, ...]:
    """The sources of a formula, each once, in the order of the text; the first is the main one."""
    return tuple(dict.fromkeys(_names(formula)))


def first(formula: Formula) -> str:
    """The main source. Raises StopIteration where there is none."""
    return next(_names(formula))


def evaluate(formula: Formula, read: Callable[[str], np.ndarray]) -> np.ndarray:
    """The value of a formula over time (n,); `read` returns a source's (n,). A single source is returned as is."""
    if isinstance(formula, Name):
        return read(formula.name)
    if isinstance(formula, Number):
        return np.float64(formula.value)  # type: ignore[return-value]
    combine = {"sum": np.add, "product": np.multiply, "max": np.maximum, "min": np.minimum}[formula.kind]
    return reduce(combine, (evaluate(part, read) for part in formula.parts))


def mirrored_formula(formula: Formula) -> Formula:
    """The formula for the other side of the face; mirrored twice it is the formula itself."""
    if isinstance(formula, Number):
        return formula
    if isinstance(formula, Name):
        name, sign = sources.mirrored_source(formula.name)
        return _product([Number(sign), Name(name)])
    parts = [mirrored_formula(part) for part in formula.parts]
    if formula.kind == "product":
        return _product(parts)
    return _sum(parts) if formula.kind == "sum" else Group(formula.kind, tuple(parts))


def _names(formula: Formula) -> Iterator[str]:
    if isinstance(formula, Name):
        yield formula.name
    elif isinstance(formula, Group):
        for part in formula.parts:
            yield from _names(part)


def _digits(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _inner(formula: Formula) -> str:
    shown = show(formula)
    return f"({shown})" if isinstance(formula, Group) and formula.kind == "sum" else shown


def _sum(parts: list[Formula]) -> Formula:
    flat = [inner for part in parts for inner in _parts(part, "sum")]
    return flat[0] if len(flat) == 1 else Group("sum", tuple(flat))


def _product(parts: list[Formula]) -> Formula:
    flat = [inner for part in parts for inner in _parts(part, "product")]
    factor = math.prod(part.value for part in flat if isinstance(part, Number))
    if not math.isfinite(factor):
        raise ValueError("a number in it is too large")
    rest: list[Formula] = [part for part in flat if not isinstance(part, Number)]
    if not rest:
        return Number(factor)
    if factor != 1.0:
        rest.insert(0, Number(factor))
    return rest[0] if len(rest) == 1 else Group("product", tuple(rest))


def _parts(formula: Formula, kind: str) -> tuple[Formula, ...]:
    return formula.parts if isinstance(formula, Group) and formula.kind == kind else (formula,)


class _Parser:
    """Sums of products of numbers, names, max(), min() and parentheses."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, wanted: str) -> bool:
        found = self.next() == wanted
        self.at += found
        return found

    def sum(self) -> Formula:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError("it has too many parentheses")
        parts = [self.product()]
        while self.next() in ("+", "-"):
            parts.append(self.product())
        self.depth -= 1
        return _sum(parts)

    def product(self) -> Formula:
        parts: list[Formula] = []
        while self.next() in ("+", "-"):
            if self.take("-"):
                parts.append(Number(-1.0))
            else:
                self.take("+")
        parts.append(self.factor())
        # A number right before a name or a parenthesis is a factor too: "0.5 jawOpen".
        while self.take("*") or (isinstance(parts[-1], Number) and (self.next() == "(" or self.next()[:1].isalpha())):
            parts.append(self.factor())
        return _product(parts)

    def factor(self) -> Formula:
        if self.at >= len(self.tokens):
            raise ValueError("it ends too early")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            if not math.isfinite(float(text)):
                raise ValueError("a number in it is too large")
            return Number(float(text))
        if text in ("max", "min") and self.take("("):
            parts = [self.sum()]
            while self.take(","):
                parts.append(self.sum())
            self.close()
            return parts[0] if len(parts) == 1 else Group(text, tuple(parts))
        if kind == "name":
            return Name(text)
        if text == "(":
            inside = self.sum()
            self.close()
            return inside
        raise ValueError(f"“{text}” is not expected there")

    def close(self) -> None:
        if not self.take(")"):
            raise ValueError("a parenthesis is not closed")
