"""fields.mapping_shape: match a head by how its shape keys move it, where their names tell nothing."""

from typing import Any

import bmesh
import bpy
import numpy as np

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.geometry.face_frame import SELECTED_LANDMARKS
from ..fields_blender.rig.mapping import Channel
from ..fields_blender.rig.match_result import Match
from .common.wording import say
from .head import head_objects, mapping_rows, mappings
from .mapping_edit import MappingOperator, summary

# With more vertices than this, only every second, third, … is read: neighbours move alike.
_MOST_VERTICES = 60_000


class FIELDS_OT_mapping_shape(MappingOperator, bpy.types.Operator):
    bl_idname = "fields.mapping_shape"
    bl_label = "Match by Shape"
    bl_description = (
        "Match this head's shape keys by how they move the face, for names that tell nothing. In Edit Mode, six "
        "selected vertices (outer corners of the eyes, tip of the nose, corners of the mouth, chin) say where "
        "the face is. Rows set by hand are lost"
    )

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        from ..fields_blender.rig import match_shape  # here, so that enabling the extension stays quick

        if context.mode == "EDIT_MESH":
            context.edit_object.update_from_editmode()
        places = _selected(context, head)
        mappings.forget()
        names, rest, moves = read(head)
        found = match_shape.match(names, rest, moves, places)
        # Bones and properties are found by name all the same.
        others = [
            row for row in mappings.automatic(head).found if not (isinstance(row.channel, Channel) and row.channel.key)
        ]
        found = Match(found.profile, (*found.rows, *others), found.spare, found.missing)
        mapping_rows.fill(head, found)
        head.fields.matched = say("By {found}", found=summary(found))
        mapping_rows.add_spare(head, found.spare)
        return head.fields.matched


def read(head: bpy.types.Object) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The names of the head's shape keys (k), its vertices at rest (n, 3) and their displacements (k, n, 3), of all
    its meshes, in world space. Raises FieldsError where it has none."""
    meshes = list(head_objects.with_shape_keys(head_objects.members(head)))
    if not meshes:
        raise FieldsError("“{name}” has no shape keys to match. Choose a head that has some.", name=head.name)
    blocks = {mesh: mesh.data.shape_keys.key_blocks for mesh in meshes}
    step = -(-sum(len(mesh.data.vertices) for mesh in meshes) // _MOST_VERTICES)
    rests = [_points(mesh, mesh.data.shape_keys.reference_key)[::step] for mesh in meshes]
    starts = np.cumsum([0, *(len(rest) for rest in rests)])
    names = list(dict.fromkeys(b.name for mesh in meshes for b in blocks[mesh] if b != b.relative_key))
    moves = np.zeros((len(names), starts[-1], 3), np.float32)
    for mesh, start, end in zip(meshes, starts[:-1], starts[1:], strict=True):
        for block in blocks[mesh]:
            if block != block.relative_key:
                motion = _points(mesh, block)[::step] - _points(mesh, block.relative_key)[::step]
                moves[names.index(block.name), start:end] = motion
    return names, np.concatenate(rests), moves


def _points(mesh: bpy.types.Object, key: bpy.types.ShapeKey) -> np.ndarray:
    """Where a shape key has the mesh's vertices (n, 3), in the world."""
    points = np.empty(len(key.data) * 3, np.float32)
    key.data.foreach_get("co", points)
    matrix = np.array(mesh.matrix_world, np.float32)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def _selected(context: bpy.types.Context, head: bpy.types.Object) -> np.ndarray | None:
    """The six vertices that are selected in Edit Mode (6, 3), in the world; None where none is."""
    mesh: Any = context.edit_object
    if context.mode != "EDIT_MESH" or mesh not in head_objects.members(head):
        return None
    chosen = [vertex.index for vertex in bmesh.from_edit_mesh(mesh.data).verts if vertex.select]
    if not chosen:
        return None
    if len(chosen) != len(SELECTED_LANDMARKS):
        raise FieldsError(
            "{count} vertices are selected. Select six: the outer corner of both eyes, the tip of the nose, both "
            "corners of the mouth and the chin; or none, to let FIELDS find the face.",
            count=len(chosen),
        )
    if mesh.data.shape_keys is None:
        raise FieldsError(
            "“{name}” has no shape keys. Select the six vertices on the mesh that has them.", name=mesh.name
        )
    return _points(mesh, mesh.data.shape_keys.reference_key)[chosen]


CLASSES = (FIELDS_OT_mapping_shape,)
