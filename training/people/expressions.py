"""Random facial expressions, distributed as in life, with the emotion they show.

Prototypes are FACS action units after EMFACS, Cohn 2005 and Du et al. 2014, written as ARKit weights. A label says how
a face looks, never what a person feels.
"""

from collections.abc import Callable

import numpy as np

from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import ARKIT, EMOTIONS
from fields_blender.core.valence_arousal import VALENCE_AROUSAL

INDEX = {name: i for i, name in enumerate(ARKIT)}


def _both(name: str, weight: float) -> dict[str, float]:
    return {f"{name}Left": weight, f"{name}Right": weight}


AU: dict[str, dict[str, float]] = {
    "1": {"browInnerUp": 1},
    "2": _both("browOuterUp", 1),
    "4": _both("browDown", 1),
    "5": _both("eyeWide", 1),
    "6": _both("cheekSquint", 1),
    "7": _both("eyeSquint", 1),
    "9": _both("noseSneer", 1),
    "10": _both("mouthUpperUp", 1),
    "12": _both("mouthSmile", 1),
    "12L": {"mouthSmileLeft": 1},
    "14L": {"mouthDimpleLeft": 1},
    "15": _both("mouthFrown", 1),
    "16": _both("mouthLowerDown", 1),
    "17": {"mouthShrugLower": 1},
    "18": {"mouthPucker": 1},
    "20": _both("mouthStretch", 1),
    "22": {"mouthFunnel": 1},
    "23": {"mouthRollUpper": 0.5, "mouthRollLower": 0.5, **_both("mouthPress", 0.3)},
    "24": _both("mouthPress", 1),
    "25": {"jawOpen": 0.08, **_both("mouthLowerDown", 0.2)},
    "26": {"jawOpen": 0.35},
    "27": {"jawOpen": 0.8},
    "28": {"mouthRollUpper": 1, "mouthRollLower": 1},
    "29": {"jawForward": 1},
    "30L": {"jawLeft": 1},
    "32": {"mouthRollLower": 0.9, "jawOpen": 0.06},
    "34": {"cheekPuff": 1},
    "43": _both("eyeBlink", 1),
    "mouth left": {"mouthLeft": 1},
    "tongue": {"tongueOut": 1},
}
# Gestures without an emotion: action units and their strength. Names are ours.
GESTURES: list[dict[str, float]] = [
    {"17": 0.9, "24": 0.6, "15": 0.4},  # uncertainty: the chin pushed up, lips shut
    {"17": 0.7, "24": 0.6, "15": 0.3, "1": 0.5, "2": 0.5},  # "not bad"
    {"17": 0.8, "18": 0.5},  # pout
    {"17": 0.6, "22": 0.4, "15": 0.4},  # sulk
    {"18": 0.8, "24": 0.4},  # lips pursed
    {"18": 0.9, "22": 0.4},  # kiss
    {"28": 0.9},  # lips tucked in
    {"28": 0.4, "24": 0.8},  # lips pressed thin
    {"32": 0.9},  # a bite on the lip
    {"34": 0.9, "24": 0.4},  # cheeks blown up
    {"34": 0.6, "18": 0.6, "25": 0.4},  # blowing
    {"12": 0.5, "24": 0.6, "17": 0.3},  # a smile held back
    {"12": 0.5, "1": 0.6, "2": 0.6},  # greeting
    {"1": 0.7, "2": 0.7},  # brows flashed
    {"mouth left": 0.8, "24": 0.3},
    {"mouth left": 0.5, "12L": 0.4},
    {"29": 0.8, "17": 0.4},
    {"30L": 0.8, "26": 0.3},
    {"9": 0.6, "10": 0.8, "25": 0.8},  # snarl
    {"16": 0.8, "20": 0.6, "25": 0.8},  # lower teeth bared
    {"4": 0.7, "7": 0.6, "6": 0.5, "20": 0.5, "9": 0.3},  # wince
    {"4": 0.5, "7": 0.9},  # peering
    {"4": 0.6, "5": 0.9},  # glaring
    {"27": 1.0, "43": 0.8, "1": 0.3},  # yawn
    {"12": 1.0, "6": 0.9, "7": 0.5, "25": 0.8, "26": 0.4, "43": 0.4},  # a laugh, lids half shut
    {"12": 0.9, "6": 0.7, "25": 0.9, "16": 0.4},  # a smile that shows clenched teeth
    {"43": 1.0, "7": 0.8, "6": 0.7, "4": 0.7, "9": 0.4},  # eyes squeezed shut
    {"tongue": 0.8, "26": 0.4},
]
# emotion -> strength of the action units that are always there, and (probability, strength) of the optional ones.
PROTOTYPES: dict[str, tuple[dict[str, float], dict[str, tuple[float, float]]]] = {
    "happiness": ({"12": 0.85, "6": 0.65}, {"25": (0.5, 0.5), "7": (0.3, 0.3), "26": (0.3, 0.15)}),
    "sadness": (
        {"15": 0.7, "1": 0.75},
        {"4": (0.45, 0.8), "17": (0.6, 0.67), "6": (0.3, 0.4), "7": (0.3, 0.3), "43": (0.25, 0.3)},
    ),
    "surprise": (
        {"1": 0.85, "2": 0.85},
        {"5": (0.75, 0.8), "26": (0.8, 0.8), "27": (0.6, 0.25), "25": (0.5, 0.9)},
    ),
    "fear": (
        {"1": 0.8, "4": 0.4, "5": 0.8},
        {"2": (0.6, 0.6), "20": (0.65, 0.8), "25": (0.6, 0.8), "26": (0.5, 0.4), "7": (0.3, 0.3)},
    ),
    "anger": (
        {"4": 0.85, "7": 0.55},
        {"5": (0.5, 0.5), "24": (0.6, 0.5), "23": (0.6, 0.5), "17": (0.4, 0.5), "10": (0.4, 0.3), "9": (0.3, 0.25)},
    ),
    "disgust": (
        {"9": 0.75},
        {"10": (0.7, 0.7), "17": (0.5, 0.6), "4": (0.4, 0.4), "15": (0.35, 0.4), "16": (0.35, 0.3), "7": (0.3, 0.4)},
    ),
    "contempt": ({"14L": 0.6, "12L": 0.35}, {"7": (0.2, 0.3), "1": (0.2, 0.1)}),
}
VISEMES: list[dict[str, float]] = [
    {"jawOpen": 0.6, **_both("mouthLowerDown", 0.2), **_both("mouthUpperUp", 0.15)},  # aa
    {"jawOpen": 0.3, **_both("mouthStretch", 0.3), **_both("mouthLowerDown", 0.2)},  # eh
    {"jawOpen": 0.15, **_both("mouthSmile", 0.25), **_both("mouthStretch", 0.3)},  # ee
    {"jawOpen": 0.35, "mouthFunnel": 0.6, "mouthPucker": 0.2},  # oh
    {"jawOpen": 0.12, "mouthPucker": 0.75, "mouthFunnel": 0.35},  # oo
    {"jawOpen": 0.15, "mouthFunnel": 0.55, "mouthPucker": 0.3},  # sh
    {"jawOpen": 0.08, "mouthRollLower": 0.6, **_both("mouthUpperUp", 0.3)},  # f v
    {**_both("mouthPress", 0.5), "mouthRollLower": 0.25, "mouthRollUpper": 0.2},  # p b m
    {"jawOpen": 0.2, "mouthClose": 0.2, "mouthRollUpper": 0.15},  # m, jaw open behind closed lips
    {"jawOpen": 0.18, **_both("mouthLowerDown", 0.25)},  # d t n
    {"jawOpen": 0.1, **_both("mouthDimple", 0.2), **_both("mouthStretch", 0.15)},  # s z
    {"jawOpen": 0.25, "tongueOut": 0.12},  # th
]
# What a picture shows, and how often. "rest": only gaze and blinks.
KINDS = ("rest", "emotion", "speech", "feeling speech", "sparse", "extreme", "subtle", "gesture")
SHARES = (0.05, 0.17, 0.12, 0.12, 0.20, 0.14, 0.11, 0.09)
# Drawn more often in "sparse" and "extreme": they move little or seldom otherwise, and a network learns what it sees.
SELDOM = (
    "cheekPuff",
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthClose",
    "mouthLeft",
    "mouthRight",
    "mouthShrugUpper",
    "tongueOut",
)
FAINT = (
    "browDown", "cheekSquint", "eyeSquint", "mouthDimple", "mouthFrown", "mouthPress", "mouthRoll", "mouthShrugLower",
    "mouthStretch", "noseSneer",
)  # fmt: skip


def _chance(name: str) -> float:
    if name.startswith(("eyeLook", "eyeBlink")):
        return 0.0  # drawn separately
    return 3.5 if name in SELDOM else 2.0 if name.startswith(FAINT) else 1.0


_RARE_FIRST = np.array([_chance(name) for name in ARKIT]) / sum(_chance(name) for name in ARKIT)
# Pairs that no face shows at full strength together: their sum is limited to 1.2.
OPPOSED = [
    (f"{a}{side}", f"{b}{side}")
    for side in ("Left", "Right")
    for a, b in (
        ("mouthSmile", "mouthFrown"),
        ("eyeWide", "eyeBlink"),
        ("eyeWide", "eyeSquint"),
        ("browDown", "browOuterUp"),
    )
] + [
    ("mouthPucker", "mouthStretchLeft"),
    ("mouthPucker", "mouthStretchRight"),
    ("mouthLeft", "mouthRight"),
    ("jawLeft", "jawRight"),
]


def prototype(rng: np.random.Generator, emotion: str, optional: bool = True) -> np.ndarray:
    """ARKit weights (52,) of an emotion at full strength, with a random choice of its optional action units."""
    always, sometimes = PROTOTYPES[emotion]
    chosen = dict(always)
    if optional:
        for unit, (chance, strength) in sometimes.items():
            if rng.random() < chance:
                chosen[unit] = max(chosen.get(unit, 0.0), strength)
    weights = _of_units(chosen)
    if emotion == "contempt" and rng.random() < 0.5:
        weights = mirrored(weights)
    return weights


def mirrored(weights: np.ndarray) -> np.ndarray:
    """Left and right exchanged in (..., 52)."""
    swap = [INDEX[n.replace("Left", "#").replace("Right", "Left").replace("#", "Right")] for n in ARKIT]
    return weights[..., swap]


def sample(rng: np.random.Generator) -> tuple[np.ndarray, str, float, int]:
    """One expression: ARKit weights (52,), the emotion shown ("" if undefined), its intensity, its number in KINDS."""
    kind = int(rng.choice(len(KINDS), p=SHARES))
    weights, emotion, intensity = _of_kind(rng, KINDS[kind])
    weights *= np.exp(rng.normal(0, 0.2, 52))
    weights *= np.where([n.endswith("Left") for n in ARKIT], np.exp(rng.normal(0, 0.12)), 1.0)
    _blink_and_look(rng, weights)
    for a, b in OPPOSED:
        total = weights[INDEX[a]] + weights[INDEX[b]]
        if total > 1.2:
            weights[INDEX[a]] *= 1.2 / total
            weights[INDEX[b]] *= 1.2 / total
    # A tongue needs parted lips; mouthClose keeps the lips together over a jaw that is open as far.
    weights[INDEX["mouthClose"]] *= 0.7
    needed = max(weights[INDEX["mouthClose"]], 0.35 * weights[INDEX["tongueOut"]])
    weights[INDEX["jawOpen"]] = max(weights[INDEX["jawOpen"]], needed)
    return np.clip(weights, 0, 1), emotion, intensity, kind


def _of_kind(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, str, float]:
    """Weights (52,) of one of KINDS, without gaze and blinks; the emotion ("" if undefined) and its intensity."""
    if kind == "emotion":
        return _emotional(rng, float(rng.beta(1.1, 1.0)))
    if kind == "subtle":
        return _emotional(rng, float(rng.uniform(0.05, 0.35)))
    if kind == "speech":
        return _speech(rng), "neutral", 0.0
    if kind == "feeling speech":
        speech, (feeling, emotion, intensity) = _speech(rng), _emotional(rng, float(rng.beta(1.0, 1.2)))
        return speech + feeling * (1 - 0.5 * speech), emotion, intensity
    if kind == "sparse":
        return _few(rng, 5, lambda: rng.beta(1.0, 1.3), two_sided=0.6), "", 0.0  # most real movements are two-sided
    if kind == "extreme":
        return _few(rng, 3, lambda: rng.uniform(0.6, 1.0), two_sided=0.5), "", 0.0
    if kind == "gesture":
        return _gesture(rng), "", 0.0
    return np.zeros(52), "neutral", 0.0


def _few(rng: np.random.Generator, most: int, strength: Callable[[], float], two_sided: float) -> np.ndarray:
    """(52,) up to `most` channels with a random strength; `two_sided`: probability of adding their mirror channels."""
    weights = np.zeros(52)
    for name in rng.choice(ARKIT, rng.integers(1, most + 1), replace=False, p=_RARE_FIRST):
        weights[INDEX[name]] = strength()
    return np.maximum(weights, mirrored(weights)) if rng.random() < two_sided else weights


def _of_units(units: dict[str, float]) -> np.ndarray:
    """ARKit weights (52,) of action units with their strengths."""
    weights = np.zeros(52)
    for unit, strength in units.items():
        for name, share in AU[unit].items():
            weights[INDEX[name]] = max(weights[INDEX[name]], share * strength)
    return weights


def _gesture(rng: np.random.Generator) -> np.ndarray:
    """One of GESTURES, varied at random, to either side."""
    units = GESTURES[rng.integers(len(GESTURES))]
    strength = rng.uniform(0.3, 1.2)
    weights = _of_units({unit: share * strength * np.exp(rng.normal(0, 0.3)) for unit, share in units.items()})
    return mirrored(weights) if rng.random() < 0.5 else weights


def _speech(rng: np.random.Generator) -> np.ndarray:
    """A moment of talking: between one viseme and another."""
    start, end = (_vector(VISEMES[i]) for i in rng.integers(len(VISEMES), size=2))
    way = rng.beta(0.7, 0.7)
    return ((1 - way) * start + way * end) * rng.uniform(0.3, 1.35)


def _emotional(rng: np.random.Generator, intensity: float) -> tuple[np.ndarray, str, float]:
    emotion = EMOTIONS[rng.integers(1, len(EMOTIONS))]
    return prototype(rng, emotion) * intensity, emotion, intensity


def _vector(weights: dict[str, float]) -> np.ndarray:
    vector = np.zeros(52)
    for name, weight in weights.items():
        vector[INDEX[name]] = weight
    return vector


def _blink_and_look(rng: np.random.Generator, weights: np.ndarray) -> None:
    """Set gaze and blink: both eyes turn together, or look at something near; lids at any closure, now and then of one
    eye alone.
    """
    wide = rng.random() < 0.15
    side, up = rng.uniform(-1, 1, 2) if wide else np.clip(rng.normal(0, [0.35, 0.3]), -1, 1)
    look = {
        "eyeLookOutLeft": side, "eyeLookInRight": side, "eyeLookInLeft": -side, "eyeLookOutRight": -side,
        "eyeLookUpLeft": up, "eyeLookUpRight": up, "eyeLookDownLeft": -up, "eyeLookDownRight": -up,
    }  # fmt: skip
    if rng.random() < 0.15:
        near = rng.uniform(0, 0.7)
        for out, into in (("eyeLookOutLeft", "eyeLookInLeft"), ("eyeLookOutRight", "eyeLookInRight")):
            look[out], look[into] = np.clip(look[out] - near, -1, 1), np.clip(look[into] + near, -1, 1)
    for name, amount in look.items():
        weights[INDEX[name]] = max(amount, 0.0)
    if rng.random() < 0.3:
        closure = rng.uniform(0, 1) if rng.random() < 0.7 else 1.0
        sides = ("Left", "Right") if rng.random() < 0.85 else (rng.choice(["Left", "Right"]),)
        for s in sides:
            weights[INDEX[f"eyeBlink{s}"]] = closure


def batch(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """`count` expressions as FLAME groups, with `emotion` (n, 8) soft label, `valence_arousal`, `intensity` (n, 1),
    `kind` (n,) index into KINDS.

    The soft label is intensity * emotion + (1 - intensity) * neutral, so that a weak emotion is not learned as a full
    one; all zero where the emotion is undefined.
    """
    drawn = [sample(rng) for _ in range(count)]
    groups = from_arkit(np.stack([weights for weights, *_ in drawn]))
    emotion = np.zeros((count, len(EMOTIONS)))
    for i, (_, name, intensity, _) in enumerate(drawn):
        if name:
            emotion[i, EMOTIONS.index(name)] += intensity
            emotion[i, 0] += 1 - intensity
    groups["emotion"] = emotion
    groups["intensity"] = np.array([[intensity] for _, _, intensity, _ in drawn])
    groups["valence_arousal"] = emotion @ VALENCE_AROUSAL
    groups["kind"] = np.array([kind for *_, kind in drawn])
    return groups
