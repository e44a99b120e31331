"""Random free-form deformation of the posed head, for faces that no scan holds: a smooth map of space without folds.

Touching lips still touch, lids stay on the eyeballs and teeth inside the mouth, because one map moves them all. Weak
deformations give other people, strong ones game and cartoon heads: large eyes, long chins, wide jaws, small noses, flat
or deep faces. Units as in `rig`.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

_LOW, _STEP, _NODES = np.array([-2.5, -3.5, -3.0]), 0.25, (21, 25, 21)
_STILL = 0.001  # IOU
_LEAST_VOLUME = 0.3  # to which any part of space is compressed at most


@dataclass(frozen=True)
class _Region:
    """A part of the face whose size and position vary from head to head."""

    centre: tuple[float, float, float]
    reach: tuple[float, float, float]  # standard deviations of a Gaussian
    size: tuple[float, float, float]  # standard deviation of the log scale along x, y, z
    size_together: float  # standard deviation of a log scale of all three
    shift: tuple[float, float, float]


# x > 0 stands for both sides; eyes scale the same in all directions, so that eyeballs stay round.
_REGIONS = (
    _Region((0.5, 0.0, 0.0), (0.4, 0.4, 0.4), (0, 0, 0), 0.16, (0, 0.03, 0.03)),  # eyes
    _Region((0.0, -0.5, 0.55), (0.25, 0.3, 0.4), (0.16, 0.1, 0.16), 0.1, (0, 0.06, 0.05)),  # nose
    _Region((0.0, -1.14, 0.45), (0.4, 0.3, 0.4), (0.12, 0.1, 0.08), 0.1, (0, 0.05, 0.05)),  # mouth
    _Region((0.0, -1.75, 0.35), (0.4, 0.35, 0.5), (0.18, 0.16, 0.1), 0.05, (0, 0.1, 0.09)),  # chin
    _Region((0.95, -1.15, -0.35), (0.45, 0.5, 0.6), (0.05, 0.1, 0.05), 0, (0.11, 0.08, 0.05)),  # jaw corner
    _Region((0.8, -0.45, 0.1), (0.35, 0.35, 0.4), (0.08, 0.08, 0.08), 0, (0.06, 0.06, 0.06)),  # cheekbone
    _Region((0.5, 0.4, 0.3), (0.4, 0.25, 0.35), (0.05, 0.05, 0.1), 0, (0.02, 0.06, 0.05)),  # brow
    _Region((0.0, 1.0, 0.2), (0.9, 0.5, 0.7), (0.08, 0.14, 0.1), 0, (0, 0.06, 0.1)),  # forehead
    _Region((1.25, -0.35, -0.6), (0.3, 0.5, 0.4), (0.1, 0.15, 0.1), 0.1, (0.03, 0.05, 0.05)),  # ear
)
_WHOLE = (0.0, 0.07, 0.11)  # log scale of the whole head along x, y, z; x defines the unit of length
_WAVES = 8
_WAVE_SLOPE = 0.05


@dataclass(frozen=True)
class Deformation:
    """A cubic B-spline of displacements on a grid (a, b, c, 3), followed by a shift and a scale."""

    grid: np.ndarray
    origin: np.ndarray
    scale: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) float32: the deformed points (..., 3)."""
        flat = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
        out = np.empty_like(flat)
        _bend(flat, self.grid, _LOW.astype(np.float32), np.float32(_STEP), out)
        return self._placed(out).reshape(np.shape(points))

    def performance(self, vertices: np.ndarray) -> np.ndarray:
        """The same for frames (k, n, 3) of one head: vertices that hardly move from the first one are deformed once."""
        out = np.empty_like(vertices)
        _bend_frames(vertices, self.grid, _LOW.astype(np.float32), np.float32(_STEP), np.float32(_STILL), out)
        return self._placed(out)

    def _placed(self, bent: np.ndarray) -> np.ndarray:
        bent -= self.origin
        bent *= np.float32(self.scale)
        return bent


def random_deformation(
    rng: np.random.Generator, centres: np.ndarray, strength: float | None = None, asymmetry: float = 1.0
) -> Deformation:
    """A deformation that leaves the eyeballs at `centres` (2, 3) one unit apart about the origin.

    strength: 0 none, .5 subtle, 1 another person, 2 a cartoon; drawn if not given. asymmetry: 1 as in real faces.
    """
    if strength is None:
        strength = float(rng.choice([0.35, 0.8, 1.5], p=[0.3, 0.45, 0.25]) * rng.uniform(0.8, 1.25))
    axes = [low + _STEP * np.arange(count) for low, count in zip(_LOW, _NODES, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)
    mirror = np.array([-1.0, 1.0, 1.0])
    even, odd = _field(rng, nodes), _field(rng, nodes)
    even = (even + even[::-1] * mirror) / 2
    grid = strength * even + 0.12 * asymmetry * odd
    while _least_volume(nodes + grid) < _LEAST_VOLUME:
        grid *= 0.85
    grid = np.ascontiguousarray(grid, np.float32)
    bent = Deformation(grid, np.zeros(3, np.float32), 1.0)(centres)
    return Deformation(grid, bent.mean(axis=0), 1.0 / float(np.linalg.norm(bent[0] - bent[1])))


def _field(rng: np.random.Generator, nodes: np.ndarray) -> np.ndarray:
    """(a, b, c, 3) displacements."""
    field = nodes * np.float32(np.exp(rng.normal(0, _WHOLE)) - 1)
    for region in _REGIONS:
        sides = (1.0, -1.0) if region.centre[0] else (1.0,)
        size = np.exp(rng.normal(0, region.size) + rng.normal(0, 1) * region.size_together) - 1
        shift = rng.normal(0, region.shift)
        jitter = rng.normal(0, 0.05, 3) * (region.centre[2] != 0.0)
        for side in sides:
            flip = np.array([side, 1.0, 1.0])
            arm = nodes - np.float32((np.array(region.centre) + jitter) * flip)
            near = np.exp(-0.5 * ((arm / np.float32(region.reach)) ** 2).sum(-1, keepdims=True))
            field += near * (arm * np.float32(size) + np.float32(shift * flip))
    for _ in range(_WAVES):
        direction = rng.normal(0, 1, 3)
        number = direction / np.linalg.norm(direction) * 2 * np.pi / rng.uniform(1.6, 4.0)
        amount = rng.normal(0, _WAVE_SLOPE, 3) / np.linalg.norm(number)
        field += np.sin(nodes @ np.float32(number) + np.float32(rng.uniform(0, 6.3)))[..., None] * np.float32(amount)
    return field


def _least_volume(nodes: np.ndarray) -> float:
    steps = [np.diff(nodes, axis=axis) / _STEP for axis in range(3)]
    a, b, c = steps[0][:, :-1, :-1], steps[1][:-1, :, :-1], steps[2][:-1, :-1, :]
    return float((np.cross(a, b) * c).sum(-1).min())


@njit(cache=True, fastmath=True)
def _weights(t):
    """The four cubic B-spline weights at `t` 0..1 of the way between two nodes."""
    s = np.float32(1) - t
    sixth = np.float32(1 / 6)
    a, d = s * s * s * sixth, t * t * t * sixth
    b = (np.float32(3) * t * t * t - np.float32(6) * t * t + np.float32(4)) * sixth
    return a, b, np.float32(1) - a - b - d, d


@njit(cache=True, fastmath=True)
def _cell(x, low, step, count):
    place = min(max((x - low) / step, np.float32(1.0)), np.float32(count - 2.001))
    cell = int(place)
    return cell - 1, np.float32(place - cell)


@njit(cache=True, fastmath=True)
def _bend_one(x, y, z, grid, low, step, out):
    i0, tx = _cell(x, low[0], step, grid.shape[0])
    j0, ty = _cell(y, low[1], step, grid.shape[1])
    k0, tz = _cell(z, low[2], step, grid.shape[2])
    wx, wy, wz = _weights(tx), _weights(ty), _weights(tz)
    dx = dy = dz = np.float32(0.0)
    for i in range(4):
        for j in range(4):
            wij = wx[i] * wy[j]
            for k in range(4):
                w = wij * wz[k]
                dx += w * grid[i0 + i, j0 + j, k0 + k, 0]
                dy += w * grid[i0 + i, j0 + j, k0 + k, 1]
                dz += w * grid[i0 + i, j0 + j, k0 + k, 2]
    out[0], out[1], out[2] = x + dx, y + dy, z + dz


@njit(cache=True, fastmath=True)
def _bend(points, grid, low, step, out):
    for i in range(points.shape[0]):
        _bend_one(points[i, 0], points[i, 1], points[i, 2], grid, low, step, out[i])


@njit(cache=True, fastmath=True)
def _bend_frames(vertices, grid, low, step, small, out):
    for k in range(vertices.shape[0]):
        for i in range(vertices.shape[1]):
            x, y, z = vertices[k, i, 0], vertices[k, i, 1], vertices[k, i, 2]
            dx, dy, dz = x - vertices[0, i, 0], y - vertices[0, i, 1], z - vertices[0, i, 2]
            if k > 0 and max(abs(dx), abs(dy), abs(dz)) < small:
                out[k, i, 0], out[k, i, 1], out[k, i, 2] = out[0, i, 0] + dx, out[0, i, 1] + dy, out[0, i, 2] + dz
            else:
                _bend_one(x, y, z, grid, low, step, out[k, i])
