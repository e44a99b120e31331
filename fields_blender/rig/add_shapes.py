"""The 52 ARKit shapes for a head that has none: transferred from the demo head.

The demo head is warped onto the head. Its skin carries its motion over (`skin_transfer`); eyes, teeth, tongue, lashes
and brows get theirs by what they are (`face_parts`).
"""

import numpy as np

from ..core.errors import FieldsError
from ..core.names import ARKIT
from ..geometry import align, surface
from ..geometry.warp import nearest
from . import face_parts, reference_head, skin_transfer, sources
from .face_parts import STILL
from .skin_transfer import TargetHead

_MAX_DEVIATION = 0.35  # of landmarks that the artist places (`align.deviation`)
_MIRROR_TOLERANCE = 0.0005  # m


def add_shapes(
    vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray, beside: int | None = None
) -> np.ndarray:
    """(52, n, 3) displacements of a head's vertices (n, 3), in the order of ARKIT, in its own units and axes.

    triangles (t, 3); landmarks (14, 3): align.LANDMARKS. Vertices far from the face stay at rest. Vertices from the
    index `beside` on belong to meshes beside the face; they stay at rest too, unless they are eyes, lower teeth,
    tongue, lashes or brows. Raises FieldsError when the landmarks do not lie as on a face.
    """
    if align.deviation(landmarks) > _MAX_DEVIATION:
        raise FieldsError(
            "The landmarks don't lie as they do on a face. Move each to where its name says; left is the head's own "
            "left."
        )
    reference = reference_head.load()
    scale, rotation, offset = align.align(landmarks, reference.landmarks)
    aligned, aligned_landmarks = (scale * points @ rotation.T + offset for points in (vertices, landmarks))
    target = _target(aligned, triangles, aligned_landmarks, beside)
    warped = skin_transfer.fit_warp(reference, target)(reference.with_open_mouth)
    shapes = skin_transfer.warped_shapes(reference, warped)
    displacements = skin_transfer.transfer_skin(reference, warped, shapes, target)
    kinds = face_parts.classify(reference, warped, target)
    displacements = face_parts.turn_eyes_and_lids(reference, warped, target, kinds, displacements)
    # What lies on the skin in a mesh beside the face may be anything: glasses, an earring.
    in_face_mesh = target.islands < (len(vertices) if beside is None else beside)
    kinds = {number: kind for number, kind in kinds.items() if kind != "skin" or in_face_mesh[number]}
    displacements = face_parts.move_parts(reference, target, kinds, displacements)
    displacements = _symmetric(target.vertices, displacements)
    displacements[np.linalg.norm(displacements, axis=2) < STILL] = 0.0
    return displacements @ rotation / scale


def _target(vertices: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray, beside: int | None) -> TargetHead:
    """The head that gets the shapes, aligned to the reference head already."""
    edges = surface.edges(triangles)
    islands = surface.islands(len(vertices), edges)
    # Nose and chin tell which island is the skin: what is nearest to a lid or a lip may be an eye or a tooth.
    skin = np.isin(islands, islands[nearest(landmarks[-2:], vertices[:beside])])
    in_use = np.zeros(len(vertices), bool)
    in_use[triangles] = True
    return TargetHead(vertices, triangles, edges, islands, skin & in_use, landmarks)


def _symmetric(vertices: np.ndarray, displacements: np.ndarray) -> np.ndarray:
    """The displacements (52, n, 3); of a symmetric head made symmetric."""
    moving = np.flatnonzero(np.linalg.norm(displacements, axis=2).max(axis=0) > STILL)
    if not len(moving):
        return displacements
    points = vertices[moving]
    middle = (points[:, 0].max() + points[:, 0].min()) / 2.0
    flipped = points * (-1, 1, 1) + (2.0 * middle, 0.0, 0.0)
    twin = nearest(flipped, points)
    off = np.linalg.norm(points[twin] - flipped, axis=1)
    paired = (off < _MIRROR_TOLERANCE) & (twin[twin] == np.arange(len(twin)))
    if paired.mean() < 0.9:
        return displacements
    other_shape = [sources.COLUMN[sources.mirrored_source(name)[0]] for name in ARKIT]
    part = displacements[:, moving]
    both = (part + part[other_shape][:, twin] * (-1, 1, 1)) / 2.0
    displacements = displacements.copy()
    displacements[:, moving[paired]] = both[:, paired]
    return displacements
