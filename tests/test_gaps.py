"""Frames without a face are filled as asked; frames with one are never touched."""

import numpy as np
import pytest

from fields_blender.core.curves import HOLE
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS
from fields_blender.core.rotation import to_quaternion
from fields_blender.core.track import Track
from fields_blender.shape import gaps
from tests.tracks import lively, same, times, track_of

FILLED = [policy for policy in gaps.POLICIES if policy != "NO_KEYS"]


def with_gap(n: int = 120, gap: slice = slice(40, 80)) -> Track:
    return lively(n, gap=gap)


@pytest.mark.parametrize("policy", gaps.POLICIES)
def test_frames_with_a_face_stay_bit_by_bit_and_filling_twice_is_filling_once(policy):
    before = with_gap()
    after = gaps.fill(before, policy)
    for name in GROUPS:
        assert after[name][before.found].tobytes() == before[name][before.found].tobytes()
    assert same(gaps.fill(after, policy), after)
    np.testing.assert_array_equal(after["confidence"], before["confidence"])
    assert after.found.all() == (policy != "NO_KEYS")


def test_no_keys_leaves_the_gap():
    assert same(gaps.fill(with_gap(), "NO_KEYS"), with_gap())


def test_hold():
    after = gaps.fill(with_gap(), "HOLD")
    for name in ("expression", "jaw", "eyelids", "gaze", "head", "translation"):
        np.testing.assert_allclose(after[name][40:80], np.repeat(after[name][39:40], 40, axis=0), atol=1e-6)


def test_interpolate_goes_straight():
    after = gaps.fill(with_gap(), "INTERPOLATE")
    ramp = np.linspace(0, 1, 42)[1:-1, None]
    expected = after["expression"][39] * (1 - ramp) + after["expression"][80] * ramp
    np.testing.assert_allclose(after["expression"][40:80], expected, atol=1e-6)
    steps = np.linalg.norm(np.diff(after["head"][39:81], axis=0), axis=1)
    assert steps.max() < 1.5 * steps.min() + 1e-3


def test_ease_rests_in_the_middle_of_a_long_gap_and_never_jumps():
    after = gaps.fill(with_gap(), "EASE")
    assert np.abs(after["expression"][58:62]).max() == 0 and np.abs(after["eyelids"][58:62]).max() == 0
    assert np.abs(np.diff(after["expression"][39:81], axis=0)).max() < 0.1
    assert np.linalg.norm(after["head"][60]) > 0.01  # the head goes on


def test_a_short_gap_is_bridged_without_a_dip():
    held = np.full((60, 39), 0.5)
    track = track_of(times(60), expression=held)
    for values in track.groups.values():
        values[30:33] = np.nan
    after = gaps.fill(track, "EASE")["expression"]
    assert after[30:33].min() > 0.48 and after.max() <= 0.5 + 1e-6


@pytest.mark.parametrize("policy", FILLED)
@pytest.mark.parametrize("gap", [slice(0, 30), slice(90, 120)])
def test_before_the_first_face_and_after_the_last(policy, gap):
    after = gaps.fill(with_gap(gap=gap), policy)
    edge, far = (30, 0) if gap.start == 0 else (89, 119)
    wanted = 0.0 if policy == "EASE" else after["expression"][edge]
    np.testing.assert_allclose(after["expression"][far], wanted, atol=1e-6)
    np.testing.assert_allclose(after["head"][far], after["head"][edge], atol=1e-6)


@pytest.mark.parametrize("policy", FILLED)
def test_nothing_is_carried_from_one_strip_to_the_next(policy):
    one = lively(60, gap=slice(50, 60))
    two = lively(60, gap=slice(0, 60))
    joined = Track(np.concatenate([one.time, two.time + 10.0]), {n: np.concatenate([one[n], two[n]]) for n in GROUPS})
    after = gaps.fill(joined, policy)
    assert after.found[:60].all() and not after.found[60:].any()


@pytest.mark.parametrize(("steps", "same_shot"), [(2.0, True), (HOLE - 0.1, True), (HOLE + 0.1, False)])
def test_a_hole_in_time_is_another_shot(steps, same_shot):
    """Frame 30 has no face and comes `steps` usual steps after frame 29: held from there, or from what is next."""
    track = with_gap(60, slice(30, 33))
    time = track.time.copy()
    time[30:] += (steps - 1) / 30
    after = gaps.fill(Track(time, track.groups), "HOLD")
    for row in (30, 32):
        np.testing.assert_allclose(after["expression"][row], track["expression"][29 if same_shot else 33], atol=1e-6)


@pytest.mark.parametrize("policy", ["EASE", "INTERPOLATE"])
def test_the_head_turns_the_short_way_at_a_steady_pace(policy):
    """Past half a turn: from 2.8 rad on to 3.6 rad, which is stored as -2.68."""
    yaw = np.where(np.arange(60) < 20, 2.8, 3.6 - 2 * np.pi)
    track = track_of(times(60), head=yaw[:, None] * (0, 1, 0))
    for values in track.groups.values():
        values[20:40] = np.nan
    after = gaps.fill(track, policy)["head"]
    np.testing.assert_allclose(np.mod(after[19:41, 1], 2 * np.pi), np.linspace(2.8, 3.6, 22), atol=1e-5)
    np.testing.assert_allclose(after[:, [0, 2]], 0, atol=1e-6)


def test_a_turn_about_changing_axes_is_filled_along_the_arc():
    """Half-way between a quarter turn about x and one about y, the same turn away from both."""
    turns = np.zeros((5, 3))
    turns[:2, 0] = turns[3:, 1] = np.pi / 2
    track = track_of(times(5), head=turns)
    for values in track.groups.values():
        values[2] = np.nan
    middle = to_quaternion(gaps.fill(track, "INTERPOLATE")["head"][[2]])
    ends = to_quaternion(turns[[0, 4]])
    np.testing.assert_allclose(middle[0], ends.sum(axis=0) / np.linalg.norm(ends.sum(axis=0)), atol=1e-6)


def test_ease_rests_after_its_time_and_is_half_way_at_half_of_it():
    """At 0.4 s the face is at rest, as docs and tooltip say; smooth and symmetric between."""
    track = track_of(times(90), expression=np.full((90, 39), 0.8), intensity=np.full((90, 1), 0.6))
    for values in track.groups.values():
        values[20:70] = np.nan
    after = gaps.fill(track, "EASE")
    for name, seen in (("expression", 0.8), ("intensity", 0.6)):
        np.testing.assert_allclose(after[name][[25, 64]], seen / 2, atol=1e-5)  # 0.2 s away
        assert (after[name][26:31] > 0).all() and (after[name][31:59] == 0).all()
        np.testing.assert_allclose(after[name][20:45], after[name][69:44:-1], atol=1e-5)


def test_nothing_to_fill_from():
    nothing = lively(30, gap=slice(0, 30))
    assert same(gaps.fill(nothing, "EASE"), nothing)
    with pytest.raises(FieldsError, match="no way to fill"):
        gaps.fill(nothing, "GUESS")
