"""Laws of corrections: exact where they were made, nothing without them, the same in any order."""

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from fields_blender.core.curves import Curves, resample
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EXPRESSION
from fields_blender.core.track import CODE, Track
from fields_blender.shape import corrections, likeness
from fields_blender.shape.corrections import CHANNELS, COLUMN, Correction, from_data, pose, to_data, with_pose
from fields_blender.shape.shaping import Shaping, from_json
from fields_blender.shape.spread import apply
from tests.tracks import lively, same, times, track_of

SMILE, BROW = COLUMN["mouthSmileLeft"], COLUMN["browInnerUp"]


def coded(track: Track, seed: int = 0) -> Track:
    """With codes that follow the pose."""
    random = np.random.default_rng(seed)
    code = pose(track)[:, :48] @ random.normal(size=(48, CODE))
    return replace(track, code=code.astype(np.float16))


def two_faces(n: int = 100) -> Track:
    """The first half of each second shows one face, the second half another; nothing moves."""
    track = track_of(times(n), confidence=np.ones((n, 1)), expression=np.full((n, 39), 0.3))
    code = np.zeros((n, CODE))
    code[np.arange(n) % 30 >= 15] = np.random.default_rng(0).normal(size=CODE)
    return replace(track, code=code.astype(np.float16))


def added(track: Track, *made: Correction) -> np.ndarray:
    return pose(apply(track, list(made))) - pose(track)


def some(track: Track) -> list[Correction]:
    at = track.time
    return [
        Correction(at[10], {"mouthSmileLeft": 0.4, "browInnerUp": -0.1}),
        Correction(at[30], {"mouthSmileLeft": -0.1, "head.y": 0.2, "jawOpen": 0.3}, strength=0.5),
        Correction(at[34], {"mouthSmileLeft": 0.2, "eyeLookOutLeft": -0.4}, "HERE", 0.3),
        Correction(at[37], {"mouthSmileLeft": 0.3}, "HERE", 0.3),
        Correction(at[60], {"mouthSmileLeft": 0.1, "browInnerUp": 0.2}, "TAKE"),
        Correction(at[80], {"browInnerUp": 0.05, "eyeBlinkLeft": 0.2}, "TAKE"),
    ]


def test_no_correction_no_change():
    track = coded(lively(gap=slice(20, 25)))
    silent = Correction(1.0, {"mouthSmileLeft": 0.5}, strength=0.0)
    for none in ([], [silent], [replace(silent, strength=1.0, mute=True)], [Correction(1.0, {})]):
        assert apply(track, none) is track


@pytest.mark.parametrize("code", [True, False])
def test_every_corrected_moment_is_exactly_as_corrected(code):
    track = coded(lively()) if code else lively()
    change = added(track, *some(track))
    for each in some(track):
        row = int(np.abs(track.time - each.time).argmin())
        for name, delta in each.delta.items():
            assert change[row, COLUMN[name]] == pytest.approx(each.strength * delta, abs=2e-6), (name, row)


def test_moments_between_two_frames_are_exact_too():
    track = coded(lively())
    made = [replace(each, time=each.time + 0.4 / 30) for each in some(track)]
    before, after = (
        resample(Curves(track.time, (), values), np.array([each.time for each in made])).values
        for values in (pose(track), pose(apply(track, made)))
    )
    for i, each in enumerate(made):
        for name, delta in each.delta.items():
            assert (after - before)[i, COLUMN[name]] == pytest.approx(each.strength * delta, abs=1e-5)


def test_order_does_not_matter():
    track = coded(lively())
    first = apply(track, some(track))
    for order in list(permutations(some(track)))[::97]:
        assert same(apply(track, order), first)


def test_a_muted_one_is_absent():
    track = coded(lively())
    for i in range(len(some(track))):
        made = some(track)
        made[i] = replace(made[i], mute=True)
        assert same(apply(track, made), apply(track, made[:i] + made[i + 1 :]))


def test_it_spreads_to_frames_that_look_alike_and_to_no_others():
    track = two_faces()
    change = added(track, Correction(track.time[5], {"mouthSmileLeft": 0.4}))
    alike = np.arange(100) % 30 < 15
    assert (change[alike, SMILE] > 0.35).all()
    far = np.arange(100) > 20  # a few frames around the correction are near in time
    assert np.abs(change[~alike & far, SMILE]).max() < 0.25
    assert np.abs(np.delete(change, SMILE, axis=1)).max() == 0.0


def test_a_correction_of_a_smile_is_one_of_smiles():
    track = two_faces()
    expression = track["expression"].copy()
    expression[60:, EXPRESSION.index("mouthSmileLeft")] = 1.0
    track = replace(track.with_groups({"expression": expression}), code=np.ones((100, CODE), np.float16))
    change = added(track, Correction(track.time[70], {"mouthSmileLeft": -0.5}))
    assert (change[60:, SMILE] < -0.45).all() and np.abs(change[:60, SMILE]).max() < 0.02


def test_here_stays_here():
    track = coded(lively())
    change = added(track, Correction(track.time[40], {"mouthSmileLeft": 0.4}, "HERE", 0.2))[:, SMILE]
    away = np.abs(track.time - track.time[40])
    assert (change[away >= 0.2] == 0).all() and (change[away < 0.19] > 0).all()
    assert (np.diff(change[34:41]) > 0).all() and (np.diff(change[40:47]) < 0).all()


def test_the_whole_take_is_moved_as_a_whole():
    track = coded(lively())
    change = added(track, Correction(1.0, {"mouthSmileLeft": 0.1, "head.x": 0.05}, "TAKE"))
    np.testing.assert_allclose(change[:, [SMILE, COLUMN["head.x"]]], np.tile([0.1, 0.05], (90, 1)), atol=1e-6)


def test_lids_still_shut_when_the_whole_take_opens_them():
    track = lively()
    made = Correction(track.time[10], {"eyeBlinkLeft": -0.05, "eyeBlinkRight": -0.05}, "TAKE")
    after = apply(track, [made])["eyelids"]
    assert track["eyelids"].max() == 1.0 == after.max()
    assert after[10] == pytest.approx(0.0, abs=1e-6)


def test_weights_stay_weights_but_where_the_artist_goes_beyond():
    track = coded(lively())
    after = pose(apply(track, [Correction(track.time[10], {"mouthSmileLeft": -5.0, "browInnerUp": 5.0}, "TAKE")]))
    read = pose(track)[10]
    assert after[:, SMILE].min() == pytest.approx(read[SMILE] - 5.0, abs=1e-5)
    assert after[:, BROW].max() == pytest.approx(read[BROW] + 5.0, abs=1e-5)
    least = pose(apply(track, [Correction(track.time[10], {"mouthSmileLeft": -read[SMILE]}, "TAKE")]))[:, SMILE].min()
    assert least >= -1e-6


def test_gaps_stay_gaps_and_corrections_in_them_do_nothing():
    track = coded(lively(gap=slice(20, 40)))
    assert same(apply(track, [Correction(track.time[30], {"mouthSmileLeft": 0.4})]), track)
    after = apply(track, [Correction(track.time[50], {"mouthSmileLeft": 0.4})])
    assert (after.found == track.found).all()
    for outside in (-5.0, 99.0):
        assert same(apply(track, [Correction(outside, {"mouthSmileLeft": 0.4}, "TAKE")]), track)


def test_without_codes_it_stays_where_it_was_made():
    track = lively()
    change = added(track, Correction(track.time[40], {"mouthSmileLeft": 0.4}, ease=0.2))[:, SMILE]
    assert change[40] == pytest.approx(0.4, abs=1e-6)
    assert (change[np.abs(track.time - track.time[40]) >= 0.2] == 0).all()


def test_what_comes_from_another_take_needs_no_moment():
    track = two_faces()
    read = dict(zip(CHANNELS, pose(track)[5].tolist(), strict=True))
    code = tuple(track.code[5].astype(float).tolist())
    other = Correction(999.0, {"mouthSmileLeft": 0.4}, code=code, read=read)
    change = added(track, other, Correction(track.time[20], {"mouthSmileLeft": -0.2}))
    alike = np.arange(100) % 30 < 15
    assert (change[alike, SMILE] > 0.25).all() and change[20, SMILE] == pytest.approx(-0.2, abs=1e-6)
    assert same(apply(replace(track, code=None), [other]), replace(track, code=None))


def test_two_that_disagree_are_both_right():
    track = replace(two_faces(), code=np.ones((100, CODE), np.float16))
    change = added(
        track,
        Correction(track.time[20], {"mouthSmileLeft": 0.3}),
        Correction(track.time[70], {"mouthSmileLeft": -0.3}),
    )[:, SMILE]
    assert change[20] == pytest.approx(0.3, abs=1e-5) and change[70] == pytest.approx(-0.3, abs=1e-5)
    assert np.abs(change).max() <= 0.31


def test_poses_there_and_back():
    track = lively(gap=slice(3, 6))
    assert same(with_pose(track, pose(track)), track)
    moved = with_pose(track, pose(track) + 0.1)
    np.testing.assert_allclose(pose(moved), pose(track) + 0.1, atol=1e-6)


def test_they_are_stored_and_read_back_and_what_is_none_is_left_out():
    made = [*some(lively()), Correction(1.0, {"jawOpen": 0.1}, code=(0.5,) * CODE, read={"jawOpen": 0.2})]
    assert from_data(json.loads(json.dumps(to_data(made)))) == made
    assert from_data(None) == from_data({"a": 1}) == from_data([None, 3, {}, {"time": "x"}]) == []
    for wrong in ({"delta": {"nose": 1.0}}, {"time": float("nan")}, {"strength": 9.0}, {"reach": "FAR"}, {"code": [1]}):
        assert from_data([to_data(made)[0] | wrong]) == [], wrong
    shaping = Shaping(corrections=tuple(made))
    assert from_json(shaping.to_json()) == shaping and shaping.slow != Shaping().slow


def test_nonsense_is_refused_with_nothing_changed():
    for wrong in (Correction(0.0, {"nose": 1.0}), Correction(np.nan, {"jawOpen": 1.0}), Correction(0.0, {}, "FAR")):
        with pytest.raises(FieldsError):
            apply(lively(), [wrong])


def test_they_lie_under_every_slider():
    track = coded(lively())
    made = Correction(track.time[40], {"browInnerUp": 0.2})
    plain, corrected = Shaping(smoothing="ONE_EURO"), Shaping(smoothing="ONE_EURO", corrections=(made,))
    for setting in ({}, {"strength": (0.5,) * 9}, {"mirror": True}):
        before, after = (
            pose(replace(each, **setting).finish(replace(each, **setting).prepare(track).at(1.0)))[40, BROW]
            for each in (plain, corrected)
        )
        assert after - before == pytest.approx(0.2 * (0.5 if "strength" in setting else 1.0), abs=1e-5)
    assert corrected.cleaning == plain.cleaning


def test_suggestions_teach_most_and_none_twice():
    track = coded(lively())
    rows = likeness.suggested(track, [], 5)
    assert len(set(rows.tolist())) == 5
    left = [likeness.unknown(track, track.time[rows[:count]]).sum() for count in range(6)]
    assert left[0] == 90 and (np.diff(left) < 0).all()
    rest = likeness.suggested(track, track.time[rows[:3]].tolist(), 2)
    assert rest.tolist() == rows[3:].tolist()
    for row in np.random.default_rng(0).integers(0, 90, 20):
        assert likeness.unknown(track, [track.time[row]]).sum() >= left[1] - 1e-6


def test_a_face_that_never_changes_needs_one_correction():
    track = replace(two_faces(), code=np.ones((100, CODE), np.float16))
    assert len(likeness.suggested(track, [], 5)) == 1
    assert likeness.unknown(track, [1.0]).max() < 0.1


def test_channels_are_all_that_moves_but_the_place():
    assert len(CHANNELS) == len(set(CHANNELS)) == 51 and corrections.ONE_SIDED.sum() == 42
