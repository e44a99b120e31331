"""Parts of the demo head that MakeHuman's base mesh lacks or has in too little detail: eyes, lashes, brows, teeth.

Metres, x to the subject's left, y up, z out of the face. Faces are (f, 4) with -1 as the last corner of a triangle.
"""

from dataclasses import dataclass, field

import numpy as np

from fields_blender.core.names import ARKIT, LOOK_SIDE, LOOK_UP_DOWN

from ..people.anny_head import gaze_rotation

PUPIL, LIMBUS = np.radians(8.0), np.radians(21.5)  # seen from the eyeball's centre
_EYE_RINGS = np.radians([4, 8, 12, 17, 21.5, 25, 31, 40, 52, 68, 86, 106, 130, 155])
_SEGMENTS = 32
_CORNEA = 0.0006  # m, bulge over the sphere


@dataclass
class Part:
    """vertices (n, 3), faces (f, 4), uv (f, 4, 2), material of each face, units (52, n, 3), bone it is bound to."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    bone: str
    units: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not self.units.size:
            self.units = np.zeros((len(ARKIT), *self.vertices.shape))


def eyeball(centre: np.ndarray, radius: float, side: str, patch: tuple[float, float, float]) -> Part:
    """An eye that looks straight ahead, with a slight cornea; `patch`: centre and radius of its disc in UV."""
    turns = np.arange(_SEGMENTS) * 2 * np.pi / _SEGMENTS
    theta = np.repeat(_EYE_RINGS, _SEGMENTS)
    phi = np.tile(turns, len(_EYE_RINGS))
    theta, phi = np.r_[0.0, theta, np.pi], np.r_[0.0, phi, 0.0]
    bulge = _CORNEA * np.clip(1.0 - (theta / (1.15 * LIMBUS)) ** 2, 0.0, 1.0)
    away = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    vertices = centre + (radius + bulge)[:, None] * away
    faces, material = [], []
    for ring in range(len(_EYE_RINGS) + 1):
        inner, outer = 1 + (ring - 1) * _SEGMENTS, 1 + ring * _SEGMENTS
        reached = _EYE_RINGS[ring] if ring < len(_EYE_RINGS) else np.pi
        kind = "pupil" if reached <= PUPIL + 1e-6 else "iris" if reached <= LIMBUS + 1e-6 else "sclera"
        for i in range(_SEGMENTS):
            j = (i + 1) % _SEGMENTS
            if ring == 0:
                faces.append((0, outer + i, outer + j, -1))
            elif ring == len(_EYE_RINGS):
                faces.append((inner + i, outer, inner + j, -1))
            else:
                faces.append((inner + i, outer + i, outer + j, inner + j))
            material.append(kind)
    faces = np.array(faces)
    distance = patch[2] * (theta / np.pi) ** 0.6  # gives the iris more of the patch
    uv = np.stack([patch[0] + distance * np.cos(phi), patch[1] + distance * np.sin(phi)], axis=1)[faces]
    part = Part(vertices, faces, uv, np.array(material), "eye.L" if side == "Left" else "eye.R")
    outwards = 1.0 if side == "Left" else -1.0
    for name, yaw, pitch in (
        ("Out", outwards * LOOK_SIDE, 0.0),
        ("In", -outwards * LOOK_SIDE, 0.0),
        ("Up", 0.0, LOOK_UP_DOWN),
        ("Down", 0.0, -LOOK_UP_DOWN),
    ):
        arm = vertices - centre
        part.units[ARKIT.index(f"eyeLook{name}{side}")] = arm @ gaze_rotation(yaw, pitch).T - arm
    return part


def _ribbons(lines: np.ndarray, across: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Points (6s, k) of ribbons along lines (s, 3, k), `width` (s,) wide at the root in direction `across` (s, k)."""
    half = np.array([1.0, 0.75, 0.08])[None, :, None] * width[:, None, None] / 2
    sides = np.stack([lines - half * across[:, None], lines + half * across[:, None]], axis=2)
    return sides.reshape(-1, lines.shape[2])


def _hairs(points: np.ndarray, material: str, units: np.ndarray, flip: bool) -> Part:
    first = np.arange(len(points) // 6)[:, None] * 6
    faces = np.concatenate([first + [0, 1, 3, 2], first + [2, 3, 5, 4]])
    faces = faces[:, ::-1] if flip else faces
    return Part(points, faces, np.zeros((len(faces), 4, 2)), np.full(len(faces), material), "head", units)


def lashes(edge: np.ndarray, units: np.ndarray, side: str, upper: bool, rng: np.random.Generator) -> Part:
    """Lashes along a lid's edge (k, 3), inner to outer corner, which moves by units (52, k, 3)."""
    count, longest, thick = (46, 0.0078, 0.00042) if upper else (30, 0.0042, 0.00032)
    steps = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))]
    at = np.linspace(0.06, 0.99, count) * steps[-1] + rng.normal(0.0, 0.0002, count)
    root = np.stack([np.interp(at, steps, edge[:, i]) for i in range(3)], axis=1)
    root[:, 2] += 0.0007  # lashes grow from the lid's front rim
    outwards = 1.0 if side == "Left" else -1.0
    share = at / steps[-1]  # 0 at the nose, 1 at the temple
    fan = outwards * (share - 0.42) * 1.5 + rng.normal(0.0, 0.12, count)
    lift = np.full(count, 0.10 if upper else -0.55)
    away = np.stack([fan, lift, np.full(count, 1.0)], axis=1)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    length = longest * (0.55 + 0.45 * np.sin(np.pi * np.clip(share * 0.8 + 0.12, 0, 1))) * rng.uniform(0.8, 1.05, count)
    curl = np.array([0.0, 0.40 if upper else -0.15, 0.0])
    t = np.array([0.0, 0.5, 1.0])[None, :, None]
    lines = root[:, None] + length[:, None, None] * (t * away[:, None] + t**2 * curl)
    across = np.cross(away, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    points = _ribbons(lines, across, thick * rng.uniform(0.8, 1.1, count))
    moved = np.stack([[np.interp(at, steps, axis) for axis in unit.T] for unit in units]).transpose(0, 2, 1)
    moved = np.repeat(moved, 6, axis=1)
    if upper:  # the lid rotates as it comes down, and its lashes with it
        arm = points - np.repeat(root, 6, axis=0)
        for name, turn in ((f"eyeBlink{side}", 0.75), (f"eyeLookDown{side}", 0.3), (f"eyeLookUp{side}", -0.15)):
            moved[ARKIT.index(name)] += arm @ gaze_rotation(0.0, -turn).T - arm
    return _hairs(points, "lash", moved, flip=False)


def brow(side: str, surface, rng: np.random.Generator) -> Part:
    """Brow hairs on the skin. `surface(xy (n, 2))` -> points on the skin (n, 3) and their units (52, n, 3)."""
    count = 260
    share = rng.uniform(0.0, 1.0, count)  # 0 at the nose, 1 at the temple
    curve = brow_curve(share)
    height = brow_height(share)
    across = rng.uniform(-1.0, 1.0, count)
    root = curve + np.stack([np.zeros(count), 0.5 * height * across], axis=1)
    slope = np.interp(share, [0.0, 0.15, 0.5, 0.75, 1.0], [1.15, 0.75, 0.38, -0.1, -0.5])
    slope = slope - 0.35 * across + rng.normal(0.0, 0.2, count)  # upper hairs lean down, lower ones up
    length = np.interp(share, [0.0, 0.2, 0.7, 1.0], [0.0055, 0.008, 0.0075, 0.005]) * rng.uniform(0.75, 1.1, count)
    direction = np.stack([np.cos(slope), np.sin(slope)], axis=1)
    t = np.array([0.0, 0.5, 1.0])
    bend = np.stack([np.zeros(count), -0.12 * np.sign(across) * np.abs(across)], axis=1)
    t = t[None, :, None]
    lines = root[:, None] + length[:, None, None] * (t * direction[:, None] + t**2 * bend[:, None])
    sideways = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    flat = _ribbons(lines, sideways, 0.00033 * rng.uniform(0.8, 1.15, count))
    if side == "Right":
        flat[:, 0] *= -1
    points, units = surface(flat)
    points[:, 2] += np.tile(np.repeat([0.0002, 0.0007, 0.0005], 2), count)  # lies on the skin, not in it
    return _hairs(points, "brow", units, flip=side == "Left")


def brow_curve(share: np.ndarray) -> np.ndarray:
    """Middle line of the left brow (n, 2), x and y in metres from between the eyes; 0 at the nose, 1 at the temple."""
    knots = np.array([0.0, 0.25, 0.5, 0.68, 0.85, 1.0])
    x = np.interp(share, knots, [0.0105, 0.0205, 0.031, 0.039, 0.0465, 0.0525])
    y = np.interp(share, knots, [0.0150, 0.0185, 0.0215, 0.0222, 0.0200, 0.0158])
    return np.stack([x, y], axis=1)


def brow_height(share: np.ndarray) -> np.ndarray:
    return np.interp(share, [0.0, 0.15, 0.5, 0.8, 1.0], [0.0062, 0.0072, 0.006, 0.004, 0.0014])


_ARCH = np.array(  # front of the upper teeth from the middle to the left, x and z in mm; measured on MakeHuman's teeth
    [
        [0, 19.6],
        [4.5, 19.4],
        [8.8, 18.4],
        [13.4, 16.2],
        [17.6, 13.2],
        [22, 7.6],
        [25.6, 1.4],
        [28.6, -6.4],
        [30.2, -12.6],
        [32, -20],
    ]
)
_UPPER = ([8.4, 6.6, 7.7, 7.0, 6.8, 9.8, 9.4], [10.2, 9.2, 10.0, 8.4, 8.0, 7.4, 7.0], -61.2)
_LOWER = ([5.5, 5.9, 6.8, 7.0, 7.1, 10.5, 10.0], [8.8, 8.9, 9.8, 8.6, 8.2, 7.6, 7.2], -58.6)
_DEPTHS = [6.4, 6.2, 7.4, 8.4, 8.8, 10.2, 10.0]
_TIPS = [2.0, 1.9, 2.4, 6.6, 7.0, 8.6, 8.4]  # depth at the biting edge


def teeth(upper: bool, shift: np.ndarray) -> Part:
    """A row of 14 teeth with its gum, moved by `shift` (3,) mm from MakeHuman's position."""
    widths, heights, edge = _UPPER if upper else _LOWER
    arch = _ARCH * (1.0 if upper else 0.93) - [0.0, 0.0 if upper else 1.0]
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(arch, axis=0), axis=1))]
    down = -1.0 if upper else 1.0

    def place(along: np.ndarray, inwards: np.ndarray, y: np.ndarray, side: float) -> np.ndarray:
        x, z = np.interp(along, length, arch[:, 0]), np.interp(along, length, arch[:, 1])
        step = 0.8
        tangent = np.stack(
            [
                np.interp(along + step, length, arch[:, 0]) - np.interp(along - step, length, arch[:, 0]),
                np.interp(along + step, length, arch[:, 1]) - np.interp(along - step, length, arch[:, 1]),
            ]
        )
        tangent /= np.maximum(np.linalg.norm(tangent, axis=0), 1e-9)
        return np.stack([side * (x + tangent[1] * inwards), y, z - tangent[0] * inwards], axis=1)

    vertices, faces, material = [], [], []

    def add(points: np.ndarray, quads: np.ndarray, kind: str, flip: bool) -> None:
        base = sum(len(v) for v in vertices)
        quads = quads[:, ::-1] if flip else quads
        triangle = quads == -1
        quads = np.where(triangle, -1, quads + base)
        quads = np.where(triangle[:, :1], np.roll(quads, -1, axis=1), quads)  # a triangle's gap goes last
        vertices.append(points)
        faces.append(quads)
        material.extend([kind] * len(quads))

    around = np.arange(12) * 2 * np.pi / 12
    soft = 0.75  # superellipse: 1 is round, towards 0 square
    ca, sa = (
        np.sign(np.cos(around)) * np.abs(np.cos(around)) ** soft,
        np.sign(np.sin(around)) * np.abs(np.sin(around)) ** soft,
    )
    levels = np.array([-0.25, 0.0, 0.35, 0.7, 0.93, 1.0])  # 0 at the gum, 1 at the biting edge
    waist = np.array([0.74, 0.82, 0.96, 0.99, 0.9, 0.6])
    for side in (1.0, -1.0):
        start = 0.15
        for k, (width, height, depth, tip) in enumerate(zip(widths, heights, _DEPTHS, _TIPS, strict=True)):
            middle = start + width / 2
            start += width
            points = []
            lift = 0.5 if k == 1 else 0.0
            for level, w in zip(levels, waist, strict=True):
                thick = depth + (tip - depth) * np.clip(level, 0.0, 1.0) ** 0.8
                thick *= 0.8 if level >= 1.0 else 1.0
                lean = 0.35 * (1.0 - np.clip(level, 0, 1))  # crowns lean out a little
                along = middle + 0.5 * (width + 0.55) * w * ca
                inwards = 0.5 * depth + lean + 0.5 * thick * sa - 0.5 * (depth - thick) * (1.0 if k < 3 else 0.0)
                y = np.full(12, edge + lift * -down + down * height * (level - 1.0))
                points.append(place(along, inwards, y, side))
            points.append(
                place(np.array([middle]), np.array([0.5 * tip]), np.array([edge + lift * -down + down * 0.2]), side)
            )
            rings = len(levels)
            quads = [
                (r * 12 + i, r * 12 + (i + 1) % 12, (r + 1) * 12 + (i + 1) % 12, (r + 1) * 12 + i)
                for r in range(rings - 1)
                for i in range(12)
            ]
            quads += [((rings - 1) * 12 + i, (rings - 1) * 12 + (i + 1) % 12, rings * 12, -1) for i in range(12)]
            add(np.concatenate(points), np.array(quads), "teeth", flip=(side * down) < 0)
    # The gum: a profile swept along the arch, from the outside over the necks of the teeth to the inside.
    profile = np.array(
        [[-1.6, -9.0], [-1.5, -4.5], [-0.9, -1.2], [0.1, 0.15], [2.5, 0.6], [7.5, 0.6], [10.0, -2.0], [11.0, -8.0]]
    )
    stations = np.linspace(0.0, length[-1] - 1.0, 17)
    for side in (1.0, -1.0):
        neck = edge - down * np.interp(stations, np.cumsum(widths) - np.array(widths) / 2, heights)
        rows = [place(stations, np.full(17, p[0]), neck + down * p[1], side) for p in profile]
        n = len(stations)
        quads = [
            (r * n + i, r * n + i + 1, (r + 1) * n + i + 1, (r + 1) * n + i)
            for r in range(len(profile) - 1)
            for i in range(n - 1)
        ]
        add(np.concatenate(rows), np.array(quads), "gum", flip=(side * down) < 0)
    faces_all = np.concatenate(faces)
    points = (np.concatenate(vertices) + shift) / 1000.0
    uv = np.zeros((len(faces_all), 4, 2))
    return Part(points, faces_all, uv, np.array(material), "head" if upper else "jaw")
