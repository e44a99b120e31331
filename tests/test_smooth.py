"""Smoothing takes jitter, and nothing else."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core import track_matrix
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EXPRESSION, GROUPS, UNCERTAINTY
from fields_blender.core.regions import REGIONS
from fields_blender.shape import lips
from fields_blender.shape.smooth import CALM, METHODS, QUICK, local_parabola, one_euro_zero_phase, smooth
from tests.tracks import lively, same, times, track_of


@given(st.floats(0, 1), st.sampled_from([12.0, 24.0, 29.97, 60.0]))
def test_a_face_that_holds_still_is_not_moved(weight, fps):
    before = track_of(times(40, fps), expression=np.full((40, 39), weight), head=np.full((40, 3), weight))
    after = smooth(before)
    for name in GROUPS:
        np.testing.assert_allclose(after[name], before[name], atol=1e-5)


def test_jitter_at_rest_shrinks_to_a_third():
    noise = np.random.default_rng(0).normal(0, 0.03, (300, 39))
    talking = np.tile([0.35, 0, 0], (300, 1))  # closed lips stay as captured, see below
    after = smooth(track_of(times(300), expression=0.3 + noise, jaw=talking))["expression"]
    assert (np.diff(after, axis=0).std(axis=0) < np.diff(noise, axis=0).std(axis=0) / 3).all()


def test_a_blink_keeps_its_peak_and_its_moment():
    time = times(90)
    blink = np.exp(-(((time - 1.5) / 0.055) ** 2))[:, None].repeat(2, axis=1)
    after = smooth(track_of(time, eyelids=blink))["eyelids"]
    assert after.max() > 0.9
    assert np.argmax(after[:, 0]) == np.argmax(blink[:, 0])


def test_lips_that_close_for_a_moment_close():
    """A b or m: the jaw shuts for a tenth of a second between two open vowels."""
    time = times(60)
    jaw = np.full((60, 3), 0.0)
    jaw[:, 0] = 0.25 * np.clip(np.abs(time - 1.0) / 0.06 - 0.7, 0, 1)
    assert (jaw[:, 0] == 0).sum() >= 3
    after = smooth(track_of(time, jaw=jaw))["jaw"][:, 0]
    assert after.min() < 0.005


def test_forwards_and_backwards_are_treated_alike():
    """No lag: a symmetric movement stays symmetric (within what the adaptive cutoff leaves)."""
    time = times(121)
    jaw = np.zeros((121, 3))
    jaw[:, 0] = 0.3 * np.exp(-(((time - 2) / 0.2) ** 2))
    after = smooth(track_of(time, jaw=jaw))["jaw"][:, 0]
    middle = (time * after).sum() / after.sum()
    assert abs(middle - 2) < 1 / 60


def test_gaps_stay_and_nothing_crosses_them():
    values = np.zeros((60, 39))
    values[30:] = 1.0
    values[25:30] = np.nan
    after = smooth(track_of(times(60), expression=values))["expression"]
    np.testing.assert_array_equal(np.isnan(after), np.isnan(values))
    assert np.nanmax(after[:25]) == 0 and np.nanmin(after[30:]) == 1


def test_a_head_that_turns_past_half_a_turn_does_not_jump():
    turn = np.zeros((60, 3))
    turn[:, 1] = np.linspace(2.8, 3.6, 60)
    turn[:, 1] = np.where(turn[:, 1] > np.pi, turn[:, 1] - 2 * np.pi, turn[:, 1])  # the vector flips on the way
    after = smooth(track_of(times(60), head=turn))["head"]
    angle = np.unwrap(after[:, 1], period=2 * np.pi)
    assert np.abs(np.diff(angle)).max() < 0.05


def test_empty_of_faces_and_single_frames():
    nothing = track_of(times(5), expression=np.full((5, 39), np.nan))
    assert np.isnan(smooth(nothing)["expression"]).all()
    one = track_of(times(1), expression=np.full((1, 39), 0.5))
    np.testing.assert_allclose(smooth(one)["expression"], 0.5)


def busy(n: int = 90) -> dict[str, np.ndarray]:
    """A face in motion, with noise."""
    random = np.random.default_rng(1)
    weights = 0.3 + 0.2 * np.sin(times(n)[:, None] * np.arange(1, 40)) + random.normal(0, 0.03, (n, 39))
    lids = np.exp(-(((times(n) - 1.5) / 0.055) ** 2))[:, None].repeat(2, axis=1)
    return {
        "expression": weights,
        "eyelids": lids,
        "jaw": 0.3 * weights[:, :3],
        "gaze": weights[:, :4].reshape(n, 2, 2),
    }


@given(st.floats(0, 0.5))
def test_the_same_uncertainty_everywhere_changes_nothing(uncertainty):
    """The last bit of it: a network that is never sure is no reason to smooth more than it was set to."""
    sure = smooth(track_of(times(90), **busy()))
    unsure = smooth(track_of(times(90), **busy(), uncertainty=np.full((90, 8), uncertainty)))
    for name in ("expression", "eyelids", "jaw", "gaze", "head"):
        np.testing.assert_array_equal(sure[name], unsure[name])


def test_values_of_full_weight_are_filtered_as_without_weights():
    values = busy()["expression"]
    setting = np.array([CALM] * 39)
    np.testing.assert_array_equal(
        one_euro_zero_phase(times(90), values, setting),
        one_euro_zero_phase(times(90), values, setting, np.ones((90, 39))),
    )


def test_a_doubtful_stretch_gives_way_to_what_is_around_it():
    """A hand before the mouth for a fifth of a second: the mouth goes astray, the brows are seen as well as ever."""
    still = np.full((90, 39), 0.2)
    astray, uncertainty = still.copy(), np.full((90, 8), 0.05)
    astray[40:46] += 0.5
    uncertainty[40:46, UNCERTAINTY.index("mouth")] = 0.8
    talking = np.tile([0.35, 0, 0], (90, 1))
    sure = smooth(track_of(times(90), expression=astray, jaw=talking))["expression"] - still
    unsure = smooth(track_of(times(90), expression=astray, jaw=talking, uncertainty=uncertainty))["expression"] - still
    mouth = [name.startswith("mouth") for name in EXPRESSION]
    assert unsure[:, mouth].max() < sure[:, mouth].max() / 3
    np.testing.assert_array_equal(unsure[:, EXPRESSION.index("browInnerUp")], sure[:, EXPRESSION.index("browInnerUp")])


def test_a_blink_that_is_doubted_a_little_keeps_its_peak():
    time = times(90)
    blink = np.exp(-(((time - 1.5) / 0.055) ** 2))[:, None].repeat(2, axis=1)
    uncertainty = 0.05 + 0.1 * blink[:, :1].repeat(8, axis=1)
    after = smooth(track_of(time, eyelids=blink, uncertainty=uncertainty))["eyelids"]
    assert after.max() > 0.85
    assert np.argmax(after[:, 0]) == np.argmax(blink[:, 0])


def test_a_doubt_that_is_not_known_is_none():
    unknown = smooth(track_of(times(90), **busy(), uncertainty=np.full((90, 8), np.nan)))
    np.testing.assert_array_equal(unknown["expression"], smooth(track_of(times(90), **busy()))["expression"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", range(len(REGIONS)))
def test_a_region_of_no_strength_stays_bit_by_bit(method, where):
    track = lively(gap=slice(10, 20))
    alone, others = [0.0] * 9, [1.0] * 9
    alone[where], others[where] = 1.0, 0.0
    assert same(smooth(track, [0.0] * 9, method), track)
    after, rest = smooth(track, alone, method), smooth(track, others, method)
    mine = np.equal(track_matrix.REGION, where)
    mouth = REGIONS[where] in ("mouth", "jaw")  # which closes the lips together
    for name, part in track_matrix.SLICES.items():
        for column in range(part.stop - part.start):
            was, now, other = (t[name].reshape(len(track), -1)[:, column] for t in (track, after, rest))
            if mine[part][column]:
                assert mouth or other.tobytes() == was.tobytes()
                assert name == "eyelids" or now.tobytes() != was.tobytes()  # these hold still but for a blink
            else:
                assert now.tobytes() == was.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_stronger_is_smoother(method):
    noise = np.random.default_rng(0).normal(0, 0.03, (300, 39))
    track = track_of(times(300), expression=0.3 + noise, jaw=np.tile([0.35, 0, 0], (300, 1)))
    left = [
        np.diff(smooth(track, [strength] * 9, method)["expression"], axis=0).std()
        for strength in (0.0, 0.25, 0.5, 1.0, 2.0)
    ]
    assert (np.diff(left) <= 1e-9).all() and left[3] < 0.6 * left[0] and left[4] < 0.4 * left[0]


@pytest.mark.parametrize("method", METHODS)
@given(st.floats(24, 60), st.floats(0.25, 1.0), st.floats(0, 1), st.floats(0.045, 0.12), st.floats(0.1, 2))
@settings(max_examples=40)
def test_blinks_keep_their_peak_at_every_strength(method, fps, peak, phase, width, strength):
    time = times(90, fps)
    lids = peak * np.exp(-(((time - time[45] - phase / fps) / width) ** 2))
    after = smooth(track_of(time, eyelids=lids[:, None].repeat(2, axis=1)), [strength] * 9, method)["eyelids"]
    assert after.max() >= 0.95 * lids.max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fps", [24, 30, 60])
def test_lids_are_as_captured_for_as_long_as_a_blink_takes_and_smoothed_beyond(method, fps):
    """Lids that shut at 2 s: untouched within 0.15 s to either side, and from 0.2 s on they are smoothed."""
    time = times(4 * fps, fps)
    lids = (time >= 2)[:, None] + np.random.default_rng(0).normal(0, 0.02, (len(time), 2))
    after = smooth(track_of(time, eyelids=lids), method=method)["eyelids"]
    captured = np.isclose(after, lids, atol=1e-6).all(axis=1)
    away = np.abs(time - 2 + 0.5 / fps)
    assert captured[away <= 0.15].all() and not captured[(away > 0.2) & (away < 1.5)].any()


def test_what_counts_less_changes_only_what_is_around_it():
    """In both passes: far from the doubtful frames, on either side, the result is that of full weights."""
    values = np.cumsum(np.random.default_rng(0).normal(0, 0.1, (90, 3)), axis=0)
    weight = np.ones((90, 3))
    weight[20:26] = 0.01
    setting = np.array([QUICK] * 3)
    difference = one_euro_zero_phase(times(90), values, setting, weight)
    difference -= one_euro_zero_phase(times(90), values, setting)
    assert np.abs(difference[20:26]).max() > 0.1 and np.abs(difference[50:]).max() < 0.01


def test_a_low_pass_passes_on_half_the_power_at_its_cutoff():
    """One-Euro with a cutoff that does not rise with speed is a low-pass of first order, run twice: gain 1/2 at it."""
    time = times(1200, 120)
    wave = np.sin(2 * np.pi * 2.0 * time)[:, None]
    out = one_euro_zero_phase(time, wave, np.array([[2.0, 0.0]]))
    middle = slice(400, 800)
    assert np.abs(out[middle]).max() == pytest.approx(0.5, abs=0.03)
    assert np.abs(out[middle] - 0.5 * wave[middle]).max() < 0.06  # without lag


def test_what_is_quick_is_smoothed_less():
    """The same waves, three times as large: their speed opens the filter."""
    time = times(300)
    wave = np.sin(2 * np.pi * 2.0 * time)[:, None]
    small, large = (one_euro_zero_phase(time, size * wave, np.array([CALM]))[100:200] / size for size in (0.1, 0.3))
    assert np.abs(large).max() > 1.2 * np.abs(small).max()


@pytest.mark.parametrize("method", METHODS)
@given(st.floats(24, 60), st.floats(0, 1), st.floats(0.0, 0.08), st.floats(0.1, 2))
@settings(max_examples=40)
def test_lips_that_close_stay_closed_at_every_strength(method, fps, phase, quiet, strength):
    time = times(90, fps)
    away = np.abs(time - time[45] - phase / fps)
    jaw = np.zeros((90, 3))
    jaw[:, 0] = 0.25 * np.clip((away - quiet / 2) / 0.06, 0, 1)
    before = track_of(time, jaw=jaw)
    after = smooth(before, [strength] * 9, method)
    was, now = (lips.lip_gap(track["expression"], track["jaw"]) for track in (before, after))
    assert (now[was < 0.01] < 0.03).all()
    if was.min() < 0.01:  # else the camera did not see them close
        assert now.min() - was.min() < 0.05 * (was.max() - was.min())


@given(st.integers(0, 99), st.floats(0.05, 0.3))
@settings(max_examples=30)
def test_parabolas_pass_savitzky_golay_unchanged_at_any_spacing(seed, reach):
    random = np.random.default_rng(seed)
    time = np.cumsum(random.uniform(0.01, 0.06, 80))
    a, b, c = random.normal(size=(3, 1, 4))
    values = a + b * time[:, None] + c * time[:, None] ** 2
    weight = random.uniform(0.2, 1.0, values.shape)
    np.testing.assert_allclose(local_parabola(time, values, reach, weight), values, atol=1e-5)


def test_savitzky_golay_is_the_filter_of_that_name():
    """Seven points, parabola: (-2 3 6 7 6 3 -2) / 21."""
    values = np.random.default_rng(0).normal(size=(60, 3))
    taps = np.array([-2, 3, 6, 7, 6, 3, -2]) / 21
    expected = np.stack([np.convolve(column, taps, "valid") for column in values.T], axis=1)
    got = local_parabola(times(60), values, 0.1, np.ones((60, 3)))
    np.testing.assert_allclose(got[3:-3], expected, atol=1e-9)


def test_settings_that_cannot_be_are_said():
    for strength, method in (([1.0] * 8, "ONE_EURO"), ([3.0] * 9, "ONE_EURO"), ([np.nan] * 9, "ONE_EURO"), (None, "X")):
        with pytest.raises(FieldsError):
            smooth(lively(), strength, method)


@pytest.mark.parametrize("method", METHODS)
def test_time_stamps_that_hardly_differ_take_no_longer(method):
    """A damaged file had steps of 1e-12 s, for which a window of .15 s had as many steps."""
    lids = np.random.default_rng(0).uniform(0, 1, (50, 2))
    began = time.perf_counter()
    done = smooth(track_of(np.arange(50) * 1e-12, eyelids=lids), method=method)
    assert time.perf_counter() - began < 5.0 and np.isfinite(done["eyelids"]).all()
