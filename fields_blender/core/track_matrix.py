"""Everything that moves in a Track as one matrix, in comparable units: what filters work on.

54 columns: expression (39); jaw (3), eyelids (2) and gaze (4) as parts of a full weight; head (3) in rad away from its
mean; translation (3) in inter-ocular distances.
"""

import numpy as np

from .arrays import Floats, Ints, Quaternions
from .names import GROUPS, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN, UNCERTAINTY
from .regions import OF_EXPRESSION, REGIONS
from .rotation import inverse, multiply, to_quaternion, to_vector
from .track import Track

MOVING = ("expression", "jaw", "eyelids", "gaze", "head", "translation")
_SIZES = [int(np.prod(GROUPS[name])) for name in MOVING]
_STARTS = np.cumsum([0, *_SIZES])
# The columns of each group.
SLICES = {name: slice(a, b) for name, a, b in zip(MOVING, _STARTS[:-1].tolist(), _STARTS[1:].tolist(), strict=True)}
COUNT = int(_STARTS[-1])

# What a full weight is in each column, in the units of the Track.
FULL = np.concatenate([
    np.ones(39), [JAW_OPEN, JAW_SIDE, JAW_SIDE], np.ones(2), [LOOK_SIDE, LOOK_UP_DOWN] * 2, np.ones(6)
])  # fmt: skip
_REGION_OF_GROUP = {"jaw": "jaw", "eyelids": "eyes", "gaze": "gaze", "head": "head", "translation": "head"}
# The region of each column, as an index of REGIONS.
REGION = np.concatenate(
    [OF_EXPRESSION]
    + [np.full(size, REGIONS.index(_REGION_OF_GROUP[name])) for name, size in zip(MOVING[1:], _SIZES[1:], strict=True)]
)
_UNCERTAINTY_OF_REGION = {name: i for i, name in enumerate(UNCERTAINTY)} | {"eyes": UNCERTAINTY.index("eyelids")}
# The uncertainty that each column has, as an index of UNCERTAINTY; -1 for the head, which has none.
UNCERTAINTY_COLUMN = np.array([_UNCERTAINTY_OF_REGION.get(name, -1) for name in REGIONS])[REGION]


def gather(track: Track, run: Ints) -> tuple[Floats, Quaternions]:
    """The matrix (m, 54) of the frames with indices `run` (m,), all with a face, and the head's mean rotation (1, 4).

    The head's columns are its rotation away from that mean: a small angle, which can't jump by a full turn.
    """
    head = to_quaternion(track["head"][run])
    head *= np.where(head @ head[len(head) // 2] < 0, -1.0, 1.0)[:, None]  # q and -q are the same rotation
    mean = np.mean(head, axis=0, keepdims=True)
    mean /= np.linalg.norm(mean)
    away = to_vector(multiply(np.repeat(inverse(mean), len(head), axis=0), head))
    parts = [away if name == "head" else track[name][run].reshape(len(run), -1) for name in MOVING]
    return np.concatenate(parts, axis=1) / FULL, mean


def scatter(values: Floats, mean: Quaternions) -> dict[str, Floats]:
    """The inverse of `gather`: (m, 54), (1, 4) -> (m, *shape) for each group that moves."""
    values = values * FULL
    parts = {name: values[:, SLICES[name]].reshape(len(values), *GROUPS[name]) for name in MOVING}
    parts["head"] = to_vector(multiply(np.repeat(mean, len(values), axis=0), to_quaternion(parts["head"])))
    return parts
