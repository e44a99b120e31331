"""A plain picture of the demo head with ARKit weights: quick, on any machine, the same for every tracker."""

import numba
import numpy as np

from fields_blender.capture.device import import_cv2
from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import ARKIT
from fields_blender.geometry import demo_head

from .foreign_heads import eye_rotation

DISTANCE = 1.1  # m from the camera to the head
SHOWN = 0.205  # m of the scene that the picture shows there
MIDDLE = np.array([0.0, 0.122, 0.07])  # m, what the camera looks at
PIVOT = np.array([0.0, 0.11, 0.01])  # m, about where a head turns on its neck
# Direction to the lamp, strength; the rest comes from everywhere.
LAMPS = ((np.array([0.55, 0.6, 1.0]), 0.65), (np.array([-1.0, 0.1, 0.6]), 0.25))
AMBIENT, BACKGROUND = 0.32, (48, 44, 42)
SAMPLES = 2  # along each side of a pixel


class Portrait:
    """The demo head before a camera."""

    def __init__(self) -> None:
        cv2 = import_cv2()
        self.head = demo_head.load(demo_head.FILE)
        self.corners = np.array(_triangles(self.head.face_size))  # (t, 3) into the corners
        self.triangles = self.head.corner_vertex[self.corners]
        texture = cv2.imdecode(np.frombuffer(self.head.texture, np.uint8), cv2.IMREAD_COLOR)
        self.texture = texture.astype(np.float32)
        self.uv = self.head.corner_uv[self.corners]

    def posed(self, weights: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        """(n, 3) m with ARKit weights (52,); the eyeballs look where they say; rotation (3, 3) turns the head."""
        vertices = self.head.vertices.astype(float)
        for name, weight in zip(ARKIT, weights, strict=True):
            if name in self.head.keys and weight:
                rows, moves = self.head.keys[name]
                vertices[rows] += weight * moves
        gaze = from_arkit(weights[None])["gaze"][0]
        for side, bone in enumerate(("eye.L", "eye.R")):
            centre, rows = self.head.bones[bone][1], self.head.weights[bone] > 0.5
            vertices[rows] = (self.head.vertices[rows] - centre) @ eye_rotation(*gaze[side]).T + centre
        return (vertices - PIVOT) @ rotation.T + PIVOT

    def picture(self, weights: np.ndarray, rotation: np.ndarray, size: int) -> np.ndarray:
        """(size, size, 3) uint8 BGR."""
        vertices = self.posed(weights, rotation) - MIDDLE
        wide = size * SAMPLES
        near = DISTANCE / (DISTANCE - vertices[:, 2])
        scale = wide / SHOWN * near
        points = np.stack([wide / 2 + vertices[:, 0] * scale, wide / 2 - vertices[:, 1] * scale, near], axis=1)
        bright = self._light(vertices)
        image = np.full((wide, wide, 3), BACKGROUND, np.float32)
        _draw(points, self.triangles, self.uv.astype(np.float64), bright, self.texture, image)
        image = image.reshape(size, SAMPLES, size, SAMPLES, 3).mean(axis=(1, 3))
        return np.clip(image, 0, 255).astype(np.uint8)

    def _light(self, vertices: np.ndarray) -> np.ndarray:
        """(n,) brightness of each vertex."""
        a, b, c = (vertices[self.triangles[:, i]] for i in range(3))
        flat = np.cross(b - a, c - a)
        normals = np.zeros_like(vertices)
        for i in range(3):
            np.add.at(normals, self.triangles[:, i], flat)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        lamps = [strength * np.clip(normals @ (to / np.linalg.norm(to)), 0, 1) for to, strength in LAMPS]
        return AMBIENT + np.sum(lamps, axis=0)


def _triangles(face_size: np.ndarray) -> list[tuple[int, int, int]]:
    """Each face as a fan of triangles, as places in the corners."""
    found, first = [], 0
    for size in face_size.tolist():
        found += [(first, first + i, first + i + 1) for i in range(1, size - 1)]
        first += size
    return found


@numba.njit(cache=True)
def _draw(points, triangles, uv, bright, texture, image) -> None:
    """points (n, 3): x, y in pixels and a nearness; uv (t, 3, 2) from the bottom left. Draws what lies nearest."""
    height, width = image.shape[:2]
    tall, wide = texture.shape[:2]
    depth = np.zeros((height, width))
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[k, 0], points[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        x0, x1 = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0), min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        y0, y1 = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0), min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5, y + 0.5
                wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                wc = 1.0 - wa - wb
                if wa < 0.0 or wb < 0.0 or wc < 0.0:
                    continue
                near = wa * points[i, 2] + wb * points[j, 2] + wc * points[k, 2]
                if near <= depth[y, x]:
                    continue
                depth[y, x] = near
                u = wa * uv[t, 0, 0] + wb * uv[t, 1, 0] + wc * uv[t, 2, 0]
                v = wa * uv[t, 0, 1] + wb * uv[t, 1, 1] + wc * uv[t, 2, 1]
                column = min(max(int(u * wide), 0), wide - 1)
                row = min(max(int((1.0 - v) * tall), 0), tall - 1)
                light = wa * bright[i] + wb * bright[j] + wc * bright[k]
                for channel in range(3):
                    image[y, x, channel] = texture[row, column, channel] * light
