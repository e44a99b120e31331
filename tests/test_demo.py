"""What the demo shows of a clip: as much as time allows, evenly, from the beginning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.capture.clip import Frame
from tools import demo


@given(st.integers(1, 100_000), st.floats(5, 120), st.integers(demo.PAIRS, 500))
def test_what_is_shown(length, fps, affordable):
    first = 1
    every, last = demo.spread(first, length, fps, affordable)
    shown = len(range(first, last + 1, every))
    assert every >= 1 and first <= last <= length
    assert shown <= affordable  # within the time
    assert fps / every >= min(demo.SLOWEST, fps)  # and still motion
    if length <= affordable:
        assert (every, last) == (1, length)
    elif length <= affordable * int(fps / demo.SLOWEST):
        assert length - last < every  # all of it, in larger steps


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0.0, 0.04, 0.08, 0.12], [0, 1, 2, 3]),
        ([0.0, 0.04, 0.16], [0, 1, 1, 1]),  # variable rate: a frame stays until the next one
        ([0.001, 0.041, 0.081, 0.121], [0, 1, 2, 3]),  # stamps are rounded to milliseconds
        ([0.0, 0.04], [0, 1, 1, 1]),  # shorter than the strip
        ([0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12], [0, 2, 4, 6]),
    ],
)
def test_video_pictures_at_the_scene_frames(monkeypatch, stamps, expected):
    made = (Frame(i, time, np.full((2, 2, 3), i, np.uint8), i == 0) for i, time in enumerate(stamps))
    monkeypatch.setattr(demo, "open_video", lambda path: None)
    monkeypatch.setattr(demo, "frames", lambda clip: made)
    shown = [int(image[0, 0, 0]) for image in demo.pictures_at(demo.ROOT, [1, 2, 3, 4], 1, 25.0)]
    assert shown == expected
