"""Pictures and videos of which nothing is known, as training data."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from training.footage import unlabelled
from training.footage.rows import degraded, write

cv2 = pytest.importorskip("cv2")
pytest.importorskip("onnxruntime")

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
SAMPLE = ROOT / "samples/performance.mp4"
needs_networks = pytest.mark.skipif(
    not (MODELS / "face_landmarks.onnx").exists(), reason="the face networks are not fetched: make models"
)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, np.ndarray]:
    """The sample clip at one picture a second, and three of its frames as pictures, one without a face."""
    if not (MODELS / "face_landmarks.onnx").exists():
        pytest.skip("the face networks are not fetched: make models")
    folder, out = tmp_path_factory.mktemp("footage"), tmp_path_factory.mktemp("made") / "out"
    shutil.copy(SAMPLE, folder / "clip.mp4")
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("neither picture nor video")
    video = cv2.VideoCapture(str(SAMPLE))
    for name in ("one", "two"):
        cv2.imwrite(str(folder / f"{name}.png"), video.read()[1])
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    write(out, unlabelled.read(folder, MODELS, rate=1.0))
    with np.load(out / "shard-00000.npz", allow_pickle=False) as file:
        rows = dict(file)
    for name in ("lips8", "lips4"):
        rows[name] = np.load(out / f"shard-00000.{name}.npy")
    return rows


def test_rows_hold_what_was_seen(written):
    rows = written
    count = len(rows["person"])
    assert 18 <= count <= 26  # ten seconds, two pictures, and their twins
    assert rows["landmarks"].shape == (count, 478, 3) and rows["landmarks"].dtype == np.float16
    assert rows["rotation"].shape == (count, 3)
    assert rows["lips8"].shape == (count, 64, 8, 8) and rows["lips8"].dtype == np.float16
    assert rows["lips4"].shape == (count, 128, 4, 4) and rows["lips4"].dtype == np.float16


def test_nothing_is_claimed_to_be_known(written):
    rows = written
    assert rows["controls"].shape[1] == 48
    for name in ("controls", "points", "gaps", "turn"):
        assert np.isnan(rows[name]).all(), name
    for name in ("emotion", "va", "intensity", "at_rest"):
        assert not rows[name].any(), name
    assert (rows["same"] == -1).all() and (rows["family"] == 3).all() and (rows["kind"] == -1).all()


def test_a_twin_is_the_same_moment_seen_a_little_worse(written):
    rows = written
    twins = np.flatnonzero(rows["twin"] >= 0)
    assert len(twins) >= 9
    originals = rows["twin"][twins]
    assert (rows["twin"][originals] == -1).all()
    np.testing.assert_array_equal(rows["person"][twins], rows["person"][originals])
    landmarks = rows["landmarks"].astype(float)
    apart = np.abs(landmarks[twins] - landmarks[originals]).mean(axis=(1, 2))
    assert 0 < apart.max() < 0.05
    assert (rows["lips8"][twins] != rows["lips8"][originals]).any(axis=(1, 2, 3)).all()


def test_each_picture_is_another_person_and_each_video_one(written):
    rows = written
    _, counts = np.unique(rows["person"], return_counts=True)
    assert sorted(counts)[:2] == [2, 2] and len(counts) == 3


def test_worsened_keeps_the_size_and_the_seed(written):
    image = np.random.default_rng(0).integers(0, 255, (120, 90, 3), np.uint8)
    one, two = (degraded(np.random.default_rng(5), image) for _ in range(2))
    assert one.shape == image.shape and one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)


def test_an_empty_or_missing_folder_gives_a_sentence(tmp_path):
    with pytest.raises(FieldsError, match="no folder"):
        list(unlabelled.clips(tmp_path / "nowhere"))
    with pytest.raises(FieldsError, match="No picture and no video"):
        list(unlabelled.clips(tmp_path))
