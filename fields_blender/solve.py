"""Clip -> Track: find the face in every frame, then let the regressor read the whole performance at once."""

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .clip import Clip, frames
from .errors import FieldsError
from .face import FaceTracker
from .names import EXPRESSION, GROUPS
from .pose import frontal, head_pose
from .regressor import OUTPUTS, Regressor
from .track import Track

LANDMARKS = 478
BATCH = 256
# Frames taken for the face at rest: the quietest tenth, but no more than this.
MOST_REST_FRAMES = 200
# Below this many frames with a face a performance is too short to say what this person's face is at rest.
FEWEST_FRAMES_FOR_REST = 24


@dataclass(frozen=True)
class Progress:
    """Frames done so far, frames to expect, and how many of those done had a face."""

    done: int
    total: int
    found: int


def capture(
    clip: Clip,
    models: Path,
    device: str = "auto",
    choose: str | tuple[float, float, float, float] = "largest",
    stop: Callable[[], bool] = lambda: False,
    stills: bool = False,
) -> Generator[Progress, None, Track]:
    """Capture `clip`; yields progress, returns the Track. When `stop()` turns true, returns what there is by then.

    `choose`: see `face.FaceTracker`. `stills`: every picture stands for itself (perhaps another person), so no resting
    face is taken from the others. Landmarks wait in a temporary file, so memory does not grow with the clip.
    Raises FieldsError for a clip that can't be read, models that can't be loaded, and a clip without a single frame.
    """
    tracker = FaceTracker(models, device, choose)
    regressor = Regressor(models, device)
    time: list[float] = []
    score: list[float] = []
    poses: list[np.ndarray] = []
    with _store() as store:
        stream = frames(clip)
        try:
            for frame in stream:
                if stop():
                    break
                if frame.cut:
                    tracker.reset()
                face = tracker.track(frame.image)
                time.append(frame.time)
                score.append(face.score if face else 0.0)
                if face:
                    height, width = frame.image.shape[:2]
                    rotation, translation = head_pose(face.landmarks, width, height)
                    poses.append(np.concatenate([rotation, translation]).astype(np.float32))
                    store.write(frontal(face.landmarks, rotation, width, height).astype(np.float32).tobytes())
                yield Progress(len(time), max(clip.count, len(time)), len(poses))
        finally:
            stream.close()
        if not time:
            raise FieldsError("Nothing was captured: the clip gave no frame in that range. Choose a longer range.")
        pose = np.stack(poses) if poses else np.empty((0, 6), np.float32)
        read = _read(store, regressor, pose[:, :3], stills)
    groups = {name: np.full((len(time), *shape), np.nan, np.float32) for name, shape in GROUPS.items()}
    found = np.array(score) > 0
    groups["confidence"][:, 0] = score
    groups["head"][found], groups["translation"][found] = pose[:, :3], pose[:, 3:]
    for name in OUTPUTS:
        groups[name][found] = read[name]
    source = {**clip.source, "device": tracker.device}
    return Track(np.array(time, np.float64), groups, regressor.card, source)


@contextlib.contextmanager
def _store() -> Iterator[BinaryIO]:
    """A temporary file for the landmarks."""
    try:
        with tempfile.TemporaryFile() as store:
            yield store
    except OSError as error:
        raise FieldsError(
            f"The folder for temporary files can't be used ({error.strerror}). Make room on its disk and capture again."
        ) from error


def _read(store, regressor: Regressor, rotation: np.ndarray, stills: bool) -> dict[str, np.ndarray]:
    """The network's outputs for all stored landmarks: once without, then with the person's resting face."""
    read = _predict(store, regressor, rotation, None)
    if stills or len(rotation) < FEWEST_FRAMES_FOR_REST:
        return read
    return _predict(store, regressor, rotation, _rest(store, read, rotation))


def _predict(store, regressor: Regressor, rotation: np.ndarray, neutral: np.ndarray | None) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {name: [np.empty((0, *GROUPS[name]), np.float32)] for name in OUTPUTS}
    for first in range(0, len(rotation), BATCH):
        some = slice(first, min(first + BATCH, len(rotation)))
        for name, value in regressor.predict(_landmarks(store, some), rotation[some], neutral).items():
            parts[name].append(value)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _landmarks(store, some: slice) -> np.ndarray:
    size = LANDMARKS * 3 * 4
    store.seek(some.start * size)
    return np.frombuffer(store.read((some.stop - some.start) * size), np.float32).reshape(-1, LANDMARKS, 3)


def _rest(store, read: dict[str, np.ndarray], rotation: np.ndarray) -> np.ndarray:
    """(478, 3): this person's face at rest, the mean of the quietest frames that look towards the camera."""
    mouth = [i for i, name in enumerate(EXPRESSION) if name != "tongueOut"]
    activity = np.abs(read["expression"][:, mouth]).sum(axis=1) + 3 * np.abs(read["jaw"]).sum(axis=1)
    activity += read["eyelids"].sum(axis=1) + np.linalg.norm(rotation - np.median(rotation, axis=0), axis=1)
    gaze = read["gaze"].reshape(len(rotation), -1)
    activity += np.linalg.norm(gaze - np.median(gaze, axis=0), axis=1)  # resting eyes look where they mostly do
    count = int(np.clip(len(activity) // 10, 5, MOST_REST_FRAMES))
    quiet = np.sort(np.argsort(activity, kind="stable")[:count])
    return np.mean([_landmarks(store, slice(int(i), int(i) + 1))[0] for i in quiet], axis=0)
