"""Which meshes, shape keys and bones belong to the head the artist chose."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.names import JAW_OPEN
from ...fields_blender.geometry import align
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from ...fields_blender.rig.rig_names import mirrored_name, plain

# Pairs of shape keys far apart sideways, and keys of the upper and lower face: which way is left and which way is up.
_SIDES = ("eyeBlink", "browDown", "mouthSmile", "cheekSquint")
_UPPER = ("eyeBlinkLeft", "browDownLeft", "browInnerUp")
_LOWER = ("jawOpen", "mouthSmileLeft", "mouthFunnel")
# Bones of the left side that lie at the eye, at the corner of the mouth; and jaws: as `plain` spells them.
_EYE_BONES = tuple(
    plain(name)
    for name in "master_eye.L eye_master.L eye.L ORG-eye.L DEF-eye.L left_eye lEye LeftEye CC_Base_L_Eye "
    "J_Adj_L_FaceEye FACIAL_L_Eye mixamorig:LeftEye 左目 left_eye_smplhf eyeball.L lid.T.L lid.L".split()
)
_LIP_BONES = tuple(
    plain(name) for name in "lips.L lip_end.L.001 lip.L lip_corner.L mouth_corner.L mouth.L oris03.L corner.L".split()
)
# Upper and lower lid of the left eye, in its middle.
_LID_BONES = tuple(
    (plain(upper), plain(lower))
    for upper, lower in (
        ("lid.T.L.002", "lid.B.L.002"),
        ("lid_upper.L", "lid_lower.L"),
        ("upper_lid.L", "lower_lid.L"),
        ("lid_top.L", "lid_bottom.L"),
        ("eyelid_upper.L", "eyelid_lower.L"),
        ("eyelid_top.L", "eyelid_bottom.L"),
        ("lid.T.L", "lid.B.L"),
        ("lid_up.L", "lid_low.L"),
    )
)
# Up is told by the eyes above the jaw or the mouth where that is so near an axis; a jaw's bone may begin at the ears
# and end anywhere, and then the head most likely stands upright in the scene.
_CLEAR = 0.9
_LOWER_LIP_BONES = tuple(plain(n) for n in ("lip.B", "lip_lower", "lower_lip", "lip_bottom", "mouth_lower", "lip_low"))
# How far open lids are in units of the distance between the eyes, where no bones tell.
_LIDS = 0.18
_JAW_BONES = {plain(n) for n in (
    "jaw", "jaw_master", "ORG-jaw", "DEF-jaw", "CC_Base_JawRoot", "lowerJaw", "J_Adj_C_Jaw", "FACIAL_C_Jaw", "chin",
    "mixamorig:Jaw", "あご", "mandible")}  # fmt: skip


@dataclass(frozen=True)
class Property:
    """A custom property: the datablock it is animated on and its path from there."""

    owner: bpy.types.ID
    path: str
    name: str


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
    def ways(self) -> tuple[np.ndarray, np.ndarray, bpy.types.Object] | None:
        """About where left and up are (3,), in the space of an object of the head; None where nothing tells."""
        mesh = self.meshes[0] if self.meshes else None
        for found, thing in (
            (_ways_of_keys if self.roles else None, mesh), (_ways_of_mesh, mesh), (_ways_of_bones, self.armature)
        ):  # fmt: skip
            left, up = found(self) if found and thing else (None, None)
            if left is not None and up is not None and thing is not None:
                return left, up, thing
        return None


def chosen_head(context: bpy.types.Context) -> Any:
    """The head under FIELDS > Head, else the active object."""
    return context.scene.fields.head or context.view_layer.objects.active


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
    armature = armature_of(chosen)
    family = members(chosen)
    with_keys = list(with_shape_keys(family))
    found = [(mesh, matched) for mesh in with_keys if (matched := _match(mesh, mapping))]
    for mesh, _ in found:
        _check_editable(mesh)
    bones = _find_bones(armature, mapping) if armature and armature.is_editable else {}
    placed = _find_properties(family, armature, mapping)
    if not found and armature and _is_metarig(armature):
        raise FieldsError(
            "“{name}” is a metarig, from which Rigify makes the rig. Generate the rig (Properties > Data > "
            "Rigify), then choose that as the head.",
            name=armature.name,
        )
    on_bones = any(_shows_a_face(channel, bones) for channel in (*mapping.bones, *mapping.channels))
    if not found and not placed and not on_bones:
        _refuse(chosen, family, with_keys)
    # The chosen mesh is the face; without one it is the mesh with most keys.
    found.sort(key=lambda pair: (pair[0] != chosen, -len(pair[1])))
    face = found[0][1] if found else {}
    roles = {source: face[name] for name, source in mapping.roles.items() if name in face}
    meshes, keys = tuple(mesh for mesh, _ in found), tuple(keys for _, keys in found)
    return Head(chosen, meshes, keys, armature, bones, placed, roles)


def members(chosen: bpy.types.Object) -> list[bpy.types.Object]:
    """All that belongs to the head, each object once."""
    return _family(chosen, armature_of(chosen))


def _is_metarig(armature: bpy.types.Object) -> bool:
    generated = "rig_id" in armature.data
    return not generated and any(getattr(b, "rigify_type", "") or b.get("rigify_type") for b in armature.pose.bones)


def _shows_a_face(channel: BoneChannel | Channel, bones: dict[str, str]) -> bool:
    bone = channel.bone
    return bone in bones and not (isinstance(channel, BoneChannel) and channel.source == "head")


def _refuse(chosen: bpy.types.Object, family: list[bpy.types.Object], with_keys: list[bpy.types.Object]) -> None:
    absolute = [member for member in family if member.type == "MESH" and member.data.shape_keys]
    if not with_keys and absolute:
        raise FieldsError(
            f"The shape keys of “{absolute[0].name}” are absolute: they follow each other in time. Switch Relative on "
            "(Properties > Data > Shape Keys), or choose another head."
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


def axes(head: Head, space: bpy.types.Object) -> np.ndarray:
    """The head's axes (left, up, out of the face) as the columns of a rotation (3, 3) in the space of an object.

    Read off the shape keys (the left eye closes on the left, the eyes are above the mouth) and rounded to the
    nearest axis, so that heads modelled with y up and heads looking elsewhere than -Y turn the right way too.
    """
    left, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    if head.ways:
        left, up, known = head.ways
        to_space = np.array((space.matrix_world.inverted_safe() @ known.matrix_world).to_3x3())
        left = _nearest_axis(to_space @ left)
        up = to_space @ up
        up -= left * (left @ up)
        up /= max(float(np.linalg.norm(up)), 1e-12)
        if np.abs(up).max() < _CLEAR:
            up = up + _world_up(space)
        up = _nearest_axis(up - left * (left @ up))
    return np.stack([left, up, np.cross(left, up)], axis=1)


def sizes(head: Head) -> dict[str, float]:
    """How far the eyes are apart, how wide the mouth is, how far the lids are open, how far the jaw takes the lower lip
    ("eyes", "mouth", "lids", "jaw up" and "jaw out"), in the armature's space.

    By the bones where the rig has them, else by the shape keys; the mouth of a head that shows neither is as wide as
    its eyes are apart.
    """
    eyes = mouth = None
    if head.armature:
        eyes = _span(head.armature, _EYE_BONES)
        mouth = _span(head.armature, _LIP_BONES)
    eyes = eyes or _span_of_keys(head, "eyeBlinkLeft", "eyeBlinkRight") or 0.063
    mouth = mouth or _span_of_keys(head, "mouthSmileLeft", "mouthSmileRight") or eyes
    return {"eyes": eyes, "mouth": mouth, "lids": _lid_opening(head) or _LIDS * eyes} | _jaw_takes_lip(head)


def _jaw_takes_lip(head: Head) -> dict[str, float]:
    """How far the lower lip's bone goes down ("jaw up") and back ("jaw out") when the jaw is at its most; 0 where it
    doesn't hang on the jaw."""
    still = {f"jaw {way}": 0.0 for way in ("left", "up", "out")}
    bones = {plain(bone.name): bone for bone in head.armature.data.bones} if head.armature else {}
    jaw = next((bones[name] for name in bones if name in _JAW_BONES and "jaw" in name), None)
    lip = next((bones[name] for name in _LOWER_LIP_BONES if name in bones), None)
    if jaw is None or lip is None or not any("jaw" in plain(above.name) for above in lip.parent_recursive):
        return still
    assert head.armature is not None
    _, above, before = axes(head, head.armature).T @ np.array(lip.head_local - jaw.head_local)
    return still | {"jaw up": float(before) * JAW_OPEN, "jaw out": -float(above) * JAW_OPEN}


def _lid_opening(head: Head) -> float | None:
    """Between the lids' bones; where they hinge in the eyeball, the way of their tips round it."""
    bones = {plain(bone.name): bone for bone in head.armature.data.bones} if head.armature else {}
    for upper, lower in _LID_BONES:
        if upper in bones and lower in bones:
            a, b = bones[upper], bones[lower]
            if hinged(head, a.name):
                ends = a.tail_local - a.head_local, b.tail_local - b.head_local
                return ends[0].angle(ends[1], 0.0) * a.length or None
            return float((a.head_local - b.head_local).length) or None
    return None


def hinged(head: Head, bone: str) -> bool:
    """Does the bone begin in an eyeball and end on its surface, as lids do that turn about the eye?"""
    pair = _pair(head.armature, _EYE_BONES) if head.armature else None
    if pair is None or head.armature is None:
        return False
    data, apart = head.armature.data.bones[bone], float(np.linalg.norm(pair[0] - pair[1]))
    near = min(float(np.linalg.norm(np.array(data.head_local) - centre)) for centre in pair)
    return near < 0.06 * apart and data.length > 0.1 * apart


def middle_of_eyes(head: Head) -> np.ndarray | None:
    """Between the eye bones (3,), in the armature's space."""
    pair = _pair(head.armature, _EYE_BONES) if head.armature else None
    return None if pair is None else (pair[0] + pair[1]) / 2.0


def armature_of(chosen: bpy.types.Object) -> bpy.types.Object | None:
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
    """The chosen object, all below it, all that hangs on its armature, and what lies beside it."""
    members = [chosen, *chosen.children_recursive]
    if armature:
        members += armature.children_recursive
        for scene in chosen.users_scene:
            members += [
                other
                for other in scene.objects
                if any(m.type == "ARMATURE" and m.object == armature for m in other.modifiers)
            ]
    return list(dict.fromkeys([*members, *_beside(chosen, armature, members)]))


def _beside(
    chosen: bpy.types.Object, armature: bpy.types.Object | None, members: list[bpy.types.Object]
) -> Iterator[bpy.types.Object]:
    """Meshes with shape keys in a collection of the head's own, that lie within the head and belong to nothing else:
    teeth, tongue, brows and lashes that nobody parented."""
    if chosen.type != "MESH":
        return
    low, high = box(chosen)
    masters = {scene.collection for scene in bpy.data.scenes}
    for collection in chosen.users_collection:
        if collection in masters:
            continue
        for other in collection.objects:
            if other.type != "MESH" or not other.data.shape_keys or other in members:
                continue
            strange = any(m.type == "ARMATURE" and m.object not in (None, armature) for m in other.modifiers)
            middle = np.mean(box(other), axis=0)
            if not strange and other.parent is None and (low <= middle).all() and (middle <= high).all():
                yield other


def box(mesh: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a mesh's box (3,), (3,), in the world."""
    corners = np.array([mesh.matrix_world @ Vector(corner) for corner in mesh.bound_box])
    return corners.min(axis=0), corners.max(axis=0)


def with_shape_keys(members: list[bpy.types.Object]) -> Iterator[bpy.types.Object]:
    """The meshes with relative shape keys; of meshes that share them, the first."""
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
        if name and channel.mesh in ("", mesh.name):
            matched[channel.name] = name
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
    for channel in (*mapping.bones, *(channel for channel in mapping.channels if channel.bone)):
        for name in (channel.bone, *channel.names):
            found = name if name in names else by_plain.get(plain(name))
            if found:
                bones[channel.bone] = found
                break
    return bones


def _find_properties(
    family: list[bpy.types.Object], armature: bpy.types.Object | None, mapping: Mapping
) -> dict[str, list[Property]]:
    wanted = [channel for channel in mapping.channels if channel.prop]
    if not wanted:
        return {}
    there = list(custom_properties(family, armature))
    found = {}
    for channel in wanted:
        if places := [place for place, on in there if place.name == channel.prop and channel.on in ("", on)]:
            found[channel.name] = places
    return found


def custom_properties(
    family: list[bpy.types.Object], armature: bpy.types.Object | None
) -> Iterator[tuple[Property, str]]:
    """The custom properties of a head that are numbers, each with the name of the object or bone it is on."""
    seen = set()
    for member in dict.fromkeys([*([armature] if armature else []), *family]):
        for owner in (member, member.data):
            if owner is None or owner in seen or not owner.is_editable:
                continue
            seen.add(owner)
            for name in _numbers_on(owner):
                yield Property(owner, f'["{bpy.utils.escape_identifier(name)}"]', name), member.name
    if armature and armature.is_editable:
        for bone in armature.pose.bones:
            for name in _numbers_on(bone):
                path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]["{bpy.utils.escape_identifier(name)}"]'
                yield Property(armature, path, name), bone.name


def _numbers_on(owner) -> list[str]:
    return [name for name, value in owner.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]


def _world_up(space: bpy.types.Object) -> np.ndarray:
    """(3,) the scene's z in an object's space."""
    up = np.array(space.matrix_world.to_3x3().inverted_safe())[:, 2]
    return up / max(float(np.linalg.norm(up)), 1e-12)


def _ways_of_keys(head: Head) -> tuple[np.ndarray | None, np.ndarray | None]:
    wanted = {f"{side}{suffix}" for side in _SIDES for suffix in ("Left", "Right")} | set(_UPPER) | set(_LOWER)
    centre = {source: _centre(head.meshes[0], key) for source, key in head.roles.items() if source in wanted}
    return _difference(centre, [(f"{s}Left", f"{s}Right") for s in _SIDES]), _difference(
        centre, product(_UPPER, _LOWER)
    )


def _ways_of_mesh(head: Head) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Left and up of a head whose mesh is known."""
    places = landmarks(head.meshes[0])
    if places is None:
        return None, None
    at = dict(zip(align.LANDMARKS, places, strict=True))
    eyes = at["Left Eye Outer Corner"], at["Right Eye Outer Corner"]
    return eyes[0] - eyes[1], (eyes[0] + eyes[1]) / 2.0 - at["Chin"]


def landmarks(mesh: bpy.types.Object) -> np.ndarray | None:
    """`align.LANDMARKS` (14, 3) of a mesh that is known, in its space; None for others."""
    if not any(len(mesh.data.vertices) in topology.counts for topology in align.TOPOLOGIES):
        return None
    places = np.empty(len(mesh.data.vertices) * 3, dtype=np.float32)
    corners = np.empty(len(mesh.data.loops), dtype=np.int32)
    rest = mesh.data.shape_keys.reference_key.data if mesh.data.shape_keys else mesh.data.vertices
    rest.foreach_get("co", places)
    mesh.data.loops.foreach_get("vertex_index", corners)
    return align.landmarks_of(places.reshape(-1, 3), corners)


def _ways_of_bones(head: Head) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Left and up by where the bones of a face lie: the eyes, else the lips, and the eyes above the jaw or the lips."""
    armature = head.armature
    assert armature is not None
    eyes, lips = _pair(armature, _EYE_BONES), _pair(armature, _LIP_BONES)
    wide = eyes or lips
    jaw = next((bone for bone in armature.data.bones if plain(bone.name) in _JAW_BONES), None)
    low = np.array(jaw.tail_local) if jaw else (lips[0] + lips[1]) / 2.0 if lips else None
    if wide is None or low is None or eyes is None:
        return None if wide is None else wide[0] - wide[1], None
    return wide[0] - wide[1], (eyes[0] + eyes[1]) / 2.0 - low


def _pair(armature: bpy.types.Object, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    """Where a bone and its mirrored bone begin (3,), (3,), the left one first."""
    by_plain = {plain(bone.name): bone for bone in armature.data.bones}
    for name in names:
        left = by_plain.get(name)
        right = by_plain.get(plain(mirrored_name(left.name))) if left else None
        if left and right and left != right:
            return np.array(left.head_local), np.array(right.head_local)
    return None


def _span(armature: bpy.types.Object, names: tuple[str, ...]) -> float | None:
    pair = _pair(armature, names)
    return float(np.linalg.norm(pair[0] - pair[1])) if pair else None


def _span_of_keys(head: Head, left: str, right: str) -> float | None:
    if not {left, right} <= set(head.roles):
        return None
    centres = [_centre(head.meshes[0], head.roles[side]) for side in (left, right)]
    if centres[0] is None or centres[1] is None:
        return None
    space = head.armature or head.object
    to_space = np.array((space.matrix_world.inverted_safe() @ head.meshes[0].matrix_world).to_3x3())
    return float(np.linalg.norm(to_space @ (centres[0] - centres[1]))) or None


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
