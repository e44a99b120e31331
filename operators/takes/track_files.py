"""Performances in files: beside the .blend once it is saved, else in the extension's own folder."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...fields_blender.core import track
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.files import write_whole
from ...fields_blender.core.track import Track
from ..common.addon_preferences import EXTENSION

FOLDER = "fields_tracks"
# Paths rewritten while a file is being saved: owner, property, path before.
_moved: list[tuple[Any, str, str]] = []


def path_for(head: str, footage: str) -> Path:
    """An unused path for a head's performance from that footage."""
    stem = name = bpy.path.clean_name(f"{head} {footage}", replace=" ").strip() or "track"
    count = 1
    while (path := _folder() / f"{name}.npz").exists():
        name, count = f"{stem}.{count:03d}", count + 1
    return path


def relative(path: Path) -> str:
    """The path relative to the .blend where possible, so that both can be moved together."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive on Windows
        return str(path)


@persistent
def _before_save(target: str, *_arguments: Any) -> None:
    """Save As to another folder: rewrite relative paths so that they lead to the same files from there.

    Blender does so for its own paths only.
    """
    _moved.clear()
    old, new = Path(bpy.data.filepath).parent, Path(target).parent
    if not bpy.data.filepath or not target or old == new:
        return
    for item in bpy.data.objects:
        if item.library is None:
            _move(item.fields, "track", new)
            for take in item.fields.takes:
                _move(take, "file", new)


def _move(owner: Any, name: str, folder: Path) -> None:
    before = getattr(owner, name)
    if before.startswith("//"):
        with suppress(ValueError):  # another drive on Windows
            setattr(owner, name, bpy.path.relpath(bpy.path.abspath(before), start=str(folder)))
            _moved.append((owner, name, before))


@persistent
def _after_save(target: str, *_arguments: Any) -> None:
    """A copy was saved, or saving failed: this file stays where it is, and so do its paths."""
    if Path(bpy.data.filepath) != Path(target):
        for owner, name, before in _moved:
            setattr(owner, name, before)
    _moved.clear()


def save(performance: Track, path: Path) -> None:
    """Write a track; raises FieldsError when the folder can't be written."""
    write(track.dumps(performance), path)


def write(data: bytes, path: Path) -> None:
    """Write a track's bytes; raises FieldsError when the folder can't be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise FieldsError(
            "The take can't be written to {folder} ({why}). Save the .blend where you may write.",
            folder=path.parent,
            why=error.strerror,
        ) from None


def stamp(path: str) -> str:
    """Identifies the file's content, wherever its folder is moved."""
    file = Path(bpy.path.abspath(path))
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    return f"{file.name} {changed}"


def _folder() -> Path:
    if bpy.data.filepath:
        return Path(bpy.data.filepath).parent / FOLDER
    try:
        return Path(bpy.utils.extension_path_user(EXTENSION, path="tracks", create=True))
    except ValueError:  # run from a checkout, not installed as an extension
        return Path(bpy.app.tempdir) / FOLDER


def _handlers() -> list[tuple[list[Any], Any]]:
    on = bpy.app.handlers
    return [(on.save_pre, _before_save), (on.save_post, _after_save), (on.save_post_fail, _after_save)]


def register() -> None:
    for handlers, function in _handlers():
        handlers.append(function)


def unregister() -> None:
    for handlers, function in _handlers():
        handlers.remove(function)
