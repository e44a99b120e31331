"""Reads an emotion out of ARKit weights, so that a tracker without emotions can be compared too.

A logistic regression over the classes and ridge regressions for valence, arousal and intensity, trained on the
tracker's own weights for people who are in no other set. The same method for every tracker.
"""

from dataclasses import dataclass

import numpy as np

RIDGE = 1.0  # penalty on columns of unit spread, in rows
STEPS = 200


@dataclass(frozen=True)
class ReadOut:
    """A trained read-out; mean, spread (k,) of the weights it was trained on."""

    mean: np.ndarray
    spread: np.ndarray
    classes: np.ndarray  # (k + 1, 8)
    affect: np.ndarray  # (k + 1, 3): valence, arousal, intensity

    def __call__(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities (n, 8), valence and arousal (n, 2), intensity (n,) of weights (n, 52)."""
        x = _with_one((_plain(weights) - self.mean) / self.spread)
        affect = x @ self.affect
        return _softmax(x @ self.classes), np.clip(affect[:, :2], -1, 1), np.clip(affect[:, 2], 0, 1)


def train(weights: np.ndarray, emotion: np.ndarray, affect: np.ndarray) -> ReadOut:
    """Train on weights (n, 52), soft labels (n, 8) and valence, arousal, intensity (n, 3); unlabelled rows are left
    out."""
    known = emotion.sum(axis=1) > 0
    x, emotion, affect = _plain(weights[known]), emotion[known], affect[known]
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = _with_one((x - mean) / spread)
    penalty = np.append(np.full(x.shape[1] - 1, RIDGE), 0.0)[:, None]
    regression = np.linalg.solve(x.T @ x + np.diag(penalty[:, 0]), x.T @ affect)
    classes = np.zeros((x.shape[1], emotion.shape[1]))
    # Newton steps with the upper bound of a softmax's curvature (Böhning 1992): no overshoot, no line search.
    step = np.linalg.inv(0.5 * x.T @ x + np.diag(penalty[:, 0]) + 1e-9 * np.eye(len(penalty)))
    for _ in range(STEPS):
        classes -= step @ (x.T @ (_softmax(x @ classes) - emotion) + penalty * classes)
    return ReadOut(mean, spread, classes, regression)


def _plain(weights: np.ndarray) -> np.ndarray:
    """Channels that a tracker lacks count as 0."""
    return np.nan_to_num(weights)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.hstack([x, np.ones((len(x), 1))])


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
