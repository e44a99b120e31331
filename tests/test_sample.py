"""The sample clip and its truth: they belong together, and the performance holds what it promises."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core import track
from fields_blender.core.names import EMOTIONS, EXPRESSION, JAW_OPEN
from training.people import ict_head, performance

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def truth() -> track.Track:
    return track.load(SAMPLES / "performance.npz")


def test_clip_and_truth_have_the_same_frames(truth):
    cv2 = pytest.importorskip("cv2")
    video = cv2.VideoCapture(str(SAMPLES / "performance.mp4"))
    count = 0
    while video.read()[0]:
        count += 1
    assert count == len(truth)
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(truth.source["rate"])
    size = (video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    assert size == (truth.source["width"], truth.source["height"])
    assert min(size) >= 512
    assert (SAMPLES / "performance.mp4").stat().st_size < 3_000_000
    np.testing.assert_allclose(truth.time, np.arange(count) / truth.source["rate"])


def test_truth_is_the_scripted_performance(truth):
    time, groups = performance.perform()
    np.testing.assert_array_equal(truth.time, time)
    for name, values in groups.items():
        np.testing.assert_allclose(truth[name], values, atol=1e-5, err_msg=name)


def test_everything_is_in_its_range(truth):
    assert truth.found.all()
    for name in ("expression", "eyelids", "emotion", "intensity"):
        assert truth[name].min() >= 0 and truth[name].max() <= 1, name
    np.testing.assert_allclose(truth["emotion"].sum(axis=1), 1, atol=1e-5)
    assert np.abs(truth["valence_arousal"]).max() <= 1
    assert 0.15 < truth["jaw"][:, 0].max() < JAW_OPEN


def test_the_first_second_is_neutral(truth):
    still = truth.time <= 1.0
    for name in ("expression", "jaw", "eyelids", "gaze", "head", "valence_arousal", "intensity"):
        assert np.abs(truth[name][still]).max() < 1e-6, name
    assert (truth["translation"][still] == truth["translation"][0]).all()


def test_blinks_shut_the_eyes_and_are_short(truth):
    lids = truth["eyelids"][:, 0]
    down = np.flatnonzero(np.diff((lids > 0.5).astype(int)) == 1)
    up = np.flatnonzero(np.diff((lids > 0.5).astype(int)) == -1)
    assert 8 <= len(down) <= 10
    assert all(lids[a : b + 1].max() > 0.99 for a, b in zip(down, up, strict=True))
    seconds = (up - down) / performance.RATE
    assert (seconds >= 0.08).all() and (seconds <= 0.2).all()
    assert np.diff(truth.time[down]).min() < 0.4  # the double one


def test_three_emotions_at_different_strengths(truth):
    strongest = {name: truth["emotion"][:, i].max() for i, name in enumerate(EMOTIONS) if name != "neutral"}
    shown = {name: round(float(value), 2) for name, value in strongest.items() if value > 0.05}
    assert shown == {"happiness": 0.8, "sadness": 0.4, "surprise": 0.9}


def test_lips_close_in_every_phrase_and_between_open_vowels(truth):
    opening = truth["jaw"][:, 0] / JAW_OPEN - truth["expression"][:, EXPRESSION.index("mouthClose")]
    closed = np.flatnonzero((truth["expression"][:, EXPRESSION.index("mouthPressLeft")] > 0.15) & (opening < 0.02))
    for start, _, visemes in performance.PHRASES:
        within = closed[(truth.time[closed] >= start) & (truth.time[closed] < start + 2.4)]
        assert np.count_nonzero(np.diff(within) > 1) + 1 >= visemes.split().count("PP") - 1
    assert opening.max() > 0.35


def test_eyes_hold_their_place_while_the_head_turns(truth):
    turn = np.diff(truth["head"][:, 1])
    drift = turn + np.diff(truth["gaze"][:, 0, 0])  # of the look in the world; large only in saccades
    turning = np.abs(turn) > np.radians(0.8)
    assert np.median(np.abs(drift[turning])) < 0.25 * np.median(np.abs(turn[turning]))
    assert np.degrees(np.ptp(truth["gaze"][:, 0, 0])) > 30
    assert np.degrees(np.ptp(truth["head"][:, 1])) > 30


@pytest.fixture(scope="module")
def head() -> ict_head.IctHead:
    if not ict_head.DATA.exists():
        pytest.skip("ICT-FaceKit is not in the shared data")
    return ict_head.load()


def _pose(head, identity=None, weights=None, jaw=0.0, eyelids=0.0, gaze=(0.0, 0.0)):
    expression = np.zeros(39)
    for name, weight in (weights or {}).items():
        expression[EXPRESSION.index(name)] = weight
    identity = np.zeros(ict_head.IDENTITY) if identity is None else identity
    return head.vertices(identity, expression, np.array([jaw, 0, 0]), np.full(2, eyelids), np.array([gaze, gaze]))


def test_ict_left_is_the_subjects_left(head):
    rest = _pose(head)
    for name in EXPRESSION:
        if name.endswith("Left") and name != "mouthLeft":
            moved = np.linalg.norm(_pose(head, weights={name: 1.0}) - rest, axis=1)
            assert (moved * rest[:, 0]).sum() / moved.sum() > 1.0, name


def test_ict_eyes_turn_as_gaze_says(head):
    iris = head.part == ict_head.PARTS.index("iris_left")
    centre = head.eye_centres(np.zeros(ict_head.IDENTITY))[0]
    before, after = (_pose(head, gaze=g)[iris].mean(axis=0) - centre for g in ((0, 0), (0.4, 0.2)))
    assert after[0] > before[0] and after[1] > before[1]
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=1e-4)


def test_ict_eyelids_of_one_are_shut_on_everybody(head):
    rng = np.random.default_rng(1)
    marks = ict_head.landmark_vertices()
    for weights, gaze in (({}, (0, 0)), ({"eyeWideLeft": 1}, (0, 0)), ({"eyeSquintLeft": 1}, (0.3, -0.4))):
        identity = ict_head.sample_identity(rng)
        shut = _pose(head, identity, weights, eyelids=1.0, gaze=gaze)
        rest = _pose(head, identity)
        gap = [np.mean([v[marks[a], 1] - v[marks[b], 1] for a, b in ((43, 47), (44, 46))]) for v in (shut, rest)]
        assert abs(gap[0]) < 0.15 * gap[1]


def test_ict_mouth_close_meets_the_open_jaw(head):
    marks = ict_head.landmark_vertices()
    for weight in (0.3, 1.0):
        mouth = _pose(head, weights={"mouthClose": weight}, jaw=weight * JAW_OPEN)[:, 1]
        rest = _pose(head)[:, 1]
        for upper, lower in ((61, 67), (62, 66), (63, 65)):
            gap = mouth[marks[upper]] - mouth[marks[lower]]
            assert gap == pytest.approx(rest[marks[upper]] - rest[marks[lower]], abs=0.02)


def test_ict_kept_vertices_are_the_same(head):
    keep = ict_head.landmark_vertices()
    few = ict_head.load(keep=keep)
    identity = ict_head.sample_identity(np.random.default_rng(2))
    arguments = {"weights": {"mouthSmileLeft": 0.7}, "jaw": 0.1, "eyelids": 0.6, "gaze": (0.2, -0.1)}
    np.testing.assert_allclose(_pose(few, identity, **arguments), _pose(head, identity, **arguments)[keep], atol=1e-4)
