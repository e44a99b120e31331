"""FLAME groups <-> the 52 ARKit weights: a fixed, lossless renaming (docs/data-path.md)."""

import numpy as np

from .names import ARKIT, EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN

_EXPRESSION_COLUMNS = [ARKIT.index(name) for name in EXPRESSION]
_COLUMN = {name: i for i, name in enumerate(ARKIT)}
# (negative name, positive name, full scale in rad): one signed angle is two one-sided ARKit weights.
_GAZE = (
    (0, 0, "eyeLookInLeft", "eyeLookOutLeft", LOOK_SIDE),
    (0, 1, "eyeLookDownLeft", "eyeLookUpLeft", LOOK_UP_DOWN),
    (1, 0, "eyeLookOutRight", "eyeLookInRight", LOOK_SIDE),
    (1, 1, "eyeLookDownRight", "eyeLookUpRight", LOOK_UP_DOWN),
)


def to_arkit(expression: np.ndarray, jaw: np.ndarray, eyelids: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """ARKit weights (n, 52) in the order of `names.ARKIT` from (n, 39), (n, 3), (n, 2), (n, 2, 2).

    Nothing is clamped, so that `from_arkit` gives the same numbers back (except the jaw's roll, which ARKit lacks,
    and a negative jaw opening). Rows with NaN stay NaN.
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


def from_arkit(weights: np.ndarray) -> dict[str, np.ndarray]:
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


def _split(weights: np.ndarray, angle: np.ndarray, negative: str, positive: str, full: float) -> None:
    weights[:, _COLUMN[positive]] = np.maximum(angle, 0.0) / full
    weights[:, _COLUMN[negative]] = np.maximum(-angle, 0.0) / full


def _join(weights: np.ndarray, negative: str, positive: str, full: float) -> np.ndarray:
    return (weights[:, _COLUMN[positive]] - weights[:, _COLUMN[negative]]) * full
