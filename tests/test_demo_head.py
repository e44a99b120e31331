"""The demo head's file: what an animator relies on, measured on the geometry."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, LOOK_SIDE, LOOK_UP_DOWN
from fields_blender.geometry import demo_head

FILE = Path(__file__).parent.parent / "models" / "demo_head.npz"


@pytest.fixture(scope="module")
def head() -> demo_head.DemoHead:
    return demo_head.load(FILE)


def posed(head: demo_head.DemoHead, **weights: float) -> np.ndarray:
    vertices = head.vertices.copy()
    for name, weight in weights.items():
        moved, by = head.keys[name]
        vertices[moved] += weight * by
    return vertices


def of(head: demo_head.DemoHead, *materials: str) -> np.ndarray:
    """Vertices of the faces with these materials."""
    wanted = [head.materials.index(name) for name in materials]
    return np.unique(head.corner_vertex[np.repeat(np.isin(head.face_material, wanted), head.face_size)])


def eyeball(head: demo_head.DemoHead, side: float) -> np.ndarray:
    eye = of(head, "sclera", "iris", "pupil")
    return eye[head.vertices[eye, 0] * side > 0]


def seen_from_front(head: demo_head.DemoHead, vertices: np.ndarray, x: float, y: np.ndarray) -> list[str]:
    """Material of the foremost face at (x, y) for each y, looking along -z."""
    starts = np.cumsum(head.face_size) - head.face_size
    triangles, kinds = [], []
    for start, size, kind in zip(starts, head.face_size, head.face_material, strict=True):
        corners = head.corner_vertex[start : start + size]
        for k in range(1, size - 1):
            triangles.append((corners[0], corners[k], corners[k + 1]))
            kinds.append(kind)
    corners, kinds = vertices[np.array(triangles)], np.array(kinds)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        names = []
        for height in y:
            wb = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (height - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
            wc = ((b[:, 0] - a[:, 0]) * (height - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
            hit = (wb >= 0) & (wc >= 0) & (wb + wc <= 1)
            depth = np.where(hit, (1 - wb - wc) * a[:, 2] + wb * b[:, 2] + wc * c[:, 2], -np.inf)
            names.append(head.materials[kinds[np.argmax(depth)]])
    return names


def test_it_is_small_and_has_every_arkit_key(head):
    assert FILE.stat().st_size < 4e6
    assert list(head.keys) == ARKIT
    for name, (moved, by) in head.keys.items():
        assert np.linalg.norm(by, axis=1).max() > 0.002, name  # each does something one can see
        assert np.isfinite(by).all() and moved.max() < len(head.vertices), name


def test_mesh_is_sound(head):
    assert head.face_size.sum() == len(head.corner_vertex) == len(head.corner_uv)
    assert set(head.face_size) <= {3, 4}
    assert len(np.unique(head.corner_vertex)) == len(head.vertices)  # no loose vertex
    assert head.corner_uv.min() >= 0.0 and head.corner_uv.max() <= 1.0
    size = np.ptp(head.vertices, axis=0)
    assert 0.22 < size[1] < 0.28  # a grown-up's head and neck, in metres
    np.testing.assert_allclose(sum(head.weights.values()), 1.0, atol=0.01)


def test_left_is_the_subjects_left(head):
    for name, (moved, by) in head.keys.items():
        if name.startswith("mouth"):
            continue  # the mouth moves as a whole a little
        x = np.average(head.vertices[moved, 0], weights=np.linalg.norm(by, axis=1))
        if name.endswith("Left") and not name.startswith("jaw"):
            assert x > 0.01, name
        if name.endswith("Right") and not name.startswith("jaw"):
            assert x < -0.01, name


@pytest.mark.parametrize(("side", "sign"), [("Left", 1.0), ("Right", -1.0)])
def test_blink_shuts_completely(head, side, sign):
    eye = head.vertices[eyeball(head, sign)]
    centre = eye.mean(axis=0)
    heights = centre[1] + np.linspace(-0.009, 0.009, 37)
    white = {"sclera", "iris", "pupil"}
    for across in (-0.006, -0.003, 0.0, 0.003, 0.006):
        open_ = seen_from_front(head, head.vertices, centre[0] + across, heights)
        assert white & set(open_)  # otherwise the test looks beside the eye
        shut = seen_from_front(head, posed(head, **{f"eyeBlink{side}": 1.0}), centre[0] + across, heights)
        assert not white & set(shut), (across, shut)


def test_lids_stay_in_front_of_the_eye_half_way(head):
    half = posed(head, eyeBlinkLeft=0.5)
    eye = head.vertices[eyeball(head, 1.0)]
    centre = eye.mean(axis=0)
    heights = centre[1] + np.linspace(-0.011, 0.011, 45)
    for across in (-0.004, 0.0, 0.004):
        names = seen_from_front(head, half, centre[0] + across, heights)
        seen = [name in {"sclera", "iris", "pupil"} for name in names]
        # One opening only: no eyeball poking through a lid above or below it.
        assert np.abs(np.diff(seen)).sum() == 2, names


def test_lips_are_sealed_at_rest_and_with_the_jaw_down(head):
    middle = head.vertices[of(head, "lip")].mean(axis=0)
    inside = {"mouth", "teeth", "gum", "tongue"}
    for weights in ({}, {"jawOpen": 0.5, "mouthClose": 0.5}, {"jawOpen": 1.0, "mouthClose": 1.0}):
        vertices = posed(head, **weights)
        lips = vertices[of(head, "lip")]
        heights = np.arange(lips[:, 1].min(), lips[:, 1].max(), 0.0004)
        for x in (-0.012, -0.006, 0.0, 0.006, 0.012):
            assert not inside & set(seen_from_front(head, vertices, middle[0] + x, heights)), (weights, x)
    opened = posed(head, jawOpen=1.0)
    lips = opened[of(head, "lip")]
    assert inside & set(seen_from_front(head, opened, 0.0, np.arange(lips[:, 1].min(), lips[:, 1].max(), 0.0004)))


def test_jaw_takes_the_lower_teeth_and_the_tongue(head):
    moved = posed(head, jawOpen=1.0) - head.vertices
    teeth = of(head, "teeth")
    lower = teeth[head.weights["jaw"][teeth] > 0.5]
    upper = teeth[head.weights["jaw"][teeth] < 0.5]
    assert len(lower) and len(upper)
    assert moved[lower, 1].max() < -0.005
    assert np.abs(moved[upper]).max() < 1e-6
    assert moved[of(head, "tongue"), 1].mean() < -0.005


@pytest.mark.parametrize(("side", "sign"), [("Left", 1.0), ("Right", -1.0)])
def test_gaze_keys_turn_the_eye_by_the_contracts_angles(head, side, sign):
    iris = np.intersect1d(of(head, "pupil"), eyeball(head, sign))
    centre = head.bones["eye.L" if sign > 0 else "eye.R"][1]
    for name, axis, direction, angle in (
        ("Out", 0, sign, LOOK_SIDE),
        ("In", 0, -sign, LOOK_SIDE),
        ("Up", 1, 1.0, LOOK_UP_DOWN),
        ("Down", 1, -1.0, LOOK_UP_DOWN),
    ):
        ray = (posed(head, **{f"eyeLook{name}{side}": 1.0})[iris]).mean(axis=0) - centre
        turned = np.arctan2(ray[axis] * direction, ray[2])
        assert turned == pytest.approx(angle, abs=0.02), name


def test_bones_are_where_they_should_be(head):
    assert {name: parent for name, (parent, _, _) in head.bones.items()} == {
        "neck": "",
        "head": "neck",
        "jaw": "head",
        "eye.L": "head",
        "eye.R": "head",
    }
    for name, sign in (("eye.L", 1.0), ("eye.R", -1.0)):
        eye = eyeball(head, sign)
        low, high = head.vertices[eye].min(axis=0), head.vertices[eye].max(axis=0)
        np.testing.assert_allclose(head.bones[name][1], (low + high) / 2, atol=0.001)
        assert head.weights[name][eye].min() > 0.99


def test_a_broken_file_is_named(tmp_path):
    broken = tmp_path / "demo_head.npz"
    broken.write_bytes(FILE.read_bytes()[:5000])
    with pytest.raises(FieldsError, match="Install"):
        demo_head.load(broken)
    with pytest.raises(FieldsError, match="Install"):
        demo_head.load(tmp_path / "absent.npz")
