"""Expressions sampled for the training data."""

import numpy as np
import pytest

from fields_blender.core.names import ARKIT
from training.people import expressions
from training.people.expressions import GESTURES, INDEX, KINDS, SHARES


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(6)
    return [expressions.sample(rng) for _ in range(3000)]


def test_every_kind_comes_as_often_as_said(drawn):
    kinds = np.bincount([kind for *_, kind in drawn], minlength=len(KINDS)) / len(drawn)
    assert sum(SHARES) == pytest.approx(1)
    assert np.abs(kinds - SHARES).max() < 0.03


def test_weights_are_what_a_face_can_do(drawn):
    weights = np.stack([weights for weights, *_ in drawn])
    assert (weights >= 0).all() and (weights <= 1).all()
    assert (weights.max(axis=0) > 0.3).all()  # every shape is used


def test_a_gesture_says_no_emotion(drawn):
    gestures = [(emotion, intensity) for _, emotion, intensity, kind in drawn if KINDS[kind] == "gesture"]
    assert len(gestures) > 100 and set(gestures) == {("", 0.0)}


def test_gestures_go_to_either_side():
    rng = np.random.default_rng(7)
    weights = np.stack([expressions._gesture(rng) for _ in range(100 * len(GESTURES))])
    left, right = (weights[:, INDEX[f"mouth{side}"]].mean() for side in ("Left", "Right"))
    assert min(left, right) > 0.6 * max(left, right) > 0


def test_mirroring_twice_changes_nothing():
    weights = np.random.default_rng(8).random((5, len(ARKIT)))
    assert np.array_equal(expressions.mirrored(expressions.mirrored(weights)), weights)
    assert not np.array_equal(expressions.mirrored(weights), weights)
