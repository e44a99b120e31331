"""The crops around the faces of a shard, kept so that encoders can be exchanged without rendering again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

QUALITY = 95  # of the JPEG files


def jpeg(crop: np.ndarray) -> np.ndarray:
    """An RGB picture (n, n, 3) uint8 as the bytes (k,) uint8 of a JPEG file."""
    import cv2

    return cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].ravel()


def picture(jpeg: np.ndarray) -> np.ndarray:
    """The RGB picture (n, n, 3) uint8 of a JPEG file's bytes (k,) uint8."""
    import cv2

    return np.ascontiguousarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1])


def save_crops(shard: Path, files: Sequence[np.ndarray]) -> None:
    """Write a shard's JPEG files (k,) uint8 each, one after the other, and where each of them ends."""
    end = np.cumsum([len(file) for file in files])
    np.savez(shard.with_suffix(".crops.npz"), jpeg=np.concatenate(files), end=end)


def load_crops(shard: Path, rows: np.ndarray) -> list[np.ndarray]:
    """The JPEG files of these rows, (k,) uint8 each."""
    with np.load(shard.with_suffix(".crops.npz"), allow_pickle=False) as crops:
        jpeg, end = crops["jpeg"], crops["end"]
    start = np.concatenate([[0], end[:-1]])
    return [jpeg[start[i] : end[i]] for i in rows]
