"""Laws of the made-up people that the regressor learns from: they hold for every identity, warp and style."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import ARKIT

for package in ("numba", "scipy", "anny", "onnxruntime", "cv2"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed (requirements-training.txt)", allow_module_level=True)

from training.people import heads, ict_head  # noqa: E402
from training.people.deformation import random_deformation  # noqa: E402
from training.people.mesh_parts import EYE_LEFT, TEETH  # noqa: E402

if not ict_head.DATA.exists():
    pytest.skip("ICT-FaceKit is not here", allow_module_level=True)

LIDS = {"left": ((385, 380), (386, 374), (387, 373)), "right": ((160, 144), (159, 145), (158, 153))}
LIPS = ((82, 87), (13, 14), (312, 317))


@pytest.fixture(scope="module", params=["ict", "anny"])
def people(request, tmp_path_factory) -> heads.People:
    cache = Path(tmp_path_factory.getbasetemp()) / "heads"
    return dict(zip(("ict", "anny"), heads.families(ict_head.DATA, cache), strict=True))[request.param]


def act(people: heads.People, seed: int, *faces: dict[str, float], **options) -> heads.Performance:
    """The neutral face, then one picture of each of `faces`: ARKit names (a name without its side means both)."""
    weights = np.zeros((1 + len(faces), len(ARKIT)))
    for row, face in zip(weights[1:], faces, strict=True):
        for name, weight in face.items():
            for full in (name, f"{name}Left", f"{name}Right"):
                if full in ARKIT:
                    row[ARKIT.index(full)] = weight
    return people.performances(np.random.default_rng(seed), from_arkit(weights), **options)


@pytest.mark.parametrize("seed", range(6))
def test_an_eyelid_of_1_is_shut_whatever_else_the_face_does(people, seed):
    faces = ({}, {"eyeSquint": 1}, {"eyeWide": 1}, {"cheekSquint": 1, "mouthSmile": 1}, {"browOuterUp": 1})
    looks = ({}, {"eyeLookUp": 1}, {"eyeLookDown": 1}, {"eyeLookOut": 1})
    acted = act(people, seed, *({"eyeBlink": 1, **face, **look} for face in faces for look in looks))
    assert acted.gaps[1:, :2].max() < 0.01
    for side in ("left", "right"):  # the same for the landmarks, which nothing in the rig knows
        for upper, lower in LIDS[side]:
            assert (acted.points[1:, upper, 1] - acted.points[1:, lower, 1]).max() < 0.03


@pytest.mark.parametrize("seed", range(6))
def test_mouth_close_of_the_same_weight_as_jaw_open_seals_the_lips(people, seed):
    acted = act(people, seed, *({"jawOpen": w, "mouthClose": w} for w in (0.1, 0.3, 0.6, 1.0)))
    assert acted.gaps[:, 2].max() < 0.01
    for upper, lower in LIPS:
        assert (acted.points[:, upper, 1] - acted.points[:, lower, 1]).max() < 0.025


@pytest.mark.parametrize("seed", range(4))
def test_gaps_grow_with_jaw_and_shrink_with_lids(people, seed):
    steps = np.linspace(0, 1, 8)
    jaw = act(people, seed, *({"jawOpen": w} for w in steps)).gaps[1:]
    assert (np.diff(jaw[:, 2]) >= 0).all() and jaw[-1, 2] > 0.25
    lids = act(people, seed, *({"eyeBlink": w} for w in steps)).gaps[1:]
    assert (np.diff(lids[:, :2], axis=0) < 0).all() and lids[0, :2].min() > 0.02
    np.testing.assert_allclose(lids[:, 0] / lids[0, 0], 1 - steps, atol=0.12)


def test_no_squint_or_look_shuts_an_eye(people):
    for seed in range(6):
        acted = act(
            people, seed, {"eyeSquint": 1, "cheekSquint": 1, "mouthSmile": 1}, {"eyeLookDown": 1, "browDown": 1}
        )
        assert (acted.gaps[1:, :2] > 0.15 * acted.gaps[0, :2]).all()


def test_the_neutral_row_is_neutral_and_the_same_seed_the_same_person(people):
    acted = act(people, 5, {}, {"jawOpen": 1})
    np.testing.assert_array_equal(acted.vertices[1], acted.neutral)
    assert not np.array_equal(acted.vertices[2], acted.neutral)
    np.testing.assert_array_equal(act(people, 5, {}).neutral, acted.neutral)


@pytest.mark.parametrize("seed", range(3))
def test_eyeballs_are_one_unit_apart_about_the_origin(people, seed):
    neutral = act(people, seed).neutral
    centres = [neutral[people.surface.part == kind].mean(axis=0) for kind in (EYE_LEFT, EYE_LEFT + 1)]
    assert np.linalg.norm(centres[0] - centres[1]) == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose((centres[0] + centres[1])[:2] / 2, 0, atol=0.08)
    assert centres[0][0] > 0


def test_a_deformation_without_asymmetry_keeps_mirror_pairs():
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (200, 3)).astype(np.float32)
    deform = random_deformation(np.random.default_rng(2), np.float32([[0.5, 0, 0], [-0.5, 0, 0]]), 1.5, asymmetry=0.0)
    flip = np.float32([-1, 1, 1])
    np.testing.assert_allclose(deform(points * flip), deform(points) * flip, atol=1e-4)
    assert np.abs(deform(points) - points).max() > 0.05


# (face, landmark, axis, at least): motion of a landmark, in IOU. +x is the subject's left, +y up, +z out of the face.
MOVES = [
    ({"mouthSmile": 1}, 291, 1, 0.05),
    ({"mouthSmile": 1}, 291, 0, 0.02),
    ({"mouthFrown": 1}, 291, 1, -0.03),
    ({"mouthStretch": 1}, 291, 0, 0.03),
    ({"mouthPucker": 1}, 291, 0, -0.05),
    ({"mouthPucker": 1}, 0, 2, 0.02),
    ({"mouthLeft": 1}, 13, 0, 0.06),
    ({"mouthUpperUp": 1}, 267, 1, 0.03),
    ({"mouthLowerDown": 1}, 314, 1, -0.03),
    ({"mouthShrugLower": 1}, 17, 1, 0.03),
    ({"mouthRollLower": 1}, 15, 2, -0.03),
    ({"mouthPress": 1}, 405, 1, 0.015),
    ({"browDown": 1}, 296, 1, -0.02),
    ({"browInnerUp": 1}, 336, 1, 0.04),
    ({"browOuterUp": 1}, 282, 1, 0.03),
    ({"cheekSquint": 1}, 330, 1, 0.01),
    ({"cheekPuff": 1}, 411, 2, 0.03),
    ({"noseSneer": 1}, 278, 1, 0.02),
    ({"jawLeft": 1}, 152, 0, 0.06),
    ({"jawForward": 1}, 152, 2, 0.06),
    ({"jawOpen": 1}, 152, 1, -0.3),
    ({"eyeWide": 1}, 386, 1, 0.015),
    ({"eyeSquint": 1}, 374, 1, 0.008),
    ({"eyeLookUp": 1}, 473, 1, 0.06),
    ({"eyeLookOut": 1}, 473, 0, 0.06),
]


@pytest.mark.parametrize(
    ("face", "landmark", "axis", "least"), MOVES, ids=[next(iter(m[0])) + str(m[1]) for m in MOVES]
)
def test_landmarks_move_the_same_way_on_every_head(people, face, landmark, axis, least):
    for seed in range(6):
        points = act(people, seed, face).points
        moved = points[1, landmark, axis] - points[0, landmark, axis]
        assert np.sign(least) * moved > 0.5 * abs(least), (seed, moved)


def test_a_weight_of_1_goes_as_far_on_both_families(tmp_path_factory):
    cache = Path(tmp_path_factory.getbasetemp()) / "heads"
    far = []
    for people in heads.families(ict_head.DATA, cache):
        moved = people.landmarks.on(people.sources.mixed(np.random.default_rng(0), 0.0))[:, :468]
        far.append(np.sqrt((moved**2).sum(axis=2).mean(axis=1)))
    ict, anny = (np.delete(row, [ARKIT.index("tongueOut")]) for row in far)
    np.testing.assert_allclose(np.log(ict / anny), 0, atol=np.log(1.35))


def test_the_tongue_comes_out_and_teeth_stay_behind_the_lips(people):
    for seed in range(4):
        acted = act(
            people, seed, {"tongueOut": 1, "jawOpen": 0.4}, {"jawOpen": 0.4}, {"mouthPucker": 1}, {"mouthPress": 1}
        )
        teeth = people.surface.part == TEETH
        for row in (0, 3, 4):
            assert acted.vertices[row, teeth, 2].max() < acted.points[row, 0, 2]
