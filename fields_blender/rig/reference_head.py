"""The demo head as the reference that shapes are transferred from, with the vertices along its lids and lips."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ..core.errors import FieldsError
from ..core.names import ARKIT
from ..geometry import align, demo_head, surface

# Vertices along the edges of the lids, of the left and the right eye, from one corner to the other.
UPPER_LIDS = ((4315, 4320, 4322, 4310, 4303, 4304, 4309, 4308, 4307, 4306),
              (2206, 2211, 2213, 2201, 2194, 2195, 2200, 2199, 2198, 2197))  # fmt: skip
LOWER_LIDS = ((4312, 4313, 4329, 4318, 4319, 4321, 4323, 4324, 4325, 4317),
              (2203, 2204, 2220, 2209, 2210, 2212, 2214, 2215, 2216, 2208))  # fmt: skip
# And of the lips, from the right to the left corner of the mouth.
UPPER_LIP = (435, 434, 1400, 436, 420, 421, 516, 1783, 515, 514, 522, 521, 520, 2705, 2706, 2699, 2700, 3897, 2701,
             2619, 2618, 2634, 3531, 2632, 2633)  # fmt: skip
LOWER_LIP = (1377, 445, 446, 519, 518, 517, 523, 2702, 2703, 2704, 2644, 2643, 3508)
MOUTH_PARTS = ("upper", "lower", "tongue")
_PART_OF_MATERIAL = {
    **dict.fromkeys(("skin", "hair", "lip", "mouth"), "skin"),
    **dict.fromkeys(("sclera", "iris", "pupil"), "eye"),
    "teeth": "lower", "gum": "lower", "tongue": "tongue",
}  # fmt: skip


@dataclass(frozen=True)
class ReferenceHead:
    """`vertices` (n, 3) m, of which the first `skin_count` are skin; `triangles` (t, 3) of the skin; `shapes`
    (52, n, 3), displacements in the order of ARKIT; `parts` (n,): "skin", "eye", "upper" and "lower" (teeth and gums),
    "tongue" or "other"; `landmarks` (14, 3): align.LANDMARKS."""

    vertices: np.ndarray
    skin_count: int
    triangles: np.ndarray
    shapes: np.ndarray
    parts: np.ndarray
    landmarks: np.ndarray

    @property
    def skin(self) -> np.ndarray:
        """The vertices (s, 3) of the skin."""
        return self.vertices[: self.skin_count]

    @cached_property
    def edges(self) -> np.ndarray:
        """The edges (e, 2) of the skin."""
        return surface.edges(self.triangles)

    @property
    def with_open_mouth(self) -> np.ndarray:
        """The vertices (n, 3) with the jaw open: the lips, which touch at rest, are apart, so that a warp can move them
        separately."""
        return self.vertices + self.shapes[ARKIT.index("jawOpen")]

    def eyeball(self, sign: float) -> np.ndarray:
        """(n,) bool: the left (1) or the right (-1) eyeball."""
        return (self.parts == "eye") & (sign * self.vertices[:, 0] > 0.0)


@cache
def load() -> ReferenceHead:
    """Raises FieldsError where the file is damaged."""
    head = demo_head.load(demo_head.FILE)
    shapes = np.zeros((len(ARKIT), len(head.vertices), 3))
    for i, name in enumerate(ARKIT):
        which, moved = head.keys[name]
        shapes[i, which] = moved
    parts = _parts(head, shapes[ARKIT.index("jawOpen")])
    landmarks = align.landmarks_of(head.vertices, head.corner_vertex)
    if landmarks is None:
        raise FieldsError("The demo head “{name}” is damaged. Install the extension again.", name=demo_head.FILE.name)
    skin_count = int(np.flatnonzero(parts == "skin").max()) + 1
    triangles = _triangles(head)
    skin_triangles = triangles[(triangles < skin_count).all(axis=1)]
    return ReferenceHead(head.vertices.astype(np.float64), skin_count, skin_triangles, shapes, parts, landmarks)


def _parts(head: demo_head.DemoHead, jaw_open: np.ndarray) -> np.ndarray:
    """The part (n,) each vertex belongs to: by its material, and for teeth by whether the jaw moves them."""
    materials = np.array(head.materials)[head.face_material]
    parts = np.full(len(head.vertices), "other", dtype="<U6")
    for material, part in _PART_OF_MATERIAL.items():
        corners = np.repeat(materials == material, head.face_size)
        parts[head.corner_vertex[corners]] = part
    still = np.linalg.norm(jaw_open, axis=1) < 0.001
    parts[(parts == "lower") & still] = "upper"
    return parts


def _triangles(head: demo_head.DemoHead) -> np.ndarray:
    """All faces as triangles (t, 3), quadrilaterals cut in two."""
    first, corner = np.r_[0, np.cumsum(head.face_size)][:-1], head.corner_vertex
    quads = first[head.face_size == 4]
    parts = [np.stack([first, first + 1, first + 2], axis=1), np.stack([quads, quads + 2, quads + 3], axis=1)]
    return corner[np.concatenate(parts)].astype(np.int64)
