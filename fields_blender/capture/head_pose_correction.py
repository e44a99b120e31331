"""Corrects the head rotation of `pose.head_pose` for the errors that the landmark network makes on turned heads.

Its landmarks turn less than the head does (by .77 of a nod, .92 of a shake, measured on renders with known rotation),
depend on the expression, and differ from face to face. A linear model predicts the missing rotation from the fitted one
and from the landmarks that expressions hardly move.
"""

import json
from functools import cache

import numpy as np

from ..core.arrays import Floats, Quaternions, Vectors
from ..core.errors import FieldsError
from ..core.paths import MODELS
from ..core.rotation import inverse, multiply, to_quaternion, to_vector
from .pose import rigid_face

HEAD_TURN = MODELS / "head_turn.json"


def corrected_rotation(front: Floats, rotation: Vectors, sight: Quaternions) -> Vectors:
    """The head's rotation (n, 3) axis-angle in rad, head to camera.

    `front` (n, 478, 3), `rotation` (n, 3) and `sight` (n, 4) from `pose.frontal`, `head_pose` and `line_of_sight` for
    the same landmarks. A head of average shape seen straight from the front stays about as it is.
    """
    fitted = to_quaternion(rotation)
    model = _correction()
    seen = to_vector(multiply(inverse(sight), fitted))
    missing = terms(seen, front) @ model["matrix"] + model["shift"]
    return to_vector(multiply(fitted, to_quaternion(missing)))


def terms(rotation: Vectors, front: Floats) -> Floats:
    """The terms (n, k) of the linear model.

    `rotation` (n, 3): the fitted one, as seen by a camera turned to the face. `front` (n, 478, 3): see `pose.frontal`.
    """
    x, y, z = rotation.T
    powers = [x, y, z, x * x, x * y, x * z, y * y, y * z, z * z]
    powers += [x**3, x * x * y, x * x * z, x * y * y, x * y * z, x * z * z, y**3, y * y * z, y * z * z, z**3]
    points = front[:, rigid_face()["indices"].astype(int)]
    return np.hstack([np.stack(powers, axis=1), points.reshape(len(front), -1)])


@cache
def _correction() -> dict[str, Floats]:
    """The linear model of models/head_turn.json: `matrix` (k, 3), `shift` (3,)."""
    try:
        card = json.loads(HEAD_TURN.read_text(encoding="utf-8"))
        model = {name: np.array(card[name], np.float64) for name in ("matrix", "shift")}
        if model["matrix"].shape[1:] != (3,) or model["shift"].shape != (3,):
            raise ValueError("wrong size")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FieldsError(
            "{path} is missing or damaged ({why}). Reinstall the extension.", path=HEAD_TURN, why=str(error)
        ) from None
    return model
