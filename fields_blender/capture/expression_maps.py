"""What pretrained networks see of an expression beside the landmarks: feature maps of windows on mouth, eyes and brows.

Two networks look at one crop of the face. MediaPipe's landmark network for 256 px was trained on real faces; its inner
maps tell what lips and brows do. EfficientNet-Lite0 was trained on photos of everything; its maps tell folds and edges
of five close-ups. The networks are never trained here: `training/encoder.py` takes their principal components.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..core.arrays import Floats, Image
from ..core.errors import FieldsError
from .device import import_cv2, session
from .face_crop import CROP, crop, region_of_landmarks

LANDMARKS_SIZE = 256  # px of the landmark network's picture
CELLS = 9  # of a window in its largest map, across and down
CLOSE_UP = 112  # px of a close-up
# Landmarks whose mean is the middle of a window; how far it lies above them and how wide it is, in face sizes.
_MOUTH, _RIGHT_EYE, _LEFT_EYE = (61, 291, 13, 14), (33, 133), (362, 263)
MAP_WINDOWS = ((_MOUTH, 0.0, 0.95), (_RIGHT_EYE, 0.1, 0.7), (_LEFT_EYE, 0.1, 0.7))
CLOSE_UPS = (
    (_MOUTH, 0.0, 0.9),
    (_RIGHT_EYE, 0.08, 0.62),
    (_LEFT_EYE, 0.08, 0.62),
    ((9, 168), 0.0, 0.6),  # between the brows
    ((5, 2), 0.0, 1.0),  # nose and cheeks
)


class Maps(NamedTuple):
    """Feature maps of one face, float16: `near` (3, 64, 9, 9) of mouth, right eye and left eye; `map8` (128, 8, 8),
    `map4` (128, 4, 4) and `map2` (128, 2, 2) of the whole crop; `close_ups` (5, 112, 7, 7). Right is the subject's.
    """

    near: Floats
    map8: Floats
    map4: Floats
    map2: Floats
    close_ups: Floats


class ExpressionMaps:
    """`models/face_maps.onnx` and `face_close_ups.onnx`. Raises FieldsError when a file is missing or damaged."""

    def __init__(self, models: Path, device: str = "auto") -> None:
        card = _card(models)
        self._landmarks, self._close_ups = (
            session(models / card[name]["file"], device, card[name]["sha256"], threads=1)
            for name in ("face_maps", "close_ups")
        )
        # Both at once, a thread each, take two thirds of the time that one after the other takes with two threads.
        self._beside = ThreadPoolExecutor(1, "fields maps")

    def of_picture(self, image: Image, landmarks: Floats) -> Maps:
        """The maps of the face with these landmarks (478, 3) px in a BGR picture (h, w, 3) uint8."""
        region = region_of_landmarks(landmarks)
        return self.of_crop(crop(image, region, CROP), region.from_picture(landmarks[:, :2], CROP))

    def of_crop(self, face: Image, points: Floats) -> Maps:
        """The maps of an RGB crop (CROP, CROP, 3) uint8 in which the landmarks lie at points (478, 2) px."""
        cv2 = import_cv2()
        small = cv2.resize(face, (LANDMARKS_SIZE, LANDMARKS_SIZE), interpolation=cv2.INTER_AREA)
        outputs = ("map32", "map8", "map4", "map2")
        feed = {self._landmarks.get_inputs()[0].name: small[None].astype(np.float32) / np.float32(255.0)}
        running = self._beside.submit(self._landmarks.run, list(outputs), feed)
        pictures = np.stack([_close_up(face, points, *window) for window in CLOSE_UPS])
        seen: Any = self._close_ups.run(["maps"], {"pictures": pictures})[0]
        map32, *deep = (np.asarray(value)[0] for value in running.result())
        near = np.stack([_resampled(map32, points, *window) for window in MAP_WINDOWS])
        return Maps(*(values.astype(np.float16) for values in (near, *deep, seen)))


def window(points: Floats, middle: tuple[int, ...], above: float, wide: float) -> tuple[float, float, float]:
    """Middle x, y and side of a square window, in the unit of the landmarks `points` (478, 2).

    The size of a face is the distance between the outer corners of the eyes, or for a head that is turned away, that
    from the bridge of the nose to the lips times its usual ratio to it.
    """
    across = np.linalg.norm(points[33] - points[263])
    down = np.linalg.norm(points[168] - points[13])
    size = max(float(across), 1.25 * float(down), 1e-3)
    x, y = points[list(middle)].mean(axis=0)
    return float(x), float(y) - above * size, wide * size


def _close_up(face: Image, points: Floats, middle: tuple[int, ...], above: float, wide: float) -> Image:
    """A window of the crop as (CLOSE_UP, CLOSE_UP, 3) uint8, edges repeated outside."""
    cv2 = import_cv2()
    x, y, side = window(points, middle, above, wide)
    step = side / CLOSE_UP
    matrix = np.array([[step, 0, x - side / 2 + step / 2 - 0.5], [0, step, y - side / 2 + step / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(face, matrix, (CLOSE_UP, CLOSE_UP), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _resampled(maps: Floats, points: Floats, middle: tuple[int, ...], above: float, wide: float) -> Floats:
    """A window of feature maps (c, h, h) as (c, CELLS, CELLS), bilinear, edges repeated outside."""
    x, y, side = window(points, middle, above, wide)
    cells = maps.shape[1]
    rows, columns = (_weights(cells, at * cells / CROP, side * cells / CROP) for at in (y, x))
    return rows @ maps @ columns.T


def _weights(cells: int, middle: float, side: float) -> Floats:
    """(CELLS, cells) float32 weights of a linear interpolation of a row of cells, over `side` around `middle`."""
    at = np.clip(middle + side * ((np.arange(CELLS) + 0.5) / CELLS - 0.5) - 0.5, 0, cells - 1)
    first = np.minimum(at.astype(int), cells - 2)
    weights = np.zeros((CELLS, cells), np.float32)
    weights[np.arange(CELLS), first], weights[np.arange(CELLS), first + 1] = 1 - (at - first), at - first
    return weights


def _card(models: Path) -> dict[str, dict[str, str]]:
    """The networks of models/face.json by name. Raises FieldsError when the card is missing or damaged."""
    path = models / "face.json"
    try:
        networks = json.loads(path.read_text(encoding="utf-8"))["networks"]
        return {n: {key: networks[n][key] for key in ("file", "sha256")} for n in ("face_maps", "close_ups")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FieldsError(
            "{path} is missing or damaged ({why}). Reinstall the extension.", path=path, why=str(error)
        ) from None
