"""Head pose and frontal landmarks, as laws on faces whose pose is known."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.capture import pose
from fields_blender.capture.pose import RIGID_FACE, focal_length, frontal, head_pose
from fields_blender.core.errors import FieldsError
from fields_blender.core.rotation import multiply, to_quaternion, to_vector

WIDTH, HEIGHT = 1280, 720
CARD = json.loads(RIGID_FACE.read_text(encoding="utf-8"))
RIGID, POINTS = np.array(CARD["indices"]), np.array(CARD["points"])

angles = st.tuples(*[st.floats(-0.7, 0.7)] * 3).map(np.array)
places = st.tuples(st.floats(-3.0, 3.0), st.floats(-1.5, 1.5), st.floats(-30.0, -8.0)).map(np.array)


def face() -> np.ndarray:
    """(478, 3): a face made of the rigid points and, elsewhere, points on its middle line; mirrored onto itself."""
    points = np.zeros((478, 3))
    points[:, 1], points[:, 2] = np.linspace(-1.5, 1.0, 478), 0.3
    points[RIGID] = POINTS
    return points


def mirrored_index() -> np.ndarray:
    index = np.arange(478)
    for i, point in zip(RIGID, POINTS, strict=True):
        index[i] = RIGID[np.argmin(np.linalg.norm(POINTS * (-1, 1, 1) - point, axis=1))]
    return index


def matrix(vector: np.ndarray) -> np.ndarray:
    """Rodrigues' formula, apart from the library's quaternions."""
    angle = np.linalg.norm(vector)
    x, y, z = vector / max(angle, 1e-12)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def seen(points: np.ndarray, rotation: np.ndarray, place: np.ndarray, width: int = WIDTH, height: int = HEIGHT):
    """Landmarks (478, 3) px of a head in front of a pinhole camera; z as the landmark network gives it: along the line
    of sight, in the scale that x and y have in the picture there."""
    focal = focal_length(width, height)
    camera = points @ matrix(rotation).T + place
    pixels = np.stack(
        [width / 2 - focal * camera[:, 0] / camera[:, 2], height / 2 + focal * camera[:, 1] / camera[:, 2]], axis=1
    )
    sight = place / np.linalg.norm(place)
    # Around the sight line the picture is stretched by 1 / cos, along it from the middle by 1 / cos squared.
    scale = focal / np.linalg.norm(place) * (-sight[2]) ** -1.5
    return np.column_stack([pixels, (camera - place) @ sight * scale])


def degrees_between(a: np.ndarray, b: np.ndarray) -> float:
    quaternion = multiply(to_quaternion(a[None]) * (1, -1, -1, -1), to_quaternion(b[None]))
    return float(np.degrees(np.linalg.norm(to_vector(quaternion))))


@given(angles, places)
@settings(max_examples=60, deadline=None)
def test_the_pose_of_a_projected_head_comes_back(rotation, place) -> None:
    got, where = head_pose(seen(face(), rotation, place), WIDTH, HEIGHT)
    assert degrees_between(got, rotation) < 1.0
    np.testing.assert_allclose(where, place, atol=0.015 * np.linalg.norm(place))


def test_a_close_head_in_the_corner_of_the_picture_is_not_turned() -> None:
    got, where = head_pose(seen(face(), np.zeros(3), np.array([2.5, 1.2, -7.0])), WIDTH, HEIGHT)
    assert degrees_between(got, np.zeros(3)) < 1.5
    np.testing.assert_allclose(where, [2.5, 1.2, -7.0], rtol=0.02)


@pytest.mark.parametrize(
    ("turn", "column", "sign"),
    [
        ((0.4, 0, 0), 1, 1),  # head nods down: the nose goes down in the picture
        ((0, 0.4, 0), 0, 1),  # to the subject's left: the nose goes right in the picture
    ],
)
def test_turns_have_the_signs_of_the_contract(turn, column, sign) -> None:
    still = seen(face(), np.zeros(3), np.array([0, 0, -12.0]))
    turned = seen(face(), np.array(turn), np.array([0, 0, -12.0]))
    assert sign * (turned[4, column] - still[4, column]) > 10
    rotation, _ = head_pose(turned, WIDTH, HEIGHT)
    np.testing.assert_allclose(rotation, turn, atol=0.01)


@given(angles, places)
@settings(max_examples=30, deadline=None)
def test_frontal_undoes_the_pose(rotation, place) -> None:
    landmarks = seen(face(), rotation, place)
    got = frontal(landmarks, head_pose(landmarks, WIDTH, HEIGHT)[0], WIDTH, HEIGHT)
    corners = POINTS[np.isin(RIGID, [33, 133, 263, 362])]
    np.testing.assert_allclose(got[RIGID], POINTS - corners.mean(axis=0), atol=0.04)


@given(angles, places, st.floats(0.5, 3.0))
@settings(max_examples=30, deadline=None)
def test_the_size_of_the_picture_changes_nothing(rotation, place, times) -> None:
    landmarks = seen(face(), rotation, place)
    pose = head_pose(landmarks, WIDTH, HEIGHT)
    larger = head_pose(landmarks * times, WIDTH * times, HEIGHT * times)
    np.testing.assert_allclose(larger, pose, atol=1e-9)
    np.testing.assert_allclose(
        frontal(landmarks * times, pose[0], WIDTH * times, HEIGHT * times),
        frontal(landmarks, pose[0], WIDTH, HEIGHT),
        atol=1e-9,
    )


@given(angles, places, st.floats(0.5, 2.0))
@settings(max_examples=30, deadline=None)
def test_the_distance_of_the_head_hardly_changes_the_frontal_landmarks(rotation, place, times) -> None:
    near, far = seen(face(), rotation, place), seen(face(), rotation, place * times)
    a, b = (frontal(seen_, rotation, WIDTH, HEIGHT) for seen_ in (near, far))
    np.testing.assert_allclose(a[RIGID], b[RIGID], atol=0.04)


@given(angles, places)
@settings(max_examples=30, deadline=None)
def test_a_mirrored_picture_gives_the_mirrored_pose(rotation, place) -> None:
    landmarks = seen(face(), rotation, place)
    mirrored = landmarks[mirrored_index()] * (-1, 1, 1) + (WIDTH, 0, 0)
    turn, where = head_pose(landmarks, WIDTH, HEIGHT)
    other_turn, other_where = head_pose(mirrored, WIDTH, HEIGHT)
    np.testing.assert_allclose(other_turn, turn * (1, -1, -1), atol=1e-9)
    np.testing.assert_allclose(other_where, where * (-1, 1, 1), atol=1e-9)
    ours = frontal(landmarks, turn, WIDTH, HEIGHT)
    np.testing.assert_allclose(
        frontal(mirrored, other_turn, WIDTH, HEIGHT), ours[mirrored_index()] * (-1, 1, 1), atol=1e-9
    )


def test_the_mouth_does_not_move_the_head() -> None:
    landmarks = seen(face(), np.array([0.1, 0.2, 0.0]), np.array([0.5, 0, -12.0]))
    rotation, place = head_pose(landmarks, WIDTH, HEIGHT)
    landmarks[[13, 14, 17, 152, 61, 291]] += (5, 60, 10)
    moved, moved_place = head_pose(landmarks, WIDTH, HEIGHT)
    np.testing.assert_array_equal(moved, rotation)
    np.testing.assert_array_equal(moved_place, place)


def test_a_batch_is_its_rows_and_gaps_stay_gaps() -> None:
    rng = np.random.default_rng(4)
    landmarks = np.stack([seen(face(), rng.normal(size=3) / 4, np.array([0.3, 0.1, -9.0])) for _ in range(4)])
    landmarks[2] = np.nan
    rotation, place = head_pose(landmarks, WIDTH, HEIGHT)
    front = frontal(landmarks, rotation, WIDTH, HEIGHT)
    assert np.isnan(rotation[2]).all() and np.isnan(place[2]).all() and np.isnan(front[2]).all()
    for i in (0, 1, 3):
        one, where = head_pose(landmarks[i], WIDTH, HEIGHT)
        np.testing.assert_allclose(rotation[i], one, atol=1e-12)
        np.testing.assert_allclose(place[i], where, atol=1e-12)
        np.testing.assert_allclose(front[i], frontal(landmarks[i], one, WIDTH, HEIGHT), atol=1e-12)


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_a_damaged_description_of_the_face_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setattr(pose, "RIGID_FACE", tmp_path / "rigid_face.json")
    if text is not None:
        (tmp_path / "rigid_face.json").write_text(text)
    with pytest.raises(FieldsError, match="Reinstall"):
        pose.rigid_face.__wrapped__()  # pyright: ignore[reportFunctionMemberAccess] - without what it remembers
