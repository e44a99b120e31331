"""Clip -> Track: find the face in every frame, then let the regressor read the whole performance at once."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arrays import Floats, Image, Ints
from ..core.errors import FieldsError
from ..core.names import GROUPS
from ..core.track import Track, empty
from . import neutral_frames
from .actor import Actor, Rest, check
from .clip import Clip, Frame, frames
from .expression_maps import ExpressionMaps
from .face import Choice, Face, FaceTracker
from .features import Features, temporary_file
from .head_pose_correction import corrected_rotation
from .pose import frontal, head_pose, line_of_sight
from .regressor import OUTPUTS, Regressor

BATCH = 256
# The uncertainty, averaged over the regions, that halves the confidence: a quarter of a full weight.
HALVING_UNCERTAINTY = 0.25
# How much of the irises the lids cover differs between people, and reads as looking up or down. A face at rest usually
# looks straight ahead, so this share of the pitch read there is taken for the lids' and subtracted. On rendered videos
# that changes the error by less than a tenth of a degree; on six real clips eyes were read 4 to 13 degrees above the
# camera before.
LID_SHARE = 0.5
# The quietest frames of a clip are chosen so many times, each time relative to those chosen before.
CHOICES = 2
# So many pictures of one person count as much as the mean face.
PRIOR = 4
# From when to when the face is at rest (s).
Span = tuple[float, float]
# The regressor's outputs for all faces, relative to the features of a face at rest and how certain that is.
Reader = Callable[[Floats, float], dict[str, Floats]]


@dataclass(frozen=True)
class Progress:
    """Frames done so far, frames to expect, and how many of those done had a face.

    `image`: the frame done last, BGR (h, w, 3) uint8, not to be written to; `face`: what was found in it.
    """

    done: int
    total: int
    found: int
    image: Image | None = field(default=None, compare=False, repr=False)
    face: Face | None = field(default=None, compare=False, repr=False)


def capture(
    clip: Clip,
    models: Path,
    device: str = "auto",
    choose: Choice = "largest",
    stop: Callable[[], bool] = lambda: False,
    stills: bool = False,
    rest: Span | None = None,
    actor: Actor | None = None,
    same_person: bool = False,
) -> Generator[Progress, None, Track]:
    """Capture `clip`: yields progress, returns the Track. Once `stop()` is true, returns what was captured until then.

    A performance is read relative to the person's face at rest. It is, in this order: the one of `actor`; the mean of
    the frames from `rest[0]` to `rest[1]` (s, in the clip's time); of `stills` of the `same_person` the mean of the
    pictures; of a clip the mean of its quietest frames. Other stills may show other people, and short clips say too
    little: for these the mean face of training stands in. `Track.source["rest"]` says which it was (see `Rest`).

    `choose`: see `face.FaceTracker`. Features wait for the end in a temporary file, so memory does not grow with the
    clip. Raises FieldsError for a clip that can't be read, models that can't be loaded, a clip without a single frame,
    a `rest` without a face and an `actor` of other networks.
    """
    if rest is not None and not rest[0] <= rest[1]:
        raise FieldsError("The frames at rest must end after they begin. Choose them again.")
    tracker = FaceTracker(models, device, choose)
    regressor = Regressor(models, device)
    if actor is not None:
        check(actor, regressor.card, regressor.features)
    with temporary_file() as file:
        seen = _Performance(Features(file, regressor), ExpressionMaps(models, device))
        stopped = yield from _watch(clip, tracker, seen, stop, stills)
        if not seen.time:
            raise FieldsError("Nothing was captured: the clip gave no frame in that range. Choose a longer range.")
        if stopped and rest is not None and seen.time[-1] < rest[0]:
            rest = None
        outputs, found = _outputs(seen, regressor, _Known(stills, rest, actor, same_person))
    return _track(seen, outputs, regressor.card, {**clip.source, "device": tracker.device, "rest": found.to_data()})


def meet(
    clip: Clip,
    models: Path,
    name: str,
    device: str = "auto",
    choose: Choice = "largest",
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Progress, None, Actor]:
    """The Actor whose face is at rest in all of `clip`: in a few frames, or in photos. Yields progress.

    Raises FieldsError as `capture` does, and when no face was found.
    """
    tracker = FaceTracker(models, device, choose)
    regressor = Regressor(models, device)
    with temporary_file() as file:
        seen = _Performance(Features(file, regressor), ExpressionMaps(models, device))
        yield from _watch(clip, tracker, seen, stop, stills=False)
        seen.features.encode()
        count = len(seen.features)
        if not count:
            raise FieldsError("No face was found there, so it can't say who this is. Choose a picture that shows one.")
        rest = seen.features.mean(np.arange(count))
    return Actor(name, rest, count, regressor.card["networks"]["encoder"]["sha256"])


def confidence(score: Floats, uncertainty: Floats) -> Floats:
    """(n,) 0..1: how sure there is a face, `score` (n,), times how sure the network is of it.

    `uncertainty` (n, 8) as in a Track: none leaves the score, HALVING_UNCERTAINTY in all regions halves it, twice that
    leaves a quarter of it.
    """
    return score * 0.5 ** (uncertainty.mean(axis=1) / HALVING_UNCERTAINTY)


@dataclass(frozen=True)
class _Performance:
    """What is kept of the frames. `time` (s) and `score` (0 without a face): one for each frame; `poses` (6,), rotation
    and translation of the head, and `features`: one for each face.
    """

    features: Features
    expression_maps: ExpressionMaps
    time: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    poses: list[Floats] = field(default_factory=list)

    @property
    def found(self) -> Ints:
        """Indices of the frames with a face."""
        return np.flatnonzero(np.array(self.score) > 0)

    @property
    def pose(self) -> Floats:
        """(faces, 6): rotation and translation of the head."""
        return np.stack(self.poses) if self.poses else np.empty((0, 6), np.float32)

    def add(self, frame: Frame, face: Face | None, shot: int) -> None:
        """A frame and the face in it. `shot`: number of the cuts until then."""
        self.time.append(frame.time)
        self.score.append(face.score if face else 0.0)
        if face is None:
            return
        height, width = frame.image.shape[:2]
        fitted, translation = head_pose(face.landmarks, width, height)
        front = frontal(face.landmarks, fitted, width, height)
        sight = line_of_sight(face.landmarks, width, height)
        rotation = corrected_rotation(front[None], fitted[None], sight)[0]
        self.poses.append(np.concatenate([rotation, translation]).astype(np.float32))
        maps = self.expression_maps.of_picture(frame.image, face.landmarks)
        self.features.add(front, fitted, face.inner8[0], face.inner4[0], *maps, shot=shot)


def _watch(
    clip: Clip, tracker: FaceTracker, seen: _Performance, stop: Callable[[], bool], stills: bool
) -> Generator[Progress, None, bool]:
    """Follow the face through the clip and keep it in `seen`; yields progress. Returns whether `stop()` ended it."""
    stream, shot = frames(clip), 0
    try:
        for frame in stream:
            if stop():
                return True
            if frame.cut:
                tracker.reset()
            shot += frame.cut or stills
            face = tracker.track(frame.image)
            seen.add(frame, face, shot)
            done = len(seen.time)
            yield Progress(done, max(clip.count, done), len(seen.poses), frame.image, face)
        return False
    finally:
        stream.close()


@dataclass(frozen=True)
class _Known:
    """What the caller knows of the person: see `capture`."""

    stills: bool
    rest: Span | None
    actor: Actor | None
    same_person: bool


def _outputs(seen: _Performance, regressor: Regressor, known: _Known) -> tuple[dict[str, Floats], Rest]:
    """The regressor's outputs for all faces, and the face at rest that they are relative to."""
    seen.features.encode()
    noise = seen.features.noise()

    def read(rest: Floats, certainty: float) -> dict[str, Floats]:
        return _read(seen.features, noise, regressor, rest, certainty)

    rest, chosen = _rest(seen, regressor, known, read)
    outputs = read(rest.features, rest.certainty)
    if rest.origin != "mean face":
        itself = regressor.read(rest.features[None], rest.features, rest.certainty)
        at_rest = outputs["gaze"][chosen] if len(chosen) else itself["gaze"]
        outputs["gaze"][:, :, 1] -= LID_SHARE * at_rest[:, :, 1].mean()
    return outputs, rest


def _rest(seen: _Performance, regressor: Regressor, known: _Known, read: Reader) -> tuple[Rest, Ints]:
    """The best guess of the face at rest, and the faces of the clip that it is the mean of, if any."""
    features, mean_face, none = seen.features, regressor.mean_face, np.empty(0, int)

    def made(origin: str, rest: Floats, count: int, certainty: float | None = 1.0) -> Rest:
        """Without a certainty, the rest counts as much as it looks neutral."""
        neutral = float(regressor.read(rest[None], mean_face, 0.0)["emotion"][0, 0])
        counts = neutral if certainty is None else certainty
        return Rest(origin, rest, count, neutral, counts, regressor.card["networks"]["encoder"]["sha256"])

    if known.actor is not None:
        return made("actor", known.actor.rest, known.actor.count), none
    if known.rest is not None:
        chosen = neutral_frames.between(np.array(seen.time)[seen.found], *known.rest)
        return made("chosen frames", features.mean(chosen), len(chosen)), chosen
    if known.stills and known.same_person and len(features):
        # A few pictures may all show the same expression: the mean face counts as some more.
        count = len(features)
        return made("pictures", features.mean(np.arange(count)), count, count / (count + PRIOR)), none
    if known.stills or len(features) < neutral_frames.ENOUGH:
        return made("mean face", mean_face, 0, 0.0), none
    # The choice starts from the mean of the clip and is made again relative to what was chosen: from nothing at all, or
    # from a choice of its own, it would stay where it began.
    rest, chosen, certainty = features.mean(np.arange(len(features))), none, 1.0
    for _ in range(CHOICES):
        chosen = neutral_frames.quietest(read(rest, certainty), seen.pose[:, :3], seen.pose[:, 3:])
        rest = features.mean(chosen)
    return made("quietest frames", rest, len(chosen), None), chosen


def _read(features: Features, noise: float, regressor: Regressor, rest: Floats, certainty: float) -> dict[str, Floats]:
    """The regressor's outputs for all faces. `rest`: features of the face at rest, which counts as it is certain."""
    parts: dict[str, list[Floats]] = {name: [np.empty((0, *GROUPS[name]), np.float32)] for name in OUTPUTS}
    for first in range(0, len(features), BATCH):
        rows = features.denoised(first, min(first + BATCH, len(features)), noise)
        for name, value in regressor.read(rows, rest, certainty).items():
            parts[name].append(value)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _track(seen: _Performance, outputs: dict[str, Floats], card: dict[str, Any], source: dict[str, Any]) -> Track:
    made = empty(np.array(seen.time), card, source)
    groups, found = made.groups, seen.found
    groups["head"][found], groups["translation"][found] = seen.pose[:, :3], seen.pose[:, 3:]
    for name in OUTPUTS:
        groups[name][found] = outputs[name]
    groups["confidence"][found, 0] = confidence(np.array(seen.score)[found], outputs["uncertainty"])
    return made
