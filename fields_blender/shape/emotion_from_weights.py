"""How a face looks, read out of its weights alone: for performances whose file says nothing of emotion.

The muscles that EMFACS names for each emotion (Ekman, Friesen; Wikipedia, *Facial Action Coding System*), as ARKit
weights. It is the look of a face, never a claim about feelings, and much coarser than what capture reads off a video.
"""

import numpy as np

from ..core.names import EMOTIONS, EXPRESSION

# Emotion -> how much each channel (the mean of both sides) speaks for it, and against it.
_SIGNS: dict[str, dict[str, float]] = {
    "happiness": {"mouthSmile": 2.0, "cheekSquint": 1.0, "mouthFrown": -2.0, "browDown": -0.5},
    "sadness": {"mouthFrown": 1.5, "browInnerUp": 1.0, "mouthSmile": -2.0, "browOuterUp": -1.0, "noseSneer": -1.0},
    "surprise": {"browOuterUp": 1.0, "browInnerUp": 1.0, "eyeWide": 1.0, "browDown": -1.5, "mouthStretch": -1.5},
    "fear": {"mouthStretch": 2.0, "browInnerUp": 1.0, "eyeWide": 1.0, "mouthSmile": -2.0},
    "anger": {"browDown": 2.0, "mouthPress": 1.0, "browInnerUp": -1.5, "mouthSmile": -1.5, "noseSneer": -0.5},
    "disgust": {"noseSneer": 2.0, "mouthUpperUp": 1.0, "mouthSmile": -1.0, "browInnerUp": -0.5},
}
_ONE_SIDED = ("mouthSmile", "mouthDimple")  # contempt
# As much as this of all emotions together counts as much as neutral: what speech and noise show.
_NEUTRAL = 0.15
# Valence and arousal in the order of EMOTIONS (Russell, Mehrabian 1977; contempt is a guess).
_AFFECT = np.array(
    [[0, 0], [0.81, 0.51], [-0.63, -0.27], [0.4, 0.67], [-0.64, 0.6], [-0.51, 0.59], [-0.6, 0.35], [-0.55, 0.1]]
)


def read(expression: np.ndarray) -> dict[str, np.ndarray]:
    """`emotion` (n, 8), `valence_arousal` (n, 2) and `intensity` (n, 1) of weights (n, 39) without gaps."""
    strength = np.zeros((len(expression), len(EMOTIONS)))
    for emotion, signs in _SIGNS.items():
        total = sum(sign for sign in signs.values() if sign > 0.0)
        spoken = sum(sign * _both(expression, name).mean(axis=1) for name, sign in signs.items())
        strength[:, EMOTIONS.index(emotion)] = np.clip(spoken / total, 0.0, 1.0)
    sides = np.sum([_both(expression, name) for name in _ONE_SIDED], axis=0)
    strength[:, EMOTIONS.index("contempt")] = np.clip(np.abs(sides[:, 0] - sides[:, -1]) / 2.0, 0.0, 1.0)
    strength[:, EMOTIONS.index("neutral")] = _NEUTRAL
    shares = strength / strength.sum(axis=1, keepdims=True)
    shown = 1.0 - shares[:, [EMOTIONS.index("neutral")]]
    return {"emotion": shares, "valence_arousal": shares @ _AFFECT, "intensity": shown}


def _both(expression: np.ndarray, name: str) -> np.ndarray:
    """(n, 2) of the left and the right channel, or (n, 1) of the one in the middle; within 0..1."""
    columns = [i for i, other in enumerate(EXPRESSION) if other in (name, f"{name}Left", f"{name}Right")]
    return np.clip(expression[:, columns], 0.0, 1.0)
