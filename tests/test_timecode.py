"""Time codes: every moment comes back, dropped frames and midnight included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.exchange import timecode


@given(st.floats(0, 100 * 3600), st.sampled_from([30, 60]))
def test_time_codes_say_the_time(seconds, fps):
    hours, minutes, second, frame = timecode.write(seconds, fps).split(":")
    assert int(minutes) < 60 and int(second) < 60 and float(frame) < fps
    back = int(hours) * 3600 + int(minutes) * 60 + int(second) + float(frame) / fps
    assert back == pytest.approx(seconds, abs=0.51e-3 / fps)


def test_time_code_carries():
    assert timecode.write(59.99999999, 30) == "00:01:00:00.000"
    assert timecode.write(3661.5, 60) == "01:01:01:30.000"
    assert timecode.write(1 / 24, 30) == "00:00:00:01.250"


@pytest.mark.parametrize(("fps", "mark"), [(30, ";"), (30, ":"), (60, ";"), (60, ":")])
def test_dropped_frames(fps, mark):
    """Of the numbers of a minute the first 2 (4 at 60) are left out, but not of each tenth: SMPTE ST 12-1."""
    step, skipped = fps * 60, fps // 15
    labels, number = [], 8 * step + 50 * fps
    while len(labels) < 130 * fps:
        frame, second, minute = number % fps, number // fps % 60, number // step
        if not (frame < skipped and second == 0 and minute % 10):
            labels.append(f"01:{minute:02d}:{second:02d}{mark}{frame:02d}")
        number += 1
    np.testing.assert_allclose(timecode.read(labels).seconds, np.arange(len(labels)) * 1.001 / fps, atol=1e-9)


def test_text_among_time_codes_is_no_time_and_mostly_text_are_no_time_codes():
    made = ["00:00:01:00", "lost", "00:00:01:02", "", "00:00:01:04"]
    np.testing.assert_allclose(timecode.read(made).seconds, np.array([0, np.nan, 2, np.nan, 4]) / 30)
    assert timecode.read(["lost", "00:00:01:00"]) is None and timecode.read([]) is None


def test_past_midnight():
    np.testing.assert_allclose(timecode.read(["23:59:59:29", "00:00:00:00", "00:00:00:01"]).seconds, np.arange(3) / 30)
