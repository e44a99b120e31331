"""A tracker's output for a set of pictures, in one format: FIELDS as it ships, and MediaPipe from its file."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fields_blender.capture.clip import Clip, PicturePiece
from fields_blender.capture.solve import capture
from fields_blender.core.arkit import to_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.core.track import Track

from ..flame.flame import matrices

# SINGLE: sets of unrelated pictures, read as stills; the others are shots, read in order of time. PER_PERSON: clips
# whose pictures are unrelated to their neighbours, measured one person at a time.
SINGLE, PER_PERSON = ("stills", "sweeps", "readout"), ("sessions",)
Result = TypeVar("Result")
OF_CHANNELS = ("motion", "present")  # arrays of a set that are (52,), not one row a picture


@dataclass(frozen=True)
class Truth:
    """A test set, see `make_test_sets`. `name` without the head family."""

    name: str
    folder: Path
    arrays: dict[str, np.ndarray]

    def __getitem__(self, key: str) -> np.ndarray:
        return self.arrays[key]

    def __len__(self) -> int:
        return len(self.arrays["person"])


@dataclass(frozen=True)
class Reading:
    """Output for n pictures; rows without a face are NaN.

    `weights` (n, 52) ARKit, NaN columns for channels that the tracker lacks. `rotation` (n, 3, 3) head to camera,
    `emotion` (n, 8), `valence_arousal` (n, 2), `intensity` (n,), `uncertainty` (n, 8): None where there is none.
    """

    weights: np.ndarray
    rotation: np.ndarray | None
    emotion: np.ndarray | None = None
    valence_arousal: np.ndarray | None = None
    intensity: np.ndarray | None = None
    uncertainty: np.ndarray | None = None

    @property
    def found(self) -> np.ndarray:
        return ~np.isnan(self.weights if self.rotation is None else self.rotation[:, 0]).all(axis=1)

    def rows(self, which: np.ndarray) -> "Reading":
        """Some of the pictures."""
        return Reading(**{name: None if part is None else part[which] for name, part in vars(self).items()})


def truth_of(folder: Path) -> Truth:
    with np.load(folder / "truth.npz") as data:
        return Truth(folder.name.rsplit("-", 1)[0], folder, {name: data[name] for name in data.files})


def pooled(truths: list[Truth], rows: list[np.ndarray]) -> Truth:
    """Sets of several heads as one, with unique numbers of people and shots. rows: (n,) bool for each, its pictures.
    `motion` is the largest; `present`, of heads by other authors, is what any of them can show.
    """
    arrays: dict[str, list[np.ndarray]] = {}
    for truth, some in zip(truths, rows, strict=True):
        for key, values in truth.arrays.items():
            if key not in OF_CHANNELS:
                before = arrays.setdefault(key, [])
                if key in ("person", "clip"):
                    values = values + 1 + max((part.max(initial=-1) for part in before), default=-1)
                before.append(values[some])
    whole = {key: np.concatenate(values) for key, values in arrays.items()}
    for key in OF_CHANNELS:
        if key in truths[0].arrays:
            whole[key] = np.max([truth[key] for truth in truths], axis=0)
    return Truth(truths[0].name, truths[0].folder, whole)


def fields(truth: Truth, models: Path) -> Reading:
    """What the extension captures: stills one by one, shots as clips (with the face at rest that it finds in them)."""
    if truth.name in SINGLE:
        return of_track(track_of(Clip((_piece(truth, np.arange(len(truth)), alone=True),)), models, stills=True))
    shots = [np.flatnonzero(truth["clip"] == clip) for clip in np.unique(truth["clip"])]
    alone = truth.name in PER_PERSON
    return joined([of_track(track_of(Clip((_piece(truth, shot, alone=alone),)), models)) for shot in shots])


def fields_with_rest(truth: Truth, models: Path) -> Reading:
    """Stills as the extension reads them once the artist has chosen each person's first picture as the face at rest."""
    people = [np.flatnonzero(truth["person"] == person) for person in np.unique(truth["person"])]
    found = []
    for rows in people:
        clip = Clip((_piece(truth, rows, alone=True),))
        try:
            found.append(of_track(track_of(clip, models, rest=(0.0, 0.0))))
        except FieldsError:  # no face was found in that picture
            found.append(of_track(track_of(clip, models, stills=True)))
    return joined(found)


def fields_same_person(truth: Truth, models: Path) -> Reading:
    """Stills as the extension reads them once the artist has said that each person's pictures show one person."""
    people = [np.flatnonzero(truth["person"] == person) for person in np.unique(truth["person"])]
    clips = [Clip((_piece(truth, rows, alone=True),)) for rows in people]
    return joined([of_track(track_of(clip, models, stills=True, same_person=True)) for clip in clips])


def _piece(truth: Truth, rows: np.ndarray, alone: bool = False) -> PicturePiece:
    """Pictures of a set as one piece of a clip."""
    times = np.arange(len(rows), dtype=float) if alone else truth["time"][rows]
    return PicturePiece(tuple(str(truth.folder / f"{i:06d}.png") for i in rows), tuple(times.tolist()), alone)


def track_of(clip: Clip, models: Path, **options) -> Track:
    """The raw Track of a clip, before smoothing. options: of `solve.capture`."""
    return finished(capture(clip, models, "cpu", **options))


def finished(run: Generator[Any, None, Result]) -> Result:
    """What a capture returns once it is through."""
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value


def of_track(track: Track) -> Reading:
    rotation = matrices(track["head"])
    weights = to_arkit(*(track[name].astype(np.float64) for name in ("expression", "jaw", "eyelids", "gaze")))
    emotion, affect, intensity, uncertainty = (
        track[n] for n in ("emotion", "valence_arousal", "intensity", "uncertainty")
    )
    return Reading(weights, rotation, emotion, affect, intensity[:, 0], uncertainty)


def keyed(path: Path, time: np.ndarray | None = None) -> Reading | None:
    """What Blender plays at the times (n,) s, by default those that were captured, of what `tools.keyed` baked; None
    where nothing was baked. NaN where no face was captured.
    """
    if not path.exists():
        return None
    with np.load(path) as data:
        time = data["time"] if time is None else time
        times, found = data["frames"] / data["rate"], ~np.isnan(data["captured"]).all(axis=1)
        weights = np.stack([np.interp(time, times, channel) for channel in data["keyed"].T], axis=1)
        weights[np.interp(time, data["time"], found) < 0.5] = np.nan
    return Reading(weights, None)


def joined(readings: list[Reading]) -> Reading:
    """Concatenated."""
    parts = {name: [vars(reading)[name] for reading in readings] for name in vars(readings[0])}
    return Reading(**{name: None if part[0] is None else np.concatenate(part) for name, part in parts.items()})


def mediapipe(path: Path, time: np.ndarray | None = None) -> Reading | None:
    """The output of `run_mediapipe`, or None where it was not run. Its head axes are ours: y up, looking along +z.

    time (n,): s of the frames to answer for, of a clip from which it read other frames than FIELDS.
    """
    if not path.exists():
        return None
    with np.load(path) as data:
        names = {str(name): column for column, name in enumerate(data["names"])}
        scores, rotation = data["scores"].astype(np.float64), data["rotation"].astype(np.float64)
        rows = slice(None) if time is None else np.abs(data["time"] - time[:, None]).argmin(axis=1)
    scores, rotation = scores[rows], rotation[rows]
    weights = np.full((len(scores), len(ARKIT)), np.nan)
    for i, name in enumerate(ARKIT):
        if name in names:
            weights[:, i] = scores[:, names[name]]
    return Reading(weights, rotation)
