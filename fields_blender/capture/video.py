"""Decodes video files to upright 8-bit BGR pictures with time stamps, and single pictures."""

import contextlib
import itertools
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arrays import Image
from ..core.errors import FieldsError
from ..core.files import open_file
from .device import import_cv2
from .display_matrix import Mirroring, mirroring
from .picture_size import size

# Formats that cv2 reads as a single picture. Others (EXR, PSD ...) are rendered by Blender.
PICTURES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
LARGEST_PICTURE = 500_000_000  # bytes of a file
SOUNDS = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"}

# Two times closer than this (s) are the same: the time stamps of some containers are whole milliseconds.
SAME_TIME = 1e-3
# A seek costs about as much as decoding this many seconds (a group of pictures): no seek to a start before that.
WORTH_A_SEEK = 3.0
# A video that does not say its length is gone through for it, at most so far: ten hours.
MOST_FRAMES = 2_000_000
# So many frames in a row may be damaged; after more, the rest of the file is.
DAMAGED = 100
# Size of the decoded pictures held while a video is read backwards; 40 frames of 1080p.
BACKWARDS_BYTES = 256_000_000


@dataclass(frozen=True)
class VideoInfo:
    """`fps`: mean frames a second. `count`: frames that the file claims to hold. `duration`: s. Upright size in px."""

    fps: float
    count: int
    duration: float
    width: int
    height: int


class SizeChanged(FieldsError):
    """From here on cv2 does not give the pictures of a file as they are."""


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """What a video file says about itself. Decodes its first frame to make sure that it can be read.

    Raises FieldsError when it can't: the file is missing, empty, damaged, no video, or holds sound only.
    """
    with _opened(path) as capture:
        ok, image = capture.read()
        if not ok:
            raise FieldsError(
                "No frame of {file} can be decoded: the file is empty, damaged or cut off. "
                "Copy it again from its source, or convert it to an H.264 .mp4.",
                file=Path(path).name,
            )
        fps = _rate(capture)
        count = max(int(capture.get(import_cv2().CAP_PROP_FRAME_COUNT)), 0)
        mirrored = mirroring(path)
        height, width = (mirrored.shown(image) if mirrored else image).shape[:2]
        if not count:
            count, duration = _measured(capture, fps)
            fps = fps if abs(duration * fps - count) < 0.02 * count else count / duration
        return VideoInfo(fps, count, count / fps, width, height)


def _measured(capture: Any, fps: float) -> tuple[int, float]:
    """Frames and seconds of a file that does not say how long it is, as browsers record them: by going through it.

    The first frame has been read.
    """
    cv2 = import_cv2()
    count, first, last = 1, capture.get(cv2.CAP_PROP_POS_MSEC), 0.0
    while count < MOST_FRAMES and _grabbed(capture):
        count, last = count + 1, capture.get(cv2.CAP_PROP_POS_MSEC)
    length = (last - first) / 1000.0
    usable = math.isfinite(length) and length > 0.0
    return count, length * count / (count - 1) if usable else count / fps


def decode(path: str | os.PathLike[str], start: float = 0.0) -> Iterator[tuple[float, Image]]:
    """Stream (time stamp, picture) from the first frame at or after `start` s, holding one picture at a time.

    Time stamps are seconds of the file and rise strictly. Pictures are (h, w, 3) uint8 BGR, upright, with square
    pixels, each an array of its own. Raises FieldsError as `probe` does, and SizeChanged where the size of the picture
    changes midway.
    """
    waiting: list[float] = []
    shown: Image | None = None
    patience = 1
    for stamp, image in itertools.chain(_stamped(path, start), [(math.inf, None)]):
        if shown is not None and image is not None and _is_same(image, shown):
            waiting.append(stamp)
            if len(waiting) < patience:
                continue
        if waiting and shown is not None:
            # Once the size of the picture has changed, cv2 gives the last one of the old size again and again. Pictures
            # may truly stand still; so the file is opened once more to compare, ever more rarely.
            if (image is None or len(waiting) >= patience) and not _stands_still(path, waiting[0], shown):
                raise SizeChanged(
                    "The size of the picture in {file} changes at {time:.1f} s. What follows can't be read: convert "
                    "the video to one size (H.264 .mp4), then capture again.",
                    file=Path(path).name,
                    time=waiting[0],
                )
            patience = max(patience, 2 * len(waiting))
            yield from ((when, shown.copy()) for when in waiting)
            waiting = []
        if image is not None and not (shown is not None and _is_same(image, shown)):
            shown = image
            if stamp > -math.inf:
                yield stamp, image


def _stands_still(path: str | os.PathLike[str], stamp: float, shown: Image) -> bool:
    """Is the picture at that time (s) `shown`, if no picture before it was decoded to its end?"""
    fresh = next(_stamped(path, stamp, with_first=False), None)
    return fresh is None or _is_same(fresh[1], shown)


def _is_same(image: Image, other: Image) -> bool:
    if image.shape != other.shape:
        return False
    return np.array_equal(image[::16, ::16], other[::16, ::16]) and np.array_equal(image, other)


def _stamped(path: str | os.PathLike[str], start: float, with_first: bool = True) -> Iterator[tuple[float, Image]]:
    """`decode`, as cv2 gives it. `with_first`: the file's first picture comes before all, at minus infinity if it is
    before `start`.
    """
    cv2 = import_cv2()
    with _opened(path) as capture:
        mirrored = mirroring(path)
        scale = _square_pixels(capture, mirrored)

        def upright() -> Image | None:
            ok, image = capture.retrieve()
            if not ok:
                return None
            image = mirrored.shown(image) if mirrored else image
            return image if scale == (1.0, 1.0) else cv2.resize(image, None, fx=scale[0], fy=scale[1])

        if start > WORTH_A_SEEK:
            if with_first and _grabbed(capture) and (image := upright()) is not None:
                yield -math.inf, image
            with_first = False
            if not _seek(capture, start):
                _open(capture, path)
        step = 1.0 / _rate(capture)
        previous = -step
        while _grabbed(capture):
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            # Raw streams and some AVI files have no time stamps, or repeat them: such a frame comes one step later.
            if not math.isfinite(stamp) or stamp <= previous:
                stamp = previous + step
            previous = stamp
            wanted = stamp >= start - SAME_TIME
            if (wanted or with_first) and (image := upright()) is not None:
                yield stamp if wanted else -math.inf, image
            with_first = False


def _grabbed(capture: Any) -> bool:
    """Go to the next frame that can be decoded; damaged ones before it are left out. False at the end."""
    return any(capture.grab() for _ in range(DAMAGED + 1))


def decode_backwards(path: str | os.PathLike[str], end: float) -> Iterator[tuple[float, Image]]:
    """Like `decode`, from the last frame before `end` s back to the first; time stamps fall.

    Each part of BACKWARDS_BYTES is decoded forwards, so memory does not grow with the length.
    """
    info = probe(path)
    length = max(BACKWARDS_BYTES / (3 * info.width * info.height), 8.0) / info.fps
    while end > 0.0:
        begin = max(end - length, 0.0)
        part = []
        for stamp, image in decode(path, begin):
            if stamp >= end:
                break
            part.append((stamp, image))
        end = min(begin, part[0][0]) if part else begin
        while part:
            yield part.pop()


def read_picture(path: str | os.PathLike[str]) -> Image | None:
    """(h, w, 3) uint8 BGR, turned as its EXIF says; converts grey, 16-bit and alpha. None if it can't be read.

    Goes through numpy, since cv2.imread can't open a path with accents on Windows. Nothing is decoded before the size
    that the file claims is known to be one that such a file can have.
    """
    cv2 = import_cv2()
    try:
        with open_file(Path(path)) as file:
            data = file.read(LARGEST_PICTURE + 1)
        if len(data) > LARGEST_PICTURE:
            return None
        size(data)
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, MemoryError, cv2.error):
        return None


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """An open cv2.VideoCapture, released at the end."""
    if not Path(path).is_file():
        raise FieldsError("There is no file at {path}. Check the path, or choose the video again.", path=path)
    try:
        str(path).encode()
    except UnicodeEncodeError:  # which would crash cv2
        name = os.fsencode(Path(path).absolute()).decode(errors="replace")
        raise FieldsError(
            "The path {path} has letters that can't be read. Rename the file or its folder.", path=name
        ) from None
    cv2 = import_cv2()
    # FFmpeg and cv2 would print every damaged packet to the terminal; notes and errors say what matters.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.setLogLevel(2)  # errors only
    capture = cv2.VideoCapture()
    try:
        _open(capture, path)
        yield capture
    finally:
        capture.release()


def _open(capture: Any, path: str | os.PathLike[str]) -> None:
    cv2 = import_cv2()
    path = Path(path).absolute()  # or FFmpeg would take "name:" at the front for a protocol
    if capture.open(str(path), cv2.CAP_FFMPEG):
        # The default differs between versions of cv2; of mirrored pictures it knows nothing.
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0 if mirroring(path) else 1)
    elif path.stat().st_size == 0:
        raise FieldsError("{file} is empty (0 bytes). Copy it again from its source.", file=path.name)
    elif path.suffix.lower() in SOUNDS:
        raise FieldsError("{file} holds sound only. Choose a video of the performance.", file=path.name)
    else:
        raise FieldsError(
            "{file} can't be read as a video: it is none, holds sound only, or is damaged or cut off. "
            "If it plays elsewhere, convert it to an H.264 .mp4.",
            file=path.name,
        )


def _seek(capture: Any, start: float) -> bool:
    """Go to shortly before `start` s. False if the file has no index or no time stamps that tell where that was."""
    cv2 = import_cv2()
    capture.set(cv2.CAP_PROP_POS_MSEC, (start - 0.5) * 1000.0)
    return 0.0 < capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0 < start


def _rate(capture: Any) -> float:
    fps = capture.get(import_cv2().CAP_PROP_FPS)
    return fps if math.isfinite(fps) and 0.0 < fps < 1000.0 else 25.0


def _square_pixels(capture: Any, mirrored: Mirroring | None) -> tuple[float, float]:
    """Scale of x and y that makes the upright picture's pixels square (DV and HDV cameras store narrow ones)."""
    cv2 = import_cv2()
    aspect = capture.get(cv2.CAP_PROP_SAR_NUM) / max(capture.get(cv2.CAP_PROP_SAR_DEN), 1.0)
    if not 0.1 < aspect < 10.0 or aspect == 1.0:
        return 1.0, 1.0
    turned = mirrored.transposed if mirrored else int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return (1.0, aspect) if turned else (aspect, 1.0)
