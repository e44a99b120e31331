"""The temporary scenes of the side-by-side video: the head alone, and both pictures next to each other.

The artist's scene is copied, never changed. What was made is found again by name: an undo meanwhile frees it.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from ..fields_blender.core.errors import FieldsError
from .common.timeline import rate
from .footage.sequencer_render import keep_colours, picture_path, write_pictures
from .footage.strip_api import all_strips, strips_of
from .keys.fcurves import runs_of
from .reference_images import Timeline
from .reference_place import Face
from .video_encoding import write_video

_NAME = "FIELDS (temporary)"
_HEADS = "head"  # the folder of the head's pictures
# The close-up: what it shows, in distances between the eyes (a head is four tall), and its lens.
_SHOWN, _LENS, _SENSOR = 6.0, 85.0, 24.0
# Where a scene has no light: how it is turned against the view (rad), and its strength in W/m².
_SUNS = (((-0.6, 0.5, 0.0), 3.0), ((-0.2, -0.9, 0.0), 1.0))


@contextmanager
def head_scene(context: bpy.types.Context, face: Face | None, quick: bool, height: int, folder: Path) -> Iterator[str]:
    """The name of a copy of the scene that renders the head to pictures in `folder`, `height` px high.

    `face`: seen from in front of it; None: through the scene's camera. `quick`: with Workbench.
    """
    with _removed_at_the_end():
        scene: Any = context.scene.copy()
        scene.name = _NAME
        for layer in scene.view_layers:
            layer.use = layer.name == context.view_layer.name
        render = scene.render
        aspect = 1.0
        if face is None:
            aspect = render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)
        else:
            _look_at(scene, face)
        render.resolution_x, render.resolution_y, render.resolution_percentage = _even(height * aspect), height, 100
        render.pixel_aspect_x = render.pixel_aspect_y = 1.0
        render.film_transparent = render.use_sequencer = False
        write_pictures(scene, folder / _HEADS)
        if quick:
            render.engine = "BLENDER_WORKBENCH"
            scene.display.shading.light, scene.display.shading.color_type = "STUDIO", "TEXTURE"
        yield scene.name


def render_pictures(name: str, first: int, count: int) -> Iterator[int]:
    """Render `count` frames of the scene of that name, one a step; yields how many are done.

    Raises FieldsError where Blender can't.
    """
    for done in range(count):
        frame = first + done
        try:
            scene = bpy.data.scenes[name]
            scene.frame_start = scene.frame_end = frame
            bpy.ops.render.render(animation=True, scene=name)
        except (RuntimeError, KeyError) as error:
            raise FieldsError(
                "Blender could not render frame {frame} of the head ({why}). Does the scene render with F12?",
                frame=frame,
                why=error,
            ) from error
        yield done + 1


def mix_sound(
    there: bpy.types.Scene, here: bpy.types.Scene, footage: Timeline, folder: Path
) -> tuple[Path, int] | None:
    """What the sequencer of the scene `there` plays during the footage, as a file, and the frame of the scene `here` at
    which it begins. None where it is silent.
    """
    if not any(strip.type == "SOUND" and not strip.mute for strip in all_strips(there.sequence_editor)):
        return None
    path, ratio = folder / "sound.wav", rate(there) / rate(here)
    with _removed_at_the_end():
        copy = there.copy()
        copy.name = _NAME
        copy.use_preview_range = False
        copy.frame_start = math.floor(footage.first * ratio)
        copy.frame_end = math.ceil((footage.first + len(footage.which)) * ratio)
        with bpy.context.temp_override(scene=copy):
            bpy.ops.sound.mixdown(filepath=str(path), check_existing=False, container="WAV", codec="PCM", format="S16")
        return path, round(copy.frame_start / ratio)


@contextmanager
def both_scene(
    like: bpy.types.Scene, footage: Timeline, folder: Path, sound: tuple[Path, int] | None, height: int, title: str
) -> Iterator[str]:
    """The name of a scene whose sequencer shows the footage on the left and the head's pictures on the right.

    `like`: whose frames a second it has. `title`: written into the picture with the frame's number; empty: neither.
    """
    with _removed_at_the_end():
        scene: Any = bpy.data.scenes.new(_NAME)
        render = scene.render
        render.fps, render.fps_base = like.render.fps, like.render.fps_base
        scene.frame_start, scene.frame_end = footage.first, footage.first + len(footage.which) - 1
        scene.use_preview_range = False
        strips = strips_of(scene.sequence_editor_create())
        pictures = [Path(file.path) for file in footage.files]
        heads = picture_path(folder / _HEADS, footage.first)
        wide = [_even(height * width / tall) for width, tall in map(_size, pictures)]
        left, right = max(wide), _even(height * _size(heads)[0] / _size(heads)[1])
        render.resolution_x, render.resolution_y, render.resolution_percentage = left + right, height, 100
        for index, path in enumerate(pictures):
            for first, last in runs_of(np.flatnonzero(footage.which == index)).astype(int):
                numbers = footage.numbers[first : last + 1]
                names = [picture_path(path.parent, number) for number in numbers]
                _add(strips, names, footage.first + first, 1, height, -right / 2)
        every = range(scene.frame_start, scene.frame_end + 1)
        _add(strips, [picture_path(heads.parent, frame) for frame in every], footage.first, 2, height, left / 2)
        if sound:
            strips.new_sound("Sound", str(sound[0]), 3, sound[1]).sound.name = _NAME
        write_video(scene, with_sound=sound is not None)
        keep_colours(scene)
        render.use_sequencer, render.use_compositing = True, False
        _stamp(render, title, height)
        yield scene.name


def _add(strips: Any, pictures: list[Path], first: int, channel: int, height: int, offset: float) -> None:
    """A strip of pictures, `height` px high, its middle `offset` px beside the middle."""
    strip = strips.new_image("Pictures", str(pictures[0]), channel, first)
    for path in pictures[1:]:
        strip.elements.append(path.name)
    strip.blend_type = "ALPHA_OVER"
    transform = strip.transform
    transform.scale_x = transform.scale_y = height / _size(pictures[0])[1]
    transform.offset_x, transform.offset_y = round(offset), 0


def _stamp(render: Any, title: str, height: int) -> None:
    for name in [name for name in dir(render) if name.startswith("use_stamp_")]:
        setattr(render, name, False)
    render.use_stamp = bool(title)
    render.use_stamp_frame = render.use_stamp_note = True
    render.stamp_note_text = title
    render.stamp_font_size = max(height // 32, 8)
    render.stamp_background, render.stamp_foreground = (0.0, 0.0, 0.0, 0.6), (1.0, 1.0, 1.0, 1.0)


def _look_at(scene: bpy.types.Scene, face: Face) -> None:
    """A camera in front of the face, and where the scene has no light, suns."""
    data: Any = bpy.data.cameras.new(_NAME)
    data.sensor_fit, data.sensor_height, data.lens = "VERTICAL", _SENSOR, _LENS
    distance = _SHOWN * face.eyes * _LENS / _SENSOR
    data.clip_start, data.clip_end = distance / 100, distance * 100
    axes = Matrix(face.axes.tolist()).to_4x4()
    where = axes.copy()
    where.translation = Vector((face.centre + face.axes[:, 2] * distance).tolist())
    scene.camera = _new(scene, data, where)
    if any(thing.type == "LIGHT" and not thing.hide_render for thing in scene.objects):
        return
    for turned, strength in _SUNS:
        sun: Any = bpy.data.lights.new(_NAME, "SUN")
        sun.energy = strength
        _new(scene, sun, axes @ Euler(turned).to_matrix().to_4x4())


def _new(scene: bpy.types.Scene, data: bpy.types.ID, where: Matrix) -> bpy.types.Object:
    thing = bpy.data.objects.new(_NAME, data)
    thing.matrix_world = where
    scene.collection.objects.link(thing)
    return thing


@contextmanager
def _removed_at_the_end() -> Iterator[None]:
    """Removes all that is of our temporary name."""
    try:
        yield
    finally:
        kinds: list[Any] = [bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.lights, bpy.data.sounds]
        for kind in kinds:
            for item in [item for item in kind if item.name.startswith(_NAME)]:
                kind.remove(item)


def _size(path: Path) -> tuple[int, int]:
    """(width, height) of a picture, px."""
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    try:
        width, height = image.size
    finally:
        bpy.data.images.remove(image)
    return width, height


def _even(pixels: float) -> int:
    """H.264 wants even sides."""
    return max(round(pixels / 2) * 2, 2)
