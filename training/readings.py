"""What a tracker says of a set of pictures, in one form: FIELDS as it ships, and MediaPipe from its file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.arkit import to_arkit
from fields_blender.clip import Clip, PicturePiece
from fields_blender.names import ARKIT
from fields_blender.rotation import to_quaternion
from fields_blender.solve import capture

# Sets whose pictures stand alone, as in a folder of stills; the others are shots, read in order of time.
ALONE = ("stills", "sweeps", "readout")


@dataclass(frozen=True)
class Truth:
    """A set of `make_test`: see there. `name` without the head family."""

    name: str
    folder: Path
    arrays: dict[str, np.ndarray]

    def __getitem__(self, key: str) -> np.ndarray:
        return self.arrays[key]

    def __len__(self) -> int:
        return len(self.arrays["person"])


@dataclass(frozen=True)
class Reading:
    """Of n pictures; rows without a face are NaN.

    `weights` (n, 52) ARKit, NaN columns for what the tracker doesn't have; `rotation` (n, 3, 3) head to camera.
    `emotion` (n, 8), `valence_arousal` (n, 2), `intensity` (n,): None where the tracker has no such thing.
    """

    weights: np.ndarray
    rotation: np.ndarray
    emotion: np.ndarray | None = None
    valence_arousal: np.ndarray | None = None
    intensity: np.ndarray | None = None

    @property
    def found(self) -> np.ndarray:
        return ~np.isnan(self.rotation[:, 0, 0])

    def rows(self, which: np.ndarray) -> "Reading":
        """Some of the pictures."""
        parts = (self.weights, self.rotation, self.emotion, self.valence_arousal, self.intensity)
        return Reading(*(None if part is None else part[which] for part in parts))  # pyright: ignore[reportArgumentType]


def truth_of(folder: Path) -> Truth:
    with np.load(folder / "truth.npz") as data:
        return Truth(folder.name.rsplit("-", 1)[0], folder, {name: data[name] for name in data.files})


def fields(truth: Truth, models: Path) -> Reading:
    """What the extension itself captures: stills one by one, shots as clips (with the resting face it finds there)."""
    paths = [str(truth.folder / f"{i:06d}.png") for i in range(len(truth))]
    if truth.name in ALONE:
        return _captured([PicturePiece(tuple(paths), tuple(map(float, range(len(paths)))), stills=True)], models)
    shots = [np.flatnonzero(truth["clip"] == clip) for clip in np.unique(truth["clip"])]
    pieces = [PicturePiece(tuple(paths[i] for i in shot), tuple(truth["time"][shot].tolist())) for shot in shots]
    return _captured(pieces, models)


def _captured(pieces: list[PicturePiece], models: Path) -> Reading:
    return joined([of_track(track_of(Clip((piece,)), models, piece.stills)) for piece in pieces])


def track_of(clip: Clip, models: Path, stills: bool = False):
    """The raw Track of a clip, before any smoothing."""
    run = capture(clip, models, "cpu", stills=stills)
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value


def of_track(track) -> Reading:
    rotation = _matrices(track["head"])
    weights = to_arkit(*(track[name].astype(np.float64) for name in ("expression", "jaw", "eyelids", "gaze")))
    return Reading(weights, rotation, track["emotion"], track["valence_arousal"], track["intensity"][:, 0])


def _matrices(vectors: np.ndarray) -> np.ndarray:
    """(n, 3, 3) from axis-angle vectors (n, 3)."""
    w, x, y, z = to_quaternion(vectors).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows).transpose(2, 0, 1)


def joined(readings: list[Reading]) -> Reading:
    columns = zip(*((r.weights, r.rotation, r.emotion, r.valence_arousal, r.intensity) for r in readings), strict=True)
    return Reading(*(None if part[0] is None else np.concatenate(part) for part in columns))  # pyright: ignore[reportArgumentType]


def mediapipe(path: Path) -> Reading | None:
    """What `evaluate_mediapipe` wrote, or None where it was not run. Its head looks along +z with y up, as ours."""
    if not path.exists():
        return None
    with np.load(path) as data:
        names = {str(name): column for column, name in enumerate(data["names"])}
        scores, rotation = data["scores"].astype(np.float64), data["rotation"].astype(np.float64)
    weights = np.full((len(scores), len(ARKIT)), np.nan)
    for i, name in enumerate(ARKIT):
        if name in names:
            weights[:, i] = scores[:, names[name]]
    return Reading(weights, rotation)
