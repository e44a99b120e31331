"""A face at rest rests, full stays full, and lips and lids still close."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EXPRESSION
from fields_blender.core.rotation import multiply, to_quaternion, to_vector
from fields_blender.shape import calibrate, lips
from tests.test_emotion import SAMPLE
from tests.tracks import COLUMN, lively, same, times, track_of

SMILE = COLUMN["mouthSmileLeft"]


def with_bias(bias: np.ndarray, n: int = 120) -> track.Track:
    """Two seconds at rest, then a smile to the full, by a person whose face at rest reads as `bias` (39,)."""
    smile = np.zeros((n, 39))
    smile[60:, SMILE] = np.sin(np.linspace(0, np.pi, n - 60))
    at = np.tile([0.0, 0.0, -12.0], (n, 1))
    return track_of(times(n), expression=bias + (1 - bias) * smile, translation=at)


@given(st.floats(0, 0.2))
@settings(max_examples=20)
def test_automatic_finds_the_face_at_rest(amount):
    bias = np.full(39, amount)
    bias[EXPRESSION.index("tongueOut")] = 0.0
    performed = with_bias(bias)
    after = calibrate.calibrate(performed, calibrate.automatic_neutral(performed))
    np.testing.assert_allclose(after["expression"][:50], 0.0, atol=1e-5)
    assert after["expression"][:, SMILE].max() == pytest.approx(1.0, abs=1e-3)


def test_the_sample_rests_already():
    sample = track.load(SAMPLE)
    after = calibrate.calibrate(sample, calibrate.automatic_neutral(sample))
    for name, values in sample.groups.items():
        np.testing.assert_allclose(after[name], values, atol=1e-6)


def test_an_expression_that_lasts_is_not_taken_for_rest():
    frown = np.zeros((90, 39))
    frown[:, COLUMN["browDownLeft"]] = 0.8
    performed = track_of(times(90), expression=frown)
    after = calibrate.calibrate(performed, calibrate.automatic_neutral(performed))
    assert after["expression"][:, COLUMN["browDownLeft"]].min() > 0.7


@given(st.integers(0, 80), st.integers(0, 9), st.booleans())
@settings(max_examples=30)
def test_chosen_frames_rest_and_calibrating_again_changes_nothing(first, length, head):
    talking = lively(90)
    talking["jaw"][:, 0] = 0.2  # no lips close here: those have a test of their own
    talking["expression"][:, COLUMN["mouthClose"]] = 0.0
    start, end = talking.time[first], talking.time[first + length]
    once = calibrate.calibrate(talking, calibrate.chosen_neutral(talking, start, end, head))
    rows = slice(first, first + length + 1)
    for name in ("expression", "jaw", "gaze"):
        np.testing.assert_allclose(np.median(once[name][rows], axis=0), 0.0, atol=1e-6)
    twice = calibrate.calibrate(once, calibrate.chosen_neutral(once, start, end, head))
    for name in ("expression", "jaw", "gaze", "head", "translation"):
        np.testing.assert_allclose(twice[name], once[name], atol=2e-5)


def test_a_blink_in_the_chosen_frame_is_no_lid_at_rest():
    blinking = lively(90)
    at = blinking.time[45]
    assert blinking["eyelids"][45].min() > 0.9
    after = calibrate.calibrate(blinking, calibrate.chosen_neutral(blinking, at, at))
    assert after["eyelids"].max() == pytest.approx(1.0, abs=0.01)
    assert abs(np.median(after["eyelids"])) < 0.01


def test_lids_rest_where_they_are_between_two_blinks():
    """Two thirds of the chosen frames blink; the open ones among them say where this person's lids rest."""
    lids = np.full((90, 2), 0.1)
    lids[30:36], lids[39:45] = 0.9, 0.9
    blinking = track_of(times(90), eyelids=lids)
    rest = calibrate.chosen_neutral(blinking, 1.0, 44 / 30).eyelids
    np.testing.assert_allclose(rest, 0.1, atol=1e-6)
    lids[36:39] = 0.15  # a bit further shut, but no blink
    between = calibrate.chosen_neutral(track_of(times(90), eyelids=lids), 1.0, 44 / 30).eyelids
    np.testing.assert_allclose(between, 0.15, atol=1e-6)


def test_drooping_lids_open_and_still_shut():
    lids = np.full((90, 2), 0.3)
    lids[40:44] = 1.0
    drooping = track_of(times(90), eyelids=lids)
    after = calibrate.calibrate(drooping, calibrate.chosen_neutral(drooping, 0.0, 0.5))["eyelids"]
    np.testing.assert_allclose(after, (lids - 0.3) / 0.7, atol=1e-6)


def test_the_head_may_rest_too():
    """What it does is read as a camera in front of the resting head would: a turn about the head's own axis."""
    tilt = to_quaternion(np.array([[0.3, 0.2, 0.1]]))
    turn = np.linspace(0, 0.5, 60)[:, None] * [0.0, 1.0, 0.0]
    held = to_vector(multiply(np.repeat(tilt, 60, axis=0), to_quaternion(turn)))
    track_ = track_of(times(60), head=held)
    after = calibrate.calibrate(track_, calibrate.chosen_neutral(track_, 0.0, 0.0, head=True))
    np.testing.assert_allclose(after["head"], turn, atol=1e-6)
    assert same(calibrate.calibrate(track_, calibrate.chosen_neutral(track_, 0.0, 0.0)), track_)


def test_a_head_that_rests_past_half_a_turn_is_averaged_on_its_own_side():
    """3.1 rad and 3.18 rad (stored as -3.1) about y are 0.08 rad apart, so each is 0.04 away from their mean."""
    turn = np.where(np.arange(60) % 2, 3.1, -3.1)[:, None] * (0, 1, 0)
    turned = track_of(times(60), head=turn)
    after = calibrate.calibrate(turned, calibrate.chosen_neutral(turned, 0.0, 2.0, head=True))
    np.testing.assert_allclose(np.abs(after["head"][:, 1]), np.pi - 3.1, atol=1e-5)


def test_the_head_is_where_the_moved_camera_sees_it():
    """As far away as before; a head that looks at the camera when at rest is straight ahead of it."""
    turn = np.tile([0.0, 0.4, 0.0], (60, 1))
    at = np.tile([-12 * np.sin(0.4), 0.0, -12 * np.cos(0.4)], (60, 1))
    aside = track_of(times(60), head=turn, translation=at)
    after = calibrate.calibrate(aside, calibrate.chosen_neutral(aside, 0.0, 0.0, head=True))
    np.testing.assert_allclose(after["translation"], np.tile([0.0, 0.0, -12.0], (60, 1)), atol=1e-5)


def test_a_full_expression_chosen_as_rest_leaves_room_to_move():
    full = np.full((60, 39), 1.0)
    full[30:] = 0.0
    smiling = track_of(times(60), expression=full)
    after = calibrate.calibrate(smiling, calibrate.chosen_neutral(smiling, 0.0, 0.5))["expression"]
    assert np.isfinite(after).all()
    np.testing.assert_allclose(after[:, SMILE], (full[:, SMILE] - 0.8) / 0.2, atol=1e-5)


def test_lips_that_close_stay_closed():
    """A rest face with the mouth held shut over an open jaw would leave every p and b open."""
    mouth = np.zeros((60, 39))
    mouth[:, COLUMN["mouthClose"]] = 0.3
    jaw = np.tile([0.3 * 0.35, 0, 0], (60, 1))
    jaw[:10] = 0
    performed = track_of(times(60), expression=mouth, jaw=jaw)
    after = calibrate.calibrate(performed, calibrate.chosen_neutral(performed, 0.0, 0.2))
    assert lips.lip_gap(after["expression"], after["jaw"])[10:].max() < 1e-5


def test_no_face_there_is_said():
    gap = lively(90, gap=slice(30, 60))
    with pytest.raises(FieldsError, match="no face between"):
        calibrate.chosen_neutral(gap, gap.time[40], gap.time[45])
    with pytest.raises(FieldsError, match="No frame shows a face"):
        calibrate.automatic_neutral(lively(30, gap=slice(0, 30)))


def test_gaps_stay():
    gap = lively(90, gap=slice(30, 60))
    for after in (calibrate.calibrate(gap, calibrate.automatic_neutral(gap)), calibrate.full_range(gap, 1.0)):
        np.testing.assert_array_equal(after.found, gap.found)


def test_a_shy_performance_is_stretched_to_the_full():
    shy = lively(300)
    shy["expression"][:] *= 0.8
    after = calibrate.full_range(shy, 1.0)
    column = COLUMN["cheekPuff"]  # it has no other side
    most = np.percentile(shy["expression"][:, column], 99)
    raised = np.percentile(after["expression"][:, column], 99)
    assert most < 0.45 and raised == pytest.approx(most / max(most, calibrate.FULL), abs=1e-5)
    assert (after["expression"] >= shy["expression"] - 1e-6).all()


@given(st.floats(0, 1))
@settings(max_examples=20)
def test_stretching_keeps_both_sides_alike_and_lips_closed(amount):
    talking = lively(120, seed=3)
    mouth = talking["expression"]
    mouth[:, COLUMN["mouthClose"]] = talking["jaw"][:, 0] / 0.35
    mouth[:, SMILE + 1] = mouth[:, SMILE] * 0.5
    after = calibrate.full_range(talking, amount)
    gain = after["expression"][:, SMILE] / mouth[:, SMILE]
    np.testing.assert_allclose(after["expression"][:, SMILE + 1], mouth[:, SMILE + 1] * gain, rtol=1e-4)
    was, now = (lips.lip_gap(t["expression"], t["jaw"]) for t in (talking, after))
    assert (now[was < 0.01] < 0.02).all()


def test_stretching_keeps_what_arkit_can_not_say():
    """A jaw that is pressed shut, and its roll."""
    track_ = lively(120)
    track_["jaw"][20:30, 0] = -0.05
    track_["jaw"][:, 2] = 0.01
    after = calibrate.full_range(track_, 1.0)["jaw"]
    np.testing.assert_allclose(after[20:30, 0], -0.05, atol=1e-7)
    np.testing.assert_array_equal(after[:, 2], track_["jaw"][:, 2])


def test_a_single_frame_does_not_say_how_far_lids_shut():
    lids = np.full((90, 2), 0.05)
    lids[30:36], lids[60] = 0.6, 1.0
    after = calibrate.full_range(track_of(times(90), eyelids=lids), 1.0)["eyelids"]
    np.testing.assert_allclose(after[30:36], 1.0, atol=1e-5)


def test_stretching_by_nothing_is_nothing():
    assert same(calibrate.full_range(lively(), 0.0), lively())


def test_what_hardly_moves_is_not_stretched():
    still = track_of(times(90), expression=np.full((90, 39), 0.05))
    np.testing.assert_allclose(calibrate.full_range(still, 1.0)["expression"], 0.05, atol=1e-7)
