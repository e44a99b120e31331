"""Laws of resampling: samples are met exactly, gaps stay gaps, rotations turn as rotations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core.curves import Curves, covered, resample, sample_step
from fields_blender.core.rotation import inverse, multiply, slerp, to_quaternion, to_vector

NAN = np.nan
vectors = st.tuples(*[st.floats(-1.7, 1.7)] * 3).map(lambda v: np.array([v]))


def curve(time, values, **rotations) -> Curves:
    values = np.asarray(values, dtype=float)
    return Curves(np.asarray(time, dtype=float), ("a",), values.reshape(-1, 1), rotations)


def at(curves: Curves, *times: float) -> list[float]:
    return resample(curves, np.array(times)).values[:, 0].tolist()


def test_samples_are_met_exactly_and_neighbours_are_joined_by_straight_lines():
    time = np.array([0.0, 0.03, 0.07, 0.1, 0.14])
    values = np.array([0.1, 0.9, 0.3, 0.5, 0.2])
    np.testing.assert_array_equal(at(curve(time, values), *time), values)
    middle = (time[1:] + time[:-1]) / 2
    np.testing.assert_allclose(at(curve(time, values), *middle), (values[1:] + values[:-1]) / 2, atol=1e-12)


def test_resampling_30_to_24_frames_a_second_keeps_a_ramp_a_ramp():
    source = np.arange(301) / 30.0
    frames = np.arange(1, 240) / 24.0
    np.testing.assert_allclose(at(curve(source, source * 0.1), *frames), frames * 0.1, atol=1e-12)


def test_a_gap_is_not_bridged_and_does_not_leak_into_samples_beside_it():
    gap = curve([0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 2.0, NAN, 4.0, 5.0])
    values = at(gap, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
    np.testing.assert_array_equal(np.isnan(values), [False, True, True, True, False, False])
    assert values[0] == 2.0 and values[4] == 4.0 and values[5] == 4.5


def test_the_ends_hold_only_while_the_first_and_last_picture_are_on_screen():
    ends = curve([1.0, 1.1, 1.2], [1.0, 2.0, 3.0])
    assert at(ends, 0.96, 1.29) == [1.0, 3.0]
    assert np.isnan(at(ends, 0.9, 1.3, 5.0)).all()


def test_the_hole_between_two_strips_is_neither_bridged_nor_covered():
    time = np.concatenate([np.arange(0, 10) / 10, np.arange(50, 60) / 10])
    two = curve(time, np.arange(20.0))
    assert np.isnan(at(two, 1.5, 3.0, 4.9)).all()
    assert covered(two.time, np.array([0.5, 0.95, 1.5, 3.0, 4.96, 5.5])).tolist() == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("start", [0.0, -7.3, 900.0])
def test_a_break_of_up_to_four_steps_is_bridged_and_a_longer_one_is_a_hole(start):
    """Shots are cut, and phones drop frames: between the two, four usual steps decide."""
    for steps, bridged in ((3.9, True), (4.1, False)):
        time = start + 0.1 * np.concatenate([np.arange(10), np.arange(10) + 9 + steps])
        inside = start + 0.1 * (9 + np.array([0.5, 2.0, steps - 0.45]))
        assert covered(time, inside).tolist() == [True, bridged, True]
        values = at(curve(time, time), *inside)
        held = [time[9], np.nan, time[10]]
        np.testing.assert_allclose(values, inside if bridged else held, atol=1e-9)


def test_the_usual_step_is_not_that_of_the_hole():
    """Two strips far apart, at other places of the clock: the step is the median, not the mean."""
    time = np.concatenate([np.arange(5) / 25, 60 + np.arange(5) / 25])
    assert sample_step(time) == pytest.approx(1 / 25) and sample_step(time[:1]) == pytest.approx(1 / 24)


def test_a_missing_face_is_covered_all_the_same():
    assert covered(np.array([0.0, 0.1, 0.2]), np.array([0.1])).all()


def test_one_picture_and_no_picture():
    assert at(curve([2.0], [0.5]), 2.0, 2.01) == [0.5, 0.5]
    assert np.isnan(at(curve([], []), 0.0)).all()


def test_head_rotation_turns_the_short_way_across_half_a_turn():
    # Two rotations about y 20 degrees apart, on both sides of 180: averaging the numbers would face forward again.
    degrees = np.radians([170.0, -170.0])
    head = np.stack([np.zeros(2), degrees, np.zeros(2)], axis=1)
    middle = resample(curve([0.0, 0.1], [0.0, 0.0], head=head), np.array([0.05])).rotations["head"][0]
    assert abs(abs(middle[1]) - np.pi) < 1e-9 and abs(middle[0]) < 1e-9


def test_rotation_gaps_stay_gaps():
    head = np.array([[0, 0, 0], [NAN] * 3, [0, 0.2, 0], [0, 0.4, 0]])
    times = np.array([0.0, 0.05, 0.15, 0.2, 0.25])
    turned = resample(curve([0, 0.1, 0.2, 0.3], [0] * 4, head=head), times).rotations["head"]
    np.testing.assert_array_equal(np.isnan(turned[:, 0]), [False, True, True, False, False])
    np.testing.assert_allclose(turned[3:], [[0, 0.2, 0], [0, 0.3, 0]], atol=1e-12)


@given(vectors, vectors, st.floats(0, 1))
def test_slerp_is_the_same_whichever_of_the_two_signs_a_quaternion_has(a, b, weight):
    qa, qb, w = to_quaternion(a), to_quaternion(b), np.array([weight])
    if abs((qa * qb).sum()) < 1e-3:  # half a turn apart, both ways round are as short
        return
    expected = to_vector(slerp(qa, qb, w))
    for mixed in (slerp(-qa, qb, w), slerp(qa, -qb, w), slerp(-qa, -qb, w)):
        np.testing.assert_allclose(np.abs((mixed * to_quaternion(expected)).sum()), 1.0, atol=1e-9)


@given(vectors)
def test_a_rotation_and_its_inverse_are_none(vector):
    quaternion = to_quaternion(vector)
    np.testing.assert_allclose(multiply(quaternion, inverse(quaternion)), [[1, 0, 0, 0]], atol=1e-12)


@given(vectors)
def test_vector_to_quaternion_and_back(vector):
    np.testing.assert_allclose(to_vector(to_quaternion(vector)), vector, atol=1e-9)


@given(vectors, vectors, st.floats(0, 1))
def test_slerp_divides_the_angle(a, b, weight):
    qa, qb = to_quaternion(a), to_quaternion(b)
    conjugate = qa * [1, -1, -1, -1]
    whole = np.linalg.norm(to_vector(multiply(conjugate, qb)))
    part = np.linalg.norm(to_vector(multiply(conjugate, slerp(qa, qb, np.array([weight])))))
    np.testing.assert_allclose(part, whole * weight, atol=1e-6)
