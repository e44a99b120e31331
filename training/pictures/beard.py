"""Beard and moustache: thin shells that follow the skin they grow on."""

import numpy as np

from .primitives import Mesh, grid, joined, mesh
from .skull import Skull


def random_beard(rng: np.random.Generator, skull: Skull, hair: np.ndarray) -> Mesh:
    """A beard, a moustache or both on a resting head, of hair colour (3,)."""
    colour = hair * np.exp(rng.normal(0, 0.2)) * np.array([1.1, 0.95, 0.9])
    kind = rng.choice(["full", "chin", "moustache"], p=[0.6, 0.2, 0.2])
    parts = []
    if kind != "moustache":
        parts.append(_beard(rng, skull, colour, 1.35 if kind == "full" else rng.uniform(0.3, 0.5)))
    if kind == "moustache" or rng.random() < 0.75:
        parts.append(_moustache(rng, skull, colour))
    return joined(parts)


def _beard(rng: np.random.Generator, skull: Skull, colour: np.ndarray, wide: float) -> Mesh:
    columns, rows = 33, 9
    azimuth = np.linspace(-wide, wide, columns)
    side = np.abs(azimuth) / wide
    around = np.abs(azimuth)
    lip = skull.mouth - rng.uniform(0.22, 0.3)
    cheek = rng.uniform(-0.1, 0.25)
    corner, jaw = skull.mouth + 0.1 + cheek, -0.6 + cheek
    # Below the lip in the middle, up to the corners of the mouth, over the cheek to the ear.
    upper = np.interp(
        around, [0, 0.2, 0.3, 0.45, 0.8, 1.35], [lip, lip, skull.mouth - 0.12, corner, jaw, skull.ear[1] - 0.2]
    )  # fmt: skip
    lower = np.interp(around, [0, 0.5, 1.0, 1.35], skull.chin + np.array([-0.12, 0.0, 0.35, 0.8]))
    if wide < 1:
        upper = np.minimum(upper, lip + 0.05)
        lower = skull.chin - 0.1 + 0 * lower
    lower = np.minimum(lower, upper - 0.05)
    share = np.linspace(0, 1, rows)[:, None]
    y = upper + share * (lower - upper) + rng.normal(0, 0.015, (rows, columns))
    thick = rng.uniform(0.05, 0.2)
    full = np.clip(np.minimum(share * 4, (1 - share) * 3), 0, 1) * np.clip(4 * (1 - side), 0, 1)
    lift = thick * full * np.exp(rng.normal(0, 0.15, (rows, columns))) - 0.03 * (1 - full)
    points = skull.around(azimuth, y, lift)
    points[-3:, :, 1] -= (
        rng.uniform(0, 1.5) * thick * np.clip(1 - around / 0.7, 0, 1) * np.array([0.3, 0.8, 0.6])[:, None]
    )
    return _hairy(rng, points, colour)


def _moustache(rng: np.random.Generator, skull: Skull, colour: np.ndarray) -> Mesh:
    columns, rows = 19, 6
    wide = rng.uniform(0.25, 0.37)
    azimuth = np.linspace(-wide, wide, columns)
    side = np.abs(azimuth) / wide
    upper = skull.nose - 0.03 - 0.18 * side**2 - 0.1 * side
    lower = skull.mouth + rng.uniform(0.09, 0.16) - 0.22 * side**2
    lower = np.minimum(lower, upper - 0.02)
    share = np.linspace(0, 1, rows)[:, None]
    y = upper + share * (lower - upper) + rng.normal(0, 0.008, (rows, columns))
    full = np.clip(np.minimum(share * 3, (1 - share) * 4), 0, 1) * np.clip(3 * (1 - side), 0, 1)
    lift = rng.uniform(0.04, 0.11) * full * np.exp(rng.normal(0, 0.15, (rows, columns))) - 0.025 * (1 - full)
    return _hairy(rng, skull.around(azimuth, y, lift), colour)


def _hairy(rng: np.random.Generator, points: np.ndarray, colour: np.ndarray) -> Mesh:
    rows, columns = points.shape[:2]
    tone = np.exp(rng.normal(0, 0.2, (1, columns)) + rng.normal(0, 0.18, (rows, columns)))
    grid_mesh = mesh(points, grid(rows, columns), colour * tone[..., None])
    count, steps = 60, 3  # short strands that break the edges
    row, column = rng.integers(1, rows - 1, count), rng.integers(1, columns - 1, count)
    at = points[row, column] + rng.normal(0, 0.01, (count, 3))
    out = at - [0, 0, at[:, 2].mean() - 1.5]
    out = out * [1, 0, 1]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    down = np.array([0, -1.0, 0]) + 0.4 * out + rng.normal(0, 0.25, (count, 3))
    across = np.cross(down, out)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    length = rng.uniform(0.05, 0.16, (count, 1, 1)) * np.linspace(0, 1, steps)[:, None]
    path = at[:, None] + 0.02 * out[:, None] + length * down[:, None]
    width = 0.012 * np.array([1, 0.8, 0.1])[:, None] * across[:, None]
    edges = np.stack([path - width, path + width], axis=2)
    tint = colour * np.exp(rng.normal(0, 0.3, (count, 1, 1, 1))) * np.ones((1, steps, 2, 1))
    return joined([grid_mesh, mesh(edges, grid(steps, 2, count=count), tint)])
