"""Caps, hats, hoods, scarves, headphones and earrings."""

import numpy as np

from .hair import Cut, grow
from .primitives import Mesh, ball, grid, joined, mesh, tubes, turned, turning
from .skull import Skull

_SIDES = 36


def random_colour(rng: np.random.Generator) -> np.ndarray:
    """(3,) a cloth's colour: a grey, or anything."""
    return np.full(3, rng.uniform(0.01, 0.8) ** 1.5) if rng.random() < 0.5 else rng.uniform(0.01, 0.75, 3)


def _crown(skull: Skull, rim: np.ndarray, lift: float, tall: float = 0.0) -> np.ndarray:
    """(9, 36, 3) rings from the top of the head down to the heights rim (36,), the last two folded inwards."""
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    points = skull.dome(angle, rim, 7, lift)
    points[..., 1] += tall * (1 - np.linspace(0, 1, 7)[:, None] ** 3)
    inner = np.stack([points[-1] - [0, 0.02, 0], points[-1] + [0, 0.1, 0]])
    inner[..., [0, 2]] = (
        skull.centre[[0, 2]] + (inner - skull.centre)[..., [0, 2]] * np.array([0.97, 0.9])[:, None, None]
    )
    return np.concatenate([points, inner])


def cap(rng: np.random.Generator, skull: Skull) -> Mesh:
    """A baseball cap, peak in front (now and then at the back), a woollen cap, or a hat with a brim."""
    colour, lift = random_colour(rng), rng.uniform(0.09, 0.16)
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    kind = rng.choice(["peak", "wool", "hat"], p=[0.45, 0.35, 0.2])
    low = skull.brow + rng.uniform(0.15, 0.6)
    back = max(skull.ear[1] + 0.05, 0.1) - rng.uniform(0, 0.5)
    rim = 0.5 * (low + back) + 0.5 * (low - back) * np.cos(angle)
    points = _crown(skull, rim, lift, rng.uniform(0.0, 0.5) if kind != "peak" else rng.uniform(0, 0.2))
    shade = np.exp(rng.normal(0, 0.05, points.shape[:2])) * (1 + 0.06 * np.sign(np.sin(3 * angle)))
    colours = colour * shade[..., None]
    if kind == "wool":
        colours = colours * (1 + 0.25 * np.sign(np.sin(_SIDES / 2 * angle + 0.1)))[:, None]
        colours[5:] *= rng.uniform(0.5, 1.2, 3)
    parts = [mesh(points, grid(len(points), _SIDES, True), colours)]
    if kind != "wool":
        edge = points[6]
        away = edge - [0, 0, skull.centre[2]]
        away[:, 1] = 0
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        front = np.cos(angle)
        if kind == "peak":
            reversed_cap = rng.random() < 0.12
            length = rng.uniform(0.8, 1.15) * np.clip(1.6 * (-front if reversed_cap else front) - 0.6, 0, 1) ** 0.5
            droop = -rng.uniform(0.05, 0.4) * length
        else:
            length = np.full(_SIDES, rng.uniform(0.45, 1.0))
            droop = rng.uniform(-0.3, 0.15) * (1 - 0.6 * np.abs(np.sin(angle)))
        tip = edge + away * length[:, None]
        tip[:, 1] += droop
        thin = np.array([0, 0.02, 0])
        brim = np.stack([edge - away * 0.05 + thin, tip + thin, tip - thin, edge - away * 0.05 - thin])
        tint = random_colour(rng) if rng.random() < 0.3 else colour
        parts.append(mesh(brim, grid(4, _SIDES, True), tint * np.array([1, 1, 0.5, 0.4])[:, None, None]))
    return joined(parts)


def hood(rng: np.random.Generator, skull: Skull) -> Mesh:
    """A hood or a headscarf that falls to the shoulders, open at the face."""
    tight = rng.random() < 0.5
    cut = Cut(
        lift=rng.uniform(0.12, 0.2) if tight else rng.uniform(0.25, 0.4), edge=0.12 if tight else 0.3, slit=0.6,
        pole=(0.35, 0.0), hairline=rng.uniform(-0.25, 0.1), fall=-3.3, face=0.75 if tight else 0.9,
        gap=0.1 if tight else 0.3, strands=0, ragged=0.0,
    )  # fmt: skip
    colour = random_colour(rng)
    cloth = grow(rng, skull, cut, colour)
    if not tight:
        return cloth
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    height = np.linspace(skull.chin + 0.02, skull.chin - 1.2, 7)[:, None]
    neck = skull.around(angle, np.maximum(height, skull.lowest + 0.1), 0.1 + 0.05 * np.linspace(0, 1, 7)[:, None])
    neck[..., 1] = height - 0.1 * np.cos(angle)
    return joined([cloth, mesh(neck, grid(7, _SIDES, True), colour * np.exp(rng.normal(0, 0.04, (7, _SIDES, 1))))])


def headphones(rng: np.random.Generator, skull: Skull) -> Mesh:
    """A band over the head and a cup on each ear."""
    colour, pad = random_colour(rng), rng.uniform(0.01, 0.2, 3)
    angle = np.linspace(-0.55 * np.pi, 0.55 * np.pi, 17)
    lean = rng.uniform(-0.25, 0.15)
    direction = np.stack([np.sin(angle), np.cos(angle) * np.cos(lean), np.cos(angle) * np.sin(lean)], axis=1)
    ear = np.array([0.0, skull.ear[1] - 0.3, skull.ear[2] + 0.05])
    out = np.maximum(skull.reach(direction), 0.0)[:, None] + 0.12
    band = skull.centre + direction * out
    share = np.clip(np.abs(angle) / angle[-1], 0, 1)[:, None] ** 2
    band[:, 1:] = (1 - share) * band[:, 1:] + share * ear[1:]
    ends = np.sign(angle) * np.where(angle > 0, *skull.ear_x)
    band[:, 0] = (1 - share[:, 0]) * band[:, 0] + share[:, 0] * (ends + np.sign(angle) * 0.15)
    parts = [tubes(band[None], rng.uniform(0.04, 0.09), 6, colour, 1.8)]
    size = rng.uniform(0.38, 0.55)
    profile = size * np.array([[0, 0.35], [0.7, 0.32], [0.9, 0.2], [1, 0], [1, -0.25], [0.8, -0.35], [0, -0.35]])
    colours = np.where(np.arange(7)[:, None] > 3, pad, colour)
    for k, side in enumerate((1, -1)):
        cup = turned(profile, 18, colours).moved(turning(z=-side * np.pi / 2), np.zeros(3))
        parts.append(cup.moved(np.eye(3), [side * (skull.ear_x[k] + 0.02), *ear[1:]]))
    return joined(parts)


def earrings(rng: np.random.Generator, skull: Skull) -> Mesh:
    """Studs, drops or hoops at both ear lobes."""
    colour = np.array([[0.8, 0.6, 0.25], [0.75, 0.75, 0.78], rng.uniform(0.02, 0.9, 3)])[rng.integers(3)]
    size, kind = rng.uniform(0.04, 0.09), rng.integers(3)
    one = [ball(size, 8, 6, colour)]
    if kind == 1:
        one.append(ball([size, 3 * size, size], 8, 6, colour).moved(np.eye(3), [0, -4 * size, 0]))
    elif kind == 2:
        angle = np.linspace(0, 2 * np.pi, 17)
        big = rng.uniform(0.15, 0.35)
        ring = np.stack([0 * angle, big * (np.cos(angle) - 1), big * np.sin(angle)], axis=1)
        one = [tubes(ring[None], 0.02, 5, colour)]
    both = [
        joined(one).moved(np.eye(3), [side * (skull.lobe[0] + 0.02), skull.lobe[1], skull.lobe[2]]) for side in (1, -1)
    ]
    return joined(both)
