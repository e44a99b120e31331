"""Rows of training data from footage: what `scans` and `unlabelled` have in common."""

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import Clip, Frame, frames
from fields_blender.capture.face import Face, FaceTracker
from fields_blender.capture.face_crop import CROP, crop, region_of_landmarks
from fields_blender.capture.pose import frontal, head_pose
from fields_blender.core.errors import FieldsError

from ..people import CONTROLS
from ..shards.crops import jpeg, save_crops

LARGE = ("lips8", "lips4")  # arrays stored in files of their own beside a shard, as in make_data
ROWS_A_SHARD = 600
SCANS, UNLABELLED = 2, 3  # values of `family`
_SEED = 23

Row = dict[str, np.ndarray]


def rows_of(
    clip: Clip,
    models: Path,
    person: int,
    family: int,
    rate: float,
    rng: np.random.Generator,
    stills: bool = False,
    wanted: Callable[[Frame], bool] = lambda frame: True,
) -> Iterator[tuple[Frame, Row, Row | None]]:
    """For a clip's `wanted` frames, about `rate` per second: the frame, its row, and the row of its twin, the same
    picture degraded and read again. Frames without a face are left out; controls are unknown (NaN).

    `stills`: every picture shows another person, numbered from `person` on; `rate` is not used.
    """
    tracker, twin_tracker = FaceTracker(models, "cpu"), FaceTracker(models, "cpu")
    due = -np.inf
    for frame in frames(clip):
        if frame.cut:
            tracker.reset()
        face = tracker.track(frame.image)
        if stills and face is not None:  # track again from its own landmarks, as in the middle of a clip
            face = tracker.track(frame.image)
        if face is None or frame.time < due or not wanted(frame):
            continue
        due = -np.inf if stills else frame.time + 0.999 / rate
        number = person + frame.index if stills else person
        twin_tracker.reset()
        image = degraded(rng, frame.image)
        twin = twin_tracker.track(image) and twin_tracker.track(image)
        yield frame, _row(frame.image, face, number, family), _row(image, twin, number, family) if twin else None


def _row(image: np.ndarray, face: Face, person: int, family: int) -> Row:
    height, width = image.shape[:2]
    rotation, _ = head_pose(face.landmarks, width, height)
    region = region_of_landmarks(face.landmarks)
    return {
        "crop": jpeg(crop(image, region, CROP)),
        "in_crop": (region.from_picture(face.landmarks[:, :2], CROP) / CROP).astype(np.float16),
        "lips8": face.inner8[0],
        "lips4": face.inner4[0],
        "landmarks": frontal(face.landmarks, rotation, width, height).astype(np.float16),
        "rotation": rotation.astype(np.float32),
        "turn": np.full((3, 3), np.nan, np.float32),
        "controls": np.full(CONTROLS, np.nan, np.float32),
        "emotion": np.zeros(8, np.float32),
        "va": np.zeros(2, np.float32),
        "intensity": np.zeros(1, np.float32),
        "kind": np.int8(-1),
        "at_rest": np.bool_(False),
        "points": np.full((len(face.landmarks), 2), np.nan, np.float16),
        "gaps": np.full(3, np.nan, np.float32),
        "person": np.int32(person),
        "family": np.int8(family),
    }


def degraded(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The picture (h, w, 3) uint8 slightly rotated, shifted, scaled, darker or lighter, noisy, JPEG-compressed."""
    import cv2

    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 1.5), np.exp(rng.normal(0, 0.03)))
    matrix[:, 2] += rng.normal(0, 0.004 * max(width, height), 2)
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    noise = np.empty(moved.shape, np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, 0.0, float(rng.uniform(1, 6)))
    bright = np.clip(moved * float(np.exp(rng.normal(0, 0.08))) + noise, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", bright, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(40, 90))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def write(out: Path, pairs: Iterable[tuple[Row, Row | None]]) -> int:
    """Write rows and their twins as shards of up to ROWS_A_SHARD; returns the number of rows.

    Raises FieldsError where `out` already holds training data, which would mix two runs.
    """
    if any(out.glob("shard-*")):
        raise FieldsError("There is training data in {out} already. Choose another folder or empty this one.", out=out)
    out.mkdir(parents=True, exist_ok=True)
    pairs, total = iter(pairs), 0
    for number in itertools.count():
        rows: list[Row] = []
        for row, twin in itertools.islice(pairs, ROWS_A_SHARD // 2):
            nobody = np.int32(-1)
            rows.append({**row, "twin": nobody, "same": nobody})
            if twin is not None:
                rows.append({**twin, "twin": np.int32(len(rows) - 1), "same": nobody})
        if not rows:
            return total
        _write_shard(out / f"shard-{number:05d}.npz", rows)
        total += len(rows)


def _write_shard(path: Path, rows: list[Row]) -> None:
    save_crops(path, [row["crop"] for row in rows])
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0] if name != "crop"}
    arrays["person"] = np.unique(arrays["person"], return_inverse=True)[1].astype(np.int32)  # numbered within the shard
    for name in LARGE:
        np.save(path.with_suffix(f".{name}.npy"), arrays.pop(name))
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def arguments(description: str | None, what: str, out: str) -> argparse.ArgumentParser:
    """The options that both scripts have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help=what)
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--rate", type=float, default=5.0, help="pictures kept per second of video")
    return parser


def generator() -> np.random.Generator:
    return np.random.default_rng(_SEED)
