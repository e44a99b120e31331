"""FLAME's parameters as tools and scripts save them: which files belong together, and what each array means."""

import pickle

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.rotation import rotate, to_quaternion
from fields_blender.exchange import flame_files, flame_names, flame_sequence, numbered, recordings
from fields_blender.exchange.recordings import Options
from fields_blender.flame.flame_basis import VERTICES
from tests.recorded import weights_of

FRAMES = 8
JAW = np.linspace(0.0, 0.3, FRAMES)[:, None] * [1.0, 0.0, 0.0]
HEAD = np.linspace(0.0, 0.2, FRAMES)[:, None] * [0.0, 1.0, 0.0]
NECK = np.full((FRAMES, 3), (0.05, 0.0, 0.0))
EYE = np.linspace(-0.1, 0.1, FRAMES)[:, None] * [0.0, 1.0, 0.0]


@pytest.fixture(scope="module")
def axes():
    return np.random.default_rng(4).normal(0, 1e-3, (100, VERTICES, 3))


def codes(width=100):
    return np.random.default_rng(5).normal(0, 1.0, (FRAMES, width)) * [[3.0] * 3 + [1.0] * (width - 3)]


def read(path, axes, **options):
    notes = []
    made = recordings.read(path, Options(axes=axes, **options), notes)
    return made, " ".join(map(str, notes))


def save(path, row, name="expr"):
    np.savez(path, **{name: codes()[[row]], "jaw_pose": JAW[[row]]})


# -- which files ---------------------------------------------------------------------------------------------------


def test_missing_numbers_are_gaps(tmp_path, axes):
    for number, row in ((0, 0), (1, 1), (2, 2), (6, 3), (7, 4)):
        save(tmp_path / f"{number:05d}.npz", row)
    made, told = read(tmp_path, axes, fps=30)
    assert np.flatnonzero(made.found).tolist() == [0, 1, 2, 6, 7]
    np.testing.assert_allclose(made.time, np.arange(8) / 30)
    np.testing.assert_allclose(made["jaw"][made.found], JAW[:5], atol=1e-6)
    assert "Missing frame numbers, left as gaps: 3." in told


def test_every_fifth_frame_is_a_fifth_as_often(tmp_path, axes):
    for row in range(4):
        save(tmp_path / f"frame_{5 * row:05d}.npz", row)
    made, told = read(tmp_path, axes, fps=25)
    np.testing.assert_allclose(made.time, np.arange(4) / 5)
    assert made.found.all() and "Missing" not in told


@pytest.mark.parametrize("chosen", ["00002.npz", None])
def test_one_file_of_a_sequence_is_the_sequence(tmp_path, axes, chosen):
    folder = tmp_path / "flame_param"
    folder.mkdir()
    for row in range(5):
        save(folder / f"{row:05d}.npz", row)
    np.savez(folder / "canonical_flame_param.npz", expr=codes()[[0]], jaw_pose=JAW[[7]])
    made, told = read(folder / chosen if chosen else folder, axes)
    np.testing.assert_allclose(made["jaw"], JAW[:5], atol=1e-6)
    assert ("one of 5 numbered frames" in told) == bool(chosen)
    assert ("Not read, though in the folder: canonical_flame_param.npz." in told) == (chosen is None)


def test_neighbours_are_never_read(tmp_path, axes):
    """A file that is no frame and no parameter of what lies beside it is read alone."""
    for take, row in (("smile", 2), ("frown", 5)):
        np.save(tmp_path / f"{take}_exp.npy", codes()[:4])
        np.save(tmp_path / f"{take}_jaw_pose.npy", JAW[[row]].repeat(4, axis=0))
    np.save(tmp_path / "exp.npy", codes()[:7])
    np.save(tmp_path / "result.npy", np.hstack([codes(50), JAW]))
    np.savez(tmp_path / "take1.npz", expr=codes(), jaw_pose=JAW)
    np.savez(tmp_path / "take2.npz", expr=codes(), jaw_pose=2 * JAW)
    smile, told = read(tmp_path / "smile_exp.npy", axes)
    np.testing.assert_allclose(smile["jaw"], JAW[[2]].repeat(4, axis=0), atol=1e-6)
    assert "Read with the parameters beside it: jaw_pose." in told
    assert len(read(tmp_path / "exp.npy", axes)[0]) == 7
    made, told = read(tmp_path / "result.npy", axes)
    np.testing.assert_allclose(made["jaw"], JAW, atol=1e-6)
    assert "The last 3 of 53 numbers a frame read as the jaw." in told
    assert len(read(tmp_path / "take1.npz", axes)[0]) == FRAMES


@pytest.mark.parametrize("face", [1, 2, 9])
def test_two_faces_are_two_recordings(tmp_path, axes, face):
    for row in range(4):
        for who in (0, 1):
            folder = tmp_path / f"{row:06d}_{who:02d}"
            folder.mkdir()
            np.save(folder / "exp.npy", codes(50)[row])
            np.save(folder / "pose.npy", np.concatenate([HEAD[row], JAW[row] + 0.1 * who]))
    made, told = read(tmp_path, axes, face=face)
    np.testing.assert_allclose(made["jaw"], JAW[:4] + 0.1 * (face > 1), atol=1e-6)
    assert f"2 faces in this recording: read is face {min(face, 2)}" in told
    alone, _ = read(tmp_path / "000002_01" / "exp.npy", axes, face=2)
    np.testing.assert_allclose(alone["jaw"], JAW[:4] + 0.1, atol=1e-6)


def test_one_frame_of_one_face_is_no_second_face(tmp_path):
    paths = [tmp_path / f"{name}" for name in ("000003_00", "000003_01")]
    assert numbered.sequence(paths).faces == 2
    paths = [tmp_path / f"clip{i}_000" for i in (9, 10, 8)]
    assert [path.name for path in numbered.sequence(paths).paths] == ["clip8_000", "clip9_000", "clip10_000"]


# -- what the arrays mean ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        {"exp": codes(), "head_pose": HEAD, "jaw_pose": JAW, "neck_pose": NECK, "eye_pose": np.hstack([EYE, EYE])},
        {"exp": codes(), "pose": np.hstack([HEAD, NECK, JAW, EYE, EYE])},
        {"flame_expr": codes(), "full_pose": np.hstack([HEAD, NECK, JAW, EYE, EYE])},
        {"expression_params": codes(), "global_orient": HEAD, "neck": NECK, "jaw_params": JAW, "leye_pose": EYE,
         "reye_pose": EYE},
        {"EXP": codes(), "Rotation": HEAD, "jaw": JAW, "neck": NECK, "eyes": np.hstack([EYE, EYE])},
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["npz", "pkl"])
def test_whole_poses_by_every_name(tmp_path, axes, arrays, suffix):
    if suffix == "npz":
        np.savez(tmp_path / "a.npz", **arrays, static_offset=np.zeros(3))
    else:
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(arrays | {"static_offset": np.zeros(3)}))
    made, told = read(tmp_path / f"a.{suffix}", axes)
    np.testing.assert_allclose(made["jaw"], JAW, atol=1e-6)
    np.testing.assert_allclose(made["gaze"][:, :, 0], EYE[:, [1, 1]], atol=1e-6)
    ahead = rotate(to_quaternion(made["head"]), np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(np.arctan2(ahead[:, 0], ahead[:, 2]), HEAD[:, 1], atol=1e-6)
    np.testing.assert_allclose(-np.arcsin(ahead[:, 1]), 0.05, atol=1e-6)
    assert "Not used: static_offset." in told and "Not in the file" not in told


def test_twelve_numbers_are_head_jaw_and_eyes(tmp_path, axes):
    np.savez(tmp_path / "a.npz", exp=codes(), pose=np.hstack([HEAD, JAW, EYE, EYE]))
    made, _ = read(tmp_path / "a.npz", axes)
    np.testing.assert_allclose(made["jaw"], JAW, atol=1e-6)
    np.testing.assert_allclose(made["head"], HEAD, atol=1e-6)
    np.testing.assert_allclose(made["gaze"][:, :, 0], EYE[:, [1, 1]], atol=1e-6)


def test_a_body_has_a_face(tmp_path, axes):
    poses = np.zeros((FRAMES, 165))
    poses[:, 45:48], poses[:, 66:69], poses[:, 69:72], poses[:, 72:75] = HEAD, JAW, EYE, EYE
    np.savez(tmp_path / "a.npz", poses=poses, expressions=codes(), trans=np.ones((FRAMES, 3)), betas=np.zeros(300),
             gender=np.array("neutral"), mocap_frame_rate=np.array(30))  # fmt: skip
    made, told = read(tmp_path / "a.npz", axes)
    for name, expected in (("jaw", JAW), ("head", HEAD)):
        np.testing.assert_allclose(made[name], expected, atol=1e-6)
    np.testing.assert_allclose(made.time, np.arange(FRAMES) / 30)
    assert made["translation"][0, 2] == -10 and "30 frames a second" in told and "Not used: trans, betas" in told
    assert read(tmp_path / "a.npz", axes, fps=60)[0].time[1] == 1 / 60


@pytest.mark.parametrize(
    ("parts", "head"),
    [
        ((codes(50), JAW), False),
        ((codes(100), JAW), False),
        ((JAW, codes(50)), False),
        ((JAW, codes(100)), False),
        ((codes(50), HEAD, JAW), True),
        ((codes(100), HEAD, JAW), True),
        ((np.full((FRAMES, 300), 0.3), codes(100), JAW), False),
        ((np.full((FRAMES, 300), 0.3), codes(100), HEAD, JAW), True),
    ],
)
@pytest.mark.parametrize("name", ["a.npy", "exp.npy", "a.npz"])
def test_expression_and_jaw_in_one_array(tmp_path, axes, parts, head, name):
    array = np.hstack(parts)
    if name.endswith("npy"):
        np.save(tmp_path / name, array)
    else:
        np.savez(tmp_path / name, params=array)
    made, told = read(tmp_path / name, axes)
    np.testing.assert_allclose(made["jaw"], JAW, atol=1e-6)
    np.testing.assert_allclose(made["head"], HEAD if head else 0 * HEAD, atol=1e-6)
    expression = next(part for part in parts if part.shape[1] in (50, 100))
    np.savez(tmp_path / "b.npz", expr=expression, jaw_pose=JAW)
    np.testing.assert_allclose(made["expression"], read(tmp_path / "b.npz", axes)[0]["expression"], atol=1e-6)
    assert f"of {array.shape[1]} numbers a frame read as" in told


def test_403_numbers_of_another_order_are_refused(tmp_path, axes):
    np.save(tmp_path / "a.npy", np.hstack([codes(100), JAW, np.full((FRAMES, 300), 0.3)]))
    with pytest.raises(FieldsError, match="order that is not known"):
        read(tmp_path / "a.npy", axes)


def matrices(vectors):
    return np.stack([rotate(to_quaternion(vectors), axis) for axis in np.eye(3)], axis=2)


def test_rotations_as_matrices_and_as_their_rows(tmp_path, axes):
    turn = HEAD + JAW + 0.1
    np.savez(tmp_path / "a.npz", exp=codes(), rotation=matrices(turn), jaw=matrices(JAW)[:, :2].reshape(FRAMES, 6),
             eyes=np.hstack([matrices(EYE)[:, :2].reshape(FRAMES, 6)] * 2))  # fmt: skip
    made, _ = read(tmp_path / "a.npz", axes)
    np.testing.assert_allclose(made["head"], turn, atol=1e-6)
    np.testing.assert_allclose(made["jaw"], JAW, atol=1e-6)
    np.testing.assert_allclose(made["gaze"][:, :, 0], EYE[:, [1, 1]], atol=1e-6)


def test_a_jaw_of_six_numbers_in_one_array(tmp_path, axes):
    np.save(tmp_path / "a.npy", np.hstack([codes(100), matrices(JAW)[:, :2].reshape(FRAMES, 6)]))
    np.testing.assert_allclose(read(tmp_path / "a.npy", axes)[0]["jaw"], JAW, atol=1e-6)


@pytest.mark.parametrize("width", [1, 5, 30])
def test_a_pose_of_an_unknown_size_is_refused(tmp_path, axes, width):
    np.savez(tmp_path / "a.npz", exp=codes(), pose=np.zeros((FRAMES, width)))
    with pytest.raises(FieldsError, match=f"has {width} numbers a frame"):
        read(tmp_path / "a.npz", axes)


def test_what_is_missing_is_named(tmp_path, axes):
    np.savez(tmp_path / "a.npz", exp=codes())
    assert "Not in the file, at rest: jaw, head, eyes." in read(tmp_path / "a.npz", axes)[1]


def test_a_pickle_that_would_run_something(tmp_path, axes):
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/ran'\ntR.")
    with pytest.raises(FieldsError, match="Save its arrays as npz"):
        read(tmp_path / "a.pkl", axes)


@pytest.mark.parametrize("suffix", ["npz", "pkl"])
def test_arkit_weights_in_arrays(tmp_path, suffix):
    names = ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp"]
    weights = np.full((FRAMES, 6), 0.02)
    weights[:, 0] = np.linspace(0, 1, FRAMES)
    each = {name: weights[:, column] for column, name in enumerate(names)} | {"fps": 25, "mood": np.zeros(3)}
    whole = {"names": np.array(names), "weights": weights, "time": np.arange(FRAMES) / 25, "mood": np.zeros(3)}
    for arrays in (each, whole):
        if suffix == "pkl" and "names" in arrays:
            arrays = arrays | {"names": names}
        if suffix == "npz":
            np.savez(tmp_path / "a.npz", **arrays)
        else:
            (tmp_path / "a.pkl").write_bytes(pickle.dumps(arrays))
        made, told = read(tmp_path / f"a.{suffix}", None)
        np.testing.assert_allclose(made.time, np.arange(FRAMES) / 25, atol=1e-6)
        np.testing.assert_allclose(weights_of(made)[:, 0], weights[:, 0], atol=1e-6)
        assert "Not used: mood." in told


def test_every_name_has_one_group():
    names = [name for group in flame_names.NAMES.values() for name in group.split()]
    assert len(set(names)) == len(names) and flame_sequence.FPS and flame_files.FILES
    assert flame_names.group_of("n_processed_frames") is None and flame_names.group_of("shape_params") is None
