"""The lines on a face are its landmarks: the same ones, joined to closed lips, lids, irises and outline."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fields_blender.capture.clip import frames, open_video
from fields_blender.capture.face import FaceTracker
from fields_blender.capture.face_networks import LIPS
from fields_blender.capture.seen_lines import EDGES, POINTS, find
from fields_blender.core.errors import FieldsError
from tests.make_clips import write_video

ROOT = Path(__file__).parent.parent
MODELS, CLIP = ROOT / "models", ROOT / "samples/performance.mp4"


def drained(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_closed_lines_end_where_they_begin():
    joined = np.bincount(EDGES.ravel(), minlength=len(POINTS))
    assert EDGES.max() == len(POINTS) - 1 and set(joined) == {1, 2}
    assert (joined == 1).sum() == 8  # four edges of brows are open
    assert set(map(int, LIPS.split()[:20])) <= set(POINTS)


def test_they_are_the_landmarks_of_each_frame():
    asked = iter([False, False, False, True])
    seen = drained(find(open_video(CLIP), MODELS, "cpu", stop=lambda: next(asked)))
    tracker = FaceTracker(MODELS, "cpu")
    first = list(islice(frames(open_video(CLIP)), 3))
    assert np.allclose(seen.time, [frame.time for frame in first])
    for frame, points in zip(first, seen.points, strict=True):
        face = tracker.track(frame.image)
        assert face is not None
        height, width = frame.image.shape[:2]
        assert np.allclose(points * (width, height), face.landmarks[POINTS, :2], atol=1e-3)


def test_footage_without_a_face_says_so(tmp_path):
    clip = open_video(write_video(tmp_path / "none.mp4", 24, 6))
    with pytest.raises(FieldsError, match="No face"):
        drained(find(clip, MODELS, "cpu"))
