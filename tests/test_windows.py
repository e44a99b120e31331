"""The windows around eyes and mouth: laws on a painted picture, with landmarks whose places are known."""

import numpy as np
import pytest

from fields_blender.windows import EYE, EYE_RAISED, EYE_SIDE, MOUTH, MOUTH_LOWERED, MOUTH_SIDE, windows

WIDTH, HEIGHT = 1280, 960
# Where the landmarks that place the windows lie on an upright face, in distances between the outer eye corners.
FACE = {
    33: (-0.5, 0.0, 0.0), 133: (-0.21, 0.0, -0.07), 362: (0.21, 0.0, -0.07), 263: (0.5, 0.0, 0.0),
    168: (0.0, -0.05, -0.23), 10: (0.0, -0.6, -0.15), 2: (0.0, 0.45, -0.3),
}  # fmt: skip
MIRRORED = {33: 263, 263: 33, 133: 362, 362: 133}


def face(middle=(640.0, 480.0), size=160.0, angle=0.0) -> np.ndarray:
    """(478, 3) px: a face turned by `angle` rad in the picture, clockwise as seen."""
    landmarks = np.zeros((478, 3))
    for index, place in FACE.items():
        landmarks[index] = place
    c, s = np.cos(angle), np.sin(angle)
    landmarks[:, :2] = landmarks[:, :2] @ np.array([[c, s], [-s, c]])
    return landmarks * size + (*middle, 0.0)


def picture(middle=(640.0, 480.0), size=160.0, angle=0.0) -> np.ndarray:
    """A smooth picture without symmetry that turns and grows with such a face."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    c, s = np.cos(angle), np.sin(angle)
    u = (c * (x - middle[0]) + s * (y - middle[1])) / size
    v = (-s * (x - middle[0]) + c * (y - middle[1])) / size
    waves = [np.sin(5 * u + 2 * v), np.sin(3 * v - 4 * u + 1), np.cos(7 * u * np.cos(v) + 2)]
    return np.round(127.5 + 120 * np.stack(waves, axis=2)).astype(np.uint8)


def near(a: np.ndarray, b: np.ndarray, most: int = 3) -> None:
    assert np.abs(a.astype(int) - b.astype(int)).max() <= most


def test_sizes_and_margins():
    eyes, mouth = windows(picture(), face())
    assert eyes.shape == (2, EYE, EYE, 3) and mouth.shape == (MOUTH, MOUTH, 3)
    assert eyes.dtype == mouth.dtype == np.uint8
    wide_eyes, wide_mouth = windows(picture(), face(), 4, 6)
    np.testing.assert_array_equal(wide_eyes[:, 4:-4, 4:-4], eyes)
    np.testing.assert_array_equal(wide_mouth[6:-6, 6:-6], mouth)


def test_the_windows_are_rgb():
    plain = np.full((HEIGHT, WIDTH, 3), (10, 20, 30), np.uint8)
    for part in windows(plain, face()):
        assert (part == (30, 20, 10)).all()


@pytest.mark.parametrize("angle", [0.3, -1.1, 2.9])
def test_a_turned_picture_shows_the_same_windows(angle):
    before, after = windows(picture(), face()), windows(picture(angle=angle), face(angle=angle))
    for a, b in zip(before, after, strict=True):
        near(a, b)


@pytest.mark.parametrize("size", [70.0, 110.0, 230.0, 400.0])
def test_a_larger_face_shows_the_same_windows(size):
    before, after = windows(picture(), face()), windows(picture(size=size), face(size=size))
    for a, b in zip(before, after, strict=True):
        near(a, b, 6)


def test_in_a_mirrored_picture_the_eyes_change_places():
    landmarks = face(angle=0.2)
    other = landmarks * (-1, 1, 1) + (WIDTH, 0, 0)
    for index, twin in MIRRORED.items():
        other[index] = landmarks[twin] * (-1, 1, 1) + (WIDTH, 0, 0)
    eyes, mouth = windows(picture(), landmarks)
    other_eyes, other_mouth = windows(np.ascontiguousarray(picture()[:, ::-1]), other)
    near(other_eyes[::-1], eyes, 1)
    near(other_mouth[:, ::-1], mouth, 1)


def spot(image: np.ndarray) -> np.ndarray:
    """(2,) x, y of a white spot on black, (0, 0) the top left corner of the top left pixel."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    weight = image[..., 0].astype(float)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("size", [90.0, 160.0, 330.0])
@pytest.mark.parametrize("angle", [0.0, 0.5])
@pytest.mark.parametrize("index", [362, 263, 133, 33, 2])
def test_a_spot_at_a_landmark_lands_where_the_geometry_says(size, angle, index):
    landmarks = face(size=size, angle=angle)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    reach = size / 40
    near_it = np.exp(-((x - landmarks[index, 0]) ** 2 + (y - landmarks[index, 1]) ** 2) / (2 * reach**2))
    eyes, mouth = windows(np.repeat((250 * near_it).astype(np.uint8)[..., None], 3, axis=2), landmarks)
    if index == 2:
        window, place = mouth, np.array([0.5, 0.5 - MOUTH_LOWERED / MOUTH_SIDE]) * MOUTH
    else:
        # An eye's inner corner is on the left of its window, the right eye's window is mirrored.
        outer = 1.0 if index in (33, 263) else -1.0
        window = eyes[0 if index in (362, 263) else 1]
        place = np.array([0.5 + outer * 0.145 / EYE_SIDE, 0.5 + EYE_RAISED / EYE_SIDE]) * EYE
    # The average face of this file looks up by nothing: its forehead lies as deep as the middle between its eyes.
    np.testing.assert_allclose(spot(window), place, atol=0.25)


def test_a_head_that_nods_raises_the_windows_less():
    upright, nodding = face(), face()
    c, s = np.cos(0.6), np.sin(0.6)
    nodding -= (640, 480, 0)
    nodding[:, 1:] = nodding[:, 1:] @ np.array([[c, s], [-s, c]])
    nodding += (640, 480, 0)
    shown = picture()
    # Moving the landmarks along with the change of the raise must give the same window again.
    for landmarks, raised in ((upright, EYE_RAISED), (nodding, EYE_RAISED * c)):
        corners = landmarks[[362, 263], :2].mean(axis=0)
        pixel = windows(shown, landmarks)[0][0, EYE // 2 - 1 : EYE // 2 + 1, EYE // 2 - 1 : EYE // 2 + 1].mean((0, 1))
        x, y = np.round(corners - (0, raised * 160)).astype(int)
        near(pixel, shown[y - 1 : y + 1, x - 1 : x + 1, ::-1].mean((0, 1)), 4)


def test_at_the_edge_of_the_picture_its_edge_repeats():
    shown = picture()
    eyes, mouth = windows(shown, face(middle=(0.0, 0.0)))
    np.testing.assert_array_equal(
        eyes[1][: EYE // 2, EYE // 2 :], np.broadcast_to(shown[0, 0, ::-1], (EYE // 2,) * 2 + (3,))
    )
    far, _ = windows(shown, face(middle=(9000.0, -4000.0)))
    np.testing.assert_array_equal(far, np.broadcast_to(shown[0, -1, ::-1], far.shape))
    assert mouth.shape == (MOUTH, MOUTH, 3)


@pytest.mark.parametrize("landmarks", [np.zeros((478, 3)), np.full((478, 3), 77.0)])
def test_landmarks_in_one_place_give_windows_all_the_same(landmarks):
    eyes, mouth = windows(picture(), landmarks)
    assert eyes.shape == (2, EYE, EYE, 3) and mouth.shape == (MOUTH, MOUTH, 3)
