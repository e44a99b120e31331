"""How each captured source moves the demo head: what the shapes of another head are compared with."""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..core.names import ARKIT
from ..geometry import align, demo_head, face_frame
from .sources import COLUMN

REACH = 0.07  # over which motion is averaged around a point, in distances between the eyes
_POINTS = 600
# Sources that heads have less often lose a little, so that the usual one wins where both could be meant.
_RARE = {"eyeLook": 0.08, "cheekPuff": 0.05, "mouthClose": 0.05, "mouthShrug": 0.03, "mouthPress": 0.03}
_BOTH_SIDES_PENALTY, _HALF_PENALTY = 0.1, 0.05
_HALVED = ("browInnerUp", "cheekPuff", "mouthPucker", "mouthFunnel")  # by many heads
_HALF_WIDTH = 0.1  # over which one half fades into the other, in distances between the eyes
_SIDES = ("Left", "Right")
_OPPOSED = (
    ("mouthSmile", "mouthFrown"), ("eyeBlink", "eyeWide"), ("eyeSquint", "eyeWide"), ("eyeLookUp", "eyeLookDown"),
    ("eyeLookIn", "eyeLookOut"), ("browDown", "browOuterUp"), ("browDown", "browInnerUp"), ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"), ("jawOpen", "mouthClose"), ("mouthPucker", "mouthStretch"),
    ("mouthFunnel", "mouthStretch"),
)  # fmt: skip


@dataclass(frozen=True)
class Motions:
    """The m motions a single shape can be: a source alone (the first 52), both sides of one together, or half of one.

    Sampled at the p points of Reference.
    """

    names: list[str]
    sources: np.ndarray  # (m, 52): how much of each source is in it
    fields: np.ndarray  # (m, 3 p)
    units: np.ndarray  # the same as rows of length 1
    lengths: np.ndarray  # (m,)
    centres: np.ndarray  # (m, 3)
    penalties: np.ndarray  # (m,) by which it is less likely than others
    opposed: np.ndarray  # (m, m) bool: never shown together
    gram: np.ndarray  # (m, m) dot products of the units
    mirrored: np.ndarray  # (m,) index of the same motion on the other side


@dataclass(frozen=True)
class Reference:
    """The demo head in the frame of face_frame."""

    rest: np.ndarray  # (n, 3)
    moves: np.ndarray  # (52, n, 3)
    landmarks: np.ndarray  # (6, 3): face_frame.SELECTED_LANDMARKS
    points: np.ndarray  # (p, 3), dense where there is much motion; the second half mirrors the first
    motions: Motions


@cache
def load() -> Reference:
    """Raises FieldsError where the demo head's file is damaged."""
    head = demo_head.load(demo_head.FILE)
    left, right = head.bones["eye.L"][1], head.bones["eye.R"][1]
    between_eyes, middle = float(np.linalg.norm(left - right)), (left + right) / 2.0
    rest = (head.vertices - middle) / between_eyes
    moves = np.zeros((len(ARKIT), len(rest), 3), np.float32)
    for name, (which, motion) in head.keys.items():
        moves[COLUMN[name], which] = motion / between_eyes
    landmarks = align.landmarks_of(rest, head.corner_vertex)
    assert landmarks is not None
    left_half = face_frame.motion_density(moves) * (rest[:, 0] > 0.0)
    half = rest[face_frame.sample_vertices(left_half, _POINTS // 2)]
    points = np.vstack([half, half * (-1.0, 1.0, 1.0)])
    return Reference(rest, moves, landmarks[face_frame.SELECTED_ROWS], points, _motions(rest, moves, points))


def pairs() -> list[tuple[str, str]]:
    """The sources that form one motion of both sides; eyes turn the same way."""
    made = [(name, name.removesuffix("Left") + "Right") for name in ARKIT if name.endswith("Left")]
    made = [(a, b) for a, b in made if a not in ("jawLeft", "mouthLeft") and "LookIn" not in a and "LookOut" not in a]
    return [*made, ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")]


def _motions(rest: np.ndarray, moves: np.ndarray, points: np.ndarray) -> Motions:
    fields = face_frame.sample_motion(points, rest, moves, REACH)
    centres = face_frame.motion_centres(rest, moves)
    one = np.eye(len(ARKIT))
    made = [(name, one[i], fields[i], centres[i], _rarity(name)) for i, name in enumerate(ARKIT)]
    for a, b in pairs():
        i, j = COLUMN[a], COLUMN[b]
        penalty = _rarity(a) + _BOTH_SIDES_PENALTY
        made.append((f"{a} and {b}", one[i] + one[j], fields[i] + fields[j], (centres[i] + centres[j]) / 2.0, penalty))
    left = 1.0 / (1.0 + np.exp(-points[:, :1] / _HALF_WIDTH))
    for name in _HALVED:
        i = COLUMN[name]
        for side, mask in (("left", left), ("right", 1.0 - left)):
            field = fields[i] * mask
            weight = (field**2).sum(axis=1)
            made.append((f"{name}, its {side} half", one[i], field, weight @ points / weight.sum(), _HALF_PENALTY))
    names, sources, fields, centres, penalties = (list(column) for column in zip(*made, strict=True))
    sources, fields = np.array(sources), np.array(fields)
    units, lengths = face_frame.normalized(fields)
    return Motions(
        names, sources, fields.reshape(len(names), -1), units, lengths, np.array(centres), np.array(penalties),
        sources @ _opposed() @ sources.T > 0.0, units @ units.T, _mirrored(names),
    )  # fmt: skip


def _rarity(name: str) -> float:
    return next((penalty for start, penalty in _RARE.items() if name.startswith(start)), 0.0)


def _opposed() -> np.ndarray:
    """(52, 52) 1 where two sources are never shown together."""
    opposed = np.zeros((len(ARKIT), len(ARKIT)))
    for a, b in _OPPOSED:
        for side in _SIDES:
            one, other = (name if name in ARKIT else name + side for name in (a, b))
            opposed[COLUMN[one], COLUMN[other]] = opposed[COLUMN[other], COLUMN[one]] = 1.0
    return opposed


def _mirrored(names: list[str]) -> np.ndarray:
    """(m,) for each motion's name the index of the motion on the other side."""
    swapped = {"Left": "Right", "Right": "Left", " left": " right", " right": " left"}
    index = {name: i for i, name in enumerate(names)}
    mirrored = [re.sub("Left|Right| left| right", lambda side: swapped[side[0]], name) for name in names]
    # The mirror image of "a and b" is called "b and a" where eyes look to one side.
    return np.array(
        [index[name if name in index else " and ".join(reversed(name.split(" and ")))] for name in mirrored]
    )
