"""Settings announce here that they changed; whoever acts on it listens.

So settings import nothing that acts on them. Blender takes only plain functions as the `update` of a property.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bpy

Announcement = Callable[[bpy.types.PropertyGroup, bpy.types.Context], None]
Listener = Callable[[Any, bpy.types.Context], object]

_listeners: dict[Announcement, list[Listener]] = defaultdict(list)
_held = False


def changed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """A setting that shapes the performance or its keys."""
    if not _held:
        _tell(changed, settings, context)


def previewed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """The slider that shows one row of the mapping."""
    _tell(previewed, settings, context)


def row_chosen(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Another row of the mapping."""
    _tell(row_chosen, settings, context)


def shown_in_timeline(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Whether the scene's timeline shows corrections."""
    _tell(shown_in_timeline, settings, context)


def register(announcement: Announcement, listener: Listener) -> None:
    """Call `listener(head, context)` at each such announcement; for settings of a scene, with that scene."""
    _listeners[announcement].append(listener)


def unregister(announcement: Announcement, listener: Listener) -> None:
    _listeners[announcement].remove(listener)


@contextmanager
def together() -> Iterator[None]:
    """Inside, `changed` tells no listener: for changing several settings at once."""
    global _held
    before, _held = _held, True
    try:
        yield
    finally:
        _held = before


def _tell(announcement: Announcement, settings: Any, context: bpy.types.Context) -> None:
    for listener in _listeners[announcement]:
        listener(settings.id_data, context)
