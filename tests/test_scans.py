"""Registered scans as training data: what our basis shows comes back as the controls that made it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from training.flame import flame, scan_fit
from training.footage import scans
from training.footage.rows import write
from training.people import CONTROLS, expressions

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples/performance.mp4"
needs_flame = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")
needs_networks = pytest.mark.skipif(
    not (ROOT / "models/face_landmarks.onnx").exists(), reason="the face networks are not fetched: make models"
)
HIDDEN = scan_fit.TONGUE
KNOWN = [k for k in range(CONTROLS) if k != HIDDEN]


@pytest.fixture(scope="module")
def basis() -> scan_fit.Basis:
    return scan_fit.load_basis()


@pytest.fixture(scope="module")
def head() -> flame.Flame:
    if not flame.DATA.exists():
        pytest.skip("the FLAME 2023 Open template is not here")
    return flame.load()


def controls(count: int, seed: int) -> np.ndarray:
    groups = expressions.batch(np.random.default_rng(seed), count)
    return np.concatenate(
        [groups[name].reshape(count, -1) for name in ("expression", "jaw", "eyelids", "gaze")], axis=1
    )


def shown(wanted: np.ndarray, neutral: np.ndarray, basis: scan_fit.Basis, head: flame.Flame) -> np.ndarray:
    """Vertices (t, 5023, 3) of a person who does `wanted`, the head at rest."""
    weights = np.hstack([wanted[:, :39], wanted[:, scan_fit.EYELIDS]])
    rest = neutral + np.tensordot(weights, basis.shapes, 1)
    rest += np.tensordot(scan_fit.look_weights(wanted[:, scan_fit.GAZE]), basis.looks, 1)
    joints = head.joints(neutral)
    posed = head.open_jaw(rest, wanted[:, 39:42], joints[flame.JAW])
    for side, ball in enumerate(flame.BALLS):
        yaw, pitch = wanted[:, 44 + 2 * side], wanted[:, 45 + 2 * side]
        none = np.zeros_like(yaw)
        turn = flame.matrices(np.stack([none, yaw, none], 1)) @ flame.matrices(np.stack([-pitch, none, none], 1))
        centre = joints[flame.LEFT_EYE + side]
        posed[:, ball] = (posed[:, ball] - centre) @ turn.transpose(0, 2, 1) + centre
    return posed


def shaken(vertices: np.ndarray, seed: int) -> np.ndarray:
    """With a head that turns and moves."""
    rng = np.random.default_rng(seed)
    turns = flame.matrices(rng.normal(0, 0.5, (len(vertices), 3)))
    return vertices @ turns.transpose(0, 2, 1) + rng.normal(0, 0.3, (len(vertices), 1, 3))


def test_vertices_give_back_their_controls(basis, head):
    wanted = controls(10, 1)
    wanted[:, 41] = np.random.default_rng(2).normal(0, 0.02, 10)  # the jaw rolls too
    vertices = shaken(shown(wanted, head.template, basis, head), 3)
    found = scan_fit.fit_vertices(vertices, head.template, basis, head)
    assert np.isnan(found[:, HIDDEN]).all()
    np.testing.assert_allclose(found[:, KNOWN], wanted[:, KNOWN], atol=0.02)


def test_another_head_in_millimetres_seen_from_anywhere(basis, head):
    """A longer, wider head whose resting scan is turned: what counts is what changes."""
    neutral = head.template * (1.1, 1.06, 1.08)
    wanted = controls(6, 4)
    vertices = shown(wanted, neutral, basis.for_person(neutral, head.template), head)
    turn = flame.matrices(np.array([[0.3, -0.5, 0.2]]))[0]
    found = scan_fit.fit_vertices(shaken(vertices, 5) * 1000, (neutral @ turn.T + 0.2) * 1000, basis, head)
    error = np.abs(found - wanted)[:, KNOWN]
    assert error.max() < 0.06 and error.mean() < 0.005


def test_noise_of_a_scanner_does_little_harm(basis, head):
    wanted = controls(6, 6)
    vertices = shaken(shown(wanted, head.template, basis, head), 7)
    vertices += np.random.default_rng(8).normal(0, 0.0003, vertices.shape)
    error = np.abs(scan_fit.fit_vertices(vertices, head.template, basis, head) - wanted)[:, KNOWN]
    assert error.mean() < 0.006 and error.max() < 0.15


def test_lost_frames_stay_unknown_and_still_eyes_tell_no_gaze(basis, head):
    wanted = controls(3, 9)
    wanted[:, scan_fit.GAZE] = 0
    vertices = shown(wanted, head.template, basis, head)
    vertices[1, 7] = np.nan
    found = scan_fit.fit_vertices(vertices, head.template, basis, head)
    assert np.isnan(found[1]).all() and not np.isnan(found[[0, 2], :HIDDEN]).any()
    assert np.isnan(found[:, scan_fit.GAZE]).all()


def test_coefficients_over_made_up_axes_give_back_the_controls(basis):
    """100 axes that span our shapes and others, as a FLAME release's do; gaze and jaw come from its joints."""
    rng = np.random.default_rng(10)
    ours = np.concatenate([basis.shapes, basis.looks])
    others = rng.normal(0, 0.001, (100 - len(ours), flame.VERTICES, 3))
    everything = np.concatenate([ours, others]).reshape(100, -1)
    mix = rng.normal(0, 1, (100, 100))
    axes = (mix @ everything).reshape(100, flame.VERTICES, 3)
    wanted = controls(20, 11)
    amounts = np.hstack(
        [
            wanted[:, :39],
            wanted[:, scan_fit.EYELIDS],
            scan_fit.look_weights(wanted[:, scan_fit.GAZE]),
            np.zeros((20, 51)),
        ]
    )
    eyes = []
    for side in (0, 1):
        yaw, pitch = wanted[:, 44 + 2 * side], wanted[:, 45 + 2 * side]
        direction = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)
        axis = np.cross([0.0, 0.0, 1.0], direction)  # by the shortest turn from straight ahead
        angle = np.arccos(direction[:, 2:])
        eyes.append(axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12) * angle)
    psi = np.linalg.solve(mix.T, amounts.T).T
    found = scan_fit.fit_coefficients(psi, wanted[:, 39:42], np.hstack(eyes), axes, basis)
    np.testing.assert_allclose(found[:, KNOWN], wanted[:, KNOWN], atol=0.02)


@pytest.fixture
def fit(tmp_path, basis, head):
    """Save arrays as a take and fit it."""

    def run(axes=None, **arrays):
        np.savez(tmp_path / "take.npz", **arrays)
        return scans.fit_file(tmp_path / "take.npz", basis, head, axes)

    return run


def test_a_take_says_in_one_sentence_what_it_lacks(fit, head):
    two = np.stack([head.template, head.template])
    axes = np.zeros((5, flame.VERTICES, 3))
    pose = {"jaw_pose": np.zeros((2, 3)), "eyes_pose": np.zeros((2, 6))}
    for message, axes_given, arrays in (
        ("at rest", None, {"vertices": two}),
        ("not there", None, {"vertices": two, "rest": np.array([5])}),
        ("no numbers", None, {"vertices": two, "neutral": two[0] * np.nan}),
        ("Register", None, {"vertices": two[:, :100], "neutral": two[0]}),
        ("neither", None, {"time": np.zeros(2)}),
        ("--axes", None, {"expr": np.zeros((2, 5)), **pose}),
        ("needs expr", axes, {"expr": np.zeros((2, 50)), **pose}),
        ("needs expr", axes, {"expr": np.zeros(5), **pose}),
        ("needs expr", axes, {"expr": np.zeros((3, 5)), **pose}),
        ("times", None, {"vertices": two, "neutral": two[0], "time": np.zeros(7)}),
        ("can't be read", None, {"vertices": np.array([{"a": 1}], dtype=object), "neutral": two[0]}),
    ):
        with pytest.raises(FieldsError, match=message) as caught:
            fit(axes_given, **arrays)
        assert "\n" not in str(caught.value)


def test_vhap_s_other_arrays_are_never_unpacked(fit):
    axes = np.zeros((5, flame.VERTICES, 3))
    axes[:, :10] = 0.001
    pose = {"jaw_pose": np.full((2, 3), 0.1), "eyes_pose": np.full((2, 6), 0.1)}
    found, when = fit(axes, expr=np.zeros((2, 5)), lights=np.array([None, 1], dtype=object), **pose)
    assert found.shape == (2, 48) and when.tolist() == [0, 1]
    np.testing.assert_allclose(found[:, 39:42], 0.1)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00", b"not a zip at all"])
def test_hostile_files_give_a_sentence(tmp_path, basis, content):
    (tmp_path / "take.npz").write_bytes(content)
    with pytest.raises(FieldsError, match="can't be read"):
        scans.fit_file(tmp_path / "take.npz", basis, None, None)
    with pytest.raises(FieldsError, match="can't be read"):
        flame.load(tmp_path / "take.npz")
    with pytest.raises(FieldsError, match="can't be read"):
        scans.read_axes(tmp_path / "take.npz")


def test_missing_files_give_a_sentence(tmp_path):
    with pytest.raises(FieldsError, match="no file"):
        scans.read_axes(tmp_path / "nowhere.npz")
    with pytest.raises(FieldsError, match="no folder"):
        scans.takes(tmp_path / "nowhere")
    with pytest.raises(FieldsError, match="No npz"):
        scans.takes(tmp_path)
    np.savez(tmp_path / "axes.npz", expression=np.zeros((10, 3, 4)))
    with pytest.raises(FieldsError, match="expression"):
        scans.read_axes(tmp_path / "axes.npz")


@needs_networks
def test_scans_with_their_video_become_shards(tmp_path, basis, head):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("cv2")
    truth = track.load(ROOT / "samples/performance.npz")
    wanted = np.concatenate(
        [truth[name].reshape(len(truth), -1) for name in ("expression", "jaw", "eyelids", "gaze")], axis=1
    ).astype(np.float64)
    numbers = np.arange(0, len(truth), 30)
    folder, out = tmp_path / "scans", tmp_path / "out"
    folder.mkdir()
    shutil.copy(SAMPLE, folder / "take.mp4")
    vertices = shaken(shown(wanted[numbers], head.template, basis, head), 12).astype(np.float32)
    np.savez(folder / "take.npz", vertices=vertices, neutral=head.template, timestep_id=numbers)
    count = write(out, scans.read(folder, ROOT / "models", 30.0, head, None))
    with np.load(out / "shard-00000.npz", allow_pickle=False) as file:
        rows = dict(file)
    assert count == len(rows["controls"]) > 1.7 * len(numbers)
    first = np.flatnonzero(rows["twin"] < 0)
    assert len(first) == len(numbers)
    np.testing.assert_allclose(rows["controls"][first][:, KNOWN], wanted[numbers][:, KNOWN], atol=0.02)
    twins = np.flatnonzero(rows["twin"] >= 0)
    np.testing.assert_array_equal(rows["controls"][twins], rows["controls"][rows["twin"][twins]])
    assert np.isnan(rows["controls"][:, HIDDEN]).all() and (rows["family"] == 2).all()
    assert rows["at_rest"][first[0]] and not rows["at_rest"].all()
    assert (rows["emotion"] == 0).all() and np.isnan(rows["points"]).all()
    with pytest.raises(FieldsError, match="already"):
        write(out, iter(()))
