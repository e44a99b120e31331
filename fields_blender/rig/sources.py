"""What a mapping can follow: the 52 ARKit weights, single numbers of the FLAME groups, and rotations."""

import numpy as np

from ..core.names import ARKIT, EMOTIONS
from ..core.track import Track

# Whole rotations, for bones.
ROTATIONS = ("head", "jaw", "gaze.left", "gaze.right")
_SIDES = ("left", "right")
# Single numbers: name in a mapping -> the FLAME group and the index of the number in it.
NUMBERS: dict[str, tuple[str, tuple[int, ...]]] = {
    **{f"jaw.{axis}": ("jaw", (i,)) for i, axis in enumerate("xyz")},
    **{f"head.{axis}": ("head", (i,)) for i, axis in enumerate("xyz")},
    **{f"translation.{axis}": ("translation", (i,)) for i, axis in enumerate("xyz")},
    **{f"eyelids.{side}": ("eyelids", (i,)) for i, side in enumerate(_SIDES)},
    **{
        f"gaze.{side}.{angle}": ("gaze", (i, j))
        for i, side in enumerate(_SIDES)
        for j, angle in enumerate(("yaw", "pitch"))
    },
    **{f"emotion.{name}": ("emotion", (i,)) for i, name in enumerate(EMOTIONS)},
    "valence": ("valence_arousal", (0,)),
    "arousal": ("valence_arousal", (1,)),
    "intensity": ("intensity", (0,)),
    "confidence": ("confidence", (0,)),
}
NAMES = (*ARKIT, *NUMBERS)
COLUMN: dict[str, int] = {name: i for i, name in enumerate(ARKIT)}
# Numbers whose sign a mirror reverses: turns about up and out, and movement to the side.
_REVERSED = {"jaw.y", "jaw.z", "head.y", "head.z", "translation.x", "gaze.left.yaw", "gaze.right.yaw"}
_OPPOSITE = {"Left": "Right", "Right": "Left"}
_REGIONS = {"brow": "Brow", "eye": "Eye", "gaze": "Eye", "cheek": "Cheek", "nose": "Nose", "jaw": "Jaw",
            "mouth": "Mouth", "tongue": "Tongue", "head": "Head", "translation": "Head"}  # fmt: skip
REGIONS = (*dict.fromkeys(_REGIONS.values()), "Other")


def number(track: Track, arkit: np.ndarray, name: str) -> np.ndarray:
    """A source over time (n,), in the units of `names.GROUPS`. `arkit` (n, 52): the Track's ARKit weights."""
    if name in NUMBERS:
        group, index = NUMBERS[name]
        return track[group][(slice(None), *index)].astype(np.float64)
    return arkit[:, COLUMN[name]]


def mirrored_source(name: str) -> tuple[str, float]:
    """The source of the other side of the face, and -1 where mirroring reverses its sign, else 1."""
    if name in NUMBERS or name in ROTATIONS:
        parts = [{"left": "right", "right": "left"}.get(part, part) for part in name.split(".")]
        return ".".join(parts), -1.0 if name in _REVERSED else 1.0
    for side, other in _OPPOSITE.items():
        if name.endswith(side):
            return name.removesuffix(side) + other, 1.0
    return name, 1.0


def region(name: str) -> str:
    """The region of the face a source belongs to, which names the group of its F-curves."""
    return next((title for start, title in _REGIONS.items() if name.startswith(start)), "Other")
