"""An emotion that was not performed, added over a stretch of a performance: Track -> Track.

It replaces the emotion that was performed, as far as it is added. The words stay: only the channels that carry emotion
change (emotion.py), and lips that close keep closing.
"""

from dataclasses import dataclass

import numpy as np

from ..core.easing import smoothstep
from ..core.errors import FieldsError
from ..core.names import EMOTIONS, EXPRESSION
from ..core.regions import without_side
from ..core.track import Track
from ..core.valence_arousal import VALENCE_AROUSAL
from . import emotion, lips

# The full expression of each emotion, after the action units of EMFACS, in the channels that carry emotion.
PROTOTYPES: dict[str, dict[str, float]] = {
    "happiness": {"mouthSmile": 0.85, "cheekSquint": 0.65},
    "sadness": {"browInnerUp": 0.75, "browDown": 0.3, "mouthFrown": 0.7},
    "surprise": {"browInnerUp": 0.85, "browOuterUp": 0.85, "eyeWide": 0.75},
    "fear": {"browInnerUp": 0.8, "browOuterUp": 0.4, "browDown": 0.4, "eyeWide": 0.8, "mouthStretch": 0.6},
    "anger": {"browDown": 0.85, "eyeSquint": 0.55, "noseSneer": 0.25, "mouthFrown": 0.2},
    "disgust": {"noseSneer": 0.75, "browDown": 0.35, "mouthFrown": 0.4, "eyeSquint": 0.3},
    "contempt": {"mouthDimpleLeft": 0.6, "mouthSmileLeft": 0.35},
}


@dataclass(frozen=True)
class AddedEmotion:
    """One added emotion: from `start` to `end` (s, in the Track's time), as strong as `strength` 0..1.

    It fades in within `attack` s and out within `release` s before the end; both shrink where the time is too short.
    """

    emotion: str
    strength: float
    start: float
    end: float
    attack: float = 0.4
    release: float = 0.8


def add(track: Track, added: tuple[AddedEmotion, ...]) -> Track:
    """The performance with these emotions added one after the other; unchanged to the bit where there is none.

    Raises FieldsError for an unknown emotion, a strength beyond 0..1 or times that are not numbers.
    """
    for each in added:
        track = _add(track, each)
    return track


def envelope(time: np.ndarray, added: AddedEmotion) -> np.ndarray:
    """(n,) 0..1: how strongly the emotion is added at `time` (n,) s. Eases in and out; 0 outside."""
    lasts = added.end - added.start
    if lasts <= 0:
        return np.zeros(len(time))
    shrink = min(1.0, lasts / max(added.attack + added.release, 1e-9))
    fade_in = (time - added.start) / max(added.attack * shrink, 1e-9)
    fade_out = (added.end - time) / max(added.release * shrink, 1e-9)
    return smoothstep(np.minimum(fade_in, fade_out))


def _add(track: Track, added: AddedEmotion) -> Track:
    times = (added.start, added.end, added.attack, added.release)
    if added.emotion not in PROTOTYPES or not 0.0 <= added.strength <= 1.0 or not np.isfinite(times).all():
        raise FieldsError("An added emotion needs a name, a strength from 0 to 1 and times. Set it up again.")
    amount = (added.strength * envelope(track.time, added))[:, None]
    if not amount.any():
        return track
    before = track["expression"].astype(np.float64)
    prototype = np.repeat(_prototype(added.emotion)[None], len(track), axis=0)
    prototype = emotion.give_way_to_blinks(prototype, track["eyelids"])
    after = np.maximum(before + amount * (prototype - emotion.find(track).slow), np.minimum(before, 0.0))
    expression = np.where(amount == 0, before, lips.keep_gap(track, after))
    return track.with_groups({"expression": expression, **_labels(track, added.emotion, amount)})


def _labels(track: Track, name: str, amount: np.ndarray) -> dict[str, np.ndarray]:
    """`emotion`, `valence_arousal` and `intensity` with `amount` (n, 1) of that emotion added; gaps stay."""
    place = EMOTIONS.index(name)
    labels = {
        "emotion": track["emotion"] + amount * (np.eye(len(EMOTIONS))[place] - track["emotion"]),
        "valence_arousal": track["valence_arousal"] + amount * (VALENCE_AROUSAL[place] - track["valence_arousal"]),
        "intensity": np.maximum(track["intensity"] * (1 - amount), amount),
    }
    return {
        group: np.where((amount == 0) | np.isnan(track[group]), track[group], values)
        for group, values in labels.items()
    }


def _prototype(name: str) -> np.ndarray:
    """(39,) over EXPRESSION."""
    weights = PROTOTYPES[name]
    return np.array([weights.get(channel, weights.get(without_side(channel), 0.0)) for channel in EXPRESSION])
