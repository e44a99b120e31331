"""The lines that landmarks draw on a face, over a clip: lips, lids, irises, brows and outline, to see what was seen."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.arrays import Floats, Ints, Times
from ..core.errors import FieldsError
from .clip import Clip, frames
from .face import Choice, FaceTracker
from .solve import Progress

# MediaPipe's landmarks along each line. The first ones are closed, the brows' upper and lower edges open.
_CLOSED = (
    "61 146 91 181 84 17 314 405 321 375 291 409 270 269 267 0 37 39 40 185",  # lips, outside
    "78 95 88 178 87 14 317 402 318 324 308 415 310 311 312 13 82 81 80 191",  # lips, inside
    "33 7 163 144 145 153 154 155 133 173 157 158 159 160 161 246",  # the subject's right lids
    "263 249 390 373 374 380 381 382 362 398 384 385 386 387 388 466",  # left lids
    "469 470 471 472",  # right iris
    "474 475 476 477",  # left iris
    "10 338 297 332 284 251 389 356 454 323 361 288 397 365 379 378 400 377 152 148 176 149 150 136 172 58 132 93 "
    "234 127 162 21 54 103 67 109",  # the outline of the face
)
_OPEN = ("46 53 52 65 55", "70 63 105 66 107", "276 283 282 295 285", "300 293 334 296 336")


def _lines() -> tuple[Ints, Ints]:
    closed, opened = ([np.array(line.split(), int) for line in lines] for lines in (_CLOSED, _OPEN))
    pairs = [np.stack([line, np.roll(line, -1)], 1) for line in closed]
    pairs += [np.stack([line[:-1], line[1:]], 1) for line in opened]
    points, edges = np.unique(np.concatenate(pairs), return_inverse=True)
    return points, edges.reshape(-1, 2)


# Which landmarks are kept (k,), and which two of those each stroke joins (m, 2).
POINTS, EDGES = _lines()


@dataclass(frozen=True)
class SeenLines:
    """`time` (n,): s, rising. `points` (n, k, 2): of POINTS, as parts of the picture's width and height from its upper
    left corner; NaN where no face was found.
    """

    time: Times
    points: Floats


def find(
    clip: Clip, models: Path, device: str = "auto", choose: Choice = "largest", stop: Callable[[], bool] = lambda: False
) -> Generator[Progress, None, SeenLines]:
    """The lines on the face in each frame of `clip`; yields progress. Once `stop()` is true, returns those until then.

    `choose`: see `face.FaceTracker`. Raises FieldsError for a clip that can't be read, models that can't be loaded and
    a clip without a face.
    """
    tracker, times, points, found = FaceTracker(models, device, choose), [], [], 0
    stream = frames(clip)
    try:
        for frame in stream:
            if stop():
                break
            if frame.cut:
                tracker.reset()
            face = tracker.track(frame.image)
            height, width = frame.image.shape[:2]
            times.append(frame.time)
            nowhere = np.full((len(POINTS), 2), np.nan)
            points.append(nowhere if face is None else face.landmarks[POINTS, :2] / (width, height))
            found += face is not None
            yield Progress(len(times), max(clip.count, len(times)), found, frame.image, face)
    finally:
        stream.close()
    if not found and not stop():
        raise FieldsError(
            "No face was found in the footage, so it has no landmarks. Is the face upright, lit and not tiny?"
        )
    return SeenLines(np.array(times), np.array(points, np.float32).reshape(-1, len(POINTS), 2))
