"""The open expression basis on FLAME's mesh: what is in models/flame_basis.npz does what its names say."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.names import ARKIT, EXPRESSION, JAW_OPEN
from training.flame import flame
from training.people import ict_head

PATH = Path(__file__).parents[1] / "models/flame_basis.npz"
MM = 0.001
needs_flame = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")
needs_ict = pytest.mark.skipif(not ict_head.DATA.exists(), reason="ICT-FaceKit is not here")


@pytest.fixture(scope="module")
def basis() -> dict[str, np.ndarray]:
    with np.load(PATH, allow_pickle=False) as file:
        return {name: file[name].astype(np.float64) if file[name].dtype.kind == "f" else file[name] for name in file}


@pytest.fixture(scope="module")
def head() -> flame.Flame:
    return flame.load()


def shapes(basis: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    named = dict(zip(EXPRESSION, basis["expression"], strict=True))
    named |= dict(zip(("eyeBlinkLeft", "eyeBlinkRight"), basis["eyelids"], strict=True))
    return named | dict(zip(basis["gaze_names"].tolist(), basis["gaze"], strict=True))


def test_the_file_is_small_and_holds_what_it_promises(basis):
    assert PATH.stat().st_size < 1_500_000
    assert basis["expression"].shape == (39, 5023, 3)
    assert basis["eyelids"].shape == (2, 5023, 3) and basis["gaze"].shape == (8, 5023, 3)
    assert basis["gaze_names"].tolist() == [name for name in ARKIT if name.startswith("eyeLook")]
    assert all(np.isfinite(shape).all() for shape in shapes(basis).values())


def test_every_shape_moves_the_skin_and_never_an_eyeball_but_the_tongue_is_not_there(basis):
    for name, shape in shapes(basis).items():
        largest = np.linalg.norm(shape, axis=1).max()
        assert largest == 0 if name == "tongueOut" else 1 * MM < largest < 45 * MM, name
        assert (shape[3931:] == 0).all(), name


def test_left_and_right_are_mirror_images(basis):
    mirror = basis["mirror"]
    assert (mirror[mirror] == np.arange(5023)).all()
    named = shapes(basis)
    for name, shape in named.items():
        twin = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        np.testing.assert_allclose(named[twin], shape[mirror] * (-1, 1, 1), atol=0.02 * MM, err_msg=name)


@needs_flame
def test_each_shape_moves_its_own_region_only(basis, head):
    v = head.template
    eyes, mouth = head.joints(v)[flame.LEFT_EYE, 1], v[basis["upper_lip"]].mean(axis=0)[1]
    for name, shape in shapes(basis).items():
        moved = np.linalg.norm(shape, axis=1)
        if name.startswith("brow"):
            assert moved[v[:, 1] < eyes - 25 * MM].max() < 1.5 * MM, name  # it pulls the bridge of the nose
        if name.startswith(("eyeBlink", "eyeLook", "eyeWide", "eyeSquint")):
            side = 1 if name.endswith("Left") else -1
            assert moved[side * v[:, 0] < 0].max() < 0.5 * MM, name
            assert moved[v[:, 1] < mouth - 10 * MM].max() < 0.5 * MM, name
        if name.startswith(("mouth", "jaw")):
            assert moved[v[:, 1] > eyes + 15 * MM].max() < 0.3 * MM, name
        if name.startswith(("mouthRoll", "mouthShrug", "mouthPress", "mouthPucker", "mouthLower")):
            assert moved[v[:, 1] > eyes - 10 * MM].max() < 0.5 * MM, name
        assert moved[(v[:, 2] < -100 * MM) & (v[:, 1] > mouth)].max() < 0.5 * MM, name  # ears do move, the skull not


def test_a_lip_leaves_the_other_one_alone(basis):
    named, upper, lower = shapes(basis), basis["upper_lip"][3:-3], basis["lower_lip"][3:-3]
    for name in ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthRollUpper", "mouthShrugUpper"):
        moved = np.linalg.norm(named[name], axis=1)
        assert moved[lower].mean() < 0.2 * moved[upper].mean(), name
    for name in ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthRollLower"):
        moved = np.linalg.norm(named[name], axis=1)
        assert moved[upper].mean() < 0.2 * moved[lower].mean(), name


def _apart(vertices: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How much higher the upper line stands than the lower one, over its middle part."""
    above, below = (line[np.argsort(vertices[line, 0])] for line in (upper, lower))
    low, high = vertices[above[[0, -1]], 0]
    x = np.linspace(low + 0.2 * (high - low), high - 0.2 * (high - low), 15)
    return np.interp(x, *vertices[above, :2].T) - np.interp(x, *vertices[below, :2].T)


@needs_flame
def test_shut_lids_meet_on_the_ball(basis, head):
    for side in (0, 1):
        edges = basis["upper_lid"][side], basis["lower_lid"][side]
        shut = head.template + basis["eyelids"][side]
        assert _apart(head.template, *edges).max() > 6 * MM
        assert _apart(shut, *edges).min() > -1.5 * MM and _apart(shut, *edges).max() < 0.1 * MM
        centre, radius = flame.ball(head.template[flame.BALLS[side]])
        for closure in (0.25, 0.5, 0.75, 1.0):
            lids = head.template[np.concatenate(edges)] + closure * basis["eyelids"][side][np.concatenate(edges)]
            off = np.linalg.norm(lids - centre, axis=1) - radius
            assert off.min() > 0.2 * MM, closure  # outside the ball
            assert np.abs(off[4:11]).max() < 3 * MM, closure  # and on it, not a curtain before it


@needs_flame
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_mouth_close_seals_the_lips_of_an_open_jaw(basis, head, share):
    edges, joint = (basis["upper_lip"], basis["lower_lip"]), head.joints(head.template)[flame.JAW]
    jaw = np.array([[share * JAW_OPEN, 0, 0]])
    close = share * basis["expression"][EXPRESSION.index("mouthClose")]
    at_rest = _apart(head.template, *edges)
    opened = _apart(head.open_jaw(head.template[None], jaw, joint)[0], *edges)
    sealed = _apart(head.open_jaw((head.template + close)[None], jaw, joint)[0], *edges)
    assert opened.max() > share * 25 * MM
    assert sealed.max() < 0.2 * MM
    assert np.abs(sealed - at_rest).max() < (0.7 if share == 1 else 2.0) * MM


@needs_flame
@needs_ict
def test_magnitudes_are_ict_s(basis, head):
    ict = ict_head.load()
    skin = ict.part <= ict_head.PARTS.index("back")
    ict_unit = np.diff(ict.eye_centres(np.zeros(ict_head.IDENTITY))[::-1, 0])[0]
    unit = np.diff(head.joints(head.template)[[flame.RIGHT_EYE, flame.LEFT_EYE], 0])[0]
    for name, shape in shapes(basis).items():
        if name in ("tongueOut", "mouthClose") or name.startswith("eyeBlink"):
            continue  # fitted on FLAME itself
        source = np.linalg.norm(ict.shapes[ARKIT.index(name)][skin], axis=1)
        ratio = np.linalg.norm(shape, axis=1).max() / unit / (source.max() / ict_unit)
        assert 0.7 < ratio < 1.25, (name, ratio)


@needs_flame
def test_opening_and_closing_the_jaw_are_inverse(head):
    rng = np.random.default_rng(3)
    rest = head.template + rng.normal(0, 2 * MM, (4, 5023, 3))
    jaw, joint = rng.normal(0, 0.2, (4, 3)), head.joints(head.template)[flame.JAW]
    np.testing.assert_allclose(head.close_jaw(head.open_jaw(rest, jaw, joint), jaw, joint), rest, atol=1e-12)


@needs_flame
def test_what_lies_behind_the_lips_goes_with_them(basis, head):
    """A vertex that stays where it is makes a tooth of skin between lips that part."""
    named = shapes(basis)
    raised = sum(named[f"{name}{side}"] for name in ("mouthUpperUp", "noseSneer") for side in ("Left", "Right"))
    corners = np.concatenate([head.triangles[:, :2], head.triangles[:, 1:], head.triangles[:, ::2]])
    for vertex in basis["upper_lip"][6:-6]:
        around = np.unique(corners[(corners == vertex).any(axis=1)])
        behind = around[head.template[around, 2] < head.template[vertex, 2]]
        assert (raised[behind, 1] > 0.5 * raised[vertex, 1]).all(), vertex
