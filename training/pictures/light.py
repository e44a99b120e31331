"""Random light for training pictures: lamps, windows and ambient light, as `scene` needs them. Camera axes."""

from dataclasses import dataclass

import numpy as np

from .scene import LAMPS


@dataclass(frozen=True)
class Light:
    """harmonics (9, 3): ambient irradiance on a surface with normal (x, y, z), linear RGB, as weights of
    1, y, z, x, xy, yz, 3z^2 - 1, xz, x^2 - y^2 (three bands of spherical harmonics, already convolved with the cosine).
    lamp (4, 3): unit vectors to the lamps, the key light first; lamp_colour (4, 3), 0 where there is none;
    lamp_size (4,): half width seen from the face, rad. shadow 0..1: darkness of the key light's shadows, 0 for none.
    """

    harmonics: np.ndarray
    lamp: np.ndarray
    lamp_colour: np.ndarray
    lamp_size: np.ndarray
    shadow: float

    def on(self, normals: np.ndarray) -> np.ndarray:
        """(m, 3) irradiance of surfaces with unit normals (m, 3), without shadows."""
        x, y, z = normals.T
        bands = np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=1)
        return np.maximum(bands @ self.harmonics, 0.01) + np.maximum(normals @ self.lamp.T, 0) @ self.lamp_colour


_FACING = np.array([[0, 0, 1], [0.6, 0, 0.8], [-0.6, 0, 0.8], [0, 0.5, 0.866], [0, -0.5, 0.866]])


def random_light(rng: np.random.Generator) -> Light:
    """Mostly rooms and daylight, near white; one in ten a single hard lamp, one in ten very dark."""
    mood = rng.choice(["room", "soft", "window", "below", "hard"], p=[0.38, 0.28, 0.17, 0.07, 0.10])
    sky = {"room": 0.5, "soft": 1.0, "window": 0.3, "below": 0.3, "hard": 0.10}[mood] * rng.uniform(0.6, 1.4)
    lamps = {"room": rng.integers(1, LAMPS + 1), "soft": rng.integers(0, 2), "window": rng.integers(1, 3)}.get(mood, 1)
    cast = _tint(rng, 0.10)
    harmonics = np.zeros((9, 3))
    harmonics[0] = sky * cast
    gradient = sky * np.clip(rng.normal([0, 0.3, 0.15], [0.25, 0.2, 0.2]), -0.6, 0.6)  # x, y, z
    harmonics[[3, 1, 2]] = gradient[:, None] * cast * _tint(rng, 0.1)
    harmonics[4:] = rng.normal(0, 0.07, (5, 1)) * sky * cast * _tint(rng, 0.1)

    lamp, colour, size = np.tile([0.0, 0.0, 1.0], (LAMPS, 1)), np.zeros((LAMPS, 3)), np.full(LAMPS, 0.2)
    for k in range(lamps):
        towards = rng.normal([0, 0.5, 1.0], [0.8, 0.45, 0.4])
        if k == 0 and mood == "window":
            towards = np.array(
                [rng.choice([-1, 1]) * rng.uniform(0.8, 1.6), rng.normal(0.25, 0.25), rng.uniform(-0.2, 0.7)]
            )
        if k == 0 and mood == "below":
            towards = np.array([rng.normal(0, 0.5), rng.uniform(-1.3, -0.4), rng.uniform(0.5, 1.0)])
        if k > 0 and rng.random() < 0.3:
            towards[2] = -abs(towards[2])  # a rim light from behind
        lamp[k] = towards / np.linalg.norm(towards)
        colour[k] = rng.uniform(0.3, 1.0) / (1 + 0.8 * k) * cast * _tint(rng, 0.12)
        size[k] = rng.uniform(0.05, 0.5) if mood != "hard" else rng.uniform(0.02, 0.12)
    light = Light(harmonics, lamp, colour, size, float(rng.uniform(0.6, 1.0) * (rng.random() < 0.6) * (lamps > 0)))
    level = np.exp(rng.normal(0.08, 0.25)) * (rng.uniform(0.06, 0.3) if rng.random() < 0.1 else 1.0)
    factor = level / light.on(_FACING).mean()  # cameras expose for the face
    return Light(harmonics * factor, lamp, colour * factor, size, light.shadow)


def _tint(rng: np.random.Generator, spread: float) -> np.ndarray:
    """(3,) a colour near white: warmer or cooler, slightly greener or more magenta."""
    warm, green = rng.normal(0, [spread, 0.3 * spread])
    return np.exp([warm, green, -warm])
