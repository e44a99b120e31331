"""Settings that write the keys anew as soon as they change."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

_together = False


def changed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """A setting of a head has changed: its `update`."""
    if not _together:
        from . import live  # here: it needs what bakes, which needs the properties

        live.rebake(settings.id_data, context)


@contextmanager
def together() -> Iterator[None]:
    """Settings changed in here write nothing: whoever changes several at once says when."""
    global _together
    before, _together = _together, True
    try:
        yield
    finally:
        _together = before
