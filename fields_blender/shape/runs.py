"""Where a performance is continuous: filters work on one run at a time and carry nothing from one to the next."""

import numpy as np

from ..core.curves import HOLE
from ..core.track import Track


def runs(track: Track) -> list[np.ndarray]:
    """Frame indices of each stretch that shows a face in every frame and has no hole in time (see `curves.HOLE`)."""
    found = np.flatnonzero(track.found)
    if len(found) == 0:
        return []
    step = np.median(np.diff(track.time)) if len(track) > 1 else 1.0
    broken = (np.diff(found) > 1) | (np.diff(track.time[found]) > HOLE * step)
    return np.split(found, np.flatnonzero(broken) + 1)
