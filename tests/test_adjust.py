"""Sides, regions, channels: exactly what was asked, and nothing beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core.arkit import to_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, EXPRESSION, GROUPS
from fields_blender.core.regions import OF_ARKIT, REGIONS, other_side
from fields_blender.core.rotation import rotate, to_quaternion
from fields_blender.core.track import Track
from fields_blender.shape import adjust, lips
from fields_blender.shape.adjust import Channel
from tests.tracks import COLUMN, lively, same

ONES = [1.0] * 9


def arkit(track: Track) -> np.ndarray:
    return to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])


def test_every_channel_has_its_region():
    of = {name: REGIONS[where] for name, where in zip(ARKIT, OF_ARKIT, strict=True)}
    assert of["eyeBlinkLeft"] == of["eyeSquintRight"] == "eyes" and of["eyeLookInLeft"] == "gaze"
    assert {*of.values(), "head"} == set(REGIONS)


def test_mirroring_twice_is_nothing():
    track = lively(gap=slice(10, 20))
    assert same(adjust.mirrored_track(adjust.mirrored_track(track)), track)


def test_a_mirror_swaps_the_sides_of_every_channel():
    track = lively()
    before, after = arkit(track), arkit(adjust.mirrored_track(track))
    swapped = [ARKIT.index(other_side(name)) for name in ARKIT]
    np.testing.assert_allclose(after, before[:, swapped], atol=1e-6)
    np.testing.assert_array_equal(adjust.mirrored_track(track)["head"], track["head"] * np.float32([1, -1, -1]))
    np.testing.assert_array_equal(
        adjust.mirrored_track(track)["translation"], track["translation"] * np.float32([-1, 1, 1])
    )


def test_a_mirror_turns_points_as_a_mirror_does():
    """A mirrored point on the mirrored head is the mirror image of where the point was."""
    track, flip = lively(), np.array([-1.0, 1.0, 1.0])
    mirrored = adjust.mirrored_track(track)
    for point in np.eye(3):
        was = rotate(to_quaternion(track["head"]), point) + track["translation"]
        now = rotate(to_quaternion(mirrored["head"]), point * flip) + mirrored["translation"]
        np.testing.assert_allclose(now, was * flip, atol=1e-5)


@pytest.mark.parametrize("side", adjust.SIDES)
def test_evened_wholly_both_sides_are_alike_and_stay_so(side):
    track = lively(gap=slice(10, 20))
    track["eyelids"][:, 1] *= 0.6
    once = adjust.symmetrized(track, 1.0, side)
    weights = arkit(once)
    for name in ARKIT:
        if name.startswith("eyeLook"):
            continue
        np.testing.assert_allclose(weights[:, ARKIT.index(name)], weights[:, ARKIT.index(other_side(name))], atol=1e-6)
    again = adjust.symmetrized(once, 1.0, side)
    for name in GROUPS:
        np.testing.assert_allclose(again[name], once[name], atol=1e-6)
    for name in ("gaze", "head", "translation"):
        assert once[name].tobytes() == track[name].tobytes()
    followed = {"LEFT": COLUMN["mouthSmileLeft"], "RIGHT": COLUMN["mouthSmileRight"]}.get(side)
    if followed:
        lid = ("LEFT", "RIGHT").index(side)
        np.testing.assert_array_equal(once["expression"][:, followed], track["expression"][:, followed])
        np.testing.assert_array_equal(once["eyelids"][:, lid], track["eyelids"][:, lid])


def test_evening_by_nothing_is_nothing_and_blinks_stay_shut():
    track = lively()
    assert same(adjust.symmetrized(track, 0.0), track)
    track["eyelids"][:, 1] *= 0.6
    for amount in (0.3, 1.0):
        after = adjust.symmetrized(track, amount)["eyelids"]
        np.testing.assert_array_equal(after[:, 0], track["eyelids"][:, 0])
        assert (after[:, 1] >= track["eyelids"][:, 1]).all()


def test_full_strength_is_the_performance_itself():
    track = lively(gap=slice(10, 20))
    assert same(adjust.strengthened(track, ONES), track)


@pytest.mark.parametrize("where", range(9))
@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0])
def test_a_region_alone_changes(where, strength):
    track = lively(gap=slice(10, 20))
    each = list(ONES)
    each[where] = strength
    after = adjust.strengthened(track, each)
    before_weights, weights = arkit(track), arkit(after)
    for name, of in zip(ARKIT, OF_ARKIT, strict=True):
        column = ARKIT.index(name)
        if of == where and not name.startswith(("eyeBlink", "mouthClose")):
            np.testing.assert_allclose(weights[:, column], strength * before_weights[:, column], atol=1e-6)
        elif of != where and name != "mouthClose":
            np.testing.assert_array_equal(weights[:, column], before_weights[:, column])
    head = strength if REGIONS[where] == "head" else 1.0
    np.testing.assert_allclose(after["head"], head * track["head"], atol=1e-6)
    middle = np.nanmedian(track["translation"], axis=0)
    np.testing.assert_allclose(after["translation"], middle + head * (track["translation"] - middle), atol=1e-5)
    assert after["confidence"].tobytes() == track["confidence"].tobytes()


@given(st.floats(0.05, 2.0), st.floats(0.5, 1.0))
@settings(max_examples=30)
def test_lids_open_and_shut_wholly_at_every_strength(a, b):
    lids = np.linspace(0, 1, 21)[:, None].repeat(2, axis=1)
    once = adjust._lids(lids, a)
    assert once[0] == pytest.approx(0) and once[-1] == pytest.approx(1)
    assert (np.diff(once, axis=0) > 0).all()
    np.testing.assert_allclose(adjust._lids(once, b), adjust._lids(lids, a * b), atol=1e-9)


@given(st.floats(0.1, 2), st.floats(0, 2))
@settings(max_examples=30)
def test_lips_that_close_stay_closed_while_the_mouth_is_on(mouth, jaw):
    track = lively(seed=5)
    track["expression"][:, COLUMN["mouthClose"]] = track["jaw"][:, 0] / 0.35
    each = list(ONES)
    each[REGIONS.index("mouth")], each[REGIONS.index("jaw")] = mouth, jaw
    after = adjust.strengthened(track, each)
    was, now = (lips.lip_gap(t["expression"], t["jaw"]) for t in (track, after))
    assert (now[was < 0.01] < 0.02).all()


def test_a_channel_does_what_it_is_told():
    track = lively(gap=slice(10, 20))
    told = {
        "browInnerUp": Channel(gain=1.5, offset=-0.1),
        "mouthSmileLeft": Channel(least=0.25, most=0.35),
        "jawLeft": Channel(mute=True),
        "eyeLookUpRight": Channel(gain=0.5),
    }
    before, after = arkit(track), arkit(adjust.by_channel(track, told))
    for name in ARKIT:
        was, now = before[:, ARKIT.index(name)], after[:, ARKIT.index(name)]
        if name not in told:
            np.testing.assert_array_equal(now, was)
        elif not told[name].mute:
            wanted = np.clip(was * told[name].gain + told[name].offset, told[name].least, told[name].most)
            np.testing.assert_allclose(now, wanted, atol=1e-6)
        else:
            assert np.nanmax(np.abs(now)) == 0


def test_what_no_channel_changes_stays_bit_by_bit():
    track = lively(gap=slice(10, 20))
    track["jaw"][5, 0], track["jaw"][:, 2] = -0.01, 0.02  # ARKit can't say so
    assert same(adjust.by_channel(track, {}), track)
    assert same(adjust.by_channel(track, {name: Channel() for name in ARKIT}), track)
    after = adjust.by_channel(track, {"browInnerUp": Channel(gain=2.0)})
    for name in set(GROUPS) - {"expression"}:
        assert after[name].tobytes() == track[name].tobytes()
    kept = [i for i, name in enumerate(EXPRESSION) if name != "browInnerUp"]
    assert after["expression"][:, kept].tobytes() == track["expression"][:, kept].tobytes()
    turned = adjust.by_channel(track, {"jawLeft": Channel(gain=2.0)})
    assert turned["jaw"][:, [0, 2]].tobytes() == track["jaw"][:, [0, 2]].tobytes()


def test_settings_that_cannot_be_are_said():
    track = lively()
    for wrong in ({"nose": Channel()}, {"jawOpen": Channel(gain=np.inf)}, {"jawOpen": Channel(least=1, most=0)}):
        with pytest.raises(FieldsError):
            adjust.by_channel(track, wrong)
    for wrong in ([1.0] * 8, [3.0] * 9, [-0.1] + [1.0] * 8, [np.nan] * 9):
        with pytest.raises(FieldsError):
            adjust.strengthened(track, wrong)
    with pytest.raises(FieldsError):
        adjust.symmetrized(track, 1.0, "UP")
