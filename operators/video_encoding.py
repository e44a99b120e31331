"""A plan of `video_scene` made a video: in a Blender of its own beside the window, which stays usable meanwhile."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..fields_blender.core.errors import FieldsError
from . import video_scene


def encode(plan: dict[str, Any], in_window: bool) -> Iterator[int]:
    """Write `plan["video"]`; yields how many frames are written. Raises FieldsError where Blender can't write it."""
    video = Path(plan["video"])
    if in_window:
        yield from _in_another_blender(plan, video.parent)
    else:
        yield 0
        scene = video_scene.build(plan)
        try:
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            raise _refused(error) from error
    if not video.is_file() or not video.stat().st_size:
        raise _refused("no file")


def _in_another_blender(plan: dict[str, Any], folder: Path) -> Iterator[int]:
    file, log = folder / "plan.json", folder / "log.txt"
    file.write_text(json.dumps(plan), encoding="utf-8")
    with log.open("wb") as out:
        command = [*_program(), "--", str(file)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            yield log.read_bytes().count(video_scene.TICK.encode())
        if process.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise _refused(lines[-1] if lines else process.returncode)
    finally:  # a cancelled generator too
        process.kill()
        process.wait()


def _program() -> list[str]:
    """Blender, told to run `video_scene`."""
    script = str(Path(video_scene.__file__))
    return [bpy.app.binary_path, "--background", "--factory-startup", "--python-exit-code", "1", "--python", script]


def _refused(why: object) -> FieldsError:
    return FieldsError(
        "Blender could not write the video ({why}). Is there room on the disk? Try a lower height.", why=str(why)
    )
