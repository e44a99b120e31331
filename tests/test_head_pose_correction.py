"""The head rotation, corrected for the errors of the landmark network; and how the correction is learned."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.capture import head_pose_correction
from fields_blender.capture.clip import frames, open_video
from fields_blender.capture.face import FaceTracker
from fields_blender.capture.pose import frontal, head_pose, line_of_sight, rigid_face
from fields_blender.core.errors import FieldsError
from fields_blender.core.rotation import multiply, to_quaternion, to_vector
from fields_blender.core.track import load
from training import fit_head_pose_correction

ROOT = Path(__file__).parent.parent
CLIP, TRUTH = ROOT / "samples/performance.mp4", ROOT / "samples/performance.npz"
WIDTH, HEIGHT = 1280, 720
RIGID, POINTS = rigid_face()["indices"].astype(int), rigid_face()["points"]


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    w, x, y, z = to_quaternion(vector[None])[0]
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def landmarks(random: np.random.Generator) -> np.ndarray:
    """(478, 3) px of a turned face, no two alike."""
    points = np.zeros((478, 3))
    points[RIGID] = POINTS + random.normal(0, 0.02, POINTS.shape)
    matrix = rotation_matrix(random.normal(0, 0.3, 3))
    turned = points @ matrix.T
    return turned * (90, -90, -90) + (random.uniform(300, 900), random.uniform(200, 500), 0)


def turn_of(landmarks: np.ndarray, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(n, 3) of landmarks (n, 478, 3)."""
    rotation, _ = head_pose(landmarks, width, height)
    return head_pose_correction.corrected_rotation(
        frontal(landmarks, rotation, width, height), rotation, line_of_sight(landmarks, width, height)
    )


def test_a_mirrored_picture_gives_the_mirrored_turn():
    random = np.random.default_rng(0)
    partner = np.arange(478)
    for i, point in zip(RIGID, POINTS, strict=True):
        partner[i] = RIGID[np.argmin(np.linalg.norm(POINTS * (-1, 1, 1) - point, axis=1))]
    for _ in range(10):
        seen = landmarks(random)
        other = seen[partner] * (-1, 1, 1) + (WIDTH, 0, 0)
        here, there = turn_of(np.stack([seen, other]))
        np.testing.assert_allclose(there, here * (1, -1, -1), atol=2e-3)  # the file's numbers are rounded


def test_a_batch_is_its_rows_and_gaps_stay_gaps():
    random = np.random.default_rng(1)
    batch = np.stack([landmarks(random) for _ in range(4)])
    batch[2] = np.nan
    together = turn_of(batch)
    assert np.isnan(together[2]).all()
    for i in (0, 1, 3):
        np.testing.assert_allclose(together[i], turn_of(batch[i : i + 1])[0], atol=1e-12)


def test_a_head_that_turns_is_followed_all_the_way():
    """On rendered frames of somebody who is in no training picture, up to where that head's front is."""
    if not (ROOT / "models/face_landmarks.onnx").is_file():
        pytest.skip("the face networks are not there: run make models")
    truth, tracker, rows = load(TRUTH)["head"].astype(np.float64), FaceTracker(ROOT / "models", "cpu"), []
    for frame in frames(open_video(CLIP)):
        face = tracker.track(frame.image)
        assert face is not None
        height, width = frame.image.shape[:2]
        fitted, _ = head_pose(face.landmarks, width, height)
        rows.append((fitted, turn_of(face.landmarks[None], width, height)[0]))
    fitted, turned = np.array(rows).transpose(1, 0, 2)
    one = np.zeros(len(truth))
    before, after = (fit_head_pose_correction.errors(each, truth, one).mean() for each in (fitted, turned))
    assert after < 1.6 and after < before
    pitch, yaw = (np.polyfit(truth[:, axis], turned[:, axis], 1)[0] for axis in (0, 1))
    assert 0.85 < pitch < 1.15 and 0.9 < yaw < 1.1


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"matrix": [[1]], "shift": [0, 0, 0]}', '{"matrix": 1}'])
def test_a_damaged_description_of_the_turn_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setattr(head_pose_correction, "HEAD_TURN", tmp_path / "head_turn.json")
    if text is not None:
        (tmp_path / "head_turn.json").write_text(text)
    with pytest.raises(FieldsError, match="Reinstall"):
        head_pose_correction._correction.__wrapped__()  # pyright: ignore[reportFunctionMemberAccess] - without what it remembers


def test_turns_that_the_landmarks_halve_are_learned(tmp_path):
    """On heads of two families that disagree by six degrees about where the front is."""
    random = np.random.default_rng(2)
    n = 800
    true, family = random.normal(0, 0.2, (n, 3)), np.arange(n) % 2
    front_of = to_quaternion(np.outer(0.1 * (family - 0.5), (1, 0, 0)))
    front = np.zeros((n, 478, 3))
    front[:, RIGID] = POINTS + random.normal(0, 0.01, (n, len(POINTS), 3))
    np.savez(
        tmp_path / "shard-00000.npz",
        landmarks=front.astype(np.float16),
        rotation=to_vector(multiply(to_quaternion(true / 2), front_of)).astype(np.float32),
        turn=np.stack([rotation_matrix(vector) for vector in true]),
        person=np.arange(n) // 20,
        family=family,
    )
    data = fit_head_pose_correction.read(tmp_path)
    np.testing.assert_allclose(data["true"], true, atol=1e-6)
    matrix, shift = fit_head_pose_correction.fit(data, data["person"] >= 10)
    new = data["person"] < 10
    missing = head_pose_correction.terms(data["rotation"], data["front"])[new] @ matrix + shift
    found = to_vector(multiply(to_quaternion(data["rotation"][new]), to_quaternion(missing)))
    for f in (0, 1):  # each family's own front stays its own
        some = family[new] == f
        before, after = (
            fit_head_pose_correction.errors(each[some], true[new][some], family[new][some]).mean()
            for each in (data["rotation"][new], found)
        )
        assert before > 5 and after < 0.5
