"""Which of the files that a .blend names may be touched. Files travel, and a stranger's may name anything.

What lies in the folder of the .blend may be looked at; all else, on this machine, once the artist has asked for it, by
choosing it or by *Load Take*. A path on a network is never contacted because a .blend says so.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from ...fields_blender.core.errors import FieldsError
from ..common.addon_preferences import EXTENSION

# Absolute paths that the artist has asked for since Blender was started.
_asked: set[str] = set()
_silent = False


def path_of(file: str) -> Path:
    """The absolute path of a file that a .blend names, which begins with // if it is relative."""
    return Path(os.path.normpath(bpy.path.abspath(file)))


def may_touch(file: str) -> bool:
    """Does the file lie where the .blend does, or has the artist asked for it? Touches no file outside."""
    return not file or str(path_of(file)) in _asked or _is_near(path_of(file))


def ask(file: str) -> None:
    """The artist wants this file. Raises FieldsError for one on a network."""
    if _is_remote(path_of(file)) and not may_touch(file):
        raise FieldsError(
            "{file} is on a network, which this .blend could reach without your knowing. Import Take, under Import and "
            "Export, brings it in.",
            file=file,
        )
    _asked.add(str(path_of(file)))


def note(file: str) -> None:
    """The artist, or this extension, has just named this file."""
    if file and not _silent:
        _asked.add(str(path_of(file)))


@contextlib.contextmanager
def unnoted() -> Iterator[None]:
    """Within this, to write a file's name somewhere is not to ask for it."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


def _is_near(path: Path) -> bool:
    """In the folder of the .blend or below, or in the extension's own, and no link leads away from there."""
    folders = [Path(os.path.normpath(Path(bpy.data.filepath).parent))] if bpy.data.filepath else []
    with contextlib.suppress(ValueError):  # run from a checkout, not installed as an extension
        folders.append(Path(bpy.utils.extension_path_user(EXTENSION, path="tracks")))
    folder = next((folder for folder in folders if folder in path.parents), None)
    if folder is None:
        return False
    between = [path, *(parent for parent in path.parents if folder in parent.parents)]
    return not any(part.is_symlink() for part in between)


def _is_remote(path: Path) -> bool:
    return str(path).startswith(("\\\\", "//"))
