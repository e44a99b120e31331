"""The head's rotation from the angles that recordings have."""

import numpy as np

from ..core.errors import FieldsError
from ..core.rotation import multiply, to_quaternion, to_vector

MAX_ANGLE = 1e4  # rad


def head_rotation(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Axis-angle (n, 3) of R = Ry(yaw) Rx(pitch) Rz(roll), angles (n,) in rad about the head's own axes.

    Raises FieldsError for numbers that can't be angles.
    """
    if not max(np.abs(angle).max(initial=0.0) for angle in (yaw, pitch, roll)) < MAX_ANGLE:
        raise FieldsError("The head rotations in this recording are not angles. Export it again.")
    about = [to_quaternion(angle[:, None] * np.eye(3)[axis]) for angle, axis in ((yaw, 1), (pitch, 0), (roll, 2))]
    return to_vector(multiply(multiply(about[0], about[1]), about[2]))
