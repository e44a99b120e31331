"""A person's head measured as radius maps around it, so that hair, glasses and hands fit any head family.

Units as in `heads`: inter-ocular, origin between the eyeballs, x to the subject's left, y up, z out of the face.
"""

from dataclasses import dataclass

import numpy as np

from ..people.mesh_parts import SCALP, SKIN

_AROUND = 48  # columns of the maps around the head: azimuth 0 in front, growing to the subject's left
_POLAR = 25  # rows from the crown (0) down to the opposite pole (pi)
_TOP, _BOTTOM, _STEP = 2.6, -4.2, 0.125  # rows of the map by height


@dataclass(frozen=True)
class Skull:
    """`centre` (3,) of the cranium. Heights of brow, nose base, mouth, chin; `ear` (3,): top of the left ear, `lobe`
    (3,) its lobe (mirror them for the right ear; x of each side: `ear_x`, `temple_x` (2,) left, right, >= 0).
    `bridge`: z of the nose's root. `mouth_z`: of the lips. `lowest`: height at which the neck's mesh ends."""

    centre: np.ndarray
    polar: np.ndarray  # (25, 48) distance from the centre
    level: np.ndarray  # (55, 48) distance from the vertical axis through the centre
    bridge: float
    brow: float
    nose: float
    mouth: float
    chin: float
    mouth_z: float
    ear: np.ndarray
    lobe: np.ndarray
    ear_x: np.ndarray
    temple_x: np.ndarray
    lowest: float

    def reach(self, directions: np.ndarray) -> np.ndarray:
        """(...,) distance of the skin from the centre in unit directions (..., 3)."""
        polar = np.arccos(np.clip(directions[..., 1], -1, 1)) / np.pi * (_POLAR - 1)
        return _between(self.polar, polar, np.arctan2(directions[..., 0], directions[..., 2]))

    def width(self, azimuth: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(...,) distance of the skin from the vertical axis through the centre, at azimuth (rad) and height."""
        return _between(self.level, (_TOP - y) / _STEP, azimuth)

    def around(self, azimuth: np.ndarray, y: np.ndarray, lift: np.ndarray | float = 0.0) -> np.ndarray:
        """(..., 3) points `lift` off the skin, measured from the vertical axis."""
        azimuth, y = np.broadcast_arrays(np.asarray(azimuth, float), np.asarray(y, float))
        radius = self.width(azimuth, y) + lift
        return np.stack([radius * np.sin(azimuth), y, self.centre[2] + radius * np.cos(azimuth)], axis=-1)

    def dome(self, azimuth: np.ndarray, rim: np.ndarray, rows: int, lift: float) -> np.ndarray:
        """(rows, c, 3) points `lift` off the skull from the crown down to heights rim (c,) at azimuth (c,)."""
        polar = np.linspace(0, 2.4, 49)[:, None]
        height = self.centre[1] + np.cos(polar) * (self.reach(_direction(polar, azimuth)) + lift)
        last = polar[np.argmax(height < rim, axis=0), 0]
        direction = _direction(np.linspace(0, 1, rows)[:, None] * last, azimuth)
        return self.centre + direction * (self.reach(direction) + lift)[..., None]

    def front(self, x: float, y: float) -> np.ndarray:
        """(3,) the skin in front at (x, y)."""
        azimuth = np.arctan2(x, 1.5)
        for _ in range(4):
            azimuth = np.arcsin(np.clip(x / self.width(azimuth, np.float64(y)), -0.99, 0.99))
        return self.around(azimuth, np.float64(y))


def measure(neutral: np.ndarray, part: np.ndarray, triangles: np.ndarray) -> Skull:
    """The Skull of a resting head: vertices (n, 3), part (n,) labels of `mesh_parts`, triangles (t, 3)."""
    outside = np.isin(part, (SKIN, SCALP))
    points = neutral[outside]
    if len(points) < 10000:  # too few vertices to reach every cell of the maps
        corners = neutral[triangles[outside[triangles].all(axis=1)]]
        points = np.concatenate([points, corners.mean(axis=1), (corners[:, 0] + corners[:, 1]) / 2])
    lowest = float(points[:, 1].min())
    case = points[(points[:, 1] > 0.3) & (points[:, 1] < 1.0)]
    centre = np.array([0.0, 0.35, (case[:, 2].min() + case[:, 2].max()) / 2])

    arm = points - centre
    column = np.round(np.arctan2(arm[:, 0], arm[:, 2]) * _AROUND / (2 * np.pi)).astype(int) % _AROUND
    distance = np.linalg.norm(arm, axis=1)
    row = np.round(np.arccos(arm[:, 1] / distance) / np.pi * (_POLAR - 1)).astype(int)
    polar = _outermost(row, column, distance, _POLAR)
    polar[0] = polar[0].max()
    row = np.round((_TOP - points[:, 1]) / _STEP).astype(int)
    rows = round((_TOP - _BOTTOM) / _STEP) + 1
    near = (row >= 0) & (row < rows)
    level = _outermost(row[near], column[near], np.hypot(arm[near, 0], arm[near, 2]), rows)

    profile = _profile(points)
    heights = profile[:, 0]
    down = np.flatnonzero((heights < -0.15) & (heights > -1.4))[::-1]
    risen = np.maximum.accumulate(profile[down, 1])
    past = np.argmax(profile[down, 1] < risen - 0.06)  # the lips may protrude further than the nose
    tip = down[np.argmax(profile[down[: past + 1], 1])]
    below = profile[:tip][::-1]  # from the tip of the nose down
    under = (below[:, 0] > heights[tip] - 0.4) & (below[:, 1] < profile[tip, 1] - 0.18)
    nose = below[np.argmax(under), 0] if under.any() else below[np.argmin(below[:7, 1]), 0]
    lips_z = below[(below[:, 0] < nose) & (below[:, 0] > nose - 0.6), 1].max()
    chin = below[(below[:, 1] > lips_z - 0.45), 0].min()
    mouth = nose + 0.3 * (chin - nose)
    root = profile[(heights > -0.15) & (heights < 0.3), 1].min()

    ear = points[(points[:, 1] > -1.2) & (points[:, 1] < 0.6) & (points[:, 2] < -0.3)]
    reach = np.array([ear[:, 0].max(), -ear[:, 0].min()])
    tips = ear[np.abs(ear[:, 0]) > np.where(ear[:, 0] > 0, *reach) * 0.89]
    top = tips[tips[:, 1] > tips[:, 1].max() - 0.08]
    lobe = tips[tips[:, 1] < tips[:, 1].min() + 0.1]
    ahead = top[:, 2].mean()
    band = (np.abs(points[:, 1] - top[:, 1].max()) < 0.15) & (points[:, 2] > ahead + 0.2) & (points[:, 2] < ahead + 0.6)
    temple = np.array([points[band & (points[:, 0] * sign > 0), 0].__abs__().max() for sign in (1, -1)])
    return Skull(
        centre, polar, level, float(root), 0.4, float(nose), float(mouth), float(chin), float(lips_z),
        np.array([np.abs(top[:, 0]).mean(), top[:, 1].max(), ahead]),
        np.array([np.abs(lobe[:, 0]).mean(), *lobe[:, 1:].mean(axis=0)]),
        reach, temple, lowest,
    )  # fmt: skip


def _direction(polar: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    polar, azimuth = np.broadcast_arrays(polar, azimuth)
    return np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], axis=-1)


def _profile(points: np.ndarray) -> np.ndarray:
    """(k, 2) height and depth of the profile in the middle plane, from the neck up, every .05."""
    middle = points[(np.abs(points[:, 0]) < 0.1) & (points[:, 2] > -1.0) & (points[:, 1] > -2.6)]
    row = np.round(middle[:, 1] / 0.05).astype(int)
    first, last = row.min(), row.max()
    deep = np.full(last - first + 1, -9.0)
    np.maximum.at(deep, row - first, middle[:, 2])
    heights = np.arange(first, last + 1) * 0.05
    return np.stack([heights, np.interp(heights, heights[deep > -9], deep[deep > -9])], axis=1)


def _outermost(row: np.ndarray, column: np.ndarray, distance: np.ndarray, rows: int) -> np.ndarray:
    """(rows, 48) the largest distance in each cell; empty cells are filled with the mean of their neighbours."""
    cells = np.full(rows * _AROUND, -1.0)
    order = np.argsort(distance)
    cells[row[order] * _AROUND + column[order]] = distance[order]
    cells = cells.reshape(rows, _AROUND)
    for _ in range(rows):
        empty = cells < 0
        if not empty.any():
            break
        padded = np.concatenate([cells[:1], cells, cells[-1:]])
        neighbours = np.stack([padded[:-2], padded[2:], np.roll(cells, 1, 1), np.roll(cells, -1, 1)])
        known = neighbours >= 0
        mean = (neighbours * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        cells = np.where(empty & known.any(axis=0), mean, cells)
    return np.maximum(cells, 0.1)


def _between(cells: np.ndarray, row: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    row = np.clip(row, 0, len(cells) - 1.001)
    column = azimuth * (_AROUND / (2 * np.pi)) % _AROUND
    r, c = row.astype(int), column.astype(int)
    down, right = row - r, column - c
    c, d = c % _AROUND, (c + 1) % _AROUND
    return (1 - down) * ((1 - right) * cells[r, c] + right * cells[r, d]) + down * (
        (1 - right) * cells[r + 1, c] + right * cells[r + 1, d]
    )
