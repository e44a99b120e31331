"""What the side-by-side video is made of: a temporary scene of the head, the sound, and how both pictures lie.

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
from .footage.sequencer_render import picture_path, write_pictures
from .footage.strip_api import all_strips
from .keys.fcurves import runs_of
from .reference_images import Timeline
from .reference_place import Face

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
    with removed_at_the_end():
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
    with removed_at_the_end():
        copy = there.copy()
        copy.name = _NAME
        copy.use_preview_range = False
        copy.frame_start = math.floor(footage.first * ratio)
        copy.frame_end = math.ceil((footage.first + len(footage.which)) * ratio)
        with bpy.context.temp_override(scene=copy):
            bpy.ops.sound.mixdown(filepath=str(path), check_existing=False, container="WAV", codec="PCM", format="S16")
        return path, round(copy.frame_start / ratio)


def plan_of(
    scene: bpy.types.Scene, footage: Timeline, folder: Path, sound: tuple[Path, int] | None, height: int, title: str
) -> dict[str, Any]:
    """The plan, as `video_scene` has it, of the footage on the left and the head's pictures on the right.

    `scene`: whose frames a second it has. `sound`: as `mix_sound` gives it.
    """
    first, count = footage.first, len(footage.which)
    heads = [picture_path(folder / _HEADS, frame) for frame in range(first, first + count)]
    sizes = [_size(Path(file.path)) for file in footage.files]
    left, right = max(_even(height * width / tall) for width, tall in sizes), _even(height * _aspect(heads[0]))
    strips = []
    for index, (_, tall) in enumerate(sizes):
        inside = Path(footage.files[index].path).parent
        for begin, end in runs_of(np.flatnonzero(footage.which == index)).astype(int):
            pictures = [picture_path(inside, number) for number in footage.numbers[begin : end + 1]]
            strips.append(_strip(1, first + int(begin), pictures, height / tall, -right // 2))
    strips.append(_strip(2, first, heads, height / _size(heads[0])[1], left // 2))
    return {
        "name": _NAME, "video": str(folder / "video.mp4"), "title": title, "fps": scene.render.fps,
        "fps_base": scene.render.fps_base, "first": first, "last": first + count - 1, "width": left + right,
        "height": height, "strips": strips,
        "sound": {"path": str(sound[0]), "first": sound[1]} if sound else None,
    }  # fmt: skip


def _strip(channel: int, first: int, pictures: list[Path], scale: float, offset: int) -> dict[str, Any]:
    paths = [str(path) for path in pictures]
    return {"channel": channel, "first": first, "pictures": paths, "scale": scale, "offset": offset}


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
def removed_at_the_end() -> Iterator[None]:
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


def _aspect(path: Path) -> float:
    width, height = _size(path)
    return width / height


def _even(pixels: float) -> int:
    """H.264 wants even sides."""
    return max(round(pixels / 2) * 2, 2)
