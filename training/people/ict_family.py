"""ICT-FaceKit as a head family for `heads`: the parts of its mesh that are rendered, on the rig that all share."""

import itertools
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from . import ict_head
from .mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SCALP, SKIN, TEETH
from .rig import Body, Family, anatomy

_KINDS = {
    "face": SKIN, "back": SCALP, "gums_tongue": MOUTH, "teeth": TEETH, "sclera_left": EYE_LEFT,
    "sclera_right": EYE_RIGHT, "eyelashes": LASH,
}  # fmt: skip
# Of Multi-PIE's 68 landmarks, corner to corner: upper and lower edge of the left and right lids, and of the inner lips.
_EDGES = (
    ((42, 43, 44, 45), (42, 47, 46, 45)),
    ((39, 38, 37, 36), (39, 40, 41, 36)),
    ((60, 61, 62, 63, 64), (60, 67, 66, 65, 64)),
)
_CORNEA = 0.136


def load(folder: Path = ict_head.DATA) -> Family:
    head = ict_head.load(folder)
    assert head.triangles is not None and head.triangle_part is not None
    drawn = np.isin(head.triangle_part, [ict_head.PARTS.index(name) for name in _KINDS])
    used, triangles = np.unique(head.triangles[drawn], return_inverse=True)
    triangles = triangles.reshape(-1, 3).astype(np.int32)
    table = np.full(len(ict_head.PARTS), SKIN)
    for name, kind in _KINDS.items():
        table[ict_head.PARTS.index(name)] = kind
    part = table[head.part[used]]
    number = np.full(len(head.neutral), -1)
    number[used] = np.arange(len(used))
    neutral = _eyes_ahead(head)[used]
    basis = head.identity[:, used].reshape(ict_head.IDENTITY, -1)
    mean_unit = np.linalg.norm(head._eye[0, 0, :3] - head._eye[0, 1, :3])
    shapes = head.shapes[:, used] / mean_unit

    def body_of(identity: np.ndarray) -> Body:
        eyes = head._eyes(identity)
        unit = np.linalg.norm(eyes[0, :3] - eyes[1, :3])
        middle = eyes[:, :3].mean(axis=0)
        vertices = (neutral + (identity @ basis).reshape(-1, 3) - middle) / unit
        centres = (eyes[:, :3] - middle) / unit
        reach = np.full(3, mean_unit / unit, np.float32)
        return Body(vertices.astype(np.float32), centres.astype(np.float32), eyes[:, 3] / unit, reach)

    mean = body_of(np.zeros(ict_head.IDENTITY, np.float32))
    marks = number[ict_head.landmark_vertices(folder)]
    edges = [[_path(mean.neutral, triangles, marks[list(edge)]) for edge in pair] for pair in _EDGES]
    moves = anatomy(mean, shapes, part, edges, _CORNEA)
    return Family(triangles, part, moves, mean, shapes, lambda rng: body_of(ict_head.sample_identity(rng)))


def _eyes_ahead(head: ict_head.IctHead) -> np.ndarray:
    """(n, 3) the neutral head with its eyeballs, which look 5 degrees outwards, rotated straight ahead."""
    vertices = head.neutral.copy()
    for side in (0, 1):
        ball, centre = head._balls[side], head._eye[0, side, :3]
        x, _, z = head._axis[side]
        angle = -np.arctan2(x, z)
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        vertices[ball] = (vertices[ball] - centre) @ turn.T + centre
    return vertices


def _path(vertices: np.ndarray, triangles: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Vertices along the shortest path over the mesh from stop to stop."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1) + 1e-6
    graph = coo_matrix((length, (edges[:, 0], edges[:, 1])), shape=(len(vertices), len(vertices))).tocsr()
    way = [int(stops[0])]
    for start, stop in itertools.pairwise(stops):
        before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)[1]
        leg = [int(stop)]
        while leg[-1] != start:
            leg.append(int(before[leg[-1]]))
        way += leg[-2::-1]
    return np.array(way)
