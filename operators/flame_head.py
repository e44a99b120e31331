"""fields.import_flame: a head from the artist's own FLAME file, with shape keys, bones and skin weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np
from bpy.props import IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.names import EXPRESSION
from ..fields_blender.flame import flame_basis
from ..fields_blender.flame.flame_basis import VERTICES
from .common.meshes import add_shape_key, to_blender
from .common.wording import say, told

if TYPE_CHECKING:
    from ..fields_blender.flame.flame_model import FlameModel

_COEFFICIENTS = 10.0  # how far a slider of identity or expression goes: Blender's own limit
_BONE = 0.03  # m
_LEAST_WEIGHT = 1e-4
# Eyeballs and how far from their front the pupil and the iris reach (cosine), so that one sees where they look.
_BALLS = (slice(3931, 4477), slice(4477, VERTICES))
_PUPIL, _IRIS = np.cos(np.radians([11.0, 26.0]))
_MATERIALS = {
    "Skin": ((0.62, 0.41, 0.32), 0.5),
    "Eye": ((0.75, 0.72, 0.7), 0.2),
    "Iris": ((0.11, 0.06, 0.03), 0.2),
    "Pupil": ((0.004, 0.003, 0.003), 0.1),
}


class FIELDS_OT_import_flame(bpy.types.Operator, ImportHelper):
    """Build a head from your own FLAME model file, of any release, ready to be animated"""

    bl_idname = "fields.import_flame"
    bl_label = "Import FLAME Head"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".pkl"
    filter_glob: StringProperty(default="*.pkl;*.npz", options={"HIDDEN"})
    identity_count: IntProperty(
        name="Identity Keys",
        description="How many of FLAME's identity axes become shape keys, the most important first",
        default=20,
        min=0,
        max=400,
    )
    expression_count: IntProperty(
        name="Expression Keys",
        description="How many of FLAME's expression axes become shape keys, the most important first",
        default=100,
        min=0,
        max=400,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set(say("Go to Object Mode first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..fields_blender.flame import flame_model  # here, so that enabling the extension stays quick

        path = Path(bpy.path.abspath(self.filepath))
        try:
            model = flame_model.load(path)
            head = build(context, model, self.identity_count, self.expression_count)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        context.scene.fields.flame_model = self.filepath
        keys = len(head.data.shape_keys.key_blocks) - 1
        self.report(
            {"INFO"},
            say("“{name}” has {count} shape keys and bones for jaw, neck and eyes", name=head.name, count=keys),
        )
        return {"FINISHED"}


def build(context: bpy.types.Context, model: "FlameModel", identities: int, expressions: int) -> bpy.types.Object:
    """The head at the 3D cursor, facing -Y, skinned to bones of FLAME's joints; its mesh is left active.

    Shape keys, in order: the ARKit names of our open basis, `Shape1…` (identity) and `Exp1…` (expression) as FLAME's
    own add-on calls them. Raises FieldsError when the basis is missing.
    """
    ours, _ = flame_basis.shapes()
    named = dict(zip((*EXPRESSION, "eyeBlinkLeft", "eyeBlinkRight"), ours, strict=True))
    for other in context.selected_objects:
        other.select_set(False)
    rig = _armature(context, model)
    face = _mesh(model)
    context.scene.collection.objects.link(face)
    face.parent = rig
    face.modifiers.new("Armature", "ARMATURE").object = rig
    face.shape_key_add(name="Basis", from_mix=False)
    for name, moved in named.items():
        if np.abs(moved).max() > 0.0:  # FLAME has no tongue
            add_shape_key(face, name, to_blender(model.template + moved))
    for letters, axes, count in (("Shape", model.identity, identities), ("Exp", model.expression, expressions)):
        for index, moved in enumerate(axes[:count]):
            key = add_shape_key(face, f"{letters}{index + 1}", to_blender(model.template + moved))
            key.slider_min, key.slider_max = -_COEFFICIENTS, _COEFFICIENTS
    rig.location = context.scene.cursor.location
    face.select_set(True)
    context.view_layer.objects.active = face
    return face


def _mesh(model: "FlameModel") -> bpy.types.Object:
    from ..fields_blender.flame.flame_model import JOINTS

    mesh = bpy.data.meshes.new("FLAME Head")
    count = len(model.triangles)
    mesh.vertices.add(len(model.template))
    mesh.vertices.foreach_set("co", to_blender(model.template).astype(np.float32).ravel())
    mesh.loops.add(3 * count)
    mesh.loops.foreach_set("vertex_index", model.triangles.ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(count, dtype=bool))
    for name, (colour, roughness) in _MATERIALS.items():
        mesh.materials.append(_material(name, colour, roughness))
    mesh.polygons.foreach_set("material_index", _material_of(model))
    mesh.update(calc_edges=True)
    mesh.validate()
    face = bpy.data.objects.new("FLAME Head", mesh)
    for joint, weights in zip(JOINTS, model.weights.T, strict=True):
        group = face.vertex_groups.new(name=joint)
        for vertex in np.flatnonzero(weights > _LEAST_WEIGHT).tolist():
            group.add([vertex], float(weights[vertex]), "REPLACE")
    return face


def _material(name: str, colour: tuple[float, float, float], roughness: float) -> bpy.types.Material:
    material = bpy.data.materials.new(f"FLAME {name}")
    material.diffuse_color = (*colour, 1.0)
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return material


def _material_of(model: "FlameModel") -> np.ndarray:
    """(t,) index into _MATERIALS of each triangle."""
    front = np.full(len(model.template), -2.0)  # cosine between where a point of an eyeball lies and straight ahead
    for ball in _BALLS:
        out = model.template[ball] - model.template[ball].mean(axis=0)
        front[ball] = out[:, 2] / np.maximum(np.linalg.norm(out, axis=1), 1e-9)
    lowest = front[model.triangles].min(axis=1)
    middle = front[model.triangles].mean(axis=1)
    index = np.where(lowest < -1.5, 0, np.where(middle > _PUPIL, 3, np.where(middle > _IRIS, 2, 1)))
    return index.astype(np.int32)


def _armature(context: bpy.types.Context, model: "FlameModel") -> bpy.types.Object:
    from ..fields_blender.flame.flame_model import JOINTS, PARENTS

    data = bpy.data.armatures.new("FLAME Rig")
    data.display_type = "STICK"
    rig = bpy.data.objects.new("FLAME Rig", data)
    context.scene.collection.objects.link(rig)
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")  # bones can be made in Edit Mode only
    joints = model.joints()
    up, ahead = np.array([0.0, _BONE, 0.0]), np.array([0.0, 0.0, _BONE])
    ways = {"root": up, "neck": up, "jaw": ahead - up / 2.0, "left_eye": ahead, "right_eye": ahead}
    for joint, start, parent in zip(JOINTS, joints, PARENTS, strict=True):
        bone = data.edit_bones.new(joint)
        bone.head, bone.tail = to_blender(start), to_blender(start + ways[joint])
        bone.parent = data.edit_bones[JOINTS[parent]] if parent >= 0 else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


CLASSES = (FIELDS_OT_import_flame,)
