"""The mapping of FLAME heads of any release, whose expression keys are identified by geometry."""

from dataclasses import replace

import bpy
import numpy as np

from ...fields_blender.core.names import ARKIT
from ...fields_blender.flame import flame_fit
from ...fields_blender.flame.flame_basis import VERTICES
from ...fields_blender.rig import match
from ...fields_blender.rig.mapping import BoneChannel, Mapping
from ...fields_blender.rig.match_result import Match, Row
from ...fields_blender.rig.rig_index import EXACT, Rig
from . import head_objects

_FEWEST_KEYS = 10
_WHY = "found by geometry: together the head's keys come closest to the captured motion"
# Fit of a mesh, by the session id of its shape keys, their names, and whether a bone opens the mouth.
_found: dict[tuple[int, tuple[str, ...], bool], flame_fit.Fit | None] = {}


def matched(head: bpy.types.Object, names: Rig, by_name: Match, bones: Mapping) -> Match | None:
    """The mapping of a head with FLAME's mesh and its own expression keys; `bones`: the preset for its joints.

    None where it is no such head, or where its names already show most of a performance (`by_name`).
    """
    if len(by_name.missing) <= len(ARKIT) // 2:
        return None
    mesh = next((member for member in head_objects.members(head) if _has_flames_mesh(member)), None)
    if mesh is None:
        return None
    joints = [row for row in match.use(Rig(bones=names.bones), bones).rows if isinstance(row.channel, BoneChannel)]
    turned = {row.channel.source for row in joints if row.confidence > 0.0}
    keys = [block.name for block in mesh.data.shape_keys.key_blocks[1:]]
    which = (mesh.data.shape_keys.session_uid, tuple(keys), "jaw" in turned)
    if which not in _found:
        _found[which] = _fit(mesh, keys, jaw="jaw" not in turned)
    fitted = _found[which]
    if fitted is None:
        return None
    rows = [Row(made, EXACT, _WHY) for made in flame_fit.channels(fitted, keys)]
    followed = {row.channel.key for row in rows}
    spare = {key: "not an expression key: yours to set" for key in keys if key not in followed}
    missing = tuple(name for name in ARKIT if name in fitted.missing)
    return Match("FLAME", (*rows, *(row for row in joints if row.confidence > 0.0)), spare, missing)


def forget() -> None:
    _found.clear()


def widen(mesh: bpy.types.Object, found: Mapping) -> None:
    """Widen the slider range of keys that follow several sources to what these can reach."""
    for channel in found.shape_keys:
        block = mesh.data.shape_keys.key_blocks.get(channel.key) if mesh.data.shape_keys else None
        if block is not None and channel.minimum == -flame_fit.SLIDER_LIMIT:
            low, high = flame_fit.value_range(channel)
            block.slider_min, block.slider_max = min(block.slider_min, low), max(block.slider_max, high)


def _has_flames_mesh(member: bpy.types.Object) -> bool:
    if member.type != "MESH" or len(member.data.vertices) != VERTICES or member.data.shape_keys is None:
        return False
    if not member.data.shape_keys.use_relative or len(member.data.shape_keys.key_blocks) <= _FEWEST_KEYS:
        return False
    edges = np.empty(len(member.data.edges) * 2, dtype=np.int32)
    member.data.edges.foreach_get("vertices", edges)
    return flame_fit.is_flame(VERTICES, edges.reshape(-1, 2))


def _fit(mesh: bpy.types.Object, keys: list[str], jaw: bool) -> flame_fit.Fit | None:
    """The fit with weights for all keys, 0 for those that are no expressions."""
    blocks = mesh.data.shape_keys.key_blocks
    rest = _points(mesh.data.shape_keys.reference_key)
    moves = np.stack([_points(blocks[key]) - _points(blocks[key].relative_key) for key in keys])
    chosen = flame_fit.are_expressions(keys, moves)
    if chosen.sum() < _FEWEST_KEYS:
        return None
    fitted = flame_fit.fit(rest, moves[chosen], jaw)
    weights = np.zeros((len(fitted.sources), len(keys)))
    weights[:, chosen] = fitted.weights
    return replace(fitted, weights=weights)


def _points(key: bpy.types.ShapeKey) -> np.ndarray:
    points = np.empty(VERTICES * 3, dtype=np.float32)
    key.data.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)
