"""Choices that are made when Blender asks for them."""

from typing import Any, TypeVar

Items = list[tuple[str, str, str]]
_Made = TypeVar("_Made", bound=list[Any])

_kept: dict[str, list[Any]] = {}


def keep(name: str, items: _Made) -> _Made:
    """`items`, kept until the next ones of that name: Blender itself holds no reference to their strings."""
    _kept[name] = items
    return items
