"""Triangle meshes as arrays: normals, islands, distances along edges, closest points on a surface. numpy only."""

import heapq

import numpy as np

from . import warp


def normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (n, 3), area weighted; 0 where a vertex has no face."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    across = np.cross(b - a, c - a)
    made = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(across[:, i], 3), len(vertices)) for i in range(3)], axis=1
    )
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-300)


def edges(triangles: np.ndarray) -> np.ndarray:
    """The edges (e, 2) of triangles (t, 3), each once."""
    both = np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]])
    return np.unique(np.sort(both, axis=1), axis=0)


def islands(count: int, joined: np.ndarray) -> np.ndarray:
    """(count,) connected components: for each vertex the lowest vertex that edges (e, 2) connect it with."""
    lowest = np.arange(count)
    while True:
        before = lowest.copy()
        least = np.minimum(lowest[joined[:, 0]], lowest[joined[:, 1]])
        np.minimum.at(lowest, joined[:, 0], least)
        np.minimum.at(lowest, joined[:, 1], least)
        lowest = lowest[lowest]
        if np.array_equal(before, lowest):
            return lowest


def edge_distances(vertices: np.ndarray, joined: np.ndarray, start: np.ndarray, limit: float) -> np.ndarray:
    """(n,) length of the shortest path along edges (e, 2) from any of the vertices `start` (Dijkstra); inf beyond
    `limit`."""
    length = np.linalg.norm(vertices[joined[:, 0]] - vertices[joined[:, 1]], axis=1)
    neighbours: dict[int, list[tuple[int, float]]] = {}
    for (a, b), far in zip(joined.tolist(), length.tolist(), strict=True):
        neighbours.setdefault(a, []).append((b, far))
        neighbours.setdefault(b, []).append((a, far))
    found = np.full(len(vertices), np.inf)
    queue = [(0.0, int(i)) for i in start]
    while queue:
        far, vertex = heapq.heappop(queue)
        if far >= found[vertex]:
            continue
        found[vertex] = far
        for neighbour, step in neighbours.get(vertex, ()):
            if far + step < found[neighbour] and far + step <= limit:
                heapq.heappush(queue, (far + step, neighbour))
    return found


def smoothed(values: np.ndarray, joined: np.ndarray, times: int, fixed: np.ndarray | None = None) -> np.ndarray:
    """values (n, ...) averaged with those of their neighbours so many times; those where `fixed` (n,) stay."""
    flat = values.reshape(len(values), -1).copy()
    ends = np.concatenate([joined, joined[:, ::-1]])
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    starts, first = np.unique(ends[:, 0], return_index=True)
    count = np.bincount(ends[:, 0], minlength=len(values))[starts][:, None]
    free = np.ones(len(starts), bool) if fixed is None else ~fixed[starts]
    for _ in range(times):
        mean = (np.add.reduceat(flat[ends[:, 1]], first, axis=0) + flat[starts]) / (count + 1)
        flat[starts[free]] = mean[free]
    return flat.reshape(values.shape)


def closest(
    points: np.ndarray, features: np.ndarray, vertices: np.ndarray, triangles: np.ndarray, vertex_features: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The closest point on a surface for each point (p, 3): its triangle's corners (p, 3), its barycentric coordinates
    (p, 3) and its position (p, 3).

    First the vertex nearest in position and in `features` (p, d), `vertex_features` (n, d), which are further lengths
    that have to agree (normals, for example); then the closest point on the triangles around that vertex.
    """
    near = warp.nearest(np.c_[points, features], np.c_[vertices, vertex_features])
    order = np.argsort(triangles.ravel(), kind="stable")
    owners = triangles.ravel()[order]
    first, last = np.searchsorted(owners, near), np.searchsorted(owners, near, side="right")
    corners, weights = np.repeat(near[:, None], 3, axis=1), np.tile([1.0, 0.0, 0.0], (len(points), 1))
    best = np.linalg.norm(vertices[near] - points, axis=1)
    for k in range(int((last - first).max(initial=0))):
        which = np.flatnonzero(first + k < last)
        triangle = triangles[order[first[which] + k] // 3]
        weight = barycentric(points[which], *vertices[triangle].transpose(1, 0, 2))
        far = np.linalg.norm(np.einsum("nk,nki->ni", weight, vertices[triangle]) - points[which], axis=1)
        better = far < best[which]
        best[which[better]] = far[better]
        corners[which[better]], weights[which[better]] = triangle[better], weight[better]
    return corners, weights, np.einsum("nk,nki->ni", weights, vertices[corners])


def barycentric(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (n, 3) of the point of each triangle a b c that is closest to p."""
    e, f, g = b - a, c - a, p - a
    ee, ef, ff = (e * e).sum(1), (e * f).sum(1), (f * f).sum(1)
    eg, fg = (e * g).sum(1), (f * g).sum(1)
    size = np.maximum(ee * ff - ef * ef, 1e-300)
    v, w = (ff * eg - ef * fg) / size, (ee * fg - ef * eg) / size
    inside = np.stack([1 - v - w, v, w], axis=1)
    options = [inside]
    for i, j, start, end in ((0, 1, a, b), (1, 2, b, c), (2, 0, c, a)):
        edge = end - start
        t = np.clip(((p - start) * edge).sum(1) / np.maximum((edge * edge).sum(1), 1e-300), 0, 1)
        weight = np.zeros_like(inside)
        weight[:, i], weight[:, j] = 1 - t, t
        options.append(weight)
    corners = np.stack([a, b, c], axis=1)
    far = [np.linalg.norm(np.einsum("nk,nki->ni", weight, corners) - p, axis=1) for weight in options]
    far[0] = np.where((inside >= 0).all(axis=1), far[0], np.inf)
    return np.stack(options)[np.argmin(far, axis=0), np.arange(len(p))]
