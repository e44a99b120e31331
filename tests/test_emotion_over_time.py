"""The emotion over a clip, as a curve and as the moments at which it changes."""

import numpy as np

from fields_blender.core.names import EMOTIONS, GROUPS
from fields_blender.core.track import Track
from fields_blender.shape.emotion_over_time import SHOWABLE, changes, shown


def performance(*parts):
    """(seconds, emotion, intensity) one after another at 24 fps."""
    rows = [(emotion, strength) for seconds, emotion, strength in parts for _ in range(round(seconds * 24))]
    groups = {name: np.zeros((len(rows), *shape), np.float32) for name, shape in GROUPS.items()}
    for row, (emotion, strength) in enumerate(rows):
        groups["emotion"][row, EMOTIONS.index(emotion)] = 1.0
        groups["intensity"][row] = strength
    return Track(np.arange(len(rows)) / 24.0, groups)


def test_likelihood_times_strength():
    values = shown(performance((1, "anger", 0.5), (1, "neutral", 0.9)))
    assert values.shape == (48, 7)
    np.testing.assert_allclose(values[:24, SHOWABLE.index("anger")], 0.5)
    assert values[24:].max() == 0 and values[:, SHOWABLE.index("fear")].max() == 0


def test_changes_are_told_once_and_flickers_not_at_all():
    made = performance(
        (1, "neutral", 0), (2, "happiness", 0.8), (0.1, "fear", 0.9), (2, "happiness", 0.8), (1, "sadness", 0.5)
    )
    assert [(round(at, 2), name) for at, name in changes(made)] == [(1.0, "happiness"), (5.08, "sadness")]
    assert changes(performance((2, "neutral", 0.5))) == []
    assert changes(performance((2, "anger", 0.05))) == []


def test_a_gap_starts_no_new_emotion():
    made = performance((2, "happiness", 0.8), (2, "happiness", 0.8))
    for name, values in made.groups.items():
        values[40:44] = 0.0 if name == "confidence" else np.nan
    assert [name for _, name in changes(made)] == ["happiness"]
