"""Scripts of the test sets, what its made-up people do: stills, emotion ramps, head sweeps, emotional speech.

All weights are ARKit's (52), in the order of `names.ARKIT`. The recipes differ from those of the training data, so that
a network which has memorised its habits gains nothing here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fields_blender.core.names import ARKIT, EMOTIONS

from ..people import expressions, performance
from ..pictures.render import random_rotation

# "neutral": each person's first still, which can be chosen as the face at rest; others at rest are "rest".
KINDS = ("neutral", "rest", "emotion", "subtle", "life", "sparse", "ramp", "sweep", "speaking")
SEVEN = EMOTIONS[1:]  # all but neutral
STEPS = 20  # of a ramp
SWEEP = np.arange(-40.0, 41.0, 5.0)  # degrees of yaw
RATE, SECONDS = 30, 4.0
# All but gaze and blinks, which are drawn separately.
OTHERS = [i for i, name in enumerate(ARKIT) if not name.startswith(("eyeLook", "eyeBlink"))]


@dataclass(frozen=True)
class Script:
    """What one person shows in k pictures.

    `weights` (k, 52); `turns` (k, 3, 3) head to camera; `emotion` (k, 8) soft label, all 0 where undefined; `intensity`
    (k,); `kind` (k,) index into KINDS; `moment` (k,) equal where people of a set do the same, else -1. `moving`: one
    shot, with the same light and camera throughout. `clear`: a good camera, fair light, nothing in front of the face.
    """

    weights: np.ndarray
    turns: np.ndarray
    emotion: np.ndarray
    intensity: np.ndarray
    kind: np.ndarray
    moment: np.ndarray
    moving: bool = False
    clear: bool = False


def label(emotion: str, intensity: float | np.ndarray) -> np.ndarray:
    """(8,) or (k, 8) soft label: intensity for the emotion, the rest for neutral; all 0 for an undefined emotion ""."""
    one = np.eye(len(EMOTIONS))
    strength = np.asarray(intensity, float)[..., None]
    return strength * one[EMOTIONS.index(emotion)] + (1 - strength) * one[0] if emotion else 0 * strength * one[0]


def stills(rng: np.random.Generator) -> Script:
    """12 pictures in 12 settings: 2 at rest, 3 emotions, 2 subtle ones, 2 as in training, 3 with a few channels."""
    return _mixed(rng, {"rest": 1, "emotion": 3, "subtle": 2, "life": 2, "sparse": 3}, random_rotation)


def session(rng: np.random.Generator) -> Script:
    """100 pictures of one person in front of a good camera, the head turned little, as artists film reference."""
    counts = {"rest": 9, "emotion": 36, "subtle": 14, "life": 10, "sparse": 30}
    mixed = _mixed(rng, counts, lambda rng: _turn(*rng.normal(0, [8, 5, 3])))
    return replace(mixed, moving=True, clear=True)


def _mixed(
    rng: np.random.Generator, counts: dict[str, int], turn: Callable[[np.random.Generator], np.ndarray]
) -> Script:
    """A neutral picture, and `counts` pictures of other KINDS."""
    rows = [(np.zeros(52), "neutral", 0.0, "neutral")]
    rows += [(np.zeros(52), "neutral", 0.0, "rest")] * counts["rest"]
    for kind, (low, high) in {"emotion": (0.3, 1.0), "subtle": (0.1, 0.3)}.items():
        for _ in range(counts[kind]):
            emotion, strength = str(rng.choice(SEVEN)), float(rng.uniform(low, high))
            weights = expressions.prototype(rng, emotion) * strength * np.exp(rng.normal(0, 0.15, 52))
            rows.append((_looking(rng, weights), emotion, strength, kind))
    for _ in range(counts["life"]):
        weights, emotion, strength, *_ = expressions.sample(rng)
        rows.append((weights, emotion, strength, "life"))
    for _ in range(counts["sparse"]):
        rows.append((_looking(rng, sparse(rng)), "", 0.0, "sparse"))
    return Script(
        np.clip([weights for weights, *_ in rows], 0, 1),
        np.stack([turn(rng) for _ in rows]),
        np.stack([label(emotion, strength) for _, emotion, strength, _ in rows]),
        np.array([strength for _, _, strength, _ in rows]),
        np.array([KINDS.index(kind) for *_, kind in rows]),
        np.full(len(rows), -1),
    )


def sparse(rng: np.random.Generator) -> np.ndarray:
    """(52,) three channels drawn uniformly; half the time with their mirror channels."""
    weights = np.zeros(52)
    weights[rng.choice(OTHERS, 3, replace=False)] = rng.uniform(0.25, 1.0, 3)
    if rng.random() < 0.5:
        weights = np.maximum(weights, expressions.mirrored(weights))
    # tongueOut needs open lips, and mouthClose an open jaw.
    index = expressions.INDEX
    needed = max(weights[index["mouthClose"]], 0.35 * weights[index["tongueOut"]])
    weights[index["jawOpen"]] = max(weights[index["jawOpen"]], needed)
    return weights


def _looking(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """The weights with a random gaze."""
    side, up = np.clip(rng.normal(0, 0.25, 2), -1, 1)
    out = weights.copy()
    for name, amount in (
        ("eyeLookOutLeft", side), ("eyeLookInRight", side), ("eyeLookInLeft", -side), ("eyeLookOutRight", -side),
        ("eyeLookUpLeft", up), ("eyeLookUpRight", up), ("eyeLookDownLeft", -up), ("eyeLookDownRight", -up),
    ):  # fmt: skip
        out[expressions.INDEX[name]] = max(amount, 0.0)
    return out


def ramps(rng: np.random.Generator) -> Script:
    """Each emotion from neutral to full in STEPS pictures of one shot, the same for all people."""
    strength = np.tile(np.linspace(0, 1, STEPS), len(SEVEN))
    full = np.repeat([_basic(emotion) for emotion in SEVEN], STEPS, axis=0)
    turn = _turn(*rng.normal(0, [6, 4, 3]))
    return Script(
        full * strength[:, None],
        np.repeat(turn[None], len(full), axis=0),
        np.concatenate([label(emotion, np.linspace(0, 1, STEPS)) for emotion in SEVEN]),
        strength,
        np.full(len(full), KINDS.index("ramp")),
        np.arange(len(full)),
        moving=True,
    )


def _basic(emotion: str) -> np.ndarray:
    """(52,) without the optional action units; one-sided emotions on the left."""
    return expressions.prototype(np.random.default_rng(3), emotion, optional=False)


def sweep(rng: np.random.Generator) -> Script:
    """One expression held while the head turns through SWEEP; in one of five the face is at rest."""
    held = np.zeros(52) if rng.random() < 0.2 else 0.7 * expressions.prototype(rng, str(rng.choice(SEVEN)))
    count = len(SWEEP)
    return Script(
        np.repeat(held[None], count, axis=0),
        np.stack([_turn(angle, 0, 0) for angle in SWEEP]),
        np.zeros((count, len(EMOTIONS))),
        np.zeros(count),
        np.full(count, KINDS.index("sweep")),
        np.full(count, -1),
        moving=True,
    )


def speaking(rng: np.random.Generator) -> Script:
    """SECONDS of speech at RATE: blended visemes, an emotion that comes and goes, blinks, glances."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    speech = _speech(rng, time)
    emotion, peak = str(rng.choice(SEVEN)), rng.uniform(0.35, 1.0)
    start, end = rng.uniform(0.3, 1.0), rng.uniform(2.8, 3.5)
    level = peak * performance.rise(time, start, start + rng.uniform(0.2, 0.7))
    level *= 1 - performance.rise(time, end, end + rng.uniform(0.2, 0.5))
    weights = speech + level[:, None] * expressions.prototype(rng, emotion) * (1 - 0.5 * speech)
    for side in ("Left", "Right"):
        mine = [name.endswith(side) for name in ARKIT]
        weights[:, mine] *= (1 + performance.wander(time, rng, 0.6, 0.08))[:, None]
    _glance(rng, time, weights)
    lids = _blinks(rng, time)
    for side in ("Left", "Right"):
        blink, wide = (expressions.INDEX[f"eye{name}{side}"] for name in ("Blink", "Wide"))
        weights[:, blink] = np.maximum(weights[:, blink], lids)
        weights[:, wide] *= 1 - lids
    yaw, pitch, roll = (performance.wander(time, rng, 0.5, size) for size in (9, 5, 4))
    return Script(
        np.clip(weights, 0, 1),
        performance.rotations(*np.radians([yaw, pitch, roll])),
        label(emotion, level),
        level,
        np.full(len(time), KINDS.index("speaking")),
        np.full(len(time), -1),
        moving=True,
    )


def _speech(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """(n, 52): visemes with dominance functions that fall off to both sides, as in `performance`."""
    total, mouth = np.full(len(time), 0.03), np.zeros((len(time), 52))
    centre = rng.uniform(0.2, 0.6)
    while centre < SECONDS - 0.2:
        dominance = np.exp(-((np.abs(time - centre) / rng.uniform(0.045, 0.075)) ** 1.6))
        viseme = expressions.VISEMES[rng.integers(len(expressions.VISEMES))]
        total += dominance
        for name, weight in viseme.items():
            mouth[:, expressions.INDEX[name]] += dominance * weight * rng.uniform(0.6, 1.2)
        centre += rng.uniform(0.08, 0.16) if rng.random() < 0.94 else rng.uniform(0.3, 0.6)  # a pause now and then
    return mouth / total[:, None]


def _blinks(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """(n,) closure of both lids: down in .09 s, up in .15 s."""
    lids, shut = np.zeros(len(time)), rng.uniform(0.3, 1.2)
    while shut < time[-1]:
        closing, opening = (
            performance.rise(time, shut - 0.09, shut),
            1 - performance.rise(time, shut + 0.03, shut + 0.18),
        )
        lids = np.maximum(lids, closing * opening)
        shut += rng.uniform(0.6, 1.8)
    return lids


def _glance(rng: np.random.Generator, time: np.ndarray, weights: np.ndarray) -> None:
    """Add saccades: the gaze jumps to a new direction and stays there for a while."""
    now = 0.0
    while now < time[-1]:
        until = now + rng.uniform(0.4, 1.4)
        some = (time >= now) & (time < until)
        weights[some] = np.maximum(weights[some], _looking(rng, np.zeros(52)))
        now = until


def _turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) head to camera, degrees."""
    return performance.rotations(*np.radians([[yaw], [pitch], [roll]]))[0]
