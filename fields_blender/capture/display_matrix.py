"""Videos whose display matrix mirrors the picture: cv2 sees only its rotation, and stands such a picture on its head.

Selfie cameras and editors write them into MP4 and QuickTime files: ISO/IEC 14496-12, the box `tkhd`.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from ..core.arrays import Image

_FILES = {".mp4", ".mov", ".m4v", ".qt", ".3gp", ".3g2"}
_MOST_BOXES = 4000
_LARGEST_BOX = 1_000_000  # of those that are read rather than entered


@dataclass(frozen=True)
class Mirroring:
    """How players show a mirrored picture: first transposed, then flipped."""

    transposed: bool
    left_to_right: bool
    upside_down: bool

    def shown(self, image: Image) -> Image:
        """The picture (h, w, 3) as players show it."""
        image = image.transpose(1, 0, 2) if self.transposed else image
        image = image[:, ::-1] if self.left_to_right else image
        return np.ascontiguousarray(image[::-1] if self.upside_down else image)


def mirroring(path: str | os.PathLike[str]) -> Mirroring | None:
    """What the first video track of a file says; None where it does not mirror, is no such file or is damaged."""
    if Path(path).suffix.lower() not in _FILES:
        return None
    try:
        with Path(path).open("rb") as file:
            matrix = _video_matrix(file, os.fstat(file.fileno()).st_size)
    except (OSError, struct.error):
        return None
    if matrix is None:
        return None
    a, b, c, d = matrix
    if a * d - b * c >= 0:
        return None
    # Pictures' y points down, as the matrix has it: x' = a x + c y, y' = b x + d y.
    transposed = abs(b) > abs(a)
    return Mirroring(transposed, (c if transposed else a) < 0, (b if transposed else d) < 0)


def _video_matrix(file: IO[bytes], size: int) -> tuple[float, ...] | None:
    for kind, start, end in _boxes(file, 0, size):
        if kind != b"moov":
            continue
        for track, first, last in _boxes(file, start, end):
            if track != b"trak":
                continue
            parts = {part: (a, b) for part, a, b in _boxes(file, first, last)}
            if b"tkhd" in parts and b"mdia" in parts and _is_video(file, *parts[b"mdia"]):
                return _matrix(_read(file, *parts[b"tkhd"]))
    return None


def _is_video(file: IO[bytes], start: int, end: int) -> bool:
    return any(
        kind == b"hdlr" and _read(file, first, last)[8:12] == b"vide" for kind, first, last in _boxes(file, start, end)
    )


def _matrix(header: bytes) -> tuple[float, ...]:
    at = 52 if header[:1] == b"\x01" else 40  # version 1 has times of 64 bits
    a, b, _, c, d = struct.unpack(">5i", header[at : at + 20])
    return a / 65536, b / 65536, c / 65536, d / 65536


def _read(file: IO[bytes], start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, _LARGEST_BOX))


def _boxes(file: IO[bytes], start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, begin, end) of the content of each box between two places of the file."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        begin = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            begin += 8
        stop = end if size == 0 else start + size
        if stop < begin or stop > end:
            return
        yield kind, begin, stop
        start = stop
