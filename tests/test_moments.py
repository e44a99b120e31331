"""What happens in one video frame is seen on one scene frame, at any rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core import curves
from fields_blender.shape import lips
from fields_blender.shape.moments import moments, snapped
from tests.tracks import COLUMN, lively, times, track_of

VIDEO, SCENE = st.floats(23, 60), st.sampled_from([23.976, 24.0, 25.0, 29.97, 30.0])


def resampled(track, values, fps):
    """What a scene of `fps` shows of values (n, k)."""
    time = np.arange(1, int(track.time[-1] * fps)) / fps
    shown = curves.Curves(track.time, tuple("abcdefg"[: values.shape[1]]), values)
    return curves.resample(shown, snapped(time, moments(track))).values


@given(VIDEO, SCENE, st.integers(10, 50), st.floats(0.2, 1.0), st.sampled_from([(0,), (1,), (0, 1)]))
def test_a_blink_of_one_video_frame_keeps_its_peak(video, scene, at, closure, sides):
    track = track_of(times(60, video))
    track["eyelids"][at, sides] = closure
    np.testing.assert_allclose(resampled(track, track["eyelids"], scene).max(axis=0), track["eyelids"].max(axis=0))


@given(VIDEO, SCENE, st.integers(10, 50))
def test_lips_that_close_for_one_video_frame_close(video, scene, at):
    track = track_of(times(60, video), jaw=np.tile([0.25, 0, 0], (60, 1)))
    track["jaw"][at] = 0.0
    assert lips.lip_gap(track["expression"], track["jaw"])[at] == 0.0
    assert resampled(track, track["jaw"], scene)[:, 0].min() < 1e-6


@pytest.mark.parametrize("scene", [23.976, 24.0, 25.0, 29.97, 30.0])
def test_a_blink_half_way_between_two_scene_frames_is_on_one_of_them(scene):
    for at in range(10, 50):
        track = track_of(times(60, 2 * scene))
        track["eyelids"][at] = 0.8
        np.testing.assert_allclose(resampled(track, track["eyelids"], scene).max(axis=0), np.float32(0.8))


def test_at_the_videos_own_rate_nothing_moves():
    track = lively(120)
    assert np.array_equal(snapped(track.time, moments(track)), track.time)


@given(st.lists(st.floats(0.0, 4.0), max_size=12), SCENE)
def test_times_stay_in_order_and_near(events, fps):
    time = np.arange(1, 90) / fps
    moved = snapped(time, np.unique(events))
    assert (np.diff(moved) >= 0).all() and np.abs(moved - time).max(initial=0) <= 0.5 / fps * (1 + 2e-6)


def test_the_closest_of_two_events_wins():
    time = np.arange(10.0)
    assert snapped(time, np.array([2.8, 3.3]))[3] == 2.8


def test_noise_is_no_moment():
    rng = np.random.default_rng(3)
    track = track_of(times(90), jaw=np.tile([0.25, 0, 0], (90, 1)))
    track["eyelids"][:] = 0.05 + 0.01 * rng.normal(size=(90, 2))
    assert not len(moments(track))


def test_viseme_marks_are_in_order():
    track = lively(120, gap=slice(40, 50))
    track["eyelids"][[20, 80], 1] = 0.9
    track["expression"][60:70, COLUMN["mouthClose"]] = 0.1
    found = moments(track)
    assert (np.diff(found) > 0).all() and {20, 80} <= set(np.searchsorted(track.time, found))
