"""Performances made up for tests."""

import numpy as np

from fields_blender.core.names import EXPRESSION, GROUPS
from fields_blender.core.track import Track

COLUMN = {name: i for i, name in enumerate(EXPRESSION)}


def track_of(time: np.ndarray, **groups: np.ndarray) -> Track:
    """At rest but for the groups given."""
    full = {name: np.zeros((len(time), *shape), np.float32) for name, shape in GROUPS.items()}
    return Track(time, {**full, **{name: value.astype(np.float32) for name, value in groups.items()}})


def times(n: int, fps: float = 30.0) -> np.ndarray:
    return np.arange(n) / fps


def lively(n: int = 90, seed: int = 1, gap: slice = slice(0, 0)) -> Track:
    """A face that does a bit of everything, with a blink in the middle, and no face in `gap`."""
    random = np.random.default_rng(seed)
    at = times(n)
    wave = np.sin(at[:, None] * random.uniform(0.5, 4, 60) + random.uniform(0, 6, 60))
    blink = np.exp(-(((at - at[n // 2]) / 0.055) ** 2))[:, None].repeat(2, axis=1)
    jaw = np.stack([0.1 + 0.1 * wave[:, 39], 0.02 * wave[:, 40], 0.01 * wave[:, 41]], axis=1)
    made = track_of(
        at, expression=0.3 + 0.2 * wave[:, :39], jaw=jaw, eyelids=np.maximum(0.05, blink),
        gaze=0.2 * wave[:, 42:46].reshape(n, 2, 2), head=0.3 * wave[:, 46:49],
        translation=wave[:, 49:52] + (0, 0, -12), emotion=np.full((n, 8), 0.125), intensity=np.full((n, 1), 0.5),
        confidence=np.ones((n, 1)), uncertainty=np.full((n, 8), 0.05),
    )  # fmt: skip
    for name, values in made.groups.items():
        values[gap] = 0.0 if name == "confidence" else np.nan
    return made


def same(a: Track, b: Track) -> bool:
    """Equal bit by bit."""
    return all(a[name].tobytes() == b[name].tobytes() for name in GROUPS) and a.time.tobytes() == b.time.tobytes()
