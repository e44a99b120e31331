"""Glitches go; nothing that a face does is taken for one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core.names import EXPRESSION, GROUPS, LOOK_SIDE
from fields_blender.core.rotation import multiply, to_quaternion, to_vector
from fields_blender.shape import lips
from fields_blender.shape.despike import despike
from tests.tracks import COLUMN, lively, same, times, track_of

FAST = st.floats(24, 60)


def test_a_smooth_performance_stays_bit_by_bit():
    calm = lively(120, gap=slice(40, 50))
    assert same(despike(calm), calm)


@given(st.integers(2, 87), st.sampled_from([{"brow"}, {"gaze"}, {"head"}, {"translation"}, {"jaw", "mouth", "head"}]))
@settings(max_examples=30)
def test_a_single_frame_that_is_off_is_mended(at, parts):
    """A mouth only where the head jumps too, and but for lips that close in it: that may be a p."""
    weights = np.full((90, 39), 0.1)
    weights[:, COLUMN["mouthClose"]] = 0.0
    calm = track_of(times(90), expression=weights, jaw=np.tile([0.3, 0, 0], (90, 1)))
    wrong = {name: calm[name].copy() for name in GROUPS}
    for part in parts:
        columns = [i for i, name in enumerate(EXPRESSION) if name.startswith(part)]
        if part in GROUPS:
            wrong[part][at] += 0.5
        else:
            wrong["expression"][at, columns] += 0.5
    wrong["expression"][at, COLUMN["mouthClose"]] = 0.0
    mended = despike(track_of(calm.time, **wrong))
    for name in GROUPS:
        np.testing.assert_allclose(mended[name], calm[name], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "column", "least"), [("expression", 2, 0.08), ("gaze", (1, 0), 0.08 * LOOK_SIDE), ("head", 1, 0.03)]
)
def test_what_is_off_by_little_is_no_spike(name, column, least):
    for size, spike in ((0.9 * least, False), (1.1 * least, True)):
        track = track_of(times(60))
        place = (30, *np.atleast_1d(column))
        track[name][place] = size
        assert (despike(track)[name][place] == 0) == spike


def test_a_head_that_jumps_about_its_own_axis_is_mended_as_one_rotation():
    """Turned far aside, a nod about its own axis changes all three numbers."""
    aside, nod = np.array([[0.3, 1.5, 0.2]]), np.array([[0.3, 0.0, 0.0]])
    head = np.repeat(aside, 60, axis=0)
    head[30] = to_vector(multiply(to_quaternion(aside), to_quaternion(nod)))
    after = despike(track_of(times(60), head=head))["head"]
    np.testing.assert_allclose(after, np.repeat(aside, 60, axis=0), atol=1e-5)


@given(FAST, st.integers(2, 57), st.sampled_from([(0,), (1,), (0, 1)]), st.floats(0.1, 1.0))
def test_lids_are_never_touched(fps, at, sides, closure):
    """A blink or a wink of one frame is one, whatever the head does."""
    track = track_of(times(60, fps))
    track["eyelids"][at, sides] = closure
    track["head"][at] += 0.4
    assert np.array_equal(despike(track)["eyelids"], track["eyelids"])


@given(FAST, st.integers(2, 57), st.sampled_from(["mouthFunnel", "mouthPressLeft", "mouthClose", "tongueOut"]))
def test_a_viseme_of_one_frame_stays(fps, at, name):
    track = track_of(times(60, fps))
    track["expression"][at, COLUMN[name]] = 0.7
    track["jaw"][at, 0] = 0.2
    assert same(despike(track), track)


def test_what_lasts_two_frames_is_motion():
    smile = np.zeros((60, 39))
    smile[30:32] = 0.6
    track = track_of(times(60), expression=smile)
    assert same(despike(track), track)


def test_a_step_stays_a_step():
    smile = np.zeros((60, 39))
    smile[30:] = 0.6
    track = track_of(times(60), expression=smile)
    assert same(despike(track), track)


@given(FAST, st.floats(0.2, 1.0), st.floats(0, 1), st.floats(0.045, 0.1))
def test_blinks_keep_their_peak(fps, peak, phase, width):
    time = times(60, fps)
    lids = peak * np.exp(-(((time - time[30] - phase / fps) / width) ** 2))
    after = despike(track_of(time, eyelids=lids[:, None].repeat(2, axis=1)))["eyelids"]
    assert after.max() >= 0.95 * lids.max()


@given(FAST, st.floats(0, 1), st.floats(0.0, 0.06))
def test_lips_that_close_stay_closed(fps, phase, quiet):
    """The jaw shuts within 60 ms between two vowels, for as short as a moment."""
    time = times(60, fps)
    away = np.abs(time - time[30] - phase / fps)
    jaw = np.zeros((60, 3))
    jaw[:, 0] = 0.25 * np.clip((away - quiet / 2) / 0.06, 0, 1)
    before = track_of(time, jaw=jaw)
    after = despike(before)
    was, now = (lips.lip_gap(track["expression"], track["jaw"]) for track in (before, after))
    assert (now[was < 0.015] < 0.03).all()


@pytest.mark.parametrize("fps", [8, 12, 15])
def test_at_low_rates_one_frame_may_be_a_blink(fps):
    lids = np.zeros((40, 2))
    lids[20] = 1.0
    track = track_of(times(40, fps), eyelids=lids)
    assert same(despike(track), track)


def test_mending_twice_is_mending_once():
    random = np.random.default_rng(0)
    noisy = lively(120)["expression"] + (random.random((120, 39)) < 0.02) * 0.6
    once = despike(track_of(times(120), expression=noisy))
    column = COLUMN["browInnerUp"]
    twice = despike(once)
    assert np.abs(twice["expression"] - once["expression"]).mean() < 1e-3
    assert np.abs(once["expression"] - lively(120)["expression"])[:, column].max() < 0.1
