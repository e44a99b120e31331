"""Appearance codes: distances survive, one for each face, the same on every machine."""

import io

import numpy as np

from fields_blender.capture.appearance import code, codes
from fields_blender.capture.features import Features
from fields_blender.capture.journal import Journal, Seen
from fields_blender.core.track import CODE

ROWS = np.random.default_rng(0).normal(size=(60, 900)).astype(np.float32)


class Encoder:
    """Stands in for the regressor: features are what comes in."""

    features = 900

    def encode(self, seen: np.ndarray) -> np.ndarray:
        return seen


def test_distances_survive():
    made = code(ROWS).astype(float)
    assert made.shape == (60, CODE)
    ratio = [np.sum((made[0] - made[i]) ** 2) * 900 / CODE / np.sum((ROWS[0] - ROWS[i]) ** 2) for i in range(1, 60)]
    assert abs(np.mean(ratio) - 1.0) < 0.15 and np.std(ratio) < 0.25


def test_the_projection_is_always_the_same():
    """Codes of takes captured years apart must be comparable: this number never changes."""
    assert code(np.eye(900, dtype=np.float32) * 30)[[0, 899], [0, CODE - 1]].tolist() == [-0.125, 0.125]


def test_one_code_for_each_face():
    journal = Journal(io.BytesIO(), [])
    features = Features(journal, Encoder())  # pyright: ignore[reportArgumentType]: all it needs of a regressor
    assert codes(features).shape == (0, CODE)
    for i in range(300):
        journal.frame(Seen(0.0, 1.0, i, np.zeros(6, np.float32)))
        features.add(ROWS[i % 60], shot=i)
    features.encode()
    made = codes(features)
    assert made.shape == (300, CODE) and made.dtype == np.float16
    np.testing.assert_array_equal(made[:60], code(ROWS))
