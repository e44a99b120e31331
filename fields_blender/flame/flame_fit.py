"""A FLAME head of any release driven by our sources: coefficients of its own axes, by least squares of displacements.

The expression axes of FLAME differ from release to release, and artists' files name them as they like (`Exp1`,
`Exp000`, `expression_3`). So a head is recognised by its mesh, and its axes by how they move it.
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
from .flame_basis import EVERY, LOOKS, SKIN, VERTICES

JAW = ("jawOpen", "jawLeft", "jawRight")
# The largest value that Blender's sliders of shape keys allow.
SLIDER_LIMIT = 10.0
# The head can't show a source when its axes leave more than this share of the source's motion undone.
MAX_RESIDUAL = 0.7
# At least this share of FLAME's edges are mirror images of each other; of a mesh with other edges hardly any are.
_MIRRORED = 0.8
# A head counts as rotated when it is off from the nearest coordinate axes by more than this (rad): people's shapes
# differ from the template by a few degrees.
_ROTATED = 0.15
# Relative to axes of length 1: just enough that nearly equal axes don't get large opposite weights.
_RIDGE = 1e-6
# Terms of a formula that move the skin by less than this share of the largest motion are left out.
_FAINT = 1e-4
_NOT_EXPRESSION = re.compile(r"(?i)(shape|ident|id[ _.]?\d|beta|pose|corr|fix)")
# Identity axes move the back of the skull as far as the face; expressions move it by less than this share.
_WHOLE_HEAD = 0.5


@dataclass(frozen=True)
class Fit:
    """`sources` (s), `weights` (s, k): how far each source pushes each of the k axes; `residual` (s,): the share of
    each source's motion that the axes can't show, 0..1."""

    sources: tuple[str, ...]
    weights: np.ndarray
    residual: np.ndarray

    @property
    def missing(self) -> tuple[str, ...]:
        """Sources that the axes can hardly show."""
        return tuple(name for name, left in zip(self.sources, self.residual, strict=True) if left > MAX_RESIDUAL)


def is_flame(count: int, edges: np.ndarray) -> bool:
    """Is a mesh of `count` vertices with these edges (e, 2) FLAME's? It must have the edges of FLAME's lids and lips,
    and nearly all its edges must be mirror images of each other as on FLAME."""
    if count != VERTICES or edges.size == 0:
        return False
    lines, mirror, _ = _topology()
    there = _edge_numbers(edges)
    if not np.isin(_edge_numbers(lines), there).all():
        return False
    return bool(np.isin(_edge_numbers(mirror[edges]), there).mean() > _MIRRORED)


def flame_to_head(rest: np.ndarray) -> np.ndarray:
    """(3, 3) from FLAME's own directions and metres to those of a FLAME head at rest (5023, 3): displacements `d` of
    FLAME are `d @ flame_to_head(rest).T` on the head."""
    scale, rotation, _ = align.align(_topology()[2], rest[SKIN][::EVERY])
    nearest = np.zeros((3, 3))
    rows = np.abs(rotation).argmax(axis=0)
    nearest[rows, range(3)] = np.sign(rotation[rows, range(3)])
    off = np.arccos(np.clip((np.trace(nearest.T @ rotation) - 1.0) / 2.0, -1.0, 1.0))
    return scale * (nearest if len(set(rows)) == 3 and off < _ROTATED else rotation)


def are_expressions(names: list[str], moves: np.ndarray) -> np.ndarray:
    """(k,) bool: which of the keys with these displacements (k, 5023, 3) are expressions, neither identities nor joint
    correctives: those have other names or change the whole head."""
    size = np.linalg.norm(moves[:, SKIN], axis=2)
    ours = np.concatenate(flame_basis.shapes())
    alive = np.linalg.norm(ours[:, SKIN], axis=2).max(axis=0) > 0.001
    face, skull = (np.sqrt((size[:, which] ** 2).mean(axis=1)) for which in (alive, ~alive))
    whole = skull > _WHOLE_HEAD * np.maximum(face, 1e-300)
    named = np.array([_NOT_EXPRESSION.match(name) is not None for name in names], dtype=bool)
    return (face > 0.0) & ~whole & ~named


def fit(rest: np.ndarray, moves: np.ndarray, jaw: bool) -> Fit:
    """The map from our sources to a head's axes whose motion of the skin is closest to that of our shapes.

    rest (5023, 3), moves (k, 5023, 3): the head at rest and its axes' displacements, in its own units and directions.
    `jaw`: the axes open the mouth, since no bone does.
    """
    expression, looks = flame_basis.shapes()
    ours = np.concatenate([expression, looks, *([flame_basis.jaw()] if jaw else [])])
    sources = (*EXPRESSION, "eyeBlinkLeft", "eyeBlinkRight", *LOOKS, *(JAW if jaw else ()))
    wanted = (ours[:, SKIN] @ flame_to_head(rest).T).reshape(len(ours), -1)
    axes = moves[:, SKIN].reshape(len(moves), -1).astype(np.float64)
    size = np.maximum(np.linalg.norm(axes, axis=1), 1e-300)
    axes = axes / size[:, None]
    products = axes @ axes.T + _RIDGE * np.eye(len(axes))
    weights = np.linalg.solve(products, axes @ wanted.T).T
    whole = np.maximum(np.linalg.norm(wanted, axis=1), 1e-300)
    residual = np.linalg.norm(wanted - weights @ axes, axis=1) / whole
    still = np.linalg.norm(wanted, axis=1) == 0.0
    weights[np.abs(weights) < _FAINT * whole.max()] = 0.0
    return Fit(sources, weights / size, np.where(still, 1.0, residual))


def channels(fitted: Fit, keys: list[str], mesh: str = "") -> list[Channel]:
    """A mapping row for each of the k keys that follows something: the sum of its sources, the strongest first."""
    made = []
    for key, weights in zip(keys, fitted.weights.T, strict=True):
        order = np.argsort(-np.abs(weights), kind="stable")
        terms = [f"{weights[i]:+.6g} {fitted.sources[i]}" for i in order if weights[i] != 0.0]
        if terms:
            followed = formula.parse(" ".join(terms).removeprefix("+"))
            made.append(Channel(followed, "Other", key=key, mesh=mesh, minimum=-SLIDER_LIMIT, maximum=SLIDER_LIMIT))
    return made


def value_range(channel: Channel) -> tuple[float, float]:
    """The lowest and highest value of such a row's key while its sources are within 0..1."""
    names = formula.names(channel.source)
    alone = dict(zip(names, np.eye(len(names)), strict=True))
    ends = formula.evaluate(channel.source, lambda name: alone[name])
    low, high = np.minimum(ends, 0.0).sum(), np.maximum(ends, 0.0).sum()
    return max(float(low), -SLIDER_LIMIT), min(float(high), SLIDER_LIMIT)


def _edge_numbers(edges: np.ndarray) -> np.ndarray:
    """One number for each edge, whichever vertex comes first."""
    low, high = np.sort(edges.astype(np.int64), axis=1).T
    return low * VERTICES + high


@cache
def _topology() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges along lids and lips (e, 2), each vertex's mirror image (5023,), places of every 40th vertex (99, 3) m."""
    lines, mirror, places = flame_basis.marks()
    edges = [np.stack([line[:-1], line[1:]], axis=1) for line in lines]
    return np.concatenate(edges).astype(np.int64), mirror.astype(np.int64), places
