"""Heads by other authors than training's: what they are asked to show, and where they are at each moment.

The heads are npz files of one layout (vertices in cm; x to the subject's left, y up, z out of the face; origin between
the eyeballs' centres), with the 52 shapes as their makers sculpted them. Recipes of expressions are the tests' own.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import ARKIT, EMOTIONS

from ..people import expressions, performance

SEED = 20_261_130
RATE, SECONDS, REST = 25, 4.0, 1.0  # of a video: frames a second, length, and the second of rest it begins with
LENSES = (28.0, 35.0, 50.0, 70.0, 85.0)  # mm, before a sensor of 36 mm
LIGHTS = 8
FEELINGS = EMOTIONS[1:]
# "neutral": the first picture, which may be named as the face at rest.
KINDS = ("neutral", "rest", "single", "emotion", "mix", "pose", "speaking")
_INDEX = {name: i for i, name in enumerate(ARKIT)}


@dataclass(frozen=True)
class Head:
    """vertices (V, 3) cm at rest; shapes (52, V, 3) cm in the order of `names.ARKIT`; present (52,) bool: sculpted.

    triangles (T, 3); part, material (T,) index into part_names and materials; corners (T, 3) into uv (U, 2), -1: none.
    eyes: centres (2, 3) and radii (2,), the left one first.
    """

    name: str
    folder: Path
    vertices: np.ndarray
    shapes: np.ndarray
    present: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    part_names: list[str]
    material: np.ndarray
    colors: np.ndarray
    textures: list[str]
    alphas: list[str]
    uv: np.ndarray
    corners: np.ndarray
    eye_centers: np.ndarray
    eye_radii: np.ndarray

    def posed(self, weights: np.ndarray) -> np.ndarray:
        """(V, 3) cm with ARKit weights (52,); eyeballs turn about their centres, which no shape does."""
        vertices = self.vertices + np.tensordot(weights, self.shapes, axes=1)
        gaze = from_arkit(weights[None])["gaze"][0]
        for side, name in enumerate(("left", "right")):
            rows = self.rows(f"eye_{name}", f"cornea_{name}")
            turn = eye_rotation(*gaze[side])
            vertices[rows] = (self.vertices[rows] - self.eye_centers[side]) @ turn.T + self.eye_centers[side]
        return vertices

    def rows(self, *parts: str) -> np.ndarray:
        """The vertices of these parts."""
        wanted = [i for i, name in enumerate(self.part_names) if name in parts]
        return np.unique(self.triangles[np.isin(self.part, wanted)])

    @property
    def motion(self) -> np.ndarray:
        """(52,) how far each shape moves the vertex it moves most, in distances between the eyeballs."""
        apart = np.linalg.norm(self.eye_centers[0] - self.eye_centers[1])
        motion = np.linalg.norm(self.shapes, axis=2).max(axis=1) / apart
        looks = [i for i, name in enumerate(ARKIT) if name.startswith("eyeLook")]
        motion[looks] = np.maximum(motion[looks], 0.1)  # the eyeballs turn on every head
        return motion


@dataclass(frozen=True)
class Script:
    """k pictures: weights (k, 52), turns (k, 3, 3) head to camera, emotion (k, 8), intensity (k,), kind (k,) of KINDS,
    light (k,) of LIGHTS, lens (k,) mm, place (k, 2) cm of the head beside the camera's axis, time (k,) s.
    """

    weights: np.ndarray
    turns: np.ndarray
    emotion: np.ndarray
    intensity: np.ndarray
    kind: np.ndarray
    light: np.ndarray
    lens: np.ndarray
    place: np.ndarray
    time: np.ndarray


def load(path: Path) -> Head:
    with np.load(path, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    order = [list(data["expr_names"]).index(name) for name in ARKIT]
    texts = {name: [str(text) for text in data[name]] for name in ("part_names", "material_texture", "material_alpha")}
    return Head(
        path.stem, path.parent, data["neutral"].astype(float), data["expr"][order].astype(float),
        data["present"][order],
        data["triangles"], data["part"], texts["part_names"], data["material"], data["material_color"],
        texts["material_texture"], texts["material_alpha"], data["uv"], data["triangles_uv"],
        data["eye_center"].astype(float), data["eye_radius"].astype(float),
    )  # fmt: skip


def eye_rotation(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3) of an eye that looks to the subject's left and up by so many rad."""
    (cy, sy), (cp, sp) = (np.cos(yaw), np.sin(yaw)), (np.cos(pitch), np.sin(pitch))
    return np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])


def label(emotion: str, strength: float) -> np.ndarray:
    """(8,) the emotion by its strength and neutral by the rest; all 0 where nobody can say ("")."""
    one = np.eye(len(EMOTIONS))
    return strength * one[EMOTIONS.index(emotion)] + (1 - strength) * one[0] if emotion else 0.0 * one[0]


def stills(head: Head) -> Script:
    """At rest, every channel alone, seven emotions at .5 and 1, random mixes, and turned heads: one place each."""
    rng = np.random.default_rng([SEED, *head.name.encode()])
    zero = np.zeros(52)
    rows = [(zero, "neutral", 0.0, "neutral", (0, 0, 0))] + [(zero, "neutral", 0.0, "rest", _little(rng))] * 3
    for i in np.flatnonzero(head.present):
        alone = zero.copy()
        alone[i] = 1.0
        if ARKIT[i] == "mouthClose":  # needs an open jaw to close
            alone[_INDEX["jawOpen"]] = 1.0
        rows.append((alone, "", 0.0, "single", _little(rng)))
    for emotion in FEELINGS:
        full = expressions.prototype(rng, emotion)
        rows += [(strength * full, emotion, strength, "emotion", _little(rng)) for strength in (0.5, 1.0)]
    for _ in range(30):
        rows.append((_mix(rng), "", 0.0, "mix", _little(rng)))
    for yaw, pitch, roll in ((-35, 0, 0), (-20, 5, 3), (20, -5, -3), (35, 0, 0), (0, -20, 0), (0, 18, 0), (12, 8, 15),
                             (-12, -8, -15), (25, 12, 0), (-25, 12, 0), (28, -12, 5), (-28, -12, -5)):  # fmt: skip
        emotion = str(rng.choice(FEELINGS))
        rows.append((0.7 * expressions.prototype(rng, emotion), emotion, 0.7, "pose", (yaw, pitch, roll)))
    weights = np.clip([row[0] for row in rows], 0, 1) * head.present
    count = len(rows)
    return Script(
        weights, performance.rotations(*np.radians([row[4] for row in rows]).T),
        np.stack([label(row[1], row[2]) for row in rows]), np.array([row[2] for row in rows]),
        np.array([KINDS.index(row[3]) for row in rows]), np.r_[0, rng.integers(LIGHTS, size=count - 1)],
        np.r_[50.0, rng.choice(LENSES, count - 1)], np.r_[np.zeros((1, 2)), rng.normal(0, 1.5, (count - 1, 2))],
        np.arange(count, dtype=float),
    )  # fmt: skip


def video(head: Head, number: int) -> Script:
    """A second of rest, then speech while one emotion comes and is held to the end; blinks, glances, a moving head."""
    rng = np.random.default_rng([SEED, number, *head.name.encode()])
    time = np.arange(round(SECONDS * RATE)) / RATE
    emotion = FEELINGS[(number * 3 + sum(head.name.encode())) % len(FEELINGS)]
    begun = performance.rise(time, REST, REST + 0.3)
    level = rng.uniform(0.6, 1.0) * performance.rise(time, REST + 0.1, REST + 0.7)
    speech = _speech(rng, time) * begun[:, None]
    weights = speech + level[:, None] * expressions.prototype(rng, emotion) * (1 - 0.5 * speech)
    _glance(rng, time, weights)
    lids = _blinks(rng, time)
    for side in ("Left", "Right"):
        blink, wide = (_INDEX[f"eye{name}{side}"] for name in ("Blink", "Wide"))
        weights[:, blink] = np.maximum(weights[:, blink], lids)
        weights[:, wide] *= 1 - lids
    turn = [performance.wander(time, rng, 0.5, size) for size in (9, 5, 4)]
    count = len(time)
    return Script(
        np.clip(weights, 0, 1) * head.present, performance.rotations(*np.radians(turn)),
        np.stack([label(emotion, s) for s in level]), level, np.full(count, KINDS.index("speaking")),
        np.full(count, rng.integers(LIGHTS)), np.full(count, rng.choice(LENSES)),
        np.repeat(rng.normal(0, 1.5, (1, 2)), count, axis=0), time,
    )  # fmt: skip


def _little(rng: np.random.Generator) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of somebody who looks about to the camera."""
    yaw, pitch, roll = rng.normal(0, [6, 4, 3])
    return float(yaw), float(pitch), float(roll)


def _mix(rng: np.random.Generator) -> np.ndarray:
    """(52,) three channels, half the time on both sides, with eyes that look somewhere."""
    weights = np.zeros(52)
    free = [i for i, name in enumerate(ARKIT) if not name.startswith(("eyeLook", "eyeBlink", "tongue"))]
    weights[rng.choice(free, 3, replace=False)] = rng.uniform(0.25, 1.0, 3)
    if rng.random() < 0.5:
        weights = np.maximum(weights, expressions.mirrored(weights))
    weights[_INDEX["jawOpen"]] = max(weights[_INDEX["jawOpen"]], weights[_INDEX["mouthClose"]])
    return np.maximum(weights, _looking(rng))


def _looking(rng: np.random.Generator) -> np.ndarray:
    side, up = np.clip(rng.normal(0, 0.3, 2), -1, 1)
    weights = np.zeros(52)
    for name, amount in (
        ("OutLeft", side), ("InRight", side), ("InLeft", -side), ("OutRight", -side),
        ("UpLeft", up), ("UpRight", up), ("DownLeft", -up), ("DownRight", -up),
    ):  # fmt: skip
        weights[_INDEX[f"eyeLook{name}"]] = max(amount, 0.0)
    return weights


def _speech(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """(n, 52) visemes that melt into each other, some eight a second."""
    total, mouth, centre = np.full(len(time), 0.03), np.zeros((len(time), 52)), REST + 0.1
    while centre < time[-1]:
        dominance = np.exp(-((np.abs(time - centre) / rng.uniform(0.045, 0.075)) ** 1.6))
        total += dominance
        for name, weight in expressions.VISEMES[rng.integers(len(expressions.VISEMES))].items():
            mouth[:, _INDEX[name]] += dominance * weight * rng.uniform(0.6, 1.2)
        centre += rng.uniform(0.08, 0.16)
    return mouth / total[:, None]


def _blinks(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """(n,) closure of both lids: down in .09 s, up in .15 s; the first after the rest."""
    lids, shut = np.zeros(len(time)), REST + rng.uniform(0.1, 0.6)
    while shut < time[-1]:
        opening = 1 - performance.rise(time, shut + 0.03, shut + 0.18)
        lids = np.maximum(lids, performance.rise(time, shut - 0.09, shut) * opening)
        shut += rng.uniform(0.6, 1.6)
    return lids


def _glance(rng: np.random.Generator, time: np.ndarray, weights: np.ndarray) -> None:
    """Eyes that jump to a place and stay there for a while; straight ahead at rest."""
    now = REST
    while now < time[-1]:
        until = now + rng.uniform(0.4, 1.4)
        some = (time >= now) & (time < until)
        weights[some] = np.maximum(weights[some], _looking(rng))
        now = until
