"""How far the lips are apart, without a mesh, and how lips that close in the capture are kept closed.

What would part them decides how:
* a filter blurs a closure that lasts a moment: `restore_closed` goes back to the capture;
* gains and offsets change jaw and mouth: `keep_closed` makes up for it with mouthClose;
* emotion changes shapes that part or press the lips a little, under an unchanged jaw: `keep_gap` cancels that.
"""

import numpy as np

from ..core.arkit import to_arkit
from ..core.easing import smoothstep
from ..core.names import ARKIT, EXPRESSION
from ..core.regions import without_side
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
# Lips closer than this (6 % of the mouth's width, in the same unit) are about to close.
NEARLY_CLOSED = 0.087
# Lips parted by this much (1 % of the mouth's width) are visibly open.
VISIBLY_OPEN = 0.015
MOUTH_CLOSE = EXPRESSION.index("mouthClose")
_MOUTH = [i for i, name in enumerate(EXPRESSION) if name.startswith("mouth")]


def _parting(name: str) -> tuple[float, float, float]:
    """How far an ARKit weight of 1 parts the lips in their middle, at the left, at the right."""
    middle, own, other = _PARTS.get(without_side(name), (0.0, 0.0, 0.0))
    return (middle, other, own) if name.endswith("Right") else (middle, own, other)


_PARTING = np.array([_parting(name) for name in ARKIT])


def lip_gap(expression: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """(n,) distance of the lips where they are widest apart, beyond rest, in units of a full jawOpen; NaN in gaps.

    expression (n, 39), jaw (n, 3). Linear up to the choice of the place, so it also measures differences of weights.
    """
    lids, gaze = np.zeros((len(jaw), 2)), np.zeros((len(jaw), 2, 2))
    return (to_arkit(expression, jaw, lids, gaze) @ _PARTING).max(axis=1)


def closure(gap: np.ndarray) -> np.ndarray:
    """How closed lips are at these values of `lip_gap`: 1 closed, 0 from NEARLY_CLOSED on, smooth between."""
    return smoothstep(1.0 - gap / NEARLY_CLOSED)


def restore_closed(track: Track, rows: np.ndarray, filtered: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`filtered`, groups at the frames `rows` of `track`, with the mouth as captured where it parts closed lips.

    A p, b or m closes them for a tenth of a second, too short for a filter that calms the rest.
    """
    captured = {name: track[name][rows] for name in ("expression", "jaw")}
    before = lip_gap(captured["expression"], captured["jaw"])
    opened = lip_gap(*(filtered.get(name, values) for name, values in captured.items())) - before
    amount = (closure(before) * np.clip(opened / VISIBLY_OPEN, 0.0, 1.0))[:, None]
    restored = dict(filtered)
    for name, columns in (("expression", _MOUTH), ("jaw", slice(None))):
        if name in filtered:
            restored[name] = filtered[name].copy()
            restored[name][:, columns] += amount * (captured[name] - filtered[name])[:, columns]
    return restored


def keep_closed(track: Track, expression: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """`expression` (n, 39), to go with `jaw` (n, 3), with lips no further apart than in `track` where they close there.

    mouthClose makes up for the difference, more the more closed they are.
    """
    before = lip_gap(track["expression"], track["jaw"])
    parted = lip_gap(expression, jaw) - np.maximum(before, 0.0)
    with np.errstate(invalid="ignore"):
        more = closure(before) * np.maximum(parted, 0.0)
    kept = np.array(expression, dtype=np.float64)
    kept[:, MOUTH_CLOSE] += more
    return kept


def keep_gap(track: Track, expression: np.ndarray) -> np.ndarray:
    """`expression` (n, 39), to go with the jaw of `track`, with closed lips neither parted nor pressed by the change.

    mouthClose cancels the change, more the more closed they are; it is never taken below 0.
    """
    before = track["expression"].astype(np.float64)
    parted = lip_gap(expression - before, np.zeros_like(track["jaw"]))
    close = before[:, MOUTH_CLOSE]
    kept = expression.copy()
    kept[:, MOUTH_CLOSE] = np.maximum(close + closure(lip_gap(before, track["jaw"])) * parted, np.minimum(close, 0.0))
    return kept
