"""Follows one face through a sequence of pictures: 478 landmarks in each frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Floats, Image
from ..core.errors import FieldsError
from .face_crop import Region, crop, region_of_landmarks
from .face_networks import Detection, Detector, Face, Landmarker, intersection_over_union

__all__ = ["Face", "FaceTracker", "Region", "crop", "region_of_landmarks"]

Choice = str | tuple[float, float, float, float]

# The landmark network's own threshold for "there is a face".
PRESENT = 0.5
# After so many frames a lost face is given up, and one far from it may be taken. Half a second: a hand passing by.
PATIENCE = 15
# The search for small faces runs the detector some 80 times. Without a face it is done in one of so many frames.
TILE_EVERY = 8
# Sides of the tiles to search, over the longer side of the picture. In the smallest, the detector finds a face of 1/48
# of it (40 px in 1080p).
TILES = (1 / 2, 1 / 4, 1 / 7.5)
# The detector scores faces that it sees large enough .85 and more (down to 30 px wide), textures below .7.
SURE = 0.75
# When the landmarks lie off their region by more than this part of it, they are sought again in the region around them,
# so many times at most.
MOVED = 0.12
MOST_TRIES = 4


class FaceTracker:
    """Detects a face, then follows it by its landmarks and detects it again only when it is lost.

    `choose`: which face to take if there are several: the "largest", the "first" (with the detector's highest score),
    or the one that overlaps a box (x0, y0, x1, y1) best, in 0..1 of the picture. The tracker stays with it until
    `reset`, until the picture changes as a whole, or until the face has been away for half a second.
    """

    def __init__(self, models: Path, device: str = "auto", choose: Choice = "largest") -> None:
        if isinstance(choose, str) and choose not in ("largest", "first"):
            raise FieldsError(
                "There is no face “{choice}”. Choose largest, first, or a box of four numbers 0..1.", choice=choose
            )
        if not isinstance(choose, str) and not (len(choose) == 4 and choose[0] < choose[2] and choose[1] < choose[3]):
            raise FieldsError("The box to look for a face in needs four numbers 0..1: left, top, right, bottom.")
        self._choose = choose
        # The detector runs now and then on a picture of 128 px: a GPU would only add the time it takes to start.
        self._detector = Detector(models, "cpu")
        self._landmarker = Landmarker(models, device)
        self.device = self._landmarker.device
        self.reset()

    def reset(self) -> None:
        """Forget the face: at a cut, or for a picture that stands alone."""
        self._region: Region | None = None  # where to look next
        self._last: Region | None = None  # where our face was seen last
        self._thumbnail: NDArray[np.int16] | None = None  # the picture in which it was
        self._lost = 0  # frames since then

    def track(self, image: Image) -> Face | None:
        """The face in a BGR picture (h, w, 3) uint8, or None."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < 2:
            raise FieldsError("A picture to track must have three channels of 8 bits and be at least 2 px wide.")
        # In a region that no longer fits, after a cut or a fast move, the landmarks can settle beside the face with a
        # high score, so it is detected anew. The last attempt is for a head turned so far that the detector fails.
        region = None if self._region is None or self._changed(image, self._region.bounds()) else self._region
        face = self._landmarks(image, region, tries=1) if region else None
        if face is None:
            face = self._search(image)
        if face is None and region:
            face = self._landmarks(image, region)
        if face is None:
            self._region = None
            self._lost += 1
            return None
        self._region = self._last = region_of_landmarks(face.landmarks)
        self._thumbnail = _thumbnail(image)
        self._lost = 0
        return face

    def _landmarks(self, image: Image, region: Region, tries: int = MOST_TRIES) -> Face | None:
        """The face in a region. The region is moved to the landmarks until the two agree."""
        for _ in range(tries):
            face = self._landmarker.find(image, region)
            if face.score < PRESENT:
                return None
            better = region_of_landmarks(face.landmarks)
            if _agree(region, better):
                return face
            region = better
        return None

    def _search(self, image: Image) -> Face | None:
        """Detect our face anew and find its landmarks."""
        if self._last is not None:
            height, width = image.shape[:2]
            if self._lost >= PATIENCE or self._changed(image, np.array([0, 0, width, height])):
                self.reset()
        for detections in self._detections(image):
            for detection in self._candidates(detections, image):
                face = self._landmarks(image, detection.region())
                if face is not None:
                    return face
        return None

    def _detections(self, image: Image) -> Iterator[list[Detection]]:
        """Faces near where ours was or in the chosen box, then in the whole picture, now and then in tiles of it."""
        if self._last is not None:
            yield self._detector.detect(image, _square(self._last.x, self._last.y, self._last.size * 2))
        if not isinstance(self._choose, str):
            x0, y0, x1, y1 = self._chosen_box(image)
            yield self._detector.detect(image, _square((x0 + x1) / 2, (y0 + y1) / 2, 2 * max(x1 - x0, y1 - y0)))
        yield self._detector.detect(image)
        if self._lost % TILE_EVERY == 0:
            for part in TILES:
                tiles = _tiles(image.shape[1], image.shape[0], part)
                found = [detection for tile in tiles for detection in self._detector.detect(image, tile)]
                yield [closer for detection in found if (closer := self._confirmed(image, detection))]

    def _confirmed(self, image: Image, detection: Detection) -> Detection | None:
        """The same face detected in a closer look; None if it isn't, since so many tiles turn up false faces."""
        region = detection.region()
        again = self._detector.detect(image, _square(region.x, region.y, region.size * 1.3), least=SURE)
        overlap = [intersection_over_union(detection.box, face.box[None])[0] for face in again]
        return again[int(np.argmax(overlap))] if overlap and max(overlap) > 0.3 else None

    def _candidates(self, detections: list[Detection], image: Image) -> list[Detection]:
        """The detections that may be our face, the likeliest first."""
        if not detections:
            return []
        boxes = np.array([detection.box for detection in detections])
        centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
        if self._last is not None:
            # A face near where ours was is ours. One far from there is ours only if it is new in the picture: somebody
            # who was there before is another person, to be taken only when ours has been away for long.
            distance = np.hypot(*(centres - (self._last.x, self._last.y)).T) / self._last.size
            return [detections[i] for i in np.argsort(distance) if distance[i] < 1.0 or self._changed(image, boxes[i])]
        if self._choose == "largest":
            order = np.argsort(-sizes)
        elif self._choose == "first":
            order = np.argsort([-detection.score for detection in detections])
        else:
            overlap = intersection_over_union(self._chosen_box(image), boxes)
            order = [i for i in np.argsort(-overlap) if overlap[i] > 0.0]
        return [detections[i] for i in order]

    def _changed(self, image: Image, box: Floats) -> bool:
        """Has most of a box (x0, y0, x1, y1 px) changed since our face was seen last?"""
        before, now = self._thumbnail, _thumbnail(image)
        if before is None or before.shape != now.shape:
            return True
        scale = (now.shape[1] / image.shape[1], now.shape[0] / image.shape[0])
        x0, y0, x1, y1 = np.clip(np.round(box * (*scale, *scale)).astype(int), 0, None)
        difference = np.abs(now[y0:y1, x0:x1] - before[y0:y1, x0:x1]).max(axis=2)
        return difference.size > 0 and float((difference > 20).mean()) > 0.5

    def _chosen_box(self, image: Image) -> Floats:
        height, width = image.shape[:2]
        return np.array(self._choose, dtype=np.float64) * (width, height, width, height)


def _agree(a: Region, b: Region) -> bool:
    angle = abs((a.angle - b.angle + np.pi) % (2 * np.pi) - np.pi)
    growth = abs(float(np.log(b.size / a.size)))
    return max(abs(a.x - b.x) / a.size, abs(a.y - b.y) / a.size, growth, angle) < MOVED


def _square(x: float, y: float, side: float) -> tuple[int, int, int]:
    return round(x - side / 2), round(y - side / 2), max(round(side), 2)


def _tiles(width: int, height: int, part: float) -> list[tuple[int, int, int]]:
    """Squares of `part` of the longer side that cover the picture and overlap by at least a quarter of a tile."""
    side = max(round(max(width, height) * part), 2)
    starts = []
    for length in (width, height):
        count = max(int(np.ceil((length - side / 4) / (side * 3 / 4))), 1)
        starts.append(np.linspace(0, max(length - side, 0), count).round().astype(int).tolist())
    return [(x, y, side) for y in starts[1] for x in starts[0]]


def _thumbnail(image: Image) -> NDArray[np.int16]:
    """Some 80 x 80 pixels of the picture: enough to tell what changed."""
    height, width = image.shape[:2]
    return image[:: max(height // 80, 1), :: max(width // 80, 1)].astype(np.int16)
