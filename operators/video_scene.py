"""A scene whose sequencer shows pictures and plays a sound, rendered to an mp4, by a plan of plain values.

Also a program that a Blender of its own runs (`blender --background --python video_scene.py -- plan.json`), so it
imports nothing of the extension. The plan:
    name, video, title (empty: neither title nor frame numbers), fps, fps_base, first, last (frames),
    width, height (px),
    strips: channel, first (frame), pictures (a path a frame), scale, offset (px to the right of the middle) of each,
    sound: path and first (frame), or null
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy

TICK = "frame written"


def build(plan: dict[str, Any]) -> bpy.types.Scene:
    """The scene of a plan."""
    scene: Any = bpy.data.scenes.new(plan["name"])
    render = scene.render
    render.fps, render.fps_base = plan["fps"], plan["fps_base"]
    scene.frame_start, scene.frame_end = plan["first"], plan["last"]
    render.resolution_x, render.resolution_y, render.resolution_percentage = plan["width"], plan["height"], 100
    scene.view_settings.view_transform = "Standard"  # the pictures' own colours
    render.use_sequencer, render.use_compositing = True, False
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for wanted in plan["strips"]:
        _add_pictures(strips, wanted)
    if plan["sound"]:
        sound = strips.new_sound(plan["name"], plan["sound"]["path"], 8, plan["sound"]["first"]).sound
        sound.name = plan["name"]
    _to_video(scene, plan)
    _stamp(render, plan["title"], plan["height"])
    return scene


def _add_pictures(strips: Any, wanted: dict[str, Any]) -> None:
    pictures = wanted["pictures"]
    strip = strips.new_image("Pictures", pictures[0], wanted["channel"], wanted["first"])
    for path in pictures[1:]:
        strip.elements.append(Path(path).name)
    strip.blend_type = "ALPHA_OVER"
    transform = strip.transform
    transform.scale_x = transform.scale_y = wanted["scale"]
    transform.offset_x, transform.offset_y = wanted["offset"], 0


def _to_video(scene: Any, plan: dict[str, Any]) -> None:
    """H.264 in an mp4, with a key frame twice a second, for scrubbing."""
    scene.render.filepath = plan["video"]
    settings, ffmpeg = scene.render.image_settings, scene.render.ffmpeg
    if hasattr(settings, "media_type"):  # 5.0
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    settings.color_mode = "RGB"
    ffmpeg.format, ffmpeg.codec = "MPEG4", "H264"
    ffmpeg.constant_rate_factor, ffmpeg.ffmpeg_preset = "HIGH", "GOOD"
    ffmpeg.gopsize = 12
    ffmpeg.audio_codec = "AAC" if plan["sound"] else "NONE"
    ffmpeg.audio_mixrate, ffmpeg.audio_bitrate = 48000, 192


def _stamp(render: Any, title: str, height: int) -> None:
    for name in [name for name in dir(render) if name.startswith("use_stamp_")]:
        setattr(render, name, False)
    render.use_stamp = bool(title)
    render.use_stamp_frame = render.use_stamp_note = True
    render.stamp_note_text = title
    render.stamp_font_size = max(height // 32, 8)
    render.stamp_background, render.stamp_foreground = (0.0, 0.0, 0.0, 0.6), (1.0, 1.0, 1.0, 1.0)


def _main() -> None:
    scene = build(json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8")))
    tell = bpy.app.handlers.render_write
    tell.append(lambda *_: print(TICK, flush=True))
    bpy.ops.render.render(animation=True, scene=scene.name)
    tell.clear()  # else 4.2 crashes at its end


if __name__ == "__main__":
    _main()
