"""Appearance of the sample clip's person: skin texture, strands of brows, lashes and hair, a jumper. Needs mathutils.

Lengths in cm in the head's frame (x to the subject's left, y up, z out of the face). A texture "over the face" is
projected along z, as seen from the front.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from fields_blender.core.easing import smoothstep

from ..people.ict_head import PARTS, IctHead, landmark_vertices

# The area covered by the textures over the face, cm, and their size in pixels.
LEFT, RIGHT, BOTTOM, TOP = -13.0, 13.0, -13.0, 13.0
SIZE = 2048
_PER_CM = SIZE / (RIGHT - LEFT)

_SKIN = (0.80, 0.585, 0.485)
_BLUSH = (0.83, 0.44, 0.38)
_LIPS = (0.70, 0.33, 0.33)
_SHADE = (0.56, 0.36, 0.30)
_BROW = (0.22, 0.13, 0.085)
_BROW_SHIFT = np.array([0.0, -0.55])  # the landmarks lie on the upper edge


@dataclass(frozen=True)
class Strands:
    """Hairs with the same number of points each, attached to a mesh.

    Point i of the strands is `weights[i] @ vertices[corners[i]] + offset[i]`. `radius` of each point, cm.
    """

    corners: np.ndarray  # (n * k, 3)
    weights: np.ndarray  # (n * k, 3)
    offset: np.ndarray  # (n * k, 3)
    radius: np.ndarray  # (n * k,)
    count: int

    def points(self, vertices: np.ndarray) -> np.ndarray:
        """(n * k, 3) for vertices of the mesh."""
        return np.einsum("nc,ncd->nd", self.weights, vertices[self.corners]) + self.offset


def over_face(vertices: np.ndarray) -> np.ndarray:
    """(n, 2) texture coordinates 0..1 of the textures over the face."""
    return (vertices[:, :2] - [LEFT, BOTTOM]) / [RIGHT - LEFT, TOP - BOTTOM]


def skin_picture(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(SIZE, SIZE, 3) float32 sRGB 0..1, first row at the bottom, for vertices at rest (n, 3)."""
    marks = vertices[landmark_vertices(), :2]
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / _PER_CM + np.float32([[[BOTTOM]], [[LEFT]]])
    picture = np.broadcast_to(np.float32(_SKIN), (SIZE, SIZE, 3)).copy()

    def blend(mask: np.ndarray, colour: tuple[float, float, float]) -> None:
        picture[:] += mask[..., None] * (np.float32(colour) - picture)

    def spot(centre: np.ndarray, width: float, height: float) -> np.ndarray:
        return np.exp(-(((x - centre[0]) / width) ** 2) - ((y - centre[1]) / height) ** 2)

    for cheek in (marks[[2, 31, 48]].mean(0), marks[[14, 35, 54]].mean(0)):
        blend(0.42 * spot(cheek + [0, 0.7], 2.6, 2.1), _BLUSH)
    blend(0.40 * spot(marks[30], 1.3, 1.1), _BLUSH)
    blend(0.18 * spot(marks[8] + [0, 0.8], 1.8, 1.2), _BLUSH)
    for eye in (marks[36:42], marks[42:48]):
        middle = eye.mean(0)
        blend(0.28 * spot(middle + [0, 0.25], 2.0, 0.9), _SHADE)
        blend(0.16 * spot(middle - [0, 0.9], 1.7, 0.6), _SHADE)
        blend(0.4 * _soft_line(np.concatenate([eye, eye[:1]]), 0.13, 0.10), _SHADE)
    for size, strength in ((96, 0.03), (24, 0.018), (5, 0.012), (1.2, 0.015)):
        noise = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)).astype(np.float32), (0, 0), size)
        noise *= strength / noise.std()
        picture *= 1 + noise[..., None] * np.float32([0.8, 1.0, 1.1])
    for _ in range(60):  # freckles
        side = rng.choice([31, 35])
        spot_at = marks[side] + [np.sign(side - 33) * rng.gamma(2.0, 0.9), rng.normal(1.2, 1.0)]
        centre = tuple(np.int32((spot_at - [LEFT, BOTTOM]) * _PER_CM * 16))
        mask = np.zeros((SIZE, SIZE), np.float32)
        cv2.circle(mask, centre, int(rng.uniform(0.025, 0.05) * _PER_CM * 16), 1.0, -1, cv2.LINE_AA, 4)
        blend(0.22 * cv2.GaussianBlur(mask, (0, 0), 1.5), _SHADE)
    lips = _filled(_closed_curve(marks[48:60]), 0.09)
    lips *= 0.9 + 0.1 * np.sin(x * 18 + 2 * np.sin(x * 7))
    blend(0.80 * np.clip(lips, 0, 1), _LIPS)
    blend(0.55 * _soft_line(marks[[48, 60, 61, 62, 63, 64, 54]], 0.10, 0.06), (0.36, 0.14, 0.14))
    for brow in (marks[17:22], marks[22:27]):
        blend(0.30 * _soft_line(brow + _BROW_SHIFT, 0.4, 0.22), _BROW)
    return np.clip(picture, 0.0, 1.0)


def brows(vertices: np.ndarray, head: IctHead, rng: np.random.Generator, count: int = 330) -> Strands:
    """Short hairs along the brow landmarks, flat on the skin, combed up and outwards."""
    marks = vertices[landmark_vertices()]
    tree, triangles = _face_tree(vertices, head)
    points, offsets = [], []
    for line in (marks[21:16:-1], marks[22:27]):  # both from the nose outwards
        out = np.sign(line[-1, 0])
        curve = _resample(line[:, :2], 200) + _BROW_SHIFT
        for _ in range(count):
            along = rng.beta(1.35, 1.25)
            at = curve[int(along * 199)]
            thick = 0.34 * (1 - 0.62 * along) * (0.6 + 0.4 * min(along / 0.2, 1.0))
            root = at + [0, thick * rng.uniform(-1, 0.55)]
            lean = np.radians(np.interp(along, [0, 0.25, 1], [78, 48, 12]) + rng.normal(0, 9))
            length = rng.uniform(0.45, 0.8) * (1 - 0.35 * along)
            way = length * np.array([out * np.cos(lean), np.sin(lean)])
            droop = np.array([0, -0.25 * length * along])
            for t, lift in ((0.0, -0.02), (0.5, 0.05), (1.0, 0.045)):
                points.append(root + way * t + droop * t * t)
                offsets.append(lift + (0.03 * rng.random() if t else 0.0))
    corners, weights, normal = _on_surface(np.array(points), tree, triangles, vertices)
    radius = np.tile([0.017, 0.015, 0.004], 2 * count)
    return Strands(corners, weights, normal * np.array(offsets)[:, None], radius, 2 * count)


def lashes(head: IctHead, rng: np.random.Generator) -> Strands:
    """Curved lashes that follow ICT's lash cards: a strand takes its points from the card's three rows."""
    assert head.triangles is not None and head.uv is not None and head.uv_triangles is not None
    uv = np.zeros((len(head.neutral), 2))
    uv[head.triangles] = head.uv[head.uv_triangles]
    first = np.flatnonzero(head.part == PARTS.index("eyelashes"))[0]
    corners, weights, radius = [], [], []
    for card in range(12):
        rows = np.arange(first + 114 * card, first + 114 * (card + 1))
        u, v = np.unique(uv[rows, 0].round(3)), np.unique(uv[rows, 1].round(3))
        grid = np.zeros((len(v), len(u)), int)
        grid[np.searchsorted(v, uv[rows, 1].round(3)), np.searchsorted(u, uv[rows, 0].round(3))] = rows
        lower = card % 6 >= 3
        # The root is the row nearer to the skin, which lies further back.
        if head.neutral[grid[0], 2].mean() > head.neutral[grid[-1], 2].mean():
            grid = grid[::-1]
        for _ in range(16 if lower else 34):
            column = rng.uniform(1, len(u) - 2)
            length = rng.uniform(0.3, 0.5) if lower else rng.uniform(0.6, 0.95)
            left, t = int(column), column - int(column)
            for along in (0.0, 0.35, 0.7, 1.0):
                row = along * length * (len(v) - 1)
                low = min(int(row), len(v) - 2)
                corners.append([grid[low, left], grid[low, left + 1], grid[low + 1, left]])
                weights.append([1 - t - (row - low), t, row - low])
                radius.append((0.016 if lower else 0.022) * (1 - 0.8 * along))
    corners = np.array(corners)
    return Strands(corners, np.array(weights), np.zeros((len(corners), 3)), np.array(radius), len(corners) // 4)


def scalp_mask(vertices: np.ndarray) -> np.ndarray:
    """(n,) 0..1: where hair grows, for vertices at rest."""
    marks = vertices[landmark_vertices()]
    brow, ear = marks[17:27, 1].max(), marks[[0, 16]].mean(0)
    x, y, z = vertices.T
    hairline = brow + 4.6 - 0.10 * np.abs(x) ** 1.3
    front = _step(y, hairline - 0.35, hairline + 0.35)
    # Beside the face: behind a line from the temple down in front of the ear; behind the ear down to the nape.
    temple = np.interp(y, [ear[1] - 1.0, ear[1] + 3.0, brow + 4.0], [ear[2] - 0.4, ear[2] + 1.3, ear[2] + 5.5])
    beside = _step(temple - z, -0.3, 0.5) * _step(y, -3.2 + 0.2 * z, -1.2 + 0.2 * z)
    # Ears: beside their landmarks, from the lobe up to slightly above the eyes.
    ears = _step(np.abs(x), np.abs(ear[0]) - 1.1, np.abs(ear[0]) - 0.5) * _step(z, ear[2] - 5.5, ear[2] - 4.8)
    ears *= 1 - _step(y, ear[1] + 1.9, ear[1] + 2.5)
    return np.maximum(front, beside) * (1 - ears)


def hair(vertices: np.ndarray, head: IctHead, rng: np.random.Generator, count: int = 16000) -> tuple[np.ndarray, ...]:
    """Points (count * 8, 3) and radii of short combed hair with a parting on the subject's left."""
    assert head.triangles is not None
    skin = head.triangles[np.all(head.part[head.triangles] <= 1, axis=1)]
    mask = scalp_mask(vertices)
    tree = BVHTree.FromPolygons([tuple(v) for v in vertices], [tuple(t) for t in skin])
    a, b, c = vertices[skin].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * mask[skin].min(axis=1)
    chosen = rng.choice(len(skin), count, p=area / area.sum())
    share = rng.dirichlet(np.ones(3), count)
    root = np.einsum("nc,ncd->nd", share, vertices[skin[chosen]])
    up = np.cross(b - a, c - a)[chosen]
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    up *= np.sign((up * (root - vertices[mask > 0.5].mean(0))).sum(1, keepdims=True))
    side = np.tanh((root[:, 0] - 3.0) / 1.2)
    top = _step(root[:, 1], 6.5, 10.0)
    fade = _step(root[:, 1], -2.0, 6.5)
    comb = top[:, None] * np.stack([side, np.full(count, 0.05), np.full(count, -0.5)], 1)
    comb += (1 - top)[:, None] * [0.0, -0.75, -0.65]
    comb += 0.10 * rng.standard_normal((count, 3)) + 0.20 * np.sin(
        root * [1.3, 1.9, 1.5] + 2 * np.sin(root[:, [1, 2, 0]])
    )
    length = (0.5 + 1.1 * fade + 3.6 * top) * rng.uniform(0.75, 1.1, count)
    lift = (0.12 + 0.25 * fade + 0.9 * top) * rng.uniform(0.35, 1.0, count)
    strands = np.zeros((count, 8, 3))
    for strand, start, out, way, long, high in zip(strands, root, up, comb, length, lift, strict=True):
        strand[0] = start - 0.1 * out
        way = way + out * (0.4 + 0.5 * high)
        for number in range(1, 8):
            way = way / np.linalg.norm(way)
            reached = Vector(strand[number - 1] + way * long / 7)
            place, normal, _, _ = tree.find_nearest(reached)
            away = np.array(reached - place)
            # Combed: each hair stays in a layer over the scalp that is highest half way along.
            layer = 0.06 + high * np.sin(np.pi * (0.15 + 0.7 * number / 7))
            height = np.clip(away @ np.array(normal), 0.3 * layer, layer)
            strand[number] = np.array(place) + np.array(normal) * height
            way = 0.5 * way + 0.5 * (strand[number] - strand[number - 1]) / (long / 7)
    radius = np.tile([0.04, 0.05, 0.05, 0.048, 0.044, 0.038, 0.026, 0.01], count)
    return strands.reshape(-1, 3), radius


def jumper(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and quads of a round-necked jumper."""
    neck = vertices[(vertices[:, 1] < -11.0) & (vertices[:, 1] > -12.0)]
    middle = (neck.max(0) + neck.min(0)) / 2
    half = (neck.max(0) - neck.min(0)) / 2
    # (height, half width, half depth, forward) of the rings: rolled collar, then the slope of the shoulders.
    rings = [
        (-12.4, half[0] - 0.3, half[2] - 0.1, 0.0), (-11.6, half[0] + 0.4, half[2] + 0.4, 0.1),
        (-11.3, half[0] + 0.9, half[2] + 0.9, 0.1), (-11.6, half[0] + 1.4, half[2] + 1.3, 0.1),
        (-12.2, half[0] + 2.4, half[2] + 1.7, 0.0), (-12.8, half[0] + 4.2, half[2] + 2.4, -0.4),
        (-14.0, half[0] + 7.5, half[2] + 3.2, -0.8), (-16.4, half[0] + 12.0, half[2] + 4.2, -1.0),
        (-21.0, half[0] + 15.5, half[2] + 5.5, -1.0), (-36.0, half[0] + 17.0, half[2] + 7.5, -1.0),
    ]  # fmt: skip
    around = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    points = [
        np.stack([middle[0] + w * np.sin(around), y + 0 * around, middle[2] + f + d * np.cos(around)], 1)
        for y, w, d, f in rings
    ]
    a = np.arange(96)
    b = (a + 1) % 96
    quads = [np.stack([a + 96 * r, b + 96 * r, b + 96 * (r + 1), a + 96 * (r + 1)], 1) for r in range(len(rings) - 1)]
    return np.concatenate(points), np.concatenate(quads)


def _step(value: np.ndarray, start: np.ndarray | float, end: np.ndarray | float) -> np.ndarray:
    return smoothstep((value - start) / (np.asarray(end) - start))


def _resample(line: np.ndarray, count: int) -> np.ndarray:
    """(count, d) evenly spaced points of a Catmull-Rom curve through `line` (k, d)."""
    ends = np.concatenate([2 * line[:1] - line[1:2], line, 2 * line[-1:] - line[-2:-1]])
    t = np.linspace(0, len(line) - 1 - 1e-9, count * 4)
    i, u = t.astype(int), (t % 1)[:, None]
    a, b, c, d = (ends[i + k] for k in range(4))
    curve = 0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1)))
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, curve[:, k]) for k in range(line.shape[1])], axis=1)


def _closed_curve(line: np.ndarray) -> np.ndarray:
    return _resample(np.concatenate([line[-1:], line, line[:1]]), 240)


def _pixels(line: np.ndarray) -> np.ndarray:
    return np.int32((line - [LEFT, BOTTOM]) * _PER_CM * 16)


def _soft_line(line: np.ndarray, width: float, blur: float) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.polylines(mask, [_pixels(_resample(line, 200))], False, 1.0, max(1, round(width * _PER_CM)), cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), blur * _PER_CM)


def _filled(line: np.ndarray, blur: float) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(mask, [_pixels(line)], 1.0, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), blur * _PER_CM)


def _face_tree(vertices: np.ndarray, head: IctHead) -> tuple[BVHTree, np.ndarray]:
    assert head.triangles is not None and head.triangle_part is not None
    triangles = head.triangles[head.triangle_part == PARTS.index("face")]
    return BVHTree.FromPolygons([tuple(v) for v in vertices], [tuple(t) for t in triangles]), triangles


def _on_surface(
    points: np.ndarray, tree: BVHTree, triangles: np.ndarray, vertices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners, barycentric weights and normals, each (n, 3), where rays from the front at (n, 2) meet the face."""
    corners, weights, normals = [], [], []
    for x, y in points:
        place, normal, index, _ = tree.ray_cast(Vector((x, y, 60.0)), Vector((0, 0, -1)))
        corner = triangles[index]
        a, b, c = vertices[corner].astype(float)
        basis = np.stack([b - a, c - a], axis=1)
        u, v = np.linalg.lstsq(basis, np.array(place) - a, rcond=None)[0]
        corners.append(corner)
        weights.append([1 - u - v, u, v])
        normals.append(np.array(normal) * np.sign(normal.z))
    return np.array(corners), np.array(weights), np.array(normals)
