"""Where captured performances are kept: beside the .blend once it is saved, else in the extension's own folder."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..fields_blender import track
from ..fields_blender.errors import FieldsError
from ..fields_blender.track import Track

PACKAGE = __package__.rpartition(".")[0]
FOLDER = "fields_tracks"
# Tracks that point elsewhere while a file is being saved: object, path before.
_moved: list[tuple[bpy.types.Object, str]] = []


def path_for(head: str, footage: str) -> Path:
    """The file of a head's performance from that footage: one a pair, so that a new capture replaces the old."""
    name = bpy.path.clean_name(f"{head} {footage}", replace=" ").strip() or "track"
    return _folder() / f"{name}.npz"


def relative(path: Path) -> str:
    """As Blender writes a path: relative to the .blend where that is possible, so that both can move together."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive on Windows
        return str(path)


@persistent
def _before_save(target: str, *_arguments: Any) -> None:
    """Relative paths are about to be read from another folder (Save As): let them lead to the same files from there.

    Blender does this for its own paths and not for those of extensions.
    """
    _moved.clear()
    old, new = Path(bpy.data.filepath).parent, Path(target).parent
    if not bpy.data.filepath or not target or old == new:
        return
    for item in bpy.data.objects:
        if item.library is None and item.fields.track.startswith("//"):
            before = item.fields.track
            with suppress(ValueError):  # another drive on Windows
                item.fields.track = bpy.path.relpath(bpy.path.abspath(before), start=str(new))
                _moved.append((item, before))


@persistent
def _after_save(target: str, *_arguments: Any) -> None:
    """A copy was saved, or saving failed: this file stays where it is, and so do its paths."""
    if Path(bpy.data.filepath) != Path(target):
        for item, before in _moved:
            item.fields.track = before
    _moved.clear()


def save(performance: Track, path: Path) -> None:
    """Write a track; raises FieldsError when the folder can't be written."""
    try:
        track.save(performance, path)
    except OSError as error:
        raise FieldsError(
            f"The track can't be written to {path.parent} ({error.strerror}). Save the .blend where you may write."
        ) from None


def load(head: bpy.types.Object) -> Track:
    """The track stored for a head; raises FieldsError when there is none or it can't be read."""
    if not head.fields.track:
        raise FieldsError(f"“{head.name}” has no captured track yet. Capture a strip first, or choose a track file.")
    return track.load(bpy.path.abspath(head.fields.track))


def stamp(head: bpy.types.Object) -> str:
    """What names the performance of this head, wherever its folder is moved to."""
    path = Path(bpy.path.abspath(head.fields.track))
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return f"{path.name} {changed}"


def _folder() -> Path:
    if bpy.data.filepath:
        return Path(bpy.data.filepath).parent / FOLDER
    try:
        return Path(bpy.utils.extension_path_user(PACKAGE, path="tracks", create=True))
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
