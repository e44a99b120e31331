"""Laws of emotions that were not performed."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EMOTIONS, EXPRESSION, GROUPS
from fields_blender.core.valence_arousal import VALENCE_AROUSAL
from fields_blender.shape import lips
from fields_blender.shape.added_emotion import PROTOTYPES, AddedEmotion, add, envelope
from fields_blender.shape.emotion import CHANGED
from tests.tracks import times, track_of

SAMPLE = Path(__file__).parents[1] / "samples" / "performance.npz"


@pytest.fixture(scope="module")
def sample():
    return track.load(SAMPLE)


def same(a, b, rows=slice(None)):
    return all(np.array_equal(a[name][rows], b[name][rows], equal_nan=True) for name in GROUPS)


def test_nothing_added_changes_nothing(sample):
    assert same(add(sample, ()), sample)
    assert same(add(sample, (AddedEmotion("anger", 0.0, 0.0, 9.0),)), sample)
    assert same(add(sample, (AddedEmotion("anger", 1.0, 5.0, 5.0), AddedEmotion("fear", 1.0, 1e6, 2e6))), sample)


@pytest.mark.parametrize("name", PROTOTYPES)
def test_it_shows_within_its_time_and_touches_no_other_frame_or_channel(sample, name):
    first, last = sample.time[[0, -1]]
    start, end = first + 0.25 * (last - first), first + 0.75 * (last - first)
    made = add(sample, (AddedEmotion(name, 1.0, start, end, 0.1, 0.1),))
    outside = (sample.time <= start) | (sample.time >= end)
    assert same(made, sample, outside)
    for group in ("jaw", "eyelids", "gaze", "head", "translation", "confidence"):
        assert np.array_equal(made[group], sample[group], equal_nan=True)
    kept = [i for i, channel in enumerate(EXPRESSION) if channel not in CHANGED]
    assert np.array_equal(made["expression"][:, kept], sample["expression"][:, kept], equal_nan=True)
    middle = int(np.flatnonzero(sample.found & ~outside)[(sample.found & ~outside).sum() // 2])
    assert made["emotion"][middle].argmax() == EMOTIONS.index(name)
    strongest = max(PROTOTYPES[name], key=lambda channel: PROTOTYPES[name][channel])
    column = next(i for i, channel in enumerate(EXPRESSION) if channel.startswith(strongest))
    shown = (made["expression"] - sample["expression"])[~outside & sample.found, column]
    assert shown.max() > 0.2


@pytest.mark.parametrize("strength", [0.4, 1.0])
@pytest.mark.parametrize("name", PROTOTYPES)
def test_what_the_track_says_follows(name, strength):
    """On a neutral face: as far as it is added, the emotion's own place on valence and arousal, and its strength."""
    neutral = np.tile(np.eye(8)[EMOTIONS.index("neutral")], (90, 1))
    calm = track_of(times(90), emotion=neutral, intensity=np.full((90, 1), 0.5))
    made = add(calm, (AddedEmotion(name, strength, -10.0, 10.0),))
    place = EMOTIONS.index(name)
    wanted = (1 - strength) * neutral[0] + strength * np.eye(8)[place]
    np.testing.assert_allclose(made["emotion"][45], wanted, atol=1e-6)
    np.testing.assert_allclose(made["valence_arousal"][45], strength * VALENCE_AROUSAL[place], atol=1e-6)
    assert made["intensity"][45, 0] == pytest.approx(max(0.5 * (1 - strength), strength))


def test_where_emotions_lie_on_valence_and_arousal():
    """What Russell and Mehrabian say in words: pleasant or not, and calm or excited."""
    signs = dict(zip(EMOTIONS, np.sign(VALENCE_AROUSAL).astype(int).tolist(), strict=True))
    assert signs["neutral"] == [0, 0] and signs["sadness"] == [-1, -1]
    assert signs["happiness"] == signs["surprise"] == [1, 1]
    assert signs["fear"] == signs["anger"] == signs["disgust"] == signs["contempt"] == [-1, 1]
    assert np.abs(VALENCE_AROUSAL).max() <= 1


@pytest.mark.parametrize("name", PROTOTYPES)
def test_closed_lips_stay_closed(sample, name):
    made = add(sample, (AddedEmotion(name, 1.0, -1e3, 1e3),))
    before, after = (lips.lip_gap(each["expression"], each["jaw"]) for each in (sample, made))
    closed = sample.found & (before < 0.01)
    assert (after[closed] < 0.03).mean() >= 0.99


def test_it_comes_and_goes_softly():
    time = np.linspace(0, 4, 401)
    there = envelope(time, AddedEmotion("fear", 1.0, 1.0, 3.0, 0.5, 1.0))
    assert there[time <= 1].max() == 0 and there[time >= 3].max() == 0
    assert (there[(time > 1.5) & (time < 2.0)] == 1).all()
    assert np.abs(np.diff(there)).max() < 0.04
    short = envelope(time, AddedEmotion("fear", 1.0, 1.0, 1.5, 2.0, 2.0))
    assert 0.9 < short.max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        AddedEmotion("joy", 1, 0, 1),
        AddedEmotion("fear", 1.1, 0, 1),
        AddedEmotion("fear", np.nan, 0, 1),
        AddedEmotion("fear", 1, 0, np.inf),
    ],
)
def test_what_is_no_emotion_is_refused(sample, wrong):
    with pytest.raises(FieldsError):
        add(sample, (wrong,))
