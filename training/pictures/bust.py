"""Collar, shoulders and a shirt, so that no head floats."""

import numpy as np

from .primitives import Mesh, grid, mesh
from .skull import Skull

_SIDES = 28
# Below the collar: drop, half width, half depth.
_DROP = np.array([0.0, 0.2, 0.45, 0.7, 1.0, 1.5, 4.5])
_WIDTH = np.array([0.95, 1.35, 1.9, 2.5, 3.0, 3.2, 3.0])
_DEPTH = np.array([0.9, 1.1, 1.2, 1.25, 1.3, 1.35, 1.4])
_RINGS = np.array([0.0, 0.12, 0.26, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.5])


def random_bust(rng: np.random.Generator, skull: Skull) -> tuple[Mesh, np.ndarray]:
    """(shirt, pivot (3,) of the shoulders)."""
    collar = max(skull.lowest + rng.uniform(0.3, 0.45), skull.chin - rng.uniform(0.5, 0.75))
    broad = rng.uniform(0.85, 1.1)
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    s, c = np.sin(angle), np.cos(angle)
    neck = skull.around(angle, np.full(_SIDES, collar))
    middle = 0.5 * (neck[:, 2].min() + neck[:, 2].max())
    slope = rng.uniform(0.05, 0.2) * c  # the collar lies lower in front
    loose, high = rng.uniform(0.05, 0.16), rng.choice([0.06, 0.12, 0.3], p=[0.6, 0.3, 0.1])
    rings = []
    for lift, off in ((high - 0.12, 0.0), (high, 0.4 * loose), (high, loose)):
        rings.append(skull.around(angle, collar + lift - slope, off))
    for drop in _RINGS:
        y = collar - drop - slope * max(0.0, 1 - drop)
        width, depth = (np.interp(drop, _DROP, table) for table in (_WIDTH, _DEPTH))
        x, z = broad * width * np.sign(s) * np.abs(s) ** 0.9, middle - 0.15 * drop + broad * depth * c
        # Some head families have shoulders of their own: stay outside them.
        radius = np.hypot(x, z - skull.centre[2])
        around = np.arctan2(x, z - skull.centre[2])
        if (own := y > skull.lowest - 0.1).any():
            near = np.stack(
                [skull.width(around, np.clip(y + dy, skull.lowest, None)) for dy in (-0.16, -0.08, 0.0, 0.08)]
            )
            radius = np.where(own, np.maximum(radius, near.max(axis=0) + 0.08 + loose), radius)
        rings.append(np.stack([radius * np.sin(around), y, skull.centre[2] + radius * np.cos(around)], axis=1))
    points = np.stack(rings)
    colour = rng.uniform(0.02, 0.8, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.01, 0.85))
    folds = np.exp(rng.normal(0, 0.05, points.shape[:2]))
    colours = colour * folds[..., None]
    colours[:3] *= rng.uniform(0.5, 1.3)
    kind = rng.random()
    if kind < 0.25:  # open jacket over something else
        front = (c > 0.8)[None] & (np.arange(len(points)) > 1)[:, None]
        colours = np.where(front[..., None], rng.uniform(0.05, 0.9, 3), colours)
    elif kind < 0.4:  # stripes
        colours[4::2] = rng.uniform(0.02, 0.9, 3)
    return mesh(points, grid(len(points), _SIDES, True), colours), np.array([0.0, collar - 0.2, middle])
