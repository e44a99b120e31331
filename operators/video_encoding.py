"""A scene's frames as a video by Blender's encoder: in a Blender of its own beside the window, which stays usable."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..fields_blender.core.errors import FieldsError

TICK = "frame written"
# Run by the other Blender.
_SCRIPT = f"""
import bpy
bpy.app.handlers.render_write.append(lambda *_: print({TICK!r}, flush=True))
bpy.ops.render.render(animation=True, scene={{name!r}})
"""


def write_video(scene: Any, with_sound: bool) -> None:
    """Set a scene's output to H.264 in an mp4, with a key frame twice a second, for scrubbing."""
    settings, ffmpeg = scene.render.image_settings, scene.render.ffmpeg
    if hasattr(settings, "media_type"):  # 5.0
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    settings.color_mode = "RGB"
    ffmpeg.format, ffmpeg.codec = "MPEG4", "H264"
    ffmpeg.constant_rate_factor, ffmpeg.ffmpeg_preset = "HIGH", "GOOD"
    ffmpeg.gopsize = 12
    ffmpeg.use_autosplit = False
    ffmpeg.audio_codec = "AAC" if with_sound else "NONE"
    ffmpeg.audio_mixrate, ffmpeg.audio_bitrate = 48000, 192


def encode(name: str, video: Path, in_window: bool) -> Iterator[int]:
    """Render the frames of the scene of that name to `video`; yields how many are written.

    The scene must refer to files alone, none of them packed. Raises FieldsError where Blender can't write it.
    """
    scene = bpy.data.scenes[name]
    scene.render.filepath = str(video)
    if in_window and bpy.app.binary_path:
        yield from _in_another_blender(scene, video)
    else:
        yield 0
        try:
            bpy.ops.render.render(animation=True, scene=name)
        except RuntimeError as error:
            raise _refused(error) from error
    if not video.is_file() or not video.stat().st_size:
        raise _refused("no file")


def _in_another_blender(scene: bpy.types.Scene, video: Path) -> Iterator[int]:
    script, blend, log = (video.with_name(name) for name in ("encode.py", "encode.blend", "encode.log"))
    script.write_text(_SCRIPT.format(name=scene.name), encoding="utf-8")
    bpy.data.libraries.write(str(blend), {scene})
    command = [
        bpy.app.binary_path, "--background", "--factory-startup", str(blend), "--python-exit-code", "1",
        "--python", str(script),
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            yield log.read_bytes().count(TICK.encode())
        if process.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise _refused(lines[-1] if lines else process.returncode)
    finally:  # a cancelled generator too
        process.kill()
        process.wait()


def _refused(why: object) -> FieldsError:
    return FieldsError(
        "Blender could not write the video ({why}). Is there room on the disk? Try a lower height.", why=str(why)
    )
