"""Tools for painting the skin atlas: masks of lips, lids and beard, strokes, noise. Coordinates as in `atlas`."""

from functools import cache

import cv2
import numpy as np

from fields_blender.core.easing import smoothstep

from ..people.atlas import PIXELS, SIZE, TOP, WIDTH, place

# The left half of the vermilion borders of the lips, and the left eye's lids from inner to outer corner.
_UPPER_BORDER = np.array(
    [[0, -0.982], [0.1, -0.962], [0.207, -1.005], [0.286, -1.055], [0.345, -1.105], [0.39, -1.145]]
)
_LOWER_BORDER = np.array(
    [
        [0, -1.297],
        [0.06, -1.296],
        [0.12, -1.289],
        [0.18, -1.276],
        [0.24, -1.256],
        [0.3, -1.227],
        [0.35, -1.194],
        [0.39, -1.15],
    ]
)
UPPER_LID = ((0.327, -0.057), (0.38, 0.015), (0.459, 0.053), (0.55, 0.06), (0.627, 0.043), (0.7, 0.013), (0.77, -0.028))
LOWER_LID = (
    (0.327, -0.057), (0.38, -0.077), (0.458, -0.084), (0.55, -0.094), (0.635, -0.086), (0.7, -0.066), (0.77, -0.028),
)  # fmt: skip

Box = tuple[slice, slice]


def box(left: float, right: float, low: float, high: float) -> Box:
    """Rows and columns of the atlas between two places across and two heights, IOU."""
    columns = slice(int((left + WIDTH / 2) * PIXELS), int((right + WIDTH / 2) * PIXELS))
    return slice(int((TOP - high) * PIXELS), int((TOP - low) * PIXELS)), columns


MOUTH_BOX = box(-0.55, 0.55, -1.5, -0.8)


@cache
def side_and_up() -> tuple[np.ndarray, np.ndarray]:
    """(SIZE, SIZE) float32 twice: distance from the middle line, and height, IOU."""
    across, up = place()
    return np.abs(across), up


def spot(x: float, y: float, wide: float, tall: float | None = None) -> np.ndarray:
    """(SIZE, SIZE) 0..1: a Gaussian spot on both sides of the face, or in its middle."""
    side, up = side_and_up()
    across = np.exp(-0.5 * ((side[0] - x) / wide) ** 2)
    return np.exp(-0.5 * ((up[:, :1] - y) / (tall or wide)) ** 2) * across


def noise(rng: np.random.Generator, cells: int, channels: int = 1) -> np.ndarray:
    """(SIZE, SIZE) or (SIZE, SIZE, channels) float32 smooth noise of standard deviation near 1."""
    field = rng.standard_normal((cells, cells, channels), np.float32)
    field = field if cells == SIZE else 1.3 * cv2.resize(field, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return field.reshape(SIZE, SIZE, channels)[:, :, 0] if channels == 1 else field.reshape(SIZE, SIZE, channels)


def lips(upper: float, lower: float, soft: float) -> np.ndarray:
    """0..1 over MOUTH_BOX: the vermilion of the lips; upper, lower: extra height of each lip over the mean, IOU."""
    side, up = (grid[MOUTH_BOX] for grid in side_and_up())
    # The corners stay fixed: every face's lips end there.
    share = np.sqrt(np.clip(1 - (side / 0.39) ** 2, 0, 1))
    top = np.interp(side, *_UPPER_BORDER.T) + upper * share
    bottom = np.interp(side, *_LOWER_BORDER.T) - lower * share
    inside = np.minimum(np.minimum(top - up, up - bottom), (0.40 - side) * 0.5)
    return smoothstep(inside / soft + 0.5).astype(np.float32)


def strokes(area: Box, lines: list[np.ndarray], thickness: int = 1, finer: int = 4) -> np.ndarray:
    """(h, w) float32 0..1 over `area`: lines [(k, 2) points], `thickness` in px of a picture `finer` times finer."""
    rows, columns = area
    height, width = rows.stop - rows.start, columns.stop - columns.start
    mask = np.zeros((height * finer, width * finer), np.uint8)
    corner = np.array([columns.start, rows.start])
    drawn = []
    for line in lines:
        pixel = np.stack([line[:, 0] + WIDTH / 2, TOP - line[:, 1]], axis=1) * PIXELS
        drawn.append(np.round(((pixel - corner) * finer - 0.5) * 8).astype(np.int32))
    cv2.polylines(mask, drawn, False, 255, thickness, cv2.LINE_AA, 3)
    return cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def mirrored(area: Box) -> Box:
    rows, columns = area
    return rows, slice(SIZE - columns.stop, SIZE - columns.start)


@cache
def eye_box() -> Box:
    return box(0.15, 1.15, -0.35, 0.5)


@cache
def eye_opening() -> np.ndarray:
    """0..1 over `eye_box`: the opening between the left eye's lids, where only the inside of their rims lies."""
    rows, columns = eye_box()
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    outline = np.array(UPPER_LID + LOWER_LID[::-1])
    pixel = np.stack([outline[:, 0] + WIDTH / 2, TOP - outline[:, 1]], axis=1) * PIXELS - (columns.start, rows.start)
    cv2.fillPoly(mask, [np.round((pixel - 0.5) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    return mask.astype(np.float32) / 255


@cache
def beard_zone() -> tuple[np.ndarray, np.ndarray]:
    """(SIZE, SIZE) twice, 0..1: the moustache, and cheeks with chin and throat."""
    side, up = side_and_up()
    lip = np.interp(side, *_UPPER_BORDER.T)
    moustache = (
        smoothstep((up - lip) / 0.05) * smoothstep((-0.79 - 0.15 * side - up) / 0.1) * smoothstep((0.47 - side) / 0.14)
    )
    end = (
        smoothstep((0.53 - side) / 0.06)
        * smoothstep((side - 0.37) / 0.05)
        * smoothstep((-1.0 - up) / 0.1)
        * smoothstep((up + 1.45) / 0.1)
    )
    line = np.interp(side, [0.0, 0.4, 0.5, 0.7, 1.0, 1.35, 1.55], [-1.33, -1.3, -1.17, -1.05, -0.85, -0.45, -0.2])
    cheeks = smoothstep((line - up) / 0.12) * smoothstep((up + 2.12) / 0.3) * smoothstep((1.7 - side) / 0.25)
    patch = smoothstep((0.07 - side) / 0.05) * smoothstep((-1.31 - up) / 0.03) * smoothstep((up + 1.5) / 0.05)
    bare = spot(0.22, -1.38, 0.09, 0.05)  # below the lip, beside the patch
    return np.maximum(moustache, end), np.clip(np.maximum(cheeks * (1 - 0.7 * bare), patch), 0, 1)
