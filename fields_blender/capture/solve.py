"""Clip -> Track: find and encode the face in every frame, then let the regressor read the whole performance at once."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError
from ..core.names import GROUPS
from ..core.track import Track
from . import neutral_frames as resting
from .clip import Clip, frames
from .face import Face, FaceTracker
from .features import Features, store
from .head_pose_correction import head_turn
from .pose import frontal, head_pose, sight
from .regressor import OUTPUTS, Regressor

BATCH = 256
# Doubt, averaged over the regions, that halves the confidence: a quarter of what a face can do is then a guess.
HALF_SURE = 0.25
# How much of their irises lids cover differs between people, and reads as looking up or down. A face at rest looks
# ahead more often than not: so much of the pitch read there is taken for the lids. On rendered videos that changes the
# error by less than a tenth of a degree; on six real clips eyes were read 4 to 13 degrees above the camera before.
OF_THE_LIDS = 0.5


@dataclass(frozen=True)
class Progress:
    """Frames done so far, frames to expect, and how many of those done had a face.

    `image`: the frame done last, BGR (h, w, 3) uint8, not to be written to; `face`: what was found in it.
    """

    done: int
    total: int
    found: int
    image: np.ndarray | None = field(default=None, compare=False, repr=False)
    face: Face | None = field(default=None, compare=False, repr=False)


def capture(
    clip: Clip,
    models: Path,
    device: str = "auto",
    choose: str | tuple[float, float, float, float] = "largest",
    stop: Callable[[], bool] = lambda: False,
    stills: bool = False,
    rest: tuple[float, float] | None = None,
) -> Generator[Progress, None, Track]:
    """Capture `clip`; yields progress, returns the Track. When `stop()` turns true, returns what there is by then.

    `choose`: see `face.FaceTracker`. `stills`: every picture stands for itself (perhaps another person), so no resting
    face is taken from the others. `rest`: from when to when (s, in the clip's time) the person's face is at rest; with
    None, or when the capture is stopped before, the quietest frames are taken. What waits for the end waits in a
    temporary file, so memory does not grow with the clip. Raises FieldsError for a clip that can't be read, models that
    can't be loaded, a clip without a single frame and a `rest` without a face.
    """
    if rest is not None and not rest[0] <= rest[1]:
        raise FieldsError("The frames at rest must end after they begin. Choose them again.")
    tracker = FaceTracker(models, device, choose)
    regressor = Regressor(models, device)
    time: list[float] = []
    score: list[float] = []
    stopped, cuts = False, 0
    poses: list[np.ndarray] = []
    with store() as file:
        features = Features(file, regressor)
        stream = frames(clip)
        try:
            for frame in stream:
                if stopped := stop():
                    break
                if frame.cut:
                    tracker.reset()
                cuts += frame.cut or stills
                face = tracker.track(frame.image)
                time.append(frame.time)
                score.append(face.score if face else 0.0)
                if face:
                    height, width = frame.image.shape[:2]
                    rotation, translation = head_pose(face.landmarks, width, height)
                    front = frontal(face.landmarks, rotation, width, height)
                    turn = head_turn(front[None], rotation[None], sight(face.landmarks, width, height))[0]
                    poses.append(np.concatenate([turn, translation]).astype(np.float32))
                    features.add(front, rotation, face.inner8, face.inner4, shot=cuts)
                yield Progress(len(time), max(clip.count, len(time)), len(poses), frame.image, face)
        finally:
            stream.close()
        if not time:
            raise FieldsError("Nothing was captured: the clip gave no frame in that range. Choose a longer range.")
        features.encode()
        noise = features.noise()
        found = np.array(score) > 0
        pose = np.stack(poses) if poses else np.empty((0, 6), np.float32)
        read = _read(features, noise, regressor, None)
        if stopped and rest is not None and time[-1] < rest[0]:
            rest = None
        chosen = _at_rest(np.array(time)[found], read, pose, stills, rest)
        if len(chosen):
            read = _read(features, noise, regressor, features.mean(chosen))
            read["gaze"][:, :, 1] -= OF_THE_LIDS * read["gaze"][chosen, :, 1].mean()
    groups = {name: np.full((len(time), *shape), np.nan, np.float32) for name, shape in GROUPS.items()}
    groups["head"][found], groups["translation"][found] = pose[:, :3], pose[:, 3:]
    for name in OUTPUTS:
        groups[name][found] = read[name]
    groups["confidence"][:, 0] = 0.0
    groups["confidence"][found, 0] = confidence(np.array(score)[found], read["uncertainty"])
    source = {**clip.source, "device": tracker.device}
    return Track(np.array(time, np.float64), groups, regressor.card, source)


def confidence(score: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
    """(n,) 0..1: how sure there is a face, score (n,), times how sure the network is of it.

    uncertainty (n, 8) as in a Track: none leaves the score, an expected error of HALF_SURE in all regions halves it,
    twice that leaves a quarter of it.
    """
    return score * 0.5 ** (uncertainty.mean(axis=1) / HALF_SURE)


def _at_rest(
    time: np.ndarray, read: dict[str, np.ndarray], pose: np.ndarray, stills: bool, rest: tuple[float, float] | None
) -> np.ndarray:
    """Indices of the frames with a face in which it is at rest; none where that can't be known."""
    if rest is not None:
        return resting.between(time, *rest)
    if stills or len(time) < resting.ENOUGH:
        return np.empty(0, int)
    return resting.quietest(read, pose[:, :3], pose[:, 3:])


def _read(features: Features, noise: float, regressor: Regressor, rest: np.ndarray | None) -> dict[str, np.ndarray]:
    """The network's outputs for all faces, without or with the person's features at rest."""
    parts: dict[str, list[np.ndarray]] = {name: [np.empty((0, *GROUPS[name]), np.float32)] for name in OUTPUTS}
    for first in range(0, len(features), BATCH):
        rows = features.steady(first, min(first + BATCH, len(features)), noise)
        for name, value in regressor.read(rows, rest).items():
            parts[name].append(value)
    return {name: np.concatenate(values) for name, values in parts.items()}
