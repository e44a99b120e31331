"""Smooth warps of space by radial basis functions at chosen points. numpy only.

Carr and others, *Reconstruction and representation of 3D objects with radial basis functions*, SIGGRAPH 2001 (the
biharmonic kernel r with an affine part, regularized on the diagonal).
"""

from dataclasses import dataclass

import numpy as np

_BLOCK = 1_000_000  # distances held in memory at once


@dataclass(frozen=True)
class Warp:
    """x -> weights @ -|x - nodes| + affine, for x (n, 3)."""

    nodes: np.ndarray
    weights: np.ndarray
    affine: np.ndarray  # (4, 3)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        made = np.c_[points, np.ones(len(points))] @ self.affine
        for some in blocks(len(points), len(self.nodes)):
            made[some] -= distances(points[some], self.nodes) @ self.weights
        return made


def warp(nodes: np.ndarray, goals: np.ndarray, looseness: np.ndarray) -> Warp:
    """The smoothest warp that takes nodes (n, 3) near goals (n, 3): exactly there where `looseness` (n,) is 0."""
    count = len(nodes)
    flat = np.c_[nodes, np.ones(count)]
    system = np.zeros((count + 4, count + 4))
    system[:count, :count] = np.diag(looseness) - distances(nodes, nodes)
    system[:count, count:], system[count:, :count] = flat, flat.T
    solved = np.linalg.solve(system, np.r_[goals, np.zeros((4, 3))])
    return Warp(nodes, solved[:count], solved[count:])


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances (n, m) between points (n, d) and (m, d)."""
    squared = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.sqrt(np.maximum(squared, 0.0))


def nearest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) the index of the point of b (m, d) that is nearest to each point of a (n, d)."""
    found = np.empty(len(a), dtype=np.int64)
    half = 0.5 * (b * b).sum(axis=1)
    for some in blocks(len(a), len(b)):
        found[some] = (half - a[some] @ b.T).argmin(axis=1)
    return found


def blocks(rows: int, columns: int) -> list[slice]:
    """Slices of the rows of a (rows, columns) matrix, each small enough to be held in memory."""
    step = max(_BLOCK // max(columns, 1), 1)
    return [slice(i, i + step) for i in range(0, rows, step)]
