"""MediaPipe's face detector and landmark network: pictures in, pixels of the picture out.

The numbers are read as in MediaPipe's published graphs (face_detection_short_range, face_landmark with attention).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arrays import Floats, Image
from ..core.errors import FieldsError
from .device import describe, import_cv2, session
from .face_crop import Region, crop

DETECTOR_SIZE = 128
LANDMARKS_SIZE = 192
LANDMARKS = 478  # 468 of the mesh, then 5 of the iris in the subject's right eye, 5 in the left

# Points of the mesh that the network refines from a closer look at lips and eyes, in the order of its outputs.
LIPS = (
    "61 146 91 181 84 17 314 405 321 375 291 185 40 39 37 0 267 269 270 409 78 95 88 178 87 14 317 402 318 324 308 191 "
    "80 81 82 13 312 311 310 415 76 77 90 180 85 16 315 404 320 307 306 184 74 73 72 11 302 303 304 408 62 96 89 179 "
    "86 15 316 403 319 325 292 183 42 41 38 12 268 271 272 407"
)
RIGHT_EYE = (
    "33 7 163 144 145 153 154 155 133 246 161 160 159 158 157 173 130 25 110 24 23 22 26 112 243 247 30 29 27 28 56 "
    "190 226 31 228 229 230 231 232 233 244 113 225 224 223 222 221 189 35 124 46 53 52 65 143 111 117 118 119 120 121 "
    "128 245 156 70 63 105 66 107 55 193"
)
LEFT_EYE = (
    "263 249 390 373 374 380 381 382 362 466 388 387 386 385 384 398 359 255 339 254 253 252 256 341 463 467 260 259 "
    "257 258 286 414 446 261 448 449 450 451 452 453 464 342 445 444 443 442 441 413 265 353 276 283 282 295 372 340 "
    "346 347 348 349 350 357 465 383 300 293 334 296 336 285 417"
)
LIP_POINTS, RIGHT_EYE_POINTS, LEFT_EYE_POINTS = (
    np.array(points.split(), dtype=np.intp) for points in (LIPS, RIGHT_EYE, LEFT_EYE)
)
EYE_CONTOUR = 16  # so many points at the start of an eye are the rim of its lids
# MediaPipe names the sides as seen in the picture: its "left" is the subject's right.
REFINED = {
    "output_lips": LIP_POINTS,
    "output_left_eye": RIGHT_EYE_POINTS,
    "output_right_eye": LEFT_EYE_POINTS,
    "output_left_iris": np.arange(468, 473),
    "output_right_iris": np.arange(473, 478),
}


@dataclass(frozen=True)
class Detection:
    """A face in the picture. `box`: (4,) x0 y0 x1 y1 px. `eyes`: (2, 2) px, the subject's right one first."""

    box: Floats
    eyes: Floats
    score: float

    def region(self) -> Region:
        """The rotated square in which to look for landmarks."""
        x0, y0, x1, y1 = (float(v) for v in self.box)
        along = self.eyes[1] - self.eyes[0]
        return Region((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * 1.5, float(np.arctan2(along[1], along[0])))


@dataclass(frozen=True)
class Face:
    """What the landmark network finds in a region of a picture.

    `landmarks`: (478, 3) float32 px of the picture, z towards the camera negative, in the scale of x.
    `score`: 0..1, how sure the network is that a face is there.
    `inner8` (3, 64, 8, 8) and `inner4` (3, 128, 4, 4) float16: the network's feature maps of the lips, the subject's
    right eye and the left one, which tell more than the landmarks made from them. Upright on the face, columns from
    left to right in the picture. Each eye has weights of its own: a mirrored face does not give mirrored maps.
    """

    landmarks: Floats
    score: float
    inner8: Floats
    inner4: Floats

    @property
    def box(self) -> Floats:
        """(4,) x0 y0 x1 y1 px around the landmarks."""
        points = self.landmarks[:, :2]
        return np.concatenate([points.min(axis=0), points.max(axis=0)])


def load_card(models: Path) -> dict[str, dict[str, str]]:
    """The networks of models/face.json by name. Raises FieldsError when the card is missing or damaged."""
    path = models / "face.json"
    try:
        networks = json.loads(path.read_text(encoding="utf-8"))["networks"]
        names = ("face_detector", "face_landmarks")
        return {name: {key: networks[name][key] for key in ("file", "sha256")} for name in names}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FieldsError(
            "{path} is missing or damaged ({why}). Reinstall the extension.", path=path, why=str(error)
        ) from None


class Detector:
    """Finds faces that take a sixth of the width of the square it looks at, or more."""

    def __init__(self, models: Path, device: str = "auto") -> None:
        card = load_card(models)["face_detector"]
        self._session = session(models / card["file"], device, card["sha256"])
        self._anchors = _anchors()

    def detect(self, image: Image, square: tuple[int, int, int] | None = None, least: float = 0.5) -> list[Detection]:
        """Faces in a BGR picture (h, w, 3) uint8, best first.

        `square`: x, y, side in px of the part to look at; it may reach over the picture's edge. By default, all of the
        picture. `least`: the lowest score to accept.
        """
        height, width = image.shape[:2]
        if square is None:
            side = max(height, width)
            square = ((width - side) // 2, (height - side) // 2, side)
        x, y, side = square
        if x >= width or y >= height or x + side <= 0 or y + side <= 0:
            return []  # outside of the picture: the face has left over the edge
        outputs = _run(self._session, _letterboxed(image, x, y, side))
        boxes, scores = outputs["regressors"], outputs["classificators"]
        probability = 1.0 / (1.0 + np.exp(-np.clip(scores[0, :, 0].astype(np.float64), -80.0, 80.0)))
        kept = np.flatnonzero(probability >= least)
        # x, y of the box's centre, its width and height, then points x, y: all as parts of the square
        points = boxes[0, kept].reshape(-1, 8, 2).astype(np.float64) / DETECTOR_SIZE
        points[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors[kept][:, None]
        faces = _merge(points, probability[kept])
        return [_detection(points * side, score, (x, y)) for points, score in faces]


class Landmarker:
    """Finds the landmarks of the face in a region, and how likely one is there."""

    def __init__(self, models: Path, device: str = "auto") -> None:
        card = load_card(models)["face_landmarks"]
        self._session = session(models / card["file"], device, card["sha256"])
        self.device = describe(self._session, device)

    def find(self, image: Image, region: Region) -> Face:
        """The face in a region of a BGR picture (h, w, 3) uint8; its score is below .5 if there is none."""
        pixels = crop(image, region, LANDMARKS_SIZE).astype(np.float32) / np.float32(255.0)
        outputs = _run(self._session, pixels[None])
        points = np.zeros((LANDMARKS, 3), dtype=np.float64)
        points[:468] = outputs["output_mesh_identity"].reshape(468, 3)
        for name, indices in REFINED.items():
            points[indices, :2] = outputs[name].reshape(len(indices), 2)
        points[468:473, 2] = points[RIGHT_EYE_POINTS[:EYE_CONTOUR], 2].mean()
        points[473:478, 2] = points[LEFT_EYE_POINTS[:EYE_CONTOUR], 2].mean()
        flag = float(outputs["conv_faceflag"].ravel()[0])
        score = 1.0 / (1.0 + np.exp(-np.clip(flag, -80.0, 80.0)))
        return Face(
            region.to_picture(points, LANDMARKS_SIZE).astype(np.float32),
            float(score),
            *(outputs[name].astype(np.float16) for name in ("inner8", "inner4")),
        )


def _run(network: Any, pixels: Floats) -> dict[str, Floats]:
    """A network's outputs by name; `network` is an onnxruntime session with one input."""
    values = network.run(None, {network.get_inputs()[0].name: pixels})
    return dict(zip([output.name for output in network.get_outputs()], values, strict=True))


def _letterboxed(image: Image, x: int, y: int, side: int) -> Floats:
    """(1, 128, 128, 3) float32 RGB in -1..1: a square of the picture, -1 where it reaches over the edge."""
    cv2 = import_cv2()
    height, width = image.shape[:2]
    scale = DETECTOR_SIZE / side
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
    left, top = round((x0 - x) * scale), round((y0 - y) * scale)
    right, bottom = max(round((x1 - x) * scale), left + 1), max(round((y1 - y) * scale), top + 1)
    # Area averages, since a 1080p picture becomes fifteen times smaller and bilinear sampling would skip most pixels.
    interpolation = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    small = cv2.resize(image[y0:y1, x0:x1], (right - left, bottom - top), interpolation=interpolation)
    result = np.full((1, DETECTOR_SIZE, DETECTOR_SIZE, 3), -1.0, dtype=np.float32)
    result[0, top:bottom, left:right] = small[..., ::-1] / np.float32(127.5) - np.float32(1.0)
    return result


def _anchors() -> Floats:
    """(896, 2): points that the detector's boxes are relative to; 2 in each of 16 x 16 cells, 6 in each of 8 x 8."""
    levels = []
    for cells, repeat in ((16, 2), (8, 6)):
        middle = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middle, middle, indexing="ij")
        levels.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeat, axis=0))
    return np.concatenate(levels)


def _merge(points: Floats, scores: Floats, overlap: float = 0.3) -> list[tuple[Floats, float]]:
    """Boxes that overlap are one face: their average weighted by score. `points`: (n, 8, 2) as in `Detector.detect`."""
    half = points[:, 1] / 2
    boxes = np.concatenate([points[:, 0] - half, points[:, 0] + half], axis=1)
    remaining = np.argsort(-scores, kind="stable")
    faces = []
    while len(remaining):
        same = intersection_over_union(boxes[remaining[0]], boxes[remaining]) > overlap
        same[0] = True
        group = remaining[same]
        weights = scores[group] / scores[group].sum()
        faces.append((np.tensordot(weights, points[group], axes=1), float(scores[group[0]])))
        remaining = remaining[~same]
    return faces


def _detection(points: Floats, score: float, origin: tuple[int, int]) -> Detection:
    centre, half, eyes = points[0] + origin, points[1] / 2, points[2:4] + origin
    return Detection(np.concatenate([centre - half, centre + half]), eyes, score)


def intersection_over_union(box: Floats, boxes: Floats) -> Floats:
    """(n,) 0..1: the overlap of a box (4,) with each of boxes (n, 4); x0 y0 x1 y1."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.maximum(size, 0.0), axis=1)
    total = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - common
    return common / np.maximum(total, 1e-12)
