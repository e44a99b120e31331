"""Which bones of a head move and which shape keys rest meanwhile, so that nothing moves twice."""

from dataclasses import replace

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.names import LOOK_SIDE
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from ..common.datablocks import bones_of, mesh_of, shape_keys_of
from ..head import head_objects, heads
from ..head.heads import Head

# A shape key turns an eye if it moves what the eye's bone carries, on average, by at least this share of the farthest
# that it moves any point: 0.8 for a ball that turns, 0 for lids that follow the eye.
_TURNS = 0.3
# Eyeballs can't have radii of more than half the distance between the eyes: what lies farther in front of its bone is a
# flat eye. At the largest gaze it slides by this share of that distance, which keeps the iris between the lids.
_BALL, _SLIDE = 0.5, 0.11
# mouthClose undoes jawOpen if jawOpen, projected on mouthClose, is at least this share of it the other way.
_UNDOES = 0.5


def by_bones(head: Head, mapping: Mapping) -> list[BoneChannel]:
    """The bones that move, each in place of the shape keys it replaces.

    The artist's choice on the head wins. Automatic chooses the bone where it exists and moves something: a jaw must
    move the skin (teeth alone would leave the mouth shut), an eye anything that shape keys don't turn already. Keys
    that move an eye's lids but not the eye itself are not replaced: they go on beside the bone.
    """
    settings = head.object.fields
    chosen = []
    for channel in mapping.bones:
        if channel.bone not in head.bones:
            continue
        gaze = channel.source.startswith("gaze")
        turning, lids = _keys_of_eye(head, mapping, channel) if gaze else (set(), set())
        if channel.source == "head":
            use = settings.use_head_rotation
        else:
            choice = settings.jaw_on if channel.source == "jaw" else settings.eyes_on
            use = choice == "BONE" or (choice == "AUTOMATIC" and _automatic(head, channel, turning))
        if use:
            kept = tuple(name for name in channel.replaces if name not in lids)
            chosen.append(replace(channel, replaces=kept))
    return chosen


def replaced(channel: Channel, bone: BoneChannel) -> bool:
    """Does this shape key or property rest while the bone moves?"""
    return channel.main in bone.replaces or channel.name in bone.replaces


def moves_skin(head: Head, bone: str) -> bool:
    """Does this pose bone, or a bone below it, deform the face?"""
    meshes = head.meshes or [member for member in head_objects.members(head.object) if member.type == "MESH"]
    return any(_carries(head, mesh, bone) for mesh in meshes)


def moves_anything(head: Head, bone: str) -> bool:
    """Does this pose bone move any mesh: by weights, or as the parent of an object?"""
    return any(_hangs_on(head, member, bone) or _carries(head, member, bone) for member in _members(head))


def sealed(head: Head, mapping: Mapping, moving: list[BoneChannel], curves: Curves) -> np.ndarray | None:
    """(n,) how much of jawOpen its shape key shows although a bone opens the jaw: as much as mouthClose undoes.

    mouthClose is sculpted to undo that key, not the bone, which opens the corners of the mouth otherwise: with the bone
    alone they would stay open. None where no bone opens the jaw, or where the two keys are no such pair.
    """
    names = {source: name for name, source in mapping.roles.items() if source in ("jawOpen", "mouthClose")}
    if len(names) < 2 or not any(channel.source == "jaw" for channel in moving) or not head.meshes:
        return None
    if not all(name in head.keys[0] and name in curves.names for name in names.values()):
        return None
    blocks = shape_keys_of(head.meshes[0]).key_blocks
    rest = _points(blocks[0])
    opens, closes = (_points(blocks[head.keys[0][names[source]]]) - rest for source in ("jawOpen", "mouthClose"))
    if not -(opens * closes).sum() > _UNDOES * (closes**2).sum() > 0.0:
        return None
    shown = (curves.values[:, curves.names.index(names[source])] for source in ("jawOpen", "mouthClose"))
    return np.maximum(np.minimum(*shown), 0.0)


def slide(head: Head, moving: list[BoneChannel]) -> float:
    """The factor on the gaze that the bones of the eyes (of `moving`, see `by_bones`) get.

    Less than 1 for flat eyes with bones far behind them, as anime figures have: they would slide out of the lids.
    """
    bones = [head.bones[channel.bone] for channel in moving if channel.source.startswith("gaze")]
    if len(bones) != 2 or head.armature is None:
        return 1.0
    out = heads.axes(head, head.armature)[:, 2]
    middles = [_middle(head, bone) for bone in bones]
    if middles[0] is None or middles[1] is None:
        return 1.0
    apart = float(np.linalg.norm(middles[0] - middles[1]))
    starts = [np.array(bones_of(head.armature)[bone].head_local) for bone in bones]
    before = float(np.mean([(middle - start) @ out for middle, start in zip(middles, starts, strict=True)]))
    return 1.0 if before <= _BALL * apart else _SLIDE * apart / (before * np.sin(LOOK_SIDE))


def _automatic(head: Head, channel: BoneChannel, turning: set[str]) -> bool:
    bone = head.bones[channel.bone]
    if not set(channel.replaces) & set(head.roles):
        return True  # no shape key shows it
    if channel.source == "jaw":
        return moves_skin(head, bone)
    return not set(channel.replaces) <= turning and moves_anything(head, bone)


def _keys_of_eye(head: Head, mapping: Mapping, channel: BoneChannel) -> tuple[set[str], set[str]]:
    """Of the sources whose keys an eye's bone replaces: those whose keys turn what the bone turns, and those whose keys
    move only something else, the lids. Keys that move nothing are in neither set."""
    followers = [c for c in mapping.shape_keys if replaced(c, channel)]
    turning: set[str] = set()
    moving: set[str] = set()
    for mesh, keys in zip(head.meshes, head.keys, strict=True):
        weights = _weights(head, mesh, head.bones[channel.bone])
        if _hangs_on(head, mesh, head.bones[channel.bone]):
            weights[:] = 1.0
        blocks = shape_keys_of(mesh).key_blocks
        rest = _points(blocks[0])
        for follower in followers:
            if follower.name not in keys:
                continue
            far = np.linalg.norm(_points(blocks[keys[follower.name]]) - rest, axis=1)
            if far.any():
                moving |= {follower.main, follower.name}
            if far.any() and far @ weights > _TURNS * far.max() * weights.sum() > 0.0:
                turning |= {follower.main, follower.name}
    return turning, moving - turning


def _members(head: Head) -> list[bpy.types.Object]:
    return head_objects.members(head.object)


def _hangs_on(head: Head, member: bpy.types.Object, bone: str) -> bool:
    on_bone = member.parent == head.armature and member.parent_type == "BONE"
    return on_bone and member.parent_bone in _with_children(head, bone)


def _carries(head: Head, member: bpy.types.Object, bone: str) -> bool:
    return bool(_weights(head, member, bone).any())


def _weights(head: Head, member: bpy.types.Object, bone: str) -> np.ndarray:
    """How strongly each vertex of a member (n,) follows a bone and those below it; (0,) where it is no mesh."""
    if member.type != "MESH":
        return np.zeros(0)
    vertices, groups = mesh_of(member).vertices, _groups(head, member, bone)
    weights = np.zeros(len(vertices))
    for vertex in vertices if groups else ():
        for group in vertex.groups:
            if group.group in groups:
                weights[vertex.index] += group.weight
    return weights


def _groups(head: Head, member: bpy.types.Object, bone: str) -> set[int]:
    """The vertex groups by which a bone and those below it deform a mesh."""
    armature = head.armature
    if armature is None:
        return set()
    if not any(isinstance(m, bpy.types.ArmatureModifier) and m.object == armature for m in member.modifiers):
        return set()
    names = {name for name in _with_children(head, bone) if bones_of(armature)[name].use_deform}
    return {group.index for group in member.vertex_groups if group.name in names}


def _middle(head: Head, bone: str) -> np.ndarray | None:
    """The middle (3,), in the armature's space, of the mesh that a bone carries; None where it carries nothing."""
    assert head.armature is not None
    to_armature = head.armature.matrix_world.inverted_safe()
    for member in _members(head):
        weights = _weights(head, member, bone)
        if not weights.any():
            continue
        mesh = mesh_of(member)
        points = _points(mesh.shape_keys.reference_key if mesh.shape_keys else mesh)
        place = weights @ points.astype(np.float64) / weights.sum()
        matrix = np.array(to_armature @ member.matrix_world)
        return matrix[:3, :3] @ place + matrix[:3, 3]
    return None


def _with_children(head: Head, bone: str) -> set[str]:
    assert head.armature is not None
    return {bone, *(child.name for child in bones_of(head.armature)[bone].children_recursive)}


def _points(shape: bpy.types.ShapeKey | bpy.types.Mesh) -> np.ndarray:
    """The places of a shape key's or a mesh's points (n, 3) float32."""
    data = shape.vertices if isinstance(shape, bpy.types.Mesh) else shape.data
    points = np.empty(len(data) * 3, np.float32)
    data.foreach_get("co", points)
    return points.reshape(-1, 3)
