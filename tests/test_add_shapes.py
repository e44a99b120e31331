"""Our shapes carried over to heads of other meshes."""

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.flame import flame_basis
from fields_blender.geometry import align, surface
from fields_blender.rig import add_shapes, face_parts, reference_head
from fields_blender.rig.reference_head import MOUTH_PARTS
from fields_blender.rig.skin_transfer import TargetHead
from training.flame import flame

MM = 0.001
needs_flame = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")


@pytest.fixture(scope="module")
def made() -> dict[str, np.ndarray]:
    head = flame.load()
    landmarks = align.landmarks_of(head.template, head.triangles)
    shapes = add_shapes.add_shapes(head.template, head.triangles.astype(np.int64), landmarks)
    return dict(zip(ARKIT, shapes, strict=True))


@needs_flame
def test_lids_meet_and_stay_out_of_the_eye(made):
    head, (lines, _, _) = flame.load(), flame_basis.marks()
    for side, name in enumerate(("Left", "Right")):
        shut = head.template + made[f"eyeBlink{name}"]
        upper, lower = shut[lines[side]], shut[lines[2 + side]]
        order = np.argsort(lower[:, 0])
        gap = upper[3:-3, 1] - np.interp(upper[3:-3, 0], lower[order, 0], lower[order, 1])
        assert gap.max() < 1.5 * MM, gap
        centre, radius = flame.ball(head.template[flame.BALLS[side]])
        assert (np.linalg.norm(upper - centre, axis=1) > radius - 0.1 * MM).all()
        assert (made[f"eyeBlink{name}"][flame.BALLS[side]] == 0).all()


@needs_flame
def test_a_lip_never_follows_the_other_one(made):
    lines, _, _ = flame_basis.marks()
    upper, lower = lines[4][3:-3], lines[5][3:-3]
    for name in ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthRollUpper", "mouthShrugUpper"):
        moved = np.linalg.norm(made[name], axis=1)
        assert moved[lower].mean() < 0.2 * moved[upper].mean(), name
    for name in ("mouthLowerDownLeft", "mouthLowerDownRight", "jawOpen"):
        moved = np.linalg.norm(made[name], axis=1)
        assert moved[upper].mean() < 0.25 * moved[lower].mean(), name
    rest = flame.load().template

    def apart(*names: str) -> float:
        posed = rest + sum(made[name] for name in names)
        return float(posed[upper, 1].mean() - posed[lower, 1].mean())

    assert apart("jawOpen") - apart() > 20 * MM
    assert abs(apart("jawOpen", "mouthClose") - apart()) < 2 * MM


@needs_flame
def test_left_and_right_are_alike_and_each_moves_its_own_side(made):
    mirror = flame_basis.marks()[1]
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "browDownLeft", "noseSneerLeft"):
        twin = made[name.replace("Left", "Right")]
        off = np.linalg.norm(made[name][mirror] * (-1, 1, 1) - twin, axis=1)
        assert off.mean() < 0.05 * np.linalg.norm(twin, axis=1).max(), name  # the template itself is lopsided
        x = flame.load().template[:, 0]
        moved = np.linalg.norm(made[name], axis=1)
        assert moved[x < -0.02].max() < 0.25 * moved.max(), name


def test_our_own_head_gets_its_own_shapes_back():
    ours = reference_head.load()
    skin = ours.skin
    to = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) * 100.0
    shapes = add_shapes.add_shapes(skin @ to.T, ours.triangles, ours.landmarks @ to.T)
    front = skin[:, 2] > ours.landmarks[:, 2].min() - 0.03
    for name in ("browInnerUp", "mouthSmileLeft", "jawOpen", "mouthPucker", "noseSneerRight"):
        truth = ours.shapes[ARKIT.index(name), : ours.skin_count] @ to.T
        off = np.linalg.norm(shapes[ARKIT.index(name)] - truth, axis=1)[front]
        assert off.mean() < 0.05 * np.linalg.norm(truth, axis=1).max(), (name, off.mean())


def test_places_that_are_no_faces_are_refused():
    ours = reference_head.load()
    with pytest.raises(FieldsError, match="as they do on a face"):
        add_shapes.add_shapes(ours.vertices[:4000], ours.triangles[:10], ours.landmarks[::-1])


def test_islands_edge_distances_and_closest_points():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [5, 5, 5], [6, 5, 5], [5, 6, 5.0]])
    triangles = np.array([[0, 1, 2], [1, 3, 2], [4, 5, 6]])
    joined = surface.edges(triangles)
    assert surface.islands(7, joined).tolist() == [0, 0, 0, 0, 4, 4, 4]
    np.testing.assert_allclose(surface.edge_distances(points, joined, np.array([0]), 9.0)[:4], [0, 1, 1, 2])
    none = np.zeros((1, 0))
    _, shares, place = surface.closest(np.array([[0.6, 0.6, 3.0]]), none, points, triangles, np.zeros((7, 0)))
    np.testing.assert_allclose(place, [[0.6, 0.6, 0.0]], atol=1e-12)
    np.testing.assert_allclose(shares.sum(), 1.0)


def test_gums_of_both_jaws_in_one_piece_part_with_the_jaws():
    ours = reference_head.load()
    islands = np.zeros(len(ours.vertices), int)
    mouth = np.isin(ours.parts, MOUTH_PARTS)
    islands[mouth] = 1
    rows = [np.flatnonzero(ours.parts == kind) for kind in MOUTH_PARTS]
    edges = np.concatenate([np.stack([row[:-1], row[1:]], axis=1) for row in rows])
    skin = np.arange(len(ours.vertices)) < ours.skin_count
    target = TargetHead(ours.vertices, ours.triangles, edges, islands, skin, ours.landmarks)
    assert face_parts.in_mouth(ours, ours.vertices[mouth])
    assert face_parts.mouth_part(ours, ours.vertices[mouth]) == "mouth"
    assert [face_parts.mouth_part(ours, ours.vertices[row]) for row in rows] == ["upper", "lower", "tongue"]
    still = np.zeros_like(ours.shapes)
    made = face_parts.move_parts(ours, target, {1: "mouth"}, still)
    assert not still.any(), "what was given is not changed"
    opened, truth = made[ARKIT.index("jawOpen")], ours.shapes[ARKIT.index("jawOpen")]
    upper, lower, tongue = rows
    for below in (lower, tongue):
        assert (
            np.linalg.norm((opened - truth)[below], axis=1).mean() < 0.15 * np.linalg.norm(truth[below], axis=1).mean()
        )
    assert np.linalg.norm(opened[upper], axis=1).mean() < 0.1 * np.linalg.norm(truth[lower], axis=1).mean()
