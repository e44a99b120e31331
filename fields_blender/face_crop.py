"""The crop around a face, once: capture and training import this one.

Coordinates are pixels with (0, 0) at the top left corner of the top left pixel, so that mirroring or enlarging a
picture mirrors or enlarges what is found in it, with no half-pixel shift.
"""

from dataclasses import dataclass

import numpy as np

from .device import import_cv2


@dataclass(frozen=True)
class Region:
    """A turned square of the picture: centre x, y and side in px; `angle` in rad, from the picture's x axis to the
    square's, clockwise as seen."""

    x: float
    y: float
    size: float
    angle: float = 0.0

    def axes(self) -> np.ndarray:
        """(2, 2) orthonormal: the picture's directions of the square's x and y axis, in columns."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, -s], [s, c]])

    def corner(self) -> np.ndarray:
        """(2,) px: the square's own top left corner."""
        return np.array([self.x, self.y]) - self.axes().sum(axis=1) * (self.size / 2)

    def to_picture(self, points: np.ndarray, size: int) -> np.ndarray:
        """Points (..., 2 or 3) in pixels of a `size` x `size` crop -> in pixels of the picture; z is only scaled."""
        scaled = points * (self.size / size)
        result = scaled.copy()
        result[..., :2] = scaled[..., :2] @ self.axes().T + self.corner()
        return result


def crop(image: np.ndarray, region: Region, size: int) -> np.ndarray:
    """The region of a BGR picture (h, w, 3) uint8 as RGB (size, size, 3) uint8, bilinear, edges repeated outside."""
    cv2 = import_cv2()
    linear = region.axes() * (region.size / size)
    # Samples lie at the middles of pixels, in the crop as in the picture.
    shift = region.corner() + linear.sum(axis=1) * 0.5 - 0.5
    matrix = np.column_stack([linear, shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(part, cv2.COLOR_BGR2RGB)


def region_of_landmarks(landmarks: np.ndarray, scale: float = 1.5) -> Region:
    """The square around landmarks (478, 3) px that the landmark network wants: bounds along the eye line x `scale`."""
    right, left = landmarks[33, :2], landmarks[263, :2]  # outer eye corners, the subject's right one first
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    axes = Region(0.0, 0.0, 1.0, angle).axes()
    upright = landmarks[:, :2] @ axes
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = axes @ ((low + high) / 2)
    return Region(float(x), float(y), float((high - low).max()) * scale, angle)
