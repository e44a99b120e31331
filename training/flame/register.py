"""Non-rigid registration of triangle meshes, and the closest point on a surface. numpy and scipy."""

import itertools

import numpy as np
import scipy.sparse as sp
import scipy.sparse.csgraph as graph
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from fields_blender.geometry.surface import barycentric

NEAREST_TRIANGLES = 24


def normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (n, 3), area weighted."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    result = np.zeros_like(vertices)
    for corner in triangles.T:
        np.add.at(result, corner, np.cross(b - a, c - a))
    return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)


def neighbours(triangles: np.ndarray, count: int) -> sp.csr_matrix:
    """(count, count) 1 where an edge joins two vertices."""
    a, b = np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]).T
    matrix = sp.coo_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), (count, count)).tocsr()
    matrix.data[:] = 1.0
    return matrix


def path(vertices: np.ndarray, edges: sp.csr_matrix, stops: list[int]) -> np.ndarray:
    """Vertices along the shortest edge path through `stops`."""
    a, b = edges.nonzero()
    lengths = sp.csr_matrix((np.linalg.norm(vertices[a] - vertices[b], axis=1), (a, b)), edges.shape)
    whole = [stops[0]]
    for first, last in itertools.pairwise(stops):
        _, before = graph.dijkstra(lengths, indices=first, return_predecessors=True)
        back = [last]
        while back[-1] != first:
            back.append(int(before[back[-1]]))
        whole += back[-2::-1]
    return np.array(whole)


def rings(edges: sp.csr_matrix, start: np.ndarray, count: int) -> list[np.ndarray]:
    """Vertices 0, 1, 2 ... edges away from `start`."""
    result, seen = [np.asarray(start)], np.zeros(edges.shape[0], bool)
    seen[start] = True
    for _ in range(count):
        reached = np.zeros(edges.shape[0], bool)
        reached[edges[result[-1]].indices] = True
        result.append(np.flatnonzero(reached & ~seen))
        seen |= reached
    return result


def closest(
    points: np.ndarray,
    directions: np.ndarray,
    labels: np.ndarray,
    vertices: np.ndarray,
    triangles: np.ndarray,
    triangle_labels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The closest point on a mesh to each of (n, 3) `points` with normals `directions`.

    Only points count where the surface faces the same way (within 60 degrees) and where the labels agree; 0 agrees with
    all. Returns triangle (n,), barycentric coordinates (n, 3), the point (n, 3) and its distance (n,), inf where there
    is none. The closest point of a triangle is Ericson's, Real-Time Collision Detection, 2005, 5.1.5.
    """
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    facing = np.cross(b - a, c - a)
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-12)
    _, near = cKDTree((a + b + c) / 3).query(points, k=NEAREST_TRIANGLES)
    flat = near.ravel()
    share = barycentric(np.repeat(points, NEAREST_TRIANGLES, axis=0), a[flat], b[flat], c[flat])
    places = np.einsum("nk,nki->ni", share, vertices[triangles[flat]]).reshape(*near.shape, 3)
    distance = np.linalg.norm(places - points[:, None], axis=2)
    other = triangle_labels[near]
    agree = (labels[:, None] == other) | (labels[:, None] == 0) | (other == 0)
    agree &= np.einsum("nki,ni->nk", facing[near], directions) > 0.5
    distance = np.where(agree, distance, np.inf)
    best = distance.argmin(axis=1)
    row = np.arange(len(points))
    return near[row, best], share.reshape(*near.shape, 3)[row, best], places[row, best], distance[row, best]


def fit(
    vertices: np.ndarray,
    triangles: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    target_triangles: np.ndarray,
    target_labels: np.ndarray,
    pairs: np.ndarray,
    stiffness: tuple[float, ...],
    reach: float,
) -> np.ndarray:
    """`vertices` (n, 3) deformed smoothly onto the target's surface, with each `stiffness` in turn.

    pairs (k, 2): vertices and the target's vertices they correspond to. `reach`: surfaces further apart do not attract.
    Displacements are kept smooth by the mesh's Laplacian, so parts without a common edge (upper and lower lip) move
    independently. labels (n,), target_labels (m,): see `closest`.
    """
    count = len(vertices)
    edges = neighbours(triangles, count)
    degree = np.asarray(edges.sum(axis=1)).ravel()
    laplacian = sp.diags(np.ones(count)) - sp.diags(1 / np.maximum(degree, 1)) @ edges
    smooth = (laplacian.T @ laplacian).tocsc()
    triangle_labels = target_labels[target_triangles].max(axis=1)
    landmark = np.zeros(count)
    np.add.at(landmark, pairs[:, 0], 1.0)
    move = np.zeros_like(vertices)
    for stiff in stiffness:
        now = vertices + move
        _, _, place, distance = closest(now, normals(now, triangles), labels, target, target_triangles, triangle_labels)
        pull = np.where(distance < reach, 1.0, 0.0)
        goal = np.zeros_like(vertices)
        np.add.at(goal, pairs[:, 0], 5.0 * (target[pairs[:, 1]] - vertices[pairs[:, 0]]))
        goal += pull[:, None] * np.where(np.isfinite(distance)[:, None], place - vertices, 0.0)
        system = sp.diags(pull + 5.0 * landmark + 1e-6) + stiff * smooth
        move = splu(system.tocsc()).solve(goal)
    return vertices + move
