"""All that moves in a Track side by side, in comparable units: what filters work on.

54 columns: expression (39), jaw (3), eyelids (2), gaze (4) as parts of a full weight, head (3) in rad away from its
middle, translation (3) in inter-ocular distances.
"""

import numpy as np

from .names import GROUPS, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN, UNCERTAINTY
from .regions import OF_EXPRESSION, REGIONS
from .rotation import multiply, to_quaternion, to_vector
from .track import Track

MOVING = ("expression", "jaw", "eyelids", "gaze", "head", "translation")
_SIZES = [int(np.prod(GROUPS[name])) for name in MOVING]
_STARTS = np.cumsum([0, *_SIZES])
SLICES = {name: slice(a, b) for name, a, b in zip(MOVING, _STARTS[:-1].tolist(), _STARTS[1:].tolist(), strict=True)}
COUNT = int(_STARTS[-1])

# What counts as a full weight in each column.
_FULL = np.concatenate([
    np.ones(39), [JAW_OPEN, JAW_SIDE, JAW_SIDE], np.ones(2), [LOOK_SIDE, LOOK_UP_DOWN] * 2, np.ones(6)
])  # fmt: skip
_NAMED = {"jaw": "jaw", "eyelids": "eyes", "gaze": "gaze", "head": "head", "translation": "head"}
# The region of each column, as a place in REGIONS, and the region of UNCERTAINTY it is doubted by; -1: none.
REGION = np.concatenate(
    [OF_EXPRESSION]
    + [np.full(size, REGIONS.index(_NAMED[name])) for name, size in zip(MOVING[1:], _SIZES[1:], strict=True)]
)
_DOUBTS = {"eyes": UNCERTAINTY.index("eyelids"), "head": -1} | {name: place for place, name in enumerate(UNCERTAINTY)}
DOUBTED = np.array([_DOUBTS[name] for name in REGIONS])[REGION]


def gather(track: Track, run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns (m, 54) of the frames `run` (m,), all with a face, and the head's middle: a quaternion (1, 4).

    The head is a small turn away from its middle, so that no angle of it can jump.
    """
    turns = to_quaternion(track["head"][run])
    turns *= np.where(turns @ turns[len(turns) // 2] < 0, -1.0, 1.0)[:, None]
    middle = np.mean(turns, axis=0, keepdims=True)
    middle /= np.linalg.norm(middle)
    away = to_vector(multiply(np.repeat(middle * (1, -1, -1, -1), len(turns), axis=0), turns))
    parts = [away if name == "head" else track[name][run].reshape(len(run), -1) for name in MOVING]
    return np.concatenate(parts, axis=1) / _FULL, middle


def scatter(values: np.ndarray, middle: np.ndarray) -> dict[str, np.ndarray]:
    """What `gather` gathered, back in the shapes of a Track's groups: (m, 54), (1, 4) -> (m, *shape) each."""
    values = values * _FULL
    parts = {name: values[:, SLICES[name]].reshape(len(values), *GROUPS[name]) for name in MOVING}
    parts["head"] = to_vector(multiply(np.repeat(middle, len(values), axis=0), to_quaternion(parts["head"])))
    return parts
