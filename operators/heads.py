"""Which meshes, shape keys and bones belong to the head the artist chose."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import bpy
import numpy as np

from ..fields_blender.errors import FieldsError
from ..fields_blender.retarget import BoneChannel, Mapping, plain

# Pairs of shape keys far apart sideways, and keys of the upper and lower face: which way is left and which way is up.
_SIDES = ("eyeBlink", "browDown", "mouthSmile", "cheekSquint")
_UPPER = ("eyeBlinkLeft", "browDownLeft", "browInnerUp")
_LOWER = ("jawOpen", "mouthSmileLeft", "mouthFunnel")


@dataclass(frozen=True)
class Head:
    """A head in the scene.

    `meshes`: every mesh with shape keys of the mapping, the face first; a shape key datablock appears once.
    `keys`: for each mesh, mapping's shape key -> the mesh's own name for it. `bones`: mapping's bone -> pose bone.
    """

    object: bpy.types.Object
    meshes: tuple[bpy.types.Object, ...]
    keys: tuple[dict[str, str], ...]
    armature: bpy.types.Object | None
    bones: dict[str, str]


def find(chosen: bpy.types.Object | None, mapping: Mapping) -> Head:
    """The head `chosen` stands for: a mesh, an armature, or an empty that holds meshes.

    Raises FieldsError when nothing of it can be keyed: no shape keys, none that the mapping knows, linked data.
    """
    if chosen is None:
        raise FieldsError("No head is chosen. Choose the head under FIELDS > Head, or select it in the 3D View.")
    if not chosen.users_collection:
        raise FieldsError(
            f"“{chosen.name}” was deleted from the scene. Undo that, or choose another head under FIELDS > Head."
        )
    armature = _armature(chosen)
    family = _family(chosen, armature)
    with_keys = list(_with_shape_keys(family))
    absolute = [member for member in family if member.type == "MESH" and member.data.shape_keys]
    if not with_keys and absolute:
        raise FieldsError(
            f"The shape keys of “{absolute[0].name}” are absolute: they follow each other in time. Switch Relative on "
            "(Properties > Data > Shape Keys), or choose another head."
        )
    if not with_keys:
        raise FieldsError(
            f"“{chosen.name}” has no shape keys. Choose a mesh with the 52 ARKit shape keys, "
            "or add a head that has them with Add > Mesh > FIELDS Head."
        )
    found = [(mesh, matched) for mesh in with_keys if (matched := _match(mesh, mapping))]
    if not found:
        names = ", ".join(channel.key for channel in mapping.shape_keys[:3])
        raise FieldsError(
            f"None of the shape keys of “{chosen.name}” is called as in ARKit ({names}, …). "
            "Rename them, or choose another head."
        )
    for mesh, _ in found:
        _check_editable(mesh)
    # The chosen mesh is the face; without one it is the mesh with most keys.
    found.sort(key=lambda pair: (pair[0] != chosen, -len(pair[1])))
    meshes, keys = zip(*found, strict=True)
    bones = _find_bones(armature, mapping) if armature and armature.is_editable else {}
    return Head(chosen, meshes, keys, armature, bones)


def moves_skin(head: Head, bone: str) -> bool:
    """Does this pose bone, or a bone below it, deform the face?"""
    return any(_deforms(head, mesh, bone) for mesh in head.meshes)


def moves_anything(head: Head, bone: str) -> bool:
    """Does this pose bone move any mesh: by weights, or as the parent of an object?"""
    assert head.armature is not None
    names = _with_children(head.armature, bone)
    for member in _family(head.object, head.armature):
        if member.parent == head.armature and member.parent_type == "BONE" and member.parent_bone in names:
            return True
        if member.type == "MESH" and _deforms(head, member, bone):
            return True
    return False


def by_bones(head: Head, mapping: Mapping) -> list[BoneChannel]:
    """The bones that move: each instead of the shape keys it replaces, so that nothing moves twice.

    The artist's choice on the head wins. Automatic takes the bone where it exists and really moves something: the
    jaw must move the skin (teeth alone would leave the mouth shut), an eye anything.
    """
    settings = head.object.fields
    chosen = []
    for channel in mapping.bones:
        if channel.bone not in head.bones:
            continue
        if channel.source == "head":
            use = settings.use_head_rotation
        else:
            choice = settings.jaw_on if channel.source == "jaw" else settings.eyes_on
            use = choice == "BONE" or (choice == "AUTOMATIC" and _automatic(head, channel))
        if use:
            chosen.append(channel)
    return chosen


def axes(head: Head, space: bpy.types.Object) -> np.ndarray:
    """The head's axes (left, up, out of the face) as the columns of a rotation (3, 3) in the space of an object.

    Read off the shape keys (the left eye closes on the left, the eyes are above the mouth) and rounded to the
    nearest axis, so that heads modelled with y up and heads looking elsewhere than -Y turn the right way too.
    """
    mesh, keys = head.meshes[0], head.keys[0]
    centre = {name: _centre(mesh, keys[name]) for name in _named(keys)}
    left = _difference(centre, [(f"{side}Left", f"{side}Right") for side in _SIDES])
    up = _difference(centre, product(_UPPER, _LOWER))
    if left is None or up is None:
        left, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    else:
        to_space = np.array((space.matrix_world.inverted_safe() @ mesh.matrix_world).to_3x3())
        left = _nearest_axis(to_space @ left)
        up = to_space @ up
        up = _nearest_axis(up - left * (left @ up))
    return np.stack([left, up, np.cross(left, up)], axis=1)


def _automatic(head: Head, channel: BoneChannel) -> bool:
    bone = head.bones[channel.bone]
    return moves_skin(head, bone) if channel.source == "jaw" else moves_anything(head, bone)


def _armature(chosen: bpy.types.Object) -> bpy.types.Object | None:
    if chosen.type == "ARMATURE":
        return chosen
    for member in (chosen, *chosen.children_recursive):
        if member.type == "ARMATURE":
            return member
        for modifier in member.modifiers:
            if modifier.type == "ARMATURE" and modifier.object:
                return modifier.object
    parent = chosen.parent
    while parent and parent.type != "ARMATURE":
        parent = parent.parent
    return parent


def _family(chosen: bpy.types.Object, armature: bpy.types.Object | None) -> list[bpy.types.Object]:
    """The chosen object, all below it, and all that hangs on its armature, each once."""
    members = [chosen, *chosen.children_recursive]
    if armature:
        members += armature.children_recursive
        for scene in chosen.users_scene:
            members += [
                other
                for other in scene.objects
                if any(m.type == "ARMATURE" and m.object == armature for m in other.modifiers)
            ]
    return list(dict.fromkeys(members))


def _with_shape_keys(members: list[bpy.types.Object]) -> Iterator[bpy.types.Object]:
    seen = set()
    for member in members:
        shape_keys = member.data.shape_keys if member.type == "MESH" else None
        if shape_keys and shape_keys.use_relative and shape_keys not in seen:
            seen.add(shape_keys)
            yield member


def _match(mesh: bpy.types.Object, mapping: Mapping) -> dict[str, str]:
    """Mapping's shape key -> the mesh's, by the exact name, else by the name without case and separators."""
    blocks = [block.name for block in mesh.data.shape_keys.key_blocks[1:]]
    by_plain = {plain(name): name for name in reversed(blocks)}
    matched = {}
    for channel in mapping.shape_keys:
        name = channel.key if channel.key in blocks else by_plain.get(plain(channel.key))
        if name:
            matched[channel.key] = name
    return matched


def _check_editable(mesh: bpy.types.Object) -> None:
    """Blender lets a script key linked data, and forgets the keys when the file is closed: better to stop here."""
    shape_keys = mesh.data.shape_keys
    if shape_keys.is_editable:
        return
    if mesh.override_library:
        raise FieldsError(
            f"“{mesh.name}” is a library override, but its mesh “{mesh.data.name}” is still linked, so keys on its "
            "shape keys would be lost. Shift-click the link icon beside the mesh's name in Properties > Data to "
            "override it too, then try again."
        )
    raise FieldsError(
        f"“{mesh.name}” is linked from another file, so keys on its shape keys would be lost. Make a library override "
        "of it (Object > Library Override > Make) and of its mesh (Shift-click the link icon beside the mesh's name "
        "in Properties > Data), then try again."
    )


def _find_bones(armature: bpy.types.Object, mapping: Mapping) -> dict[str, str]:
    names = [bone.name for bone in armature.pose.bones]
    by_plain = {plain(name): name for name in reversed(names)}
    bones = {}
    for channel in mapping.bones:
        for name in (channel.bone, *channel.names):
            found = name if name in names else by_plain.get(plain(name))
            if found:
                bones[channel.bone] = found
                break
    return bones


def _with_children(armature: bpy.types.Object, bone: str) -> set[str]:
    data = armature.data.bones[bone]
    return {bone, *(child.name for child in data.children_recursive)}


def _deforms(head: Head, mesh: bpy.types.Object, bone: str) -> bool:
    armature = head.armature
    if armature is None or not any(m.type == "ARMATURE" and m.object == armature for m in mesh.modifiers):
        return False
    names = {name for name in _with_children(armature, bone) if armature.data.bones[name].use_deform}
    groups = {group.index for group in mesh.vertex_groups if group.name in names}
    if not groups:
        return False
    return any(g.group in groups and g.weight > 0.0 for vertex in mesh.data.vertices for g in vertex.groups)


def _named(keys: dict[str, str]) -> list[str]:
    wanted = {f"{side}{suffix}" for side in _SIDES for suffix in ("Left", "Right")} | set(_UPPER) | set(_LOWER)
    return [name for name in keys if name in wanted]


def _centre(mesh: bpy.types.Object, key: str) -> np.ndarray | None:
    """Where a shape key moves the mesh (3,), in the mesh's space; None when it moves nothing."""
    block = mesh.data.shape_keys.key_blocks[key]
    rest, moved = (np.empty(len(block.data) * 3, dtype=np.float32) for _ in range(2))
    block.relative_key.data.foreach_get("co", rest)
    block.data.foreach_get("co", moved)
    rest = rest.reshape(-1, 3)
    weight = np.linalg.norm(moved.reshape(-1, 3) - rest, axis=1)
    return weight @ rest / weight.sum() if weight.sum() > 0.0 else None


def _difference(centre: dict[str, np.ndarray | None], pairs) -> np.ndarray | None:
    for a, b in pairs:
        there, here = centre.get(a), centre.get(b)
        if there is not None and here is not None:
            return there - here
    return None


def _nearest_axis(vector: np.ndarray) -> np.ndarray:
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(vector)))
    axis[largest] = np.sign(vector[largest]) or 1.0
    return axis
