"""What people wear in training pictures and what covers their faces: hair, beards, glasses, shirts, hands.

Units and frame of `heads`. A person's `Wear` is drawn at random once, then `posed` on each picture's vertices: worn
things follow the cranium, beards the skin they grow on, and one picture in eight gets a hand, a microphone or the like.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..people.mesh_parts import SCALP, SKIN
from . import beard, bust, glasses, hair, headwear, occluders
from .primitives import Mesh, joined, turning
from .skull import Skull, measure

__all__ = ["Mesh", "Wear", "random_wear"]

_OCCLUDED = 0.12
_GROWS, _RIGID, _BODY = 0, -1, -2  # what a vertex follows: the skin, the cranium, the shoulders


@dataclass(frozen=True)
class Wear:
    """Everything one person wears, on the resting head. The triangles from `clear` on are transparent."""

    mesh: Mesh
    clear: int
    bound: np.ndarray  # (m,) the head's vertex that each vertex follows, _RIGID or _BODY
    neutral: np.ndarray  # (n, 3)
    steady: np.ndarray  # vertices of the cranium, which no expression moves
    pivot: np.ndarray  # (3,) about which the shoulders rotate
    chin: int  # the vertex at the chin
    skull: Skull
    skin: np.ndarray  # (3,) of hands

    def posed(self, vertices: np.ndarray, rng: np.random.Generator) -> Mesh:
        """The mesh on the head's vertices (n, 3): worn things, and now and then something in front of the face."""
        turn, offset = _rigid(self.neutral[self.steady], vertices[self.steady])
        rest = self.mesh.vertices
        body = self.bound == _BODY
        shoulders = turning(*rng.normal(0, [0.03, 0.06, 0.03]))
        own = rest.copy()
        own[body] = (rest[body] - self.pivot) @ shoulders.T + self.pivot
        points = own @ turn.T + offset
        grows = self.bound >= 0
        root = self.bound[grows]
        points[grows] = (rest[grows] - self.neutral[root]) @ turn.T + vertices[root]
        worn = replace(self.mesh, vertices=points.astype(np.float32))
        if rng.random() > _OCCLUDED:
            return worn
        jaw = (vertices[self.chin] - offset) @ turn - self.neutral[self.chin]
        before = occluders.random_occluder(rng, self.skull, jaw, self.skin).moved(turn, offset)
        return _with_clear_last(joined([worn, before]), self.clear, len(self.mesh.triangles))


def random_wear(
    rng: np.random.Generator,
    neutral: np.ndarray,
    surface: object,
    hair_colour: np.ndarray,
    skin: np.ndarray | None = None,
) -> Wear:
    """A person's hair, beard, glasses, headwear and shirt. neutral (n, 3); surface: `heads.Surface`; hair_colour (3,)
    linear RGB; skin (3,) colour of hands, None: any."""
    skull = measure(neutral, surface.part, surface.triangles)
    opaque: list[tuple[Mesh, int]] = []
    clear: list[Mesh] = []
    cover = rng.choice(["", "cap", "hood", "headphones"], p=[0.87, 0.06, 0.03, 0.04])
    if rng.random() < 0.76:
        cut = hair.random_cut(rng, bool(cover))
        opaque.append((hair.grow(rng, skull, cut, hair_colour), _RIGID))
        if cut.fall is None and cut.fringe is None and not cover and rng.random() < 0.12:
            opaque.append((hair.bun(rng, skull, hair_colour), _RIGID))
    if cover:
        make = {"cap": headwear.cap, "hood": headwear.hood, "headphones": headwear.headphones}[cover]
        opaque.append((make(rng, skull), _RIGID))
    if rng.random() < 0.06:
        opaque.append((headwear.earrings(rng, skull), _RIGID))
    if rng.random() < 0.2:
        frames, lenses = glasses.random_glasses(rng, skull)
        opaque += [(part, _RIGID) for part in frames]
        clear += lenses
    if rng.random() < 0.1:
        opaque.append((beard.random_beard(rng, skull, hair_colour), _GROWS))
    pivot = np.zeros(3)
    cut_off = skull.lowest > skull.chin - 1.5  # a mesh without shoulders needs a collar
    if rng.random() < 0.85 or cut_off:
        shirt, pivot = bust.random_bust(rng, skull)
        opaque.append((shirt, _BODY))
    whole = joined([part for part, _ in opaque] + clear)
    follows = opaque + [(part, _RIGID) for part in clear]
    bound = np.concatenate([np.zeros(0, int)] + [np.full(len(part.vertices), kind) for part, kind in follows])
    grows = bound >= 0
    outside = np.flatnonzero(surface.part == SKIN)
    if grows.any():
        bound[grows] = outside[_nearest(neutral[outside], whole.vertices[grows])]
    steady = np.flatnonzero(
        np.isin(surface.part, (SKIN, SCALP)) & (neutral[:, 1] > 0.6) & (neutral[:, 2] < skull.centre[2])
    )
    steady = steady[:: max(1, len(steady) // 60)]
    chin = outside[_nearest(neutral[outside], skull.front(0.0, skull.chin + 0.15)[None])[0]]
    if skin is None:
        tone = rng.uniform(0, 1)
        skin = (1 - tone) * np.array([0.16, 0.09, 0.06]) + tone * np.array([0.8, 0.55, 0.43])
    first_clear = sum(len(part.triangles) for part, _ in opaque)
    return Wear(
        whole, first_clear, bound, neutral.astype(float), steady, pivot, int(chin), skull, np.asarray(skin, float)
    )


def _rigid(rest: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and offset (3,) that best map rest (k, 3) to now."""
    middle, here = rest.mean(axis=0), now.mean(axis=0, dtype=float)
    u, _, v = np.linalg.svd((now - here).T @ (rest - middle))
    turn = u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v
    return turn, here - turn @ middle


def _nearest(points: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(k,) the nearest of `points` (n, 3) to each of `wanted` (k, 3)."""
    low, high = wanted.min(axis=0) - 0.4, wanted.max(axis=0) + 0.4
    near = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
    close = points[near].astype(np.float32)
    # |w - p|^2 without |w|^2, which does not change the minimum.
    return near[((close**2).sum(axis=1) - 2 * wanted.astype(np.float32) @ close.T).argmin(axis=1)]


def _with_clear_last(whole: Mesh, clear: int, worn: int) -> Mesh:
    order = np.concatenate([np.arange(clear), np.arange(worn, len(whole.triangles)), np.arange(clear, worn)])
    return replace(whole, triangles=whole.triangles[order])
