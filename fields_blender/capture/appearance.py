"""A short code of how a face looks to the encoder, which is kept in the Track: frames that look alike have like codes.

It is a random projection of the encoder's features: distances between frames survive it (Johnson and Lindenstrauss,
1984) whatever the features are and however many, and codes of all takes that one encoder read can be compared.
"""

from functools import lru_cache

import numpy as np

from ..core.arrays import Floats
from ..core.track import CODE
from .features import Features

SEED = 20_261_201
AT_ONCE = 256
# Numbers of about 1 are kept to such a part: far less than what frames differ by, and files become half as large.
STEPS = 16


def codes(features: Features) -> Floats:
    """(faces, CODE) float16 of all faces, without camera noise. Call it after `Features.encode`."""
    noise, parts = features.noise(), [np.empty((0, CODE), np.float16)]
    for first in range(0, len(features), AT_ONCE):
        parts.append(code(features.denoised(first, min(first + AT_ONCE, len(features)), noise)))
    return np.concatenate(parts)


def code(features: Floats) -> Floats:
    """(n, CODE) float16 for features (n, k)."""
    numbers = features @ _projection(features.shape[1])
    return (np.round(numbers * STEPS) / STEPS).astype(np.float16)


@lru_cache(maxsize=2)
def _projection(count: int) -> Floats:
    """(count, CODE), the same on every machine: the stream of RandomState is frozen in all versions of NumPy."""
    return np.random.RandomState(SEED).standard_normal((count, CODE)) / np.sqrt(count)
