"""A scripted performance: ten seconds of talking, three emotions, blinks, glances, nods. Truth for the sample clip.

Everything is a smooth curve over the FLAME groups of `fields_blender.core.names`; the same seed gives the same numbers.
* Speech: visemes with dominance functions that fall off to both sides (Cohen and Massaro's model of co-articulation,
  1993). On p, b and m the lips really close: what would part them is removed and `mouthClose` undoes the jaw.
* Emotions: action units at strengths after EMFACS and Cohn 2005, with valence and arousal in Mehrabian's PAD terms. The
  labels name the posed expression.
* Blinks: down in about 0.08 s, up in about 0.13 s. Gaze: saccades in the world; the eyes compensate head rotation.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from fields_blender.core.names import EMOTIONS, EXPRESSION, GROUPS, JAW_OPEN
from fields_blender.core.valence_arousal import VALENCE_AROUSAL

SECONDS = 10.0
RATE = 30
NEUTRAL_UNTIL = 1.0

# The point between the eyes, seen from the neck's joint and, at rest, from the camera. Inter-ocular distances.
NECK_TO_EYES = np.array([0.0, 1.75, 1.35])
_REST_PLACE = np.array([0.0, 0.08, -6.5])

# Weights of the posed expression at intensity 1; jaw in units of names.JAW_OPEN.
_POSES = {
    "happiness": "mouthSmile 0.85, cheekSquint 0.65, eyeSquint 0.25, mouthUpperUp 0.12, mouthDimple 0.1, jaw 0.05",
    "sadness": "browInnerUp 0.95, browDown 0.35, mouthFrown 0.85, mouthShrugLower 0.55, cheekSquint 0.2, eyeSquint 0.3",
    "surprise": "browInnerUp 0.85, browOuterUp 0.85, eyeWide 0.8, jaw 0.3, mouthFunnel 0.12",
}

# (emotion, intensity, onset from, full from, offset from, gone at), s
_EMOTIONS = (
    ("happiness", 0.8, 1.1, 1.9, 3.3, 4.1),
    ("sadness", 0.4, 4.2, 4.9, 6.0, 6.7),
    ("surprise", 0.9, 6.85, 7.2, 8.4, 9.1),
)

_VISEMES = {
    "PP": "mouthPress 0.35, mouthRollUpper 0.12, mouthRollLower 0.15, jaw 0.04",
    "FF": "mouthRollLower 0.5, mouthUpperUp 0.25, jaw 0.06",
    "TH": "jaw 0.10, mouthLowerDown 0.2, mouthUpperUp 0.08",
    "DD": "jaw 0.09, mouthLowerDown 0.25, mouthUpperUp 0.1, mouthStretch 0.1",
    "KK": "jaw 0.14, mouthLowerDown 0.2, mouthUpperUp 0.1",
    "CH": "jaw 0.07, mouthFunnel 0.55, mouthUpperUp 0.15, mouthLowerDown 0.15",
    "SS": "jaw 0.04, mouthStretch 0.25, mouthLowerDown 0.35, mouthUpperUp 0.15",
    "RR": "jaw 0.09, mouthPucker 0.35, mouthFunnel 0.3",
    "AA": "jaw 0.38, mouthLowerDown 0.25, mouthUpperUp 0.15",
    "EH": "jaw 0.26, mouthStretch 0.25, mouthLowerDown 0.3, mouthUpperUp 0.15",
    "IH": "jaw 0.15, mouthStretch 0.35, mouthSmile 0.12, mouthLowerDown 0.25",
    "OH": "jaw 0.30, mouthFunnel 0.6, mouthPucker 0.25",
    "OU": "jaw 0.12, mouthPucker 0.75, mouthFunnel 0.3",
}
# (start, visemes a second, what is said in visemes)
PHRASES = (
    (1.45, 11.5, "KK EH DD OH PP AA DD EH IH PP IH SS PP AA PP DD AA DD SS OU PP IH DD OU"),  # hello, my name is Bob …
    (4.55, 10.0, "AA IH PP IH SS DD EH PP AA SS AA DD FF OH DD EH PP AA IH"),  # I missed the bus and fell behind
    (7.25, 9.0, "OU AA DD AA FF OH CH OU DD PP IH PP OH"),  # what, a fortune, maybe more
)
_STRESS = (1.75, 2.25, 2.95, 4.85, 5.75, 7.45, 8.05)  # s: stressed syllables, with a nod
_CLOSED_LIPS = "PP"

# When the lids are down, s. The fifth and sixth are a double blink.
_BLINKS = (1.3, 2.4, 3.4667, 4.2667, 5.3, 5.5667, 6.6, 7.1, 8.6667, 9.4667)

# (s, yaw left, pitch up, roll) in degrees; (s, yaw, pitch) of the gaze in the world, 0 along the camera's axis.
_HEAD = (
    (1.0, 0, 0, 0), (1.6, 3, -2, 2), (2.3, 17, -3, 5), (3.0, 12, -1, 3), (3.6, 0, 1, 0), (4.2, -4, 3, -2),
    (5.1, -20, 8, -6), (5.9, -15, 10, -4), (6.6, 0, 2, 0), (7.2, 3, -8, 1), (8.0, 8, -6, -4), (8.5, -5, -3, 2),
    (9.3, 0, 0, 0), (10.0, 0, 0, 0),
)  # fmt: skip
_LOOK_AT = (
    (0.0, 0, 0), (1.9, 22, 3), (2.35, 1, 0), (3.0, 14, -8), (3.5, 0, 0), (4.3, -8, 12), (4.75, -30, 14), (5.3, -2, 2),
    (5.95, -24, -3), (6.5, 0, 0), (7.75, 10, 6), (8.2, 0, 0), (8.7, -20, 4), (9.3, 0, 0),
)  # fmt: skip


def perform(seed: int = 5) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times (300,) in seconds and every group of `names.GROUPS` at them, float32, in their units and frames.

    The first second is exactly neutral. `translation` is relative to a camera at rest in front of the face.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * RATE)) / RATE
    awake = rise(time, NEUTRAL_UNTIL, NEUTRAL_UNTIL + 0.4)
    speech, closed = _speech(time)
    poses, labels = _emotions(time)
    sides = {side: 1.0 + awake * wander(time, rng, 0.6, 0.08) for side in ("Left", "Right")}

    # Lips that close in speech close in every emotion: whatever would part them is removed.
    for name in ("mouthUpperUp", "mouthLowerDown", "jaw", "mouthFunnel", "mouthShrugLower"):
        poses[name] = poses.get(name, 0.0) * (1 - closed)
    weights = {name: speech.get(name, 0.0) + poses.get(name, 0.0) for name in speech | poses}
    jaw_open = weights.pop("jaw")
    weights["mouthClose"] = closed * jaw_open

    expression = np.zeros((len(time), len(EXPRESSION)))
    for column, name in enumerate(EXPRESSION):
        side = next((s for s in sides if name.endswith(s)), "")
        if name.removesuffix(side) in weights:
            expression[:, column] = weights[name.removesuffix(side)] * (sides[side] if side else 1.0)
    jaw = np.zeros((len(time), 3))
    jaw[:, 0] = JAW_OPEN * jaw_open
    jaw[:, 1] = 0.012 * awake * wander(time, rng, 1.5, 1.0) * np.minimum(jaw_open / 0.3, 1.0)

    lids = _blinks(time)
    head = np.radians(_through(time, _HEAD, _smooth))
    for stress in _STRESS:
        head[:, 1] -= np.radians(3.5) * np.exp(-(((time - stress) / 0.11) ** 2))
    head += awake[:, None] * np.radians([wander(time, rng, 0.8, 0.7) for _ in range(3)]).T
    rotation = rotations(head[:, 0], -head[:, 1], -head[:, 2])
    place = awake[:, None] * np.transpose([wander(time, rng, 0.35, size) for size in (0.10, 0.06, 0.14)])
    groups = {
        "expression": np.clip(expression, 0.0, 1.0),
        "jaw": jaw,
        "eyelids": np.stack([lids, lids], axis=1),
        "gaze": np.repeat(_gaze(time, rotation)[:, None], 2, axis=1),
        "head": _axis_angle(rotation),
        "translation": _REST_PLACE + place + rotation @ NECK_TO_EYES - NECK_TO_EYES,
        **labels,
        "confidence": np.ones((len(time), 1)),
        "uncertainty": np.zeros((len(time), 8)),
    }
    return time, {name: groups[name].astype(np.float32) for name in GROUPS}


def _parse(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (item.split() for item in text.split(", "))}


def _speech(time: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Mouth weights over time, by name without its side, and the required lip closure, 0..1."""
    total = np.full(len(time), 0.03)  # dominance of silence
    sums = {name: np.zeros(len(time)) for viseme in _VISEMES.values() for name in _parse(viseme)}
    closed = np.zeros(len(time))
    for start, rate, text in PHRASES:
        for number, viseme in enumerate(text.split()):
            # Centred on a frame: a closure between two frames would not be visible in the clip.
            centre = round((start + number / rate) * RATE) / RATE
            vowel = viseme in ("AA", "EH", "IH", "OH", "OU")
            width, force = (0.072, 0.9) if vowel else (0.05, 1.2)
            dominance = force * np.exp(-((np.abs(time - centre) / width) ** 1.6))
            total += dominance
            for name, value in _parse(_VISEMES[viseme]).items():
                sums[name] += dominance * value
            if viseme == _CLOSED_LIPS:
                closed = np.maximum(closed, np.exp(-((np.maximum(np.abs(time - centre) - 0.012, 0.0) / 0.042) ** 2)))
    speech = {name: value / total for name, value in sums.items()}
    for name in ("mouthUpperUp", "mouthLowerDown", "mouthFunnel"):
        speech[name] = speech[name] * (1 - closed)
    speech["jaw"] = speech["jaw"] * (1 - 0.6 * closed)
    quiet = time <= NEUTRAL_UNTIL
    return {name: np.where(quiet, 0.0, value) for name, value in speech.items()}, np.where(quiet, 0.0, closed)


def _emotions(time: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Weights of the posed expression, by name without its side, and the groups emotion, valence_arousal, intensity."""
    poses: dict[str, np.ndarray] = {}
    emotion = np.zeros((len(time), len(EMOTIONS)))
    valence_arousal = np.zeros((len(time), 2))
    for name, strength, onset, full, offset, gone in _EMOTIONS:
        level = strength * rise(time, onset, full) * (1 - rise(time, offset, gone))
        for part, value in _parse(_POSES[name]).items():
            poses[part] = poses.get(part, 0.0) + level * value
        emotion[:, EMOTIONS.index(name)] += level
        valence_arousal += level[:, None] * VALENCE_AROUSAL[EMOTIONS.index(name)]
    intensity = emotion.sum(axis=1, keepdims=True)
    emotion[:, EMOTIONS.index("neutral")] = 1 - intensity[:, 0]
    return poses, {"emotion": emotion, "valence_arousal": valence_arousal, "intensity": intensity}


def _blinks(time: np.ndarray) -> np.ndarray:
    lids = np.zeros(len(time))
    for shut in _BLINKS:
        shut = round(shut * RATE) / RATE
        closing, opening = rise(time, shut - 0.085, shut), 1 - rise(time, shut + 0.02, shut + 0.17)
        lids = np.maximum(lids, closing * opening)
    return lids


def _gaze(time: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """(n, 2) yaw and pitch, in the head, of eyes that hold a direction in the world while the head turns."""
    yaw, pitch = np.radians(_through(time, _LOOK_AT, _saccade)).T
    forward = np.stack([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)], axis=1)
    x, y, z = np.einsum("nji,nj->in", rotation, forward)
    return np.stack([np.arctan2(x, z), np.arcsin(np.clip(y, -1, 1))], axis=1)


def rise(time: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 before, 1 after, minimum jerk between."""
    t = np.clip((time - start) / (end - start), 0.0, 1.0)
    return t * t * t * (10 - 15 * t + 6 * t * t)


def _smooth(time: np.ndarray, this: float, following: float) -> np.ndarray:
    return rise(time, this, following)


def _saccade(time: np.ndarray, this: float, following: float) -> np.ndarray:
    return rise(time, following, following + 0.05)


def _through(time: np.ndarray, keys: tuple, step: Callable[[np.ndarray, float, float], np.ndarray]) -> np.ndarray:
    """(n, k) values that go from key to key; `step` is the progress 0..1 between two of them over time."""
    table = np.array(keys, dtype=np.float64)
    values = np.repeat(table[:1, 1:], len(time), axis=0)
    for this, following in pairwise(table):
        values = values + step(time, this[0], following[0])[:, None] * (following[1:] - this[1:])
    return values


def wander(time: np.ndarray, rng: np.random.Generator, hertz: float, size: float) -> np.ndarray:
    """(n,) slow noise around 0 with standard deviation `size`: the idle motion of a body that holds still."""
    frequencies = hertz * rng.uniform(0.3, 1.0, 6)
    phases = rng.uniform(0, 2 * np.pi, 6)
    return size * np.sqrt(2 / 6) * np.sin(2 * np.pi * np.outer(time, frequencies) + phases).sum(axis=1)


def rotations(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """(n, 3, 3): roll about z, then pitch about x (down positive), then yaw about y (to the subject's left)."""
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*rows: list[np.ndarray]) -> np.ndarray:
        return np.array(rows).transpose(2, 0, 1)

    c, s = np.cos(yaw), np.sin(yaw)
    about_y = matrix([c, zero, s], [zero, one, zero], [-s, zero, c])
    c, s = np.cos(pitch), np.sin(pitch)
    about_x = matrix([one, zero, zero], [zero, c, -s], [zero, s, c])
    c, s = np.cos(roll), np.sin(roll)
    about_z = matrix([c, -s, zero], [s, c, zero], [zero, zero, one])
    return about_y @ about_x @ about_z


def _axis_angle(rotation: np.ndarray) -> np.ndarray:
    """(n, 3) from rotations (n, 3, 3) well under a half turn."""
    angle = np.arccos(np.clip((np.trace(rotation, axis1=1, axis2=2) - 1) / 2, -1, 1))
    skew = rotation - rotation.transpose(0, 2, 1)
    vector = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1) / 2
    return vector / np.sinc(angle / np.pi)[:, None]
