"""An emotion that was not performed, laid over a stretch of a performance: Track -> Track.

What is there of emotion gives way to it, as far as it is added; the words stay, since only the channels that carry
emotion change and lips that close keep closing (emotion.py).
"""

from dataclasses import dataclass

import numpy as np

from ..core.errors import FieldsError
from ..core.names import EMOTIONS, EXPRESSION
from ..core.track import Track
from . import emotion

# The look of each emotion in full, after the action units of EMFACS, in the channels that carry emotion.
LOOKS: dict[str, dict[str, float]] = {
    "happiness": {"mouthSmile": 0.85, "cheekSquint": 0.65},
    "sadness": {"browInnerUp": 0.75, "browDown": 0.3, "mouthFrown": 0.7},
    "surprise": {"browInnerUp": 0.85, "browOuterUp": 0.85, "eyeWide": 0.75},
    "fear": {"browInnerUp": 0.8, "browOuterUp": 0.4, "browDown": 0.4, "eyeWide": 0.8, "mouthStretch": 0.6},
    "anger": {"browDown": 0.85, "eyeSquint": 0.55, "noseSneer": 0.25, "mouthFrown": 0.2},
    "disgust": {"noseSneer": 0.75, "browDown": 0.35, "mouthFrown": 0.4, "eyeSquint": 0.3},
    "contempt": {"mouthDimpleLeft": 0.6, "mouthSmileLeft": 0.35},
}
VALENCE_AROUSAL = {  # Russell and Mehrabian, Journal of Research in Personality 1977; contempt by analogy
    "happiness": (0.81, 0.51), "sadness": (-0.63, -0.27), "surprise": (0.4, 0.67), "fear": (-0.64, 0.6),
    "anger": (-0.51, 0.59), "disgust": (-0.6, 0.35), "contempt": (-0.55, 0.1),
}  # fmt: skip


@dataclass(frozen=True)
class Added:
    """One added emotion: from `start` to `end` (s, in the Track's time), as strong as `strength` 0..1.

    It comes within `attack` s and goes within `release` s before the end; both shrink where the time is too short.
    """

    emotion: str
    strength: float
    start: float
    end: float
    attack: float = 0.4
    release: float = 0.8


def add(track: Track, added: tuple[Added, ...]) -> Track:
    """The performance with these emotions added, one over the other; bit by bit the same where none is.

    Raises FieldsError for an emotion that is none, a strength beyond 0..1 or times that are no numbers.
    """
    for each in added:
        track = _add(track, each)
    return track


def envelope(time: np.ndarray, added: Added) -> np.ndarray:
    """(n,) 0..1: how far the added emotion is there at `time` (n,) s. Eases in and out; 0 outside."""
    lasts = added.end - added.start
    if lasts <= 0:
        return np.zeros(len(time))
    shrink = min(1.0, lasts / max(added.attack + added.release, 1e-9))
    come = np.clip((time - added.start) / max(added.attack * shrink, 1e-9), 0.0, 1.0)
    go = np.clip((added.end - time) / max(added.release * shrink, 1e-9), 0.0, 1.0)
    there = np.minimum(come, go)
    return there * there * (3.0 - 2.0 * there)


def _add(track: Track, added: Added) -> Track:
    times = (added.start, added.end, added.attack, added.release)
    if added.emotion not in LOOKS or not 0.0 <= added.strength <= 1.0 or not np.isfinite(times).all():
        raise FieldsError("An added emotion needs a name, a strength from 0 to 1 and times. Set it up again.")
    share = added.strength * envelope(track.time, added)
    if not share.any():
        return track
    wide = share[:, None]
    before = track["expression"].astype(np.float64)
    look = emotion.give_way_to_blinks(np.repeat(_look(added.emotion)[None], len(track), axis=0), track["eyelids"])
    after = np.maximum(before + wide * (look - emotion.find(track).slow), np.minimum(before, 0.0))
    groups = dict(track.groups)
    groups["expression"] = np.where(wide == 0, before, emotion.seal(track, before, after)).astype(np.float32)
    target = np.eye(len(EMOTIONS))[EMOTIONS.index(added.emotion)]
    told = {
        "emotion": track["emotion"] + wide * (target - track["emotion"]),
        "valence_arousal": track["valence_arousal"]
        + wide * (np.array(VALENCE_AROUSAL[added.emotion]) - track["valence_arousal"]),
        "intensity": np.maximum(track["intensity"] * (1 - wide), wide),
    }
    for name, values in told.items():
        gap = np.isnan(track[name])
        groups[name] = np.where((wide == 0) | gap, track[name], values).astype(np.float32)
    return Track(track.time, groups, track.card, track.source)


def _look(name: str) -> np.ndarray:
    plain = [each.removesuffix("Left").removesuffix("Right") for each in EXPRESSION]
    look = LOOKS[name]
    return np.array([look.get(full, look.get(short, 0.0)) for full, short in zip(EXPRESSION, plain, strict=True)])
