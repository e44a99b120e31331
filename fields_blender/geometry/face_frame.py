"""A strange head laid onto the reference head: by where its shapes move it, or by six places the artist selects.

The frame: x to the head's left, y up, z out of the face, from between the eyeballs; in distances between these.
"""

from itertools import permutations, product

import numpy as np

from ..core.errors import FieldsError
from .align import LANDMARKS, align

# What the artist selects, in any order.
PLACES = (
    "Left Eye Outer Corner", "Right Eye Outer Corner", "Nose Tip", "Left Mouth Corner", "Right Mouth Corner", "Chin",
)  # fmt: skip
PLACE_ROWS = [LANDMARKS.index(name) for name in PLACES]
_STRANGE = 0.3  # six places that are further than this from a face's, in distances between the eyes, are no face's
_MOVING, _JUDGED, _STEPS = 200, 2500, 8
_MANY = 20  # shapes
_WIDE = 0.15  # how coarsely a first look compares motions, in distances between the eyes
_TURNS = [
    turn
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
    if np.linalg.det(turn := np.eye(3)[list(order)] * np.array(signs)[:, None]) > 0.0
]
Similarity = tuple[float, np.ndarray, np.ndarray]  # scale, rotation (3, 3), offset (3,), as `align` gives


def shares(moves: np.ndarray) -> np.ndarray:
    """How much of all motion is at each vertex (n,), every shape (k, n, 3) counting the same; the sum is 1."""
    energy = (moves**2).sum(axis=2, dtype=np.float64)
    share = (energy / np.maximum(energy.sum(axis=1, keepdims=True), 1e-300)).sum(axis=0)
    return share / max(share.sum(), 1e-300)


def drawn(share: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """`count` vertices drawn by their share, no one twice, the same ones each time (Efraimidis and Spirakis 2006)."""
    race = np.random.default_rng(seed).exponential(size=len(share)) / np.maximum(share, 1e-12)
    return np.argsort(race)[:count]


def about_the_face(rest: np.ndarray, share: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the vertices in and about the box where nearly all motion is, evenly drawn."""
    low, high = np.empty(3), np.empty(3)
    for axis in range(3):
        order = np.argsort(rest[:, axis])
        low[axis], high[axis] = rest[order[np.searchsorted(np.cumsum(share[order]), (0.01, 0.98))], axis]
    margin = (high - low).max() / 4.0
    near = np.flatnonzero(((rest >= low - margin) & (rest <= high + margin)).all(axis=1))
    if len(near) <= most:
        return near
    return np.sort(np.random.default_rng(0).choice(near, most, replace=False))


def sampled(points: np.ndarray, rest: np.ndarray, moves: np.ndarray, reach: float) -> np.ndarray:
    """How the surface moves about each point, (k, p, 3): means over the vertices near it (Gauss, `reach` wide).

    `points` (p, 3), `rest` (n, 3), `moves` (k, n, 3) in one frame. Where no vertex is near: 0.
    """
    low, high = points.min(axis=0) - 3.0 * reach, points.max(axis=0) + 3.0 * reach
    near = ((rest >= low) & (rest <= high)).all(axis=1)
    here, motion = rest[near].astype(np.float32), moves[:, near].astype(np.float32)
    points = points.astype(np.float32)
    apart = (points**2).sum(axis=1)[:, None] + (here**2).sum(axis=1) - 2.0 * points @ here.T
    weight = np.exp(np.maximum(apart, 0.0) * np.float32(-0.5 / reach**2))
    weight /= weight.sum(axis=1, keepdims=True) + np.float32(0.05)
    count = len(moves)
    columns = np.ascontiguousarray(motion.transpose(1, 0, 2)).reshape(len(here), count * 3)
    return (weight @ columns).reshape(len(points), count, 3).transpose(1, 0, 2)


def units(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fields (k, p, 3) as rows of length 1 (k, 3 p), and their lengths (k,)."""
    rows = fields.reshape(len(fields), -1).astype(np.float64)
    length = np.linalg.norm(rows, axis=1)
    return rows / np.maximum(length, 1e-12)[:, None], length


def centres(rest: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Where each shape moves the surface most, (k, 3)."""
    energy = (moves**2).sum(axis=2, dtype=np.float64)
    return energy @ rest / np.maximum(energy.sum(axis=1, keepdims=True), 1e-300)


def by_motion(rest: np.ndarray, moves: np.ndarray, rest_there: np.ndarray, moves_there: np.ndarray) -> list[Similarity]:
    """Similarities that take a head (n, 3) with its shapes (k, n, 3) onto another, by the shapes' motion alone, the
    likeliest first; then the same settled onto the surface, which is more exact where the heads are alike.

    What moves on both is laid upon each other in every right-angled turn of the axes and of the main directions, and
    refined by iterated closest points (Besl and McKay 1992); the turn wins in which the motions look most alike.
    """
    found = _by_motion(rest, moves, rest_there, moves_there)
    # What moves far from where the others do may be ears or the neck, which say nothing about where the face is.
    centre = centres(rest, moves)
    away = np.linalg.norm(centre - np.median(centre, axis=0), axis=1)
    within = away <= 3.0 * np.median(away) + 1e-9
    return found if within.all() else found + _by_motion(rest, moves[within], rest_there, moves_there)


def _by_motion(
    rest: np.ndarray, moves: np.ndarray, rest_there: np.ndarray, moves_there: np.ndarray
) -> list[Similarity]:
    here, there = shares(moves), shares(moves_there)
    middle, width = _spread(rest, here)
    middle_there, width_there = _spread(rest_there, there)
    cloud = rest[drawn(here, _MOVING)].astype(np.float64)
    cloud_there = rest_there[drawn(there, _JUDGED // 5)].astype(np.float64)
    few, few_there = drawn(here, _JUDGED), drawn(there, _JUDGED)
    points = rest_there[few_there[:_MOVING]]
    known, _ = units(sampled(points, rest_there[few_there], moves_there[:, few_there], _WIDE))
    _, main = np.linalg.eigh((rest - middle).T @ ((rest - middle) * here[:, None]))
    main[:, 0] *= np.sign(np.linalg.det(main)) or 1.0
    tried: list[tuple[float, Similarity]] = []
    # Few shapes say less about how large the face is.
    sizes = (1.0,) if len(moves) > _MANY else (1.0, 0.75, 1.33)
    for turn, size in product((*_TURNS, *(turn @ main.T for turn in _TURNS)), sizes):
        scale = size * width_there / width
        found = _closest(cloud, cloud_there, (scale, turn, middle_there - scale * turn @ middle))
        scale, rotation, offset = found
        seen = sampled(points, scale * rest[few] @ rotation.T + offset, moves[:, few] @ rotation.T, _WIDE)
        tried.append((float((units(seen)[0] @ known.T).max(axis=1).mean()), found))
    tried.sort(key=lambda one: -one[0])
    best = [found for _, found in tried[: 1 if len(moves) > _MANY else 4]]
    return best + [_settled(found, rest, here, rest_there, there) for found in best]


def by_places(places: np.ndarray, places_there: np.ndarray) -> Similarity:
    """The similarity that takes six selected places (6, 3), in any order, onto PLACES (6, 3) of the reference.

    Raises FieldsError where they are no face's.
    """
    best: tuple[float, Similarity] | None = None
    for order in permutations(range(6)):
        scale, rotation, offset = found = align(places[list(order)], places_there)
        off = scale * places[list(order)] @ rotation.T + offset - places_there
        error = float(np.sqrt((off**2).sum(axis=1).mean()))
        if scale > 0.0 and (best is None or error < best[0]):
            best = error, found
    if best is None or best[0] > _STRANGE:
        raise FieldsError(
            "The six selected vertices do not lie as on a face. Select the outer corner of both eyes, the tip of the "
            "nose, both corners of the mouth and the chin, in any order."
        )
    return best[1]


def bend(here: np.ndarray, there: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (n, 3) moved as smoothly as can be so that places `here` (m, 3) come near to `there` (m, 3)."""
    reach, stiffness = 0.5, 0.5
    pull = np.linalg.solve(_near(here, here, reach) + stiffness * np.eye(len(here)), there - here)
    return points + _near(points, here, reach) @ pull


def _near(a: np.ndarray, b: np.ndarray, reach: float) -> np.ndarray:
    return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(axis=2) / reach**2)


def _spread(rest: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, float]:
    middle = share @ rest
    return middle, float(np.sqrt(share @ ((rest - middle) ** 2).sum(axis=1)))


def _settled(
    start: Similarity, rest: np.ndarray, share: np.ndarray, rest_there: np.ndarray, share_there: np.ndarray
) -> Similarity:
    """Laid on more exactly: what moves here, on all of the surface there."""
    cloud = rest[drawn(np.sqrt(share), 400)].astype(np.float64)
    cloud_there = rest_there[drawn(np.sqrt(share_there), 4000)].astype(np.float64)
    return _closest(cloud, cloud_there, start, 2 * _STEPS)


def _closest(cloud: np.ndarray, cloud_there: np.ndarray, start: Similarity, steps: int = _STEPS) -> Similarity:
    scale, rotation, offset = start
    for _ in range(steps):
        moved = scale * cloud @ rotation.T + offset
        nearest = cloud_there[((cloud_there**2).sum(axis=1) - 2.0 * moved @ cloud_there.T).argmin(axis=1)]
        try:
            scale, rotation, _ = align(cloud, nearest)
        except FieldsError:  # all nearest to one point
            return start
        scale = float(np.clip(scale, 0.6 * start[0], 1.6 * start[0]))
        offset = nearest.mean(axis=0) - scale * rotation @ cloud.mean(axis=0)
    return scale, rotation, offset
