"""Training pictures: one head of any family in random light, surroundings, lens and camera, rendered by `raster`.

Heads come in inter-ocular units (IOU): origin between the eyeballs, x to the subject's left, y up, z out of the face.
Camera axes: the same of a head that faces the camera.
"""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..people.heads import Surface
from ..people.mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, TEETH, WORN
from .backdrop import random_background
from .camera import Film, View, random_film, random_view
from .light import Light, random_light
from .raster import draw
from .scene import Scene

if TYPE_CHECKING:
    from .skin import Skin
    from .wear import Mesh

_METERED, _METERING = 0.28, 0.3  # auto exposure: brightens faces darker than this albedo, by this power of the ratio
_IRIS = 0.093  # radius in IOU; it hardly varies between people
_LASHES = 0.4  # lashes together look darker than the colour of one
_LOWER_LASHES = 0.411  # v in the atlas: below lie those of the lower lid
_LINEAR_EYE = 0.6  # rad from the axis: beyond lies the plain ball, without the cornea


@dataclass(frozen=True)
class Shot:
    """A picture. image (size, size, 3) uint8 BGR; focal px; light: the render in linear RGB, before `_film`."""

    image: np.ndarray
    focal: float
    light: np.ndarray
    _view: View
    _film: Film
    _rotation: np.ndarray
    _move: np.ndarray  # (2, 3) pixels of the light -> pixels of the picture

    def project(self, points: np.ndarray) -> np.ndarray:
        """(m, 3) in head axes -> (m, 2) px, x right, y down; (0, 0) is the picture's corner, not a pixel's centre."""
        flat = self._view.project(points @ self._rotation.T)
        return flat @ self._move[:, :2].T + self._move[:, 2]

    @property
    def clear(self) -> bool:
        """Whether it was taken with a good camera."""
        return self._film.clear

    def developed(self, rng: np.random.Generator) -> np.ndarray:
        """The same picture with other noise."""
        return self._film.develop(rng, self.light)


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Head to camera (3, 3): yaw up to 60 degrees, pitch 30, roll 25; 15 % uniform, the rest near frontal."""
    most = np.array([60.0, 30.0, 25.0])
    angles = rng.uniform(-most, most) if rng.random() < 0.15 else np.clip(rng.normal(0, [18, 12, 8]), -most, most)
    yaw, pitch, roll = np.radians(angles)
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def picture(
    rng: np.random.Generator,
    surface: Surface,
    skin: "Skin",
    mesh: "Mesh | None",
    vertices: np.ndarray,
    eye_angle: np.ndarray,
    rotation: np.ndarray,
    arkit: np.ndarray,
    size: int = 288,
    twin: Shot | None = None,
    device: str = "cpu",
) -> Shot:
    """One picture of a head (n, 3) IOU turned by `rotation` (3, 3), wearing `mesh`, in random light, lens and camera.

    eye_angle (n,) rad between an eyeball vertex and the gaze, -1 elsewhere. arkit (52,) weights in the order of
    `names.ARKIT`, for the wrinkles. size: a multiple of 8. With `twin`, that shot again with other noise and
    compression and a tiny shift; everything else is then ignored.
    """
    if twin is not None:
        return _again(rng, twin)
    view = random_view(rng, size)
    light = random_light(rng)
    scene = build_scene(rng, surface, skin, mesh, vertices, eye_angle, rotation, arkit, view, light)
    room = light.on(np.array([[0.0, 0.6, 0.8]])).mean() / 1.0
    background = random_background(rng, size) * np.float32(room)
    linear = draw(scene, background[None], device)[0]
    face = scene.albedo[0, 80:320:8, 80:320:8, 1].mean()
    linear *= np.float32((_METERED / max(face, 0.02)) ** _METERING)
    film = random_film(rng, view.focal / view.place[2])
    still = np.array([[1.0, 0, 0], [0, 1, 0]])
    return Shot(film.develop(rng, linear), view.focal, linear, view, film, rotation, still)


def build_scene(
    rng: np.random.Generator,
    surface: Surface,
    skin: "Skin",
    mesh: "Mesh | None",
    vertices: np.ndarray,
    eye_angle: np.ndarray,
    rotation: np.ndarray,
    arkit: np.ndarray,
    view: View,
    light: Light,
) -> Scene:
    """The head and what it wears, as a batch of one."""
    part, n = surface.part, len(vertices)
    kind = part[surface.triangles[:, 0]]
    colour = skin.colours[part] * _mouth_shade(vertices, part)[:, None]
    colour[part == LASH] *= _LASHES
    balls = [eyeball(vertices[part == k], eye_angle[part == k]) for k in (EYE_LEFT, EYE_RIGHT)]
    person = np.random.default_rng(zlib.crc32(skin.eyes.tobytes()))
    opaque = np.ones(len(kind))
    opaque[kind == LASH] = _lash_cover(person, surface, vertices, kind, balls)
    pieces = [(vertices @ rotation.T, surface.triangles, colour, kind, opaque)]
    if mesh is not None:
        alpha = mesh.alpha[mesh.triangles].mean(axis=1)
        worn = np.full(len(mesh.triangles), WORN)
        pieces.append((mesh.vertices @ rotation.T, mesh.triangles, mesh.colours, worn, alpha))
    starts = np.cumsum([0] + [len(p[0]) for p in pieces])
    place = np.concatenate([p[0] for p in pieces]).astype(np.float32)
    triangles = np.concatenate([p[1] + start for p, start in zip(pieces, starts[:-1], strict=True)])
    points = np.empty_like(place)
    points[:, :2] = view.project(place)
    points[:, 2] = 1 / np.maximum(view.place[2] - place[:, 2], 0.2)
    uv = np.zeros((len(place), 2), np.float32)
    uv[:n] = surface.uv
    albedo, bump = skin.dressed(arkit)
    eye = np.stack([_eye_frame(centre, axis, rotation) for centre, axis, _ in balls])
    iris = np.arcsin(np.clip(_IRIS / np.mean([radius for *_, radius in balls]), 0.2, 0.7)) * person.uniform(0.93, 1.07)
    shine = (rng.uniform(0.02, 0.30), rng.uniform(8, 40))
    parts = {
        "points": points,
        "place": place,
        "colour": np.concatenate([p[2] for p in pieces]),
        "uv": uv,
        "triangles": triangles,
        "kind": np.concatenate([p[3] for p in pieces]),
        "alpha": np.concatenate([p[4] for p in pieces]),
        "albedo": albedo,
        "bump": bump,
        "eye": eye,
        "eye_colour": skin.eyes,
        "eye_size": np.array([iris, rng.uniform(0.25, 0.55), person.uniform()]),
        "harmonics": light.harmonics,
        "lamp": light.lamp,
        "lamp_colour": light.lamp_colour,
        "lamp_size": light.lamp_size,
        "shadow": np.array(light.shadow),
        "shine": np.array(shine),
        "camera": view.place,
        "scale": np.array(view.focal / view.place[2]),
    }
    return Scene(**{name: np.asarray(value)[None] for name, value in parts.items()})


def eyeball(vertices: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre (3,), gaze axis (3,) and radius of an eye's vertices (m, 3) at `angle` (m,) rad from the gaze.

    The sphere through the ball behind the cornea and the axis that best explains the angles, both by least squares.
    """
    ball = vertices[angle > _LINEAR_EYE].astype(np.float64)
    equations = np.c_[2 * ball, np.ones(len(ball))]
    solution = np.linalg.solve(equations.T @ equations, equations.T @ (ball**2).sum(axis=1))
    centre = solution[:3]
    arm = vertices - centre
    arm /= np.linalg.norm(arm, axis=1, keepdims=True)
    axis = np.linalg.solve(arm.T @ arm, arm.T @ np.cos(angle))
    return centre, axis / np.linalg.norm(axis), float(np.sqrt(solution[3] + centre @ centre))


def _eye_frame(centre: np.ndarray, axis: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    up = np.array([0.0, 1.0, 0.0]) - axis[1] * axis
    return np.stack([centre, axis, up / np.linalg.norm(up)]) @ rotation.T


def _lash_cover(
    person: np.random.Generator,
    surface: Surface,
    vertices: np.ndarray,
    kind: np.ndarray,
    balls: list[tuple[np.ndarray, np.ndarray, float]],
) -> np.ndarray:
    """(lash triangles,) 0..1: coverage by hair, less at the tips and on the lower lid."""
    corners = surface.triangles[kind == LASH]
    middle = vertices[corners].mean(axis=1)
    side = (middle[:, 0] < 0).astype(int)
    centres, radii = np.stack([b[0] for b in balls]), np.array([b[2] for b in balls])
    away = np.linalg.norm(middle - centres[side], axis=1) / radii[side] - 1.03
    lower = surface.uv[corners[:, 0], 1] > _LOWER_LASHES
    cover = person.uniform(0.8, 1.8) * (1 - 0.5 * np.clip(away / 0.3, 0, 1))
    return cover * np.where(lower, person.uniform(0.1, 0.4), 1) * person.uniform(0.7, 1.3, len(cover))


def _mouth_shade(vertices: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(n,) 0..1: teeth and tongue darken with their depth behind the front teeth."""
    shade = np.ones(len(vertices))
    inside = (part == TEETH) | (part == MOUTH)
    front = vertices[part == TEETH, 2].max()
    shade[inside] = 0.85 * np.exp(-np.maximum(front - vertices[inside, 2], 0) / 0.28)
    return shade


def _again(rng: np.random.Generator, shot: Shot) -> Shot:
    """The twin of a shot."""
    import cv2

    size = shot.image.shape[0]
    angle, grown = rng.normal(0, 0.008), 1 + rng.normal(0, 0.008)
    turn = grown * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, size / 2)
    move = np.c_[turn, middle - turn @ middle + rng.normal(0, 0.8, 2)]
    half = np.full(2, 0.5)  # OpenCV puts (0, 0) at the centre of the first pixel
    warp = np.c_[turn, move[:, 2] + turn @ half - half]
    moved = cv2.warpAffine(shot.light, warp, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    both = np.c_[turn @ shot._move[:, :2], turn @ shot._move[:, 2] + move[:, 2]]
    film = shot._film
    return Shot(film.develop(rng, moved), shot.focal, shot.light, shot._view, film, shot._rotation, both)
