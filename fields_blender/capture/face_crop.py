"""The crop around a face: the same for capture and training."""

from dataclasses import dataclass

import numpy as np

from ..core.arrays import Floats, Image
from .device import import_cv2

# px of the crop that the networks for expressions look at.
CROP = 320


@dataclass(frozen=True)
class Region:
    """A rotated square of the picture: centre x, y and side in px; `angle` in rad, from the picture's x axis to that of
    the square, clockwise as seen.
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    def axes(self) -> Floats:
        """(2, 2) orthonormal: the directions of the square's x and y axis in the picture, as columns."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, -s], [s, c]])

    def corner(self) -> Floats:
        """(2,) px: the square's own top left corner."""
        return np.array([self.x, self.y]) - self.axes().sum(axis=1) * (self.size / 2)

    def bounds(self) -> Floats:
        """(4,) px: x0 y0 x1 y1 of an upright square in the middle, filled by the face."""
        reach = self.size / 3
        return np.array([self.x - reach, self.y - reach, self.x + reach, self.y + reach])

    def from_picture(self, points: Floats, size: int) -> Floats:
        """Points (..., 2) in px of the picture -> in px of a `size` x `size` crop."""
        return (points - self.corner()) @ self.axes() * (size / self.size)

    def to_picture(self, points: Floats, size: int) -> Floats:
        """Points (..., 2 or 3) in px of a `size` x `size` crop -> in px of the picture; z is only scaled."""
        scaled = points * (self.size / size)
        result = scaled.copy()
        result[..., :2] = scaled[..., :2] @ self.axes().T + self.corner()
        return result


def crop(image: Image, region: Region, size: int) -> Image:
    """The region of a BGR picture (h, w, 3) uint8 as RGB (size, size, 3) uint8, bilinear, edges repeated outside.

    Samples are taken where MediaPipe takes them on a CPU, so that the landmarks are the same: from the corner in whole
    steps, half a pixel of the crop up and to the left of its pixels' centres.
    """
    cv2 = import_cv2()
    image, x, y, shrunk = shrink(image, region, int(region.size / size))
    corner = (region.corner() - (x, y) + 0.5) / shrunk - 0.5
    matrix = np.column_stack([region.axes() * (region.size / size / shrunk), corner])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(part, cv2.COLOR_BGR2RGB)


def shrink(image: Image, region: Region, times: int) -> tuple[Image, int, int, int]:
    """The part of the picture around a region, shrunk `times`, with its x, y in the picture and its factor (1: as is).

    Bilinear sampling of a large face skips pixels, and the noise of those it hits makes the landmarks jitter. Averaging
    before takes a fifth off that for a face of 500 px.
    """
    height, width = image.shape[:2]
    reach = region.size / 2 * (abs(np.cos(region.angle)) + abs(np.sin(region.angle))) + 2 * times
    x0, y0 = max(int(region.x - reach), 0), max(int(region.y - reach), 0)
    columns, rows = (min(int(region.x + reach), width) - x0), (min(int(region.y + reach), height) - y0)
    if times < 2 or columns < times or rows < times:
        return image, 0, 0, 1
    cv2 = import_cv2()
    columns, rows = columns // times, rows // times
    part = image[y0 : y0 + rows * times, x0 : x0 + columns * times]
    return cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), x0, y0, times


def region_of_landmarks(landmarks: Floats, scale: float = 1.5) -> Region:
    """The square around landmarks (478, 3) px that the landmark network expects: their bounds along the line of the
    eyes, times `scale`.
    """
    right, left = landmarks[33, :2], landmarks[263, :2]  # outer eye corners, the subject's right one first
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    axes = Region(0.0, 0.0, 1.0, angle).axes()
    upright = landmarks[:, :2] @ axes
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = axes @ ((low + high) / 2)
    # Not 0, even if all landmarks coincide.
    return Region(float(x), float(y), max(float((high - low).max()) * scale, 1.0), angle)
