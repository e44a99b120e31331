"""The evaluation's measures as laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.evaluation import measures

RNG = np.random.default_rng(0)
unit = st.floats(0, 1, width=32)


def noisy(truth: np.ndarray, gain: float = 1.0, noise: float = 0.0) -> np.ndarray:
    return gain * truth + noise * np.random.default_rng(1).normal(size=truth.shape)


def test_a_perfect_guess_correlates_fully_and_has_gain_one():
    truth = RNG.uniform(size=(200, 5))
    assert np.allclose(measures.correlation(truth, truth), 1)
    assert np.allclose(measures.gain(truth, truth), 1)


@given(st.floats(0.1, 3), st.floats(-1, 1))
def test_scale_and_offset_change_the_gain_only(scale, offset):
    truth = RNG.uniform(size=(50, 3))
    guess = scale * truth + offset
    assert np.allclose(measures.correlation(guess, truth), 1)
    assert np.allclose(measures.gain(guess, truth), scale)


def test_a_dead_channel_has_no_correlation_and_a_still_truth_none_to_speak_of():
    truth = RNG.uniform(size=(50, 2))
    truth[:, 1] = 0.3
    r = measures.correlation(np.zeros_like(truth), truth)
    assert r[0] == 0 and np.isnan(r[1])
    assert measures.gain(np.zeros_like(truth), truth)[0] == 0


def test_noise_lowers_r_and_leaves_the_gain():
    truth = RNG.uniform(size=(20000, 1))
    guess = noisy(truth, 0.8, 0.2)
    sd = truth.std()
    assert measures.correlation(guess, truth)[0] == pytest.approx(0.8 * sd / np.hypot(0.8 * sd, 0.2), abs=0.02)
    assert measures.gain(guess, truth)[0] == pytest.approx(0.8, abs=0.02)


def test_a_channel_counts_when_it_moves_and_the_head_shows_it():
    truth = np.stack([RNG.uniform(size=100), RNG.uniform(size=100), np.full(100, 0.4)], axis=1)
    assert measures.visible(truth, np.array([0.1, 0.0, 0.1])).tolist() == [True, False, False]


def test_usable_wants_r_and_a_sane_gain():
    r, gain = np.array([0.6, 0.6, 0.6, 0.4]), np.array([1.0, 0.2, 2.5, 1.0])
    assert measures.usable(r, gain).tolist() == [True, False, False, False]


def test_false_activations_look_only_where_nothing_is():
    truth = np.array([[0.0, 1.0], [0.0, 0.5]])
    guess = np.array([[0.3, 0.0], [0.1, 0.0]])
    mean, share = measures.false_activations(guess, truth)
    assert mean == pytest.approx(0.2) and share == 0.5


def test_leaks():
    w = np.repeat(RNG.uniform(size=(4, 6)), 5, axis=0)
    group = np.repeat(np.arange(4), 5)
    assert measures.turn_leak(w, group) == pytest.approx(0)
    assert measures.identity_leak(w, group) == pytest.approx(0)  # five people do the same and read alike
    who = np.tile(np.arange(5), 4)
    assert measures.identity_leak(np.eye(5)[who], group) == pytest.approx(1)
    assert measures.turn_leak(w + 0.1 * (np.arange(20) % 2 * 2 - 1)[:, None], np.zeros(20)) > 0.09


def test_a_true_ramp_is_straight_monotone_and_never_over():
    strength = np.linspace(0, 1, 20)
    prototype = RNG.uniform(size=52)
    assert measures.ramp(measures.along(strength[:, None] * prototype, prototype), strength) == pytest.approx((1, 1, 0))
    slope, rank, over = measures.ramp(np.sqrt(strength), strength)
    assert rank == pytest.approx(1) and over == pytest.approx(0.25, abs=0.01) and slope < 1


@given(arrays(float, 12, elements=unit), arrays(float, 9, elements=unit))
def test_auc_is_the_chance_of_being_above(positive, negative):
    above = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    assert measures.auc(positive, negative) == pytest.approx(above)


@given(arrays(float, 30, elements=unit))
def test_concordance_punishes_what_correlation_forgives(truth):
    # 1, but for values that hardly vary: below this variance there is nothing to agree about.
    assert measures.ccc(truth, truth) == pytest.approx(min(2 * truth.var() / 1e-12, 1), abs=1e-3)
    if truth.var() > 1e-4:
        assert measures.ccc(0.5 * truth, truth) < 0.9
        assert measures.ccc(truth + 0.5, truth) < 1 - 1e-3


def test_signs_and_accuracy():
    assert measures.sagr(np.array([0.1, -0.2, 0.3]), np.array([0.5, 0.5, 0.0])) == 0.5
    scores, label = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]), np.array([0, 0, 1])
    assert measures.accuracy(scores, label) == pytest.approx(2 / 3)
    assert measures.balanced_accuracy(scores, label) == 0.5


def turned(axis: int, degrees: np.ndarray) -> np.ndarray:
    a, b = [i for i in range(3) if i != axis]
    rotation = np.tile(np.eye(3), (len(degrees), 1, 1))
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if axis == 1:
        s = -s  # about y, +z goes to +x
    rotation[:, a, a] = rotation[:, b, b] = c
    rotation[:, a, b], rotation[:, b, a] = -s, s
    return rotation


@given(st.floats(-80, 80), st.sampled_from([0, 1, 2]))
def test_rotation_error_is_the_angle(degrees, axis):
    assert measures.rotation_error(turned(axis, np.array([degrees])), np.eye(3)[None])[0] == pytest.approx(
        abs(degrees), abs=1e-4
    )


def test_yaw_is_to_the_subjects_left():
    assert np.allclose(measures.yaw(turned(1, np.array([-30.0, 20.0]))), [-30, 20])
    assert (turned(1, np.array([20.0]))[0] @ [0, 0, 1])[0] > 0  # the nose goes towards +x, the subject's left


def test_a_fixed_offset_of_the_head_is_taken_out_and_nothing_else():
    truth = turned(1, np.linspace(-40, 40, 9))
    guess = truth @ turned(0, np.array([7.0]))[0]
    assert measures.rotation_error(guess, truth).mean() == pytest.approx(7)
    assert measures.rotation_error(measures.without_offset(guess, truth), truth).max() < 1e-4
    half = turned(1, np.linspace(-20, 20, 9))
    assert measures.rotation_error(measures.without_offset(half, truth), truth).max() > 15


def test_events_match_once_and_in_time():
    on = np.array([0, 1, 1, 0, 0, 1, 0, 0, 0, 1], bool)
    assert measures.spans(on) == [(1, 2), (5, 5), (9, 9)]
    assert measures.matched([(1, 2), (7, 7), (9, 9)], [(2, 3), (5, 5), (9, 9)]) == (2, 1, 1)
    assert measures.matched([(1, 9)], [(2, 3), (5, 5)]) == (1, 0, 1)
    assert measures.event_f1(2, 1, 1) == pytest.approx(2 / 3)
    assert measures.f1(on, on) == 1


def test_even_motion_is_no_jitter():
    assert np.allclose(measures.jitter(np.linspace(0, 1, 30)[:, None]), 0)
    assert measures.jitter(RNG.normal(0, 0.01, (4000, 1)))[0] == pytest.approx(0.01 * np.sqrt(6 * 2 / np.pi), rel=0.05)


def test_the_interval_draws_people_not_frames():
    """A hundred frames of each of five people tell as much of people as one of each."""
    value = np.repeat(np.array([0.1, 0.3, 0.5, 0.7, 0.9]), 100)
    person = np.repeat(np.arange(5), 100)
    low, high = measures.interval(person, lambda rows: np.array([value[rows].mean()]), resamples=500)
    assert low[0] < 0.35 and high[0] > 0.65
    low, high = measures.interval(np.arange(500), lambda rows: np.array([value[rows].mean()]), resamples=500)
    assert high[0] - low[0] < 0.06
