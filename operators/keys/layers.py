"""NLA layers: the performance without its emotion in a base strip, the emotion in a strip added on top.

Only shape keys have layers: their values add up, which rotations don't, so bones and properties are keyed as without
layers. The influence of the upper strip is the intensity of the emotion. It is Blender's own, so it plays, can be keyed
and renders where this extension is not installed. An influence ends at 1, so 1 is Emotion Intensity 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import reduce
from ...fields_blender.rig.mapping import Mapping
from ..common.datablocks import shape_keys_of
from ..head.heads import Head
from . import fcurves, key_styles, plan_shape_keys, write_keys
from .bake_report import Report

Blend = Literal["REPLACE", "COMBINE", "ADD"]
BASE, EMOTION = "FIELDS", "FIELDS Emotion"
FULL_INFLUENCE = 2.0  # the intensity at an influence of 1
# Below this intensity the layer is computed from intensity 1 instead: dividing by less would be too inexact.
LEAST_INTENSITY = 5e-4
# A shape key that emotion moves less than this has no layer.
LEAST_EFFECT = 1e-6


@dataclass(frozen=True)
class Played:
    """A performance at whole scene `frames` (n,): without emotion, with it at intensity 1, and at `intensity` (n,).

    `exact`: see `write_keys.write`.
    """

    frames: np.ndarray
    intensity: np.ndarray
    without: Curves
    at_one: Curves
    at_intensity: Curves
    exact: Sequence[int] = ()


def present(head: Head) -> bool:
    """Is the head keyed in layers?"""
    return any(_track(owner, EMOTION) for owner in _owners(head))


def write(head: Head, mapping: Mapping, played: Played, name: str, fresh: bool) -> Report:
    """Key the head in two layers that together are what Baked writes. Raises FieldsError as `write_keys.write` does."""
    write_keys.check(head)
    restore(head)
    layered = _layered(head, played.without)
    base = replace(played.without, values=np.where(layered, played.without.values, played.at_intensity.values))
    report = write_keys.write(head, base, played.frames, mapping, name, fresh, played.at_intensity, played.exact)
    for owner in _owners(head):
        if _is_keyed(owner):
            _push(owner, BASE, name, "REPLACE")
    more = _write_emotion(head, mapping, played, f"{name} emotion")
    samples, keys = report.samples + more.samples, report.keys + more.keys
    return replace(report, samples=samples, keys=keys, error=max(report.error, more.error))


def rewrite_emotion(head: Head, mapping: Mapping, played: Played) -> Report:
    """Write the emotion's layer again and leave the base as it is: quick enough for a slider that is dragged.

    Returns what was written of what has no layers.
    """
    strips = {owner: strip for owner in _owners(head) if (strip := _strip(owner, EMOTION))}
    for owner, strip in strips.items():
        fcurves.assign(_animation(owner), strip.action, getattr(strip, "action_slot", None))
    try:
        _key_emotion(head, mapping, played, EMOTION)
    finally:
        for owner in strips:
            _animation(owner).action = None
    for strip in strips.values():
        _influence(strip, played)
    shown = played.at_intensity
    unlayered = {name for name, layered in zip(shown.names, _layered(head, shown), strict=True) if not layered}
    others = replace(mapping, channels=tuple(channel for channel in mapping.channels if channel.name in unlayered))
    if not others.channels:
        return Report()
    return write_keys.write(head, shown, played.frames, others, BASE, exact=played.exact)


def restore(head: Head) -> None:
    """Remove the layers: the base becomes the plain action again, without emotion."""
    for owner in _owners(head):
        base, emotion = _strip(owner, BASE), _strip(owner, EMOTION)
        if base is None:
            continue
        action, slot = base.action, getattr(base, "action_slot", None)
        layer = emotion.action if emotion else None
        _remove(owner, BASE)
        _remove(owner, EMOTION)
        fcurves.assign(_animation(owner), action, slot)
        if layer and layer.users == 0:
            bpy.data.actions.remove(layer)


def flatten(head: Head, mapping: Mapping) -> int:
    """Bake both layers, with what the artist changed in them, into one plain action. Returns how many F-curves.

    Raises FieldsError, with nothing changed, when a strip was moved, retimed or is being tweaked.
    """
    layered = [owner for owner in _owners(head) if _strip(owner, BASE)]
    if not any(_strip(owner, EMOTION) for owner in layered):
        raise FieldsError("This head is not keyed in layers, so there is nothing to bake down.")
    for owner in layered:
        _check_unmoved(owner)
    written = 0
    settings, units_of = head.object.fields, plan_shape_keys.units(mapping)
    blocks = {block: name for names in head.keys for name, block in names.items()}
    units = {plan_shape_keys.path_of(block): units_of.get(name, 1.0) for block, name in blocks.items()}
    for owner in layered:
        strip, track = _strip(owner, EMOTION), _track(owner, EMOTION)
        if not strip or strip.mute or not track or track.mute:
            continue
        new = list(_flat(owner, strip, settings, units))
        for fcurve, made in new:
            frames = made["co"][:, 0]
            fcurves.replace(fcurve, fcurves.merged(fcurves.read(fcurve), made, frames[[0, -1]][None]))
        written += len(new)
    restore(head)
    return written


def push(head: Head, blend: Blend, name: str) -> int:
    """Move each action with keys of the head into an NLA strip on a track of its own. Returns how many."""
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


def _key_emotion(head: Head, mapping: Mapping, played: Played, name: str) -> Report:
    """Key what the emotion adds at an influence of 1, for the shape keys that it moves."""
    little = (played.intensity < LEAST_INTENSITY)[:, None]
    shown, at_one, without = (c.values for c in (played.at_intensity, played.at_one, played.without))
    intensity = np.maximum(played.intensity, LEAST_INTENSITY)[:, None]
    more = np.where(little, at_one - without, (shown - without) / intensity)
    moves = (np.nan_to_num(np.abs(more)) > LEAST_EFFECT).any(axis=0) & _layered(head, played.without)
    names = tuple(name for name, moved in zip(played.without.names, moves, strict=True) if moved)
    part = replace(mapping, channels=tuple(c for c in mapping.channels if c.name in names), bones=())
    layer, reach = (Curves(played.without.time, names, values[:, moves]) for values in (FULL_INFLUENCE * more, shown))
    return write_keys.write(head, layer, played.frames, part, name, reach=reach, exact=played.exact)


def _layered(head: Head, curves: Curves) -> np.ndarray:
    """Which of the curves (k,) move shape keys alone."""
    on_keys = {name for names in head.keys for name in names} - set(head.properties)
    return np.array([name in on_keys for name in curves.names], dtype=bool)


def _write_emotion(head: Head, mapping: Mapping, played: Played, name: str) -> Report:
    report = _key_emotion(head, mapping, played, name)
    for owner in _owners(head):
        if _is_keyed(owner):
            _influence(_push(owner, EMOTION, name, "ADD"), played)
    return report


def _influence(strip: bpy.types.NlaStrip, played: Played) -> None:
    """Key the strip's influence; where the intensity never changes by one key, so that the artist can drag it."""
    strip.use_animated_influence = True
    changes = np.ptp(played.intensity) > 0
    frames, values = (played.frames, played.intensity) if changes else (played.frames[:1], played.intensity[:1])
    fcurves.replace(_influence_curve(strip), fcurves.plain_keys(frames, values / FULL_INFLUENCE, fcurves.BEZIER))


def _flat(
    owner: bpy.types.ID, strip: bpy.types.NlaStrip, settings: Any, units: dict[str, float]
) -> Iterator[tuple[Any, dict[str, np.ndarray]]]:
    """The base's F-curves that the layer adds to, each with keys for their sum, in the head's key style.

    `units`: data path -> what counts as one unit of that shape key (`plan_shape_keys.units`).
    """
    base = _strip(owner, BASE)
    assert base is not None
    below, above = fcurves.channelbag_of(base), fcurves.channelbag_of(strip)
    for layer in above.fcurves:
        fcurve = below.fcurves.find(layer.data_path, index=layer.array_index)
        if fcurve is None or layer.is_empty:
            continue
        first, last = (round(frame) for frame in layer.range())
        frames = np.arange(first, last + 1, dtype=np.float64)
        if settings.key_style in key_styles.STEPS:
            keyed = np.unique([round(point.co.x) for curve in (fcurve, layer) for point in curve.keyframe_points])
            frames = keyed[(keyed >= first) & (keyed <= last)].astype(np.float64)
        values = np.array([fcurve.evaluate(at) + _strength(strip, at) * layer.evaluate(at) for at in frames])
        if settings.key_style == "REDUCED":
            shape = (len(frames), 1)
            limit = np.full(shape, settings.key_tolerance * units.get(layer.data_path, 1.0))
            found = reduce.reduce(frames, values[:, None], limit, np.zeros(shape, dtype=bool), [layer.data_path])
            yield fcurve, fcurves.fitted_keys(found[0])
        else:
            yield fcurve, fcurves.plain_keys(frames, values, key_styles.interpolation(settings.key_style))


def _strength(strip: bpy.types.NlaStrip, frame: float) -> float:
    if strip.use_animated_influence:
        return min(max(_influence_curve(strip).evaluate(frame), 0.0), 1.0)
    return strip.influence


def _influence_curve(strip: bpy.types.NlaStrip) -> bpy.types.FCurve:
    """The F-curve of an animated influence, which Blender makes itself."""
    curve = strip.fcurves.find("influence")
    assert curve is not None
    return curve


def _check_unmoved(owner: bpy.types.ID) -> None:
    if _animation(owner).use_tweak_mode:
        raise FieldsError(
            "“{name}” is being tweaked in the NLA. Leave tweak mode (Tab there) and try again.", name=owner.name
        )
    for name in (BASE, EMOTION):
        strip = _strip(owner, name)
        if strip is not None and not _is_unmoved(strip):
            raise FieldsError(
                "The NLA strip “{name}” was moved or retimed, so its keys would land on other frames. Put it "
                "back to where it was captured, or use Bake Keys.",
                name=strip.name,
            )


def _is_unmoved(strip: bpy.types.NlaStrip) -> bool:
    """Does the strip play its action's frames where they are keyed, once and forwards?"""
    at_its_place = abs(strip.frame_start - strip.action_frame_start) < 1e-3
    return at_its_place and strip.scale == 1.0 and strip.repeat == 1.0 and not strip.use_reverse


def _owners(head: Head) -> list[bpy.types.Key]:
    """The datablocks that have layers. Emotion moves no bone, so bones and objects have none."""
    return [shape_keys_of(mesh) for mesh in head.meshes]


def _is_keyed(owner: bpy.types.ID, path: str = "") -> bool:
    """Has the action of a datablock F-curves, or ones whose paths begin with `path`?"""
    bag = fcurves.channelbag(owner)
    return bag is not None and any(curve.data_path.startswith(path) for curve in bag.fcurves)


def _track(owner: bpy.types.ID, name: str) -> bpy.types.NlaTrack | None:
    animation = fcurves.animation_of(owner)
    return next((t for t in animation.nla_tracks if t.name == name and len(t.strips)), None) if animation else None


def _strip(owner: bpy.types.ID, name: str) -> bpy.types.NlaStrip | None:
    track = _track(owner, name)
    return track.strips[0] if track and track.strips[0].action else None


def _push(owner: bpy.types.ID, track_name: str, name: str, blend: Blend) -> bpy.types.NlaStrip:
    animation = _animation(owner)
    action, slot = animation.action, getattr(animation, "action_slot", None)
    assert action is not None
    track = animation.nla_tracks.new()
    track.name = track_name
    strip = track.strips.new(name, int(action.frame_range[0]), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start = strip.action_frame_start
    strip.blend_type, strip.extrapolation = blend, "HOLD"
    animation.action = None
    return strip


def _animation(owner: bpy.types.ID) -> bpy.types.AnimData:
    """The animation data of a datablock that is keyed."""
    animation = fcurves.animation_of(owner)
    assert animation is not None
    return animation


def _remove(owner: bpy.types.ID, name: str) -> None:
    track = _track(owner, name)
    if track:
        _animation(owner).nla_tracks.remove(track)
