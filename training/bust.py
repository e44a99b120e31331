"""Neck end, shoulders and a shirt, so that no head floats."""

import numpy as np

from .skull import Skull
from .wear_mesh import Mesh, grid, mesh

_SIDES = 32
# Below the collar: drop, half width, half depth.
_SHAPE = np.array(
    [[0.2, 1.35, 1.1], [0.45, 1.9, 1.2], [0.7, 2.5, 1.25], [1.0, 3.0, 1.3], [1.5, 3.2, 1.35], [4.5, 3.0, 1.4]]
)


def random_bust(rng: np.random.Generator, skull: Skull) -> tuple[Mesh, np.ndarray]:
    """(shirt, place (3,) that the shoulders turn about)."""
    collar = max(skull.lowest + rng.uniform(0.3, 0.45), skull.chin - rng.uniform(0.55, 0.95))
    broad = rng.uniform(0.85, 1.1)
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    neck = skull.around(angle, np.full(_SIDES, collar))
    middle = 0.5 * (neck[:, 2].min() + neck[:, 2].max())
    slope = rng.uniform(0.05, 0.2) * np.cos(angle)  # the collar lies lower in front
    loose, high = rng.uniform(0.05, 0.16), rng.choice([0.06, 0.12, 0.3], p=[0.6, 0.3, 0.1])
    rings = []
    for lift, inside in ((high - 0.12, 0.0), (high, 0.4 * loose), (high, loose), (0.0, loose + 0.02)):
        rings.append(skull.around(angle, collar + lift - slope, inside))
    for drop, width, depth in _SHAPE:
        y = np.full(_SIDES, collar - drop) - slope * max(0.0, 1 - drop)
        c, s = np.cos(angle), np.sin(angle)
        shape = np.stack(
            [broad * width * np.sign(s) * np.abs(s) ** 0.9, y, middle - 0.15 * drop + broad * depth * c], axis=1
        )
        if collar - drop > -3.4:  # enclose what there is of the head's own shoulders
            own = skull.around(angle, y, 0.12)
            # only the neck's end is in that map, so never let the shirt run wild
            near = np.hypot(own[:, 0], own[:, 2] - middle) > np.hypot(shape[:, 0], shape[:, 2] - middle)
            shape[near] = own[near]
        rings.append(shape)
    points = np.stack(rings)
    colour = rng.uniform(0.02, 0.8, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.01, 0.85))
    folds = np.exp(rng.normal(0, 0.05, points.shape[:2]))
    colours = colour * folds[..., None]
    colours[:3] *= rng.uniform(0.5, 1.3)
    kind = rng.random()
    if kind < 0.25:  # open jacket over something else
        front = (np.cos(angle) > 0.8)[None] & (np.arange(len(points)) > 1)[:, None]
        colours = np.where(front[..., None], rng.uniform(0.05, 0.9, 3), colours)
    elif kind < 0.4:  # stripes
        colours[4::2] = rng.uniform(0.02, 0.9, 3)
    return mesh(points, grid(len(points), _SIDES, True), colours), np.array([0.0, collar - 0.2, middle])
