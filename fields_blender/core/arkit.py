"""FLAME groups <-> the 52 ARKit weights: a fixed, lossless conversion (docs/data-path.md)."""

import numpy as np

from .arrays import Floats
from .names import ARKIT, EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN

_EXPRESSION_COLUMNS = [ARKIT.index(name) for name in EXPRESSION]
_COLUMN = {name: i for i, name in enumerate(ARKIT)}
# One signed angle is two one-sided ARKit weights: (eye, axis, negative name, positive name, angle of a full weight).
_GAZE = (
    (0, 0, "eyeLookInLeft", "eyeLookOutLeft", LOOK_SIDE),
    (0, 1, "eyeLookDownLeft", "eyeLookUpLeft", LOOK_UP_DOWN),
    (1, 0, "eyeLookOutRight", "eyeLookInRight", LOOK_SIDE),
    (1, 1, "eyeLookDownRight", "eyeLookUpRight", LOOK_UP_DOWN),
)


def to_arkit(expression: Floats, jaw: Floats, eyelids: Floats, gaze: Floats) -> Floats:
    """ARKit weights (n, 52) in the order of `names.ARKIT` from groups (n, 39), (n, 3), (n, 2), (n, 2, 2).

    Nothing is clamped, so `from_arkit` returns the same numbers (except the jaw's roll and a negative opening, which
    ARKit can't express). Rows with NaN stay NaN.
    """
    weights = np.zeros((len(expression), len(ARKIT)), dtype=np.float64)
    weights[:, _EXPRESSION_COLUMNS] = expression
    weights[:, _COLUMN["jawOpen"]] = np.maximum(jaw[:, 0], 0.0) / JAW_OPEN
    _split(weights, jaw[:, 1], "jawRight", "jawLeft", JAW_SIDE)
    weights[:, _COLUMN["eyeBlinkLeft"]] = eyelids[:, 0]
    weights[:, _COLUMN["eyeBlinkRight"]] = eyelids[:, 1]
    for eye, axis, negative, positive, full in _GAZE:
        _split(weights, gaze[:, eye, axis], negative, positive, full)
    return weights


def from_arkit(weights: Floats) -> dict[str, Floats]:
    """`expression`, `jaw`, `eyelids`, `gaze` from ARKit weights (n, 52)."""
    weights = np.asarray(weights, dtype=np.float64)
    jaw = np.zeros((len(weights), 3))
    jaw[:, 0] = weights[:, _COLUMN["jawOpen"]] * JAW_OPEN
    jaw[:, 1] = _join(weights, "jawRight", "jawLeft", JAW_SIDE)
    gaze = np.zeros((len(weights), 2, 2))
    for eye, axis, negative, positive, full in _GAZE:
        gaze[:, eye, axis] = _join(weights, negative, positive, full)
    eyelids = weights[:, [_COLUMN["eyeBlinkLeft"], _COLUMN["eyeBlinkRight"]]]
    return {"expression": weights[:, _EXPRESSION_COLUMNS], "jaw": jaw, "eyelids": eyelids, "gaze": gaze}


def _split(weights: Floats, angle: Floats, negative: str, positive: str, full: float) -> None:
    weights[:, _COLUMN[positive]] = np.maximum(angle, 0.0) / full
    weights[:, _COLUMN[negative]] = np.maximum(-angle, 0.0) / full


def _join(weights: Floats, negative: str, positive: str, full: float) -> Floats:
    return (weights[:, _COLUMN[positive]] - weights[:, _COLUMN[negative]]) * full
