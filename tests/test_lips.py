"""The gap between the lips, and the three ways of keeping closed lips closed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core.names import JAW_OPEN
from fields_blender.core.regions import OTHER_EXPRESSION
from fields_blender.shape import lips
from tests.tracks import COLUMN, lively, times, track_of


def face(jaw_open: float = 0.0, **weights: float) -> tuple[np.ndarray, np.ndarray]:
    """(1, 39) and (1, 3); the jaw in parts of a full jawOpen."""
    expression = np.zeros((1, 39))
    for name, weight in weights.items():
        expression[0, COLUMN[name]] = weight
    return expression, np.array([[jaw_open * JAW_OPEN, 0.0, 0.0]])


def gap(jaw_open: float = 0.0, **weights: float) -> float:
    return float(lips.lip_gap(*face(jaw_open, **weights))[0])


def still(jaw_open: float = 0.0, **weights: float):
    expression, jaw = face(jaw_open, **weights)
    return track_of(times(1), expression=expression, jaw=jaw)


def test_the_unit_is_a_full_jaw_open_and_mouth_close_takes_it_back():
    assert gap() == 0 and gap(1.0) == pytest.approx(1) and gap(0.6, mouthClose=0.6) == pytest.approx(0)


def test_each_side_parts_its_own_half_of_the_lips():
    one = gap(mouthLowerDownLeft=1.0)
    assert one > 0.1 and gap(mouthLowerDownRight=1.0) == pytest.approx(one)
    assert gap(mouthLowerDownLeft=1.0, mouthLowerDownRight=1.0) == pytest.approx(one, abs=0.02)
    assert gap(mouthLowerDownLeft=1.0, mouthUpperUpLeft=1.0) > 1.9 * one


def test_a_mirrored_face_has_the_same_gap():
    track = lively()
    mirrored = track["expression"][:, OTHER_EXPRESSION]
    np.testing.assert_allclose(lips.lip_gap(mirrored, track["jaw"]), lips.lip_gap(track["expression"], track["jaw"]))


def test_closure_runs_from_1_at_a_closed_mouth_to_0():
    at = lips.NEARLY_CLOSED * np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    np.testing.assert_allclose(lips.closure(at), [1, 1, 0.5, 0, 0], atol=1e-12)


@given(st.floats(0, 0.2), st.floats(-0.3, 0.3))
def test_a_restored_mouth_lies_between_the_capture_and_the_filtered_one(captured, change):
    track = still(captured, mouthFunnel=0.2)
    filtered = {name: track[name] + np.float32(change) for name in ("expression", "jaw")}
    restored = lips.restore_closed(track, np.arange(1), filtered)
    for name in ("expression", "jaw"):
        low, high = np.minimum(track[name], filtered[name]), np.maximum(track[name], filtered[name])
        assert ((restored[name] >= low - 1e-6) & (restored[name] <= high + 1e-6)).all()
    brow = COLUMN["browInnerUp"]
    assert restored["expression"][0, brow] == filtered["expression"][0, brow]


def test_lips_that_a_filter_parts_visibly_are_wholly_as_captured():
    track = still(0.0)
    filtered = {"jaw": np.full((1, 3), 0.05, np.float32)}
    restored = lips.restore_closed(track, np.arange(1), filtered)
    np.testing.assert_array_equal(restored["jaw"], track["jaw"])
    assert set(restored) == {"jaw"} and filtered["jaw"][0, 0] == np.float32(0.05)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.5))
def test_mouth_close_makes_up_for_a_jaw_that_would_open_closed_lips(jaw_open, more):
    track = still(jaw_open, mouthClose=jaw_open)
    jaw = face(jaw_open + more)[1]
    kept = lips.keep_closed(track, track["expression"], jaw)
    assert lips.lip_gap(kept, jaw)[0] < 1e-5
    others = np.delete(np.arange(39), lips.MOUTH_CLOSE)
    np.testing.assert_array_equal(kept[:, others], track["expression"][:, others])


@pytest.mark.parametrize(
    ("captured", "changed"),
    [
        (dict(jaw_open=0.3), dict(jaw_open=0.6)),  # open lips
        (dict(jaw_open=0.3, mouthClose=0.3), dict(jaw_open=0.1, mouthClose=0.3)),  # closed lips, pressed further
        (dict(jaw_open=0.1, mouthClose=0.5), dict(jaw_open=0.3, mouthClose=0.5)),  # pressed lips, still closed
    ],
)
def test_mouth_close_stays_where_nothing_parts_closed_lips(captured, changed):
    expression, jaw = face(**changed)
    np.testing.assert_allclose(lips.keep_closed(still(**captured), expression, jaw), expression, atol=1e-12)


@given(st.floats(-0.3, 0.5), st.floats(-0.3, 0.5))
def test_an_emotion_neither_parts_nor_presses_closed_lips(smile, frown):
    track = still(0.5, mouthClose=0.5)
    expression = face(mouthClose=0.5, mouthSmileLeft=smile, mouthSmileRight=smile, mouthFrownLeft=frown)[0]
    kept = lips.keep_gap(track, expression)
    change = lips.lip_gap(kept - track["expression"], np.zeros((1, 3)))[0]
    assert change == pytest.approx(0, abs=1e-6)


def test_an_emotion_leaves_open_lips_alone_and_never_takes_mouth_close_below_0():
    expression = face(mouthSmileLeft=0.8, mouthSmileRight=0.8)[0]
    np.testing.assert_allclose(lips.keep_gap(still(0.5), expression), expression, atol=1e-12)
    pressed = face(mouthShrugLower=1.0)[0]
    assert lips.keep_gap(still(0.0), pressed)[0, lips.MOUTH_CLOSE] == 0
