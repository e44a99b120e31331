"""fields.add_shapes: the ARKit shapes for a head that lacks some or all; fields.place_landmarks before it."""

from collections.abc import Iterator, Sequence
from typing import Any

import bpy
import numpy as np

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.names import ARKIT
from ..fields_blender.geometry import align
from ..fields_blender.rig.rig_names import plain
from .common.meshes import add_shape_key
from .common.wording import say
from .head import head_axes, head_objects
from .head_operator import HeadOperator

_MARK = "FIELDS "
_FEWEST = 500  # vertices: with fewer no lid can shut


class _OnMesh(HeadOperator):
    @classmethod
    def head(cls, context: bpy.types.Context) -> bpy.types.Object | None:
        """The chosen head, or else the active mesh: what has no shapes yet is none."""
        active = context.view_layer.objects.active
        return super().head(context) or (active if active and active.type == "MESH" else None)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set(say("Go to Object Mode first"))
            return False
        return super().poll(context)


class FIELDS_OT_place_landmarks(_OnMesh, bpy.types.Operator):
    """Put small spheres on this head's eyes, mouth, nose and chin. Move those that are off to where their names say"""

    bl_idname = "fields.place_landmarks"
    bl_label = "Place Landmarks"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        mesh = face_mesh(head)
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
        return say(
            "{count} landmarks are on “{mesh}”. FIELDS knows this mesh, so they fit"
            if known
            else "{count} landmarks are on “{mesh}”. Move those that are off, then press Add ARKit Shapes",
            count=len(places),
            mesh=mesh.name,
        )


class FIELDS_OT_add_shapes(_OnMesh, bpy.types.Operator):
    """Give this head the ARKit shapes it lacks, as a start to sculpt on. Existing shape keys stay as they are"""

    bl_idname = "fields.add_shapes"
    bl_label = "Add ARKit Shapes"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        mesh = face_mesh(head)
        made = add(mesh, beside(head, mesh))
        _remove(mesh)
        return "; ".join(_added(mesh, made))


def _added(mesh: bpy.types.Object, made: dict[bpy.types.Object, int]) -> Iterator[str]:
    """What was added, part by part, for the artist."""
    count = made.get(mesh, 0)
    yield say(
        "{count} shape key added to “{mesh}”" if count == 1 else "{count} shape keys added to “{mesh}”",
        count=count,
        mesh=mesh.name,
    )
    if others := [f"“{other.name}”" for other in made if other != mesh]:
        yield say("{meshes} got some too", meshes=", ".join(others))
    yield say("existing ones stay")


def face_mesh(head: bpy.types.Object) -> bpy.types.Object:
    """The mesh of the head with most vertices, or the head itself. Raises FieldsError where there is none."""
    meshes = [head] if head.type == "MESH" else [m for m in head_objects.members(head) if m.type == "MESH"]
    if not meshes:
        raise FieldsError("“{name}” has no mesh. Choose the mesh of the face as the head.", name=head.name)
    mesh = max(meshes, key=lambda member: len(member.data.vertices))
    if not mesh.data.is_editable:
        raise FieldsError("“{name}” is linked from another file. Add the shapes in that file.", name=mesh.name)
    if len(mesh.data.vertices) < _FEWEST:
        raise FieldsError(
            "“{name}” has only {count} vertices, too few for lids and lips. Choose the face's mesh.",
            name=mesh.name,
            count=len(mesh.data.vertices),
        )
    keys = mesh.data.shape_keys
    if keys and not keys.use_relative:
        raise FieldsError(
            "The shape keys of “{name}” are absolute. Switch Relative on (Properties > Data > Shape Keys) first.",
            name=mesh.name,
        )
    return mesh


def beside(head: bpy.types.Object, face: bpy.types.Object) -> list[bpy.types.Object]:
    """The head's other meshes whose middle lies within the face's box: eyes, teeth, tongue and the like."""
    low, high = head_objects.box(face)
    found: dict[Any, bpy.types.Object] = {}
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
    """Add the ARKit shapes that the mesh lacks; of the others, eyes, lower teeth, tongue, lashes and brows follow.

    Returns how many shape keys each mesh got. Raises FieldsError, with nothing added.
    """
    from ..fields_blender.rig import add_shapes  # here, so that enabling the extension stays quick

    wanted = _wanted(mesh)
    if not wanted:
        raise FieldsError(
            "“{name}” has all 52 ARKit shapes already. Rename or delete those to be made anew.", name=mesh.name
        )
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
    added = {mesh: _add_keys(mesh, wanted, made[:, : starts[1]])}
    for other, to, first, last in zip(others, to_face, starts[1:-1], starts[2:], strict=True):
        moves = made[:, first:last] @ np.linalg.inv(to[:3, :3]).T
        if moves.any() and (count := _add_keys(other, _wanted(other), moves)):
            added[other] = count
    return added


def _wanted(mesh: bpy.types.Object) -> list[tuple[int, str]]:
    """The ARKit shapes that a mesh lacks, with their indices in ARKIT."""
    there = {plain(block.name) for block in mesh.data.shape_keys.key_blocks} if mesh.data.shape_keys else set()
    return [(index, name) for index, name in enumerate(ARKIT) if plain(name) not in there]


def _add_keys(mesh: bpy.types.Object, wanted: list[tuple[int, str]], moves: np.ndarray) -> int:
    """Add the wanted shapes that move something, by their displacements (52, n, 3). Returns how many."""
    rest = _rest(mesh)
    added = 0
    for index, name in wanted:
        if not moves[index].any():
            continue  # a head without a tongue puts none out
        if mesh.data.shape_keys is None:
            mesh.shape_key_add(name="Basis", from_mix=False)
        add_shape_key(mesh, name, rest + moves[index])
        added += 1
    mesh.data.update()
    return added


def guess(mesh: bpy.types.Object) -> np.ndarray:
    """A first guess of LANDMARKS (14, 3) on a mesh that faces -Y with z up.

    Assumes that the nose sticks out and that the head is twice as wide as the outer eye corners are apart.
    """
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
    """The width of the head: of the uppermost eighth of a whole figure, of all of a bust."""
    upper = rest[rest[:, 2] > top - 0.13 * (top - rest[:, 2].min())]
    tall = top - rest[:, 2].min()
    return float(np.ptp((rest if tall < 2.5 * np.ptp(rest[:, 0]) else upper)[:, 0]))


def _marks(mesh: bpy.types.Object) -> np.ndarray | None:
    """Where LANDMARKS are: as the artist placed them, else as the mesh is known."""
    placed = {child.name.partition(".")[0].removeprefix(_MARK): child for child in _placed(mesh)}
    if all(name in placed for name in align.LANDMARKS):
        bpy.context.view_layer.update()
        to_mesh = mesh.matrix_world.inverted_safe()
        return np.array([to_mesh @ placed[name].matrix_world.translation for name in align.LANDMARKS])
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
