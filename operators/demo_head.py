"""Add > Mesh > FIELDS Head: the demo head with its 52 shape keys, materials and bones."""

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import BoolProperty

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MODELS
from .common.free_place import corners, free_place
from .common.meshes import add_shape_key, to_blender
from .common.viewport import show
from .common.wording import say, told

if TYPE_CHECKING:
    from ..fields_blender.geometry.demo_head import DemoHead

_FILE = MODELS / "demo_head.npz"

# Principled inputs a material; a colour of None is the texture's. Sockets that a Blender version lacks are skipped.
_SKIN = {"Roughness": 0.48, "Specular IOR Level": 0.35, "Subsurface Weight": 0.12, "Subsurface Scale": 0.004}
_MATERIALS: dict[str, tuple[tuple[float, float, float] | None, dict[str, float]]] = {
    "skin": (None, _SKIN),
    "hair": (None, {"Roughness": 0.85, "Specular IOR Level": 0.15, "Sheen Weight": 0.15, "Sheen Roughness": 0.5}),
    "lip": (None, _SKIN | {"Roughness": 0.34}),
    "mouth": ((0.22, 0.035, 0.035), {"Roughness": 0.35}),
    "sclera": (None, {"Roughness": 0.25, "Coat Weight": 1.0, "Coat Roughness": 0.03}),
    "iris": (None, {"Roughness": 0.3, "Coat Weight": 1.0, "Coat Roughness": 0.02}),
    "pupil": ((0.003, 0.003, 0.003), {"Roughness": 0.2, "Coat Weight": 1.0, "Coat Roughness": 0.02}),
    "teeth": ((0.78, 0.73, 0.63), {"Roughness": 0.22, "Coat Weight": 0.3, "Coat Roughness": 0.1}),
    "gum": ((0.42, 0.12, 0.11), {"Roughness": 0.3}),
    "tongue": ((0.4, 0.11, 0.1), {"Roughness": 0.4}),
    "lash": ((0.012, 0.009, 0.008), {"Roughness": 0.5}),
    "brow": ((0.045, 0.028, 0.019), {"Roughness": 0.6}),
}
# What Solid shading shows of the textured materials.
_SOLID = {
    "skin": (0.70, 0.47, 0.37),
    "hair": (0.075, 0.05, 0.04),
    "lip": (0.55, 0.27, 0.24),
    "sclera": (0.75, 0.72, 0.70),
    "iris": (0.12, 0.07, 0.03),
}


class FIELDS_OT_add_head(bpy.types.Operator):
    """Add a head with the 52 ARKit shape keys, ready to be animated"""

    bl_idname = "fields.add_head"
    bl_label = "FIELDS Head"
    bl_options = {"REGISTER", "UNDO"}

    show: BoolProperty(
        name="Show",
        description="Put it where nothing hides it, look at it from the front with its materials, and make it the head "
        "that is animated",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set(say("Go to Object Mode first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..fields_blender.geometry import demo_head  # here, so that enabling the extension stays quick

        try:
            head = demo_head.load(_FILE)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        face = add_head(context, head)
        if self.show:
            _show(context, face)
        return {"FINISHED"}


def add_head(context: bpy.types.Context, head: "DemoHead") -> bpy.types.Object:
    """Build the head at the 3D cursor, facing -Y, and leave its mesh selected and active."""
    for other in context.selected_objects:
        other.select_set(False)
    rig = _armature(context, head)
    face = _mesh(head)
    _link(context, face)
    face.parent = rig
    modifier = face.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    smooth = face.modifiers.new("Subdivision", "SUBSURF")
    smooth.levels = smooth.render_levels = 1
    rig.location = context.scene.cursor.location
    for chosen in (face, rig):
        # Here the shape keys look better than rigid bones: the lips and the lids move with them.
        chosen.fields.jaw_on = chosen.fields.eyes_on = "SHAPE_KEYS"
    face.select_set(True)
    context.view_layer.objects.active = face
    return face


def _show(context: bpy.types.Context, face: bpy.types.Object) -> None:
    rig = face.parent
    assert rig is not None
    context.view_layer.update()
    rig.location += free_place(context, *corners(face), (face, rig))
    context.view_layer.update()
    context.scene.fields.head = face
    show(context, (face, rig))


def _mesh(head: "DemoHead") -> bpy.types.Object:
    mesh = bpy.data.meshes.new("FIELDS Head")
    mesh.vertices.add(len(head.vertices))
    mesh.vertices.foreach_set("co", to_blender(head.vertices).ravel())
    mesh.loops.add(len(head.corner_vertex))
    mesh.loops.foreach_set("vertex_index", head.corner_vertex)
    mesh.polygons.add(len(head.face_size))
    mesh.polygons.foreach_set("loop_start", np.cumsum(head.face_size, dtype=np.int32) - head.face_size)
    for name, material in _materials(head).items():
        mesh.materials.append(material)
        material.name = f"FIELDS {name}"
    mesh.polygons.foreach_set("material_index", head.face_material)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(head.face_size), dtype=bool))
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", head.corner_uv.ravel())
    mesh.update(calc_edges=True)
    mesh.validate()

    face = bpy.data.objects.new("FIELDS Head", mesh)
    face.shape_key_add(name="Basis", from_mix=False)
    for name, (moved, by) in head.keys.items():
        shape = head.vertices.copy()
        shape[moved] += by
        add_shape_key(face, name, to_blender(shape))
    for bone, weights in head.weights.items():
        group = face.vertex_groups.new(name=bone)
        for level in np.unique(weights[weights > 0.0]):
            group.add(np.flatnonzero(weights == level).tolist(), float(level), "REPLACE")
    return face


def _materials(head: "DemoHead") -> dict[str, bpy.types.Material]:
    image = _image(head.texture)
    return {name: _material(name, image) for name in head.materials}


def _material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    colour, settings = _MATERIALS[name]
    material = bpy.data.materials.new(f"FIELDS {name}")
    material.diffuse_color = (*(colour or _SOLID[name]), 1.0)
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        material.use_nodes = True
    nodes = material.node_tree.nodes
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    for socket, value in settings.items():
        if socket in shader.inputs:
            shader.inputs[socket].default_value = value
    if colour:
        shader.inputs["Base Color"].default_value = (*colour, 1.0)
    else:
        texture = nodes.new("ShaderNodeTexImage")
        texture.image = image
        texture.location = (-320.0, 260.0)
        material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    return material


def _image(jpeg: bytes) -> bpy.types.Image:
    image = bpy.data.images.new("FIELDS Head", 1, 1)
    image.pack(data=jpeg, data_len=len(jpeg))
    image.source = "FILE"  # in place of the blank picture, the packed one
    return image


def _armature(context: bpy.types.Context, head: "DemoHead") -> bpy.types.Object:
    data = bpy.data.armatures.new("FIELDS Rig")
    data.display_type = "STICK"
    rig = bpy.data.objects.new("FIELDS Rig", data)
    _link(context, rig)
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")  # bones can be made in Edit Mode only
    for name, (parent, start, end) in head.bones.items():
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = to_blender(start), to_blender(end)
        bone.parent = data.edit_bones.get(parent)
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _link(context: bpy.types.Context, thing: bpy.types.Object) -> None:
    """Into the active collection, or into the scene's own where that one is linked, hidden or excluded."""
    if context.collection.library is None and context.layer_collection.is_visible:
        context.collection.objects.link(thing)
    else:
        context.scene.collection.objects.link(thing)


def _draw(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.operator(FIELDS_OT_add_head.bl_idname, icon="USER")


CLASSES = (FIELDS_OT_add_head,)


_MENU: Any = bpy.types.VIEW3D_MT_mesh_add


def register() -> None:
    _MENU.append(_draw)


def unregister() -> None:
    _MENU.remove(_draw)
