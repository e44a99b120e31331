"""Emotion gets stronger or weaker; words, blinks and gaze stay."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EMOTIONS, EXPRESSION, GROUPS
from fields_blender.core.track import Track
from fields_blender.shape import emotion
from tools.bench_emotion import INTENSITIES, Mouth, measure

SAMPLE = Path(__file__).parents[1] / "samples" / "performance.npz"
COLUMN = {name: i for i, name in enumerate(EXPRESSION)}
ALL = slice(None)


@pytest.fixture(scope="module")
def sample() -> Track:
    return track.load(SAMPLE)


@pytest.fixture(scope="module")
def found(sample: Track) -> emotion.Emotion:
    return emotion.find(sample)


def track_of(time: np.ndarray, **groups: np.ndarray) -> Track:
    full = {name: np.zeros((len(time), *shape), np.float32) for name, shape in GROUPS.items()}
    return Track(time, {**full, **{name: value.astype(np.float32) for name, value in groups.items()}})


def performance(time: np.ndarray, **weights: np.ndarray) -> Track:
    expression = np.zeros((len(time), len(EXPRESSION)))
    for name, weight in weights.items():
        expression[:, COLUMN[name]] = weight
    return track_of(time, expression=expression)


def test_one_is_the_performance_itself_bit_by_bit(sample, found):
    for intensity in (1.0, np.ones(len(sample))):
        after = found.at(intensity)
        assert all(after[name].tobytes() == sample[name].tobytes() for name in GROUPS)


@pytest.mark.parametrize("intensity", [0.0, 0.3, 1.7, 2.0])
def test_what_is_not_emotion_is_untouched_bit_by_bit(sample, found, intensity):
    after = found.at(intensity)
    for name in ("jaw", "eyelids", "gaze", "head", "translation", "confidence"):
        assert after[name].tobytes() == sample[name].tobytes()
    kept = [i for i, name in enumerate(EXPRESSION) if name not in emotion.CHANGED]
    assert after["expression"][:, kept].tobytes() == sample["expression"][:, kept].tobytes()
    assert (after["expression"][:, COLUMN["mouthSmileLeft"]] != sample["expression"][:, COLUMN["mouthSmileLeft"]]).any()


def test_the_measures_of_the_method_hold_on_the_sample(sample):
    measured = measure(sample, Mouth())
    assert set(measured.gains) == {"happiness", "sadness", "surprise"}
    for row, intensity in enumerate(INTENSITIES):
        for gains in measured.gains.values():
            assert abs(gains[row] - intensity) <= 0.05 * max(intensity, 1.0)
    assert min(measured.lips) >= 0.98
    assert min(measured.recall) >= 0.99
    assert max(measured.saturated) < 0.01
    assert measured.untouched and measured.monotone


def test_the_intensity_may_change_over_time(sample, found):
    ramp = np.linspace(0, 2, len(sample))
    after = found.at(ramp)
    for row in (0, 70, 150, 235):
        same = found.at(float(ramp[row]))
        for name in GROUPS:
            np.testing.assert_array_equal(after[name][row], same[name][row])


@pytest.mark.parametrize("fps", [12.0, 23.976, 60.0])
def test_a_lasting_smile_doubles_and_a_flicker_of_words_does_not(fps):
    time = np.arange(0, 8, 1 / fps)
    smile = 0.4 * ((time > 2) & (time < 6))
    words = 0.1 * np.sin(2 * np.pi * 4 * time)
    after = emotion.find(performance(time, mouthSmileLeft=smile + words)).at(2.0)["expression"]
    gained = after[:, COLUMN["mouthSmileLeft"]] - smile - words
    np.testing.assert_allclose(gained[(time > 3) & (time < 5)], 0.4, atol=0.02)
    assert abs(gained[(time < 1) | (time > 7)]).max() < 0.02


def test_nothing_is_shifted_in_time():
    time = np.arange(241) / 30
    brows = 0.5 * np.exp(-(((time - 4) / 0.5) ** 2))
    after = emotion.find(performance(time, browInnerUp=brows)).at(2.0)["expression"][:, COLUMN["browInnerUp"]]
    np.testing.assert_allclose(after, after[::-1], atol=1e-4)


def test_uneven_time_stamps_give_what_even_ones_give():
    even = np.arange(300) / 30
    uneven = np.delete(even, np.flatnonzero(np.random.default_rng(0).random(300) < 0.4))

    def smile(time):
        weights = performance(time, mouthSmileLeft=0.25 * (1 - np.cos(2 * np.pi * time / 5)))
        return emotion.find(weights).at(2.0)["expression"][:, COLUMN["mouthSmileLeft"]]

    np.testing.assert_allclose(smile(uneven), np.interp(uneven, even, smile(even)), atol=0.02)


def test_gaps_stay_and_nothing_crosses_them():
    time = np.arange(120) / 30
    smile = np.where(np.arange(120) < 60, 0.0, 0.6)
    before = performance(time, mouthSmileLeft=smile)
    for name, values in before.groups.items():
        values[55:60] = 0.0 if name == "confidence" else np.nan
    after = emotion.find(before).at(2.0)
    for name in GROUPS:
        np.testing.assert_array_equal(np.isnan(after[name]), np.isnan(before[name]))
    assert np.nanmax(after["expression"][:55]) == 0


def test_a_wink_shuts_its_own_eye_alone():
    time = np.arange(120) / 30
    before = performance(time, eyeWideLeft=np.full(120, 0.4), eyeWideRight=np.full(120, 0.4))
    before["eyelids"][60, 0] = 1.0
    gained = (emotion.find(before).at(2.0)["expression"] - before["expression"])[60]
    assert gained[COLUMN["eyeWideLeft"]] == 0 and gained[COLUMN["eyeWideRight"]] > 0.2


def test_how_a_brow_always_sits_is_no_emotion_but_a_lasting_smile_is():
    """Up to 0.05 of what never goes away is this person's face at rest."""
    time = np.arange(150) / 30
    before = performance(time, browInnerUp=np.full(150, 0.04), mouthSmileLeft=np.full(150, 0.4))
    after = emotion.find(before).at(2.0)["expression"]
    np.testing.assert_allclose(after[:, COLUMN["browInnerUp"]], 0.04, atol=1e-6)
    np.testing.assert_allclose(after[:, COLUMN["mouthSmileLeft"]], 0.4 + (0.4 - 0.05), atol=1e-5)


def test_more_frames_a_second_do_not_count_more():
    """A step where the frame rate changes from 12 to 120 a second: half-way up at the step, as at any steady rate."""
    time = np.concatenate([-np.arange(1, 37)[::-1] / 12, np.arange(360) / 120])
    step = (time >= 0).astype(float)[:, None]
    slow = emotion.low_pass(time, step, 1.0)[:, 0]
    assert np.interp(0.0, time, slow) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("hertz", [0.5, 1.0, 3.0])
def test_half_the_amplitude_is_left_at_the_cutoff(hertz):
    time = np.arange(0, 12, 1 / 60)
    wave = np.sin(2 * np.pi * hertz * time)[:, None]
    middle = np.abs(time - 6) < 2
    assert np.abs(emotion.low_pass(time, wave, hertz))[middle].max() == pytest.approx(0.5, abs=0.01)


def test_a_blink_shuts_a_widened_eye():
    time = np.arange(120) / 30
    before = performance(time, eyeWideLeft=np.full(120, 0.8), eyeWideRight=np.full(120, 0.8))
    before["eyelids"][60] = 1.0
    after = emotion.find(before).at(2.0)["expression"]
    assert after[60, COLUMN["eyeWideLeft"]] == before["expression"][60, COLUMN["eyeWideLeft"]]
    assert after[50, COLUMN["eyeWideLeft"]] > 1.3


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 2))
def test_any_noise_stays_within_what_heads_can_show(seed, intensity):
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.01, 0.2, 30))
    groups = {name: rng.uniform(0, 1, (30, *shape)).astype(np.float32) for name, shape in GROUPS.items()}
    before = Track(time, groups)
    after = emotion.find(before).at(intensity)
    assert after["expression"].min() >= 0 and after["expression"].max() <= 2.0
    for name, low in (("emotion", 0), ("intensity", 0), ("valence_arousal", -1)):
        assert after[name].min() >= low - 1e-6 and after[name].max() <= 1 + 1e-6


def test_labels_follow(sample, found):
    strengths = [found.at(g)["intensity"].mean() for g in INTENSITIES]
    happy = [found.at(g)["emotion"][70, 1] for g in INTENSITIES]
    assert (np.diff(strengths) > 0).all() and (np.diff(happy) >= 0).all() and happy[0] == 0
    np.testing.assert_allclose(found.at(2.0)["emotion"].sum(axis=1), 1, atol=1e-5)


def test_one_emotion_alone_where_it_is_shown(sample, found):
    alone = np.ones(7)
    alone[EMOTIONS.index("happiness") - 1] = 2.0
    after, all_of_it = (found.at(g)["expression"].astype(float) for g in (found.balance(alone), 2.0))
    before = sample["expression"].astype(float)
    happy, surprised = (sample["emotion"][:, EMOTIONS.index(name)] > 0.75 for name in ("happiness", "surprise"))
    np.testing.assert_allclose(after[happy], all_of_it[happy], atol=0.03)
    np.testing.assert_allclose(after[surprised], before[surprised], atol=0.03)
    assert (found.balance(np.ones(7)) == 1.0).all()
    assert found.balance(np.zeros(7)).min() >= -1e-9 and found.balance(np.full(7, 2.0)).max() <= 2.0 + 1e-9


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shortest_performances(count):
    before = track_of(np.arange(count) / 30.0)
    assert len(emotion.find(before).at(2.0)) == count


def test_a_performance_without_a_face():
    before = track.empty(np.arange(5) / 30)
    assert np.isnan(emotion.find(before).at(2.0)["expression"]).all()


@pytest.mark.parametrize("intensity", [-0.1, 2.1, np.nan, np.ones(3)])
def test_an_intensity_out_of_range_is_refused(found, intensity):
    with pytest.raises(FieldsError, match="from 0 to 2"):
        found.at(intensity)
