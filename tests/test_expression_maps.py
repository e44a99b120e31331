"""Where the windows of `expression_maps` lie, and what is seen in them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("onnxruntime")

from fields_blender.capture import expression_maps
from fields_blender.capture.expression_maps import CELLS, CLOSE_UPS, MAP_WINDOWS, ExpressionMaps, Maps, window
from fields_blender.capture.face_crop import CROP
from fields_blender.core.errors import FieldsError
from tests import make_networks

MODELS = Path(__file__).parent.parent / "models"


@pytest.fixture
def points() -> np.ndarray:
    """(478, 2): landmarks of a face 90 px wide between the outer corners of its eyes, seen from the front."""
    points = np.full((478, 2), 160.0)
    places = {33: (115, 140), 133: (140, 140), 362: (180, 140), 263: (205, 140), 168: (160, 138), 9: (160, 128)}
    places |= {13: (160, 208), 14: (160, 212), 61: (138, 210), 291: (182, 210), 5: (160, 178), 2: (160, 190)}
    for i, place in places.items():
        points[i] = place
    return points


def test_windows_lie_on_what_they_are_named_for(points):
    (mouth, right, left), (_, _, _, brows, nose) = (
        [window(points, *w) for w in each] for each in (MAP_WINDOWS, CLOSE_UPS)
    )
    np.testing.assert_allclose(mouth, (160, 210, 0.95 * 90))
    np.testing.assert_allclose(right, (127.5, 140 - 0.1 * 90, 0.7 * 90))
    np.testing.assert_allclose(left, (192.5, 140 - 0.1 * 90, 0.7 * 90))
    np.testing.assert_allclose(brows, (160, 133, 0.6 * 90))
    np.testing.assert_allclose(nose, (160, 184, 90))


def test_a_face_that_turns_away_keeps_its_size(points):
    """To the side the eyes come together, and the height of the face stays."""
    turned = points.copy()
    turned[:, 0] = 160 + 0.5 * (turned[:, 0] - 160)
    assert window(turned, *MAP_WINDOWS[0])[2] == pytest.approx(0.95 * 1.25 * 70)
    assert window(np.zeros((478, 2)), *MAP_WINDOWS[0])[2] > 0


def test_maps_are_sampled_where_the_window_lies(points):
    """On maps that say where they are, each cell of a window gives its own place; outside, that of the edge."""
    at = (np.arange(32) + 0.5) * CROP / 32
    maps = np.stack(np.broadcast_arrays(at[None, :], at[:, None])).astype(np.float32)
    found = expression_maps._resampled(maps, points, *MAP_WINDOWS[0])
    steps = 0.95 * 90 * ((np.arange(CELLS) + 0.5) / CELLS - 0.5)
    np.testing.assert_allclose(found[0], np.broadcast_to(160 + steps, (CELLS, CELLS)), atol=0.01)
    np.testing.assert_allclose(found[1], np.broadcast_to(210 + steps[:, None], (CELLS, CELLS)), atol=0.01)
    beyond = expression_maps._resampled(maps, points - 300, *MAP_WINDOWS[0])
    np.testing.assert_allclose(beyond, at[0])


def test_a_close_up_shows_its_window(points):
    ramp = np.broadcast_to(np.arange(CROP) / CROP * 255, (CROP, CROP)).astype(np.uint8)
    seen = expression_maps._close_up(np.dstack([ramp, ramp.T, ramp]), points, *CLOSE_UPS[4])
    assert seen.shape == (112, 112, 3)
    for channel, middle in ((0, 160), (1, 184)):
        row = seen[..., channel].mean(axis=channel).astype(float) / 255 * CROP
        np.testing.assert_allclose(row[[0, 56, 111]], (middle - 45, middle, middle + 45), atol=2)


@pytest.mark.skipif(not (MODELS / "face_maps.onnx").exists(), reason="the face networks are not there: make models")
def test_the_bundled_networks_see_the_face(points):
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (CROP, CROP, 3), np.uint8)
    networks = ExpressionMaps(MODELS, "cpu")
    maps, changed = networks.of_crop(crop, points), crop.copy()
    assert {n: v.shape for n, v in maps._asdict().items()} == {n: make_networks.MAPS[n] for n in Maps._fields}
    assert all(values.dtype == np.float16 and np.isfinite(values).all() for values in maps)
    changed[180:240, 120:200] = 0  # the mouth
    after = networks.of_crop(changed, points)
    assert (after.close_ups[0] != maps.close_ups[0]).any()
    for eye in (1, 2):
        np.testing.assert_array_equal(after.close_ups[eye], maps.close_ups[eye])
    np.testing.assert_array_equal(networks.of_crop(crop, points).near, maps.near)


def test_a_damaged_card_is_refused(tmp_path):
    (tmp_path / "face.json").write_text("{}")
    with pytest.raises(FieldsError, match="missing or damaged"):
        ExpressionMaps(tmp_path, "cpu")
