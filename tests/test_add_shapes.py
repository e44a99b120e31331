"""Our shapes carried over to heads of other meshes."""

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.flame import flame_basis
from fields_blender.geometry import align, demo_head, surface, warp
from fields_blender.rig import add_shapes, face_parts, reference_head, skin_transfer
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


@pytest.fixture(scope="module")
def whole() -> tuple[np.ndarray, np.ndarray]:
    """All of the demo head, eyes and teeth too: vertices (n, 3), triangles (t, 3)."""
    head = demo_head.load(demo_head.FILE)
    first = np.r_[0, np.cumsum(head.face_size)][:-1]
    fans = [first[head.face_size > k + 1][:, None] + (0, k, k + 1) for k in (1, 2)]
    return head.vertices.astype(np.float64), head.corner_vertex[np.concatenate(fans)].astype(np.int64)


@pytest.fixture(scope="module")
def on_whole(whole) -> np.ndarray:
    return add_shapes.add_shapes(*whole, reference_head.load().landmarks)


def with_face(**weights: float) -> np.ndarray:
    """The skin of our head, which has this face at rest."""
    ours = reference_head.load()
    return ours.skin + sum(
        weight * ours.shapes[ARKIT.index(name), : ours.skin_count] for name, weight in weights.items()
    )


def on_skin(skin: np.ndarray) -> np.ndarray:
    """The shapes of a head with this skin."""
    head, ours = demo_head.load(demo_head.FILE), reference_head.load()
    landmarks = align.landmarks_of(np.r_[skin, ours.vertices[ours.skin_count :]], head.corner_vertex)
    return add_shapes.add_shapes(skin, ours.triangles, landmarks)


def height(points: np.ndarray, line: tuple[int, ...], x: np.ndarray) -> np.ndarray:
    order = np.array(line)[np.argsort(points[list(line), 0])]
    return np.interp(x, points[order, 0], points[order, 1])


def test_eyes_that_are_wide_open_shut():
    rest = with_face(eyeWideLeft=1.0, eyeWideRight=1.0)
    made = on_skin(rest)
    for side, name in enumerate(("Left", "Right")):
        shut = rest + made[ARKIT.index(f"eyeBlink{name}")]
        upper = shut[list(reference_head.UPPER_LIDS[side])][2:-2]
        gap = upper[:, 1] - height(shut, reference_head.LOWER_LIDS[side], upper[:, 0])
        assert gap.max() < 0.2 * MM, gap


def test_lips_of_another_mouth_close_over_an_open_jaw():
    rest = with_face(mouthSmileLeft=1.0, mouthSmileRight=1.0)
    made = on_skin(rest)
    sealed = rest + made[ARKIT.index("jawOpen")] + made[ARKIT.index("mouthClose")]
    upper, lower = reference_head.UPPER_LIP, reference_head.LOWER_LIP

    def apart(points):
        x = np.linspace(points[upper[0], 0], points[upper[-1], 0], 25)
        return (height(points, upper, x) - height(points, lower, x))[3:-3]

    assert np.abs(apart(sealed) - apart(rest)).max() < 0.5 * MM


def test_skin_knows_its_lip():
    ours = reference_head.load()
    side = skin_transfer._lip_sides_of_reference(ours)[:, 0]
    assert (side[list(reference_head.UPPER_LIP[8:-8])] > 0.9).all()
    assert (side[list(reference_head.LOWER_LIP[4:-4])] < -0.9).all()
    far = np.linalg.norm(ours.skin - ours.landmarks[10:12].mean(axis=0), axis=1) > 0.06
    assert not side[far].any()


def test_eyes_turn_to_where_the_shape_says(on_whole):
    ours = reference_head.load()
    for name, sign in (("Left", 1.0), ("Right", -1.0)):
        ball = ours.eyeball(sign)
        front = np.flatnonzero(ball)[ours.vertices[ball, 2].argmax()]
        for way, direction in {"Out": (sign, 0), "In": (-sign, 0), "Up": (0, 1), "Down": (0, -1)}.items():
            moved = on_whole[ARKIT.index(f"eyeLook{way}{name}")]
            assert moved[front, :2] @ direction > 3 * MM, (way, name)
            truth = ours.shapes[ARKIT.index(f"eyeLook{way}{name}"), ball]
            assert np.linalg.norm(moved[ball] - truth, axis=1).max() < 1.5 * MM
            assert not moved[ours.eyeball(-sign)].any()


def test_lids_go_round_the_eye(whole):
    """Whatever a lid's shape is, it doesn't come nearer to the centre of the eye than it is at rest."""
    ours = reference_head.load()
    vertices, triangles = whole
    target = add_shapes._target(vertices, triangles, ours.landmarks, None)
    kinds = face_parts.classify(ours, ours.vertices, target)
    assert sorted(kinds.values()).count("eye") >= 2
    straight = np.zeros_like(ours.shapes)
    index = ARKIT.index("eyeBlinkLeft")
    lids = np.array([*reference_head.UPPER_LIDS[0], *reference_head.LOWER_LIDS[0]])
    straight[index, lids] = (0.0, 0.0, -0.004)
    made = face_parts.turn_eyes_and_lids(ours, ours.vertices, target, kinds, straight)
    ball = vertices[ours.eyeball(1.0)]
    centre = (ball.min(axis=0) + ball.max(axis=0)) / 2.0
    before = np.linalg.norm(vertices[lids] - centre, axis=1)
    assert (np.linalg.norm((vertices + made[index])[lids] - centre, axis=1) > before - 1e-9).all()
    assert (np.linalg.norm((vertices + straight[index])[lids] - centre, axis=1) < before).any()


def test_what_lies_on_the_face_in_a_mesh_of_its_own_stays():
    ours = reference_head.load()
    chin = ours.landmarks[align.LANDMARKS.index("Chin")]
    patch = ours.skin[np.argsort(np.linalg.norm(ours.skin - chin, axis=1))[:6]] + (0.0, 0.0, 0.001)
    count = ours.skin_count
    triangles = np.r_[ours.triangles, count + np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]])]
    head = np.r_[ours.skin, patch], triangles, ours.landmarks
    beside, own = add_shapes.add_shapes(*head, beside=count), add_shapes.add_shapes(*head)
    assert not beside[:, count:].any()
    assert np.linalg.norm(own[ARKIT.index("jawOpen"), count:], axis=1).min() > 20 * MM


def test_a_symmetric_head_gets_symmetric_shapes():
    skin = with_face(eyeWideLeft=0.5, eyeWideRight=0.5, mouthSmileLeft=0.5, mouthSmileRight=0.5)
    twin = warp.nearest(skin * (-1, 1, 1), skin)
    paired = np.linalg.norm(skin[twin] - skin * (-1, 1, 1), axis=1) < 0.1 * MM
    assert paired.mean() > 0.95
    made = on_skin(skin)
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "jawLeft", "browDownLeft", "mouthRollUpper", "jawOpen"):
        left, right = made[ARKIT.index(name)], made[ARKIT.index(name.replace("Left", "Right"))]
        np.testing.assert_allclose((left[twin] * (-1, 1, 1))[paired], right[paired], atol=0.05 * MM)


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
