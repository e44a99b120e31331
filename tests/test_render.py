"""Training pictures as a whole, on a made-up head: a ball of skin with two eyes and teeth."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("warp")
pytest.importorskip("cv2")
pytest.importorskip("scipy")

from training.people.heads import Surface
from training.people.mesh_parts import EYE_LEFT, EYE_RIGHT, SKIN, TEETH
from training.pictures import camera, light, render

GAZE = np.array([0.2, -0.1, 0.97]) / np.linalg.norm([0.2, -0.1, 0.97])
CENTRES = {EYE_LEFT: np.array([0.5, 0.0, 0.0]), EYE_RIGHT: np.array([-0.5, 0.0, 0.0])}


def ball(centre, radius, rings=12):
    """Vertices and triangles of a sphere, facing out."""
    v, u = np.meshgrid(np.linspace(0.01, np.pi - 0.01, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij")
    out = np.stack([np.sin(v) * np.cos(u), np.cos(v), np.sin(v) * np.sin(u)], -1).reshape(-1, 3)
    at = np.arange(rings * 2 * rings).reshape(rings, 2 * rings)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    normal = np.cross(out[triangles[:, 1]] - out[triangles[:, 0]], out[triangles[:, 2]] - out[triangles[:, 0]])
    inwards = (normal * out[triangles].mean(1)).sum(1) < 0
    triangles[inwards] = triangles[inwards][:, ::-1]
    return out * radius + centre, triangles


def head():
    pieces = [
        (SKIN, *ball([0.0, -0.3, -1.0], 1.3)),
        (EYE_LEFT, *ball(CENTRES[EYE_LEFT], 0.24)),
        (EYE_RIGHT, *ball(CENTRES[EYE_RIGHT], 0.24)),
        (TEETH, *ball([0.0, -1.1, -0.2], 0.2, 6)),
    ]
    starts = np.cumsum([0] + [len(v) for _, v, _ in pieces])
    vertices = np.concatenate([v for _, v, _ in pieces]).astype(np.float32)
    triangles = np.concatenate([t + s for (_, _, t), s in zip(pieces, starts[:-1], strict=True)]).astype(np.int32)
    part = np.concatenate([np.full(len(v), k) for k, v, _ in pieces])
    angle = np.full(len(vertices), -1.0, np.float32)
    for kind, centre in CENTRES.items():
        arm = vertices[part == kind] - centre
        angle[part == kind] = np.arccos(np.clip(arm @ GAZE / np.linalg.norm(arm, axis=1), -1, 1))
    uv = np.clip(vertices[:, :2] * [0.25, -0.25] + 0.5, 0, 1).astype(np.float32)
    return Surface(triangles, part, uv), vertices, angle


SURFACE, VERTICES, ANGLE = head()
SKIN_OF_ONE = SimpleNamespace(
    eyes=np.array([[0.01] * 3, [0.1, 0.2, 0.3], [0.03] * 3, [0.6] * 3]),
    colours=np.full((7, 3), 0.5),
    dressed=lambda arkit: (np.full((384, 384, 3), 0.3, np.float32), np.zeros((384, 384, 2), np.float32)),
)
SPOT = np.array([0.3, -0.8, 0.8])


def spot(bright=0.9):
    """A small triangle before the cheek, as a mesh to wear."""
    corners = SPOT + 0.05 * np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 2.0, 0.0]])
    return SimpleNamespace(
        vertices=corners, triangles=np.array([[0, 1, 2]]), colours=np.full((3, 3), bright), alpha=np.ones(3)
    )


def shot(seed, worn=None, rotation=None, **more):
    rng = np.random.default_rng(seed)
    turn = render.random_rotation(np.random.default_rng(seed)) if rotation is None else rotation
    return render.picture(rng, SURFACE, SKIN_OF_ONE, worn, VERTICES, ANGLE, turn, np.zeros(52), size=192, **more)


def test_a_seed_gives_the_same_picture_and_another_seed_another():
    first, again, other = shot(4), shot(4), shot(5)
    assert (first.image == again.image).all() and first.focal == again.focal
    assert (first.image != other.image).any()
    assert first.image.shape == (192, 192, 3) and first.image.dtype == np.uint8


@pytest.mark.parametrize("seed", range(6))
def test_project_finds_what_was_drawn(seed):
    turn = render.random_rotation(np.random.default_rng(seed))
    turn = turn if turn[2, 2] > 0.8 else np.eye(3)
    with_spot, without = shot(seed, spot(), turn), shot(seed, spot(0.0), turn)
    corners = with_spot.project(spot().vertices)
    if corners.min() < 4 or corners.max() > 188:
        pytest.skip("outside the picture")
    assert _middle(with_spot.light - without.light, corners) < 0.5


def test_a_twin_is_the_same_shot_a_little_moved_with_other_noise():
    for seed in range(8):
        with_spot, without = shot(seed, spot(), np.eye(3)), shot(seed, spot(0.0), np.eye(3))
        twin = shot(99, spot(), np.eye(3), twin=with_spot)
        moved = np.abs(twin.project(VERTICES) - with_spot.project(VERTICES))
        assert 0.01 < moved.mean() < 4 and moved.max() < 12
        assert (twin.image != with_spot.image).any()
        assert np.abs(twin.image.astype(float).mean() - with_spot.image.mean()) < 12
        bare = shot(99, None, np.eye(3), twin=without)
        change = twin.image.astype(float) - bare.image
        corners = twin.project(spot().vertices)
        if change.max() > 60 and corners.min() > 8 and corners.max() < 184:
            assert _middle(np.where(change > 30, change, 0), corners) < 1.5  # the film's blur and JPEG are in it


def _middle(change, corners):
    """How far, in px, the middle of a change (h, w, 3) lies from the middle of the triangle's corners (3, 2)."""
    change = np.abs(change).sum(2)
    y, x = np.mgrid[: change.shape[0], : change.shape[1]] + 0.5
    near = np.abs(np.stack([x, y], -1) - corners.mean(0)).max(-1) < 3 + np.ptp(corners, axis=0).max()
    change = np.where(near & (change > 0.2 * change.max()), change, 0)
    found = np.array([(change * x).sum(), (change * y).sum()]) / change.sum()
    return np.abs(found - corners.mean(0)).max()


def test_eyeballs_are_found_from_their_angles():
    for kind, centre in CENTRES.items():
        found, axis, radius = render.eyeball(VERTICES[SURFACE.part == kind], ANGLE[SURFACE.part == kind])
        np.testing.assert_allclose(found, centre, atol=1e-3)
        np.testing.assert_allclose(axis, GAZE, atol=1e-2)
        assert radius == pytest.approx(0.24, abs=1e-3)


def test_the_iris_looks_where_the_eye_looks():
    """Dark pixels of the eyes sit to the side that the gaze points to."""
    view = camera.View(np.array([0.0, 0.0, 8.0]), 8 * 60.0, 192)
    plain = light.Light(np.eye(9)[:, :1] * np.ones(3), np.tile([0, 0, 1.0], (4, 1)), np.zeros((4, 3)), np.ones(4), 0.0)
    rng = np.random.default_rng(0)
    scene = render.build_scene(rng, SURFACE, SKIN_OF_ONE, None, VERTICES, ANGLE, np.eye(3), np.zeros(52), view, plain)
    scene.eye_colour = np.array([[[0.0] * 3] * 3 + [[9.0] * 3]])  # black up to the white
    image = render.draw(scene, np.zeros((1, 192, 192, 3), np.float32))[0].mean(-1)
    for centre in CENTRES.values():
        x, y = view.project(centre[None] + 0.24 * GAZE)[0]
        eye = view.project(centre[None] + [0, 0, 0.24])[0]
        inside = np.hypot(*(np.mgrid[:192, :192][::-1] + 0.5 - eye[:, None, None])) < 9
        dark = inside & (image < 0.5)
        row, column = np.nonzero(dark)
        assert np.abs([column.mean() + 0.5 - x, row.mean() + 0.5 - y]).max() < 1.3


def test_rotations_stay_within_reach_and_are_mostly_near_the_front():
    rng = np.random.default_rng(0)
    turns = np.stack([render.random_rotation(rng) for _ in range(2000)])
    yaw = np.degrees(np.arctan2(turns[:, 0, 2], turns[:, 2, 2]))
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-9)
    assert np.abs(yaw).max() > 50 and np.median(np.abs(yaw)) < 20


def test_lenses_and_places_stay_within_what_people_use():
    rng = np.random.default_rng(0)
    views = [camera.random_view(rng, 288) for _ in range(500)]
    fov = np.degrees([2 * np.arctan(144 / v.focal) for v in views])
    assert 11.9 < fov.min() < 14 and 55 < fov.max() <= 70.1
    assert min(v.place[2] for v in views) > 4
    inside = [((v.project(np.zeros((1, 3))) > 20) & (v.project(np.zeros((1, 3))) < 268)).all() for v in views]
    assert np.mean(inside) > 0.95


def test_light_is_bright_enough_for_most_and_dark_for_some():
    rng = np.random.default_rng(0)
    lights = [light.random_light(rng) for _ in range(800)]
    level = np.array([one.on(np.array([[0, 0, 1.0]])).mean() for one in lights])
    assert 0.03 < (level < 0.35).mean() < 0.2 and 0.7 < np.median(level) < 1.4
    assert 0.3 < np.mean([one.shadow > 0 for one in lights]) < 0.7
    assert all(np.allclose(np.linalg.norm(one.lamp, axis=1), 1) for one in lights)
    assert min(one.harmonics[0].min() for one in lights) > 0


def test_film_develops_light_into_a_picture():
    rng = np.random.default_rng(0)
    grey = 0
    for _ in range(60):
        film = camera.random_film(rng, 70.0)
        image = film.develop(rng, np.full((96, 96, 3), [0.5, 0.2, 0.1], np.float32))
        assert image.shape == (96, 96, 3) and image.dtype == np.uint8
        grey += film.grey
        middle = image[24:72, 24:72].reshape(-1, 3).mean(0)
        assert film.grey or middle[2] > middle[1] > middle[0]  # BGR
    assert 1 <= grey <= 16
