"""Frames without a face are filled as asked; frames with one are never touched."""

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS
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


def test_nothing_to_fill_from():
    nothing = lively(30, gap=slice(0, 30))
    assert same(gaps.fill(nothing, "EASE"), nothing)
    with pytest.raises(FieldsError, match="no way to fill"):
        gaps.fill(nothing, "GUESS")
