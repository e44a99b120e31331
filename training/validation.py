"""Predictions of a trained network on rows of the data, and how well they agree with the truth."""

import numpy as np
import torch
from torch import Tensor

from .dataset import Data
from .model import REGION_CONTROLS, REGIONS, Regressor

MEASURED = 6000  # pictures measured with, at most


def whole_people(data: Data, rows: np.ndarray, at_most: int = MEASURED) -> np.ndarray:
    """About `at_most` of the rows: those of all people, or of every second, third, ... person."""
    people = np.unique(data.person[rows])
    return rows[np.isin(data.person[rows], people[:: -(-len(rows) // at_most)])]


def features_of(data: Data, rows: np.ndarray) -> Tensor:
    """(k, FEATURES) of these rows."""
    return torch.from_numpy(data.features[rows]).float()


def resting(features: Tensor, data: Data, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """For each row the mean features (k, F) of the same person's other pictures at rest, and 1 where there are any."""
    rest, known = torch.zeros_like(features), torch.zeros(len(rows), 1)
    person, at_rest = data.person[rows], data.arrays["at_rest"][rows]
    for who in np.unique(person):
        mine = np.flatnonzero(person == who)
        quiet = mine[at_rest[mine]]
        for k in mine:
            others = quiet[quiet != k]
            if len(others):
                rest[k], known[k] = features[others].mean(dim=0), 1
    return rest, known


def predict(model: Regressor, features: Tensor, rest: Tensor, certainty: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Controls (k, 48), uncertainty (k, 8), output of the emotion branch (k, 11)."""
    model.eval()
    device = model.reader.deep.weight.device
    with torch.no_grad():
        controls, uncertainty = model.reader(*(x.to(device) for x in (features, rest, certainty)))
        emotion = model.emotion(controls)
    model.train()
    return controls.cpu(), uncertainty.cpu(), emotion.cpu()


def agreement(guess: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation `r` and regression `slope` of every control, (48,) each; 0 where the truth never moves."""
    g, t = guess - guess.mean(0), truth - truth.mean(0)
    variance = (t**2).mean(0) + 1e-9
    return {"r": (g * t).mean(0) / np.sqrt(((g**2).mean(0) + 1e-9) * variance), "slope": (g * t).mean(0) / variance}


def moving(truth: np.ndarray) -> np.ndarray:
    """(48,) bool: controls that are ever used; the jaw's roll is not."""
    return truth.std(axis=0) > 1e-3


def by_region(scores: dict[str, np.ndarray], used: np.ndarray) -> str:
    """One line: mean r and slope of each region."""
    parts = []
    for name, columns in zip(REGIONS, REGION_CONTROLS, strict=True):
        columns = [c for c in columns if used[c]]
        if columns:
            parts.append(f"{name} {scores['r'][columns].mean():.2f}/{scores['slope'][columns].mean():.2f}")
    return "  ".join(parts)


def emotion_accuracy(output: np.ndarray, label: np.ndarray, intensity: np.ndarray) -> tuple[float, float]:
    """Accuracy among the seven emotions where the intensity is over .3, and where it is .1 to .3 (subtle).

    output (k, 8 or more): scores of the 8 classes first; label (k, 8) soft; intensity (k, 1). NaN where there is none.
    """
    emotional, shown = label[:, 1:].max(axis=1) > 0, intensity[:, 0]
    right = output[:, 1:8].argmax(axis=1) == label[:, 1:].argmax(axis=1)
    strong, subtle = emotional & (shown > 0.3), emotional & (shown <= 0.3) & (shown >= 0.1)
    return _mean(right[strong]), _mean(right[subtle])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
