"""Transfers the reference head's shapes to the skin of another head: the reference is warped onto it, and the motion of
its skin carried over.

After Sumner and Popović, *Deformation transfer for triangle meshes*, SIGGRAPH 2004: displacements are rotated and
scaled as the warp deforms the surface around them.
"""

from dataclasses import dataclass

import numpy as np

from ..core.easing import smoothstep
from ..core.names import ARKIT
from ..geometry import surface
from ..geometry.warp import Warp, nearest, warp
from .reference_head import LOWER_LIDS, LOWER_LIP, UPPER_LIDS, UPPER_LIP, ReferenceHead

# Lengths are m on the reference head.
# Within this distance of the line where the lips meet, skin belongs to one lip; skin of the other is as if so far away.
_LIP_REACH, _LIP_PENALTY = 0.03, 0.03
_NORMAL_PENALTY = 0.012  # a surface that faces the other way is as if twice so far away
_COARSE, _FINE, _FINE_REACH = 0.011, 0.005, 0.022  # spacing of the warp's nodes, and near eyes and mouth
_LOOSENESS = (0.1, 0.03, 0.01, 0.004, 0.002, 0.001)  # of the warp, iteration by iteration
_ATTRACTION = (0.03, 0.02, 0.015, 0.01, 0.008, 0.006)  # surfaces further apart do not attract each other
_UNKNOWN = 0.006  # a vertex further than this from the warped skin has no counterpart on it
_BEYOND = 0.02  # and further than this it stays at rest
_LID_OVERLAP = 0.0012  # by which shut lids cross: going round the eyeball costs them nearly as much
_SEAL_REACH = 0.009


@dataclass(frozen=True)
class TargetHead:
    """The head that gets the shapes, aligned to the reference head.

    `vertices` (n, 3) m; `triangles` (t, 3); `edges` (e, 2); `islands` (n,): the connected component of each vertex;
    `skin` (n,) bool; `landmarks` (14, 3): align.LANDMARKS.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    edges: np.ndarray
    islands: np.ndarray
    skin: np.ndarray
    landmarks: np.ndarray

    @property
    def skin_rows(self) -> np.ndarray:
        """(n,) the number of each vertex among those of the skin, -1 for others."""
        rows = np.full(len(self.vertices), -1)
        rows[self.skin] = np.arange(self.skin.sum())
        return rows

    @property
    def skin_edges(self) -> np.ndarray:
        """Edges (e, 2) between vertices of the skin, as numbers among them."""
        return self.skin_rows[self.edges[self.skin[self.edges].all(axis=1)]]


def fit_warp(reference: ReferenceHead, target: TargetHead) -> Warp:
    """The warp from the reference head with its mouth open (`with_open_mouth`) onto the target's skin."""
    domain = reference.with_open_mouth[: reference.skin_count]
    fixed = np.array([nearest(landmark[None], reference.skin)[0] for landmark in reference.landmarks])
    sides = _lip_sides_of_reference(reference)
    nodes = _nodes(reference, domain)
    fitted = warp(domain[fixed], target.landmarks, np.full(len(fixed), 1e-4))
    skin, skin_edges, rows = target.vertices[target.skin], target.skin_edges, target.skin_rows
    triangles = target.triangles[target.skin[target.triangles].all(axis=1)]
    normals = surface.normals(target.vertices, triangles)[target.skin]
    for looseness, attraction in zip(_LOOSENESS, _ATTRACTION, strict=True):
        warped = fitted(domain)
        target_sides = _lip_sides(skin, skin_edges, warped[list(UPPER_LIP)], warped[list(LOWER_LIP)])
        _, _, place = surface.closest(
            warped[nodes],
            _features(surface.normals(warped, reference.triangles)[nodes], sides[nodes]),
            skin,
            rows[triangles],
            _features(normals, target_sides),
        )
        near = np.linalg.norm(place - warped[nodes], axis=1) < attraction
        freedom = np.r_[np.full(len(fixed), looseness / 10), np.full(near.sum(), looseness)]
        fitted = warp(np.r_[domain[fixed], domain[nodes[near]]], np.r_[target.landmarks, place[near]], freedom)
    return fitted


def warped_shapes(reference: ReferenceHead, warped: np.ndarray) -> np.ndarray:
    """The shapes (52, n, 3) of the warped reference head (n, 3): rotated and scaled as the skin around each vertex,
    with lids that shut and lips that seal. What is not skin follows the nearest skin."""
    shapes = _rotated(reference, warped)
    for side, name in enumerate(("Left", "Right")):
        index = ARKIT.index(f"eyeBlink{name}")
        shapes[index] = _shut_lids(reference, warped, shapes[index], side)
    index = ARKIT.index("mouthClose")
    shapes[index] = _sealed_lips(reference, warped, shapes[ARKIT.index("jawOpen")], shapes[index])
    return shapes


def transfer_skin(reference: ReferenceHead, warped: np.ndarray, shapes: np.ndarray, target: TargetHead) -> np.ndarray:
    """(52, m, 3) the displacements of the target's skin, those of the closest point of the warped reference head (n, 3)
    with its `shapes` (52, n, 3); 0 on all else."""
    count = reference.skin_count
    points, skin_edges = target.vertices[target.skin], target.skin_edges
    lip_sides = _lip_sides(points, skin_edges, warped[list(UPPER_LIP)], warped[list(LOWER_LIP)])
    corners, weights, place = surface.closest(
        points,
        _features(surface.normals(target.vertices, target.triangles)[target.skin], lip_sides),
        warped[:count],
        reference.triangles,
        _features(surface.normals(warped[:count], reference.triangles), _lip_sides_of_reference(reference)),
    )
    off = np.linalg.norm(place - points, axis=1)
    known, far = off < _UNKNOWN, off > _BEYOND
    moved = np.einsum("pk,cpki->pci", weights, shapes[:, corners])
    moved[far] = 0.0
    # Skin inside the mouth or the sockets, or a little off the reference's, moves like the skin around it.
    moved = surface.smoothed(moved, skin_edges, 60, known | far)
    displacements = np.zeros((len(ARKIT), len(target.vertices), 3))
    displacements[:, target.skin] = moved.transpose(1, 0, 2)
    return displacements


def _features(normals: np.ndarray, lip_sides: np.ndarray) -> np.ndarray:
    """What must agree beside the position where surfaces are matched (n, 4), as lengths."""
    return np.c_[_NORMAL_PENALTY * normals, _LIP_PENALTY * lip_sides]


def _nodes(reference: ReferenceHead, domain: np.ndarray) -> np.ndarray:
    """Vertices of the face that become nodes of the warp: dense around eyes and mouth, sparse elsewhere, none inside
    the mouth."""
    skin, landmarks = reference.skin, reference.landmarks
    detail = np.min([np.linalg.norm(skin - landmark, axis=1) for landmark in landmarks[:12]], axis=0) < _FINE_REACH
    front = (skin[:, 2] > landmarks[:, 2].min() - 0.05) & (skin[:, 1] > landmarks[13, 1] - 0.03)
    outside = surface.normals(skin, reference.triangles)[:, 2] > -0.2
    chosen = []
    for fine, size in ((True, _FINE), (False, _COARSE)):
        which = np.flatnonzero((detail == fine) & front & outside)
        _, first = np.unique(np.floor(domain[which] / size), axis=0, return_index=True)
        chosen.append(which[first])
    lines = np.concatenate([np.ravel(line) for line in (UPPER_LIDS, LOWER_LIDS, UPPER_LIP[::2], LOWER_LIP)])
    return np.unique(np.concatenate([*chosen, lines]))


def _lip_sides_of_reference(reference: ReferenceHead) -> np.ndarray:
    lips = (reference.vertices[list(line)] for line in (UPPER_LIP, LOWER_LIP))
    return _lip_sides(reference.skin, reference.edges, *lips)


def _lip_sides(points: np.ndarray, joined: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(n, 1) 1 on the skin of the upper lip, -1 on that of the lower, fading to 0 away from the mouth and at its
    corners.

    `upper`, `lower` (u, 3), (l, 3): approximately the edges of the lips. A vertex belongs to the lip that is nearer
    along the edges `joined` (e, 2): from one lip to the other it is a long way, round the corner or through the mouth.
    """
    middle = (upper.mean(axis=0) + lower.mean(axis=0)) / 2.0
    width = float(np.linalg.norm(upper[-1] - upper[0]))
    seeds = []
    for line, sign in ((upper, 1.0), (lower, -1.0)):
        x = np.linspace(0.25, 0.75, 5) * (len(line) - 1)
        seeds.append(nearest(line[x.astype(int)] + (0.0, sign * 0.14 * width, 0.05 * width), points))
    above, below = (surface.edge_distances(points, joined, np.unique(seed), 1.5 * width) for seed in seeds)
    off = np.min([np.linalg.norm(points - place, axis=1) for place in (*upper[2:-2:2], *lower[1:-1])], axis=0)
    strength = np.clip(1.5 - 1.5 * off / _LIP_REACH, 0.0, 1.0)
    strength *= np.clip(4.0 - 4.0 * np.abs(points[:, 0] - middle[0]) / (0.52 * width), 0.0, 1.0)
    with np.errstate(invalid="ignore"):
        side = np.where(above < below, 1.0, np.where(below < above, -1.0, 0.0))
    return (side * strength)[:, None]


def _rotated(reference: ReferenceHead, warped: np.ndarray) -> np.ndarray:
    """The shapes (52, n, 3) under the similarity that the warp is around each vertex of the skin, from the edges nearby
    (Kabsch's rotation, and the ratio of lengths)."""
    count, joined = reference.skin_count, reference.edges
    before = reference.skin[joined[:, 1]] - reference.skin[joined[:, 0]]
    after = warped[joined[:, 1]] - warped[joined[:, 0]]
    products = np.einsum("ei,ej->eij", before, after).reshape(-1, 9)
    sizes = np.c_[products, (before**2).sum(axis=1), (after**2).sum(axis=1)]
    around = np.zeros((count, 11))
    for end in joined.T:
        for i in range(11):
            around[:, i] += np.bincount(end, sizes[:, i], count)
    around = surface.smoothed(around, joined, 20)
    u, _, v = np.linalg.svd(around[:, :9].reshape(-1, 3, 3))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    scale = np.sqrt(around[:, 10] / np.maximum(around[:, 9], 1e-300))
    similarity = np.clip(scale, 0.3, 3.0)[:, None, None] * (u @ v).transpose(0, 2, 1)
    skin = np.r_[np.arange(count), nearest(reference.vertices[count:], reference.skin)]
    return np.einsum("nij,knj->kni", similarity[skin], reference.shapes)


def _shut_lids(reference: ReferenceHead, warped: np.ndarray, blink: np.ndarray, side: int) -> np.ndarray:
    """A blink (n, 3) of the left (0) or right (1) eye, scaled along the lids so that they meet."""
    count, blink = reference.skin_count, blink.copy()
    upper, lower = np.array(UPPER_LIDS[side]), np.array(LOWER_LIDS[side])
    middle = slice(2, -2)
    opening = warped[upper, 1] - _height(warped, lower, warped[upper, 0])
    for _ in range(3):
        moved = warped + blink
        travel = opening - (moved[upper, 1] - _height(moved, lower, moved[upper, 0]))
        needed = opening + _LID_OVERLAP
        factor = np.clip(needed[middle] / np.maximum(travel[middle], 1e-4), 0.4, 2.5)
        order = np.argsort(warped[upper[middle], 0])
        blink[:count] *= np.interp(warped[:count, 0], warped[upper[middle], 0][order], factor[order])[:, None]
    return blink


def _sealed_lips(
    reference: ReferenceHead, warped: np.ndarray, jaw_open: np.ndarray, mouth_close: np.ndarray
) -> np.ndarray:
    """mouthClose (n, 3), corrected so that over the open jaw the lips are as far apart as at rest."""
    count, sealed = reference.skin_count, mouth_close.copy()
    sides = _lip_sides_of_reference(reference)[:, 0]
    upper, lower = np.array(UPPER_LIP), np.array(LOWER_LIP)
    at = (warped + jaw_open + mouth_close)[:count]
    line = np.linspace(at[upper[0], 0], at[upper[-1], 0], 25)
    excess = _lip_gap(at, upper, lower) - _lip_gap(warped, upper, lower)
    wanted = np.interp(at[:, 0], line, excess, left=0.0, right=0.0)
    seam = np.c_[line, np.interp(line, at[upper, 0], at[upper, 1]), np.interp(line, at[upper, 0], at[upper, 2])]
    off = np.min([np.linalg.norm(at - place, axis=1) for place in seam], axis=0)
    sealed[:count, 1] -= 0.5 * wanted * np.sign(sides) * smoothstep(1.0 - off / _SEAL_REACH)
    return sealed


def _lip_gap(at: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(25,) how far the lips are apart, evenly from the right to the left corner."""
    line = np.linspace(at[upper[0], 0], at[upper[-1], 0], 25)
    return _height(at, upper, line) - _height(at, lower, line)


def _height(at: np.ndarray, line: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The y at `x` (k,) of the line through vertices `line` (m,) at positions `at` (n, 3)."""
    order = line[np.argsort(at[line, 0])]
    return np.interp(x, at[order, 0], at[order, 1])
