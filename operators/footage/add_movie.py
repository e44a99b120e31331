"""Putting a video on a scene's sequencer, with its sound, so that it plays at its own speed.

Only Blender's own operator can say that a strip keeps its speed at any frame rate of the scene; no property does. It
runs nowhere but in a Sequencer, which need not be on the screen: another editor is one for a moment then.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import bpy

from ...fields_blender.core.errors import FieldsError
from ..common.timeline import rate
from .strip_api import all_strips, right, strips_of

SUFFIXES = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".ogv", ".wmv", ".flv",
    ".mxf", ".3gp", ".dv",
)  # fmt: skip
CHANNELS = 128  # of Blender's sequencer


class Video(NamedTuple):
    """What Blender reads of a video file: frames a second, and how many."""

    fps: float
    frames: int


def look_at(path: Path) -> Video:
    """Raises FieldsError where Blender can't read the file as a video."""
    if not path.is_file():
        raise FieldsError("There is no file {path}. Choose a video.", path=path)
    clip: Any = None
    with suppress(RuntimeError):
        clip = bpy.data.movieclips.load(str(path))
    try:
        if clip is None or clip.source != "MOVIE" or clip.frame_duration < 1 or not clip.size[0]:
            raise FieldsError(
                "“{name}” can't be read as a video. Play it in another program; if it plays there, convert it to MP4 "
                "(H.264).",
                name=path.name,
            )
        return Video(clip.fps, clip.frame_duration)
    finally:
        if clip is not None:
            bpy.data.movieclips.remove(clip)


def add(context: bpy.types.Context, scene: bpy.types.Scene, path: Path, start: int) -> Any:
    """The strip of a video from scene frame `start` on, in free channels; it is selected and active, with its sound.

    Raises FieldsError, with nothing added, where that is not possible.
    """
    editor = scene.sequence_editor or scene.sequence_editor_create()
    known = set(all_strips(editor))
    wanted = {
        "filepath": str(path),
        "frame_start": start,
        "channel": free_channel(editor, start),
        "relative_path": context.preferences.filepaths.use_relative_paths and bpy.data.is_saved,
        "sound": True,
        "adjust_playback_rate": True,
        # The colours and the frame rate of a scene are not a video's to change, unless the artist says so.
        "use_framerate": False,
        "set_view_transform": False,
        "replace_sel": True,
        # Unknown to 4.2; 5.0 would have the strip follow the mouse.
        "move_strips": False,
    }
    operator: Any = bpy.ops.sequencer.movie_strip_add
    there = operator.get_rna_type().properties
    try:
        with _sequencer(context, scene):
            operator("EXEC_DEFAULT", **{name: value for name, value in wanted.items() if name in there})
    except RuntimeError as error:
        raise FieldsError(
            "Blender could not put “{name}” on the Sequencer: {why}", name=path.name, why=str(error).strip()
        ) from error
    made = [strip for strip in all_strips(editor) if strip not in known]
    strip = next((strip for strip in made if strip.type == "MOVIE"), None)
    if strip is None:
        raise FieldsError("“{name}” has no pictures. Choose a video.", name=path.name)
    editor.active_strip = strip
    return strip


def free_channel(editor: Any, start: int) -> int:
    """The lowest channel that is free from `start` on, as is the one above it, which Blender takes for the picture."""
    later = [strip for strip in strips_of(editor) if right(strip) > start]
    channel = 1 + max((strip.channel for strip in later), default=0)
    if channel >= CHANNELS:
        raise FieldsError("All channels of the Sequencer are taken at frame {frame}. Make room there.", frame=start)
    return channel


def last_frame(scene: bpy.types.Scene, strip: Any, of: bpy.types.Scene) -> int:
    """The last frame of `scene` on which a strip of the scene `of` plays."""
    return round((right(strip) - 1) / rate(of) * rate(scene))


@contextmanager
def _sequencer(context: bpy.types.Context, scene: bpy.types.Scene) -> Iterator[None]:
    """Inside, operators of the Sequencer run, on the strips of `scene`."""
    window = context.window or context.window_manager.windows[0]
    areas = sorted(window.screen.areas, key=lambda area: area.width * area.height)
    # The smallest one that the mouse is not in: the operator's own editor must stay as it is.
    area = next((area for area in areas if area.type == "SEQUENCE_EDITOR"), None)
    area = area or next((area for area in areas if area != context.area), areas[0])
    override: dict[str, Any] = {"window": window, "area": area, "scene": scene}
    if hasattr(context.workspace, "sequencer_scene"):  # 5.0
        override["sequencer_scene"] = scene
    before = area.ui_type
    if area.type != "SEQUENCE_EDITOR":
        area.ui_type = "SEQUENCE_EDITOR"
    try:
        with bpy.context.temp_override(**override):
            yield
    finally:
        if area.ui_type != before:
            area.ui_type = before
