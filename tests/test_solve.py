"""The whole capture without Blender: a clip with known truth goes in, and the Track that comes out agrees with it."""

import errno
import io
import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fields_blender.capture.actor import Actor, of_track
from fields_blender.capture.clip import open_stills, open_video
from fields_blender.capture.features import ENCODED_AT_ONCE, NOISE_QUANTILE, denoised
from fields_blender.capture.solve import HALVING_UNCERTAINTY, capture, confidence, meet
from fields_blender.core.arkit import to_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, GROUPS
from fields_blender.core.track import Track, load

ROOT = Path(__file__).parent.parent
MODELS, CLIP, TRUTH = ROOT / "models", ROOT / "samples/performance.mp4", ROOT / "samples/performance.npz"


def run(clip, models=MODELS, **options) -> tuple[list, Track]:
    return drained(capture(clip, models, "cpu", **options))


def drained(work) -> tuple[list, Any]:
    """What a generator yields, and what it returns."""
    progress = []
    while True:
        try:
            progress.append(next(work))
        except StopIteration as end:
            return progress, end.value


def weights(track: Track) -> dict[str, np.ndarray]:
    groups = (track[name].astype(float) for name in ("expression", "jaw", "eyelids", "gaze"))
    return dict(zip(ARKIT, to_arkit(*groups).T, strict=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Models with simple networks in place of the trained ones, whose outputs the test can compute."""
    pytest.importorskip("onnx")
    from tests import make_networks

    folder = tmp_path_factory.mktemp("models")
    make_networks.write(folder)
    for name in ("face.json", "face_detector.onnx", "face_landmarks.onnx"):
        shutil.copy(MODELS / name, folder / name)
    return folder


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
    assert track.found.all() and (track["confidence"] > 0.5).mean() > 0.95 and (track["confidence"] > 0.25).all()
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
    """Up to one constant rotation: head models differ in what they call straight ahead."""
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


def test_a_closed_capture_leaves_no_thread(made):
    import threading

    work = capture(open_video(CLIP), made, "cpu")
    list(islice(work, 3))
    work.close()
    assert not [thread for thread in threading.enumerate() if "decoder" in thread.name]


def test_a_clip_without_a_face_is_all_gaps(made, tmp_path):
    cv2 = pytest.importorskip("cv2")
    for i in range(3):
        picture = np.full((120, 160, 3), 90, np.uint8)
        picture[40:80, 20 * i : 20 * i + 60] = (20, 160, 220)
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture)
    from fields_blender.capture.clip import open_stills

    _, track = run(open_stills(tmp_path), made, stills=True)
    assert len(track) == 3 and not track.found.any() and (track["confidence"] == 0).all()


def test_a_range_without_frames_is_an_error(made):
    with pytest.raises(FieldsError):
        run(open_video(CLIP, start=500.0), made)


def test_a_full_disk_costs_nothing(made, monkeypatch):
    class Full(io.BytesIO):
        def __init__(self, buffering=-1):
            super().__init__()

        def write(self, data):
            if self.tell() > 300:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data[:200])  # a disk may take a part

    whole = run(open_video(CLIP, end=0.5), made)[1]
    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    clip = open_video(CLIP, end=0.5)
    kept = run(clip, made)[1]
    np.testing.assert_array_equal(kept["expression"], whole["expression"])
    assert len(clip.notes) == 1 and "No space left" in clip.notes[0]


# ---- with networks made for the test, whose outputs it can compute


@pytest.fixture(scope="module")
def automatic(made):
    return run(open_video(CLIP, end=2.0), made)[1]


@pytest.fixture(scope="module")
def features(made):
    """The features of each frame, encoded one by one."""
    from fields_blender.capture.clip import frames
    from fields_blender.capture.face import FaceTracker
    from fields_blender.capture.pose import frontal, head_pose
    from fields_blender.capture.regressor import Regressor

    tracker, regressor, rows = FaceTracker(made, "cpu"), Regressor(made, "cpu"), []
    for frame in frames(open_video(CLIP, end=2.0)):
        face = tracker.track(frame.image)
        assert face is not None
        height, width = frame.image.shape[:2]
        rotation, _ = head_pose(face.landmarks, width, height)
        turned = frontal(face.landmarks, rotation, width, height)
        seen = (turned, rotation, face.inner8, face.inner4)
        rows.append(regressor.encode(*(part[None] for part in seen))[0])
    assert len(rows) % ENCODED_AT_ONCE, "the last frames must be fewer than are encoded together"
    return np.stack(rows)


def without_noise(features):
    """As `features.Features.denoised` returns them; its own laws are in test_features.py."""
    steps = ((features[1:] - features[:-1]) ** 2).sum(axis=1)
    return denoised(features, np.zeros(len(features)), float(np.quantile(steps[steps > 0], NOISE_QUANTILE)))


def test_frames_at_rest_given_by_hand_are_the_rest(made, features):
    """Over two seconds, and the one frame under the playhead."""
    from tests.make_networks import read

    for rest, some in (((0.5, 0.8), slice(15, 25)), ((1.0, 1.0), slice(30, 31))):
        _, track = run(open_video(CLIP, end=2.0), made, rest=rest)
        np.testing.assert_allclose(track.time[some][[0, -1]], rest, atol=0.02)
        expected = read(without_noise(features), features[some].mean(axis=0), "expression")
        np.testing.assert_allclose(track["expression"], expected, atol=1e-5)


def test_half_of_the_pitch_of_resting_eyes_is_their_lids(made, features):
    from tests.make_networks import read

    _, track = run(open_video(CLIP, end=2.0), made, rest=(0.5, 0.8))
    gaze = read(without_noise(features), features[15:25].mean(axis=0), "gaze").reshape(-1, 2, 2)
    np.testing.assert_allclose(track["gaze"][..., 0], gaze[..., 0], atol=1e-5)
    pitch_at_rest = gaze[15:25, :, 1].mean()
    np.testing.assert_allclose(track["gaze"][..., 1], gaze[..., 1] - pitch_at_rest / 2, atol=1e-5)
    assert abs(pitch_at_rest) > 1e-3


def test_stills_are_read_relative_to_the_mean_face_or_what_is_given(made, features):
    from tests.make_networks import read

    mean_face = np.load(made / "mean_face.npy")
    _, track = run(open_video(CLIP, end=2.0), made, stills=True)
    np.testing.assert_allclose(track["expression"], read(features, mean_face, "expression"), atol=1e-5)
    assert track.source["rest"]["origin"] == "mean face"
    _, track = run(open_video(CLIP, end=2.0), made, stills=True, rest=(1.0, 1.0))
    np.testing.assert_allclose(track["expression"], read(features, features[30], "expression"), atol=1e-5)


def test_stills_of_one_person_are_read_relative_to_their_mean(made, features):
    """As far as there are enough of them: four pictures count as much as the mean face."""
    from tests.make_networks import read

    _, track = run(open_video(CLIP, end=2.0), made, stills=True, same_person=True)
    count, mean_face = len(features), np.load(made / "mean_face.npy")
    rest = (count * features.mean(axis=0) + 4 * mean_face) / (count + 4)
    np.testing.assert_allclose(track["expression"], read(features, rest, "expression"), atol=1e-5)


def test_one_still_of_a_person_keeps_most_of_its_expression(made):
    _, alone = run(open_video(CLIP, end=0.02), made, stills=True)
    _, known = run(open_video(CLIP, end=0.02), made, stills=True, same_person=True)
    _, itself = run(open_video(CLIP, end=0.02), made, rest=(0.0, 0.0))
    lost, all_of_it = (np.abs(each["expression"] - alone["expression"]).mean() for each in (known, itself))
    assert 0 < lost < 0.3 * all_of_it


def test_an_actor_is_the_rest_in_every_clip(made, features):
    from tests.make_networks import read

    work = meet(open_video(CLIP, start=1.0, end=1.3), made, "Ann", "cpu")
    _, actor = drained(work)
    # The tracker starts there, so its crops differ a little from those in the middle of the clip.
    np.testing.assert_allclose(actor.rest, features[30:39].mean(axis=0), atol=0.02)
    assert (actor.name, actor.count) == ("Ann", 9)
    _, track = run(open_video(CLIP, end=2.0), made, actor=actor, rest=(0.0, 0.0))
    expected = read(without_noise(features), actor.rest, "expression")
    np.testing.assert_allclose(track["expression"], expected, atol=1e-5)
    assert track.source["rest"]["origin"] == "actor"


def test_an_actor_of_other_networks_is_refused(made):
    with pytest.raises(FieldsError, match="“Ann” was made with another version"):
        run(open_video(CLIP, end=0.1), made, actor=Actor("Ann", np.zeros(12, np.float32), 3, "0" * 64))


def test_a_clip_without_a_face_is_nobody(made, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((200, 200, 3), np.uint8))
    with pytest.raises(FieldsError, match="No face was found there"):
        drained(meet(open_stills(tmp_path), made, "Nobody", "cpu"))


def test_a_track_knows_its_person(automatic, features):
    actor = of_track(automatic, "take")
    rest = automatic.source["rest"]
    assert rest["origin"] == "quietest frames" and actor.count == rest["count"] and 0 <= rest["neutral"] <= 1
    assert np.abs(features - actor.rest).max(axis=1).min() < np.abs(features).max()
    for source in ({}, {"rest": 3}, {"rest": {"origin": "mean face"}}, {"rest": {**rest, "features": "?"}}):
        with pytest.raises(FieldsError, match="does not know the person"):
            of_track(Track(automatic.time, automatic.groups, {}, source), "take")


def test_frames_at_rest_are_chosen_again_relative_to_the_first_choice(automatic, made, features):
    from fields_blender.capture import neutral_frames
    from tests.make_networks import read

    rows, pose = without_noise(features), np.hstack([automatic["head"], automatic["translation"]])
    rest = features.mean(axis=0)
    for _ in range(2):
        outputs = {
            name: read(rows, rest, name).reshape(len(rows), *GROUPS[name])
            for name in ("expression", "jaw", "eyelids", "gaze", "uncertainty")
        }
        rest = features[neutral_frames.quietest(outputs, pose[:, :3], pose[:, 3:])].mean(axis=0)
    np.testing.assert_allclose(automatic["expression"], read(rows, rest, "expression"), atol=1e-5)


def test_frames_at_rest_are_found(automatic, features):
    from tests.make_networks import read

    assert np.abs(automatic["expression"] - read(features, np.zeros(12), "expression")).max() > 0.01


def test_frames_at_rest_without_a_face_or_backwards_are_refused(made):
    with pytest.raises(FieldsError, match="no face between 9"):
        run(open_video(CLIP, end=2.0), made, rest=(9.0, 9.5))
    with pytest.raises(FieldsError, match="must end after they begin"):
        run(open_video(CLIP, end=2.0), made, rest=(1.0, 0.5))


def test_a_capture_stopped_before_the_rest_keeps_what_it_has(made):
    asked = iter([False] * 40 + [True] * 1000)
    _, track = run(open_video(CLIP), made, stop=lambda: next(asked), rest=(5.0, 6.0))
    assert len(track) == 40 and track.found.all()


def test_uncertainty_lowers_the_confidence(automatic):
    uncertainty = automatic["uncertainty"]
    assert (uncertainty > 0).all() and uncertainty.shape == (len(automatic), 8)
    assert ((automatic["confidence"] > 0.3) & (automatic["confidence"] < 1)).all()
    score = np.array([0.8, 0.8, 0.8])
    sure = confidence(score, np.array([[0.0], [HALVING_UNCERTAINTY], [2 * HALVING_UNCERTAINTY]]).repeat(8, axis=1))
    np.testing.assert_allclose(sure, [0.8, 0.4, 0.2])
