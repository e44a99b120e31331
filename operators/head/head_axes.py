"""Which way is left, up and out of a head's face: by its shape keys, its known mesh, or its bones."""

from collections.abc import Iterable, Iterator
from itertools import product

import bpy
import numpy as np

from ...fields_blender.geometry import align
from . import bone_places

# Sources whose left and right shape keys move the face far apart sideways; sources of the upper and the lower face.
_SIDES = ("eyeBlink", "browDown", "mouthSmile", "cheekSquint")
_UPPER = ("eyeBlinkLeft", "browDownLeft", "browInnerUp")
_LOWER = ("jawOpen", "mouthSmileLeft", "mouthFunnel")
# The direction from jaw or mouth to the eyes is trusted as up where it is this close (cosine) to an axis. A jaw's bone
# may begin at the ears and end anywhere; then the head most likely stands upright in the scene.
_CLEAR = 0.9

# Approximately left and up (3,), where they are known.
_LeftUp = tuple[np.ndarray | None, np.ndarray | None]


def left_and_up(
    mesh: bpy.types.Object | None, armature: bpy.types.Object | None, roles: dict[str, str]
) -> tuple[np.ndarray, np.ndarray, bpy.types.Object] | None:
    """Approximately left and up (3,), (3,), in the space of the mesh or the armature, which comes with them; None where
    nothing tells. `mesh`: the face; `roles`: ARKit source -> shape key of the face that shows it alone."""
    for left, up, space in _found(mesh, armature, roles):
        if left is not None and up is not None:
            return left, up, space
    return None


def rounded(known: tuple[np.ndarray, np.ndarray, bpy.types.Object] | None, space: bpy.types.Object) -> np.ndarray:
    """The axes (left, up, out of the face) as the columns of a rotation (3, 3) in the space of an object: those that
    `left_and_up` found, each rounded to the nearest axis of that space."""
    left, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    if known:
        left, up, found_in = known
        to_space = np.array((space.matrix_world.inverted_safe() @ found_in.matrix_world).to_3x3())
        left = _nearest_axis(to_space @ left)
        up = to_space @ up
        up -= left * (left @ up)
        up /= max(float(np.linalg.norm(up)), 1e-12)
        if np.abs(up).max() < _CLEAR:
            up = up + _world_up(space)
        up = _nearest_axis(up - left * (left @ up))
    return np.stack([left, up, np.cross(left, up)], axis=1)


def landmarks(mesh: bpy.types.Object) -> np.ndarray | None:
    """`align.LANDMARKS` (14, 3) of a mesh that is known, in its space; None for others."""
    if not any(len(mesh.data.vertices) in topology.vertex_counts for topology in align.TOPOLOGIES):
        return None
    points = np.empty(len(mesh.data.vertices) * 3, dtype=np.float32)
    corners = np.empty(len(mesh.data.loops), dtype=np.int32)
    rest = mesh.data.shape_keys.reference_key.data if mesh.data.shape_keys else mesh.data.vertices
    rest.foreach_get("co", points)
    mesh.data.loops.foreach_get("vertex_index", corners)
    return align.landmarks_of(points.reshape(-1, 3), corners)


def centre_of_key(mesh: bpy.types.Object, key: str) -> np.ndarray | None:
    """The centre (3,) of what a shape key moves, in the mesh's space; None when it moves nothing."""
    block = mesh.data.shape_keys.key_blocks[key]
    rest, moved = (np.empty(len(block.data) * 3, dtype=np.float32) for _ in range(2))
    block.relative_key.data.foreach_get("co", rest)
    block.data.foreach_get("co", moved)
    rest = rest.reshape(-1, 3)
    weight = np.linalg.norm(moved.reshape(-1, 3) - rest, axis=1)
    return weight @ rest / weight.sum() if weight.sum() > 0.0 else None


def _found(
    mesh: bpy.types.Object | None, armature: bpy.types.Object | None, roles: dict[str, str]
) -> Iterator[tuple[np.ndarray | None, np.ndarray | None, bpy.types.Object]]:
    """What each way of finding left and up finds, the most reliable first, and in which object's space."""
    if mesh is not None:
        yield *_by_keys(mesh, roles), mesh
        yield *_by_landmarks(mesh), mesh
    if armature is not None:
        yield *_by_bones(armature), armature


def _by_keys(mesh: bpy.types.Object, roles: dict[str, str]) -> _LeftUp:
    """The left eye closes on the left; what moves the upper face lies above what moves the lower."""
    wanted = {f"{side}{suffix}" for side in _SIDES for suffix in ("Left", "Right")} | set(_UPPER) | set(_LOWER)
    centres = {source: centre_of_key(mesh, key) for source, key in roles.items() if source in wanted}
    left = _first_difference(centres, [(f"{side}Left", f"{side}Right") for side in _SIDES])
    return left, _first_difference(centres, product(_UPPER, _LOWER))


def _by_landmarks(mesh: bpy.types.Object) -> _LeftUp:
    known = landmarks(mesh)
    if known is None:
        return None, None
    at = dict(zip(align.LANDMARKS, known, strict=True))
    left, right = at["Left Eye Outer Corner"], at["Right Eye Outer Corner"]
    return left - right, (left + right) / 2.0 - at["Chin"]


def _by_bones(armature: bpy.types.Object) -> _LeftUp:
    """Left by the eyes, else by the mouth; up from the jaw or the mouth to the eyes."""
    eyes, mouth, jaw = (find(armature) for find in (bone_places.eyes, bone_places.mouth_corners, bone_places.jaw))
    across = eyes or mouth
    low = np.array(jaw.tail_local) if jaw else (mouth[0] + mouth[1]) / 2.0 if mouth else None
    left = None if across is None else across[0] - across[1]
    return left, None if low is None or eyes is None else (eyes[0] + eyes[1]) / 2.0 - low


def _first_difference(centres: dict[str, np.ndarray | None], pairs: Iterable[tuple[str, str]]) -> np.ndarray | None:
    """Of the first pair of which both centres are known."""
    for a, b in pairs:
        to, start = centres.get(a), centres.get(b)
        if to is not None and start is not None:
            return to - start
    return None


def _world_up(space: bpy.types.Object) -> np.ndarray:
    """(3,) the scene's z in an object's space."""
    up = np.array(space.matrix_world.to_3x3().inverted_safe())[:, 2]
    return up / max(float(np.linalg.norm(up)), 1e-12)


def _nearest_axis(vector: np.ndarray) -> np.ndarray:
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(vector)))
    axis[largest] = np.sign(vector[largest]) or 1.0
    return axis
