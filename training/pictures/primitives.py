"""Simple triangle meshes for what `wear` puts on heads. Triangles are wound so that normals point outwards."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Mesh:
    """vertices (m, 3), colours (m, 3) linear RGB, alpha (m,), 1 opaque: float32; triangles (t, 3) int32."""

    vertices: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    alpha: np.ndarray

    def moved(self, turn: np.ndarray, offset: np.ndarray) -> "Mesh":
        """Every vertex v at turn @ v + offset."""
        return replace(self, vertices=(self.vertices @ np.asarray(turn).T + offset).astype(np.float32))


def mesh(vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray, alpha: float | np.ndarray = 1.0) -> Mesh:
    """A Mesh from vertices (..., 3); colours and alpha are broadcast to them."""
    flat = np.ascontiguousarray(vertices, np.float32).reshape(-1, 3)
    colour = np.broadcast_to(colours, np.shape(vertices)).reshape(-1, 3).clip(0, 1).astype(np.float32)
    opacity = np.broadcast_to(alpha, np.shape(vertices)[:-1]).reshape(-1).astype(np.float32)
    return Mesh(flat, np.ascontiguousarray(triangles, np.int32).reshape(-1, 3), colour, opacity)


def joined(parts: list[Mesh]) -> Mesh:
    """All parts as one mesh."""
    if not parts:
        return mesh(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(3))
    starts = np.cumsum([0] + [len(part.vertices) for part in parts])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=False)]).astype(np.int32),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.alpha for part in parts]),
    )


def grid(rows: int, columns: int, around: bool = False, count: int = 1) -> np.ndarray:
    """(t, 3) triangles of `count` grids of rows x columns vertices; normals are (row to row) x (column to column).

    `around`: closed, the last column meets the first.
    """
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - (not around)), indexing="ij")
    right = (column + 1) % columns
    a, b, c, d = (
        row * columns + column,
        (row + 1) * columns + column,
        (row + 1) * columns + right,
        row * columns + right,
    )
    one = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)], axis=2).reshape(-1, 3)
    return (one + rows * columns * np.arange(count)[:, None, None]).reshape(-1, 3)


def tubes(paths: np.ndarray, radius: np.ndarray | float, sides: int, colours: np.ndarray, flat: float = 1.0) -> Mesh:
    """Closed tubes along paths (c, k, 3) with radius (c, k). `flat`: ratio of the cross-section's radii."""
    paths = np.asarray(paths, float)
    radius = np.broadcast_to(radius, paths.shape[:-1])
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    # A frame with little twist: one fixed direction, orthogonalised at each step.
    first = np.eye(3)[np.abs(along).mean(axis=1).argmin(axis=1)][:, None]
    normal = first - (first * along).sum(-1, keepdims=True) * along
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    binormal = np.cross(along, normal)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = normal[:, :, None] * np.cos(angle)[:, None] - flat * binormal[:, :, None] * np.sin(angle)[:, None]
    walls = paths[:, :, None] + radius[..., None, None] * ring
    ends = [np.repeat(paths[:, i, None, None], sides, axis=2) for i in (0, -1)]
    points = np.concatenate([ends[0], walls, ends[1]], axis=1)
    tint = np.broadcast_to(np.asarray(colours, float).reshape(-1, 1, 1, 3), points.shape)
    return mesh(points, grid(points.shape[1], sides, True, len(paths)), tint)


def turned(profile: np.ndarray, sides: int, colours: np.ndarray) -> Mesh:
    """A body of revolution about y: profile (k, 2) of radius and height from top to bottom; colours (k, 3) or (3,)."""
    profile = np.asarray(profile, float)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    points = np.empty((len(profile), sides, 3))
    points[..., 0] = profile[:, :1] * np.sin(angle)
    points[..., 1] = profile[:, 1:]
    points[..., 2] = profile[:, :1] * np.cos(angle)
    tint = np.broadcast_to(np.asarray(colours, float).reshape(-1, 1, 3), points.shape)
    return mesh(points, grid(len(profile), sides, True), tint)


def ball(radii: np.ndarray | float, sides: int, rows: int, colours: np.ndarray) -> Mesh:
    """An ellipsoid about the origin."""
    angle = np.linspace(0, np.pi, rows)
    round_ball = turned(np.stack([np.sin(angle), np.cos(angle)], axis=1), sides, colours)
    return replace(round_ball, vertices=(round_ball.vertices * radii).astype(np.float32))


def turning(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    """(3, 3) rotation matrix of the rotation vector (x, y, z), rad."""
    vector = np.array([x, y, z], float)
    angle = np.linalg.norm(vector)
    if angle < 1e-9:
        return np.eye(3)
    a, b, c = vector / angle
    cross = np.array([[0, -c, b], [c, 0, -a], [-b, a, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
