"""NLA layers: the performance without its emotion in a base strip, the emotion in a strip added on top.

Only shape keys have layers: numbers add up, turns of bones do not, so bones and properties are keyed as ever.
How strong the emotion is, is the influence of that strip, which is Blender's own: it plays, can be keyed and renders
where this extension is not installed. An influence ends at 1, so 1 is Emotion Intensity 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import reduce
from ...fields_blender.rig.mapping import Mapping
from ..head.heads import Head
from . import fcurves, keys

BASE, EMOTION = "FIELDS", "FIELDS Emotion"
FULL = 2.0  # the intensity at an influence of 1
# Below this intensity the layer is what it is at 1: there is next to nothing to divide by.
LITTLE = 5e-4
# A shape key that emotion moves less than this has no layer.
NOTHING = 1e-6


@dataclass(frozen=True)
class Played:
    """A performance at whole scene `frames` (n,): without emotion, at 1, and as its `intensity` (n,) says."""

    frames: np.ndarray
    intensity: np.ndarray
    without: Curves
    once: Curves
    asked: Curves


def present(head: Head) -> bool:
    """Is the head keyed in layers?"""
    return any(_track(owner, EMOTION) for owner in _owners(head))


def write(head: Head, mapping: Mapping, played: Played, name: str, fresh: bool) -> keys.Report:
    """Key the head in two layers that together are what Baked writes. Raises FieldsError as `keys.write` does."""
    keys.check(head)
    restore(head)
    layered = _layered(head, played.without)
    base = replace(played.without, values=np.where(layered, played.without.values, played.asked.values))
    report = keys.write(head, base, played.frames, mapping, name, fresh, reach=played.asked)
    for owner in _owners(head):
        if _is_keyed(owner):
            _push(owner, BASE, name, "REPLACE")
    more = _write_emotion(head, mapping, played, f"{name} emotion")
    report.samples += more.samples
    report.keys += more.keys
    report.error = max(report.error, more.error)
    return report


def rewrite_emotion(head: Head, mapping: Mapping, played: Played) -> None:
    """The emotion's layer anew, where the base stays as it is: quick enough for a slider that is dragged."""
    strips = {owner: strip for owner in _owners(head) if (strip := _strip(owner, EMOTION))}
    for owner, strip in strips.items():
        _assign(owner.animation_data, strip.action, getattr(strip, "action_slot", None))
    try:
        _key_emotion(head, mapping, played, EMOTION)
    finally:
        for owner in strips:
            owner.animation_data.action = None
    for strip in strips.values():
        _influence(strip, played)
    names = [name for name, apart in zip(played.asked.names, _layered(head, played.asked), strict=True) if not apart]
    rest = replace(mapping, channels=tuple(channel for channel in mapping.channels if channel.name in names))
    if rest.channels:
        keys.write(head, played.asked, played.frames, rest, BASE)


def restore(head: Head) -> None:
    """Take the layers off: the base becomes the plain action again, without emotion."""
    for owner in _owners(head):
        base, emotion = _strip(owner, BASE), _strip(owner, EMOTION)
        if base is None:
            continue
        action, slot = base.action, getattr(base, "action_slot", None)
        layer = emotion.action if emotion else None
        _remove(owner, BASE)
        _remove(owner, EMOTION)
        _assign(owner.animation_data, action, slot)
        if layer and layer.users == 0:
            bpy.data.actions.remove(layer)


def flatten(head: Head, mapping: Mapping) -> int:
    """One plain action of the two layers, as they are now with what the artist changed in them. Returns channels.

    Raises FieldsError, with nothing changed, when a strip was moved, retimed or is being tweaked.
    """
    layered = [owner for owner in _owners(head) if _strip(owner, BASE)]
    if not any(_strip(owner, EMOTION) for owner in layered):
        raise FieldsError("This head is not keyed in layers, so there is nothing to bake down.")
    for owner in layered:
        _check_still(owner)
    written = 0
    settings, sizes = head.object.fields, keys.sizes(mapping)
    units = {keys.path_of(block): sizes.get(name, 1.0) for names in head.keys for name, block in names.items()}
    for owner in layered:
        strip = _strip(owner, EMOTION)
        track = _track(owner, EMOTION)
        new = [] if strip is None or strip.mute or track.mute else list(_flat(owner, strip, settings, units))
        for fcurve, made in new:
            frames = made["co"][:, 0]
            fcurves.replace(fcurve, fcurves.merged(fcurves.read(fcurve), made, frames[[0, -1]][None]))
        written += len(new)
    restore(head)
    return written


def push(head: Head, blend: str, name: str) -> int:
    """Each action with keys of the head goes into an NLA strip on a track of its own. Returns how many."""
    owners: list[bpy.types.ID] = [owner for owner in _owners(head) if _is_keyed(owner)]
    bones = [f'pose.bones["{bpy.utils.escape_identifier(bone)}"]' for bone in head.bones.values()]
    if head.armature and any(_is_keyed(head.armature, bone) for bone in bones):
        owners.append(head.armature)
    # Where settings of the head are animated too, their curves must stay where bakes read them.
    if head.object not in owners and _is_keyed(head.object, "rotation_") and not _is_keyed(head.object, "fields."):
        owners.append(head.object)
    for owner in owners:
        _push(owner, name, name, blend)
    return len(owners)


def _key_emotion(head: Head, mapping: Mapping, played: Played, name: str) -> keys.Report:
    """What the emotion adds at an influence of 1, keyed for the shape keys that it moves."""
    little = (played.intensity < LITTLE)[:, None]
    asked, once, without = played.asked.values, played.once.values, played.without.values
    more = np.where(little, once - without, (asked - without) / np.maximum(played.intensity, LITTLE)[:, None])
    moves = (np.nan_to_num(np.abs(more)) > NOTHING).any(axis=0) & _layered(head, played.without)
    names = tuple(name for name, moved in zip(played.without.names, moves, strict=True) if moved)
    part = replace(mapping, channels=tuple(c for c in mapping.channels if c.name in names), bones=())
    layer, reach = (Curves(played.without.time, names, values[:, moves]) for values in (FULL * more, asked))
    return keys.write(head, layer, played.frames, part, name, reach=reach)


def _layered(head: Head, curves: Curves) -> np.ndarray:
    """Which of the curves (k,) move shape keys alone."""
    on_keys = {name for names in head.keys for name in names} - set(head.properties)
    return np.array([name in on_keys for name in curves.names], dtype=bool)


def _write_emotion(head: Head, mapping: Mapping, played: Played, name: str) -> keys.Report:
    report = _key_emotion(head, mapping, played, name)
    for owner in _owners(head):
        if _is_keyed(owner):
            _influence(_push(owner, EMOTION, name, "ADD"), played)
    return report


def _influence(strip: bpy.types.NlaStrip, played: Played) -> None:
    """One key where the intensity never changes, so that the artist finds one value to drag."""
    strip.use_animated_influence = True
    changes = np.ptp(played.intensity) > 0
    frames, values = (played.frames, played.intensity) if changes else (played.frames[:1], played.intensity[:1])
    fcurves.replace(strip.fcurves.find("influence"), fcurves.plain_keys(frames, values / FULL, fcurves.BEZIER))


def _flat(
    owner: bpy.types.ID, strip: bpy.types.NlaStrip, settings: Any, units: dict[str, float]
) -> Iterator[tuple[Any, dict[str, np.ndarray]]]:
    """The base's F-curves that the layer adds to, each with keys for both together, in the head's key style. units: by
    data path, as `keys.sizes` says.
    """
    base = _strip(owner, BASE)
    assert base is not None
    below, above = _bag(base), _bag(strip)
    for layer in above.fcurves:
        fcurve = below.fcurves.find(layer.data_path, index=layer.array_index)
        if fcurve is None or layer.is_empty:
            continue
        first, last = (round(frame) for frame in layer.range())
        frames = np.arange(first, last + 1, dtype=np.float64)
        if settings.key_style in keys.STEPS:
            keyed = np.unique([round(point.co.x) for curve in (fcurve, layer) for point in curve.keyframe_points])
            frames = keyed[(keyed >= first) & (keyed <= last)].astype(np.float64)
        values = np.array([fcurve.evaluate(at) + _strength(strip, at) * layer.evaluate(at) for at in frames])
        if settings.key_style == "REDUCED":
            shape = (len(frames), 1)
            limit = np.full(shape, settings.key_tolerance * units.get(layer.data_path, 1.0))
            found = reduce.reduce(frames, values[:, None], limit, np.zeros(shape, dtype=bool), [layer.data_path])
            yield fcurve, fcurves.fitted_keys(found[0])
        else:
            held = settings.key_style in keys.STEPS
            yield fcurve, fcurves.plain_keys(frames, values, fcurves.CONSTANT if held else fcurves.BEZIER)


def _strength(strip: bpy.types.NlaStrip, frame: float) -> float:
    if strip.use_animated_influence:
        return min(max(strip.fcurves.find("influence").evaluate(frame), 0.0), 1.0)
    return strip.influence


def _check_still(owner: bpy.types.ID) -> None:
    if owner.animation_data.use_tweak_mode:
        raise FieldsError(f"“{owner.name}” is being tweaked in the NLA. Leave tweak mode (Tab there) and try again.")
    for name in (BASE, EMOTION):
        strip = _strip(owner, name)
        still = strip is None or (
            abs(strip.frame_start - strip.action_frame_start) < 1e-3
            and strip.scale == 1.0
            and strip.repeat == 1.0
            and not strip.use_reverse
        )
        if not still:
            raise FieldsError(
                f"The NLA strip “{strip.name}” was moved or retimed, so its keys would land on other frames. Put it "
                "back to where it was captured, or use Bake Keys."
            )


def _owners(head: Head) -> list[bpy.types.Key]:
    """What has layers. Emotion moves no bone, so bones and objects stay as they are."""
    return [mesh.data.shape_keys for mesh in head.meshes]


def _is_keyed(owner: bpy.types.ID, path: str = "") -> bool:
    """Has its action F-curves whose paths begin so?"""
    bag = fcurves.channelbag(owner)
    return bag is not None and any(curve.data_path.startswith(path) for curve in bag.fcurves)


def _track(owner: bpy.types.ID, name: str) -> bpy.types.NlaTrack | None:
    animation = owner.animation_data
    return next((t for t in animation.nla_tracks if t.name == name and len(t.strips)), None) if animation else None


def _strip(owner: bpy.types.ID, name: str) -> bpy.types.NlaStrip | None:
    track = _track(owner, name)
    return track.strips[0] if track and track.strips[0].action else None


def _bag(strip: bpy.types.NlaStrip) -> Any:
    """What holds the F-curves that a strip plays."""
    if not hasattr(strip, "action_slot"):
        return strip.action
    from bpy_extras import anim_utils

    return anim_utils.action_get_channelbag_for_slot(strip.action, strip.action_slot)


def _push(owner: bpy.types.ID, track_name: str, name: str, blend: str) -> bpy.types.NlaStrip:
    animation = owner.animation_data
    action, slot = animation.action, getattr(animation, "action_slot", None)
    track = animation.nla_tracks.new()
    track.name = track_name
    strip = track.strips.new(name, int(action.frame_range[0]), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start = strip.action_frame_start
    strip.blend_type, strip.extrapolation = blend, "HOLD"
    animation.action = None
    return strip


def _assign(animation: bpy.types.AnimData, action: bpy.types.Action, slot: Any) -> None:
    animation.action = action
    if slot is not None:
        animation.action_slot = slot


def _remove(owner: bpy.types.ID, name: str) -> None:
    track = _track(owner, name)
    if track:
        owner.animation_data.nla_tracks.remove(track)
