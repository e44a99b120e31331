"""Make `models/flame_basis.npz`: the open expression basis on FLAME's mesh, transferred from ICT-FaceKit.

    python -m training.flame.flame_basis --out models/flame_basis.npz

The ICT head is registered to the FLAME 2023 Open template (lids and lips by their edges, the rest by the closest
surface). Each FLAME vertex then takes the motion of the ICT surface at its place, rotated with the surface and scaled
to the head. Blinks and the closed mouth are fitted on FLAME itself: lids meet and slide over the eyeball, lips that the
open jaw parted come back together. Left and right are made symmetric.

The file (metres, displacements of FLAME's 5,023 vertices at rest, before the joints rotate):
`expression` (39, 5023, 3) in the order of `names.EXPRESSION`; `eyelids` (2, 5023, 3) left and right shut;
`gaze` (8, 5023, 3) motion of the skin for `gaze_names` (the eyeballs rotate with FLAME's eye joints);
`upper_lid`, `lower_lid` (2, k) vertices along the left and right eye's lid edges, inner to outer corner;
`upper_lip`, `lower_lip` (k,) along the lips where they meet, right to left; `mirror` (5023,) each vertex's mirror
vertex; `jaw` (3, 5023, 3) jawOpen, jawLeft and jawRight, for heads without a jaw joint; `places` (99, 3) every 40th
vertex of the template's skin, which gives a head's size and orientation. FLAME has no tongue, so `tongueOut` is 0.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from fields_blender.core.easing import smoothstep
from fields_blender.core.files import write_whole
from fields_blender.core.names import ARKIT, EXPRESSION, JAW_OPEN, JAW_SIDE
from fields_blender.flame.flame_basis import EVERY

from ..people import ict_head
from . import flame, register

GAZE = [name for name in ARKIT if name.startswith("eyeLook")]
# Multi-PIE's landmarks along the edges of the left and right upper and lower lid, and of the lips, right to left.
_LIDS = (((42, 43, 44, 45), (42, 47, 46, 45)), ((39, 38, 37, 36), (39, 40, 41, 36)))
_LIPS = ((60, 61, 62, 63, 64), (60, 67, 66, 65, 64))
_OUTER_LIPS = ((48, 49, 50, 51, 52, 53, 54), (48, 59, 58, 57, 56, 55, 54))
_NOSE_BASE, _CHIN, _ALAE = 33, 8, (31, 35)
# The same points on FLAME: nose base, chin.
_FLAME_NOSE_BASE, _FLAME_CHIN = 3556, 3400
_SOCKETS = (3929, 3930)  # at the bottom of the left and right eye socket
_STIFFNESS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.5, 0.3)
_REACH = 0.006  # m: surfaces further apart do not correspond
_UPPER, _LOWER = 1, 2  # labels: skin of the upper and of the lower lip
_OVERLAP = 0.0005  # m by which the edges of shut lids overlap, which hides the seam
_AROUND_LIPS = 0.035  # m around the lips: skin that stretches when they close over an open jaw
_LID_LIFT = 0.0002  # m by which lids may lift off the eyeball
_LID_THICKNESS = 0.0017  # m
_STILL = (0.00003, 0.0001)  # m: motion below the first is removed, above the second kept, faded between


@dataclass(frozen=True)
class Edges:
    """Vertices along the edges of lids (left and right: inner to outer corner) and lips (right to left corner).

    Each is (upper, lower), with the corners in both. `lids` are the front edges, `rear_lids` those that touch the
    eyeball.
    """

    lids: list[tuple[np.ndarray, np.ndarray]]
    rear_lids: list[tuple[np.ndarray, np.ndarray]]
    lips: tuple[np.ndarray, np.ndarray]
    outer_lips: tuple[np.ndarray, np.ndarray]


def flame_edges(head: flame.Flame) -> Edges:
    """FLAME's mesh has edge loops around the sockets and the mouth: the fourth around a socket's bottom is the front
    edge of the lids; the lips meet along the third and fourth around the mouth's hole."""
    joined = register.neighbours(head.triangles, flame.VERTICES)
    lids, rear = [], []
    for side, bottom in enumerate(_SOCKETS):
        around = register.rings(joined, np.array([bottom]), 4)
        outwards = head.template[:, 0] * (1, -1)[side]
        rear.append(_halves(around[3], joined, outwards, head.template[:, 1]))
        lids.append(_halves(around[4], joined, outwards, head.template[:, 1]))
    around = register.rings(joined, _mouth_hole(head), 8)
    leftwards, with_skull = head.template[:, 0], -head.weights[:, flame.JAW]
    ring = {k: _halves(around[k], joined, leftwards, with_skull) for k in (3, 4, 7, 8)}
    return Edges(lids, rear, (ring[3][0], ring[4][1]), (ring[7][0], ring[8][1]))


def _mouth_hole(head: flame.Flame) -> np.ndarray:
    corners = head.triangles
    edges = np.sort(np.concatenate([corners[:, :2], corners[:, 1:], corners[:, ::2]]), axis=1)
    edges, uses = np.unique(edges, axis=0, return_counts=True)
    open_ends = np.unique(edges[uses == 1])
    return open_ends[head.template[open_ends, 1] > -0.1]  # the other hole is the neck


def _halves(
    ring: np.ndarray, joined: sp.csr_matrix, along: np.ndarray, up: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A ring of vertices split at its extremes in `along`: (upper, lower), both from low to high `along`."""
    first, last = ring[along[ring].argmin()], ring[along[ring].argmax()]
    walk, previous = [first], -1
    while len(walk) < len(ring):
        ahead = [i for i in joined[walk[-1]].indices if i in ring and i != previous]
        previous = walk[-1]
        walk.append(ahead[0])
    cut = walk.index(last)
    one, other = np.array(walk[: cut + 1]), np.array([first, *walk[: cut - 1 : -1]])
    return (one, other) if up[one].mean() > up[other].mean() else (other, one)


def ict_on_flame(ict: ict_head.IctHead, head: flame.Flame, edges: Edges) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ICT head's skin registered to FLAME: vertices (n, 3) m before and (n, 3) after, and its triangles (t, 3).

    Only the first n vertices of ICT's mesh are skin (face and back of the head).
    """
    assert ict.triangles is not None and ict.triangle_part is not None
    triangles = ict.triangles[ict.triangle_part <= ict_head.PARTS.index("back")]
    count = int(triangles.max()) + 1
    landmarks = ict_head.landmark_vertices()
    joined = register.neighbours(triangles, count)
    pairs = [(landmarks[_NOSE_BASE], _FLAME_NOSE_BASE), (landmarks[_CHIN], _FLAME_CHIN)]
    curves = [*zip(_LIDS, edges.lids, strict=True), (_LIPS, edges.lips), (_OUTER_LIPS, edges.outer_lips)]
    for marks, curve in curves:
        for names, line in zip(marks, curve, strict=True):
            own = register.path(ict.neutral[:count], joined, landmarks[list(names)].tolist())
            pairs += _along(ict.neutral[own], own, head.template[line], line)
    pairs = np.array(pairs)

    centres = ict.eye_centres(np.zeros(ict_head.IDENTITY))
    size = np.diff(head.joints(head.template)[[flame.RIGHT_EYE, flame.LEFT_EYE]], axis=0)
    scale = np.linalg.norm(size) / np.linalg.norm(centres[0] - centres[1])
    rest = _aligned(ict.neutral[:count] * scale, pairs, head.template)
    jaw = ict.shapes[ARKIT.index("jawOpen"), :count, 1]
    lower = jaw < 0.5 * jaw.min()
    labels = _lip_labels(rest, lower, head.template[edges.lips[1]])
    flame_labels = _lip_labels(head.template, head.weights[:, flame.JAW] > 0.5, head.template[edges.lips[1]])
    skin = head.triangles[(head.triangles < flame.SKIN.stop).all(axis=1)]
    laid = register.fit(rest, triangles, labels, head.template, skin, flame_labels, pairs, _STIFFNESS, _REACH)
    return rest, laid, triangles


def _along(from_points, from_line, to_points, to_line) -> list[tuple[int, int]]:
    """Pairs of vertices of two curves at the same fraction of their lengths, one per vertex of the second curve."""
    own, other = _fraction(from_points), _fraction(to_points)
    return [(from_line[np.abs(own - t).argmin()], end) for t, end in zip(other, to_line, strict=True)]


def _fraction(points: np.ndarray) -> np.ndarray:
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    return length / length[-1]


def _aligned(points: np.ndarray, pairs: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotated and shifted, not scaled, so that the pairs match best (Kabsch)."""
    source, goal = points[pairs[:, 0]], target[pairs[:, 1]]
    u, _, v = np.linalg.svd((source - source.mean(0)).T @ (goal - goal.mean(0)))
    turn = (u * (1, 1, np.sign(np.linalg.det(u @ v)))) @ v
    return (points - source.mean(0)) @ turn + goal.mean(0)


def _lip_labels(points: np.ndarray, lower: np.ndarray, lip: np.ndarray) -> np.ndarray:
    """(n,) _UPPER or _LOWER around and inside the mouth (its corners left out), 0 elsewhere."""
    middle = lip.mean(axis=0)
    near = (np.abs(points[:, 0]) < 0.9 * np.abs(lip[:, 0]).max()) & (np.abs(points[:, 1] - middle[1]) < 0.02)
    return np.where(near & (points[:, 2] > middle[2] - 0.03), np.where(lower, _LOWER, _UPPER), 0)


class Transfer:
    """Transfers displacements of ICT's skin to FLAME's."""

    def __init__(self, ict: ict_head.IctHead, head: flame.Flame, edges: Edges) -> None:
        rest, laid, triangles = ict_on_flame(ict, head, edges)
        count = len(laid)
        skin = head.template[flame.SKIN]
        own = head.triangles[(head.triangles < flame.SKIN.stop).all(axis=1)]
        jaw = ict.shapes[ARKIT.index("jawOpen"), :count, 1]
        lip = head.template[edges.lips[1]]
        labels = _lip_labels(skin, head.weights[flame.SKIN, flame.JAW] > 0.5, lip)
        ict_labels = _lip_labels(laid, jaw < 0.5 * jaw.min(), lip)[triangles].max(axis=1)
        found = register.closest(skin, register.normals(skin, own), labels, laid, triangles, ict_labels)
        triangle, share, _, self.distance = found
        self._known = self.distance < _REACH / 2
        share[list(_SOCKETS)] = 0.0
        self._known[list(_SOCKETS)] = True
        # Inside the third ring, where the lips meet, ICT's mouth differs: those vertices follow the lips.
        inside = register.rings(register.neighbours(own, len(skin)), _mouth_hole(head), 2)
        self._known[np.concatenate(inside)] = False
        corners = triangles[triangle].ravel()
        rows = np.repeat(np.arange(len(skin)), 3)
        self._on_surface = sp.csr_matrix((share.ravel(), (rows, corners)), (len(skin), count))
        scale = np.linalg.norm(rest - rest.mean(axis=0)) / np.linalg.norm(
            ict.neutral[:count] - ict.neutral[:count].mean(0)
        )
        self._turn = scale * _turns(ict.neutral[:count], laid, triangles)
        # Where ICT has no surface nearby (sockets, inside of the mouth), the motion is interpolated from the skin
        # around.
        joined = register.neighbours(own, len(skin))
        degree = np.asarray(joined.sum(axis=1)).ravel()
        harmonic = sp.diags(np.full(len(skin), 1 + 1e-6)) - sp.diags(1 / np.maximum(degree, 1)) @ joined
        self._fill = splu((sp.diags(1.0 * self._known) + sp.diags(1.0 * ~self._known) @ harmonic).tocsc())

    def __call__(self, shape: np.ndarray) -> np.ndarray:
        """(5023, 3) m for an ICT shape (26719, 3) cm."""
        moved = self._on_surface @ np.einsum("nij,nj->ni", self._turn, shape[: len(self._turn)])
        result = np.zeros((flame.VERTICES, 3))
        result[flame.SKIN] = self._fill.solve(np.where(self._known[:, None], moved, 0.0))
        return result


def _turns(before: np.ndarray, after: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n, 3, 3) rotation of the surface around each vertex: the best fit to the edges in its neighbourhood."""
    joined = register.neighbours(triangles, len(before))
    a, b = joined.nonzero()
    products = np.einsum("ei,ej->eij", before[b] - before[a], after[b] - after[a]).reshape(-1, 9)
    around = np.zeros((len(before), 9))
    np.add.at(around, a, products)
    spread = sp.diags(1 / (1 + np.asarray(joined.sum(axis=1)).ravel())) @ (joined + sp.eye(len(before)))
    for _ in range(25):
        around = spread @ around
    u, _, v = np.linalg.svd(around.reshape(-1, 3, 3))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    return (u @ v).transpose(0, 2, 1)


def build(ict: ict_head.IctHead, head: flame.Flame) -> dict[str, np.ndarray]:
    """The arrays of the file, in float64."""
    edges = flame_edges(head)
    other = flame.mirror(head.triangles, head.template)
    transfer = Transfer(ict, head, edges)
    transferred = {name: transfer(ict.shapes[i]) for i, name in enumerate(ARKIT)}
    transferred["tongueOut"][:] = 0.0
    shapes = _symmetric(transferred, other)
    shapes["mouthClose"] = _mouth_close(head, edges, shapes["jawOpen"] + shapes["mouthClose"])
    for side, name in enumerate(("Left", "Right")):
        for lid_shape in ("eyeSquint", "eyeWide", "eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut"):
            shapes[lid_shape + name] = _over_ball(head, side, shapes[lid_shape + name])
        shapes["eyeBlink" + name] = _shut(head, edges, side, shapes["eyeBlink" + name])
    shapes = _symmetric(shapes, other)  # again, since what was fitted on the template shares its asymmetry
    shapes = {name: _stilled(shape) for name, shape in shapes.items()}
    return {
        "expression": np.stack([shapes[name] for name in EXPRESSION]),
        "eyelids": np.stack([shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"]]),
        "gaze": np.stack([shapes[name] for name in GAZE]),
        "gaze_names": np.array(GAZE),
        "upper_lid": np.stack([upper for upper, _ in edges.lids]),
        "lower_lid": np.stack([lower for _, lower in edges.lids]),
        "upper_lip": edges.lips[0],
        "lower_lip": edges.lips[1],
        "mirror": other,
        "jaw": _jaw(head),
        "places": head.template[flame.SKIN][::EVERY],
    }


def _jaw(head: flame.Flame) -> np.ndarray:
    """(3, 5023, 3) jawOpen, jawLeft and jawRight of the joint, as displacements."""
    turns = np.array([[JAW_OPEN, 0.0, 0.0], [0.0, JAW_SIDE, 0.0], [0.0, -JAW_SIDE, 0.0]])
    moved = head.open_jaw(np.repeat(head.template[None], 3, axis=0), turns, head.joints(head.template)[flame.JAW])
    moved -= head.template
    moved[:, flame.SKIN.stop :] = 0.0
    return moved


def _symmetric(shapes: dict[str, np.ndarray], other: np.ndarray) -> dict[str, np.ndarray]:
    """Each shape averaged with the mirror image of its counterpart on the other side, or of itself."""
    result = {}
    for name, shape in shapes.items():
        twin = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        result[name] = (shape + shapes[twin][other] * (-1, 1, 1)) / 2
    return result


def _stilled(shape: np.ndarray) -> np.ndarray:
    """Without traces of motion far from where the shape acts."""
    amount = np.linalg.norm(shape, axis=1, keepdims=True)
    return shape * smoothstep((amount - _STILL[0]) / (_STILL[1] - _STILL[0]))


def _mouth_close(head: flame.Flame, edges: Edges, closed: np.ndarray) -> np.ndarray:
    """The shape that closes lips which FLAME's jaw opened by JAW_OPEN: they keep their form at rest, in ICT's position.

    `closed`: ICT's jawOpen and mouthClose together (where its own lips buckle). The skin between lips, nose and chin
    gets the smoothest displacement field, which minimises the squared Laplacian.
    """
    joint, jaw = head.joints(head.template)[flame.JAW], np.array([[JAW_OPEN, 0.0, 0.0]])
    moved = head.open_jaw(head.template[None], jaw, joint)[0] - head.template
    skin = head.triangles[(head.triangles < flame.SKIN.stop).all(axis=1)]
    joined = register.neighbours(skin, flame.VERTICES)
    around = register.rings(joined, _mouth_hole(head), 8)
    lips = np.concatenate(around[2:8])
    moved[lips] = closed[np.concatenate([line[4:-4] for line in edges.lips])].mean(axis=0)
    distance = np.linalg.norm(head.template[:, None] - head.template[lips], axis=2).min(axis=1)
    free = (distance < _AROUND_LIPS) & (head.template[:, 2] > 0) & (np.arange(flame.VERTICES) < flame.SKIN.stop)
    free &= head.template[:, 1] < head.template[_FLAME_NOSE_BASE, 1]
    free[lips] = free[around[0]] = False
    degree = np.maximum(np.asarray(joined.sum(axis=1)).ravel(), 1)
    laplacian = sp.eye(flame.VERTICES) - sp.diags(1 / degree) @ joined
    smooth = (laplacian.T @ laplacian).tocsr()
    moved[free] = splu(smooth[free][:, free].tocsc()).solve(-smooth[free][:, ~free] @ moved[~free])
    return head.close_jaw((head.template + moved)[None], jaw, joint)[0] - head.template


def _over_ball(head: flame.Flame, side: int, shape: np.ndarray) -> np.ndarray:
    """`shape` with the lids sliding over the eyeball: their vertices keep their distance from its centre at rest.

    Skin further away is only kept from coming closer. Where an upper lid comes down, its fold unfolds: skin that was up
    to 5 mm off the eyeball then lies on it, no thicker than the lid's edge.
    """
    centre, radius = flame.ball(head.template[flame.BALLS[side]])
    rest, moved = head.template - centre, head.template + shape - centre
    before, now = np.linalg.norm(rest, axis=1), np.linalg.norm(moved, axis=1)
    lids = (before > 0.95 * radius) & (before < 1.5 * radius) & (rest[:, 2] > 0)
    lids &= (np.arange(len(rest)) < flame.SKIN.stop) & (np.linalg.norm(shape, axis=1) > _STILL[0])
    farthest = before + np.interp(before / radius, (1.15, 1.3), (_LID_LIFT, 0.5 * radius))
    distance = np.clip(now, before, farthest)
    height = np.degrees(np.arctan2(moved[:, 1], moved[:, 2]))
    unfolded = radius + np.interp(height, (5.0, 40.0), (_LID_THICKNESS, 4 * _LID_THICKNESS))
    downwards = np.clip(-shape[:, 1] / (2 * _LID_THICKNESS), 0.0, 1.0) * np.clip(rest[:, 1] / 0.001, 0.0, 1.0)
    near = np.interp(before / radius, (1.2, 1.5), (1.0, 0.0))
    distance -= near * downwards * np.maximum(distance - unfolded, 0.0)
    return moved * np.where(lids, distance / now, 1.0)[:, None] - rest


def _shut(head: flame.Flame, edges: Edges, side: int, shape: np.ndarray) -> np.ndarray:
    """A blink scaled, column by column of the eye, until the lids' edges just meet, sliding over the eyeball."""
    upper, lower = edges.lids[side]
    x = head.template[:, 0]
    low, high = np.sort(x[[upper[0], upper[-1]]])
    shape = _over_ball(head, side, shape)
    for _ in range(4):
        moved = head.template + shape
        order = np.argsort(moved[lower, 0])
        floor = np.interp(moved[upper, 0], moved[lower, 0][order], moved[lower, 1][order])
        gap = moved[upper, 1] - floor + _OVERLAP
        travel = -shape[upper, 1]
        # Towards the corners both gap and travel vanish, and their ratio means nothing.
        middle = (x[upper] - low > 0.12 * (high - low)) & (high - x[upper] > 0.12 * (high - low))
        scale = np.clip(1 + gap / np.maximum(travel, 1e-4), 0.5, 2.0)[middle]
        order = np.argsort(x[upper][middle])
        shape = shape * np.interp(x, x[upper][middle][order], scale[order])[:, None]
        shape = _over_ball(head, side, shape)
    return shape


def save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Save displacements as float32, in steps of 4 um so that they compress well, and vertex numbers as uint16."""
    step = 2.0**18  # a power of two, so that the rounded numbers end in zeros
    packed = {name: (np.round(a * step) / step).astype(np.float32) for name, a in arrays.items() if a.dtype.kind == "f"}
    packed |= {name: a.astype(np.uint16) for name, a in arrays.items() if a.dtype.kind == "i"}
    file = io.BytesIO()
    np.savez_compressed(file, gaze_names=arrays["gaze_names"], **packed)
    write_whole(path, file.getvalue())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("models/flame_basis.npz"))
    arguments.add_argument("--ict", type=Path, default=ict_head.DATA)
    arguments.add_argument("--flame", type=Path, default=flame.DATA)
    options = arguments.parse_args()
    save(options.out, build(ict_head.load(options.ict), flame.load(options.flame)))


if __name__ == "__main__":
    main()
