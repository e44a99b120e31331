"""FLAME coefficients in and out. Axes here are made up, not FLAME's."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EXPRESSION
from fields_blender.core.rotation import rotate, to_quaternion
from fields_blender.exchange import flame_names, flame_sequence, recordings
from fields_blender.flame import flame_basis
from tests.recorded import performance, weights_of

VERTICES = flame_basis.VERTICES
TONGUE = EXPRESSION.index("tongueOut")


@pytest.fixture(scope="module")
def axes() -> np.ndarray:
    """100 expression axes that can do what our shapes do, mixed so that none is ours."""
    rng = np.random.default_rng(8)
    ours, looks = flame_basis.shapes()
    mixed = np.tensordot(rng.normal(size=(49, 49)), np.concatenate([ours, looks]), 1)
    return np.concatenate([mixed, rng.normal(0, 1e-4, (51, VERTICES, 3))])


def test_coefficients_move_the_skin_as_our_weights_do(axes):
    made = performance(12, gaps=(3,))
    coefficients = flame_basis.to_coefficients(made["expression"], made["eyelids"], made["gaze"], axes)
    assert np.isnan(coefficients[3]).all()
    ours, _ = flame_basis.shapes()
    weights = np.hstack([made["expression"], made["eyelids"]])[[0]]
    still = np.zeros((1, 2, 2))
    alone = flame_basis.to_coefficients(weights[:, :39], weights[:, 39:], still, axes)
    skin = flame_basis.SKIN
    moved, wanted = np.tensordot(alone, axes, 1)[0, skin], np.tensordot(weights, ours, 1)[0, skin]
    assert np.linalg.norm(moved - wanted, axis=1).max() < 1e-5  # m


def test_flame_out_and_in_again(tmp_path, axes):
    made = performance(30, gaps=(0, 11, 12))
    made.groups["jaw"][made.found, 2] = 0.02
    made.groups["translation"][:] = (0.5, -0.25, -9.0)
    made.groups["translation"][[0, 11, 12]] = np.nan
    flame_sequence.write(made, tmp_path / "a.npz", axes)
    back = recordings.read(tmp_path / "a.npz", recordings.Options(axes=axes))
    np.testing.assert_allclose(back.time, made.time, atol=1e-9)
    assert (back.found == made.found).all()
    known = np.delete(np.arange(39), TONGUE)  # FLAME has no tongue
    np.testing.assert_allclose(back["expression"][:, known], made["expression"][:, known], atol=2e-3)
    np.testing.assert_allclose(back["eyelids"], made["eyelids"], atol=2e-3)
    for name in ("jaw", "gaze", "head", "translation"):
        np.testing.assert_allclose(back[name], made[name], atol=1e-5, err_msg=name)


def test_what_vhap_reads_is_there(tmp_path, axes):
    flame_sequence.write(performance(30, gaps=(1,)), tmp_path / "a.npz", axes)
    with np.load(tmp_path / "a.npz") as file:
        sizes = {name: file[name].shape for name in file.files}
        assert file["timestep_id"].tolist() == [0, *range(2, 30)]
    assert sizes | {"expr": (29, 100), "jaw_pose": (29, 3), "eyes_pose": (29, 6), "neck_pose": (29, 3)} == sizes
    assert sizes | {"rotation": (29, 3), "translation": (29, 3), "shape": (300,), "n_processed_frames": ()} == sizes


def test_vhap_without_our_times(tmp_path, axes):
    expr = np.zeros((4, 100), np.float32)
    neck = np.tile([0.1, 0.0, 0.0], (4, 1))
    np.savez(tmp_path / "a.npz", expr=expr, jaw_pose=neck, rotation=neck, neck_pose=neck, eyes_pose=np.zeros((1, 6)),
             timestep_id=np.array(["f00003", "f00004", "f00006", "f00007"]), shape=np.zeros(300))  # fmt: skip
    made = flame_sequence.read(tmp_path / "a.npz", axes, fps=30)
    np.testing.assert_allclose(made.time, np.arange(5) / 30)
    assert made.found.tolist() == [True, True, False, True, True]
    np.testing.assert_allclose(made["head"][0], [0.2, 0, 0], atol=1e-6)
    np.testing.assert_allclose(made["jaw"][0], [0.1, 0, 0], atol=1e-6)


def one_frame(tmp_path, axes, **arrays):
    np.savez(tmp_path / "a.npz", expr=np.zeros((1, 100)), **{name: np.array([row]) for name, row in arrays.items()})
    return flame_sequence.read(tmp_path / "a.npz", axes)


def test_a_head_turns_about_its_root_and_is_where_its_eyes_are(tmp_path, axes):
    """FLAME: x -> R (x - root) + root + translation, for the midpoint of the eyes; a quarter turn to its left."""
    middle = (flame_sequence.LEFT_EYE + flame_sequence.RIGHT_EYE) / 2
    x, y, z = middle - flame_sequence.ROOT
    wanted = np.array([z, y, -x]) + flame_sequence.ROOT + (0.1, 0.2, -0.9)
    made = one_frame(tmp_path, axes, rotation=[0, np.pi / 2, 0], translation=[0.1, 0.2, -0.9])
    np.testing.assert_allclose(made["translation"][0] * flame_sequence.EYES_APART, wanted, atol=1e-6)


def test_the_neck_bends_within_the_turned_head(tmp_path, axes):
    """A nod of the neck, then a quarter turn of the whole head: the face looks to its left and down."""
    made = one_frame(tmp_path, axes, rotation=[0, np.pi / 2, 0], neck_pose=[0.3, 0, 0])
    ahead = rotate(to_quaternion(made["head"]), np.array([0.0, 0.0, 1.0]))[0]
    np.testing.assert_allclose(ahead, [np.cos(0.3), -np.sin(0.3), 0], atol=1e-6)


def test_eyes_are_left_then_right_and_look_where_their_joints_point(tmp_path, axes):
    made = one_frame(tmp_path, axes, eyes_pose=[0, 0.2, 0, -0.1, 0, 0])
    np.testing.assert_allclose(made["gaze"][0], [[0.2, 0], [0, 0.1]], atol=1e-6)
    apart = one_frame(tmp_path, axes, leye_pose=[0, 0.2, 0], reye_pose=[-0.1, 0, 0])
    np.testing.assert_allclose(apart["gaze"], made["gaze"], atol=1e-6)


def test_eyelids_that_the_file_has_shut_the_eyes(tmp_path, axes):
    made = one_frame(tmp_path, axes, eyelid_params=[0.7, 0.2])
    np.testing.assert_allclose(made["eyelids"][0], [0.7, 0.2], atol=1e-3)


def test_what_is_written_starts_at_0_and_counts_frames(tmp_path, axes):
    made = performance(6, gaps=(2,))
    flame_sequence.write(recordings.starting_at(made, 10.0), tmp_path / "a.npz", axes)
    with np.load(tmp_path / "a.npz") as file:
        assert file["timestep_id"].tolist() == [0, 1, 3, 4, 5]
        np.testing.assert_allclose(file["time"], np.array([0, 1, 3, 4, 5]) / 24)
        np.testing.assert_allclose(file["gap_time"], [2 / 24])


def codes(axes, made):
    return flame_basis.to_coefficients(made["expression"], made["eyelids"], made["gaze"], axes)[:, :50]


@pytest.mark.parametrize("kind", ["deca", "emica", "smirk"])
def test_one_folder_a_frame(tmp_path, axes, kind):
    made = performance(12, gaps=(5,))
    made.groups["gaze"][:] = 0.0
    spanning = axes[:50]
    coefficients = codes(spanning, made)
    for i in range(12):
        folder = tmp_path / f"clip{i + 95}_000"  # clip100 comes after clip99
        folder.mkdir()
        if i == 5:
            continue
        head, jaw = made["head"][i], made["jaw"][i]
        arrays = {
            "deca": {"exp": coefficients[i], "pose": np.concatenate([head, jaw]), "shape": np.zeros(100)},
            "emica": {"exp": coefficients[[i]], "jawpose": jaw[None], "globalpose": head[None]},
            "smirk": {"expression_params": coefficients[i], "jaw_params": jaw, "pose_params": head,
                      "eyelid_params": np.zeros(2)},
        }  # fmt: skip
        for name, array in arrays[kind].items():
            np.save(folder / f"{name}.npy", array)
    first = next(name for name in ("exp", "expression_params") if name in arrays[kind])
    for chosen in (tmp_path, tmp_path / "clip95_000" / f"{first}.npy"):
        back = recordings.read(chosen, recordings.Options(fps=30, axes=spanning))
        np.testing.assert_allclose(back.time, np.arange(12) / 30)
        assert (back.found == made.found).all()
        np.testing.assert_allclose(back["head"], made["head"], atol=1e-5)
        np.testing.assert_allclose(back["jaw"], made["jaw"], atol=1e-5)
        known = np.delete(np.arange(39), TONGUE)
        np.testing.assert_allclose(back["expression"][:, known], made["expression"][:, known], atol=3e-3)


def test_all_frames_in_one_array_each(tmp_path, axes):
    made = performance(6, gaps=())
    np.save(tmp_path / "exp.npy", np.zeros((6, 50)))
    np.save(tmp_path / "pose.npy", np.hstack([made["head"], made["jaw"]]))
    back = flame_sequence.read(tmp_path / "exp.npy", axes)
    np.testing.assert_allclose(back["jaw"], made["jaw"], atol=1e-6)
    assert len(back) == 6 and not back["expression"].any() and back.time[1] == 1 / flame_sequence.FPS


def test_one_npz_a_frame(tmp_path, axes):
    for i in range(3):
        np.savez(tmp_path / f"{i:05d}.npz", expr=np.zeros((1, 100)), jaw_pose=np.full((1, 3), i / 10))
    made = recordings.read(tmp_path, recordings.Options(axes=axes))
    np.testing.assert_allclose(made["jaw"][:, 0], [0.0, 0.1, 0.2], atol=1e-6)


def test_weights_never_leave_0_to_1(axes):
    rng = np.random.default_rng(1)
    wild = rng.normal(0, 3, (20, 100))
    expression, eyelids = flame_basis.from_coefficients(wild, np.zeros((20, 2, 2)), axes)
    both = np.hstack([expression, eyelids])
    assert both.min() >= 0 and both.max() <= 1 and both.max() > 0.5


def test_coefficients_without_a_model_say_what_to_do(tmp_path):
    np.savez(tmp_path / "a.npz", expr=np.zeros((2, 100)))
    with pytest.raises(FieldsError, match="your own FLAME model"):
        recordings.read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"expr": np.zeros((0, 100))},
        {"expr": np.zeros((2, 101))},
        {"expr": np.full((2, 100), np.nan)},
        {"expr": np.full((2, 100), 1e30)},
        {"expr": np.array(["a", "b"])},
        {"expr": np.zeros((2, 100)), "jaw_pose": np.zeros((3, 3))},
        {"expr": np.zeros((2, 100)), "jaw_pose": np.zeros((2, 6))},
        {"expr": np.zeros((2, 100)), "eyes_pose": np.full((2, 6), 1e200)},
        {"jaw_pose": np.zeros((2, 3))},
        {"expr": np.array([{"a": 1}], dtype=object)},
    ],
)
def test_coefficients_that_make_no_sense(tmp_path, axes, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(FieldsError) as caught:
        flame_sequence.read(tmp_path / "a.npz", axes)
    assert "\n" not in str(caught.value)


@seed(3)
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_odd_arrays_give_a_track_or_a_sentence(tmp_path, data):
    names = st.sampled_from([name for names in flame_names.NAMES.values() for name in names.split()])
    shapes = st.lists(st.sampled_from([0, 1, 2, 3, 6, 100]), max_size=3)
    values = st.sampled_from([0.0, 0.1, -1.0, np.nan, np.inf, 1e9, 2**40])
    chosen = data.draw(st.dictionaries(names, st.tuples(shapes, values, st.sampled_from("fdiUb")), max_size=5))
    with np.errstate(all="ignore"):
        arrays = {name: np.full(shape, value, float) for name, (shape, value, _) in chosen.items()}
        arrays = {n: a.astype(chosen[n][2]) if np.isfinite(a).all() else a for n, a in arrays.items()}
    np.savez(tmp_path / "a.npz", expr=np.zeros((2, 3)), **{n: a for n, a in arrays.items() if n != "expr"})
    try:
        check(flame_sequence.read(tmp_path / "a.npz", np.ones((100, VERTICES, 3))))
    except FieldsError as error:
        assert "\n" not in str(error)


def check(made):
    assert np.isfinite(weights_of(made)[made.found]).all() and (np.diff(made.time) > 0).all()
