"""What people wear in training pictures: it stays where it belongs on any head."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from training.people import ict_head
from training.people.mesh_parts import EYE_LEFT, EYE_RIGHT, SKIN
from training.pictures import glasses, occluders, wear
from training.pictures.primitives import ball, joined, tubes, turned, turning
from training.pictures.skull import measure

HAIR = np.array([0.1, 0.06, 0.03])
SEEDS = range(25)


def _ball(radii: list[float], at: list[float], rows: int) -> tuple[np.ndarray, np.ndarray]:
    shape = ball(np.array(radii), 2 * rows, rows, np.ones(3))
    return shape.vertices + np.array(at), shape.triangles


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, SimpleNamespace]:
    """A head of ellipsoids: skull, jaw, nose, lips, chin, ears, neck, and two eyeballs."""
    pieces = [
        (*_ball([1.35, 1.45, 1.75], [0, 0.4, -1.1], 40), SKIN),
        (*_ball([1.05, 1.3, 1.25], [0, -0.7, -0.75], 40), SKIN),
        (*_ball([0.2, 0.35, 0.4], [0, -0.45, 0.55], 16), SKIN),
        (*_ball([0.35, 0.12, 0.2], [0, -1.15, 0.4], 16), SKIN),
        (*_ball([0.35, 0.3, 0.3], [0, -1.65, 0.15], 16), SKIN),
        (*_ball([0.1, 0.4, 0.25], [1.4, -0.3, -1.3], 16), SKIN),
        (*_ball([0.1, 0.4, 0.25], [-1.4, -0.3, -1.3], 16), SKIN),
        (*_ball([0.9, 1.4, 0.9], [0, -2.0, -1.4], 24), SKIN),
        (*_ball([0.25, 0.25, 0.25], [0.5, 0, 0], 12), EYE_LEFT),
        (*_ball([0.25, 0.25, 0.25], [-0.5, 0, 0], 12), EYE_RIGHT),
    ]
    starts = np.cumsum([0] + [len(v) for v, *_ in pieces])
    triangles = np.concatenate([t + s for (_, t, _), s in zip(pieces, starts, strict=False)]).astype(np.int32)
    part = np.concatenate([np.full(len(v), kind) for v, _, kind in pieces])
    return np.concatenate([v for v, *_ in pieces]), SimpleNamespace(triangles=triangles, part=part)


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, SimpleNamespace]:
    if not (Path(ict_head.DATA) / "ict_compact.npz").exists():
        pytest.skip("the ICT-FaceKit data is not here")
    head = ict_head.load()
    centres = head.eye_centres(np.zeros(100))
    neutral = (head.neutral - centres.mean(axis=0)) / np.linalg.norm(centres[0] - centres[1])
    names = [ict_head.PARTS[k] for k in head.part]
    kinds = {"face": SKIN, "back": SKIN, "sclera_left": EYE_LEFT, "sclera_right": EYE_RIGHT}
    part = np.array([kinds.get(name, -1) for name in names])
    return neutral, SimpleNamespace(triangles=head.triangles, part=part)


@pytest.fixture(scope="module", params=["made", "real"])
def head(request: pytest.FixtureRequest) -> tuple[np.ndarray, SimpleNamespace]:
    return request.getfixturevalue(request.param)


def _worn(head: tuple[np.ndarray, SimpleNamespace], seed: int) -> wear.Wear:
    return wear.random_wear(np.random.default_rng(seed), head[0], head[1], HAIR)


def test_meshes_are_sound_and_small(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    kinds = set()
    for seed in SEEDS:
        mesh = _worn(head, seed).posed(head[0], np.random.default_rng(seed))
        assert mesh.vertices.dtype == mesh.colours.dtype == mesh.alpha.dtype == np.float32
        assert mesh.triangles.dtype == np.int32
        assert len(mesh.vertices) == len(mesh.colours) == len(mesh.alpha)
        assert np.isfinite(mesh.vertices).all()
        assert np.isfinite(mesh.colours).all()
        assert mesh.colours.min(initial=0) >= 0 and mesh.colours.max(initial=1) <= 1
        assert np.abs(mesh.vertices).max(initial=0) < 9
        assert len(mesh.triangles) < 7500
        if len(mesh.triangles):
            assert mesh.triangles.min() >= 0 and mesh.triangles.max() < len(mesh.vertices)
        kinds.add(len(mesh.triangles))
    assert len(kinds) > 10


def test_see_through_triangles_come_last(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    glassy = 0
    for seed in SEEDS:
        mesh = _worn(head, seed).posed(head[0], np.random.default_rng(seed))
        clear = (mesh.alpha[mesh.triangles] < 1).any(axis=1)
        glassy += clear.any()
        assert (np.diff(clear.astype(int)) >= 0).all()
    assert glassy


def test_seeded(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    for seed in (1, 2):
        first, again = (_worn(head, seed).posed(head[0], np.random.default_rng(5)) for _ in range(2))
        assert np.array_equal(first.vertices, again.vertices) and np.array_equal(first.colours, again.colours)


def test_follows_a_rigid_turn(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    turn, offset = turning(0.3, -0.5, 0.2), np.array([0.1, 0.4, -0.2])
    for seed in SEEDS:
        worn = _worn(head, seed)
        still = worn.posed(head[0], np.random.default_rng(seed))
        moved = worn.posed(head[0] @ turn.T + offset, np.random.default_rng(seed))
        assert np.abs(moved.vertices - (still.vertices @ turn.T + offset)).max(initial=0) < 2e-5


def test_beards_follow_the_jaw_and_hair_does_not(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    neutral, _ = head
    open_mouth = neutral - 0.3 * np.array([0, 1, 0]) * ((neutral[:, 1] < -1.2) & (neutral[:, 2] > -0.8))[:, None]
    bearded = 0
    for seed in range(60):
        worn = _worn(head, seed)
        if not (worn.bound >= 0).any():
            continue
        bearded += 1
        shut, opened = (
            worn.posed(v, np.random.default_rng(3)).vertices[: len(worn.bound)] for v in (neutral, open_mouth)
        )
        fall = (shut - opened)[:, 1]
        assert fall[worn.bound >= 0].max() == pytest.approx(0.3, abs=1e-3)
        assert np.abs(fall[worn.bound < 0]).max(initial=0) < 1e-3
    assert bearded


def test_nothing_worn_is_inside_an_eyeball(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    neutral, surface = head
    for seed in range(40):
        worn = _worn(head, seed)
        for kind in (EYE_LEFT, EYE_RIGHT):
            ball_points = neutral[surface.part == kind]
            centre = (ball_points.min(axis=0) + ball_points.max(axis=0)) / 2
            radius = np.median(np.linalg.norm(ball_points - centre, axis=1))
            assert np.linalg.norm(worn.mesh.vertices - centre, axis=1).min(initial=9) > radius


def test_a_mirrored_head_wears_mirrored_glasses(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    neutral, surface = head
    mirror = np.array([-1, 1, 1])
    tilted = neutral + 0.1 * np.array([1, 0, 0]) * (neutral[:, :1] > 1.0)  # one ear farther out
    for seed in range(10):
        points = [
            joined(glasses.random_glasses(np.random.default_rng(seed), measure(v, surface.part, t))[0]).vertices
            for v, t in ((tilted, surface.triangles), (tilted * mirror, surface.triangles[:, ::-1]))
        ]
        apart = np.linalg.norm((points[0] * mirror)[:, None] - points[1], axis=2)
        assert apart.min(axis=1).max() < 1e-4


def test_glasses_sit_before_the_eyes_and_reach_the_ears(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    skull = measure(head[0], head[1].part, head[1].triangles)
    for seed in range(20):
        frames, lenses = glasses.random_glasses(np.random.default_rng(seed), skull)
        assert joined(lenses).vertices[:, 2].min() > 0.3
        assert joined(frames).vertices[:, 2].min() < skull.ear[2] + 0.1


def _volume(mesh: wear.Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def test_closed_shapes_wind_outwards() -> None:
    path = np.array([[[0, 0, 0], [0.3, 1, 0], [0, 2, 1]]], float)
    assert _volume(tubes(path, 0.2, 8, np.ones(3))) > 0.2
    assert _volume(ball(1.0, 24, 13, np.ones(3))) == pytest.approx(4.19, rel=0.1)
    assert _volume(turned(np.array([[0, 1], [1, 1], [1, -1], [0, -1]]), 24, np.ones(3))) == pytest.approx(6.28, rel=0.1)


@pytest.mark.parametrize("kind", occluders.KINDS)
def test_occluders_face_outwards(
    head: tuple[np.ndarray, SimpleNamespace], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(occluders, "_CHANCES", [float(kind == k) for k in occluders.KINDS])
    skull = measure(head[0], head[1].part, head[1].triangles)
    for seed in range(10):
        mesh = occluders.random_occluder(np.random.default_rng(seed), skull, np.zeros(3), np.full(3, 0.5))
        assert np.isfinite(mesh.vertices).all()
        if "mask" not in kind:  # the mask is an open sheet
            moved = wear.Mesh(mesh.vertices - mesh.vertices.mean(axis=0), mesh.triangles, mesh.colours, mesh.alpha)
            assert _volume(moved) > 0.03


def test_occluders_leave_the_eyes_free(real: tuple[np.ndarray, SimpleNamespace]) -> None:
    skull = measure(real[0], real[1].part, real[1].triangles)
    for seed in range(60):
        mesh = occluders.random_occluder(np.random.default_rng(seed), skull, np.zeros(3), np.full(3, 0.5))
        for x in (0.5, -0.5):
            assert not (np.abs(mesh.vertices[:, :2] - [x, 0]).max(axis=1) < 0.1).any()


def test_hair_and_shirt_face_the_viewer_from_every_side(head: tuple[np.ndarray, SimpleNamespace]) -> None:
    """Outer shells turn their front away from the head's axis."""
    skull = measure(head[0], head[1].part, head[1].triangles)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for mesh in (wear.hair.grow(rng, skull, wear.hair.Cut(strands=0), HAIR), wear.bust.random_bust(rng, skull)[0]):
            a, b, c = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
            normal, middle = np.cross(b - a, c - a), (a + b + c) / 3
            side = np.abs(middle[:, 1] - middle[:, 1].mean()) < 0.4  # where "outwards" is sideways
            out = (middle - [0, 0, skull.centre[2]]) * [1, 0, 1]
            assert ((normal * out).sum(axis=1)[side] > 0).mean() > 0.9
