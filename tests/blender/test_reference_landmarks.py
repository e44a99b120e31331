"""Landmarks over the reference view: they lie on the picture where they lie in it, and go with what is shown."""

from typing import Any

import numpy as np
import pytest

from tests.blender.test_strips import add_movie
from tools.build_extension import SAMPLE

bpy: Any = pytest.importorskip("bpy")


@pytest.fixture
def view(part):
    return part("operators.reference_view")


@pytest.fixture
def images(part):
    return part("operators.reference_images")


@pytest.fixture
def landmarks(part):
    return part("operators.reference_landmarks")


@pytest.fixture
def shown(scene, footage, images):
    """The empty that shows the sample clip from frame 11 to 16."""
    scene.render.fps = 30
    strip = add_movie(scene, SAMPLE, start=11)
    strip.frame_final_end = 17
    footage(strip)
    bpy.ops.fields.reference_view()
    (empty,) = images.references(scene)
    bpy.context.view_layer.update()
    return empty


def test_what_is_kept_is_what_was_seen(landmarks, shown):
    generator = np.random.default_rng(0)
    points = generator.uniform(-0.1, 1.1, (5, 7, 2))
    points[2] = np.nan
    landmarks.keep(shown, np.arange(5) / 30, points)
    time, again = landmarks.kept(shown)
    assert np.allclose(time, np.arange(5) / 30)
    assert np.isnan(again[2]).all()
    assert np.allclose(np.delete(again, 2, 0), np.delete(points, 2, 0).clip(0, 1), atol=1e-5)
    for nonsense in ("text", [1, 2, 3], {"a": 1}):
        shown["fields_landmarks"] = nonsense
        assert landmarks.kept(shown) is None


@pytest.mark.parametrize(("width", "height"), [(64, 64), (160, 90), (90, 160)])
def test_they_lie_where_blender_draws_the_picture(landmarks, shown, width, height):
    """Its longer side has the size of the empty, and its middle is where the empty is."""
    shown.data["fields_reference"] = [width, height]
    size = shown.empty_display_size
    half = np.array([width, height]) / max(width, height) * size / 2
    right, up, out, middle = (np.array(shown.matrix_world.col[i][:3]) for i in range(4))
    corners = landmarks.in_world(shown, np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.5]]))
    expected = middle + np.outer([-half[0], half[0], half[0], 0], right) + np.outer([half[1], half[1], -half[1], 0], up)
    assert np.allclose(corners, expected + out * landmarks.LIFT * size, atol=1e-5)


def test_each_frame_has_those_of_what_it_shows(scene, landmarks, shown, part):
    assert landmarks.lines_now(scene) is None
    assert bpy.ops.fields.reference_landmarks() == {"FINISHED"} and scene.fields.show_landmarks
    time, points = landmarks.kept(shown)
    assert len(time) == 6 and np.isfinite(points).all()
    edges = part("fields_blender.capture.seen_lines").EDGES
    for frame, row in ((1, 0), (11, 0), (13, 2), (16, 5), (40, 5)):
        scene.frame_set(frame)
        assert np.allclose(landmarks.lines_now(scene), landmarks.in_world(shown, points[row])[edges.ravel()])
    # A face that is turned to the camera has its eyes above its lips, and both within the picture.
    assert (points > 0).all() and (points < 1).all()
    shown.hide_set(True)
    assert landmarks.lines_now(scene) is None
    shown.hide_set(False)
    assert bpy.ops.fields.reference_landmarks() == {"FINISHED"} and not scene.fields.show_landmarks
    assert landmarks.lines_now(scene) is None and landmarks.kept(shown) is not None


def test_they_go_when_something_else_is_shown(scene, landmarks, shown, view):
    bpy.ops.fields.reference_landmarks()
    next(iter(scene.sequence_editor.strips if hasattr(scene.sequence_editor, "strips") else
              scene.sequence_editor.sequences)).frame_start += 5  # fmt: skip
    view.follow(scene)
    assert landmarks.kept(shown) is None and landmarks.lines_now(scene) is None
    bpy.ops.fields.reference_remove()
    with pytest.raises(RuntimeError, match="no reference view"):
        bpy.ops.fields.reference_landmarks()
