"""Captures that were cut off, and finished ones that no saved .blend holds yet: files in the extension's own folder.

A capture writes one as it goes (fields_blender/capture/journal.py). It is deleted once its take is safe: written to a
file of its own, saved with the .blend, or given up by the artist, who leaves the .blend without saving it.
"""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import bpy
from bpy.app.handlers import persistent

from ...fields_blender.capture import journal
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.locks import hold
from ..common.addon_preferences import EXTENSION

SUFFIX = ".capture"


class Unfinished(NamedTuple):
    """`about`: what the capture said of itself (`journal.Keep`). `frames`: how many it has."""

    path: Path
    about: dict[str, Any]
    frames: int


# Files whose takes are in this .blend, which is not saved yet; held, so that no other Blender offers them.
_unsaved: dict[Path, BinaryIO] = {}
# What is there to recover, with the state of the folder that this was read from; None: look again.
_found: tuple[int, list[Unfinished]] | None = None


def new_path() -> Path:
    """An unused path for the file of a capture."""
    stem = name = f"{datetime.now():%Y-%m-%d %H-%M-%S} {os.getpid()}"
    count = 1
    while (path := _folder() / f"{name}{SUFFIX}").exists():
        name, count = f"{stem} {count}", count + 1
    return path


def kept_in_blend(path: Path) -> None:
    """The take is in the .blend: the file goes when that is saved."""
    with suppress(OSError):
        file = path.open("rb")
        hold(file)
        _unsaved[path] = file
    look_again()


def remove(path: Path) -> None:
    """The capture is safe, or not wanted."""
    if path in _unsaved:
        _unsaved.pop(path).close()
    with suppress(OSError):
        path.unlink()
    look_again()


def found() -> list[Unfinished]:
    """What there is to recover, the newest first; quick enough for drawing."""
    global _found
    try:
        state = _folder().stat().st_mtime_ns
    except OSError:
        return []
    if _found is None or _found[0] != state:
        there = [_read(path) for path in sorted(_folder().glob(f"*{SUFFIX}"), reverse=True)]
        _found = state, [capture for capture in there if capture is not None]
    return _found[1]


def look_again() -> None:
    """A capture has ended: there may be something to recover."""
    global _found
    _found = None


def _read(path: Path) -> Unfinished | None:
    """None for what is still running, has no frame or is something else."""
    if path in _unsaved or path.is_symlink() or not path.is_file():
        return None
    try:
        about, frames = journal.summary(path)
    except FieldsError:
        return None
    if frames:
        return Unfinished(path, about, frames)
    with suppress(OSError):
        path.unlink()
    return None


def _folder() -> Path:
    try:
        return Path(bpy.utils.extension_path_user(EXTENSION, path="captures", create=True))
    except (ValueError, OSError):  # run from a checkout, not installed as an extension; or a home that is read-only
        return Path(tempfile.gettempdir()) / "fields_captures"


@persistent
def _no_more(*_arguments: Any) -> None:
    """The .blend was saved, or left for another."""
    for path in list(_unsaved):
        remove(path)


def register() -> None:
    bpy.app.handlers.save_post.append(_no_more)
    bpy.app.handlers.load_post.append(_no_more)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_no_more)
    bpy.app.handlers.save_post.remove(_no_more)
    _no_more()  # Blender ends in order
