"""Spectacles and sunglasses on the nose and the ears."""

import numpy as np

from .primitives import Mesh, grid, mesh, tubes
from .skull import Skull

_RIM = 26  # vertices around a lens


def random_glasses(rng: np.random.Generator, skull: Skull) -> tuple[list[Mesh], list[Mesh]]:
    """(frame parts, transparent parts) for a resting head."""
    dark = rng.random() < 0.12
    thick = rng.uniform(0.012, 0.05) if rng.random() < 0.8 else 0.07
    colour = _frame_colour(rng)
    outline = _outline(rng)
    # The lens sits a little below the eyes, in front of lashes and brow, no nearer than the nose allows.
    z = max(skull.bridge + 0.02 + 0.5 * thick, rng.uniform(0.47, 0.6))
    drop = rng.uniform(-0.1, -0.02)
    middle = max(0.5 + rng.normal(0, 0.02), outline[:, 0].max() + 0.1)
    wrap, tilt = rng.uniform(0.0, 0.25), rng.uniform(0.0, 0.15)

    def placed(flat: np.ndarray, side: float) -> np.ndarray:
        """Points (..., 2) in the lens plane, about its centre -> (..., 3)."""
        x, y = flat[..., 0] + middle, flat[..., 1] + drop
        back = wrap * np.clip(x - 0.3, 0, None) ** 2 + tilt * (0.3 - y)
        return np.stack([side * x, y, z - back + tilt * 0.3], axis=-1)

    opaque: list[Mesh] = []
    clear: list[Mesh] = []
    rimless = rng.random() < 0.15 and not dark
    lower = not rimless and rng.random() < 0.85
    tint = np.array([0.02, 0.02, 0.025]) if dark else rng.uniform(0.5, 0.9) * np.exp(rng.normal(0, 0.08, 3))
    alpha = rng.uniform(0.7, 0.97) if dark else rng.uniform(0.05, 0.25) * rng.uniform(0.2, 1)
    glare = _glare(rng, outline) if rng.random() < 0.3 else None
    height, outer = outline[:, 1].max(), outline[:, 0].max()
    for side in (1.0, -1.0):
        rim = outline if lower else outline[outline[:, 1] > -0.02 * height]
        if not rimless:
            path = placed(np.concatenate([rim, rim[:1]]) if lower else rim, side)
            opaque.append(tubes(path[None], thick, 6, colour, 0.7))
        # Fan of rings: centre, half, rim. Its triangles face the front, from where it is seen.
        rings = np.stack([outline * share for share in (0.02, 0.5, 0.98)])
        lens = placed(rings, side)
        lens[..., 2] += 0.03 * np.array([1, 0.75, 0])[:, None]
        order = lens if side > 0 else lens[:, ::-1]
        clear.append(mesh(order, grid(3, _RIM, True), tint, alpha))
        if glare is not None:
            streak = placed(glare, side)
            streak[..., 2] += 0.035
            clear.append(
                mesh(streak if side > 0 else streak[:, ::-1], grid(2, 2), [1.0, 1.0, 1.0], rng.uniform(0.15, 0.8))
            )
        hinge = placed(np.array([outer - 0.02, 0.45 * height]), side)
        k = 0 if side > 0 else 1
        ear = np.array([side * (skull.temple_x[k] + 0.04), skull.ear[1] + 0.04, skull.ear[2] + 0.12])
        before = np.array([side * max(skull.temple_x[k] + 0.03, abs(hinge[0]) - 0.05), hinge[1], hinge[2] - 0.25])
        behind = np.array([side * (skull.temple_x[k] + 0.06), skull.ear[1] - 0.35, skull.ear[2] - 0.3])
        arm = np.array([hinge, before, 0.5 * (before + ear), ear, 0.5 * (ear + behind), behind])
        opaque.append(tubes(arm[None], max(thick * 0.8, 0.015), 6, colour, 1.6))
    inner = placed(np.array([[-outer, 0.25 * height], [-outer + 0.03, 0.25 * height]]), 1.0)[0]
    span = np.linspace(-1, 1, 7)
    bridge = np.stack(
        [span * inner[0], inner[1] + 0.06 * (1 - span**2), np.full(7, max(inner[2], z)) + 0.02 * (1 - span**2)], 1
    )
    opaque.append(tubes(bridge[None], max(0.8 * thick, 0.015), 6, colour))
    return opaque, clear


def _frame_colour(rng: np.random.Generator) -> np.ndarray:
    kinds = [rng.uniform(0.01, 0.05, 3), [0.2, 0.1, 0.04], [0.55, 0.5, 0.4], [0.6, 0.6, 0.62], rng.uniform(0, 0.8, 3)]
    return np.array(kinds[rng.choice(5, p=[0.45, 0.18, 0.1, 0.12, 0.15])]) * rng.uniform(0.6, 1.3)


def _outline(rng: np.random.Generator) -> np.ndarray:
    """(26, 2) closed outline of a left lens, from the outer side, anticlockwise as the camera sees it."""
    width, height = rng.uniform(0.34, 0.46), rng.uniform(0.2, 0.4)
    power = rng.uniform(0.4, 1.0)  # 1: ellipse, less: squarer
    angle = np.linspace(0, 2 * np.pi, _RIM, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    x = width * np.sign(c) * np.abs(c) ** power
    y = height * np.sign(s) * np.abs(s) ** power
    cat = rng.uniform(0, 0.2) if rng.random() < 0.4 else 0.0  # cat-eye: raised outer corners
    narrow = rng.uniform(0, 0.15)  # towards the cheek
    return np.stack([x * (1 + narrow * y / height), y + cat * height * np.clip(x / width, 0, 1) * (y > 0)], axis=1)


def _glare(rng: np.random.Generator, outline: np.ndarray) -> np.ndarray:
    """(2, 2, 2) a slanting streak on a lens: rows down, columns outwards."""
    reach = outline.max(axis=0) * 0.6
    x, width, slant = (
        rng.uniform(-0.6, 0.5) * reach[0],
        rng.uniform(0.05, 0.35) * reach[0],
        rng.uniform(-0.4, 0.4) * reach[0],
    )
    top, low = reach[1] * rng.uniform(0.4, 1), -reach[1] * rng.uniform(0.0, 1)
    return np.array([[[x + slant, top], [x + slant + width, top]], [[x, low], [x + width, low]]])
