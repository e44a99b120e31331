"""The look of a face from its weights alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core.names import EMOTIONS, EXPRESSION, GROUPS
from fields_blender.core.regions import OTHER_EXPRESSION
from fields_blender.exchange.arkit_track import from_groups
from fields_blender.shape import emotion, emotion_from_weights

FACES = {
    "neutral": "mouthFunnel mouthClose mouthLowerDown",  # speech
    "happiness": "mouthSmile cheekSquint",
    "sadness": "mouthFrown browInnerUp",
    "surprise": "browInnerUp browOuterUp eyeWide",
    "fear": "browInnerUp browOuterUp eyeWide mouthStretch browDown",
    "anger": "browDown mouthPress eyeSquint",
    "disgust": "noseSneer mouthUpperUp browDown",
    "contempt": "mouthSmileLeft mouthDimpleLeft",
}


def face(names: str, strength: float) -> np.ndarray:
    """(1, 39) with these channels at `strength`, both sides unless one is named."""
    shown = {name + side for name in names.split() for side in ("", "Left", "Right")}
    return np.array([[strength if name in shown else 0.0 for name in EXPRESSION]])


@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("name", FACES)
def test_the_faces_of_the_book(name, strength):
    read = emotion_from_weights.read(face(FACES[name], strength))
    assert EMOTIONS[int(read["emotion"][0].argmax())] == name
    pleasant = {"happiness": 1, "surprise": 1, "neutral": 0}.get(name, -1)
    assert np.sign(read["valence_arousal"][0, 0].round(2)) == pleasant


def test_a_mirrored_face_shows_the_same():
    for names in FACES.values():
        shown = face(names, 0.7)
        for group, values in emotion_from_weights.read(shown).items():
            mirrored = emotion_from_weights.read(shown[:, OTHER_EXPRESSION])[group]
            np.testing.assert_allclose(mirrored, values, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in FACES if name != "neutral"])
def test_more_is_more(name):
    read = [emotion_from_weights.read(face(FACES[name], strength)) for strength in (0.0, 0.2, 0.5, 0.9)]
    assert (np.diff([r["intensity"][0, 0] for r in read]) > 0).all()
    assert (np.diff([r["emotion"][0, EMOTIONS.index(name)] for r in read]) > 0).all()


@given(st.lists(st.floats(-2, 5), min_size=39, max_size=39))
def test_any_weights_give_shares(weights):
    read = emotion_from_weights.read(np.array([weights]))
    assert read["emotion"].min() >= 0 and read["emotion"].sum() == pytest.approx(1)
    assert np.abs(read["valence_arousal"]).max() <= 1 and 0 <= read["intensity"][0, 0] <= 1


def test_an_imported_smile_follows_the_slider_of_its_emotion():
    rows = {name: np.zeros((90, *GROUPS[name])) for name in ("jaw", "eyelids", "gaze", "head")}
    rows["expression"] = np.repeat(face(FACES["happiness"], 0.6), 90, axis=0)
    made = from_groups(np.arange(90) / 30, np.ones(90, bool), rows)
    found = emotion.find(made)
    for name, follows in (("happiness", True), ("anger", False)):
        sliders = np.ones(7)
        sliders[[e for e in EMOTIONS if e != "neutral"].index(name)] = 0.0
        left = found.at(np.clip(found.balance(sliders), 0, 2))["expression"][45, EXPRESSION.index("mouthSmileLeft")]
        assert (left < 0.35) == follows
