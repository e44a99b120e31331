"""Key reduction: what it promises for any curve. tests/blender/test_reduced_keys.py tests how Blender plays it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core import curves, track
from fields_blender.rig import mapping_file, reduce, retarget
from fields_blender.shape import smooth

ROOT = Path(__file__).parents[1]


@st.composite
def performances(draw):
    """(n, 3): smooth, noisy, stepped or constant, of any size, with or without gaps."""
    n = draw(st.integers(1, 120))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.arange(n)[:, None]
    values = {
        "smooth": 0.5 + 0.5 * np.sin(x * random.uniform(0.01, 1.5, 3) + random.uniform(0, 6, 3)),
        "noisy": random.uniform(0, 1, (n, 3)),
        "walk": np.cumsum(random.normal(0, 0.05, (n, 3)), axis=0),
        "stepped": np.repeat(random.integers(0, 2, (n // 7 + 1, 3)), 7, axis=0)[:n].astype(float),
        "constant": np.repeat(random.uniform(-2, 2, (1, 3)), n, axis=0),
    }[draw(st.sampled_from(("smooth", "noisy", "walk", "stepped", "constant")))]
    values = values * draw(st.sampled_from((0.01, 1.0, 100.0)))
    if draw(st.booleans()):
        values[random.uniform(0, 1, n) < 0.1] = np.nan
    return values


tolerances = st.sampled_from((0.0, 0.001, 0.02, 0.2))


@settings(deadline=None, max_examples=150)
@given(performances(), tolerances, st.sampled_from((-1000, 0, 1, 30_000)))
def test_the_error_is_never_above_the_tolerance_and_is_the_one_reported(values, tolerance, start):
    frames = np.arange(start, start + len(values))
    for keys, wanted in zip(reduce.reduce(frames, values, tolerance), values.T, strict=True):
        there = np.isfinite(wanted)
        got = reduce.evaluate(keys, frames[there]) if there.any() else np.empty(0)
        error = np.abs(got - wanted[there]).max(initial=0.0)
        assert error <= keys.error + 1e-9 * max(np.abs(wanted[there]).max(initial=1.0), 1.0)
        assert keys.error <= tolerance


@settings(deadline=None, max_examples=100)
@given(performances(), tolerances)
def test_keys_are_samples_and_ends_stay(values, tolerance):
    frames = np.arange(10, 10 + len(values))
    for keys, wanted in zip(reduce.reduce(frames, values, tolerance), values.T, strict=True):
        np.testing.assert_array_equal(keys.values, wanted[keys.frames - 10])
        there = np.isfinite(wanted)
        firsts = there & ~np.r_[False, there[:-1]]
        lasts = there & ~np.r_[there[1:], False]
        np.testing.assert_array_equal(keys.frames[keys.opens], frames[firsts])
        np.testing.assert_array_equal(keys.frames[keys.ends], frames[lasts])


@settings(deadline=None, max_examples=100)
@given(performances())
def test_time_only_goes_forwards_and_handles_are_aligned(values):
    frames = np.arange(len(values))
    for keys in reduce.reduce(frames, values, 0.02):
        assert (keys.left[:, 0] < keys.frames).all() and (keys.frames < keys.right[:, 0]).all()
        inside = ~keys.ends[:-1]
        assert (keys.right[:-1, 0] <= keys.left[1:, 0])[inside].all()
        key = np.stack([keys.frames, keys.values], axis=1)
        before, after = key - keys.left, keys.right - key
        np.testing.assert_allclose(before[:, 1] / before[:, 0], after[:, 1] / after[:, 0], rtol=1e-6, atol=1e-9)


def test_a_held_pose_needs_a_key_at_either_end_only():
    values = np.repeat([0.0, 1.0, 0.3, 0.3, 0.9], 7)
    (keys,) = reduce.reduce(np.arange(35), values[:, None], 0.02)
    assert keys.frames.tolist() == [0, 6, 7, 13, 14, 27, 28, 34]
    between = reduce.evaluate(keys, np.linspace(0, 34, 999))
    assert between.min() >= -1e-9 and between.max() <= 1.0 + 1e-9


@given(st.floats(-2, 2), st.integers(2, 500))
def test_a_constant_and_a_ramp_need_two_keys(value, n):
    frames = np.arange(n)
    steady, ramp = reduce.reduce(frames, np.stack([np.full(n, value), np.linspace(0, value, n)], 1), 0.02)
    assert steady.frames.tolist() == ramp.frames.tolist() == [0, n - 1]


def test_what_is_sparse_already_stays():
    frames, values = np.array([3, 10, 20, 21, 40]), np.array([[0.0], [1.0], [0.2], [0.3], [0.9]])
    (keys,) = reduce.reduce(frames, values, 0.02)
    np.testing.assert_array_equal(keys.frames, frames)
    np.testing.assert_array_equal(keys.values, values[:, 0])


def test_extremes_stay_to_the_last_bit_and_handles_are_level_there():
    x = np.arange(200)
    values = 0.5 + 0.4 * np.sin(x / 7.0)
    (keys,) = reduce.reduce(x, values[:, None], 0.02)
    for peak in np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])) + 1:
        at = np.flatnonzero(keys.frames == peak)
        assert len(at) == 1
        assert keys.left[at, 1] == keys.values[at] == keys.right[at, 1]


def test_numbers_of_one_rotation_have_keys_on_the_same_frames():
    random = np.random.default_rng(1)
    values = np.cumsum(random.normal(0, 0.05, (100, 4)), axis=0)
    a, b, c, lone = reduce.reduce(np.arange(100), values, 0.02, together=["head", "head", "head", "jawOpen"])
    np.testing.assert_array_equal(a.frames, b.frames)
    np.testing.assert_array_equal(a.frames, c.frames)
    assert len(lone.frames) < len(a.frames)


def test_nothing_gives_nothing():
    (keys,) = reduce.reduce(np.arange(5), np.full((5, 1), np.nan), 0.02)
    assert len(keys.frames) == 0 and keys.error == 0.0
    assert reduce.reduce(np.arange(0), np.empty((0, 2)), 0.02)[1].error == 0.0
    assert reduce.reduce(np.arange(5), np.empty((5, 0)), 0.02) == []


def test_a_blink_keeps_start_peak_and_end():
    lid = np.full(60, 0.05)
    lid[20:29] = [0.07, 0.3, 0.8, 0.95, 0.9, 0.6, 0.3, 0.12, 0.06]
    keep, _ = reduce.moments(["eyeBlinkLeft"], lid[:, None])
    assert np.flatnonzero(keep).tolist() == [20, 27]
    (keys,) = reduce.reduce(np.arange(60), lid[:, None], 0.1, keep)
    assert {0, 20, 23, 27, 59} <= set(keys.frames.tolist())
    assert reduce.evaluate(keys, np.array([23]))[0] == 0.95


def test_closed_lips_are_truer():
    names = ["jawOpen", "mouthClose", "browInnerUp"]
    values = np.zeros((4, 3))
    values[:, 0] = 0.0, 0.3, 0.3, np.nan
    values[:, 1] = 0.0, 0.3, 0.0, np.nan
    _, share = reduce.moments(names, values)
    np.testing.assert_array_equal(share[:, 0], [0.25, 0.25, 1, 1])
    np.testing.assert_array_equal(share[:, 0], share[:, 1])
    assert (share[:, 2] == 1).all()


@pytest.mark.parametrize(
    ("every", "wanted"), [(1, [5, 6, 7, 8, 9, 20, 21, 22]), (2, [5, 7, 9, 20, 22]), (4, [5, 9, 20])]
)
def test_steps_start_anew_after_a_gap(every, wanted):
    frames = np.array([5, 6, 7, 8, 9, 20, 21, 22])
    assert frames[reduce.steps(frames, every)].tolist() == wanted
    assert reduce.steps(frames[:0], every).shape == (0,)


@pytest.fixture(scope="module")
def sample():
    """The sample performance, as it is baked: names and values (n, 52) on its frames."""
    truth = smooth.smooth(track.load(ROOT / "samples" / "performance.npz"))
    made = retarget.retarget(truth, mapping_file.load(ROOT / "models" / "mappings" / "arkit.json"))
    return curves.resample(made, np.arange(300) / 30.0)


def test_the_sample_clip_keeps_its_blinks_and_its_lips_closed(sample):
    frames = np.arange(300)
    keep, share = reduce.moments(sample.names, sample.values)
    found = reduce.reduce(frames, sample.values, 0.02 * share, keep)
    played = dict(zip(sample.names, (reduce.evaluate(keys, frames) for keys in found), strict=True))
    wanted = dict(zip(sample.names, sample.values.T, strict=True))
    kept = sum(len(keys.frames) for keys in found) / sample.values.size
    assert kept < 0.12
    assert max(keys.error for keys in found) <= 0.02
    lid = wanted["eyeBlinkLeft"]
    peaks = np.flatnonzero((lid[1:-1] > lid[:-2]) & (lid[1:-1] >= lid[2:]) & (lid[1:-1] > 0.5)) + 1
    assert len(peaks) >= 2
    np.testing.assert_allclose(played["eyeBlinkLeft"][peaks], lid[peaks], atol=0.02)
    closed = wanted["jawOpen"] - wanted["mouthClose"] < reduce.SEAL
    assert closed.any()
    for name in ("jawOpen", "mouthClose"):
        assert np.abs(played[name] - wanted[name])[closed].max() <= 0.005
