"""The demo head's texture: skin, lips, cropped hair, iris and sclera, painted procedurally by position on the face.

Colours are sRGB 0..255; positions are metres from between the eyes, x to the subject's left, y up, z out of the face.
"""

import cv2
import numpy as np

from fields_blender.core.easing import smoothstep

SIZE = 2048
EYE_PATCH = (0.36, 0.24, 0.13)  # centre and radius in UV, shared by both eyes

_SKIN = np.array([205.0, 160.0, 136.0])
_FLUSH = np.array([192.0, 118.0, 102.0])
_LIP = np.array([174.0, 106.0, 98.0])
_HAIR = np.array([46.0, 34.0, 28.0])
_MOUTH = np.array([120.0, 48.0, 46.0])
# The hairline: angle around the skull's axis in degrees, 0 at the forehead, 180 at the nape; height in m.
_HAIRLINE = np.array(
    [
        *([0, 0.066], [14, 0.065], [28, 0.061], [40, 0.054], [50, 0.044], [57, 0.031], [63, 0.014], [67, -0.003]),
        *([72, -0.010], [77, -0.004], [81, 0.010], [90, 0.012], [99, 0.011], [107, 0.000], [116, -0.022]),
        *([126, -0.046], [138, -0.058], [155, -0.062], [180, -0.063]),
    ]
)
_SKULL_AXIS = -0.062  # z in m


def paint(
    corner_uv: np.ndarray, triangles: np.ndarray, positions: np.ndarray, masks: dict[str, np.ndarray]
) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8 RGB, row 0 at v = 1.

    corner_uv (t, 3, 2), triangles (t, 3) into positions (n, 3) and into each of masks (n,) 0..1: lips, ears, mouth.
    """
    names = list(masks)
    values = np.concatenate([positions, np.stack([masks[k] for k in names], axis=1)], axis=1)
    at, covered = _rasterise(corner_uv, values[triangles])
    position, mask = at[..., :3], dict(zip(names, np.moveaxis(at[..., 3:], -1, 0), strict=True))
    picture = _skin(position, mask)
    picture[~covered] = _SKIN
    picture = _bleed(picture, covered)
    _eye(picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _rasterise(uv: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate values (t, 3, k) over the texture: (SIZE, SIZE, k) float32, and a mask of where triangles lie."""
    out = np.zeros((SIZE, SIZE, values.shape[2]), np.float32)
    covered = np.zeros((SIZE, SIZE), bool)
    pixels = np.stack([uv[..., 0] * SIZE - 0.5, (1.0 - uv[..., 1]) * SIZE - 0.5], axis=-1)
    for corners, value in zip(pixels, values, strict=True):
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, SIZE)
        x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
        a, b, c = corners
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9 or not x.size:
            continue
        wb = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        wc = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        inside = (wb >= -1e-3) & (wc >= -1e-3) & (wb + wc <= 1 + 1e-3)
        weights = np.stack([1 - wb - wc, wb, wc], axis=-1)[inside]
        out[y[inside], x[inside]] = weights @ value
        covered[y[inside], x[inside]] = True
    return out, covered


def _skin(p: np.ndarray, mask: dict[str, np.ndarray]) -> np.ndarray:
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    colour = np.broadcast_to(_SKIN, p.shape).astype(np.float32).copy()
    colour += (2.0 * _noise(24, 1) + 1.6 * _noise(6, 2) + 2.0 * _noise(2, 3))[..., None]
    colour += np.array([1.5, -2.0, -2.0]) * _noise(40, 4)[..., None]

    def near(cx: float, cy: float, cz: float, size: float) -> np.ndarray:
        return np.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / (2 * size**2))

    _mix(colour, _FLUSH, 0.42 * near(0.040, -0.032, 0.014, 0.013) + 0.35 * near(0.0, -0.030, 0.046, 0.009))
    _mix(colour, _FLUSH, 0.35 * mask["ears"] + 0.16 * near(0.0, -0.083, 0.028, 0.011))
    _mix(colour, np.array([176.0, 124.0, 112.0]), 0.38 * near(0.029, 0.001, 0.012, 0.0115))
    _mix(colour, np.array([150.0, 92.0, 82.0]), 0.45 * near(0.0288, 0.0005, 0.0155, 0.0062))
    _mix(colour, np.array([222.0, 182.0, 160.0]), 0.20 * near(0.0, 0.045, 0.03, 0.02))
    _mix(colour, _LIP + 5.0 * _noise(3, 5)[..., None], 0.85 * np.clip(mask["lips"], 0, 1))
    _mix(colour, _MOUTH, np.clip(mask["mouth"], 0, 1))
    brow = _brow_shade(p)
    _mix(colour, _HAIR + 12.0, 0.5 * brow)
    hair = _hair(p) * (1.0 - np.clip(3.0 * mask["ears"] - 1.6, 0, 1))
    streaks = 12.0 * _noise(1.2, 6) + 6.0 * _noise(5, 7)
    _mix(colour, np.clip(_HAIR + streaks[..., None], 8, 120), 0.92 * hair)
    return colour


def _hair(p: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: cropped hair, thinning out over 14 mm at the hairline."""
    angle = np.degrees(np.arctan2(np.abs(p[..., 0]), p[..., 2] - _SKULL_AXIS))
    above = p[..., 1] - np.interp(angle, _HAIRLINE[:, 0], _HAIRLINE[:, 1]) + 0.0012 * _noise(14, 8)
    density = smoothstep(above / 0.014 + 0.25)
    stipple = 0.18 * (_noise(1.1, 10) + 0.6 * _noise(2.2, 9)) * density * (1.0 - density) * 4.0
    return np.clip(density + stipple, 0.0, 1.0)


def is_hairy(positions: np.ndarray) -> np.ndarray:
    """(n,) bool: points of the skin (n, 3) that lie well within the hair."""
    angle = np.degrees(np.arctan2(np.abs(positions[:, 0]), positions[:, 2] - _SKULL_AXIS))
    return positions[:, 1] > np.interp(angle, _HAIRLINE[:, 0], _HAIRLINE[:, 1]) + 0.002


def _brow_shade(p: np.ndarray) -> np.ndarray:
    from .demo_head_parts import brow_curve, brow_height

    share = np.linspace(0.0, 1.0, 60)
    curve, height = brow_curve(share), brow_height(share)
    shade = np.zeros(p.shape[:2], np.float32)
    box = (p[..., 1] > 0.005) & (p[..., 1] < 0.035) & (p[..., 2] > -0.03) & (np.abs(p[..., 0]) < 0.065)
    points = np.stack([np.abs(p[..., 0][box]), p[..., 1][box]], axis=1)
    inside = np.zeros(len(points), np.float32)
    for centre, tall in zip(curve, height, strict=True):
        distance = np.linalg.norm((points - centre) / [0.0022, max(0.5 * tall, 1e-3)], axis=1)
        inside = np.maximum(inside, np.exp(-0.9 * distance**2))
    shade[box] = inside
    return shade


def _eye(picture: np.ndarray) -> None:
    """Sclera and iris in EYE_PATCH, as demo_head_parts.eyeball unwraps them: radius = size * (angle / pi) ** 0.6."""
    from .demo_head_parts import LIMBUS, PUPIL

    u, v, size = EYE_PATCH
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    dx, dy = x / SIZE - u, (1.0 - y / SIZE) - v
    radius = np.hypot(dx, dy)
    angle = np.pi * (np.minimum(radius / size, 1.0)) ** (1 / 0.6)
    turn = np.arctan2(dy, dx)
    colour = np.broadcast_to(np.array([232.0, 226.0, 222.0]), (SIZE, SIZE, 3)).astype(np.float32).copy()
    _mix(colour, np.array([214.0, 160.0, 148.0]), np.clip((angle - np.radians(38)) / np.radians(34), 0, 0.75))
    t = np.clip((angle - PUPIL) / (LIMBUS - PUPIL), 0, 1)
    rng = np.random.default_rng(11)
    rays = (
        sum(np.sin(k * turn + phase) for k, phase in zip((17, 29, 41, 67, 90), rng.uniform(0, 6.28, 5), strict=True))
        / 5
    )
    wave = np.sin(9 * turn + 4 * t) * 0.3
    iris = np.array([88.0, 62.0, 40.0]) + np.array([40.0, 30.0, 20.0]) * (rays + wave)[..., None]
    _mix(iris, np.array([128.0, 92.0, 54.0]), 0.75 * np.exp(-((t - 0.18) ** 2) / 0.03))
    _mix(iris, np.array([34.0, 26.0, 22.0]), np.clip((t - 0.72) / 0.28, 0, 1) ** 1.5 * 0.9)
    edge = np.clip((LIMBUS - angle) / np.radians(1.2) + 0.5, 0, 1)
    _mix(colour, iris, edge)
    inside = radius < size * 1.04
    picture[inside] = colour[inside]


def _mix(colour: np.ndarray, other: np.ndarray, amount: np.ndarray) -> None:
    colour += (other - colour) * amount[..., None]


def _noise(size: float, seed: int) -> np.ndarray:
    """Smooth noise of unit deviation over the texture; `size` in pixels."""
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), size)
    return noise / noise.std()


def _bleed(picture: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Extend colours a few pixels beyond the islands' edges, which texture filtering would otherwise show as seams."""
    picture, known = picture.astype(np.float32), covered.astype(np.float32)
    for _ in range(6):
        weight = cv2.blur(known, (3, 3))
        spread = cv2.blur(picture * known[..., None], (3, 3)) / np.maximum(weight, 1e-6)[..., None]
        new = (known < 0.5) & (weight > 1e-3)
        picture[new] = spread[new]
        known[new] = 1.0
    return picture
