"""Training pictures: a head of any family, dressed in random skin, hair, light and lens, drawn by `raster`.

Heads come in inter-ocular units: origin between the eyeballs, x to the subject's left, y up, z out of the face.
"""

from dataclasses import dataclass

import numpy as np

from .raster import draw, vertex_normals

SKIN, EYE_LEFT, EYE_RIGHT, TEETH, MOUTH, LASH, SCALP = range(7)


@dataclass(frozen=True)
class Surface:
    """What does not change from picture to picture within a head family.

    triangles (t, 3) int32; part (n,) one of the constants above; lips, brows (n,) 0..1 masks.
    """

    triangles: np.ndarray
    part: np.ndarray
    lips: np.ndarray
    brows: np.ndarray


def brow_mask(vertices: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(n,) 0..1: skin on two arcs above the eyes of the neutral head, by position."""
    x, y, z = np.abs(vertices[:, 0]), vertices[:, 1], vertices[:, 2]
    arc = 0.33 + 0.1 * np.clip((x - 0.2) / 0.55, 0, 1) - 0.22 * np.clip((x - 0.65) / 0.3, 0, 1) ** 2
    thickness = 0.075 - 0.045 * np.clip((x - 0.2) / 0.75, 0, 1)
    inside = np.exp(-(((y - arc) / thickness) ** 2)) * (x > 0.14) * (x < 0.98) * (z > 0)
    return np.where(part == SKIN, inside, 0.0)


def lip_mask(vertices: np.ndarray, part: np.ndarray, roll_upper: np.ndarray, roll_lower: np.ndarray) -> np.ndarray:
    """(n,) 0..1: skin around the line between the lips of the neutral head.

    The line's height is found where the two lip rolls, displacements (n, 3), meet on the middle line.
    """
    middle = (np.abs(vertices[:, 0]) < 0.12) & (part == SKIN) & (vertices[:, 2] > 0.2)
    upper, lower = (np.linalg.norm(move, axis=1) * middle for move in (roll_upper, roll_lower))
    height = (np.average(vertices[:, 1], weights=upper**4) + np.average(vertices[:, 1], weights=lower**4)) / 2
    x, y = np.abs(vertices[:, 0]), vertices[:, 1] - height
    thickness = 0.2 * np.sqrt(np.clip(1 - (x / 0.43) ** 2, 1e-4, 1))
    inside = np.clip(3 - 3 * np.abs(y) / thickness, 0, 1) * (x < 0.43) * (vertices[:, 2] > 0.1)
    return np.where(part == SKIN, inside, 0.0)


@dataclass(frozen=True)
class Look:
    """One person's colours: drawn once for an identity, so that its pictures differ in light, lens and pose only."""

    albedo: np.ndarray  # (n, 3)
    eyes: np.ndarray  # (4, 3) pupil, iris, rim, white


def random_look(rng: np.random.Generator, surface: Surface, neutral: np.ndarray) -> Look:
    """Skin from very dark to very light, lips, brows, hair, stubble, eye colour."""
    n = len(neutral)
    tone = rng.uniform(0, 1)
    skin = (1 - tone) * np.array([0.16, 0.09, 0.06]) + tone * np.array([0.85, 0.63, 0.52])
    skin = np.clip(skin * np.exp(rng.normal(0, 0.07, 3)), 0.03, 0.95)
    albedo = np.tile(skin, (n, 1))
    waves = np.sin(neutral @ rng.normal(0, 3, (3, 6)) + rng.uniform(0, 6.3, 6))
    albedo *= 1 + 0.03 * waves @ rng.normal(0, 1, (6, 3)) + rng.normal(0, 0.02, (n, 1))
    blush = np.exp(-((np.abs(neutral[:, 0]) - 0.55) ** 2 + (neutral[:, 1] + 0.6) ** 2) / 0.12)[:, None]
    albedo *= 1 + rng.uniform(0, 0.12) * blush * np.array([0.6, -0.6, -0.5])
    lip = np.clip(skin * np.array([1.0, 0.68, 0.68]) * np.exp(rng.normal(0, 0.15, 3)), 0, 1)
    albedo += surface.lips[:, None] * rng.uniform(0.4, 1.0) * (lip - albedo)
    hair = np.array([0.03, 0.02, 0.015]) + rng.uniform(0, 1) ** 2 * np.array([0.5, 0.36, 0.2])
    if rng.random() < 0.12:
        hair = np.full(3, rng.uniform(0.3, 0.75))
    albedo += surface.brows[:, None] * rng.uniform(0.35, 0.95) * (hair * 0.8 + 0.2 * skin - albedo)
    hairline = rng.uniform(0.95, 1.45)
    back = (neutral[:, 1] > hairline + 0.35 * (np.abs(neutral[:, 0]) < 0.6)) | (
        (neutral[:, 2] < -0.75) & (neutral[:, 1] > rng.uniform(-2.5, 0.2))
    )
    if rng.random() < 0.9:
        albedo[back & (surface.part <= SKIN)] = hair
        albedo[surface.part == SCALP] = hair
    if rng.random() < 0.25:
        beard = (neutral[:, 1] < -1.0) & (neutral[:, 2] > -0.6) & (neutral[:, 1] > -2.3) & (surface.lips < 0.2)
        albedo[beard & (surface.part == SKIN)] *= rng.uniform(0.45, 0.85)
    albedo[surface.part == TEETH] = np.array([0.8, 0.76, 0.68]) * rng.uniform(0.6, 1.0)
    albedo[surface.part == MOUTH] = np.array([0.45, 0.16, 0.15]) * rng.uniform(0.5, 1.0)
    albedo[surface.part == LASH] = rng.uniform(0, 0.6) * skin
    iris = np.array([[0.18, 0.09, 0.04], [0.2, 0.3, 0.4], [0.25, 0.27, 0.15], [0.08, 0.05, 0.03]])[rng.integers(4)]
    eyes = np.stack([np.full(3, 0.015), iris * rng.uniform(0.7, 1.3), iris * 0.35, np.array([0.75, 0.7, 0.67])])
    return Look(np.clip(albedo, 0, 1).astype(np.float32), eyes.astype(np.float32))


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Head to camera (3, 3): yaw to +-45 degrees, pitch to +-30, roll to +-25, mostly near the front."""
    yaw, pitch, roll = np.radians(np.clip(rng.normal(0, [17, 10, 8]), [-45, -30, -25], [45, 30, 25]))
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def picture(
    rng: np.random.Generator,
    surface: Surface,
    look: Look,
    vertices: np.ndarray,
    eye_angle: np.ndarray,
    rotation: np.ndarray,
    size: int = 256,
) -> np.ndarray:
    """One picture (size, size, 3) uint8 BGR of a head (n, 3) turned by `rotation` in random light, lens and camera.

    eye_angle (n,): see `raster.draw`.
    """
    turned = vertices @ rotation.T
    half_view = np.radians(rng.uniform(9, 30))
    wide = rng.uniform(3.4, 6.0)  # the picture shows that many inter-ocular distances at the face
    distance = wide / 2 / np.tan(half_view)
    focal = size / 2 / np.tan(half_view)
    offset = rng.normal(0, 0.25, 2) + np.array([0.0, -0.35])
    z = distance - turned[:, 2]
    points = np.empty((len(vertices), 3), np.float32)
    points[:, 0] = size / 2 + focal * (turned[:, 0] - offset[0]) / z
    points[:, 1] = size / 2 - focal * (turned[:, 1] - offset[1]) / z
    points[:, 2] = 1 / z
    normals = vertex_normals(turned.astype(np.float32), surface.triangles)
    colours = look.albedo * _light(rng, normals)[:, :]
    inside = (surface.part == TEETH) | (surface.part == MOUTH)
    colours[inside] *= 0.55
    if rng.random() < 0.7:  # a little shine
        half = _unit(rng.normal(0, 0.5, 3) + np.array([0, 0.5, 1.5]))
        colours += (rng.uniform(0.02, 0.25) * np.clip(normals @ half, 0, 1) ** rng.uniform(10, 40))[:, None]
    eyes = look.eyes.copy()
    image = _background(rng, size)
    depth = np.zeros((size, size), np.float32)
    draw(image, depth, points, np.ascontiguousarray(colours, np.float32), eye_angle, eyes, surface.triangles)
    return _camera(rng, image)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _light(rng: np.random.Generator, normals: np.ndarray) -> np.ndarray:
    """(n, 3) light from an ambient term with a sky gradient and one to three lamps."""
    tint = np.exp(rng.normal(0, 0.06, 3))
    up = 0.5 + 0.5 * normals[:, 1:2]
    light = rng.uniform(0.15, 0.6) * tint * (0.6 + 0.4 * up)
    # The camera's own white balance keeps most light near white.
    for k in range(rng.integers(1, 4)):
        direction = _unit(rng.normal(0, 0.7, 3) + np.array([0, 0.4, 1.1 if k == 0 else 0.4]))
        wrap = rng.uniform(0, 0.35)
        amount = np.clip((normals @ direction + wrap) / (1 + wrap), 0, 1)[:, None]
        light = light + rng.uniform(0.25, 0.8) / (1 + 0.6 * k) * np.exp(rng.normal(0, 0.05, 3)) * amount
    return light


def _background(rng: np.random.Generator, size: int) -> np.ndarray:
    corners = rng.uniform(0, 1, (2, 2, 3)) * rng.uniform(0.2, 1.0)
    t = np.linspace(0, 1, size)[:, None, None]
    s = np.linspace(0, 1, size)[None, :, None]
    plain = (1 - t) * ((1 - s) * corners[0, 0] + s * corners[0, 1]) + t * ((1 - s) * corners[1, 0] + s * corners[1, 1])
    for _ in range(rng.integers(0, 6)):  # things behind the person
        x0, y0 = rng.integers(0, size, 2)
        w, h = rng.integers(size // 10, size // 2, 2)
        plain[y0 : y0 + h, x0 : x0 + w] = rng.uniform(0, 1, 3)
    return plain.astype(np.float32)


def _camera(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Exposure, gamma, blur, low resolution, noise, JPEG."""
    import cv2

    image = np.clip(image * rng.uniform(0.75, 1.25), 0, 1) ** (1 / rng.uniform(1.6, 2.4))
    size = image.shape[0]
    if rng.random() < 0.35:
        small = int(size * rng.uniform(0.35, 0.9))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    else:
        image = cv2.GaussianBlur(image, (3, 3), rng.uniform(0.4, 0.9))
    image = image + rng.normal(0, rng.uniform(0.002, 0.03), image.shape).astype(np.float32)
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    out = (np.clip(image[:, :, ::-1], 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(35, 95))])
        out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(out)
