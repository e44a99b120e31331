"""Which frames of a performance can't be trusted, and why."""

import numpy as np

from ..core.names import UNCERTAINTY
from ..core.track import Track

# A frame whose uncertainty (expected error in weights) exceeds the performance's usual one by this much counts half.
# High, since a network is always a little less sure of quick and rare things such as blinks.
DOUBTFUL = 0.25


def excess(track: Track) -> np.ndarray:
    """(n, 8) over UNCERTAINTY: by how much it exceeds the performance's median, in weights, 0 or more."""
    uncertainty = np.nan_to_num(track["uncertainty"].astype(np.float64))
    usual = np.median(uncertainty[track.found], axis=0) if track.found.any() else 0.0
    return np.maximum(uncertainty - usual, 0.0)


def doubtful(track: Track, least_confidence: float) -> np.ndarray:
    """(n,) bool: frames without a face, of less confidence than that, or with a region far less sure than usual."""
    unsure = track["confidence"][:, 0] < least_confidence
    return ~track.found | unsure | (excess(track) > DOUBTFUL).any(axis=1)


def unsure_regions(track: Track, row: int) -> list[str]:
    """The names (of UNCERTAINTY) whose expected error is far beyond the usual in the frame at `row`."""
    return [name for name, amount in zip(UNCERTAINTY, excess(track)[row], strict=True) if amount > DOUBTFUL]
