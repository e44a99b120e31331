"""What a trained network says of pictures, and how well that agrees with the truth."""

import numpy as np
import torch
from torch import Tensor

from .load import Data
from .model import REGION_CONTROLS, REGIONS, Regressor

MEASURED = 6000  # pictures of each kind that are measured with, at most


def whole_people(data: Data, rows: np.ndarray, at_most: int = MEASURED) -> np.ndarray:
    """`rows` of about so many pictures, of all people or of each second, third..."""
    people = np.unique(data.person[rows])
    return rows[np.isin(data.person[rows], people[:: -(-len(rows) // at_most)])]


def features_of(data: Data, rows: np.ndarray) -> Tensor:
    """(k, FEATURES) of these pictures."""
    return torch.from_numpy(data.features[rows]).float()


def resting(features: Tensor, data: Data, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """For each picture the mean features (k, F) of its person's other pictures at rest, and 1 where there are any."""
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


def predict(model: Regressor, features: Tensor, rest: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Controls (k, 48), uncertainty (k, 8), emotion branch (k, 11)."""
    model.eval()
    device = model.reader.deep.weight.device
    with torch.no_grad():
        controls, uncertainty = model.reader(*(x.to(device) for x in (features, rest, known)))
        look = model.emotion(controls)
    model.train()
    return controls.cpu(), uncertainty.cpu(), look.cpu()


def agreement(guess: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation and regression slope of every control, (48,) each; 0 where the truth never moves."""
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


def emotion_accuracy(look: np.ndarray, label: np.ndarray, intensity: np.ndarray) -> tuple[float, float]:
    """Share of faces with a feeling of intensity over .3, and of those under it, whose strongest feeling is the true
    one of seven.
    """
    feeling, shown = label[:, 1:].max(axis=1), intensity[:, 0]
    right = look[:, 1:8].argmax(axis=1) == label[:, 1:].argmax(axis=1)
    strong, subtle = (feeling > 0) & (shown > 0.3), (feeling > 0) & (shown <= 0.3) & (shown >= 0.1)
    return float(right[strong].mean()) if strong.any() else np.nan, float(
        right[subtle].mean()
    ) if subtle.any() else np.nan
