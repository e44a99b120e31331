"""Training data: shards written by `pictures.make_data` or by `footage`, and batches of whole people drawn from them.

A shard is `shard-00000.npz` with one row per picture. Beside it lie the landmark network's maps of the lips in
`shard-00000.lips8.npy` (n, 64, 8, 8) and `shard-00000.lips4.npy` (n, 128, 4, 4), float16; the crops around the faces
in `shard-00000.crops.npz`, as JPEG files one after the other and where each of them ends; and the features from
`encode` in `shard-00000.features.npy` (n, FEATURES), float16. The rows:

    landmarks (n, 478, 3)  as pose.frontal gives them      rotation (n, 3)  as pose.head_pose gives it
    controls (n, 48)  expression, jaw, eyelids, gaze       emotion (n, 8)   soft label, all 0 where unknown
    va (n, 2)  valence, arousal                            intensity (n, 1)
    points (n, 478, 2)  from the landmarks to their true places, along and across the eye line, in outer-eye distances
    gaps (n, 3)  openings of left lids, right lids, inner lips, in inter-ocular distances
    in_crop (n, 478, 2)  the landmarks in the crop, 0..1
    person (n,)  number within the shard    at_rest (n,) bool    family (n,)  0 ICT, 1 MakeHuman, 2 scans, 3 unlabelled
    twin (n,)  row of the same picture with other noise    same (n,)  row of another person with the same expression;
    -1 where there is none

NaN in controls, points or gaps means unknown, as in real pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.capture.solve import PRIOR

# What the reader is told of a person, by probability: the true rest face, that drawn towards the mean face, the mean of
# some pictures, nothing.
TOLD = (0.4, 0.1, 0.2, 0.3)
PEOPLE_A_SHARD, SHARDS_A_FOLDER = 1000, 100_000  # at most
ROWS_A_SHARD = 784  # about: in some pictures no face is found
KEPT = "landmarks rotation controls emotion va intensity points gaps at_rest family".split()


@dataclass(frozen=True)
class Data:
    """All shards of a folder and of extra folders. `arrays`: the KEPT arrays of all rows; `person` (n,): unique across
    all shards; `extra` (n,) bool: rows from the extra folders, none of which are held out; `features` (n, FEATURES)
    float16. `folder`: the first one; `shards` and the `first` row of each.
    """

    folder: Path
    shards: list[Path]
    first: np.ndarray
    arrays: dict[str, np.ndarray]
    person: np.ndarray
    extra: np.ndarray
    twin: np.ndarray
    same: np.ndarray
    features: np.ndarray


def shards_of(folder: Path) -> list[Path]:
    """The finished shards in a folder. Raises SystemExit where there are none."""
    found = sorted(folder.glob("shard-*[0-9].npz"))
    if not found:
        raise SystemExit(f"No training data in {folder}: run training.pictures.make_data (or footage.scans) first.")
    return found


def count(shard: Path) -> int:
    """How many pictures a shard has."""
    with np.load(shard, allow_pickle=False) as arrays:
        return len(arrays["person"])


def pictures(shard: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What a shard has for the encoder, for these rows: landmarks, rotation, lips8, lips4, in_crop; and `person`,
    unique across the shards.
    """
    with np.load(shard, allow_pickle=False) as arrays:
        found = {name: arrays[name][rows].astype(np.float32) for name in ("landmarks", "rotation", "in_crop")}
        found["person"] = arrays["person"][rows] + PEOPLE_A_SHARD * int(shard.stem.split("-")[-1])
    return found | {name: np.load(shard.with_suffix(f".{name}.npy"))[rows] for name in ("lips8", "lips4")}


def load(folder: Path, extra: Sequence[Path] = ()) -> Data:
    """All finished shards in a folder and in extra folders. Raises SystemExit where there are none."""
    paths: list[Path] = []
    folder_of: list[int] = []
    for number, source in enumerate((folder, *extra)):
        found = shards_of(source)
        paths += found
        folder_of += [number] * len(found)
    if missing := [path for path in paths if not path.with_suffix(".features.npy").exists()]:
        others = " ".join(["", "--extra", *map(str, extra)]) if extra else ""
        raise SystemExit(f"{missing[0]} is not encoded yet: run training.encode --data {folder}{others} first.")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*KEPT, "person", "extra", "twin", "same")}
    first = [0]
    for number, path in enumerate(paths):
        with np.load(path, allow_pickle=False) as shard:
            count = len(shard["person"])
            for name in KEPT:
                parts[name].append(shard[name])
            # By the shard's own number, so that adding shards moves nobody between training and held-out.
            number_of_shard = folder_of[number] * SHARDS_A_FOLDER + int(path.stem.split("-")[-1])
            parts["person"].append(shard["person"].astype(np.int64) + PEOPLE_A_SHARD * number_of_shard)
            parts["extra"].append(np.full(count, folder_of[number] > 0))
            for name in ("twin", "same"):
                parts[name].append(np.where(shard[name] < 0, -1, shard[name] + first[-1]))
            first.append(first[-1] + count)
    whole = {name: np.concatenate(parts.pop(name)) for name in list(parts)}
    return Data(
        folder=folder,
        shards=paths,
        first=np.array(first[:-1]),
        arrays={name: whole[name] for name in KEPT},
        person=whole["person"],
        extra=whole["extra"],
        twin=whole["twin"],
        same=whole["same"],
        features=np.concatenate([np.load(path.with_suffix(".features.npy")) for path in paths]),
    )


def held_out(person: np.ndarray) -> np.ndarray:
    """(n,) whether a person is held out for measuring: every twentieth pair, so both head families."""
    return person % 40 < 2


def for_calibration(person: np.ndarray) -> np.ndarray:
    """(n,) whether a person is kept for setting gains: every fortieth pair, neither trained on nor measured with."""
    return person % 80 // 2 == 10


@dataclass(frozen=True)
class Batch:
    """Rows of whole people. `rest` (k, 2): positions in the batch of resting pictures of the same person, never the
    row itself; `rest_weight` (k, 2): how they are averaged, all 0 where the person has none. `given`, `given_weight`
    (k, g): the same for what the reader is told of the person; what the weights lack to 1 is the mean face's. `group`
    (k,): the person's number in the batch. `twins`, `same` (m, 2): pairs of positions that must give the same controls.
    """

    rows: np.ndarray
    rest: np.ndarray
    rest_weight: np.ndarray
    given: np.ndarray
    given_weight: np.ndarray
    group: np.ndarray
    twins: np.ndarray
    same: np.ndarray


class Sampler:
    """Draws batches of `pairs` times two people with `each` pictures of each, two of them at rest."""

    def __init__(self, data: Data, rows: np.ndarray, pairs: int = 16, each: int = 8) -> None:
        self.data, self.pairs, self.each = data, pairs, each
        order = rows[np.argsort(data.person[rows], kind="stable")]
        self.people, starts = np.unique(data.person[order], return_index=True)
        self._rows = dict(zip(self.people.tolist(), np.split(order, starts[1:]), strict=True))
        self._partner: dict[int, int] = {}
        for row in rows[data.same[rows] >= 0]:
            self._partner[int(data.person[row])] = int(data.person[data.same[row]])

    def draw(self, rng: np.random.Generator) -> Batch:
        rows: list[int] = []
        group: list[int] = []
        for pair in range(self.pairs):
            one = int(rng.choice(self.people))
            other = self._partner.get(one, -1)
            if other not in self._rows:
                other = int(rng.choice(self.people))
            mine = self._pictures(rng, one, np.empty(0, int))
            theirs = self._pictures(rng, other, self.data.same[mine])
            rows += [*mine, *theirs]
            group += [2 * pair] * self.each + [2 * pair + 1] * self.each
        chosen = np.array(rows)
        rest, weight = self._rest(rng, chosen)
        position = {row: k for k, row in enumerate(rows)}
        twins, same = (_pairs(partner[chosen], position) for partner in (self.data.twin, self.data.same))
        given, given_weight = self._given(rng, rest, weight)
        return Batch(chosen, rest, weight, given, given_weight, np.array(group), twins, same)

    def _pictures(self, rng: np.random.Generator, person: int, wanted: np.ndarray) -> np.ndarray:
        """`each` rows of a person: two at rest, then `wanted` ones and a picture with its twin, where there are any."""
        rows = self._rows[person]
        resting = self.data.arrays["at_rest"][rows]
        at_rest = rows[resting] if resting.any() else rows
        first = rng.choice(at_rest, 2, replace=len(at_rest) < 2)
        others = rng.permutation(rows[~resting])
        if not len(others):
            others = rows
        twins = others[self.data.twin[others] >= 0][:1]
        preferred = np.concatenate([wanted[np.isin(wanted, others)], twins, self.data.twin[twins]])
        order = np.concatenate([preferred, others[~np.isin(others, preferred)]]).astype(int)
        return np.concatenate([first, np.resize(order, self.each - 2)])

    def _rest(self, rng: np.random.Generator, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = len(rows)
        first = np.arange(count) // self.each * self.each
        rest = np.stack([first, first + 1], axis=1)
        weight = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])[rng.integers(0, 3, count)]
        offset = np.arange(count) - first
        weight[offset == 0], weight[offset == 1] = (0.0, 1.0), (1.0, 0.0)
        has_rest = self.data.arrays["at_rest"][rows[first]] & (rows[first] != rows[first + 1])
        return rest, (weight * has_rest[:, None]).astype(np.float32)

    def _given(self, rng: np.random.Generator, rest: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the reader is told of each person: the true rest face, or that and the mean face, or the mean of some
        pictures whatever they show and the mean face, or the mean face alone.
        """
        count, each = len(rest), self.each
        given = np.concatenate([rest, np.arange(count)[:, None] // each * each + np.arange(each)], axis=1)
        weights = np.zeros(given.shape, np.float32)
        for first in range(0, count, each):
            rows = slice(first, first + each)
            told = rng.choice(len(TOLD), p=TOLD)
            if told < 2:
                weights[rows, :2] = weight[rows] * (1.0 if told == 0 else rng.uniform(0.3, 1.0))
            elif told == 2:
                shown = rng.choice(each, rng.integers(1, each + 1), replace=False)
                weights[rows, 2 + shown] = 1 / (len(shown) + PRIOR)
        return given, weights


def mean_face(features: np.ndarray, at_rest: np.ndarray, family: np.ndarray) -> np.ndarray:
    """(features,) float32: the mean of features (n, features) at rest (n,), each head family (n,) counting alike."""
    means = [features[at_rest & (family == f)].mean(axis=0, dtype=np.float64) for f in np.unique(family[at_rest])]
    return np.mean(means, axis=0).astype(np.float32) if means else np.zeros(features.shape[1], np.float32)


def _pairs(partner: np.ndarray, position: dict[int, int]) -> np.ndarray:
    """(m, 2) positions of each row and its partner, where both are in the batch."""
    pairs = [(k, position[row]) for k, row in enumerate(partner.tolist()) if row in position]
    return np.array(pairs, int).reshape(-1, 2)
