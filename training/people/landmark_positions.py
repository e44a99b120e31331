"""Where MediaPipe's 478 landmarks lie on a head family's mesh, measured with the landmarker itself.

Plain renders of some of the family's people at rest, from the front and from both sides, go through the landmarker; the
point of the mesh under each landmark is looked up, and the position is the median over the renders. Landmarks on the
lids' edges and the inner lips are snapped to those edges, the irises' to the eyeballs.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.paths import MODELS

from .mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, TEETH
from .rig import Body, Family

COUNT = 478
_PEOPLE, _YAWS = 10, (-20.0, 0.0, 20.0)
_SIZE = 512
_SEED = 3
_IRIS_ANGLE = 0.38  # rad from the gaze to the rim
# Corner to corner: subject's right to left.
_EDGES = {
    "lips": (
        (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
        (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    ),
    "left": ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
    "right": ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
}
# Centre, then the rim as the landmarker orders it, as (x, y) of the eye seen from the front.
_IRISES = {
    "right": ((468, 0, 0), (469, 1, 0), (470, 0, 1), (471, -1, 0), (472, 0, -1)),
    "left": ((473, 0, 0), (474, 1, 0), (475, 0, 1), (476, -1, 0), (477, 0, -1)),
}


@dataclass(frozen=True)
class LandmarkPositions:
    """Points on the mesh: vertices (478, 3) and barycentric weights `shares` (478, 3). `irises` gives the last ten."""

    vertices: np.ndarray
    shares: np.ndarray

    def on(self, heads: np.ndarray) -> np.ndarray:
        """(k, 478, 3) of heads (k, n, 3)."""
        return (heads[:, self.vertices] * self.shares[:, :, None]).sum(axis=2)


def irises(body: Body, turns: np.ndarray) -> np.ndarray:
    """(k, 10, 3): landmarks 468 to 477 on eyeballs rotated by `turns` (k, 2, 3, 3), left before right."""
    rows = np.empty((len(turns), 10, 3), np.float32)
    for side, name in enumerate(("left", "right")):
        for index, x, y in _IRISES[name]:
            angle = _IRIS_ANGLE if x or y else 0.0
            ahead = np.array([np.sin(angle) * x, np.sin(angle) * y, np.cos(angle)])
            rows[:, index - 468] = body.centres[side] + turns[:, side] @ (body.radii[side] * ahead)
    return rows


def find(name: str, family: Family, cache: Path | None) -> LandmarkPositions:
    """Measured, which takes half a minute, or read from the folder `cache`."""
    path = cache / f"{name}_landmark_positions.npz" if cache else None
    if path and path.exists():
        with np.load(path, allow_pickle=False) as kept:
            if kept["vertices"].max() < len(family.part):
                return LandmarkPositions(kept["vertices"], kept["shares"])
    found = _nearest(family, _medians(family))
    if family.anatomy is not None:
        found = _snapped(family, found)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, vertices=found.vertices, shares=found.shares)
        part.replace(path)
    return found


def _medians(family: Family) -> np.ndarray:
    """(468, 3) on the family's mean head."""
    from fields_blender.capture.face import FaceTracker

    tracker = FaceTracker(MODELS, "cpu")
    rng = np.random.default_rng(_SEED)
    found = []
    for body in (family.mean, *(family.body(rng) for _ in range(_PEOPLE))):
        for yaw in _YAWS:
            image, under, pixels = _picture(family, body, yaw)
            tracker.reset()
            face = tracker.track(image) and tracker.track(image)
            if face is not None:
                found.append(_looked_up(family, face.landmarks[:468, :2], under, pixels))
    middle = np.nanmedian(np.stack(found), axis=0)
    return _mirrored_mean(middle)


def _mirrored_mean(points: np.ndarray) -> np.ndarray:
    """Each point averaged with its mirror partner on the other side of the face."""
    from scipy.optimize import linear_sum_assignment

    flipped = points * (-1, 1, 1)
    distance = ((points[:, None] - flipped[None]) ** 2).sum(-1)
    partner = linear_sum_assignment(distance)[1]
    return (points + flipped[partner]) / 2


def _picture(family: Family, body: Body, yaw: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A plain render (s, s, 3) BGR, the triangle under each pixel (s, s; -1 none), the vertices' pixels (n, 2)."""
    import cv2

    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    at = body.neutral @ turn.T
    distance, focal = 12.0, 2.7 * _SIZE
    pixels = np.stack([at[:, 0], -at[:, 1] - 0.35], axis=1) * focal / (distance - at[:, 2:]) + _SIZE / 2
    corners = at[family.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    colours = _colours(family, body)[family.triangles].mean(axis=1)
    light = 0.35 + 0.5 * np.clip(normal @ (0.3, 0.5, 0.81), 0, 1) + 0.2 * np.clip(normal @ (-0.6, 0, 0.8), 0, 1)
    shaded = (255 * np.clip(colours * light[:, None], 0, 1) ** (1 / 2.2))[:, ::-1]
    image = np.full((_SIZE, _SIZE, 3), 120, np.uint8)
    under = np.full((_SIZE, _SIZE), -1.0, np.float32)
    fixed = np.round(pixels * 16).astype(np.int32)
    for t in np.argsort(corners[:, :, 2].mean(axis=1)):  # far ones first
        if normal[t, 2] > 0:
            outline = fixed[family.triangles[t]]
            cv2.fillConvexPoly(image, outline, shaded[t].tolist(), cv2.LINE_8, 4)
            cv2.fillConvexPoly(under, outline, float(t), cv2.LINE_8, 4)
    return cv2.GaussianBlur(image, (3, 3), 0.8), under.astype(int), pixels


def _colours(family: Family, body: Body) -> np.ndarray:
    """(n, 3) linear colours, chosen by eye: skin, lips around the line between them, arcs of brows, irises."""
    n = body.neutral
    colours = np.tile([0.62, 0.42, 0.34], (len(n), 1))
    x, y = np.abs(n[:, 0]), n[:, 1]
    if family.anatomy is not None:
        lips = family.anatomy.lips
        line = (n[lips.upper[:, 0], 1].mean() + n[lips.lower[:, 0], 1].mean()) / 2
        wide = np.abs(n[lips.upper[:, 0], 0]).max() * 1.15
        thick = 0.19 * np.sqrt(np.clip(1 - (x / wide) ** 2, 1e-4, 1))
        colours[(np.abs(y - line) < thick) & (x < wide) & (n[:, 2] > 0.1)] = (0.5, 0.22, 0.2)
    arc = 0.33 + 0.1 * np.clip((x - 0.2) / 0.55, 0, 1) - 0.22 * np.clip((x - 0.65) / 0.3, 0, 1) ** 2
    colours[(np.abs(y - arc) < 0.06) & (x > 0.16) & (x < 0.95) & (n[:, 2] > 0)] = (0.15, 0.1, 0.07)
    for side, kind in enumerate((EYE_LEFT, EYE_RIGHT)):
        ball = np.flatnonzero(family.part == kind)
        arm = n[ball] - body.centres[side]
        angle = np.arccos(arm[:, 2] / np.linalg.norm(arm, axis=1))
        colours[ball] = np.where(angle[:, None] < 0.15, 0.02, np.where(angle[:, None] < _IRIS_ANGLE, 0.15, 0.8))
    colours[family.part == TEETH], colours[family.part == MOUTH] = 0.7, (0.4, 0.12, 0.12)
    colours[family.part == LASH] = 0.2
    return colours


def _looked_up(family: Family, landmarks: np.ndarray, under: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(468, 3) points of the mean head under landmarks (468, 2) px; off the skin, the nearest visible vertex."""
    out = np.full((len(landmarks), 3), np.nan)
    column, row = np.clip(np.round(landmarks).astype(int), 0, _SIZE - 1).T
    hit = under[row, column]
    triangles = family.triangles[hit]
    a, b, c = (pixels[triangles[:, k]] for k in range(3))
    area = _cross(b - a, c - a)
    wb, wc = _cross(landmarks - a, c - a) / area, _cross(b - a, landmarks - a) / area
    shares = np.clip(np.stack([1 - wb - wc, wb, wc], axis=1), 0, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    points = (family.mean.neutral[triangles] * shares[:, :, None]).sum(axis=1)
    good = (hit >= 0) & np.isin(family.part[triangles], (SKIN,)).all(axis=1)
    out[good] = points[good]
    seen = np.unique(family.triangles[np.unique(under[under >= 0])])
    seen = seen[family.part[seen] == SKIN]
    for i in np.flatnonzero(~good):
        distance = ((pixels[seen] - landmarks[i]) ** 2).sum(axis=1)
        out[i] = family.mean.neutral[seen[np.argmin(distance)]]
    return out


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) of plane vectors (n, 2)."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _nearest(family: Family, points: np.ndarray) -> LandmarkPositions:
    """The points of the mean head's skin that are nearest to points (468, 3)."""
    vertices, shares = np.zeros((COUNT, 3), int), np.zeros((COUNT, 3), np.float32)
    skin = family.triangles[(family.part[family.triangles] == SKIN).all(axis=1)]
    corners = family.mean.neutral[skin]
    outwards = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0
    skin, corners = skin[outwards], corners[outwards]
    middle = corners.mean(axis=1)
    for i, point in enumerate(points):
        near = np.argsort(((middle - point) ** 2).sum(axis=1))[:12]
        best = min(near, key=lambda t: _closest(corners[t], point)[0])
        vertices[i], shares[i] = skin[best], _closest(corners[best], point)[1]
    return LandmarkPositions(vertices, shares)


def _closest(corners: np.ndarray, point: np.ndarray) -> tuple[float, np.ndarray]:
    """Distance of a point from a triangle (3, 3), and the nearest point's weights (3,), clamped to the triangle."""
    a, b, c = corners
    shares = np.linalg.lstsq(np.stack([b - a, c - a], axis=1), point - a, rcond=None)[0]
    shares = np.clip([1 - shares.sum(), *shares], 0, 1)
    shares /= shares.sum()
    return float(np.linalg.norm(shares @ corners - point)), shares


def _snapped(family: Family, found: LandmarkPositions) -> LandmarkPositions:
    """Landmarks of the lids' edges and inner lips moved onto those edges, at their own share of the way across."""
    mean = family.mean.neutral
    points = found.on(mean[None])[0]
    for name, (upper, lower) in zip(("left", "right", "lips"), family.anatomy.edges, strict=True):
        for edge, landmarks in zip((upper, lower), _EDGES[name], strict=True):
            ends = points[[landmarks[0], landmarks[-1]], 0]
            low, high = mean[edge[0], 0], mean[edge[-1], 0]
            for index in landmarks:
                across = (points[index, 0] - ends[0]) / (ends[1] - ends[0])
                x = low + np.clip(across, 0, 1) * (high - low)
                after = np.clip(np.searchsorted(mean[edge, 0], x), 1, len(edge) - 1)
                a, b = edge[after - 1], edge[after]
                share = np.clip((x - mean[a, 0]) / max(mean[b, 0] - mean[a, 0], 1e-6), 0, 1)
                found.vertices[index], found.shares[index] = (a, b, b), (1 - share, share, 0)
    return found
