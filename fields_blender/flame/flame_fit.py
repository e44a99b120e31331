"""A FLAME head of any release follows our sources: coefficients of its own axes, by least squares of displacements.

What the expression axes of FLAME do differs from release to release, and artists' files name them as they like
(`Exp1`, `Exp000`, `expression_3`). So a head is known by its mesh, and its axes by what they move.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..core.names import EXPRESSION
from ..geometry import align
from ..rig import formula
from ..rig.mapping import Channel
from . import flame_basis
from .flame_basis import EVERY, LOOKS, SKIN

VERTICES = 5023
JAW = ("jawOpen", "jawLeft", "jawRight")
# As far as Blender lets a slider go.
FARTHEST = 10.0
# A source is shown when the axes leave less than this share of its motion undone.
SHOWN = 0.7
# So many of FLAME's edges are mirror images of others; a mesh with other edges has hardly any.
_MIRRORED = 0.8
# A head's own directions are taken for turned when they are off from the nearest axes by more than this (rad): people
# differ by a few degrees from the template.
_TURNED = 0.15
# Of what the largest axis does. Just enough that axes that do nearly the same don't fight each other.
_RIDGE = 1e-6
# Terms of a formula that would move the skin less than this share of the largest one's motion are left out.
_FAINT = 1e-4
_NOT_EXPRESSION = re.compile(r"(?i)(shape|ident|id[ _.]?\d|beta|pose|corr|fix)")
# Axes of identity move the back of the skull as far as the face; expressions move it by less than this share.
_WHOLE_HEAD = 0.5


@dataclass(frozen=True)
class Fit:
    """`sources` (s), `weights` (s, k): how far each source pushes each of the k axes; `left` (s,): the share of each
    source's motion that the axes can't show, 0..1."""

    sources: tuple[str, ...]
    weights: np.ndarray
    left: np.ndarray

    @property
    def missing(self) -> tuple[str, ...]:
        """Sources that the axes can hardly show."""
        return tuple(name for name, left in zip(self.sources, self.left, strict=True) if left > SHOWN)


def is_flame(count: int, edges: np.ndarray) -> bool:
    """Is a mesh of so many vertices with these edges (e, 2) FLAME's? The edges of its lids and lips must be there, and
    nearly all edges must be each other's mirror images as they are on FLAME."""
    if count != VERTICES or edges.size == 0:
        return False
    lines, mirror, _ = _topology()
    there = _numbers(edges)
    if not np.isin(_numbers(lines), there).all():
        return False
    return bool(np.isin(_numbers(mirror[edges]), there).mean() > _MIRRORED)


def placed(rest: np.ndarray) -> np.ndarray:
    """(3, 3) from FLAME's own axes and metres to those of a FLAME head at rest (5023, 3): `moved @ placed(rest).T`."""
    scale, rotation, _ = align.align(_topology()[2], rest[SKIN][::EVERY])
    nearest = np.zeros((3, 3))
    rows = np.abs(rotation).argmax(axis=0)
    nearest[rows, range(3)] = np.sign(rotation[rows, range(3)])
    off = np.arccos(np.clip((np.trace(nearest.T @ rotation) - 1.0) / 2.0, -1.0, 1.0))
    return scale * (nearest if len(set(rows)) == 3 and off < _TURNED else rotation)


def expressions(names: list[str], moves: np.ndarray) -> np.ndarray:
    """(k,) which of the keys with these displacements (k, 5023, 3) are expressions: neither identities nor correctives
    of the joints, by their names or because they change the whole head."""
    size = np.linalg.norm(moves[:, SKIN], axis=2)
    ours = np.concatenate(flame_basis.shapes())
    alive = np.linalg.norm(ours[:, SKIN], axis=2).max(axis=0) > 0.001
    face, skull = (np.sqrt((size[:, which] ** 2).mean(axis=1)) for which in (alive, ~alive))
    whole = skull > _WHOLE_HEAD * np.maximum(face, 1e-300)
    named = np.array([_NOT_EXPRESSION.match(name) is not None for name in names], dtype=bool)
    return (face > 0.0) & ~whole & ~named


def fit(rest: np.ndarray, moves: np.ndarray, jaw: bool) -> Fit:
    """The map from our sources to a head's axes that moves its skin most nearly as our shapes would.

    rest (5023, 3), moves (k, 5023, 3): the head at rest and its axes' displacements, in its own units and directions.
    `jaw`: no bone opens its mouth, so the axes must.
    """
    expression, looks = flame_basis.shapes()
    ours = np.concatenate([expression, looks, *([flame_basis.jaw()] if jaw else [])])
    sources = (*EXPRESSION, "eyeBlinkLeft", "eyeBlinkRight", *LOOKS, *(JAW if jaw else ()))
    wanted = (ours[:, SKIN] @ placed(rest).T).reshape(len(ours), -1)
    axes = moves[:, SKIN].reshape(len(moves), -1).astype(np.float64)
    size = np.maximum(np.linalg.norm(axes, axis=1), 1e-300)
    axes = axes / size[:, None]
    products = axes @ axes.T + _RIDGE * np.eye(len(axes))
    weights = np.linalg.solve(products, axes @ wanted.T).T
    whole = np.maximum(np.linalg.norm(wanted, axis=1), 1e-300)
    left = np.linalg.norm(wanted - weights @ axes, axis=1) / whole
    still = np.linalg.norm(wanted, axis=1) == 0.0
    weights[np.abs(weights) < _FAINT * whole.max()] = 0.0
    return Fit(sources, weights / size, np.where(still, 1.0, left))


def channels(fitted: Fit, keys: list[str], mesh: str = "") -> list[Channel]:
    """A row for each key (k) that follows something: the sum of its sources, the one that moves it most first."""
    made = []
    for key, weights in zip(keys, fitted.weights.T, strict=True):
        order = np.argsort(-np.abs(weights), kind="stable")
        terms = [f"{weights[i]:+.6g} {fitted.sources[i]}" for i in order if weights[i] != 0.0]
        if terms:
            followed = formula.parse(" ".join(terms).removeprefix("+"))
            made.append(Channel(followed, "Other", key=key, mesh=mesh, minimum=-FARTHEST, maximum=FARTHEST))
    return made


def reach(channel: Channel) -> tuple[float, float]:
    """The lowest and highest value that the sources of such a row, each within 0..1, push its key to."""
    names = formula.names(channel.source)
    alone = dict(zip(names, np.eye(len(names)), strict=True))
    ends = formula.evaluate(channel.source, lambda name: alone[name])
    low, high = np.minimum(ends, 0.0).sum(), np.maximum(ends, 0.0).sum()
    return max(float(low), -FARTHEST), min(float(high), FARTHEST)


def _numbers(edges: np.ndarray) -> np.ndarray:
    """One number for each edge, whichever end comes first."""
    low, high = np.sort(edges.astype(np.int64), axis=1).T
    return low * VERTICES + high


@cache
def _topology() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges along lids and lips (e, 2), the vertex on the other side (5023,), places of every 40th vertex (99, 3) m."""
    lines, mirror, places = flame_basis.marks()
    edges = [np.stack([line[:-1], line[1:]], axis=1) for line in lines]
    return np.concatenate(edges).astype(np.int64), mirror.astype(np.int64), places
