"""Blendshapes vary from person to person: how far they go, where they act most, and what moves along with them."""

import numpy as np

from fields_blender.core.names import ARKIT

_AMOUNT = 0.15  # standard deviation of the log of a shape's overall scale
_SIDES_DIFFER = 0.06  # the same between left and right
_LOCAL = 0.25  # standard deviation of the local scale over the face
_WAVES = 6
_LEAST, _MOST = 0.5, 1.6

# Shapes that rig.py solves for, or that move rigid parts, keep their form.
_RIGID = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "jawForward", "jawLeft", "jawRight", "mouthClose", "tongueOut")
# (shape, shape that moves along, at most how much): drawn from 0..most for every person.
_COUPLED = (
    ("mouthSmile", "cheekSquint", 0.15),
    ("mouthSmile", "mouthDimple", 0.15),
    ("browDown", "eyeSquint", 0.1),
    ("noseSneer", "mouthUpperUp", 0.15),
    ("noseSneer", "browDown", 0.12),
    ("mouthUpperUp", "noseSneer", 0.12),
    ("mouthStretch", "mouthFrown", 0.1),
    ("browOuterUp", "eyeWide", 0.08),
    ("cheekSquint", "eyeSquint", 0.15),
)


def varied(
    rng: np.random.Generator, shapes: np.ndarray, neutral: np.ndarray, strength: float = 1.0, asymmetry: float = 1.0
) -> np.ndarray:
    """A person's shapes (52, n, 3) from the family's; neutral (n, 3). strength 0 leaves them as they are."""
    if not strength:
        return shapes
    amount = _per_shape(rng, _AMOUNT, _SIDES_DIFFER * asymmetry)
    waves = _waves(rng, neutral)  # (w, n)
    share = np.stack([_per_shape(rng, 1.0, 0.2 * asymmetry) for _ in range(_WAVES)], axis=1)  # (52, w)
    field = (_LOCAL * strength / np.sqrt(_WAVES / 2) * share).astype(np.float32) @ waves
    field += 1
    np.clip(field, _LEAST, _MOST, out=field)
    field[[ARKIT.index(name) for name in _RIGID]] = 1
    field *= np.exp(strength * amount).astype(np.float32)[:, None]
    own = shapes * field[..., None]
    for name, other, most in _COUPLED:
        share = strength * rng.uniform(0, most)
        for side in ("Left", "Right"):
            own[ARKIT.index(name + side)] += np.float32(share) * shapes[ARKIT.index(other + side)]
    return own


def _per_shape(rng: np.random.Generator, spread: float, sides: float) -> np.ndarray:
    """(52,) normal numbers of standard deviation `spread`; left and right differ by `sides`."""
    stems = [name.replace("Left", "Right") for name in ARKIT]
    common = {stem: rng.normal(0, spread) for stem in dict.fromkeys(stems)}
    return np.array([common[stem] for stem in stems]) + rng.normal(0, 1, len(ARKIT)) * sides


def _waves(rng: np.random.Generator, neutral: np.ndarray) -> np.ndarray:
    """(w, n) float32 smooth fields, symmetric about the middle of the face."""
    point = neutral * (1.0, 1.0, 1.0)
    point[:, 0] = np.abs(point[:, 0])
    direction = rng.normal(0, 1, (3, _WAVES))
    number = direction / np.linalg.norm(direction, axis=0) * 2 * np.pi / rng.uniform(1.2, 3.0, _WAVES)
    return np.sin(point @ number + rng.uniform(0, 2 * np.pi, _WAVES)).T.astype(np.float32)
