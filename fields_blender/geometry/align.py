"""Aligns two heads by landmarks that every face has, whatever their unit, size and orientation.

Umeyama, *Least-squares estimation of transformation parameters between two point patterns*, PAMI 1991.
"""

from dataclasses import dataclass

import numpy as np

from ..core.errors import FieldsError

# As an artist calls them; left and right are the head's own. Lids: the middle of their edges. Upper and lower lip: the
# middle of the line where they meet.
LANDMARKS = (
    "Left Eye Outer Corner",
    "Left Eye Inner Corner",
    "Left Upper Lid",
    "Left Lower Lid",
    "Right Eye Outer Corner",
    "Right Eye Inner Corner",
    "Right Upper Lid",
    "Right Lower Lid",
    "Left Mouth Corner",
    "Right Mouth Corner",
    "Upper Lip",
    "Lower Lip",
    "Nose Tip",
    "Chin",
)
# LANDMARKS of an average face. The origin is midway between the outer eye corners, whose distance is the unit; x to
# the head's left, y up, z out of the face.
AVERAGE = np.array([
    (0.5, 0.0, 0.0), (0.216, -0.015, 0.054), (0.378, 0.052, 0.083), (0.375, -0.05, 0.069),
    (-0.5, 0.0, 0.0), (-0.216, -0.015, 0.054), (-0.378, 0.052, 0.083), (-0.375, -0.05, 0.069),
    (0.255, -0.771, 0.137), (-0.255, -0.771, 0.137), (0.0, -0.762, 0.263), (0.0, -0.757, 0.271),
    (0.0, -0.367, 0.473), (0.0, -1.223, 0.18),
])  # fmt: skip
# No face deviates more from the average (`deviation`).
_MAX_DEVIATION = 0.2


@dataclass(frozen=True)
class Topology:
    """A mesh that many heads share.

    `vertex_counts`: of the whole mesh and of versions cut behind the face. `landmark_vertices`: for each of LANDMARKS,
    the vertices whose mean is the landmark.
    """

    name: str
    vertex_counts: tuple[int, ...]
    landmark_vertices: tuple[tuple[int, ...], ...]


TOPOLOGIES = (
    Topology("FLAME", (5023,), (
        (1175,), (3833,), (1344,), (994,), (2437,), (3632,), (2495,), (2358,),
        (1728, 1729), (2843, 2844), (3533,), (3509,), (3564,), (3400,),
    )),
    Topology("FIELDS Head", (12119,), (
        (4306,), (4315,), (4303, 4304), (4321,), (2197,), (2206,), (2194, 2195), (2212,),
        (2633,), (435,), (520,), (523,), (297,), (1648,),
    )),
    Topology("ICT-FaceKit", (9409, 11248, 14062, 26719), (
        (3721,), (3742,), (3751, 3756), (3725, 3732), (1507,), (1528,), (1542, 1537), (1518, 1511),
        (6207,), (5702,), (5533,), (5517,), (4857,), (966,),
    )),
    Topology("MakeHuman", (13380, 13718, 18486, 19158), (
        (13355,), (13364,), (13352, 13353), (13370,), (6759,), (6768,), (6756, 6757), (6774,),
        (7195,), (435,), (520,), (523,), (297,), (5225,),
    )),
)  # fmt: skip


def align(source_points: np.ndarray, target_points: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """(scale, rotation (3, 3), offset (3,)) for the least-squares fit target = scale * source @ rotation.T + offset.

    Points (n, 3) correspond row by row. Umeyama 1991, without reflection. Raises FieldsError for fewer than three
    points, or points in one line, which leave the rotation undetermined.
    """
    source, target = np.asarray(source_points, np.float64), np.asarray(target_points, np.float64)
    from_mean, to_mean = source - source.mean(axis=0), target - target.mean(axis=0)
    u, size, v = np.linalg.svd(to_mean.T @ from_mean / max(len(from_mean), 1))
    if len(source) < 3 or not np.isfinite(size).all() or size[1] <= 1e-9 * max(size[0], 1e-300):
        raise FieldsError("The landmarks lie in one line or in one point. Put each where it belongs on the face.")
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v)) or 1.0])
    rotation = (u * sign) @ v
    scale = float((size * sign).sum() / (from_mean**2).sum(axis=1).mean())
    return scale, rotation, target.mean(axis=0) - scale * rotation @ source.mean(axis=0)


def landmarks_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray | None:
    """LANDMARKS (14, 3) of a head whose mesh is known, in the units and axes of `vertices` (n, 3).

    `faces`: the corners' vertices, of faces of any size. None where the mesh is not known.
    """
    topology = topology_of(vertices, faces)
    return None if topology is None else _landmarks(vertices, topology)


def topology_of(vertices: np.ndarray, faces: np.ndarray) -> Topology | None:
    """Which known mesh this is: its vertex count fits, and its landmark vertices belong to faces and form a face."""
    for topology in TOPOLOGIES:
        if len(vertices) not in topology.vertex_counts:
            continue
        used = np.concatenate([np.array(which) for which in topology.landmark_vertices])
        if np.isin(used, faces).all() and deviation(_landmarks(vertices, topology)) < _MAX_DEVIATION:
            return topology
    return None


def deviation(landmarks: np.ndarray) -> float:
    """Root mean square distance of landmarks (14, 3) from those of an average face, aligned to them; the unit is the
    distance between the outer eye corners. Infinite where they cannot be aligned."""
    try:
        scale, rotation, offset = align(AVERAGE, landmarks)
    except FieldsError:
        return np.inf
    off = landmarks - (scale * AVERAGE @ rotation.T + offset)
    return float(np.sqrt((off**2).sum(axis=1).mean()) / scale) if scale > 0.0 else np.inf


def _landmarks(vertices: np.ndarray, topology: Topology) -> np.ndarray:
    return np.stack(
        [np.asarray(vertices[list(which)], np.float64).mean(axis=0) for which in topology.landmark_vertices]
    )
