"""What heads by other authors are asked to show in the evaluation."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.names import ARKIT
from tools import shared_data
from training.evaluation import families, foreign_heads, measures

MISSING = ("tongueOut", "mouthClose")
VROID = shared_data.find("data", "rigs", "vroid_arkit_visemes.glb")
BLINK = ARKIT.index("eyeBlinkLeft")


def made_up(present: np.ndarray) -> foreign_heads.Head:
    """A skin of one triangle, which every present shape moves, and two eyeballs: six points around each centre."""
    centers, radii = np.array([[3.0, 0, 0], [-3.0, 0, 0]]), np.array([1.2, 1.2])
    ball = np.concatenate([np.eye(3), -np.eye(3)])
    vertices = np.concatenate([np.eye(3) - [0, 6, 0], *(c + r * ball for c, r in zip(centers, radii, strict=True))])
    shapes = np.zeros((52, len(vertices), 3))
    shapes[present, 0, 2] = 1.0
    triangles = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12, 13, 14]])
    return foreign_heads.Head(
        "madeup", Path(), vertices, shapes, present, triangles, np.array([0, 1, 1, 2, 2]),
        ["skin", "eye_left", "eye_right"], np.zeros(5, int), np.ones((1, 3)), [""], [""], np.zeros((0, 2)),
        np.full((5, 3), -1), centers, radii,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    return made_up(np.ones(52, bool))


@pytest.fixture(scope="module")
def partial():
    return made_up(np.array([name not in MISSING for name in ARKIT]))


def test_stills_are_many_and_the_first_one_is_neutral(whole):
    script = foreign_heads.stills(whole)
    kinds = [foreign_heads.KINDS[kind] for kind in script.kind]
    assert len(script.weights) >= 110
    assert kinds[0] == "neutral" and kinds.count("neutral") == 1
    assert not script.weights[0].any() and np.allclose(script.turns[0], np.eye(3))
    assert script.weights.min() >= 0 and script.weights.max() <= 1
    alone = script.weights[[kind == "single" for kind in kinds]]
    assert len(alone) == 52 and (alone.max(axis=0) == 1).all()


def test_every_emotion_is_shown_and_labelled(whole):
    script = foreign_heads.stills(whole)
    shown = script.kind == foreign_heads.KINDS.index("emotion")
    assert sorted(script.emotion[shown, 1:].argmax(axis=1)) == sorted([*range(7), *range(7)])
    assert np.allclose(script.emotion[shown].sum(axis=1), 1)
    assert np.allclose(script.emotion[shown, 1:].max(axis=1), script.intensity[shown])


@pytest.mark.parametrize("number", [1, 2])
def test_videos_begin_with_a_second_of_rest_and_blink_after_it(whole, number):
    script = foreign_heads.video(whole, number)
    assert len(script.time) == 100 and script.time[0] == 0 and script.time[-1] == pytest.approx(4 - 1 / 25)
    rest = script.time < 1
    assert not script.weights[rest].any() and not script.intensity[rest].any()
    assert script.weights[~rest].any()
    blinks = measures.spans(script.weights[:, BLINK] > 0.5)
    assert len(blinks) >= 2 and all(script.time[first] >= 1 for first, _ in blinks)
    assert script.intensity[-1] >= 0.6
    assert np.allclose(script.turns @ script.turns.transpose(0, 2, 1), np.eye(3))


def test_only_channels_that_the_head_has_move(whole, partial):
    missing = [ARKIT.index(name) for name in MISSING]
    scripts = [foreign_heads.stills(partial), foreign_heads.video(partial, 1), foreign_heads.video(partial, 2)]
    assert not any(script.weights[:, missing].any() for script in scripts)
    assert foreign_heads.stills(whole).weights[:, missing].any()
    assert not partial.motion[missing].any() and (np.delete(partial.motion, missing) > 0.02).all()


def test_the_same_head_is_asked_the_same_again(whole):
    assert np.array_equal(foreign_heads.stills(whole).weights, foreign_heads.stills(whole).weights)
    assert not np.array_equal(foreign_heads.video(whole, 1).weights, foreign_heads.video(whole, 2).weights)


def test_eyes_turn_about_their_centres_to_where_they_look(whole):
    """Left is the subject's left, +x; up is +y."""
    for names, axis in ((("eyeLookOutLeft", "eyeLookInRight"), 0), (("eyeLookUpLeft", "eyeLookUpRight"), 1)):
        weights = np.zeros(52)
        weights[[ARKIT.index(name) for name in names]] = 1
        posed = whole.posed(weights)
        for side, name in enumerate(("left", "right")):
            rows = whole.rows(f"eye_{name}")
            front = rows[whole.vertices[rows, 2].argmax()]
            moved = posed[front] - whole.vertices[front]
            assert moved[axis] > 0.2 and abs(moved[1 - axis]) < 1e-9
            radius = np.linalg.norm(posed[rows] - whole.eye_centers[side], axis=1)
            assert np.allclose(radius, whole.eye_radii[side])


def test_the_heads_that_are_here_are_all_in_the_table_of_families():
    folder = foreign_heads_folder()
    if not folder.exists():
        pytest.skip(f"no heads in {folder}")
    known = {head for heads in families.OTHERS.values() for head in heads}
    assert {path.stem for path in folder.glob("*.npz")} <= known
    assert families.VALIDATION in families.OTHERS and not known & set(families.TRAINED)
    for path in folder.glob("*.npz"):
        head = foreign_heads.load(path)
        assert head.shapes.shape[0] == len(head.present) == 52
        assert len(foreign_heads.stills(head).weights) == 58 + head.present.sum() + 2


def foreign_heads_folder() -> Path:
    from tools import shared_data

    return shared_data.find("data", "heads")


def test_a_bone_turns_its_points_as_its_file_says():
    pytest.importorskip("cv2")
    from training.evaluation import vroid_head

    half = np.sqrt(0.5)
    matrix = vroid_head.local({"translation": [1, 2, 3], "rotation": [0, 0, half, half], "scale": [2, 1, 1]})
    assert np.allclose(matrix @ [1, 0, 0, 1], [1, 4, 3, 1]), "a quarter turn about z takes x to y"
    assert np.allclose(vroid_head.local({"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]})[:3, 3], [5, 6, 7])


@pytest.mark.skipif(not VROID.exists(), reason="the VRoid head is not in the shared data")
def test_a_stylised_head_stands_like_the_others(tmp_path):
    pytest.importorskip("cv2"), pytest.importorskip("meshopt")
    from training.evaluation import vroid_head

    np.savez(tmp_path / "vroid.npz", **vroid_head.head(vroid_head.Figure(VROID), tmp_path))
    head = foreign_heads.load(tmp_path / "vroid.npz")
    assert head.eye_centers[0, 0] > 2 > -2 > head.eye_centers[1, 0], "the left eye first, to the subject's left"
    assert np.allclose(head.eye_centers.mean(axis=0), 0, atol=1e-6)
    moved = {name: np.linalg.norm(head.shapes[ARKIT.index(name)], axis=1) for name in ("jawOpen", "eyeBlinkLeft")}
    place = {name: np.average(head.vertices, axis=0, weights=size) for name, size in moved.items()}
    assert place["jawOpen"][1] == pytest.approx(-7, abs=0.5) and place["eyeBlinkLeft"][0] > 2
    skin = head.vertices[head.rows("skin")]
    assert skin[:, 2].max() > 0, "the face looks along z"
    absent = {name for name, there in zip(ARKIT, head.present, strict=True) if not there}
    assert {"cheekPuff", "tongueOut", "jawLeft"} <= absent
    assert not absent & {"jawOpen", "eyeBlinkLeft", "mouthSmileLeft"}
    assert all((tmp_path / name).exists() for name in (*head.textures, *head.alphas) if name)
