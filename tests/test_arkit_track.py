"""Tracks of ARKit weights, whatever the tool that wrote them."""

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.exchange import arkit_names, arkit_track, units
from tests.recorded import weights_of

BLINK = ARKIT.index("eyeBlinkLeft")


def blinking(*weights: float) -> np.ndarray:
    """(n, 52) with these weights of the left lid."""
    made = np.zeros((len(weights), len(ARKIT)))
    made[:, BLINK] = weights
    return made


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("EyeBlinkLeft", "eyeBlinkLeft"),
        ("eyeBlink_L", "eyeBlinkLeft"),
        ("eyeBlink_R", "eyeBlinkRight"),
        ("Face.eye_blink_left", "eyeBlinkLeft"),
        ("rig|mesh:mouth close", "mouthClose"),
        ("eyeBlink", None),
        ("", None),
    ],
)
def test_names_in_any_spelling(spelling, name):
    assert arkit_names.arkit_index(spelling) == (None if name is None else ARKIT.index(name))


def test_each_name_counts_once_and_the_first_time():
    names = ["time", "jawOpen", "eyeBlinkLeft", "JawOpen", "eyeBlink_R", "mouthClose", "tongueOut"]
    found = arkit_names.arkit_columns(names, "a.csv")
    assert [(place, ARKIT[index]) for place, index in found] == [
        (1, "jawOpen"), (2, "eyeBlinkLeft"), (4, "eyeBlinkRight"), (5, "mouthClose"), (6, "tongueOut")
    ]  # fmt: skip
    with pytest.raises(FieldsError, match="has only 4 of the 52"):
        arkit_names.arkit_columns(names[:-1], "a.csv")


@pytest.mark.parametrize(
    ("weights", "unit"),
    [
        ([0.5, 1.0], "0 to 1"),
        ([0.5, 1.6], "0 to 1"),
        ([30.0], "percent"),
        ([0.5, 100.0], "percent"),
        ([0.0, 0.4, 60.0, 70.0, 12.0, 0.1], "percent"),
        ([0.0, 0.4, 60.0, 0.3, 0.2, 0.1], "0 to 1"),
    ],
)
def test_percent_lasts_and_one_wild_number_is_a_fault(weights, unit):
    assert units.weight_unit(blinking(*weights)) == unit


def test_wild_numbers_are_held():
    weights = blinking(*[0.1] * 9, 60.0, 0.2)
    assert np.argwhere(units.wild_weights(weights)).tolist() == [[9, BLINK]] and units.too_many(weights > 1) is False
    np.testing.assert_allclose(units.held(np.where(weights > 1, np.nan, weights))[9, BLINK], 0.1)
    np.testing.assert_allclose(units.held(np.array([[np.nan, np.nan], [2.0, np.nan]])), [[2.0, 0.0], [2.0, 0.0]])


def test_rows_are_put_in_order_and_the_first_of_a_moment_counts():
    time = np.array([0.2, 0.0, 0.1, 0.1, 0.2])
    made = arkit_track.from_weights(time, blinking(0.2, 0.0, 0.1, 0.9, 0.8))
    np.testing.assert_allclose(made.time, [0.0, 0.1, 0.2])
    np.testing.assert_allclose(weights_of(made)[:, BLINK], [0.0, 0.1, 0.2], atol=1e-6)


@pytest.mark.parametrize(
    ("time", "weights", "head"),
    [
        (np.empty(0), blinking(), None),
        (np.array([0.0, 1e9]), blinking(0.0, 0.0), None),
        (np.array([0.0, np.nan]), blinking(0.0, 0.0), None),
        (np.array([0.0]), blinking(1e6), None),
        (np.array([0.0]), blinking(np.nan), None),
        (np.array([0.0]), blinking(0.5), np.array([[0.0, np.inf, 0.0]])),
    ],
)
def test_what_makes_no_sense_is_refused(time, weights, head):
    with pytest.raises(FieldsError):
        arkit_track.from_weights(time, weights, head)


def test_a_file_that_says_only_weights_gets_a_straight_head_before_the_camera_that_is_sure():
    made = arkit_track.from_weights(np.arange(2) / 30, blinking(0.0, 1.0), gaps=np.array([False, True]))
    assert not made["head"][0].any() and made["translation"][0].tolist() == list(arkit_track.AHEAD)
    assert made["confidence"][:, 0].tolist() == [1.0, 0.0] and not made["uncertainty"][0].any()
    assert made["emotion"][0].sum() == pytest.approx(1)
