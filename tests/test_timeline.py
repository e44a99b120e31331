"""Seconds and frames of the scene: there and back, and which whole frames a performance covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core.errors import FieldsError
from fields_blender.core.timeline import (
    LAST_FRAME,
    frames_covered,
    nearest_frame,
    nearest_frames,
    to_frame,
    to_seconds,
    whole_frames,
)
from fields_blender.core.track import Track, empty

rates = st.sampled_from([12.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0])
frames = st.integers(-LAST_FRAME, LAST_FRAME)


def at_frames(shown, **source) -> Track:
    """A performance with a sample on each of these frames, at 24 frames a second."""
    return empty(np.array(shown) / 24.0, source=source)


def strips(*spans: tuple[int, int]) -> dict:
    """`Track.source` of a capture from strips, each seen from one frame to another, both included."""
    return {"rate": 24.0, "strips": [{"name": "a", "first": first, "last": last} for first, last in spans]}


# ---- one frame, one time


@given(frames, rates)
def test_a_frame_becomes_seconds_and_a_frame_again(frame, rate):
    seconds = to_seconds(frame, rate)
    assert to_frame(seconds, rate) == pytest.approx(frame, abs=1e-6)
    assert nearest_frame(seconds, rate) == frame


@given(st.lists(frames, max_size=5), rates)
def test_many_frames_are_converted_as_each_of_them(some, rate):
    seconds = to_seconds(np.array(some, int), rate)
    assert seconds.tolist() == [to_seconds(frame, rate) for frame in some]
    found = nearest_frames(seconds, rate)
    assert found.tolist() == [nearest_frame(time, rate) for time in seconds] == some
    assert np.issubdtype(found.dtype, np.integer)


def test_scene_frame_0_is_at_0_seconds_and_a_second_has_rate_frames():
    assert to_seconds(0, 25.0) == 0.0 and to_seconds(25, 25.0) == 1.0 and to_frame(2.0, 25.0) == 50.0


def test_a_time_between_two_frames_is_at_the_nearer_one():
    assert [nearest_frame(frame / 24.0, 24.0) for frame in (7.4, 7.6, -7.4, -7.6)] == [7, 8, -7, -8]


# ---- the frames of a performance


@given(st.integers(-1000, 1000), st.integers(2, 60), rates)
def test_samples_on_whole_frames_cover_these_frames(first, count, rate):
    shown = np.arange(first, first + count)
    assert frames_covered(shown / rate, rate).tolist() == shown.tolist()
    assert whole_frames(empty(shown / rate), rate).tolist() == shown.tolist()


@pytest.mark.parametrize("rate", [12.0, 24.0, 25.0, 48.0, 60.0])
def test_frames_are_covered_while_a_sample_is_on_screen_at_any_rate(rate):
    """The first of 30 pictures a second counts half a step before its time too, on the last whole frame before it."""
    time = 1.01 + np.arange(28) / 30.0
    within = [frame for frame in range(200) if time[0] - 1 / 60 <= frame / rate < time[-1] + 1 / 30]
    assert frames_covered(time, rate).tolist() == [frame for frame in within if frame > time[0] * rate - 1.0]


def test_frames_without_a_face_are_covered():
    track = at_frames(range(10, 20))
    assert not track.found.any() and whole_frames(track, 24.0).tolist() == list(range(10, 20))


def test_the_hole_between_two_strips_is_left_out():
    shown = [*range(10, 20), *range(50, 60)]
    assert frames_covered(np.array(shown) / 24.0, 24.0).tolist() == shown


def test_a_single_picture_covers_the_frame_it_is_on():
    assert frames_covered(np.array([5.0]) / 24.0, 24.0).tolist() == [5]


def test_nothing_covers_no_frame():
    assert len(frames_covered(np.empty(0), 24.0)) == 0 and len(whole_frames(empty(np.empty(0)), 24.0)) == 0


# ---- strips


def test_only_frames_on_which_a_strip_was_seen_are_covered():
    """Its samples lie just outside a strip too, so that the edges can be interpolated."""
    track = at_frames(np.arange(9.0, 21.5, 0.5), **strips((10, 20)))
    assert frames_covered(track.time, 24.0).tolist() == list(range(9, 22))
    assert whole_frames(track, 24.0).tolist() == list(range(10, 21))


@pytest.mark.parametrize(("first", "last"), [(10, 20), (12, 20), (10, 17), (13, 13)])
def test_both_ends_of_a_strip_are_included_and_no_frame_beside_them(first, last):
    track = at_frames(range(5, 30), **strips((first, last)))
    assert whole_frames(track, 24.0).tolist() == list(range(first, last + 1))


def test_a_short_pause_between_strips_is_no_hole_but_is_left_out():
    track = at_frames(range(30), **strips((3, 9), (12, 20)))
    assert whole_frames(track, 24.0).tolist() == [*range(3, 10), *range(12, 21)]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (48.0, range(20, 41)),  # frames 19 and 41 lie half a frame of the capture outside
        (12.0, range(5, 11)),
        (24.0, range(10, 21)),
    ],
)
def test_at_another_rate_the_strips_are_where_they_were_in_seconds(rate, expected):
    track = at_frames(range(5, 30), **strips((10, 20)))
    assert whole_frames(track, rate).tolist() == list(expected)


def test_without_strips_the_samples_alone_count():
    shown = list(range(5, 30))
    assert whole_frames(at_frames(shown, strips=[], rate=24.0), 24.0).tolist() == shown
    assert whole_frames(at_frames(shown, video="a.mp4"), 24.0).tolist() == shown


@pytest.mark.parametrize(
    "source",
    [
        {"strips": 5},
        {"strips": 5, "rate": 24.0},
        {"strips": [{}], "rate": 24.0},
        {"strips": [{"first": 0, "last": 9}]},
        {"strips": [{"first": 0, "last": 9}], "rate": "24"},
        {"strips": [{"first": "0", "last": 9}], "rate": 24.0},
        {"strips": ["a"], "rate": 24.0},
    ],
    ids=str,
)
def test_a_damaged_list_of_strips_is_refused(source):
    with pytest.raises(FieldsError, match="damaged"):
        whole_frames(at_frames(range(10), **source), 24.0)


# ---- the end of Blender's timeline


@pytest.mark.parametrize("sign", [1, -1])
def test_the_last_frame_of_blender_is_covered_and_none_beyond(sign):
    edge = np.sort(sign * np.array([LAST_FRAME - 2, LAST_FRAME - 1, LAST_FRAME]))
    assert frames_covered(edge / 24.0, 24.0).tolist() == edge.tolist()
    beyond = edge + sign
    with pytest.raises(FieldsError, match=f"beyond Blender's last frame {LAST_FRAME}"):
        frames_covered(beyond / 24.0, 24.0)
    with pytest.raises(FieldsError, match=f"from frame {beyond[0]} to {beyond[-1]}"):
        whole_frames(empty(beyond / 24.0), 24.0)


def test_a_file_of_two_rows_does_not_ask_for_all_of_the_memory():
    with pytest.raises(FieldsError, match="beyond Blender's last frame"):
        frames_covered(np.array([0.0, 1e9]), 24.0)
