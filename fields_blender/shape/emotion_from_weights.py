"""Which emotion a face shows, estimated from its weights alone: for performances whose file says nothing of emotion.

Uses the muscles that EMFACS names for each emotion (Ekman, Friesen; Wikipedia, *Facial Action Coding System*), as ARKit
weights. It says how a face looks, never what a person feels, and is much coarser than what capture reads from a video.
"""

import numpy as np

from ..core.names import EMOTIONS, EXPRESSION
from ..core.valence_arousal import VALENCE_AROUSAL

# Emotion -> how much each channel (the mean of both sides) speaks for it, and against it.
_SIGNS: dict[str, dict[str, float]] = {
    "happiness": {"mouthSmile": 2.0, "cheekSquint": 1.0, "mouthFrown": -2.0, "browDown": -0.5},
    "sadness": {"mouthFrown": 1.5, "browInnerUp": 1.0, "mouthSmile": -2.0, "browOuterUp": -1.0, "noseSneer": -1.0},
    "surprise": {"browOuterUp": 1.0, "browInnerUp": 1.0, "eyeWide": 1.0, "browDown": -1.5, "mouthStretch": -1.5},
    "fear": {"mouthStretch": 2.0, "browInnerUp": 1.0, "eyeWide": 1.0, "mouthSmile": -2.0},
    "anger": {"browDown": 2.0, "mouthPress": 1.0, "browInnerUp": -1.5, "mouthSmile": -1.5, "noseSneer": -0.5},
    "disgust": {"noseSneer": 2.0, "mouthUpperUp": 1.0, "mouthSmile": -1.0, "browInnerUp": -0.5},
}
# Contempt is the difference between the two sides of these.
_ONE_SIDED = ("mouthSmile", "mouthDimple")
# Speech and noise show this much of all emotions together; where they do, neutral is as likely as all of them.
_NEUTRAL = 0.15


def read(expression: np.ndarray) -> dict[str, np.ndarray]:
    """`emotion` (n, 8), `valence_arousal` (n, 2) and `intensity` (n, 1) of weights (n, 39) without gaps."""
    strength = np.zeros((len(expression), len(EMOTIONS)))
    for emotion, signs in _SIGNS.items():
        total = sum(sign for sign in signs.values() if sign > 0.0)
        spoken = sum(sign * _sides(expression, name).mean(axis=1) for name, sign in signs.items())
        strength[:, EMOTIONS.index(emotion)] = np.clip(spoken / total, 0.0, 1.0)
    sides = np.sum([_sides(expression, name) for name in _ONE_SIDED], axis=0)
    strength[:, EMOTIONS.index("contempt")] = np.clip(np.abs(sides[:, 0] - sides[:, -1]) / 2.0, 0.0, 1.0)
    strength[:, EMOTIONS.index("neutral")] = _NEUTRAL
    shares = strength / strength.sum(axis=1, keepdims=True)
    shown = 1.0 - shares[:, [EMOTIONS.index("neutral")]]
    return {"emotion": shares, "valence_arousal": shares @ VALENCE_AROUSAL, "intensity": shown}


def _sides(expression: np.ndarray, name: str) -> np.ndarray:
    """(n, 2) of the left and the right channel, or (n, 1) of the one in the middle; within 0..1."""
    columns = [i for i, other in enumerate(EXPRESSION) if other in (name, f"{name}Left", f"{name}Right")]
    return np.clip(expression[:, columns], 0.0, 1.0)
