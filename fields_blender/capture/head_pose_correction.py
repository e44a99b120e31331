"""Where a head really points: the fit of `pose.head_pose`, freed of what the landmark network does to turned heads.

Its landmarks turn less than the head they lie on (a nod by .77, a shake by .92, measured on renders whose turn is
known), bend with what the face does, and differ from face to face. What is missing is predicted, linearly, from the fit
and from where the landmarks lie that expressions hardly move.
"""

import json
from functools import cache

import numpy as np

from ..core.errors import FieldsError
from ..core.paths import MODELS
from ..core.rotation import multiply, to_quaternion, to_vector
from .pose import rigid_face

HEAD_TURN = MODELS / "head_turn.json"


def head_turn(front: np.ndarray, rotation: np.ndarray, view: np.ndarray) -> np.ndarray:
    """The head's rotation (n, 3) axis-angle in rad, head to camera.

    rotation (n, 3), front (n, 478, 3) and view (n, 4) as `pose.head_pose`, `frontal` and `sight` give them for the same
    landmarks. A head of average shape that is seen straight from the front stays about as it is.
    """
    fitted = to_quaternion(rotation)
    known = _what_is_known()
    seen = to_vector(multiply(view * (1.0, -1.0, -1.0, -1.0), fitted))
    missing = terms(seen, front) @ known["matrix"] + known["shift"]
    return to_vector(multiply(fitted, to_quaternion(missing)))


def terms(rotation: np.ndarray, front: np.ndarray) -> np.ndarray:
    """(n, k): what the missing turn is linear in. rotation (n, 3): the fit, as seen by a camera that is turned to the
    face. front (n, 478, 3): as `pose.frontal` gives it."""
    x, y, z = rotation.T
    powers = [x, y, z, x * x, x * y, x * z, y * y, y * z, z * z]
    powers += [x**3, x * x * y, x * x * z, x * y * y, x * y * z, x * z * z, y**3, y * y * z, y * z * z, z**3]
    points = front[:, rigid_face()["indices"].astype(int)]
    return np.hstack([np.stack(powers, axis=1), points.reshape(len(front), -1)])


@cache
def _what_is_known() -> dict[str, np.ndarray]:
    try:
        card = json.loads(HEAD_TURN.read_text(encoding="utf-8"))
        known = {name: np.array(card[name], np.float64) for name in ("matrix", "shift")}
        if known["matrix"].shape[1:] != (3,) or known["shift"].shape != (3,):
            raise ValueError("wrong size")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FieldsError(f"{HEAD_TURN} is missing or damaged ({error}). Reinstall the extension.") from None
    return known
