"""fields.add_shapes: the ARKit shapes for a head that lacks some or all; fields.place_landmarks before it."""

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Vector

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.names import ARKIT
from ..fields_blender.geometry import align
from ..fields_blender.rig import add_shapes
from ..fields_blender.rig.rig_names import plain
from .head import head_axes, head_objects
from .head.heads import chosen_head
from .mapping_edit import OnHead

_MARK = "FIELDS "
_FEWEST = 500  # vertices: with fewer no lid can shut


class _OnMesh(OnHead):
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Go to Object Mode first")
            return False
        return super().poll(context)


class FIELDS_OT_place_landmarks(_OnMesh, bpy.types.Operator):
    """Put small spheres on this head's eyes, mouth, nose and chin. Move those that are off to where their names say"""

    bl_idname = "fields.place_landmarks"
    bl_label = "Place Landmarks"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            mesh = face_mesh(chosen_head(context))
        except FieldsError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        places = head_axes.landmarks(mesh)
        known = places is not None
        places = places if known else guess(mesh)
        _remove(mesh)
        size = 0.03 * float(np.linalg.norm(places[0] - places[4]))
        for name, place in zip(align.LANDMARKS, places, strict=True):
            mark = bpy.data.objects.new(_MARK + name, None)
            mark.empty_display_type, mark.empty_display_size = "SPHERE", size
            mark.show_in_front = mark.show_name = True
            mesh.users_collection[0].objects.link(mark)
            mark.parent = mesh
            mark.location = place
        said = "Move those that are off, then press Add ARKit Shapes" if not known else "This mesh is known: they fit"
        self.report({"INFO"}, f"{len(places)} landmarks are on “{mesh.name}”. {said}")
        return {"FINISHED"}


class FIELDS_OT_add_shapes(_OnMesh, bpy.types.Operator):
    """Give this head the ARKit shapes it lacks, as a start to sculpt on. Shape keys that are there stay as they are"""

    bl_idname = "fields.add_shapes"
    bl_label = "Add ARKit Shapes"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            head = chosen_head(context)
            mesh = face_mesh(head)
            made = add(mesh, beside(head, mesh))
        except FieldsError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        _remove(mesh)
        count = made.pop(mesh, 0)
        too = f"; {', '.join(f'“{other.name}”' for other in made)} got theirs too" if made else ""
        self.report(
            {"INFO"}, f"{count} shape key{'s' * (count != 1)} added to “{mesh.name}”{too}; those that were there stay"
        )
        return {"FINISHED"}


def face_mesh(head: bpy.types.Object) -> bpy.types.Object:
    """The mesh of the head with most vertices, or the head itself. Raises FieldsError where there is none."""
    meshes = [head] if head.type == "MESH" else [m for m in head_objects.members(head) if m.type == "MESH"]
    if not meshes:
        raise FieldsError(f"“{head.name}” has no mesh. Choose the mesh of the face as the head.")
    mesh = max(meshes, key=lambda member: len(member.data.vertices))
    if not mesh.data.is_editable:
        raise FieldsError(f"“{mesh.name}” is linked from another file. Add the shapes in that file.")
    if len(mesh.data.vertices) < _FEWEST:
        raise FieldsError(
            f"“{mesh.name}” has {len(mesh.data.vertices)} vertices, too few for lids and lips. Choose the face's mesh."
        )
    keys = mesh.data.shape_keys
    if keys and not keys.use_relative:
        raise FieldsError(
            f"The shape keys of “{mesh.name}” are absolute. Switch Relative on (Properties > Data > Shape Keys) first."
        )
    return mesh


def beside(head: bpy.types.Object, face: bpy.types.Object) -> list[bpy.types.Object]:
    """Other meshes of a head whose middle lies within the face's box, among which its eyes, teeth and tongue are."""
    low, high = head_objects.box(face)
    found: dict[bpy.types.ID, bpy.types.Object] = {}
    for member in head_objects.members(head):
        if member.type != "MESH" or member.data == face.data or not len(member.data.vertices):
            continue
        keys = member.data.shape_keys
        middle = np.mean(head_objects.box(member), axis=0)
        inside = (low <= middle).all() and (middle <= high).all()
        if inside and member.data.is_editable and (keys is None or keys.use_relative):
            found.setdefault(member.data, member)
    return list(found.values())


def add(mesh: bpy.types.Object, others: Sequence[bpy.types.Object] = ()) -> dict[bpy.types.Object, int]:
    """Add what ARKit shapes the mesh lacks, and of the others, which lie beside it, the eyes, lower teeth, tongue,
    lashes and brows. How many each got. Raises FieldsError, with nothing added."""
    wanted = _wanted(mesh)
    if not wanted:
        raise FieldsError(f"“{mesh.name}” has all 52 ARKit shapes already. Rename or delete those to be made anew.")
    marks = _marks(mesh)
    if marks is None:
        raise FieldsError(
            "FIELDS doesn't know this mesh. Press Place Landmarks, move each sphere to where its name says, then press "
            "Add ARKit Shapes again."
        )
    to_face = [np.array(mesh.matrix_world.inverted_safe() @ other.matrix_world) for other in others]
    rests = [_rest(other) for other in others]
    placed = [points @ to[:3, :3].T + to[:3, 3] for points, to in zip(rests, to_face, strict=True)]
    starts = np.cumsum([0, len(mesh.data.vertices), *(len(points) for points in rests)])
    triangles = [_triangles(other) + start for other, start in zip((mesh, *others), starts[:-1], strict=True)]
    made = add_shapes.add_shapes(
        np.concatenate([_rest(mesh), *placed]), np.concatenate(triangles), marks, int(starts[1])
    )
    added = {mesh: _give(mesh, wanted, made[:, : starts[1]])}
    for other, to, first, last in zip(others, to_face, starts[1:-1], starts[2:], strict=True):
        moves = made[:, first:last] @ np.linalg.inv(to[:3, :3]).T
        if moves.any() and (count := _give(other, _wanted(other), moves)):
            added[other] = count
    return added


def _wanted(mesh: bpy.types.Object) -> list[tuple[int, str]]:
    """The ARKit shapes that a mesh lacks, with their places in ARKIT."""
    there = {plain(block.name) for block in mesh.data.shape_keys.key_blocks} if mesh.data.shape_keys else set()
    return [(index, name) for index, name in enumerate(ARKIT) if plain(name) not in there]


def _give(mesh: bpy.types.Object, wanted: list[tuple[int, str]], moves: np.ndarray) -> int:
    """Add those of the shapes that move something, by their displacements (52, n, 3), and say how many."""
    rest = _rest(mesh)
    added = 0
    for index, name in wanted:
        if not moves[index].any():
            continue  # a head without a tongue puts none out
        if mesh.data.shape_keys is None:
            mesh.shape_key_add(name="Basis", from_mix=False)
        key = mesh.shape_key_add(name=name, from_mix=False)
        key.value = 0.0  # new keys begin at 1 in some versions
        key.data.foreach_set("co", (rest + moves[index]).astype(np.float32).ravel())
        added += 1
    mesh.data.update()
    return added


def guess(mesh: bpy.types.Object) -> np.ndarray:
    """About where LANDMARKS are (14, 3) on a mesh that looks along -Y with z up: the nose sticks out, and the head is
    about twice as wide as its outer eye corners are apart."""
    rest = _rest(mesh)
    top = rest[:, 2].max()
    head = rest[rest[:, 2] > top - 1.7 * _width(rest, top)]
    middle = (head[:, 0].max() + head[:, 0].min()) / 2.0
    wide = float(np.ptp(head[:, 0]))
    centre = head[np.abs(head[:, 0] - middle) < 0.06 * wide]
    low = np.quantile(centre[:, 2], 0.25)
    face = centre[centre[:, 2] > low]
    nose = face[face[:, 1].argmin()]
    apart = 0.52 * wide
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    places = (align.AVERAGE - align.AVERAGE[12]) @ turn.T * apart + (middle, nose[1], nose[2])
    made = []
    for place in places:
        near = rest[np.argsort(np.linalg.norm((rest - place)[:, ::2], axis=1))[:12]]
        made.append(near[near[:, 1].argmin()])
    return np.array(made)


def _width(rest: np.ndarray, top: float) -> float:
    """Of the head: of the uppermost eighth of a whole figure, of all of a bust."""
    upper = rest[rest[:, 2] > top - 0.13 * (top - rest[:, 2].min())]
    tall = top - rest[:, 2].min()
    return float(np.ptp((rest if tall < 2.5 * np.ptp(rest[:, 0]) else upper)[:, 0]))


def _marks(mesh: bpy.types.Object) -> np.ndarray | None:
    """Where LANDMARKS are: as the artist placed them, else as the mesh is known."""
    placed = {child.name.partition(".")[0].removeprefix(_MARK): child for child in _placed(mesh)}
    if all(name in placed for name in align.LANDMARKS):
        bpy.context.view_layer.update()
        to_mesh = mesh.matrix_world.inverted_safe()
        at = [to_mesh @ Vector(placed[name].matrix_world.translation) for name in align.LANDMARKS]
        return np.array(at)
    return head_axes.landmarks(mesh)


def _placed(mesh: bpy.types.Object) -> list[bpy.types.Object]:
    return [child for child in mesh.children if child.type == "EMPTY" and child.name.startswith(_MARK)]


def _remove(mesh: bpy.types.Object) -> None:
    for mark in _placed(mesh):
        bpy.data.objects.remove(mark)


def _rest(mesh: bpy.types.Object) -> np.ndarray:
    points = np.empty(len(mesh.data.vertices) * 3, dtype=np.float32)
    rest = mesh.data.shape_keys.reference_key.data if mesh.data.shape_keys else mesh.data.vertices
    rest.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def _triangles(mesh: bpy.types.Object) -> np.ndarray:
    mesh.data.calc_loop_triangles()
    corners = np.empty(len(mesh.data.loop_triangles) * 3, dtype=np.int32)
    mesh.data.loop_triangles.foreach_get("vertices", corners)
    return corners.reshape(-1, 3).astype(np.int64)


CLASSES = (FIELDS_OT_place_landmarks, FIELDS_OT_add_shapes)
