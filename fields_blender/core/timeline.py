"""Seconds and whole frames of a timeline."""

import numpy as np

from . import curves
from .errors import FieldsError
from .track import Track

LAST_FRAME = 1_048_574  # Blender's MAXFRAME


def whole_frames(track: Track, rate: float) -> np.ndarray:
    """The whole scene frames a performance covers (n,), face or no face, without the holes between strips."""
    ends = track.time[[0, -1]] * rate
    if np.abs(ends).max() > LAST_FRAME:
        raise FieldsError(
            f"The track runs from frame {ends[0]:.0f} to {ends[1]:.0f}, beyond Blender's last frame {LAST_FRAME}. "
            "Capture again, or choose another track."
        )
    frames = np.arange(int(np.floor(track.time[0] * rate)), int(np.ceil(track.time[-1] * rate)) + 2)
    covered = curves.covered(track.time, frames / rate)
    strips = track.source.get("strips")
    if strips:  # captured from strips: the frames they were seen on, and no frame beside them
        was = track.source["rate"] / rate
        spans = [(strip["first"], strip["last"]) for strip in strips]
        covered &= np.any([(frames * was > a - 0.5) & (frames * was < b + 0.5) for a, b in spans], axis=0)
    return frames[covered]
