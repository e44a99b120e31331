"""Reads an emotion out of ARKit weights: so that a tracker which gives weights alone can be asked for one too.

A logistic regression over the classes and ridge regressions for valence, arousal and intensity, trained on what the
tracker itself says of pictures of people who are in no other set. The same for every tracker.
"""

from dataclasses import dataclass

import numpy as np

RIDGE = 1.0  # rows' worth of pull towards 0, after each column has unit spread
STEPS = 200


@dataclass(frozen=True)
class ReadOut:
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
    """From weights (n, 52), soft labels (n, 8) and valence, arousal, intensity (n, 3); rows with a label of 0 are left
    out."""
    known = emotion.sum(axis=1) > 0
    x, emotion, affect = _plain(weights[known]), emotion[known], affect[known]
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = _with_one((x - mean) / spread)
    keep = np.append(np.full(x.shape[1] - 1, RIDGE), 0.0)[:, None]
    straight = np.linalg.solve(x.T @ x + np.diag(keep[:, 0]), x.T @ affect)
    classes = np.zeros((x.shape[1], emotion.shape[1]))
    # Newton's step with the largest curvature a softmax has (Böhning 1992): never overshoots, needs no line search.
    step = np.linalg.inv(0.5 * x.T @ x + np.diag(keep[:, 0]) + 1e-9 * np.eye(len(keep)))
    for _ in range(STEPS):
        classes -= step @ (x.T @ (_softmax(x @ classes) - emotion) + keep * classes)
    return ReadOut(mean, spread, classes, straight)


def _plain(weights: np.ndarray) -> np.ndarray:
    """Channels that a tracker lacks say nothing."""
    return np.nan_to_num(weights)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.hstack([x, np.ones((len(x), 1))])


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
