"""What the regressor sees: each eye with its brow, and the mouth with nose and cheeks, placed by the landmarks.

Capture and training both cut the windows here, so the network is never shown anything else than it learned from.
"""

import numpy as np

from .device import import_cv2
from .face_crop import Region, shrink

EYE, MOUTH = 72, 96  # px
# In distances between the outer eye corners in space, which a turning head and an expression keep.
EYE_SIDE, MOUTH_SIDE = 0.7, 1.0
EYE_RAISED, MOUTH_LOWERED = 0.07, 0.17
OUTER_EYE_CORNERS = (33, 263)  # the subject's right one first
LEFT_CORNERS, RIGHT_CORNERS = (362, 263), (33, 133)
NOSE_BASE, FOREHEAD = 2, 10
# Behind the first of these and in front of the others, as far as the forehead, is the middle between the eyes: on an
# average face the line from there to the forehead is upright.
BETWEEN_EYES = (168, 168, 133, 362)


def windows(
    image: np.ndarray, landmarks: np.ndarray, eye_margin: int = 0, mouth_margin: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The windows of a BGR picture (h, w, 3) uint8 with landmarks (478, 3) px as `face.Face` has them.

    Gives eyes (2, EYE + 2 m, EYE + 2 m, 3) uint8 RGB, the subject's left one, then the right one mirrored so that it
    looks like a left one; and the mouth (MOUTH + 2 m, MOUTH + 2 m, 3) uint8 RGB. `eye_margin` and `mouth_margin` m:
    more px on every side, at the same scale. The windows stand upright on the eye line; outside the picture its edges
    repeat.
    """
    points = np.asarray(landmarks, np.float64)
    right, left = points[list(OUTER_EYE_CORNERS)]
    # Landmarks in one place must not give windows without a size.
    size = max(float(np.linalg.norm(left - right)), 1.0)
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    down = Region(0.0, 0.0, 1.0, angle).axes()[:, 1] * (size * _foreshortening(points))
    eyes = [
        _window(image, points[list(corners), :2].mean(axis=0) - EYE_RAISED * down, size * EYE_SIDE, angle, EYE, *rest)
        for corners, rest in ((LEFT_CORNERS, (eye_margin, False)), (RIGHT_CORNERS, (eye_margin, True)))
    ]
    below_nose = points[NOSE_BASE, :2] + MOUTH_LOWERED * down
    return np.stack(eyes), _window(image, below_nose, size * MOUTH_SIDE, angle, MOUTH, mouth_margin, False)


def _foreshortening(points: np.ndarray) -> float:
    """How much of an upright length on the face the picture shows: the cosine of the head's pitch."""
    up = points[FOREHEAD] - points[list(BETWEEN_EYES)].mean(axis=0)
    return float(np.linalg.norm(up[:2]) / max(float(np.linalg.norm(up)), 1e-6))


def _window(
    image: np.ndarray, middle: np.ndarray, side: float, angle: float, size: int, margin: int, mirrored: bool
) -> np.ndarray:
    """A square around `middle`, in which `size` px show `side` px of the picture, with `margin` px more around it."""
    cv2 = import_cv2()
    full = size + 2 * margin
    region = Region(float(middle[0]), float(middle[1]), side * full / size, angle)
    part, x, y, shrunk = shrink(image, region, int(side / size))
    axes = region.axes() * (-1.0 if mirrored else 1.0, 1.0) * (side / size)
    # (0, 0) is the top left corner of the top left pixel, for OpenCV its middle.
    corner = middle + axes @ np.full(2, 0.5 - full / 2)
    matrix = np.column_stack([axes / shrunk, (corner - (x, y)) / shrunk - 0.5])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    window = cv2.warpAffine(part, matrix, (full, full), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(window, cv2.COLOR_BGR2RGB)
