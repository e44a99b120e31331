"""What a strip shows, rendered by Blender's own sequencer: slower than decoding, but right for whatever it does."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...fields_blender.core.errors import FieldsError
from .strip_api import all_strips, is_reframed, scratch_copy, strips_of

# px. More does not help to read a face, and fills the disk.
LONGEST_SIDE = 1920
# An upper estimate for a JPEG of quality 95.
BYTES_PER_PIXEL = 0.5
FILE_NAME = "######"  # Blender puts the frame there and adds the suffix


def picture_path(folder: Path, frame: int) -> Path:
    """Where `render_strip` leaves a scene frame."""
    return folder / f"{frame:06d}.jpg"


def render_strip(
    scene: Any, strip: Any, first: int, last: int, folder: Path, longest: int = LONGEST_SIDE
) -> Iterator[int]:
    """Render scene frames `first` to before `last` of `strip` alone to `picture_path`s; one a step.

    `longest`: px that the longer side of the pictures has at most. Works on a copy of the scene that is removed at the
    end, so that nothing of the artist's scene changes. Must run in the main thread. Raises FieldsError where Blender
    can't render or the disk is too full.
    """
    if first < 0:
        raise FieldsError(
            "“{name}” begins before frame 0, where Blender can't render. Move it to frame 0 or later.", name=strip.name
        )
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_copy(scene, strip) as (copy, twin):
        _mute_others(copy, twin)
        _set_canvas(copy, twin, longest)
        write_pictures(copy, folder)
        keep_colours(copy)
        copy.render.use_sequencer = True
        _disable_cache(copy.sequence_editor)
        render = copy.render
        pixels = render.resolution_x * render.resolution_y * (render.resolution_percentage / 100) ** 2
        need = pixels * BYTES_PER_PIXEL * (last - first)
        if need > shutil.disk_usage(folder).free:
            raise FieldsError(
                "“{name}” has to be rendered to pictures first, which takes {size:.1f} GB, more than is free in "
                "{folder}. Make room there, or choose a shorter range.",
                name=strip.name,
                size=need / 1e9,
                folder=folder.parent,
            )
        for frame in range(first, last):
            try:
                copy.frame_start = copy.frame_end = frame
                # As an animation of one frame: a still of a scene that no window shows comes out empty.
                bpy.ops.render.render(animation=True, scene=copy.name)
            except (RuntimeError, ReferenceError) as error:
                raise FieldsError(
                    "Blender could not render frame {frame} of “{name}” ({why}). Check that the strip shows in the "
                    "Sequencer's preview, then capture again.",
                    frame=frame,
                    name=strip.name,
                    why=error,
                ) from error
            yield frame


def _disable_cache(editor: Any) -> None:
    """No cache: each frame is rendered once, and 5.0 finds frames in its cache that are up to one frame off."""
    for name in ("raw", "preprocessed", "composite", "final"):
        if hasattr(editor, f"use_cache_{name}"):
            setattr(editor, f"use_cache_{name}", False)
    editor.use_prefetch = False


def _inputs(strip: Any) -> list[Any]:
    """The strip, what an effect takes in, and what a meta strip holds."""
    found = [strip]
    for name in ("input_1", "input_2"):
        if getattr(strip, name, None) is not None:
            found += _inputs(getattr(strip, name))
    if strip.type == "MULTICAM":
        others = all_strips(strip.id_data.sequence_editor)
        for other in [each for each in others if each.channel == strip.multicam_source]:
            found += _inputs(other)
    if strip.type == "META":
        for child in strips_of(strip):
            found += _inputs(child)
    return found


def _mute_others(scene: Any, strip: Any) -> None:
    needed = _inputs(strip)
    parent = strip.parent_meta()
    while parent is not None:
        needed.append(parent)
        parent = parent.parent_meta()
    for other in all_strips(scene.sequence_editor):
        if other not in needed:
            other.mute = True
    # Any other blend type would mix it with black.
    strip.blend_type = "REPLACE"


def _set_canvas(scene: Any, strip: Any, longest: int) -> None:
    """As large as the source picture; where the artist rotated or cropped it, the scene's own canvas."""
    parts = _inputs(strip)
    width, height = _source_size(parts)
    render = scene.render
    reframed = any(part.type == "TRANSFORM" or is_reframed(part) for part in parts)
    if width and not reframed and strip.parent_meta() is None:
        render.resolution_x, render.resolution_y = width, height
        for part in parts:
            if part.transform:
                part.transform.scale_x = part.transform.scale_y = 1.0
                part.transform.offset_x = part.transform.offset_y = 0.0
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.resolution_percentage = min(100, math.floor(100 * longest / max(render.resolution_x, render.resolution_y)))


def _source_size(parts: list[Any]) -> tuple[int, int]:
    """(width, height) of the largest source; (0, 0) where none is known."""
    elements = [part.elements[0] for part in parts if part.type in ("MOVIE", "IMAGE") and len(part.elements)]
    sizes = [(element.orig_width, element.orig_height) for element in elements]
    return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))


def write_pictures(scene: Any, folder: Path) -> None:
    """Set a scene's output to a JPEG a frame, named as `picture_path` has it, and to nothing else."""
    render = scene.render
    render.filepath = str(folder / FILE_NAME)
    render.use_compositing = False
    render.use_border = False
    render.use_multiview = False
    render.use_stamp = False
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    scene.frame_step = 1
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # 5.0
        settings.media_type = "IMAGE"
    settings.file_format = "JPEG"
    settings.color_mode = "RGB"
    settings.quality = 95
    settings.color_management = "FOLLOW_SCENE"


def keep_colours(scene: Any) -> None:
    """The video's own colours: the scene's view transform (AgX, Filmic) is made for renders of 3D scenes."""
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform = "Standard"
    view.look = "None"
    view.exposure, view.gamma = 0.0, 1.0
    view.use_curve_mapping = False
