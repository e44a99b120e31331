"""One rig for every head family, so that a control's weight means the same in each.

Inter-ocular units throughout: origin midway between the eyeballs, x to the subject's left, y up, z out of the face.
Blendshapes are added up. On top of that, for every person and whatever else the face does:

* an eyelid of 1 is shut, one of 0 is open, and lids never cross: the blink closes the opening that is left;
* `mouthClose` of the same weight as `jawOpen` brings the lips back to their place at rest;
* eyeballs rotate about their centres, and lids slide over ball and cornea instead of cutting through them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT

from .mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, SKIN

BLINK = (ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight"))
JAW_OPEN, MOUTH_CLOSE = ARKIT.index("jawOpen"), ARKIT.index("mouthClose")

_LID_THICKNESS = 0.016  # of the eyeball's radius
_CORNEA_ANGLE = (np.radians(12.0), np.radians(36.0))  # where the cornea's top ends and where it meets the ball
_OVERLAP = 0.007  # by which shut lids overlap, which hides the seam
_LEAST_OPEN = 0.2  # of the opening at rest: only the eyelid control closes the eye further
_LIPS_OVERLAP = 0.008
_LEAST_TRAVEL = 0.02
_LID_MOVES = 0.01  # of the eyeball's radius: vertices that a blink moves further slide over the ball
_LID_COLUMNS = np.linspace(0.12, 0.88, 9)
_LIP_COLUMNS = np.linspace(0.1, 0.9, 9)


@dataclass(frozen=True)
class Opening:
    """Two edges that face each other, sampled at c columns: for each edge (c, 2) vertices and their weights."""

    upper: np.ndarray
    upper_share: np.ndarray
    lower: np.ndarray
    lower_share: np.ndarray

    def height(self, vertices: np.ndarray) -> np.ndarray:
        """(..., c) height, upper minus lower edge, of vertices (..., n, 3); of displacements, its change."""
        y = vertices[..., 1]
        return (y[..., self.upper] * self.upper_share).sum(-1) - (y[..., self.lower] * self.lower_share).sum(-1)

    def across(self, vertices: np.ndarray) -> np.ndarray:
        """(c,) x of the columns."""
        return (vertices[self.upper, 0] * self.upper_share).sum(-1)


def opening(vertices: np.ndarray, upper: np.ndarray, lower: np.ndarray, columns: np.ndarray) -> Opening:
    """Columns at fractions `columns` (c,) 0..1 of the width that both edges have in common; vertices in order of x."""
    left = max(vertices[upper[0], 0], vertices[lower[0], 0])
    right = min(vertices[upper[-1], 0], vertices[lower[-1], 0])
    x = left + columns * (right - left)
    return Opening(*_between(vertices[:, 0], upper, x), *_between(vertices[:, 0], lower, x))


def along_x(vertices: np.ndarray, edge: np.ndarray) -> np.ndarray:
    return np.asarray(edge)[np.argsort(vertices[edge, 0])]


def _between(across: np.ndarray, edge: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    after = np.clip(np.searchsorted(across[edge], x), 1, len(edge) - 1)
    pair = np.stack([edge[after - 1], edge[after]], axis=1)
    span = np.maximum(across[pair[:, 1]] - across[pair[:, 0]], 1e-6)
    share = np.clip((x - across[pair[:, 0]]) / span, 0.0, 1.0)
    return pair, np.stack([1 - share, share], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Anatomy:
    """The functional vertices of a family; left before right.

    balls: vertices of the eyeballs; lids: vertices that may touch them; edges: upper and lower edge of the left lids,
    the right lids and the inner lips, in order of x; eyes and lips: their openings; cornea: its height over the ball,
    in radii.
    """

    balls: tuple[np.ndarray, np.ndarray]
    lids: tuple[np.ndarray, np.ndarray]
    edges: tuple[tuple[np.ndarray, np.ndarray], ...]
    eyes: tuple[Opening, Opening]
    lips: Opening
    cornea: float


def anatomy(mean: "Body", shapes: np.ndarray, part: np.ndarray, edges: tuple, cornea: float) -> Anatomy:
    """From the mean person and the (upper, lower) edges of the left lids, the right lids and the lips."""
    edges = tuple(tuple(along_x(mean.neutral, edge) for edge in pair) for pair in edges)
    lids = []
    for side in (0, 1):
        arm = mean.neutral - mean.centres[side]
        near = (np.linalg.norm(arm, axis=1) < 1.5 * mean.radii[side]) & (arm[:, 2] > 0)
        moves = np.linalg.norm(shapes[BLINK[side]], axis=1) > _LID_MOVES * mean.radii[side]
        lids.append(np.flatnonzero(np.isin(part, (SKIN, LASH)) & near & moves))
    balls = (np.flatnonzero(part == EYE_LEFT), np.flatnonzero(part == EYE_RIGHT))
    left, right = (opening(mean.neutral, *pair, _LID_COLUMNS) for pair in edges[:2])
    return Anatomy(
        balls, (lids[0], lids[1]), edges, (left, right), opening(mean.neutral, *edges[2], _LIP_COLUMNS), cornea
    )


@dataclass
class Body:
    """One person: neutral (n, 3), centres (2, 3) and radii (2,) of the eyeballs, all float32.

    reach (3,): scale of this face's shapes along x, y, z, relative to the mean face; shapes (52, n, 3): this person's,
    set by whoever mixes them.
    """

    neutral: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    reach: np.ndarray
    shapes: np.ndarray | None = None


@dataclass(frozen=True)
class Family:
    """A head family: triangles (t, 3) int32, part (n,) label of `mesh_parts`, anatomy, and its people.

    mean: the average person; shapes (52, n, 3): the family's own sculpted blendshapes; body(rng): a new person. A head
    that only lends its shapes has no anatomy.
    """

    triangles: np.ndarray
    part: np.ndarray
    anatomy: Anatomy | None
    mean: Body
    shapes: np.ndarray
    body: Callable[[np.random.Generator], Body]


def seal(anatomy: Anatomy, body: Body) -> None:
    """Close the lips at rest, and scale `mouthClose` so that it undoes `jawOpen` at the lips; in place."""
    close, lips = body.shapes[MOUTH_CLOSE], anatomy.lips
    travel = np.maximum(-lips.height(close), _LEAST_TRAVEL)
    across = lips.across(body.neutral)

    def spread(columns: np.ndarray) -> np.ndarray:
        return np.interp(body.neutral[:, 0], across, columns)[:, None].astype(np.float32)

    body.neutral = body.neutral + close * spread(np.maximum(lips.height(body.neutral) + _LIPS_OVERLAP, 0.0) / travel)
    close *= spread(np.clip(lips.height(body.shapes[JAW_OPEN]) / travel, 0.3, 3.0))


def pose(anatomy: Anatomy, body: Body, weights: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """(k, n, 3) float32 vertices of a person whose `mouthClose` is sealed; weights (k, 52), gaze (k, 2, 2) rad."""
    others = np.array(weights, np.float32)
    others[:, BLINK] = 0.0
    moved = (others @ body.shapes.reshape(len(ARKIT), -1)).reshape(len(weights), -1, 3)
    moved += body.neutral
    for side in (0, 1):
        turn = gaze_rotation(gaze[:, side])
        centre, ball = body.centres[side], anatomy.balls[side]
        moved[:, ball] = (body.neutral[ball] - centre) @ turn.transpose(0, 2, 1) + centre
        _shut(moved, anatomy, body, side, weights[:, BLINK[side]])
        _slide(moved, anatomy, body, side, turn[:, :, 2])
    return moved


def _shut(moved: np.ndarray, anatomy: Anatomy, body: Body, side: int, closed: np.ndarray) -> None:
    columns, lids, blink = anatomy.eyes[side], anatomy.lids[side], body.shapes[BLINK[side]]
    height, least = columns.height(moved), _LEAST_OPEN * columns.height(body.neutral)
    wanted = (1 - closed[:, None]) * np.maximum(height, least) - _OVERLAP * closed[:, None]
    travel = np.maximum(-columns.height(blink), _LEAST_TRAVEL)
    scale = (height - wanted) * ((closed[:, None] > 0) | (height < least)) / travel
    spread = _interpolation(body.neutral[lids, 0], columns.across(body.neutral))
    moved[:, lids] += (scale @ spread.T).astype(np.float32)[..., None] * blink[lids]


def _interpolation(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(m, c) weights of a linear interpolation from rising `at` (c,) to `x` (m,), constant outside."""
    after = np.clip(np.searchsorted(at, x), 1, len(at) - 1)
    share = np.clip((x - at[after - 1]) / np.maximum(at[after] - at[after - 1], 1e-6), 0.0, 1.0)
    weights = np.zeros((len(x), len(at)))
    rows = np.arange(len(x))
    weights[rows, after - 1], weights[rows, after] = 1 - share, share
    return weights


def _slide(moved: np.ndarray, anatomy: Anatomy, body: Body, side: int, axes: np.ndarray) -> None:
    """Push lid vertices that went into the eyeball out to its surface; axes (k, 3): directions of gaze."""
    lids, centre, radius = anatomy.lids[side], body.centres[side], body.radii[side]

    def surface(direction: np.ndarray, axis: np.ndarray) -> np.ndarray:
        inner, outer = np.cos(_CORNEA_ANGLE[0]), np.cos(_CORNEA_ANGLE[1])
        bulge = smoothstep(((direction * axis).sum(-1) - outer) / (inner - outer))
        return radius * (1 + _LID_THICKNESS + anatomy.cornea * bulge)

    rest = body.neutral[lids] - centre
    distance = np.linalg.norm(rest, axis=-1)
    ahead = np.array([0.0, 0.0, 1.0], np.float32)
    slack = np.maximum(surface(rest / distance[:, None], ahead) - distance, 0.0)  # some sit deeper at rest
    arm = moved[:, lids] - centre
    distance = np.linalg.norm(arm, axis=-1)
    lift = (surface(arm / distance[..., None], axes[:, None, :]) - slack) / distance
    moved[:, lids] = centre + arm * np.maximum(lift, 1.0)[..., None].astype(np.float32)


def gaze_rotation(gaze: np.ndarray) -> np.ndarray:
    """(k, 3, 3) rotations for (k, 2) yaw (to the subject's left) and pitch (up): pitch about x, then yaw about y."""
    yaw, pitch = np.asarray(gaze, np.float32).T
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    zero = np.zeros_like(yaw)
    return np.array([[cy, -sy * sp, sy * cp], [zero, cp, sp], [-sy, -cy * sp, cy * cp]]).transpose(2, 0, 1)
