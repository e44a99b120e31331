"""Where a performance can't be trusted: which frames, and what about them."""

import numpy as np

from ..core.names import UNCERTAINTY
from ..core.track import Track

# A frame whose uncertainty (expected error in weights) is so much above the performance's usual one counts half. High,
# since a network is always a little less sure of quick and rare things such as blinks.
DOUBTFUL = 0.25


def beyond_usual(track: Track) -> np.ndarray:
    """(n, 8) over UNCERTAINTY: the error to expect beyond the performance's usual one, in weights, 0 or more."""
    uncertainty = np.nan_to_num(track["uncertainty"].astype(np.float64))
    usual = np.median(uncertainty[track.found], axis=0) if track.found.any() else 0.0
    return np.maximum(uncertainty - usual, 0.0)


def doubtful(track: Track, least: float) -> np.ndarray:
    """(n,) bool: frames without a face, of less confidence than `least`, or with a region doubted much beyond usual."""
    unsure = track["confidence"][:, 0] < least
    return ~track.found | unsure | (beyond_usual(track) > DOUBTFUL).any(axis=1)


def unsure_regions(track: Track, row: int) -> list[str]:
    """The names (of UNCERTAINTY) whose error to expect is much beyond usual in the frame at `row`."""
    beyond = beyond_usual(track)[row]
    return [name for name, amount in zip(UNCERTAINTY, beyond, strict=True) if amount > DOUBTFUL]
