"""From rows of the data to what one training step learns from: the split, batches, augmentation of features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from . import dataset, losses, supervised_landmarks
from .encoder import CODE, CODE_NOISE, SEEN
from .people import CONTROLS, FAMILIES

NO_LANDMARKS, NO_IMAGE = 0.06, 0.2  # shares of people who lose their landmarks or their maps
# Real faces look different from renders: the maps' components get an offset per person, up to MAP_SHIFT, and noise per
# picture.
MAP_SHIFT, MAP_NOISE = 1.0, 0.4
SAMPLE = 5000  # pictures from which the constants of the losses are computed

Inputs = Literal["landmarks", "image", "both"]
Batch = dict[str, Tensor]
Bases = Callable[[], tuple[np.ndarray, np.ndarray]]  # vertices (48, v, 3) and motion (48, 478, 3), see `bases`


@dataclass(frozen=True)
class Split:
    """Rows of the data to train on, to set gains with, and to measure with, by head family."""

    train: np.ndarray
    calibration: np.ndarray
    held_out: dict[str, np.ndarray]


def split(data: dataset.Data, family: str) -> Split:
    """With a `family` other than "both" the other one is not trained on, and all its people are measured with. Rows
    from extra folders are all trained on.
    """
    ours = ~data.extra
    out, gains = dataset.held_out(data.person) & ours, dataset.for_calibration(data.person) & ours
    names = np.array([*FAMILIES, "scans", "unlabelled"])[data.arrays["family"]]
    inside = np.full(len(out), True) if family == "both" else (names == family) | data.extra
    tests = {name: np.flatnonzero((names == name) & (out | ~inside)) for name in FAMILIES}
    tests = {name: rows for name, rows in tests.items() if len(rows)}
    return Split(np.flatnonzero(inside & ~out & ~gains), np.flatnonzero(inside & gains), tests)


def measures_of(data: dataset.Data, rows: np.ndarray, mean_face: np.ndarray, bases: Bases) -> losses.Measures:
    """The losses' constants, from the training rows and the mean face (478, 3)."""
    vertices, basis = (part.reshape(CONTROLS, -1).astype(np.float32) for part in bases())
    controls = data.arrays["controls"][rows]
    variance = controls[~np.isnan(controls).any(axis=1)].var(axis=0)
    drawn = dataset.Sampler(data, rows, pairs=SAMPLE // 16).draw(np.random.default_rng(0))
    moved, has_rest, _ = motion(data, drawn)
    usable = has_rest & ~np.isnan(data.arrays["controls"][drawn.rows]).any(axis=1)
    off = moved[usable] - data.arrays["controls"][drawn.rows][usable] @ basis
    return losses.Measures(
        weight=losses.control_weight(torch.from_numpy(variance.astype(np.float32))),
        vertices=torch.from_numpy(vertices),
        motion=torch.from_numpy(basis),
        motion_spread=torch.from_numpy(np.sqrt((off**2).mean(axis=0) + 0.005**2).astype(np.float32)),
        points=torch.from_numpy(supervised_landmarks.indices(mean_face)),
    )


def motion(data: dataset.Data, batch: dataset.Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Motion of the landmarks (k, 1434) from rest; has_rest (k,), whether rest is known; and where it is not, the
    motion is from another picture of the same person: `other` (k,), its position in the batch.
    """
    faces = data.arrays["landmarks"][batch.rows].astype(np.float32).reshape(len(batch.rows), -1)
    has_rest = batch.rest_weight.sum(axis=1) > 0
    rest = np.einsum("kr,krd->kd", batch.rest_weight, faces[batch.rest])
    position = np.arange(len(faces))
    other = np.concatenate([np.roll(position[batch.group == person], 1) for person in np.unique(batch.group)])
    return faces - np.where(has_rest[:, None], rest, faces[other]), has_rest, other


def make_batch(data: dataset.Data, drawn: dataset.Batch, landmarks: np.ndarray) -> Batch:
    """All tensors of a step. `landmarks` (p,): those whose true places are learned."""
    arrays = {name: data.arrays[name][drawn.rows] for name in dataset.KEPT}
    missed = arrays.pop("points")[:, landmarks].astype(np.float32)
    moved, has_rest, other = motion(data, drawn)
    return {
        "features": torch.from_numpy(data.features[drawn.rows]).float(),
        **{name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays if name != "at_rest"},
        "at_rest": torch.from_numpy(arrays["at_rest"]),
        "points": torch.from_numpy(missed),
        "moved": torch.from_numpy(moved.astype(np.float32)),
        "has_rest": torch.from_numpy(has_rest),
        "other": torch.from_numpy(other),
        "certainty": torch.from_numpy(drawn.given_weight.sum(axis=1, keepdims=True)),
        **{
            name: torch.from_numpy(getattr(drawn, name)) for name in ("given", "given_weight", "group", "twins", "same")
        },
    }


def augmented(features: Tensor, group: Tensor, scale: Tensor) -> Tensor:
    """Features (n, F) with noise on the components of landmarks and maps, part of it constant for a person; some people
    lose their landmarks or their maps, so that the reader relies on neither alone. `group` (n,): the person. scale
    (CODE,): the coder's.
    """
    people, device = int(group.max()) + 1, features.device
    code, seen, rotation = features.split([CODE, SEEN, 3], dim=1)

    def noise(size: int, own: float) -> Tensor:
        """Of unit size for each picture, plus up to `own` for each person."""
        mine = own * torch.randn(people, size) * torch.rand(people, 1)
        return (mine[group.cpu()] + torch.randn(len(group), size)).to(device)

    chance = torch.rand(people, 1)[group.cpu()].to(device)
    code = code + CODE_NOISE * scale * noise(CODE, 2) * (code != 0)
    seen = seen + MAP_NOISE * noise(SEEN, MAP_SHIFT / MAP_NOISE) * (seen != 0)
    return torch.cat([code * (chance < 1 - NO_LANDMARKS), seen * (chance >= NO_IMAGE), rotation], dim=1)


def only(features: Tensor, inputs: Inputs) -> Tensor:
    """Features (n, F) with those of the inputs that are left out set to 0."""
    code, seen, rotation = features.split([CODE, SEEN, 3], dim=1)
    return torch.cat([code * float(inputs != "image"), seen * float(inputs != "landmarks"), rotation], dim=1)


def resting(features: Tensor, batch: Batch, mean_face: Tensor) -> Tensor:
    """(n, F) features of what the reader is told of each person's face at rest. mean_face (F,)."""
    own = torch.einsum("ng,ngf->nf", batch["given_weight"], features[batch["given"]])
    return own + (1 - batch["certainty"]) * mean_face
