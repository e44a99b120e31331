"""The whole path without Blender: a clip whose truth is known goes in, and the Track that comes out agrees with it."""

import errno
import io
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fields_blender.arkit import to_arkit
from fields_blender.clip import open_video
from fields_blender.errors import FieldsError
from fields_blender.names import ARKIT, GROUPS
from fields_blender.solve import capture
from fields_blender.track import Track, load

ROOT = Path(__file__).parent.parent
MODELS, CLIP, TRUTH = ROOT / "models", ROOT / "samples/performance.mp4", ROOT / "samples/performance.npz"


def run(clip, **options) -> tuple[list, Track]:
    work, progress = capture(clip, MODELS, "cpu", **options), []
    while True:
        try:
            progress.append(next(work))
        except StopIteration as end:
            return progress, end.value


def weights(track: Track) -> dict[str, np.ndarray]:
    groups = (track[name].astype(float) for name in ("expression", "jaw", "eyelids", "gaze"))
    return dict(zip(ARKIT, to_arkit(*groups).T, strict=True))


@pytest.fixture(scope="module")
def captured():
    return run(open_video(CLIP))


@pytest.fixture(scope="module")
def truth():
    return load(TRUTH)


def test_every_frame_is_there_at_its_time(captured, truth):
    progress, track = captured
    assert len(track) == len(truth) == progress[-1].done == progress[-1].total
    np.testing.assert_allclose(track.time, truth.time, atol=2e-3)
    assert track.found.all() and (track["confidence"] > 0.5).all()
    assert set(track.groups) == set(GROUPS)
    assert track.card["licence"] == "CC0-1.0" and track.source["video"] == "performance.mp4"


# Correlation with the truth on a person who is in no training picture; measured values are a good deal higher.
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("eyeBlinkLeft", 0.9),
        ("eyeBlinkRight", 0.9),
        ("jawOpen", 0.9),
        ("mouthSmileLeft", 0.9),
        ("browInnerUp", 0.8),
        ("mouthFunnel", 0.75),
        ("mouthPucker", 0.7),
        ("eyeLookInLeft", 0.8),
    ],
)
def test_what_the_face_did_is_what_is_captured(captured, truth, name, least):
    got, true = weights(captured[1])[name], weights(truth)[name]
    assert np.corrcoef(got, true)[0, 1] > least


def test_blinks_are_blinks(captured, truth):
    """Each time the eyes really shut, the captured lids close and open again."""
    true, got = weights(truth)["eyeBlinkLeft"], weights(captured[1])["eyeBlinkLeft"]
    shut = np.flatnonzero(true > 0.9)
    blinks = np.split(shut, np.flatnonzero(np.diff(shut) > 1) + 1)
    assert len(blinks) >= 6
    for blink in blinks:
        assert got[max(blink[0] - 1, 0) : blink[-1] + 2].max() > 0.6
    assert np.median(got[true < 0.05]) < 0.15


def test_the_head_turns_as_it_did(captured, truth):
    """Up to one fixed turn: where a head's front is, each head model says for itself."""
    for axis in range(3):
        got, true = captured[1]["head"][:, axis], truth["head"][:, axis]
        if np.ptp(true) > 0.1:
            slope, _ = np.polyfit(true, got, 1)
            assert np.corrcoef(got, true)[0, 1] > 0.9 and 0.6 < slope < 1.3


def test_a_stopped_capture_keeps_what_it_has(captured):
    asked = iter([False] * 20 + [True] * 1000)
    progress, track = run(open_video(CLIP), stop=lambda: next(asked))
    assert len(track) == 20 == progress[-1].done
    np.testing.assert_allclose(track["head"], captured[1]["head"][:20], atol=1e-4)


def test_a_closed_capture_leaves_no_thread(captured):
    import threading

    work = capture(open_video(CLIP), MODELS, "cpu")
    list(islice(work, 3))
    work.close()
    assert not [thread for thread in threading.enumerate() if "decoder" in thread.name]


def test_a_clip_without_a_face_is_all_gaps(tmp_path):
    cv2 = pytest.importorskip("cv2")
    for i in range(3):
        picture = np.full((120, 160, 3), 90, np.uint8)
        picture[40:80, 20 * i : 20 * i + 60] = (20, 160, 220)
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture)
    from fields_blender.clip import open_stills

    _, track = run(open_stills(tmp_path), stills=True)
    assert len(track) == 3 and not track.found.any() and (track["confidence"] == 0).all()


def test_a_range_without_frames_is_said(captured):
    with pytest.raises(FieldsError):
        run(open_video(CLIP, start=500.0))


def test_a_full_disk_is_said(captured, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(FieldsError, match="No space left"):
        list(capture(open_video(CLIP, end=0.2), MODELS, "cpu"))
