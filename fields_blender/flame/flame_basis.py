"""FLAME coefficients of any release <-> our weights, by least squares of the displacements of both.

The expression axes differ between FLAME's releases; models/flame_basis.npz holds our shapes on the same mesh.
"""

import zipfile
from functools import cache

import numpy as np

from ..core.arkit import to_arkit
from ..core.errors import FieldsError
from ..core.names import ARKIT, EXPRESSION
from ..core.paths import MODELS

BASIS = MODELS / "flame_basis.npz"
VERTICES = 5023  # of every FLAME mesh
LOOKS = [name for name in ARKIT if name.startswith("eyeLook")]
SHAPES = len(EXPRESSION) + 2  # expression, then eyelids
# The skin's vertices; the rest are the eyeballs, which rotate with their joints.
SKIN = slice(0, 3931)
# `places` in the file has every 40th vertex of the skin.
EVERY = 40
# Singular values (and motions) this much smaller than the largest count as zero: those axes add nothing to the others.
_NOTHING = 1e-6
# Sweeps of the coordinate descent at most, and the change of a weight at which it ends.
_SWEEPS, _CLOSE = 300, 1e-5


def shapes() -> tuple[np.ndarray, np.ndarray]:
    """(41, 5023, 3) m: expression, then eyelids, and (8, 5023, 3): the lids that follow the gaze, as in LOOKS.

    Raises FieldsError where the file is missing or damaged.
    """
    file = _file()
    return file["shapes"], file["gaze"]


def jaw() -> np.ndarray:
    """(3, 5023, 3) m: how the jaw's joint moves the skin for jawOpen, jawLeft, jawRight. Raises as `shapes`."""
    return _file()["jaw"]


def marks() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """What identifies the mesh: vertices along the edges of lids and lips (6 lines), each vertex's mirror image
    (5023,), and the places of every 40th vertex of the skin on the template (99, 3) m. Raises as `shapes`."""
    file = _file()
    lines = [*file["upper_lid"], *file["lower_lid"], file["upper_lip"], file["lower_lip"]]
    return lines, file["mirror"], file["places"]


@cache
def _file() -> dict[str, np.ndarray]:
    try:
        with np.load(BASIS, allow_pickle=False) as file:
            found = {name: file[name] for name in ("upper_lid", "lower_lid", "upper_lip", "lower_lip", "mirror")}
            found |= {name: file[name].astype(np.float64) for name in ("gaze", "jaw", "places")}
            found["shapes"] = np.concatenate([file["expression"], file["eyelids"]]).astype(np.float64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FieldsError(
            "{file} is missing or damaged ({why}). Reinstall the extension.", file=BASIS.name, why=error
        ) from None
    return found


def to_coefficients(expression: np.ndarray, eyelids: np.ndarray, gaze: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Coefficients (n, k) over `axes` (k, 5023, 3) m whose motion of the skin is closest to that of our weights
    (n, 39), (n, 2) and gaze (n, 2, 2). NaN rows stay NaN."""
    ours, looks = (_columns(part) for part in shapes())
    theirs = _columns(axes)
    weights = np.hstack([expression, eyelids, _look_weights(gaze)]).astype(np.float64)
    return weights @ (np.concatenate([ours, looks]) @ np.linalg.pinv(theirs, rcond=_NOTHING))


def from_coefficients(coefficients: np.ndarray, gaze: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Our expression (n, 39) and eyelids (n, 2), each weight 0..1, whose motion of the skin is closest to that of
    `coefficients` (n, k) over `axes` (k, 5023, 3) m. How far the lids follow `gaze` (n, 2, 2) is subtracted first."""
    ours, looks = (_columns(part) for part in shapes())
    theirs = _columns(axes)
    products = ours @ ours.T
    targets = coefficients @ (theirs @ ours.T) - _look_weights(gaze) @ (looks @ ours.T)
    weights = _bounded(products, targets)
    return weights[:, : len(EXPRESSION)], weights[:, len(EXPRESSION) :]


def _bounded(products: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Weights (n, p) within 0..1 whose columns come closest to each of n targets, by coordinate descent (Lewis et al.,
    Practice and theory of blendshape facial models, 2014) that starts from the unbounded solution.

    `products` (p, p) of the columns with each other, `targets` (n, p) of the targets with the columns.
    """
    size = np.diag(products)
    moving = np.flatnonzero(size > _NOTHING * size.max())
    weights = np.zeros(targets.shape)
    inverse = np.linalg.pinv(products[np.ix_(moving, moving)], rcond=_NOTHING**2, hermitian=True)
    weights[:, moving] = np.clip(targets[:, moving] @ inverse, 0.0, 1.0)
    for _ in range(_SWEEPS):
        largest = 0.0
        for k in moving:
            value = np.clip(weights[:, k] + (targets[:, k] - weights @ products[:, k]) / size[k], 0.0, 1.0)
            largest = max(largest, float(np.abs(value - weights[:, k]).max(initial=0.0)))
            weights[:, k] = value
        if largest < _CLOSE:
            break
    return weights


def _columns(part: np.ndarray) -> np.ndarray:
    """(p, m): each shape's displacements of the skin, flat."""
    return part[:, SKIN].reshape(len(part), -1).astype(np.float64)


def _look_weights(gaze: np.ndarray) -> np.ndarray:
    """(n, 8) ARKit's eyeLook weights."""
    still = (np.zeros((len(gaze), len(EXPRESSION))), np.zeros((len(gaze), 3)), np.zeros((len(gaze), 2)))
    return to_arkit(*still, gaze)[:, [i for i, name in enumerate(ARKIT) if name in LOOKS]]
