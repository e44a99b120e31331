"""Where the reference view stands: to the left of the face as one looks at it, and the view that shows both."""

from typing import Any, NamedTuple

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..fields_blender.core.errors import FieldsError
from .common import viewport
from .common.datablocks import mesh_of
from .head import bone_places, heads, mappings
from .head.head_axes import centre_of_key
from .head.head_objects import box, members

# In distances between the eyes: how tall a head is, how far its side is from its middle, the middle below the eyes, the
# gap between head and picture, and how tall the picture is, in which a face seldom fills more than two thirds.
_TALL, _HALF_WIDE, _BELOW_EYES, _GAP, _PICTURE = 4.0, 1.7, 0.4, 0.4, 6.0


class Face(NamedTuple):
    """Where a face is in the world. `axes` (3, 3): left, up and out of the face, as columns. `eyes`: between them."""

    centre: np.ndarray
    axes: np.ndarray
    eyes: float


def face_of(chosen: bpy.types.Object) -> Face:
    """Of a head: by its eyes where its shape keys or bones tell, else by its meshes, facing -Y."""
    try:
        head = heads.find(chosen, mappings.of(chosen))
    except FieldsError:  # nothing of it can be keyed, but it can be looked at
        return _by_box(chosen)
    pair = _eyes(head)
    if pair is None:
        return _by_box(chosen)
    space = head.armature or head.object
    axes = np.array(space.matrix_world.to_3x3().normalized()) @ heads.axes(head, space)
    apart = float(np.linalg.norm(pair[0] - pair[1]))
    return Face((pair[0] + pair[1]) / 2 - axes[:, 1] * _BELOW_EYES * apart, axes, apart)


def beside(face: Face, aspect: float) -> tuple[Matrix, float]:
    """Where a picture of that aspect goes: its middle and axes (x right, y up, z to the viewer), and its height."""
    height = _PICTURE * face.eyes
    middle = face.centre - face.axes[:, 0] * (face.eyes * (_HALF_WIDE + _GAP) + height * aspect / 2)
    where = Matrix(face.axes.tolist()).to_4x4()
    where.translation = Vector(middle.tolist())
    return where, height


def show_both(context: bpy.types.Context, face: Face, aspect: float) -> None:
    """Turn the 3D View to the face, so that the head and the picture fill it."""
    area = viewport.of(context)
    if area is None:
        return
    space: Any = area.spaces.active
    region = viewport.window_of(area)
    width, height = _PICTURE * face.eyes * aspect, _PICTURE * face.eyes
    across = width + face.eyes * (2 * _HALF_WIDE + _GAP)
    middle = face.centre - face.axes[:, 0] * (across / 2 - face.eyes * _HALF_WIDE)
    # A view shows (sensor / lens) of its distance across its longer side; the sidebar covers a part of it.
    free = max(region.width - _sidebar(area), 1) / max(region.width, region.height)
    need = max(across / free, height * max(region.width, region.height) / max(region.height, 1))
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Matrix(face.axes.tolist()).to_quaternion()
    view.view_distance = 1.15 * need * space.lens / _VIEW_SENSOR
    shift = need * _sidebar(area) / max(region.width, region.height) / 2
    view.view_location = Vector((middle + face.axes[:, 0] * shift).tolist())


_VIEW_SENSOR = 72.0  # mm across the longer side of a 3D View


def _sidebar(area: bpy.types.Area) -> int:
    return sum(region.width for region in area.regions if region.type == "UI" and region.width > 1)


def _eyes(head: heads.Head) -> tuple[np.ndarray, np.ndarray] | None:
    """The middles of both eyes (3,), (3,) in the world."""
    roles = head.roles
    if head.meshes and {"eyeBlinkLeft", "eyeBlinkRight"} <= set(roles):
        left, right = (centre_of_key(head.meshes[0], roles[f"eyeBlink{side}"]) for side in ("Left", "Right"))
        if left is not None and right is not None:
            return _in_world(head.meshes[0], left), _in_world(head.meshes[0], right)
    if head.armature and (pair := bone_places.eyes(head.armature)):
        return _in_world(head.armature, pair[0]), _in_world(head.armature, pair[1])
    return None


def _in_world(space: bpy.types.Object, point: np.ndarray) -> np.ndarray:
    return np.array(space.matrix_world @ Vector(point.tolist()))


def _by_box(chosen: bpy.types.Object) -> Face:
    meshes = [thing for thing in members(chosen) if thing.type == "MESH" and len(mesh_of(thing).vertices)]
    boxes = [box(mesh) for mesh in meshes] or [box(chosen)]
    low, high = np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)
    tall = max(min(high[2] - low[2], 1.3 * (high[0] - low[0])), 1e-3)  # of a whole figure, about the head
    axes = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    return Face(np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2] - tall / 2]), axes, tall / _TALL)
