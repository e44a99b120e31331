"""A small picture of the face being captured, so that the artist sees that it is the right one and is followed."""

import numpy as np

from ..core.arrays import Floats, Image
from .device import import_cv2
from .face import Face

SIDE = 256
# Side of the part that is shown, over the longer side of the landmarks' box.
AROUND = 1.5
DOTS = (255, 225, 90)  # RGB
FRAME = (255, 255, 255)


def picture(image: Image, face: Face | None, side: int = SIDE) -> Image:
    """(side, side, 4) uint8 RGBA, the lowest row first, as in Blender.

    `image`: a BGR picture (h, w, 3) uint8. With a face, shows a square around it with its landmarks and its box;
    without one, the whole picture at half its brightness. Transparent outside of the picture.
    """
    height, width = image.shape[:2]
    if face is None:
        middle, reach = np.array([width, height]) / 2, max(width, height) / 2
    else:
        middle = (face.box[:2] + face.box[2:]) / 2
        reach = max(float((face.box[2:] - face.box[:2]).max()) * AROUND / 2, 1.0)
    corner, scale = middle - reach, side / (2 * reach)
    result = np.zeros((side, side, 4), np.uint8)
    low = np.clip(np.floor(corner), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(middle + reach), 0, (width, height)).astype(int)
    first = np.clip(np.round((low - corner) * scale), 0, side).astype(int)
    last = np.clip(np.round((high - corner) * scale), 0, side).astype(int)
    if (high > low).all() and (last > first).all():
        cv2 = import_cv2()
        part = image[low[1] : high[1], low[0] : high[0]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        shown = cv2.resize(part, tuple((last - first).tolist()), interpolation=how)
        inside = result[first[1] : last[1], first[0] : last[0]]
        inside[..., :3] = shown[..., ::-1] if face else shown[..., ::-1] // 2
        inside[..., 3] = 255
    if face is not None:
        _draw_box(result, (face.box.reshape(2, 2) - corner) * scale)
        _draw_dots(result, (face.landmarks[:, :2] - corner) * scale)
    return result[::-1].copy()


def _draw_box(picture: Image, corners: Floats) -> None:
    (x0, y0), (x1, y1) = np.clip(np.round(corners).astype(int), 1, len(picture) - 2)
    colour = (*FRAME, 255)
    picture[[y0, y1], x0 : x1 + 1] = colour
    picture[y0 : y1 + 1, [x0, x1]] = colour


def _draw_dots(picture: Image, points: Floats) -> None:
    """Each dot is two pixels wide and high, so that it can be seen in a narrow panel."""
    x, y = np.floor(points).astype(int).T
    inside = (x >= 0) & (x < len(picture) - 1) & (y >= 0) & (y < len(picture) - 1)
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        picture[y[inside] + down, x[inside] + right] = (*DOTS, 255)
