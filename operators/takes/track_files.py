"""Performances in files: beside the .blend once it is saved, else in the extension's own folder."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...fields_blender.core import track
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.files import write_new, write_whole
from ...fields_blender.core.track import Track
from ..common.addon_preferences import EXTENSION
from . import asked_files

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
        known = asked_files.may_touch(before)
        with suppress(ValueError), asked_files.unnoted():  # another drive on Windows
            if known:
                asked_files.ask(before)
            setattr(owner, name, bpy.path.relpath(bpy.path.abspath(before), start=str(folder)))
            _moved.append((owner, name, before))


@persistent
def _after_save(target: str, *_arguments: Any) -> None:
    """A copy was saved, or saving failed: this file stays where it is, and so do its paths."""
    if Path(bpy.data.filepath) != Path(target):
        with asked_files.unnoted():
            for owner, name, before in _moved:
                setattr(owner, name, before)
    _moved.clear()


def save(performance: Track, path: Path) -> None:
    """Write a track; raises FieldsError when the folder can't be written."""
    write_whole(path, track.dumps(performance))


def save_new(performance: Track, path: Path) -> Path:
    """Write a track, never over a file that is there: returns where it is. Raises FieldsError as `save`."""
    return write_new(path, track.dumps(performance))


def load(file: str) -> Track:
    """The track in a file that the .blend names. Raises FieldsError when it can't be read, or is not asked for yet."""
    if not asked_files.may_touch(file):
        raise FieldsError(
            "{file} lies outside of this .blend's folder and is not loaded yet. Press Load Take, if you know where "
            "this .blend is from.",
            file=file,
        )
    return track.load(asked_files.path_of(file))


def stamp(file: str) -> str:
    """Identifies the file's content, wherever its folder is moved."""
    path, changed = asked_files.path_of(file), 0
    if asked_files.may_touch(file):
        with suppress(OSError):
            changed = path.stat().st_mtime_ns
    return f"{path.name} {changed}"


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
