"""The skin atlas: one texture layout for the heads of every family, and where each vertex of a mean head lies in it.

The texture is SIZE px square and shows the face as an unrolled cylinder, in inter-ocular units (IOU): `across` to the
subject's left, `up` as in the head, from ear to ear and from the crown to the collar. What is below the chin is
compressed, and everything further back maps to the edges. ICT-FaceKit's mean head defines the layout; a head of another
family is mapped to it by a thin-plate spline through the points below.
"""

import numpy as np

SIZE = 384
WIDTH = 3.9  # IOU across the texture, and from top to bottom
TOP = 1.55  # IOU above the eyes
PIXELS = SIZE / WIDTH  # per IOU
LIP_LINE = -1.12

_RADIUS, _AXIS = 1.25, -0.9  # of the cylinder: its radius, and z of its axis
_CHIN, _NECK = -1.9, 0.35  # below this height a unit takes only that much
_EDGE = 0.5 / SIZE

# (across, up) on the unrolled mean head of ICT, then of anny: the left side and the middle line. They are where
# MediaPipe puts its landmarks on frontal renders of both, averaged over several lights and mirrored; lids and the line
# between the lips are taken from the meshes.
_POINTS = {
    "forehead": (
        (0.000, 0.868, 0.000, 0.888),
        (0.322, 0.862, 0.314, 0.884),
        (0.620, 0.825, 0.603, 0.853),
        (0.965, 0.738, 0.931, 0.777),
        (1.269, 0.594, 1.302, 0.652),
        (0.000, 0.599, 0.000, 0.614),
        (0.262, 0.606, 0.257, 0.622),
        (0.511, 0.611, 0.499, 0.632),
        (0.810, 0.581, 0.784, 0.610),
        (1.065, 0.479, 1.033, 0.519),
    ),
    "brow, upper edge": (
        (0.233, 0.381, 0.235, 0.410),
        (0.459, 0.414, 0.462, 0.446),
        (0.684, 0.426, 0.681, 0.461),
        (0.897, 0.377, 0.882, 0.415),
        (1.092, 0.274, 1.030, 0.311),
    ),
    "brow, lower edge": (
        (0.207, 0.235, 0.205, 0.257),
        (0.440, 0.324, 0.439, 0.354),
        (0.628, 0.336, 0.625, 0.368),
        (0.787, 0.297, 0.786, 0.334),
        (0.921, 0.213, 0.911, 0.253),
    ),
    "around the eye": (
        (0.940, -0.053, 0.898, -0.025),
        (0.900, -0.168, 0.881, -0.142),
        (0.820, -0.218, 0.824, -0.194),
        (0.695, -0.252, 0.714, -0.232),
        (0.555, -0.253, 0.573, -0.241),
        (0.433, -0.226, 0.441, -0.221),
        (0.334, -0.187, 0.337, -0.185),
        (0.206, -0.087, 0.208, -0.083),
    ),
    "nose, middle line": (
        (0.000, 0.328, 0.000, 0.355),
        (0.000, 0.180, 0.000, 0.206),
        (0.000, 0.035, 0.000, 0.059),
        (0.000, -0.101, 0.000, -0.090),
        (0.000, -0.211, 0.000, -0.214),
        (0.000, -0.311, 0.000, -0.328),
        (0.000, -0.417, 0.000, -0.447),
        (0.000, -0.546, 0.000, -0.588),
        (0.000, -0.651, 0.000, -0.694),
        (0.000, -0.764, 0.000, -0.793),
    ),
    "nose, side": (
        (0.192, -0.358, 0.199, -0.358),
        (0.188, -0.447, 0.201, -0.457),
        (0.198, -0.530, 0.216, -0.550),
        (0.254, -0.510, 0.265, -0.517),
        (0.314, -0.644, 0.321, -0.653),
        (0.243, -0.749, 0.246, -0.765),
        (0.099, -0.765, 0.105, -0.791),
        (0.283, -0.688, 0.286, -0.705),
        (0.253, -0.637, 0.279, -0.660),
        (0.289, -0.586, 0.298, -0.602),
    ),
    "cheek": (
        (0.551, -0.468, 0.553, -0.458),
        (0.783, -0.594, 0.775, -0.580),
        (1.143, -0.564, 1.116, -0.529),
        (0.622, -0.722, 0.626, -0.718),
        (0.466, -0.596, 0.475, -0.594),
        (0.913, -0.831, 0.903, -0.810),
        (0.352, -0.513, 0.361, -0.511),
        (0.259, -0.433, 0.269, -0.432),
    ),
    "nasolabial": (
        (0.390, -0.729, 0.397, -0.735),
        (0.479, -0.834, 0.482, -0.839),
        (0.559, -0.972, 0.559, -0.976),
        (0.431, -1.037, 0.432, -1.051),
        (0.356, -0.955, 0.359, -0.970),
        (0.265, -0.893, 0.270, -0.912),
        (0.105, -0.855, 0.110, -0.882),
        (0.000, -0.848, 0.000, -0.877),
    ),
    "lip border": (
        (0.000, -0.982, 0.000, -1.038),
        (0.101, -0.965, 0.101, -1.017),
        (0.207, -1.009, 0.205, -1.052),
        (0.286, -1.060, 0.279, -1.091),
        (0.345, -1.107, 0.335, -1.132),
        (0.390, -1.143, 0.379, -1.167),
        (0.358, -1.178, 0.356, -1.211),
        (0.295, -1.216, 0.307, -1.266),
        (0.206, -1.259, 0.230, -1.330),
        (0.107, -1.288, 0.122, -1.369),
        (0.000, -1.294, 0.000, -1.375),
    ),
    "chin": (
        (0.000, -1.376, 0.000, -1.415),
        (0.000, -1.501, 0.000, -1.525),
        (0.000, -1.737, 0.000, -1.740),
        (0.000, -1.814, 0.000, -1.808),
        (0.138, -1.497, 0.147, -1.519),
        (0.279, -1.454, 0.291, -1.465),
        (0.398, -1.385, 0.407, -1.389),
        (0.507, -1.285, 0.511, -1.286),
        (0.591, -1.161, 0.599, -1.162),
        (0.773, -1.194, 0.795, -1.181),
        (0.619, -1.378, 0.633, -1.367),
        (0.167, -1.624, 0.178, -1.635),
        (0.355, -1.673, 0.376, -1.667),
        (0.518, -1.590, 0.539, -1.575),
        (0.698, -1.506, 0.719, -1.483),
    ),
    "jaw": (
        (1.178, -1.377, 1.272, -1.320),
        (0.967, -1.517, 1.027, -1.474),
        (0.705, -1.630, 0.736, -1.596),
        (0.511, -1.699, 0.529, -1.674),
        (0.346, -1.759, 0.367, -1.746),
        (0.185, -1.801, 0.199, -1.794),
    ),
    "lids": (
        (0.327, -0.057, 0.349, -0.049),
        (0.459, 0.053, 0.460, 0.036),
        (0.627, 0.043, 0.600, 0.040),
        (0.770, -0.028, 0.720, -0.024),
        (0.635, -0.086, 0.607, -0.086),
        (0.458, -0.084, 0.459, -0.086),
    ),
    "lip line": (
        (0.000, -1.121, 0.000, -1.165),
        (0.147, -1.117, 0.144, -1.152),
        (0.344, -1.142, 0.338, -1.165),
    ),
}


def coordinates(family: str, neutral: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(n, 2) float32 uv, 0..1, u to the subject's left and v down, of the mean head (n, 3) IOU of "ict" or "anny".

    skin (n,) bool: the skin's vertices; those inside the mouth map to the line between the lips.
    """
    flat = _unrolled(neutral)
    if family != "ict":
        points = np.array([point for group in _POINTS.values() for point in group])
        points = np.concatenate([points, points[points[:, 0] > 0] * (-1, 1, -1, 1)])
        ours, theirs = points[:, :2], points[:, 2:]
        inside = np.clip(flat, theirs.min(axis=0), theirs.max(axis=0))  # a spline extrapolates wildly
        flat = flat + _spline(theirs, ours - theirs)(inside)
    inner = _inside_mouth(neutral, skin, flat)
    flat[:, 1] += inner * (LIP_LINE - flat[:, 1])
    return np.clip(from_place(flat), _EDGE, 1 - _EDGE).astype(np.float32)


def place() -> tuple[np.ndarray, np.ndarray]:
    """(SIZE, SIZE) float32 twice: across and up, in IOU, of the texture's pixels."""
    steps = (np.arange(SIZE, dtype=np.float32) + 0.5) / PIXELS
    across, down = np.meshgrid(steps - WIDTH / 2, steps)
    return across, TOP - down


def from_place(flat: np.ndarray) -> np.ndarray:
    """uv of (..., 2) across and up."""
    return np.stack([0.5 + flat[..., 0] / WIDTH, (TOP - flat[..., 1]) / WIDTH], axis=-1)


def _unrolled(vertices: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(np.asarray(vertices, np.float64), -1, 0)
    up = np.where(y < _CHIN, _CHIN + _NECK * (y - _CHIN), y)
    axis = _AXIS - 0.8 * np.clip((-1.7 - y) / 0.6, 0, 1)  # the neck stands further back
    return np.stack([_RADIUS * np.arctan2(x, z - axis), up], axis=-1)


def _inside_mouth(neutral: np.ndarray, skin: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """(n,) 0..1: 1 where skin lies behind the lips, inside the mouth."""
    across, height = np.abs(flat[:, 0]), flat[:, 1] - LIP_LINE
    depth = np.zeros(len(neutral))
    edges = np.linspace(0, 0.4, 9)
    lips = skin & (np.abs(height) < 0.1) & (neutral[:, 2] > 0)
    front = [neutral[lips & (across >= a) & (across < a + 0.1), 2].max() for a in edges]
    near = skin & (across < 0.4) & (np.abs(height) < 0.35)
    depth[near] = np.interp(across[near], edges, front) - neutral[near, 2]
    return np.clip((depth - 0.2) / 0.1, 0, 1)


def _spline(points: np.ndarray, values: np.ndarray):
    """Thin-plate spline through `values` (m, 2) at `points` (m, 2), as a function of (..., 2) points."""

    def kernel(at: np.ndarray) -> np.ndarray:
        square = ((at[..., None, :] - points) ** 2).sum(axis=-1)
        return 0.5 * square * np.log(np.maximum(square, 1e-12))

    m = len(points)
    plane = np.c_[np.ones(m), points]
    system = np.zeros((m + 3, m + 3))
    system[:m, :m] = kernel(points) + 1e-4 * np.eye(m)
    system[:m, m:], system[m:, :m] = plane, plane.T
    solution = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))

    def at(places: np.ndarray) -> np.ndarray:
        return kernel(places) @ solution[:m] + solution[m] + places @ solution[m + 1 :]

    return at
