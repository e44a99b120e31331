"""Controls from registered scans: FLAME meshes or FLAME coefficients fitted with the bundled expression basis.

Expression and eyelids are fitted to 0..1, the jaw as FLAME's joint, the gaze as rotations of the eyeballs. FLAME has no
tongue, so `tongueOut` stays unknown (NaN), and so does the gaze where the eyeballs never move.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.arkit import to_arkit
from fields_blender.core.names import ARKIT, EXPRESSION
from fields_blender.core.paths import MODELS
from fields_blender.core.rotation import multiply, to_quaternion, to_vector

from ..people import CONTROLS
from . import flame

BASIS = MODELS / "flame_basis.npz"
TONGUE = EXPRESSION.index("tongueOut")
EYELIDS, GAZE = slice(42, 44), slice(44, 48)
# Pairs of which a face shows only one, as each could undo the other. The fit prefers less of both.
OPPOSED = [
    (a + side, b + side)
    for side in ("Left", "Right")
    for a, b in (("mouthSmile", "mouthFrown"), ("browDown", "browOuterUp"), ("eyeWide", "eyeSquint"))
] + [("mouthPucker", "mouthStretchLeft"), ("mouthPucker", "mouthStretchRight"), ("mouthLeft", "mouthRight")]
_OPPOSITION = 2e-5  # cost of opposed pairs, relative to the shapes' size
_SWEEPS, _CLOSE = 2000, 2e-6
_JAW_STEPS = 12
_ROUNDS = 3  # of fitting the face and aligning the head
_STILL_SKIN = 0.0005  # m: skin that all shapes together move by less counts as skull
_EYES_TURN = np.radians(0.5)
_CHUNK = 64  # frames fitted at once, which limits memory


@dataclass(frozen=True)
class Basis:
    """`shapes` (41, 5023, 3) m: expression, then eyelids; `looks` (8, 5023, 3) in the order of ARKit's eyeLook weights;
    `upper_lid`, `lower_lid` (2, k) vertices along the lids' edges."""

    shapes: np.ndarray
    looks: np.ndarray
    upper_lid: np.ndarray
    lower_lid: np.ndarray

    def for_person(self, neutral: np.ndarray, template: np.ndarray) -> "Basis":
        """The shapes scaled to a person's head at rest (5023, 3), and the blinks to the height of the eyes."""
        size = _eye_distance(neutral) / _eye_distance(template)
        shapes = self.shapes * size
        for side in (0, 1):
            opening = [self._opening(v, side) for v in (neutral, template * size)]
            shapes[len(EXPRESSION) + side] *= np.clip(opening[0] / opening[1], 0.3, 3.0)
        return Basis(shapes, self.looks * size, self.upper_lid, self.lower_lid)

    def _opening(self, vertices: np.ndarray, side: int) -> float:
        middle = (np.linspace(0.3, 0.7, 5) * (len(self.upper_lid[side]) - 1)).astype(int)
        below = (np.linspace(0.3, 0.7, 5) * (len(self.lower_lid[side]) - 1)).astype(int)
        upper, lower = vertices[self.upper_lid[side, middle]], vertices[self.lower_lid[side, below]]
        return float(np.linalg.norm((upper - lower).mean(axis=0)))


def load_basis(path: Path = BASIS) -> Basis:
    with np.load(path, allow_pickle=False) as file:
        shapes = np.concatenate([file["expression"], file["eyelids"]]).astype(np.float64)
        return Basis(shapes, file["gaze"].astype(np.float64), file["upper_lid"], file["lower_lid"])


def fit_vertices(vertices: np.ndarray, neutral: np.ndarray, basis: Basis, head: flame.Flame) -> np.ndarray:
    """Controls (t, 48) of scans (t, 5023, 3) of a person whose face at rest is `neutral` (5023, 3), in the same unit.

    The head's motion is removed by aligning the skin that no shape moves; the jaw is rotated back as FLAME rotates it.
    Frames with a NaN stay NaN.
    """
    scale = _eye_distance(head.template) / _eye_distance(neutral)
    neutral = (neutral - neutral[flame.SKIN].mean(axis=0)) * scale
    neutral = aligned(neutral[None], head.template, flame.SKIN)[0]
    basis = basis.for_person(neutral, head.template)
    moving = np.abs(basis.shapes).sum(axis=0).max(axis=1) + np.abs(basis.looks).sum(axis=0).max(axis=1)
    # The neck is not fitted: vertices that move with it are left out.
    used = np.flatnonzero((np.arange(flame.VERTICES) < flame.SKIN.stop) & (head.weights[:, flame.ROOT] < 0.02))
    skull = used[(head.weights[used, flame.JAW] < 0.02) & (moving[used] < _STILL_SKIN)]
    shapes, looks, joints, joint = basis.shapes[:, used], basis.looks[:, used], head.only(used), head.joints(neutral)[2]
    controls = np.full((len(vertices), CONTROLS), np.nan)
    known = np.flatnonzero(np.isfinite(vertices).all(axis=(1, 2)))
    for first in range(0, len(known), _CHUNK):
        rows = known[first : first + _CHUNK]
        posed = aligned(vertices[rows] * scale, neutral, skull)
        for _ in range(_ROUNDS):
            gaze = np.concatenate([_ball_gaze(posed, neutral, side) for side in (0, 1)], axis=1)
            looking = np.tensordot(look_weights(gaze), looks, 1)
            fitted = _fit_jaw(posed[:, used] - looking, neutral[used], shapes, joints, joint)
            # Once the expression is known, the whole face aligns the head better than the skull alone.
            weights, jaw = np.delete(fitted, slice(39, 42), axis=1), fitted[:, 39:42]
            model = joints.open_jaw(neutral[used] + np.tensordot(weights, shapes, 1), jaw, joint) + looking
            posed = aligned(posed, model, used)
        controls[rows] = np.hstack([fitted, gaze])
    if len(known) and np.abs(controls[known, GAZE]).max() < _EYES_TURN:
        controls[:, GAZE] = np.nan
    controls[:, TONGUE] = np.nan
    return controls


def fit_coefficients(
    expression: np.ndarray, jaw: np.ndarray, eyes: np.ndarray, axes: np.ndarray, basis: Basis
) -> np.ndarray:
    """Controls (t, 48) of FLAME coefficients (t, k) over `axes` (k, 5023, 3) m, jaw (t, 3) and eyes (t, 6) axis-angles
    (left, right). Like our basis, the axes move the face at rest, before any joint rotates, so no pose is needed."""
    controls = np.full((len(expression), CONTROLS), np.nan)
    known = np.isfinite(np.hstack([expression, jaw, eyes])).all(axis=1)
    controls[known, 39:42] = jaw[known]
    ahead = [flame.matrices(eyes[known, side * 3 : side * 3 + 3])[:, :, 2] for side in (0, 1)]
    controls[known, GAZE] = np.concatenate([_angles(direction) for direction in ahead], axis=1)
    skin = flame.SKIN
    ours, theirs = (shapes[:, skin].reshape(len(shapes), -1) for shapes in (basis.shapes, axes))
    looks = look_weights(controls[known, GAZE]) @ (basis.looks[:, skin].reshape(len(basis.looks), -1) @ ours.T)
    weights = _bounded(ours @ ours.T, expression[known] @ (theirs @ ours.T) - looks)
    controls[known, : len(EXPRESSION)], controls[known, EYELIDS] = weights[:, : len(EXPRESSION)], weights[:, -2:]
    if known.any() and np.abs(controls[known, GAZE]).max() < _EYES_TURN:
        controls[:, GAZE] = np.nan
    controls[:, TONGUE] = np.nan
    return controls


def _fit_jaw(
    moved: np.ndarray, neutral: np.ndarray, shapes: np.ndarray, head: flame.Flame, joint: np.ndarray
) -> np.ndarray:
    """(t, 44): expression, jaw, eyelids of vertices (t, m, 3) without head motion and gaze.

    Gauss-Newton for the jaw: with the jaw rotated back, the rest must be explained by the shapes. A small further
    rotation in the jaw's own frame changes that rest nearly the same for every jaw angle, so its Jacobian is computed
    once.
    """
    tiny = 1e-4
    turned_back = head.close_jaw(np.repeat(neutral[None], 3, axis=0), tiny * np.eye(3), joint) - neutral
    columns = np.concatenate([shapes, -turned_back / tiny]).reshape(len(shapes) + 3, -1)
    products = columns @ columns.T
    free = np.zeros(len(columns), bool)
    free[-3:] = True
    jaw = np.zeros((len(moved), 3))
    weights = np.zeros((len(moved), len(columns)))
    for _ in range(_JAW_STEPS):
        left = head.close_jaw(moved, jaw, joint) - neutral
        weights[:, -3:] = 0.0
        weights = _bounded(products, left.reshape(len(moved), -1) @ columns.T, free, weights)
        jaw = to_vector(multiply(to_quaternion(jaw), to_quaternion(weights[:, -3:])))
        if np.abs(weights[:, -3:]).max() < 1e-5:
            break
    return np.hstack([weights[:, : len(EXPRESSION)], jaw, weights[:, len(EXPRESSION) : -3]])


def _bounded(
    products: np.ndarray, targets: np.ndarray, free: np.ndarray | None = None, start: np.ndarray | None = None
) -> np.ndarray:
    """Least-squares weights (t, p) of the columns for each of t targets, within 0..1 except where `free`.

    `products` (p, p): of the columns with each other; `targets` (t, p): of the targets with the columns. Coordinate
    descent as in Lewis et al., Practice and theory of blendshape facial models, 2014; opposed pairs cost their product.
    """
    count = len(products)
    free = np.zeros(count, bool) if free is None else free
    weights = np.zeros(targets.shape) if start is None else start.copy()
    size = np.diag(products)
    cost = np.zeros((count, count))
    for one, other in OPPOSED:
        i, j = EXPRESSION.index(one), EXPRESSION.index(other)
        cost[i, j] = cost[j, i] = _OPPOSITION * np.sqrt(size[i] * size[j])
    for _ in range(_SWEEPS):
        largest = 0.0
        for k in np.flatnonzero(size > 1e-12):
            pull = targets[:, k] - weights @ (products[:, k] + cost[:, k]) + weights[:, k] * size[k]
            value = pull / size[k]
            if not free[k]:
                value = np.clip(value, 0.0, 1.0)
            largest = max(largest, float(np.abs(value - weights[:, k]).max(initial=0.0)))
            weights[:, k] = value
        if largest < _CLOSE:
            break
    return weights


def aligned(points: np.ndarray, to: np.ndarray, chosen: np.ndarray | slice) -> np.ndarray:
    """Each of (t, n, 3) rotated and shifted, not scaled, so that its `chosen` points best match `to` (..., k, 3).

    `to` holds all n points or the chosen ones alone. Robust to a few outliers (reweighted Kabsch).
    """
    own = points[:, chosen]
    to = to if to.shape[-2] == own.shape[1] else to[chosen]
    weights = np.ones(own.shape[:2])
    for _ in range(3):
        share = (weights / weights.sum(axis=1, keepdims=True))[:, :, None]
        middle, goal = (share * own).sum(axis=1, keepdims=True), (share * to).sum(axis=1, keepdims=True)
        u, _, v = np.linalg.svd((share * (own - middle)).transpose(0, 2, 1) @ (to - goal))
        u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
        error = np.linalg.norm((own - middle) @ (u @ v) + goal - to, axis=2)
        weights = 1 / (1 + (error / 0.002) ** 2)
    return (points - middle) @ (u @ v) + goal


def _ball_gaze(posed: np.ndarray, neutral: np.ndarray, side: int) -> np.ndarray:
    """(t, 2) yaw and pitch of an eyeball relative to rest, where it looks ahead."""
    ball, rest = posed[:, flame.BALLS[side]], neutral[flame.BALLS[side]]
    u, _, v = np.linalg.svd((rest - rest.mean(axis=0)).T @ (ball - ball.mean(axis=1, keepdims=True)))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    return _angles((u @ v)[:, 2])


def _angles(direction: np.ndarray) -> np.ndarray:
    """(t, 2) yaw to the subject's left and pitch up of unit directions (t, 3)."""
    return np.stack([np.arctan2(direction[:, 0], direction[:, 2]), np.arcsin(np.clip(direction[:, 1], -1, 1))], axis=1)


def look_weights(gaze: np.ndarray) -> np.ndarray:
    """(t, 8) ARKit's eyeLook weights of gaze (t, 4)."""
    still = (np.zeros((len(gaze), 39)), np.zeros((len(gaze), 3)), np.zeros((len(gaze), 2)))
    weights = to_arkit(*still, gaze.reshape(-1, 2, 2))
    return weights[:, [i for i, name in enumerate(ARKIT) if name.startswith("eyeLook")]]


def _eye_distance(vertices: np.ndarray) -> float:
    left, right = (flame.ball(vertices[part])[0] for part in flame.BALLS)
    return float(np.linalg.norm(left - right))
