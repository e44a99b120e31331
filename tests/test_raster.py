"""The training pictures' rasteriser: which surface is seen, where, and how light falls on it."""

import numpy as np
import pytest

pytest.importorskip("warp")
pytest.importorskip("cv2")
pytest.importorskip("scipy")

from training.people.mesh_parts import SKIN, TEETH, WORN
from training.pictures import raster
from training.pictures.camera import View
from training.pictures.scene import Scene

SIZE = 64
LIT = np.array([[0.0, 0.0, 0.0]] * 9)
VIEW = View(np.array([0.1, -0.2, 6.0]), 90.0, SIZE)


def scene(place, triangles, colour, kind=WORN, view=VIEW, alpha=None, uv=None, bump=None, lamp=(0.0, 0.0, 1.0)):
    """One scene of plain triangles under one lamp and a dim sky."""
    place, triangles = np.asarray(place, float), np.asarray(triangles)
    points = np.c_[view.project(place), 1 / (view.place[2] - place[:, 2])]
    harmonics = LIT.copy()
    harmonics[0] = 0.5
    lamps, colours = np.tile([0.0, 0.0, 1.0], (4, 1)), np.zeros((4, 3))
    lamps[0], colours[0] = lamp / np.linalg.norm(lamp), 0.5
    parts = {
        "points": points,
        "place": place,
        "colour": np.broadcast_to(colour, place.shape),
        "uv": np.zeros((len(place), 2)) if uv is None else uv,
        "triangles": triangles,
        "kind": np.full(len(triangles), kind),
        "alpha": np.ones(len(triangles)) if alpha is None else alpha,
        "albedo": np.full((16, 16, 3), 0.5),
        "bump": np.zeros((16, 16, 2)) if bump is None else bump,
        "eye": np.tile(np.eye(3), (2, 1, 1)),
        "eye_colour": np.full((4, 3), 0.5),
        "eye_size": np.array([0.4, 0.4, 0.5]),
        "harmonics": harmonics,
        "lamp": lamps,
        "lamp_colour": colours,
        "lamp_size": np.full(4, 0.2),
        "shadow": np.array(0.0),
        "shine": np.array([0.0, 10.0]),
        "camera": view.place,
        "scale": np.array(view.focal / view.place[2]),
    }
    return Scene(**{name: np.asarray(value)[None] for name, value in parts.items()})


def square(z, half=1.0, x=0.0, y=0.0):
    """A square facing the camera: vertices (4, 3) and triangles (2, 3)."""
    corners = [[x - half, y - half, z], [x + half, y - half, z], [x + half, y + half, z], [x - half, y + half, z]]
    return np.array(corners), np.array([[0, 1, 2], [0, 2, 3]])


def two(first, second):
    return np.r_[first[0], second[0]], np.r_[first[1], second[1] + len(first[0])]


BLACK = np.zeros((1, SIZE, SIZE, 3), np.float32)
RED, GREEN = np.array([[0.9, 0.0, 0.0]] * 4), np.array([[0.0, 0.9, 0.0]] * 4)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_surface_is_seen_whatever_the_order(order):
    squares, colours = [square(0.0, 2.0), square(0.5, 0.5)], [RED, GREEN]
    place, triangles = two(squares[order[0]], squares[order[1]])
    image = raster.draw(scene(place, triangles, np.r_[colours[order[0]], colours[order[1]]]), BLACK)[0]
    x, y = VIEW.project(np.array([[0.0, 0.0, 0.5]]))[0].astype(int)
    assert image[y, x, 1] > 0.2 and image[y, x, 0] < 0.05
    x, y = VIEW.project(np.array([[0.8, 0.0, 0.0]]))[0].astype(int)
    assert image[y, x, 0] > 0.2 and image[y, x, 1] < 0.05


def test_what_faces_away_is_not_drawn():
    place, triangles = square(0.0)
    assert not raster.draw(scene(place, triangles[:, ::-1], RED), BLACK).any()


def test_a_point_is_drawn_where_the_camera_projects_it():
    for place in ([0.3, 0.7, 0.8], [-1.1, -0.9, 0.1], [0.0, 0.0, 0.0]):
        corners, triangles = square(place[2], 0.08, place[0], place[1])
        image = raster.draw(scene(corners, triangles, RED), BLACK)[0, :, :, 0]
        y, x = np.mgrid[:SIZE, :SIZE] + 0.5
        found = np.array([(image * x).sum(), (image * y).sum()]) / image.sum()
        assert np.abs(found - VIEW.project(np.array([place]))[0]).max() < 0.3


def test_colours_run_evenly_in_space_not_in_the_picture():
    """On a strip that runs away from the camera, half way along it is not half way in the picture."""
    place = np.array([[-1.0, -0.5, 3.0], [1.0, -0.5, -6.0], [1.0, 0.5, -6.0], [-1.0, 0.5, 3.0]])
    colour = np.array([[0.0, 0, 0], [0.8, 0, 0], [0.8, 0, 0], [0.0, 0, 0]])
    flat = raster.draw(scene(place, [[0, 1, 2], [0, 2, 3]], np.full((4, 3), 0.8)), BLACK)[0, :, :, 0]
    image = raster.draw(scene(place, [[0, 1, 2], [0, 2, 3]], colour), BLACK)[0, :, :, 0]
    for part in (0.25, 0.5, 0.75):
        at = VIEW.project(place[:1] * (1 - part) + place[1:2] * part + [0, 0.5, 0])[0]
        x, y = at.astype(int)
        beside = at[0] - (x + 0.5)
        ratio = image / np.maximum(flat, 1e-6)
        step = 1 if beside > 0 else -1
        value = ratio[y, x] + (ratio[y, x + step] - ratio[y, x]) * abs(beside)
        assert value == pytest.approx(part, abs=0.05)  # hollows bounce light


def test_a_mirrored_scene_gives_the_mirrored_picture():
    rng = np.random.default_rng(2)
    view = View(np.array([0.0, 0.0, 6.0]), 90.0, SIZE)
    place, triangles = rng.uniform(-1, 1, (30, 3)), rng.integers(0, 30, (40, 3))
    colour = rng.uniform(0, 1, (30, 3))
    image = raster.draw(scene(place, triangles, colour, view=view, lamp=[0.4, 0.2, 1.0]), BLACK)
    turned = scene(place * [-1, 1, 1], triangles[:, ::-1], colour, view=view, lamp=[-0.4, 0.2, 1.0])
    mirrored = raster.draw(turned, BLACK)[:, :, ::-1]
    assert image.any()
    assert (np.abs(mirrored - image).max(axis=-1) > 0.02).mean() < 0.03  # which sample leads on an edge differs


def test_glass_lets_what_is_behind_through_but_not_what_is_before():
    place, triangles = two(square(0.0, 2.0), square(0.5, 0.5))
    alpha = np.array([1.0, 1.0, 0.5, 0.5])
    x, y = VIEW.project(np.array([[0.0, 0.0, 0.5]]))[0].astype(int)
    alone = raster.draw(scene(place[:4], triangles[:2], RED), BLACK)[0, y, x]
    both = raster.draw(scene(place, triangles, np.r_[RED, GREEN], alpha=alpha), BLACK)[0, y, x]
    assert both[0] == pytest.approx(alone[0] / 2, rel=0.2) and both[1] > 0.1
    place, triangles = two(square(0.5, 2.0), square(0.0, 0.5))
    hidden = raster.draw(scene(place, triangles, np.r_[RED, GREEN], alpha=alpha), BLACK)[0, y, x]
    assert hidden[1] < 0.05


def test_bumps_show_and_turn_with_the_light():
    place, triangles = square(0.0, 1.0)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]])
    bump = np.zeros((16, 16, 2))
    bump[:, 8, 0] = 0.8  # height grows along u: the surface there faces -u, to the picture's left

    def shown(lamp, bump):
        view = View(np.array([0.0, 0.0, 6.0]), 180.0, SIZE)
        return raster.draw(scene(place, triangles, RED, SKIN, view, uv=uv, bump=bump, lamp=lamp), BLACK)[0, :, :, 1]

    left, right = [-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]
    plain = shown(left, 0 * bump)[SIZE // 2, 35]
    assert shown(left, bump)[SIZE // 2, 35] > 1.1 * plain > 1.1**2 * shown(right, bump)[SIZE // 2, 35]
    assert shown(left, bump)[20:44, 20:44].std() > 3 * shown(left, 0 * bump)[20:44, 20:44].std()


def test_a_shadow_falls_behind_what_is_in_the_lamps_way():
    place, triangles = two(square(-0.5, 2.0), square(0.5, 0.3))
    s = scene(place, triangles, np.r_[RED, RED], TEETH, lamp=[1.0, 0.0, 1.0])
    behind = VIEW.project(np.array([[-1.0, 0.0, -0.5], [1.2, 0.0, -0.5]])).astype(int)
    lit = raster.draw(s, BLACK)[0, :, :, 0]
    s.shadow = np.array([1.0])
    dark = raster.draw(s, BLACK)[0, :, :, 0]
    assert dark[behind[0, 1], behind[0, 0]] < 0.8 * lit[behind[0, 1], behind[0, 0]]
    assert dark[behind[1, 1], behind[1, 0]] == pytest.approx(lit[behind[1, 1], behind[1, 0]], rel=0.02)


def test_a_batch_is_its_scenes_one_by_one():
    first = scene(*square(0.0), RED)
    second = scene(*square(0.3, 0.6), GREEN, lamp=[0.5, 0.5, 1.0])
    both = Scene(**{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in vars(first)})
    images = raster.draw(both, np.repeat(BLACK, 2, axis=0))
    np.testing.assert_array_equal(images[0], raster.draw(first, BLACK)[0])
    np.testing.assert_array_equal(images[1], raster.draw(second, BLACK)[0])


def test_the_kernels_compile_for_cuda_without_a_device(tmp_path):
    import warp as wp

    wp.compile_aot_module(raster, device=None, arch=80, module_dir=tmp_path)
    assert [path.stat().st_size for path in tmp_path.glob("*.cubin")]


def test_cuda_draws_what_the_cpu_draws():
    import warp as wp

    if not wp.is_cuda_available():
        pytest.skip("no CUDA device")
    place, triangles = two(square(0.0, 2.0), square(0.5, 0.5))
    s = scene(place, triangles, np.r_[RED, GREEN])
    np.testing.assert_allclose(raster.draw(s, BLACK, "cuda"), raster.draw(s, BLACK), atol=2e-3)
