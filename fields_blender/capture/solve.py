"""Clip -> Track: find the face in every frame, then let the regressor read the whole performance at once."""

import base64
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arrays import Floats, Ints
from ..core.errors import FieldsError
from ..core.names import GROUPS
from ..core.track import CODE, Track, empty
from . import actor as actors
from . import journal as journals
from . import neutral_frames
from .actor import Actor, Rest, check
from .appearance import codes
from .clip import Clip, described
from .face import Choice, FaceTracker
from .features import Features
from .journal import Keep
from .regressor import OUTPUTS, Regressor
from .watch import Performance, Progress, watch

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
# The regressor's outputs for all faces, relative to the features of a face at rest; yields now and then.
Reading = Generator[None, None, dict[str, Floats]]
Reader = Callable[[Floats], Reading]


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
    keep: Keep | None = None,
) -> Generator[Progress, None, Track]:
    """Capture `clip`: yields progress, returns the Track. Once `stop()` is true, returns what was captured until then.

    A performance is read relative to the person's face at rest. It is, in this order: the one of `actor`; the mean of
    the frames from `rest[0]` to `rest[1]` (s, in the clip's time); of `stills` of the `same_person` the mean of the
    pictures; of a clip the mean of its quietest frames. Other stills may show other people, and short clips say too
    little: for these the mean face of training stands in. `Track.source["rest"]` says which it was (see `Rest`).

    `choose`: see `face.FaceTracker`. What is found waits for the end in a file, so memory does not grow with the clip:
    in the one that `keep` names, from which `recover` finishes a capture that was cut off, else in a temporary one.
    What fails after the first frame ends the capture with the frames there are, and a note in `clip.notes`. Raises
    FieldsError for a clip that can't be read, models that can't be loaded, a clip without a single frame, a `rest`
    without a face and an `actor` of other networks.
    """
    if rest is not None and not rest[0] <= rest[1]:
        raise FieldsError("The frames at rest must end after they begin. Choose them again.")
    tracker = FaceTracker(models, device, choose)
    regressor = Regressor(models, device)
    if actor is not None:
        check(actor, regressor.card, regressor.features)
    known = _Known(stills, rest, actor, same_person)
    header = {
        "clip": described(clip), "source": clip.source, "face": choose, "person": known.to_data(),
        "networks": regressor.encoder_sha256, "features": regressor.features, "device": tracker.device,
    }  # fmt: skip
    with journals.opened(keep, header, clip.notes) as journal:
        seen = Performance(journal, Features(journal, regressor))
        last = yield from watch(clip, tracker, seen, stop, stills)
        if last is None and not seen.seen:
            raise FieldsError("Nothing was captured: the clip gave no frame in that range. Choose a longer range.")
        if stop() and rest is not None and seen.time[-1] < rest[0]:
            known = replace(known, rest=None)
        return (yield from _finished(seen, regressor, known, clip.source, tracker.device, last))


def recover(
    path: Path, models: Path, device: str = "auto", notes: list[str] | None = None
) -> Generator[Progress, None, Track]:
    """The Track of a capture that was cut off, from the file that its `keep` named; yields progress.

    Raises FieldsError when the file can't be read, holds no frame or was made by other networks.
    """
    regressor = Regressor(models, device)
    with journals.reopened(path, [] if notes is None else notes) as journal:
        header = journal.header
        if header.get("networks") != regressor.encoder_sha256 or header.get("features") != regressor.features:
            raise FieldsError(
                "{file} was captured with another version of FIELDS, which alone can finish it.", file=path.name
            )
        if not journal.seen:
            raise FieldsError("{file} holds no frame: the capture ended before the first one.", file=path.name)
        seen = Performance(journal, Features(journal, regressor))
        seen.restore()
        known = _Known.from_data(header.get("person"))
        if known.rest is not None and seen.time[-1] < known.rest[0]:
            known = replace(known, rest=None)
        source = header.get("source")
        source = source if isinstance(source, dict) else {}
        return (yield from _finished(seen, regressor, known, source, str(header.get("device", "")), None))


def _finished(
    seen: Performance,
    regressor: Regressor,
    known: "_Known",
    source: dict[str, Any],
    device: str,
    last: Progress | None,
) -> Generator[Progress, None, Track]:
    """The Track of all that was seen. Yields `last`, the last progress, as a sign of life."""
    done = last or Progress(len(seen.seen), len(seen.seen), len(seen.found))
    work = _outputs(seen, regressor, known)
    while True:
        try:
            next(work)
        except StopIteration as end:
            outputs, found = end.value
            source = {**source, "device": device, "rest": found.to_data()}
            return _track(seen, outputs, codes(seen.features), regressor.card, source)
        yield done


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
    with journals.opened(None, {}, clip.notes) as journal:
        seen = Performance(journal, Features(journal, regressor))
        yield from watch(clip, tracker, seen, stop, stills=False)
        seen.features.encode()
        count = len(seen.features)
        if not count:
            raise FieldsError("No face was found there, so it can't say who this is. Choose a picture that shows one.")
        rest = seen.features.mean(np.arange(count))
    return Actor(name, rest, count, regressor.encoder_sha256)


def confidence(score: Floats, uncertainty: Floats) -> Floats:
    """(n,) 0..1: how sure there is a face, `score` (n,), times how sure the network is of it.

    `uncertainty` (n, 8) as in a Track: none leaves the score, HALVING_UNCERTAINTY in all regions halves it, twice that
    leaves a quarter of it.
    """
    return score * 0.5 ** (uncertainty.mean(axis=1) / HALVING_UNCERTAINTY)


@dataclass(frozen=True)
class _Known:
    """What the caller knows of the person: see `capture`."""

    stills: bool
    rest: Span | None
    actor: Actor | None
    same_person: bool

    def to_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        actor = None if self.actor is None else base64.b64encode(actors.dumps(self.actor)).decode("ascii")
        return {"stills": self.stills, "rest": self.rest, "actor": actor, "same": self.same_person}

    @classmethod
    def from_data(cls, data: Any) -> "_Known":
        """What `to_data` gave. Raises FieldsError for anything else."""
        try:
            rest, actor = data["rest"], data["actor"]
            rest = None if rest is None else (float(rest[0]), float(rest[1]))
            actor = None if actor is None else actors.loads(base64.b64decode(actor, validate=True), "The actor")
            return cls(bool(data["stills"]), rest, actor, bool(data["same"]))
        except (TypeError, KeyError, ValueError, IndexError) as error:
            raise FieldsError("This is no interrupted capture ({why}).", why=str(error)) from None


def _outputs(
    seen: Performance, regressor: Regressor, known: _Known
) -> Generator[None, None, tuple[dict[str, Floats], Rest]]:
    """The regressor's outputs for all faces, and the face at rest that they are relative to."""
    seen.features.encode()
    seen.journal.sync()
    noise = seen.features.noise()

    def read(rest: Floats) -> Reading:
        return _read(seen.features, noise, regressor, rest)

    rest, chosen = yield from _rest(seen, regressor, known, read)
    outputs = yield from read(rest.features)
    if rest.origin != "mean face":
        at_rest = outputs["gaze"][chosen] if len(chosen) else regressor.read(rest.features[None], rest.features)["gaze"]
        outputs["gaze"][:, :, 1] -= LID_SHARE * at_rest[:, :, 1].mean()
    return outputs, rest


def _rest(
    seen: Performance, regressor: Regressor, known: _Known, read: Reader
) -> Generator[None, None, tuple[Rest, Ints]]:
    """The best guess of the face at rest, and the faces of the clip that it is the mean of, if any."""
    features, mean_face, none = seen.features, regressor.mean_face, np.empty(0, int)

    def made(origin: str, rest: Floats, count: int) -> Rest:
        neutral = float(regressor.read(rest[None], mean_face)["emotion"][0, 0])
        return Rest(origin, rest, count, neutral, regressor.encoder_sha256)

    if known.actor is not None:
        return made("actor", known.actor.rest, known.actor.count), none
    if known.rest is not None:
        chosen = neutral_frames.between(seen.time[seen.found], *known.rest)
        return made("chosen frames", features.mean(chosen), len(chosen)), chosen
    if known.stills and known.same_person and len(features):
        # A few pictures may all show the same expression: the mean face counts as some more.
        count = len(features)
        mean = features.mean(np.arange(count))
        return made("pictures", (count * mean + PRIOR * mean_face) / (count + PRIOR), count), none
    if known.stills or len(features) < neutral_frames.ENOUGH:
        return made("mean face", mean_face, 0), none
    # The choice starts from the mean of the clip and is made again relative to what was chosen: from nothing at all, or
    # from a choice of its own, it would stay where it began.
    rest, chosen = features.mean(np.arange(len(features))), none
    for _ in range(CHOICES):
        chosen = neutral_frames.quietest((yield from read(rest)), seen.pose[:, :3], seen.pose[:, 3:])
        rest = features.mean(chosen)
    return made("quietest frames", rest, len(chosen)), chosen


def _read(features: Features, noise: float, regressor: Regressor, rest: Floats) -> Reading:
    """The regressor's outputs for all faces. `rest`: features of the face at rest."""
    parts: dict[str, list[Floats]] = {name: [np.empty((0, *GROUPS[name]), np.float32)] for name in OUTPUTS}
    for first in range(0, len(features), BATCH):
        rows = features.denoised(first, min(first + BATCH, len(features)), noise)
        for name, value in regressor.read(rows, rest).items():
            parts[name].append(value)
        yield
    return {name: np.concatenate(values) for name, values in parts.items()}


def _track(
    seen: Performance, outputs: dict[str, Floats], code: Floats, card: dict[str, Any], source: dict[str, Any]
) -> Track:
    made = empty(seen.time, card, source)
    groups, found = made.groups, seen.found
    groups["head"][found], groups["translation"][found] = seen.pose[:, :3], seen.pose[:, 3:]
    for name in OUTPUTS:
        groups[name][found] = outputs[name]
    groups["confidence"][found, 0] = confidence(seen.score[found], outputs["uncertainty"])
    appearance = np.full((len(made), CODE), np.nan, np.float16)
    appearance[found] = code
    return replace(made, code=appearance)
