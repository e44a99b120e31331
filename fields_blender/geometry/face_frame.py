"""Aligns any head to a reference head: by where its shapes move it, or by six landmarks that the artist selects.

The frame: origin between the eyeballs, whose distance is the unit; x to the head's left, y up, z out of the face.
"""

from itertools import permutations, product

import numpy as np

from ..core.errors import FieldsError
from .align import LANDMARKS, align

# What the artist selects, in any order.
SELECTED_LANDMARKS = (
    "Left Eye Outer Corner", "Right Eye Outer Corner", "Nose Tip", "Left Mouth Corner", "Right Mouth Corner", "Chin",
)  # fmt: skip
SELECTED_ROWS = [LANDMARKS.index(name) for name in SELECTED_LANDMARKS]
_MAX_DEVIATION = 0.3  # of six landmarks of a face (root mean square), in distances between the eyes
_CLOUD_POINTS, _JUDGED_POINTS, _STEPS = 200, 2500, 8
_MANY_SHAPES = 20
_COARSE_REACH = 0.15  # over which the first comparison averages motion, in distances between the eyes
_RIGHT_ANGLES = [
    turn
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
    if np.linalg.det(turn := np.eye(3)[list(order)] * np.array(signs)[:, None]) > 0.0
]
Similarity = tuple[float, np.ndarray, np.ndarray]  # scale, rotation (3, 3), offset (3,), as `align` returns


def motion_density(moves: np.ndarray) -> np.ndarray:
    """The share of all motion at each vertex (n,), every shape (k, n, 3) weighing the same; the sum is 1."""
    energy = (moves**2).sum(axis=2, dtype=np.float64)
    density = (energy / np.maximum(energy.sum(axis=1, keepdims=True), 1e-300)).sum(axis=0)
    return density / max(density.sum(), 1e-300)


def sample_vertices(density: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """`count` vertices drawn with probabilities `density` (n,) without replacement, the same on each call (Efraimidis
    and Spirakis 2006)."""
    race = np.random.default_rng(seed).exponential(size=len(density)) / np.maximum(density, 1e-12)
    return np.argsort(race)[:count]


def face_vertices(rest: np.ndarray, density: np.ndarray, most: int) -> np.ndarray:
    """The vertices in and around the box that holds nearly all motion; of more than `most` an even random sample."""
    low, high = np.empty(3), np.empty(3)
    for axis in range(3):
        order = np.argsort(rest[:, axis])
        low[axis], high[axis] = rest[order[np.searchsorted(np.cumsum(density[order]), (0.01, 0.98))], axis]
    margin = (high - low).max() / 4.0
    near = np.flatnonzero(((rest >= low - margin) & (rest <= high + margin)).all(axis=1))
    if len(near) <= most:
        return near
    return np.sort(np.random.default_rng(0).choice(near, most, replace=False))


def sample_motion(points: np.ndarray, rest: np.ndarray, moves: np.ndarray, reach: float) -> np.ndarray:
    """The surface's motion around each point (k, p, 3): means over the vertices nearby, weighted by a Gaussian with
    the standard deviation `reach`.

    `points` (p, 3), `rest` (n, 3), `moves` (k, n, 3) in one frame. 0 where no vertex is near.
    """
    low, high = points.min(axis=0) - 3.0 * reach, points.max(axis=0) + 3.0 * reach
    near = ((rest >= low) & (rest <= high)).all(axis=1)
    vertices, motion = rest[near].astype(np.float32), moves[:, near].astype(np.float32)
    points = points.astype(np.float32)
    squared = (points**2).sum(axis=1)[:, None] + (vertices**2).sum(axis=1) - 2.0 * points @ vertices.T
    weight = np.exp(np.maximum(squared, 0.0) * np.float32(-0.5 / reach**2))
    weight /= weight.sum(axis=1, keepdims=True) + np.float32(0.05)
    count = len(moves)
    columns = np.ascontiguousarray(motion.transpose(1, 0, 2)).reshape(len(vertices), count * 3)
    return (weight @ columns).reshape(len(points), count, 3).transpose(1, 0, 2)


def normalized(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Motion fields (k, p, 3) as rows of length 1 (k, 3 p), and their lengths (k,)."""
    rows = fields.reshape(len(fields), -1).astype(np.float64)
    length = np.linalg.norm(rows, axis=1)
    return rows / np.maximum(length, 1e-12)[:, None], length


def motion_centres(rest: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The centre of each shape's motion (k, 3), weighted by its energy."""
    energy = (moves**2).sum(axis=2, dtype=np.float64)
    return energy @ rest / np.maximum(energy.sum(axis=1, keepdims=True), 1e-300)


def align_by_motion(
    rest: np.ndarray, moves: np.ndarray, reference_rest: np.ndarray, reference_moves: np.ndarray
) -> list[Similarity]:
    """Similarities that take a head (n, 3) with its shapes (k, n, 3) onto the reference, by the shapes' motion alone,
    the likeliest first; then the same refined on the surface, which is more exact where the heads are alike.

    The moving parts of both are superposed in every right-angled rotation of the axes and of the principal directions,
    and refined by iterated closest points (Besl and McKay 1992); the rotation in which the motions agree best wins.
    """
    found = _align_by_motion(rest, moves, reference_rest, reference_moves)
    # Shapes that move something far from the others may be of ears or neck, and would mislead.
    centres = motion_centres(rest, moves)
    distance = np.linalg.norm(centres - np.median(centres, axis=0), axis=1)
    within = distance <= 3.0 * np.median(distance) + 1e-9
    return found if within.all() else found + _align_by_motion(rest, moves[within], reference_rest, reference_moves)


def _align_by_motion(
    rest: np.ndarray, moves: np.ndarray, reference_rest: np.ndarray, reference_moves: np.ndarray
) -> list[Similarity]:
    density, reference_density = motion_density(moves), motion_density(reference_moves)
    middle, width = _centre_and_spread(rest, density)
    reference_middle, reference_width = _centre_and_spread(reference_rest, reference_density)
    cloud = rest[sample_vertices(density, _CLOUD_POINTS)].astype(np.float64)
    reference_cloud = reference_rest[sample_vertices(reference_density, _JUDGED_POINTS // 5)].astype(np.float64)
    few = sample_vertices(density, _JUDGED_POINTS)
    reference_few = sample_vertices(reference_density, _JUDGED_POINTS)
    points = reference_rest[reference_few[:_CLOUD_POINTS]]
    known, _ = normalized(
        sample_motion(points, reference_rest[reference_few], reference_moves[:, reference_few], _COARSE_REACH)
    )
    _, principal = np.linalg.eigh((rest - middle).T @ ((rest - middle) * density[:, None]))
    principal[:, 0] *= np.sign(np.linalg.det(principal)) or 1.0
    tried: list[tuple[float, Similarity]] = []
    # Few shapes say little about how large the face is.
    sizes = (1.0,) if len(moves) > _MANY_SHAPES else (1.0, 0.75, 1.33)
    for turn, size in product((*_RIGHT_ANGLES, *(turn @ principal.T for turn in _RIGHT_ANGLES)), sizes):
        scale = size * reference_width / width
        start = scale, turn, reference_middle - scale * turn @ middle
        scale, rotation, offset = found = _iterated_closest_points(cloud, reference_cloud, start)
        seen = sample_motion(points, scale * rest[few] @ rotation.T + offset, moves[:, few] @ rotation.T, _COARSE_REACH)
        tried.append((float((normalized(seen)[0] @ known.T).max(axis=1).mean()), found))
    tried.sort(key=lambda pair: -pair[0])
    best = [found for _, found in tried[: 1 if len(moves) > _MANY_SHAPES else 4]]
    return best + [_refined(found, rest, density, reference_rest, reference_density) for found in best]


def align_by_landmarks(landmarks: np.ndarray, reference_landmarks: np.ndarray) -> Similarity:
    """The similarity that takes six landmarks (6, 3), in any order, onto SELECTED_LANDMARKS (6, 3) of the reference.

    Raises FieldsError where they do not lie as on a face.
    """
    best: tuple[float, Similarity] | None = None
    for order in permutations(range(6)):
        ordered = landmarks[list(order)]
        scale, rotation, offset = found = align(ordered, reference_landmarks)
        off = scale * ordered @ rotation.T + offset - reference_landmarks
        error = float(np.sqrt((off**2).sum(axis=1).mean()))
        if scale > 0.0 and (best is None or error < best[0]):
            best = error, found
    if best is None or best[0] > _MAX_DEVIATION:
        raise FieldsError(
            "The six selected vertices do not lie as on a face. Select the outer corner of both eyes, the tip of the "
            "nose, both corners of the mouth and the chin, in any order."
        )
    return best[1]


def bend(from_points: np.ndarray, to_points: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`points` (n, 3) displaced smoothly so that `from_points` (m, 3) come near to `to_points` (m, 3)."""
    reach, stiffness = 0.5, 0.5
    system = _gaussian(from_points, from_points, reach) + stiffness * np.eye(len(from_points))
    pull = np.linalg.solve(system, to_points - from_points)
    return points + _gaussian(points, from_points, reach) @ pull


def _gaussian(a: np.ndarray, b: np.ndarray, reach: float) -> np.ndarray:
    return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(axis=2) / reach**2)


def _centre_and_spread(rest: np.ndarray, density: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean (3,) of the vertices weighted by `density` (n,), and their root mean square distance from it."""
    middle = density @ rest
    return middle, float(np.sqrt(density @ ((rest - middle) ** 2).sum(axis=1)))


def _refined(
    start: Similarity,
    rest: np.ndarray,
    density: np.ndarray,
    reference_rest: np.ndarray,
    reference_density: np.ndarray,
) -> Similarity:
    """More iterations, from more vertices to the whole surface of the reference."""
    cloud = rest[sample_vertices(np.sqrt(density), 400)].astype(np.float64)
    reference_cloud = reference_rest[sample_vertices(np.sqrt(reference_density), 4000)].astype(np.float64)
    return _iterated_closest_points(cloud, reference_cloud, start, 2 * _STEPS)


def _iterated_closest_points(
    cloud: np.ndarray, reference_cloud: np.ndarray, start: Similarity, steps: int = _STEPS
) -> Similarity:
    scale, rotation, offset = start
    for _ in range(steps):
        moved = scale * cloud @ rotation.T + offset
        nearest = reference_cloud[((reference_cloud**2).sum(axis=1) - 2.0 * moved @ reference_cloud.T).argmin(axis=1)]
        try:
            scale, rotation, _ = align(cloud, nearest)
        except FieldsError:  # all nearest to one point
            return start
        scale = float(np.clip(scale, 0.6 * start[0], 1.6 * start[0]))
        offset = nearest.mean(axis=0) - scale * rotation @ cloud.mean(axis=0)
    return scale, rotation, offset
