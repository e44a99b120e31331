"""The head that the artist chose: which of its meshes, shape keys, bones and properties a mapping moves."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from ...fields_blender.rig.rig_names import plain
from . import custom_properties, head_axes, whole_head
from .custom_properties import Property
from .head_objects import armature_of, members, with_shape_keys

# Controls that only the faces of Auto-Rig Pro have.
_AUTO_RIG_PRO = ("c_lips_smile.l", "c_eyelid_top.l", "c_jawbone.x", "c_eyebrow_full.l", "c_cheek_smile.l")


@dataclass(frozen=True)
class Head:
    """A head in the scene.

    `meshes`: every mesh with shape keys of the mapping, the face first; a shape key datablock appears once.
    `keys`: for each mesh, the name of a mapping's channel -> the mesh's shape key. `bones`: mapping's bone -> pose
    bone. `properties`: the name of a channel -> the custom properties it moves. `roles`: ARKit source -> the shape key
    of the face that shows it alone.
    """

    object: bpy.types.Object
    meshes: tuple[bpy.types.Object, ...]
    keys: tuple[dict[str, str], ...]
    armature: bpy.types.Object | None
    bones: dict[str, str]
    properties: dict[str, list[Property]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    @cached_property
    def left_and_up(self) -> tuple[np.ndarray, np.ndarray, bpy.types.Object] | None:
        """`head_axes.left_and_up` of this head."""
        return head_axes.left_and_up(self.meshes[0] if self.meshes else None, self.armature, self.roles)


def chosen_head(context: bpy.types.Context) -> Any:
    """The head under FIELDS > Head, else the one that the active object is a part of. None where there is none.

    Whatever part of it is chosen, it is the object that has the takes.
    """
    chosen, active = context.scene.fields.head, context.view_layer.objects.active
    if chosen is not None:
        return whole_head.quickly(whole_head.in_use, chosen)
    return whole_head.quickly(whole_head.of, active) if active else None


def find(chosen: bpy.types.Object | None, mapping: Mapping) -> Head:
    """The head `chosen` stands for: a mesh, an armature, or an empty that holds meshes.

    Raises FieldsError when nothing of it can be keyed: no shape keys, none that the mapping knows, linked data.
    """
    if chosen is None:
        raise FieldsError("No head is chosen. Choose the head under FIELDS > Head, or select it in the 3D View.")
    if not chosen.users_collection:
        raise FieldsError(
            "“{name}” was deleted from the scene. Undo that, or choose another head under FIELDS > Head.",
            name=chosen.name,
        )
    armature, objects = armature_of(chosen), members(chosen)
    with_keys = list(with_shape_keys(objects))
    found = [(mesh, keys) for mesh in with_keys if (keys := _find_keys(mesh, mapping))]
    for mesh, _ in found:
        _check_editable(mesh)
    bones = _find_bones(armature, mapping) if armature and armature.is_editable else {}
    properties = custom_properties.find(objects, armature, mapping)
    if not found and armature and _is_metarig(armature):
        raise FieldsError(
            "“{name}” is a metarig, from which Rigify makes the rig. Generate the rig (Properties > Data > "
            "Rigify), then choose that as the head.",
            name=armature.name,
        )
    if armature and not found and not properties and not chosen.fields.rows and _is_auto_rig_pro(armature):
        raise FieldsError(
            "“{name}” is a face of Auto-Rig Pro. How far its controls move a face differs from rig to rig, so none is "
            "keyed by itself. Say under FIELDS > Mapping what each control follows, or give the face ARKit shape keys.",
            name=armature.name,
        )
    on_bones = any(_moves_face_bone(channel, bones) for channel in (*mapping.bones, *mapping.channels))
    if not found and not properties and not on_bones:
        _refuse(chosen, objects, with_keys)
    # The chosen mesh is the face; without one it is the mesh with most keys.
    found.sort(key=lambda pair: (pair[0] != chosen, -len(pair[1])))
    face = found[0][1] if found else {}
    roles = {source: face[name] for name, source in mapping.roles.items() if name in face}
    meshes, keys = tuple(mesh for mesh, _ in found), tuple(keys for _, keys in found)
    return Head(chosen, meshes, keys, armature, bones, properties, roles)


def axes(head: Head, space: bpy.types.Object) -> np.ndarray:
    """The head's axes (left, up, out of the face) as the columns of a rotation (3, 3) in the space of an object.

    Read off the head and rounded to the nearest axis, so that heads modelled with y up and heads looking elsewhere than
    -Y turn the right way too.
    """
    return head_axes.rounded(head.left_and_up, space)


def _is_metarig(armature: bpy.types.Object) -> bool:
    data: Any = armature.data
    generated = "rig_id" in data
    return not generated and any(getattr(b, "rigify_type", "") or b.get("rigify_type") for b in armature.pose.bones)


def _is_auto_rig_pro(armature: bpy.types.Object) -> bool:
    return sum(name in armature.pose.bones for name in _AUTO_RIG_PRO) >= 3


def _moves_face_bone(channel: BoneChannel | Channel, bones: dict[str, str]) -> bool:
    return channel.bone in bones and not (isinstance(channel, BoneChannel) and channel.source == "head")


def _refuse(chosen: bpy.types.Object, objects: list[bpy.types.Object], with_keys: list[bpy.types.Object]) -> None:
    """Raises FieldsError that says why nothing of the head can be keyed."""
    absolute = [member for member in objects if member.type == "MESH" and member.data.shape_keys]
    if not with_keys and absolute:
        raise FieldsError(
            "The shape keys of “{name}” are absolute: they follow each other in time. Switch Relative on "
            "(Properties > Data > Shape Keys), or choose another head.",
            name=absolute[0].name,
        )
    if not with_keys:
        raise FieldsError(
            "“{name}” has no shape keys, and no face bones that FIELDS knows. Choose a head that has some, or "
            "add one with Add > Mesh > FIELDS Head.",
            name=chosen.name,
        )
    raise FieldsError(
        "None of the shape keys of “{name}” has a name that FIELDS knows. Use Match by Shape under "
        "FIELDS > Mapping, say there what each follows, or choose another head.",
        name=chosen.name,
    )


def _check_editable(mesh: bpy.types.Object) -> None:
    """Raises FieldsError for linked shape keys: Blender lets a script key them, and loses the keys with the file."""
    if mesh.data.shape_keys.is_editable:
        return
    if mesh.override_library:
        raise FieldsError(
            "“{name}” is a library override, but its mesh “{mesh}” is still linked, so keys on its shape keys would be "
            "lost. Shift-click the link icon beside the mesh's name in Properties > Data to override it too, then try "
            "again.",
            name=mesh.name,
            mesh=mesh.data.name,
        )
    raise FieldsError(
        "“{name}” is linked from another file, so keys on its shape keys would be lost. Make a library override of it "
        "(Object > Library Override > Make) and of its mesh (Shift-click the link icon beside the mesh's name in "
        "Properties > Data), then try again.",
        name=mesh.name,
    )


def _find_keys(mesh: bpy.types.Object, mapping: Mapping) -> dict[str, str]:
    """Name of a mapping's channel -> shape key of the mesh, by the exact name, else without case and separators."""
    blocks = [block.name for block in mesh.data.shape_keys.key_blocks[1:]]
    by_plain = {plain(name): name for name in reversed(blocks)}
    found = {}
    for channel in mapping.shape_keys:
        name = channel.key if channel.key in blocks else by_plain.get(plain(channel.key))
        if name and channel.mesh in ("", mesh.name):
            found[channel.name] = name
    return found


def _find_bones(armature: bpy.types.Object, mapping: Mapping) -> dict[str, str]:
    """Mapping's bone -> pose bone, by its names in order, each exactly, else without case and separators."""
    names = [bone.name for bone in armature.pose.bones]
    by_plain = {plain(name): name for name in reversed(names)}
    bones = {}
    for channel in (*mapping.bones, *(channel for channel in mapping.channels if channel.bone)):
        for name in (channel.bone, *channel.names):
            found = name if name in names else by_plain.get(plain(name))
            if found:
                bones[channel.bone] = found
                break
    return bones
