"""Seconds and frames of the scene. Scene frame 0 is at 0 s; `rate` is the scene's frames a second."""

from typing import overload

import numpy as np

from . import curves
from .arrays import Bools, Floats, Frames, Times
from .errors import FieldsError
from .track import Track

LAST_FRAME = 1_048_574  # Blender's MAXFRAME


@overload
def to_seconds(frame: float, rate: float) -> float: ...
@overload
def to_seconds(frame: Floats | Frames, rate: float) -> Times: ...
def to_seconds(frame: float | Floats | Frames, rate: float) -> float | Times:
    """When a frame is shown (s), or many of them (n,); also between whole ones."""
    return frame / rate


@overload
def to_frame(seconds: float, rate: float) -> float: ...
@overload
def to_frame(seconds: Times, rate: float) -> Floats: ...
def to_frame(seconds: float | Times, rate: float) -> float | Floats:
    """The frame, not rounded, at a time (s), or at many of them (n,)."""
    return seconds * rate


def nearest_frames(seconds: Times, rate: float) -> Frames:
    """The whole frames (n,) nearest to times (n,) in seconds."""
    return np.round(to_frame(seconds, rate)).astype(int)


def nearest_frame(seconds: float, rate: float) -> int:
    """The whole frame nearest to one time (s)."""
    return round(to_frame(float(seconds), rate))


def frames_covered(time: Times, rate: float) -> Frames:
    """The whole frames (m,) on which samples at `time` (n,) are on screen, without holes; see `curves.covered`.

    Raises FieldsError when they lie beyond what Blender's timeline can hold.
    """
    if len(time) == 0:
        return np.empty(0, int)
    first, last = to_frame(float(time[0]), rate), to_frame(float(time[-1]), rate)
    if max(abs(first), abs(last)) > LAST_FRAME:
        raise FieldsError(
            "The track runs from frame {first:.0f} to {last:.0f}, beyond Blender's last frame {limit}. "
            "Capture again, or choose another track.",
            first=first,
            last=last,
            limit=LAST_FRAME,
        )
    frames = np.arange(int(np.floor(first)), int(np.ceil(last)) + 2)
    return frames[curves.covered(time, to_seconds(frames, rate))]


def whole_frames(track: Track, rate: float) -> Frames:
    """The whole frames (m,) that a performance covers, with a face or without, but not the holes between strips.

    Raises FieldsError as `frames_covered`, and when the track's list of strips is damaged.
    """
    frames = frames_covered(track.time, rate)
    return frames[_in_strips(track, frames, rate)]


def _in_strips(track: Track, frames: Frames, rate: float) -> Bools:
    """(m,): which frames show one of the strips that the track was captured from. All, if it was from none."""
    strips = track.source.get("strips")
    if not strips:
        return np.ones(len(frames), bool)
    try:
        # The strips' frames are counted at the rate that the scene had when they were captured.
        frames = frames * (track.source["rate"] / rate)
        spans = [(strip["first"] - 0.5, strip["last"] + 0.5) for strip in strips]
        return np.any([(frames > first) & (frames < last) for first, last in spans], axis=0)
    except (KeyError, TypeError, ValueError) as error:  # files travel, so they may hold anything
        raise FieldsError("The track's list of its strips is damaged ({why}). Capture again.", why=str(error)) from None
