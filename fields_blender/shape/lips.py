"""How far apart a performance's lips are, without a mesh: enough to know when they close."""

import numpy as np

from ..core.arkit import to_arkit
from ..core.names import ARKIT, EXPRESSION
from ..core.track import Track

# How far a weight of 1 parts the lips in their middle, half way to the corner on its own side, and on the other side:
# in units of what jawOpen parts them there, measured on the demo head.
_PARTS = {
    "jawOpen": (1.0, 1.0, 1.0), "mouthClose": (-1.0, -1.0, -1.0), "jawForward": (0.04, 0.05, 0.05),
    "mouthFunnel": (0.33, -0.04, -0.04), "mouthPucker": (-0.03, -0.09, -0.09), "mouthSmile": (-0.04, 0.01, -0.04),
    "mouthFrown": (0.0, -0.05, 0.0), "mouthDimple": (0.0, 0.02, 0.0), "mouthRollLower": (-0.09, -0.01, -0.01),
    "mouthRollUpper": (-0.08, 0.01, 0.01), "mouthShrugLower": (-0.14, -0.13, -0.13),
    "mouthShrugUpper": (0.12, 0.08, 0.08), "mouthPress": (-0.04, -0.01, 0.03), "mouthLowerDown": (0.06, 0.2, -0.01),
    "mouthUpperUp": (0.08, 0.21, -0.01), "cheekPuff": (-0.03, 0.0, 0.0),
}  # fmt: skip
# Lips less apart than this (6 % of the mouth's width, in the same unit) are on their way to a closure.
NEARLY_SHUT = 0.087
_MOUTH_CLOSE = EXPRESSION.index("mouthClose")


def _parting(name: str) -> tuple[float, float, float]:
    """How far an ARKit weight of 1 parts the lips in their middle, at the left, at the right."""
    middle, own, other = _PARTS.get(name.removesuffix("Left").removesuffix("Right"), (0.0, 0.0, 0.0))
    return (middle, other, own) if name.endswith("Right") else (middle, own, other)


_PARTING = np.array([_parting(name) for name in ARKIT])


def apart(expression: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """(n,) how far the lips are apart where they are most, beyond rest, in units of a full jawOpen; NaN in gaps.

    expression (n, 39), jaw (n, 3). Linear up to the choice of the place, so it reads changes too.
    """
    still = np.zeros((len(jaw), 2))
    return (to_arkit(expression, jaw, still, np.zeros((len(jaw), 2, 2))) @ _PARTING).max(axis=1)


def shut(distance: np.ndarray) -> np.ndarray:
    """How shut lips are at these distances of `apart`: 1 closed, 0 from NEARLY_SHUT on, smooth between."""
    near = np.clip(1.0 - distance / NEARLY_SHUT, 0.0, 1.0)
    return near * near * (3.0 - 2.0 * near)


def keep_shut(track: Track, expression: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """`expression` (n, 39), to go with `jaw` (n, 3), with lips no further apart than in `track` where they close there.

    mouthClose makes up for it, faded in as they close.
    """
    before = apart(track["expression"], track["jaw"])
    parted = apart(expression, jaw) - np.maximum(before, 0.0)
    with np.errstate(invalid="ignore"):
        more = shut(before) * np.maximum(parted, 0.0)
    kept = np.array(expression, dtype=np.float64)
    kept[:, _MOUTH_CLOSE] += more
    return kept
