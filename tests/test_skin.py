"""The painted skin: one atlas for all heads, people that differ, wrinkles where the expression pulls."""

import numpy as np
import pytest

pytest.importorskip("cv2")

from fields_blender.core.names import ARKIT
from training.people import atlas
from training.pictures.skin import Skin, random_skin
from training.pictures.wrinkles import Depths, random_folds

REST = np.zeros(52, np.float32)

# (weights, where the change is strongest: across from, to, up from, to), for the subject's left side
REGIONS = {
    "browDownLeft": (0.0, 0.45, -0.1, 0.55),
    "browInnerUp": (-0.6, 0.6, 0.3, 1.2),
    "browOuterUpLeft": (0.1, 1.1, 0.4, 1.2),
    "noseSneerLeft": (0.0, 0.8, -1.3, 0.55),
    "cheekSquintLeft": (0.2, 1.2, -1.3, 0.3),
    "eyeSquintLeft": (0.2, 1.2, -0.5, 0.3),
    "mouthSmileLeft": (0.2, 1.2, -1.3, 0.3),
    "mouthUpperUpLeft": (0.1, 0.9, -1.2, -0.4),
    "mouthDimpleLeft": (0.25, 0.8, -1.4, -0.6),
    "mouthFrownLeft": (0.2, 0.8, -1.7, -1.0),
    "mouthStretchLeft": (0.1, 1.0, -2.3, -0.9),
    "mouthPressLeft": (-0.6, 0.6, -1.5, -0.8),
    "mouthRollUpper": (-0.6, 0.6, -1.3, -0.75),
    "mouthRollLower": (-0.6, 0.6, -1.8, -1.0),
    "mouthPucker": (-0.7, 0.7, -1.7, -0.7),
    "mouthShrugLower": (-0.6, 0.6, -1.85, -1.1),
    "cheekPuff": (-1.3, 1.3, -1.6, -0.4),
}


@pytest.fixture(scope="module")
def person() -> Skin:
    return random_skin(np.random.default_rng(4))


def weights(**named: float) -> np.ndarray:
    return np.array([named.get(name, 0.0) for name in ARKIT], np.float32)


def mirrored(arkit: np.ndarray) -> np.ndarray:
    other = [name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in ARKIT]
    return arkit[[ARKIT.index(name) for name in other]]


def head(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A ball with the landmarks' cylinder before it, enough for `coordinates`."""
    across, up = np.meshgrid(np.linspace(-1.5, 1.5, 41), np.linspace(-2.0, 1.4, 69))
    angle = across.ravel() / 1.25
    vertices = np.stack([1.25 * np.sin(angle), up.ravel(), 1.25 * np.cos(angle) - 0.9], axis=1) * scale
    return vertices, np.ones(len(vertices), bool)


def test_the_uv_of_a_cylinder_are_its_own_places() -> None:
    vertices, skin = head()
    uv = atlas.coordinates("ict", vertices, skin)
    back = np.stack([(uv[:, 0] - 0.5) * atlas.WIDTH, atlas.TOP - uv[:, 1] * atlas.WIDTH], axis=1)
    front = vertices[:, 1] > -1.7
    np.testing.assert_allclose(back[front, 1], vertices[front, 1], atol=1e-5)
    np.testing.assert_allclose(
        back[front, 0], 1.25 * np.arctan2(vertices[front, 0], vertices[front, 2] + 0.9), atol=1e-5
    )


def test_semantic_points_of_both_families_meet() -> None:
    points = np.array([point for group in atlas._POINTS.values() for point in group])
    angle = points[:, 2] / 1.25
    theirs = np.stack([1.25 * np.sin(angle), points[:, 3], 1.25 * np.cos(angle) - 0.9], axis=1)
    # What is under the chin is unrolled about another axis.
    theirs, points = theirs[points[:, 3] > -1.7], points[points[:, 3] > -1.7]
    vertices, _ = head()
    every = np.concatenate([theirs, vertices])
    uv = atlas.coordinates("anny", every, np.ones(len(every), bool))[: len(theirs)]
    away = np.linalg.norm(uv - atlas.from_place(points[:, :2]), axis=1) * atlas.SIZE
    assert away.max() < 3  # px
    mirror = np.concatenate([theirs * (-1, 1, 1), vertices])
    other = atlas.coordinates("anny", mirror, np.ones(len(mirror), bool))[: len(theirs)]
    np.testing.assert_allclose(other[:, 0], 1 - uv[:, 0], atol=1e-4)


def test_a_seed_is_a_person(person: Skin) -> None:
    again, other = random_skin(np.random.default_rng(4)), random_skin(np.random.default_rng(5))
    arkit = weights(browDownLeft=0.7, mouthRollUpper=0.4)
    for a, b in zip(person.dressed(arkit), again.dressed(arkit), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(person.dressed(REST)[0] - other.dressed(REST)[0]).mean() > 0.01


def test_rest_stays_after_expressions(person: Skin) -> None:
    before = [part.copy() for part in person.dressed(REST)]
    person.dressed(np.ones(52))
    for a, b in zip(before, person.dressed(REST), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shapes_and_ranges() -> None:
    rng = np.random.default_rng(0)
    for seed in range(12):
        skin = random_skin(np.random.default_rng(seed))
        assert skin.eyes.shape == (4, 3) and skin.hair.shape == (3,) and skin.colours.shape == (7, 3)
        for arkit in (REST, rng.random(52), np.ones(52)):
            albedo, bump = skin.dressed(arkit)
            assert albedo.shape == (atlas.SIZE, atlas.SIZE, 3) and bump.shape == (atlas.SIZE, atlas.SIZE, 2)
            assert albedo.dtype == bump.dtype == np.float32
            assert np.isfinite(bump).all() and albedo.min() >= 0 and albedo.max() <= 1
            assert np.abs(bump).max() < 6


@pytest.mark.parametrize("name", REGIONS)
def test_an_expression_shows_in_its_own_region(person: Skin, name: str) -> None:
    left, right, low, high = REGIONS[name]
    changed = np.linalg.norm(person.dressed(weights(**{name: 1.0}))[1] - person.dressed(REST)[1], axis=2)
    across, up = atlas.place()
    inside = (across > left) & (across < right) & (up > low) & (up < high)
    assert changed.max() > 0.02
    assert changed[inside].sum() > 0.8 * changed.sum()


@pytest.mark.parametrize(
    ("name", "edge", "beyond"), [("mouthRollUpper", -1.0, -0.92), ("mouthRollLower", -1.26, -1.35)]
)
def test_a_rolled_lip_shows_less_red(name: str, edge: float, beyond: float) -> None:
    across, up = atlas.place()
    border, skin = ((np.abs(across) < 0.12) & (np.abs(up - height) < 0.02) for height in (edge, beyond))
    away = []
    for seed in range(8):  # some have a moustache beside their lips
        person = random_skin(np.random.default_rng(seed))
        rest, rolled = (person.dressed(arkit)[0] for arkit in (REST, weights(**{name: 1.0})))
        around = np.log(rest[skin]).mean(axis=0)
        away.append([np.abs(np.log(albedo[border]).mean(axis=0) - around).max() for albedo in (rest, rolled)])
    before, after = np.median(away, axis=0)
    assert after < 0.7 * before


def test_mirrored_weights_wrinkle_the_other_side() -> None:
    folds = random_folds(np.random.default_rng(3), 0.4, 1.0, asymmetry=0.0)
    depths = Depths(folds)

    def relief(arkit: np.ndarray) -> np.ndarray:
        bump = np.zeros((atlas.SIZE, atlas.SIZE, 2))
        for fold, depth in zip(folds, depths(arkit), strict=True):
            bump[fold.rows, fold.columns] += depth * fold.slope
        return bump

    rng = np.random.default_rng(0)
    for _ in range(3):
        arkit = (rng.random(52) * (rng.random(52) < 0.3)).astype(np.float32)
        there, here = relief(mirrored(arkit)), relief(arkit)[:, ::-1] * (-1, 1)
        np.testing.assert_allclose(there, here, atol=1e-5)
    assert np.abs(relief(arkit)).max() > 0.1


def test_wrinkles_deepen_with_the_weight_and_not_past_the_most() -> None:
    depths = Depths(random_folds(np.random.default_rng(1), 0.2, 1.0))
    ramp = np.stack([depths(weights(browDownLeft=w, browDownRight=w)) for w in np.linspace(0, 1, 6)])
    assert (np.diff(ramp, axis=0) >= -1e-6).all() and ramp[-1].max() > ramp[0].max()
    np.testing.assert_allclose(ramp[0], depths.rest)


def test_a_puffed_cheek_smooths_the_folds_of_age() -> None:
    folds = random_folds(np.random.default_rng(1), 0.8, 1.0)
    depths = Depths(folds)
    index = [fold.name for fold in folds].index("nasolabialLeft")
    assert depths(weights(cheekPuff=1.0))[index] < 0.5 * depths.rest[index]
