"""Which emotion a performance shows over time, and how strongly: for curves and markers; it moves nothing."""

import numpy as np

from ..core.names import EMOTIONS
from ..core.track import Track
from .runs import runs

# An emotion counts as shown from this strength on, and when it lasts this long (s): less is a flicker of the network.
SHOWN, LASTS = 0.15, 0.4
SHOWABLE = tuple(name for name in EMOTIONS if name != "neutral")
_COLUMNS = [EMOTIONS.index(name) for name in SHOWABLE]


def shown(track: Track) -> np.ndarray:
    """(n, 7) over SHOWABLE: how likely each emotion is, times the intensity of what is shown, 0..1. NaN in gaps."""
    return track["emotion"][:, _COLUMNS].astype(np.float64) * track["intensity"]


def changes(track: Track) -> list[tuple[float, str]]:
    """When (s) the strongest emotion changes, and to which: one of EMOTIONS, "neutral" where none is shown."""
    found: list[tuple[float, str]] = []
    strength = shown(track)
    for run in runs(track):
        values = strength[run]
        which = np.where(values.max(axis=1) >= SHOWN, values.argmax(axis=1), -1)
        starts = np.r_[0, np.flatnonzero(np.diff(which)) + 1]
        ends = np.r_[track.time[run][starts[1:]], track.time[run][-1]]
        for start, end in zip(starts, ends, strict=True):
            name = SHOWABLE[which[start]] if which[start] >= 0 else "neutral"
            began = float(track.time[run][start])
            if end - began >= LASTS and (found[-1][1] if found else "neutral") != name:
                found.append((began, name))
    return found
