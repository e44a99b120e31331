"""Strips by the same names in every Blender: 5.0 says strips for 4.2's sequences, 5.2 renames the handles."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from ..common.timeline import rate

TEMPORARY = "FIELDS (temporary)"  # how the name of a scene that `scratch_copy` made begins


def strips_of(owner: Any) -> Any:
    """The strips of a sequence editor or meta strip."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def all_strips(editor: Any) -> Any:
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def left(strip: Any) -> int:
    """First scene frame on which the strip is seen."""
    return strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start


def right(strip: Any) -> int:
    """First scene frame on which it no longer is."""
    return strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end


def content_start(strip: Any) -> float:
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


def content_length(strip: Any) -> float:
    """Scene frames from end to end of the content, whatever the handles hide.

    Added up, because 4.2's frame_duration counts source frames.
    """
    if hasattr(strip, "left_handle_offset"):
        return strip.duration + strip.left_handle_offset + strip.right_handle_offset
    return strip.frame_final_duration + strip.frame_offset_start + strip.frame_offset_end


def trim_start(strip: Any) -> int:
    """Source frames cut off at the front."""
    return strip.content_trim_start if hasattr(strip, "content_trim_start") else strip.animation_offset_start


def trim_end(strip: Any) -> int:
    return strip.content_trim_end if hasattr(strip, "content_trim_end") else strip.animation_offset_end


def is_reframed(strip: Any) -> bool:
    """Is the picture cropped, rotated or scaled unevenly?"""
    transform, crop = strip.transform, strip.crop
    return bool(
        (crop and (crop.min_x or crop.max_x or crop.min_y or crop.max_y))
        or (transform and (transform.rotation or abs(transform.scale_x - transform.scale_y) > 1e-4))
    )


@contextmanager
def scratch_copy(scene: Any, strip: Any) -> Iterator[tuple[Any, Any]]:
    """A copy of the scene to try things on, and the strip's twin in it; removed at the end."""
    index = list(all_strips(scene.sequence_editor)).index(strip)
    copy = scene.copy()
    copy.name = TEMPORARY
    name = copy.name
    try:
        yield copy, list(all_strips(copy.sequence_editor))[index]
    finally:
        left_over = bpy.data.scenes.get(name)  # by name: an undo meanwhile makes `copy` invalid
        if left_over is not None:
            bpy.data.scenes.remove(left_over)


def keeps_speed(scene: Any, strip: Any) -> bool:
    """Was the movie strip added with “adjust playback rate”, so that it plays at the video's own speed?

    Blender has no property for it; but the length of such a strip, in frames, follows the scene's rate.
    """
    with scratch_copy(scene, strip) as (copy, twin):
        copy.render.fps *= 2
        return content_length(twin) != content_length(strip)


def source_rate(scene: Any, strip: Any) -> float:
    """How many source frames of a movie strip a scene frame takes."""
    return strip.fps / rate(scene) if keeps_speed(scene, strip) else 1.0


def source_indices(strip: Any, frames: Sequence[int], factor: float) -> np.ndarray:
    """Which source frame (n,), counted from 0, Blender shows on scene frames (n,); see strips.py.

    `factor`: source frames a scene frame. Beyond the content, where Blender holds a frame, that frame.
    """
    last = content_length(strip) - 1
    position = np.clip(np.asarray(frames) - content_start(strip), 0, max(last, 0))
    if strip.use_reverse_frames:
        position = last - position
    return np.floor(position * factor + 0.5).astype(int) + trim_start(strip)
