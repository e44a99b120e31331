"""Hair painted into the skin atlas: brows, beards and the hairline."""

import cv2
import numpy as np

from fields_blender.core.easing import smoothstep

from ..people.atlas import SIZE
from . import paint


def brows(rng: np.random.Generator, albedo: np.ndarray, bump: np.ndarray, colour: np.ndarray) -> None:
    """Paint both brows hair by hair, with random shape, thickness and density; now and then hardly visible."""
    knots = np.array([0.19, 0.4, 0.6, 0.8, 1.0])
    middle = np.array([0.30, 0.362, 0.383, 0.345, 0.25]) + rng.normal(0, 0.02)
    middle += rng.normal(0, 0.025) * (knots - 0.6) / 0.4 + rng.normal(0, 0.02) * (1 - ((knots - 0.6) / 0.4) ** 2)
    half = rng.uniform(0.022, 0.062) * np.array([0.8, 1.0, 0.95, 0.75, 0.4])
    first, last = rng.uniform(0.13, 0.24), rng.uniform(0.85, 1.04)
    count = int(rng.uniform(70, 420))
    thickness = int(rng.integers(1, 3))
    cover = rng.uniform(0.08, 0.35) if rng.random() < 0.15 else rng.uniform(0.55, 1.0)
    wild = rng.uniform(5, 22)
    area = paint.eye_box()
    for where, flip in ((area, 1), (paint.mirrored(area), -1)):
        along = rng.uniform(first, last, count)
        across = np.clip(rng.normal(0, 0.5, count), -1, 1)
        root = np.stack([along, np.interp(along, knots, middle) + across * np.interp(along, knots, half)], axis=1)
        share = (along - first) / (last - first)
        ahead = np.degrees(
            np.arctan2(np.interp(along + 0.05, knots, middle) - np.interp(along - 0.05, knots, middle), 0.1)
        )
        angle = ahead + np.interp(share, [0, 0.2, 1], [55, 25, 0]) - across * np.interp(share, [0, 0.3, 1], [0, 25, 12])
        angle = np.radians(angle + rng.normal(0, wild, count))
        reach = rng.uniform(0.05, 0.11, count) * np.interp(share, [0, 0.3, 1], [0.8, 1, 0.7])
        tip = root + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        mask = paint.strokes(area, list(np.stack([root, tip], axis=1)), thickness)
        haze = cv2.GaussianBlur(mask, (0, 0), 2.0)
        mask = cover * np.clip(1.1 * mask + 0.35 * haze, 0, 1)[:, ::flip]
        albedo[where] += mask[:, :, None] * (colour - albedo[where])
        slope = np.stack([np.gradient(mask, axis=1), np.gradient(mask, axis=0)], axis=2)
        bump[where] += 0.35 * slope.astype(np.float32)


def beard(rng: np.random.Generator, albedo: np.ndarray, bump: np.ndarray, hair: np.ndarray, tone: np.ndarray) -> None:
    """Paint a shadow, stubble, moustache, goatee or full beard. tone (3,): the skin's, which shaved hair darkens."""
    moustache, cheeks = paint.beard_zone()
    side, _ = paint.side_and_up()
    kind = rng.choice(["shadow", "stubble", "full", "moustache", "goatee"], p=[0.3, 0.3, 0.18, 0.1, 0.12])
    zone = {
        "moustache": moustache,
        "goatee": np.maximum(moustache, cheeks * smoothstep((rng.uniform(0.45, 0.6) - side) / 0.1)),
    }.get(str(kind), np.maximum(moustache * rng.uniform(0.6, 1), cheeks))
    patchy = np.clip(1 + rng.uniform(0, 0.5) * paint.noise(rng, 14), 0, 1.3)
    hairs = cv2.blur(rng.random((SIZE, SIZE), np.float32), (1, 3 if kind in ("shadow", "stubble") else 5)) - 0.5
    hairs = np.clip(0.5 + hairs * rng.uniform(1.2, 2.6), 0, 1)
    thick = {"shadow": rng.uniform(0.12, 0.35), "stubble": rng.uniform(0.3, 0.7)}.get(str(kind), rng.uniform(0.8, 1.3))
    even = 0.35 if kind == "shadow" else 0.0  # uniform darkening by hairs under the skin
    cover = np.clip(zone * patchy * thick * (even + (1 - even) * 1.4 * hairs), 0, 0.97).astype(np.float32)
    colour = np.minimum(hair, 0.35 * tone) if kind == "shadow" else np.clip(hair, 0.01, 0.5) * 0.9
    albedo += cover[:, :, None] * (colour - albedo)
    if thick > 0.5:
        slope = np.stack([np.gradient(hairs, axis=1), np.gradient(hairs, axis=0)], axis=2)
        bump += (0.35 * np.clip(cover, 0, 1))[:, :, None] * slope


def hairline(rng: np.random.Generator, albedo: np.ndarray, bump: np.ndarray, hair: np.ndarray) -> None:
    """Paint short hair on the scalp down to the temples; `hair` adds the rest as a mesh."""
    side, up = paint.side_and_up()
    top, burn = rng.uniform(0.95, 1.35), rng.uniform(-0.45, 0.15)
    temple = top - rng.uniform(0.0, 0.15) + rng.uniform(0, 0.12) * (rng.random() < 0.4)
    line = np.interp(
        side,
        [0, 0.4, 0.8, 1.05, 1.25, 1.4, 1.48, 1.62, 1.72, 1.95],
        [top, top + 0.02, temple, temple - 0.3, 0.5, 0.2, burn + 0.1, burn, 0.25, 0.2],
    )
    soft = rng.uniform(0.02, 0.12)
    edge = (up - line + 0.03 * paint.noise(rng, 80)) / soft
    strands = cv2.blur(rng.random((SIZE, SIZE), np.float32), (1, 7)) - 0.5
    cover = np.clip(smoothstep(edge) * (rng.uniform(0.75, 1.0) + strands), 0, 1)[:, :, None]
    albedo += cover * (hair * (1 + 1.5 * strands[:, :, None]) - albedo)
    slope = np.stack([np.gradient(strands, axis=1), np.gradient(strands, axis=0)], axis=2)
    bump += 0.5 * cover * slope
