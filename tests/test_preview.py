"""The small picture shown while capturing: the right part of the frame, the right way up, with what was found in it."""

import numpy as np
import pytest

from fields_blender.capture.face import Face
from fields_blender.capture.preview import AROUND, DOTS, FRAME, SIDE, picture

RED, BLUE = (0, 0, 200), (200, 0, 0)  # BGR


def halves(height=120, width=200):
    """Red above, blue below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2], image[height // 2 :] = RED, BLUE
    return image


def face(x0, y0, x1, y1):
    x, y = np.meshgrid(np.linspace(x0, x1, 22), np.linspace(y0, y1, 22))
    points = np.stack([x.ravel()[:478], y.ravel()[:478], 0 * x.ravel()[:478]], axis=1).astype(np.float32)
    nothing = np.zeros((3, 64, 8, 8), np.float16), np.zeros((3, 128, 4, 4), np.float16)
    return Face(points, 1.0, *nothing)


def test_without_a_face_it_is_the_whole_frame_darkened_with_the_lowest_row_first():
    made = picture(halves(), None)
    assert made.shape == (SIDE, SIDE, 4) and made.dtype == np.uint8 and made.flags.c_contiguous
    shown = made[..., 3] > 0
    rows = np.flatnonzero(shown.any(axis=1))
    assert shown.any(axis=0).all() and abs(len(rows) - SIDE * 120 / 200) <= 1
    assert abs((rows[0] + rows[-1] + 1) / 2 - SIDE / 2) <= 1
    np.testing.assert_array_equal(made[rows[2], SIDE // 2], (0, 0, 100, 255))
    np.testing.assert_array_equal(made[rows[-3], SIDE // 2], (100, 0, 0, 255))


def test_a_face_is_in_the_middle_with_its_box_and_its_dots():
    made = picture(halves(), face(80, 40, 120, 80))[::-1]
    box = (made == (*FRAME, 255)).all(axis=2)
    rows, columns = (np.flatnonzero(box.any(axis=axis)) for axis in (1, 0))
    for found in (rows, columns):
        assert abs(found[-1] - found[0] - SIDE / AROUND) <= 2 and abs(found[0] + found[-1] - SIDE) <= 3
    assert (made == (*DOTS, 255)).all(axis=2).sum() > 300
    np.testing.assert_array_equal(made[5, 5], (200, 0, 0, 255))
    np.testing.assert_array_equal(made[-6, 5], (0, 0, 200, 255))


@pytest.mark.parametrize(
    "box", [(-30, -30, 10, 10), (190, 110, 260, 180), (300, 300, 340, 340), (50, 50, 50, 50), (-500, -500, 900, 900)]
)
def test_a_face_that_reaches_out_of_the_frame_is_shown_as_far_as_it_is_in(box):
    made = picture(halves(), face(*box))
    assert made.shape == (SIDE, SIDE, 4)


def test_the_frame_itself_is_left_alone():
    image = halves()
    picture(image, face(80, 40, 120, 80))
    np.testing.assert_array_equal(image, halves())
