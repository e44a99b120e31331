"""Curves -> F-curves. All of a performance is written or nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.names import JAW_OPEN
from ...fields_blender.core.rotation import multiply, to_quaternion
from ...fields_blender.rig import reduce, retarget
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping, muted
from ..common.wording import say
from ..head import head_sizes, heads
from ..head.heads import Head
from . import fcurves, key_merge, moving_bones
from .rotation_modes import property_of, to_mode

# For how many frames a stepped style holds each pose.
STEPS = {"TWOS": 2, "FOURS": 4}
# So many radians count as much as one unit of a shape key: a tolerance of 0.02 lets a bone be off by 0.3 degrees.
TURN = 0.26
# So much of the distance between the eyes counts as much as one unit of a shape key.
MOVE = 0.3


@dataclass
class Report:
    """What was keyed: mapping's names. `skipped`: name -> why it was not written.

    `keys` of `samples` were written; the largest error that made is `error` for shape keys, `turn_error` rad for bones.
    """

    frames: int = 0
    gaps: int = 0
    channels: int = 0
    keyed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    keys: int = 0
    error: float = 0.0
    turn_error: float = 0.0

    def sentence(self) -> str:
        """For the artist: "468 frames, 12 without a face, 49 of 52 channels keyed"."""
        words = say(
            "{frames} frames, {gaps} without a face, {keyed} of {channels} channels keyed",
            frames=self.frames, gaps=self.gaps, keyed=len(self.keyed), channels=self.channels,
        )  # fmt: skip
        if self.keys < self.samples:
            words += f"; {self.samples:,} → {self.keys:,} keys"
        if self.error or self.turn_error:
            words += f", {say('largest error')} {self.error:.3f}"
        if self.turn_error:
            words += f" and {np.degrees(self.turn_error):.2f}°"
        if self.unmatched:
            words += f"; {say('unmatched')}: {', '.join(self.unmatched)}"
        if self.skipped:
            words += f"; {say('skipped')}: {', '.join(f'{name} ({why})' for name, why in self.skipped.items())}"
        return words


@dataclass(frozen=True, eq=False)
class _Channel:
    """One F-curve to write: `values` (n,) at whole `frames` (n,) on `owner`'s `path[index]`.

    `name`: the mapping's shape key or bone. `parts`: how many F-curves together are one rotation or place; 1 for a
    number alone. `size`: how much counts as one unit of a shape key.
    """

    owner: bpy.types.ID
    path: str
    index: int
    group: str
    frames: np.ndarray
    values: np.ndarray
    name: str
    parts: int = 1
    size: float = 1.0


def check(head: Head) -> None:
    """Raises FieldsError when every shape key of the head is driven or locked, so that none can be keyed."""
    paths = [
        (mesh.data.shape_keys, path_of(name))
        for mesh, names in zip(head.meshes, head.keys, strict=True)
        for name in names.values()
    ]
    if paths and not head.properties and all(_refusal(owner, path, 0) for owner, path in paths):
        raise FieldsError(
            "Every shape key of “{name}” is driven or locked, so none can be keyed. Remove the drivers "
            "(right click on a value > Delete Drivers) or unlock the curves, then try again.",
            name=head.object.name,
        )


def write(
    head: Head,
    curves: Curves,
    frames: np.ndarray,
    mapping: Mapping,
    action_name: str,
    fresh: bool = False,
    reach: Curves | None = None,
) -> Report:
    """Key the head: `curves` at whole scene `frames` (n,), rows of NaN left without keys, in the head's key style.

    Keys of these F-curves within the frames (each unbroken run of them) give way to the new ones as the head's
    `existing_keys` says, all others are kept. `fresh`: key a new action and leave the present one as it is. `reach`:
    what the head will show where that is more than `curves`, for the ends of the sliders. Raises FieldsError with
    nothing written when an action can't be keyed.
    """
    mapping = muted(mapping)
    check(head)
    if head.object.mode == "EDIT":
        head.object.update_from_editmode()
    report = Report(len(frames), int(np.isnan(curves.values).any(axis=1).sum()))
    channels = channels_of(head, curves, frames, mapping, report)
    settings = head.object.fields
    channels = key_merge.combined(channels, settings.existing_keys, settings.mix_share)
    new = dict(zip(channels, _new_keys(head, channels, curves, frames, mapping, report), strict=True))
    shown = channels
    if reach is not None:
        bones = moving_bones.by_bones(head, mapping)
        shown = channels + _shape_key_channels(head, reach, frames, mapping, bones, Report())
    undo: list[Callable[[], None]] = []
    try:
        shared = fcurves.Actions(action_name, undo, fresh)
        for owner in dict.fromkeys(channel.owner for channel in channels):
            mine = {channel: keys for channel, keys in new.items() if channel.owner == owner}
            _key(owner, mine, fcurves.runs_of(frames), shared, undo)
        _widen_sliders(head, shown, report, undo)
    except BaseException:
        for step in reversed(undo):
            step()
        raise
    return report


def channels_of(head: Head, curves: Curves, frames: np.ndarray, mapping: Mapping, report: Report) -> list[_Channel]:
    """Every F-curve that shows `curves` on the head, with its values at `frames` (n,). Adds to the report."""
    bones = moving_bones.by_bones(head, mapping)
    channels = _shape_key_channels(head, curves, frames, mapping, bones, report)
    channels += _property_channels(head, curves, frames, mapping, bones, report)
    channels += _rotation_channels(head, curves, frames, mapping, bones, report)
    return channels + _moving_channels(head, curves, frames, mapping, report)


def _shape_key_channels(
    head: Head, curves: Curves, frames: np.ndarray, mapping: Mapping, bones: list[BoneChannel], report: Report
) -> list[_Channel]:
    resting = _resting(mapping, bones)
    present = ~np.isnan(curves.values).any(axis=1)
    sealed = moving_bones.sealed(head, mapping, bones, curves)
    channels = []
    report.channels = len(curves.names)
    on_meshes = sizes(mapping)
    for column, name in enumerate(curves.names):
        if name not in on_meshes:
            continue
        written = False
        for mesh, keys in zip(head.meshes, head.keys, strict=True):
            if name not in keys:
                continue
            owner = mesh.data.shape_keys
            path = path_of(keys[name])
            if why := _refusal(owner, path, 0):
                report.skipped[name] = why
                continue
            values = curves.values[present, column]
            if name in resting and sealed is not None and mapping.roles.get(name) == "jawOpen":
                values, written = sealed[present], True
            elif name in resting:
                # The bone moves instead. A key that never moved is left alone; one that did must rest here.
                if not fcurves.fcurve_of(owner, path, 0) and owner.key_blocks[keys[name]].value == 0.0:
                    continue
                values = np.zeros_like(values)
            else:
                written = True
            group, size = mapping.regions[name], on_meshes[name]
            channels.append(_Channel(owner, path, 0, group, frames[present], values, name, size=size))
        if written or (name in resting and name not in report.skipped):
            report.keyed.append(name)
        elif name not in report.skipped and name not in resting:
            report.unmatched.append(name)
    return channels


def sizes(mapping: Mapping) -> dict[str, float]:
    """The shape keys, each with what counts as one unit of it: how far a source alone moves it, at most 1. Many keys
    that each follow a little of everything must each be truer than one that shows a source by itself."""
    found: dict[str, float] = {}
    for channel in mapping.shape_keys:
        found[channel.name] = max(found.get(channel.name, 0.0), min(retarget.step(channel), 1.0))
    return found


def path_of(block: str) -> str:
    """The data path of a shape key's value, from its mesh's shape keys."""
    return f'key_blocks["{bpy.utils.escape_identifier(block)}"].value'


def _resting(mapping: Mapping, bones: list[BoneChannel]) -> set[str]:
    """The channels that rest because a bone moves instead."""
    return {c.name for c in mapping.channels if not c.bone and any(moving_bones.replaced(c, bone) for bone in bones)}


def _property_channels(
    head: Head, curves: Curves, frames: np.ndarray, mapping: Mapping, bones: list[BoneChannel], report: Report
) -> list[_Channel]:
    resting, made = _resting(mapping, bones), []
    present = ~np.isnan(curves.values).any(axis=1)
    for name in dict.fromkeys(channel.name for channel in mapping.channels if channel.prop):
        places = head.properties.get(name, [])
        if not places:
            report.unmatched.append(name)
        for place in places:
            if why := _refusal(place.owner, place.path, 0):
                report.skipped[name] = why
                continue
            values = curves.values[present, curves.names.index(name)]
            if name in resting:
                if not fcurves.fcurve_of(place.owner, place.path, 0):
                    continue
                values = np.zeros_like(values)
            made.append(_Channel(place.owner, place.path, 0, mapping.regions[name], frames[present], values, name))
        if places and name not in report.skipped:
            report.keyed.append(name)
    return made


def _moving_channels(
    head: Head, curves: Curves, frames: np.ndarray, mapping: Mapping, report: Report
) -> list[_Channel]:
    """Bones that move, turn or scale by numbers: the sum of their rows, in the bone's own axes about its rest."""
    rows = [channel for channel in mapping.channels if channel.bone]
    by_bone: dict[tuple[str, str], list[Channel]] = {}
    for row in rows:
        if row.bone in head.bones:
            by_bone.setdefault((head.bones[row.bone], row.does), []).append(row)
        elif row.name not in report.unmatched:
            report.unmatched.append(row.name)
    if not by_bone:
        return []
    assert head.armature is not None
    present = ~np.isnan(curves.values).any(axis=1)
    ways, lengths, middle = heads.axes(head, head.armature), head_sizes.sizes(head), head_sizes.middle_of_eyes(head)
    channels = []
    turned = {head.bones[bone.bone] for bone in mapping.bones if bone.bone in head.bones}
    for (name, does), together in by_bone.items():
        bone = head.armature.pose.bones[name]
        why = ""
        if does == "turn" and name in turned:
            why = "turned as a whole by another row"
        elif does == "move" and bone.bone.use_connect:
            why = "the bone is connected to its parent"
        if why:
            report.skipped |= {row.name: why for row in together}
            continue
        rest = np.array(bone.bone.matrix_local.to_3x3())
        lengths["reach"] = 0.0 if middle is None else float(np.linalg.norm(np.array(bone.bone.head_local) - middle))
        total = np.zeros((int(present.sum()), 3))
        # The tip of a lid's bone that begins in the eye makes the way, on a circle about the eye.
        swings = does == "move" and head_sizes.hinged(head, name)
        for row_name in dict.fromkeys(row.name for row in together):
            row = next(row for row in together if row.name == row_name)
            values = curves.values[present, curves.names.index(row_name)]
            measure = f"jaw {row.axis}" if row.unit == "jaw" else row.unit or "eyes"
            unit = lengths.get(measure, 0.0) if does == "move" and (row.unit or row.axis not in "xyz") else 1.0
            way = _way(row.axis, ways, rest)
            total += values[:, None] * unit * (_about(way) / bone.bone.length if swings else way)
        group = mapping.regions[together[0].name]
        size = {"move": lengths["eyes"] * MOVE, "turn": TURN}.get(does, 1.0)
        turn = _Turn(group, frames[present], total)
        does = "turn" if swings else does
        channels += _posed(head.armature, bone, does, total, turn, size, report, together)
    return channels


def _way(axis: str, ways: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """A direction of a row (3,) in the bone's own axes: `ways` (3, 3) are the head's left, up and out in the armature,
    `rest` (3, 3) the bone's axes there."""
    if axis in "xyz":
        return np.eye(3)["xyz".index(axis)]
    return rest.T @ ways[:, ("left", "up", "out").index(axis)]


def _about(way: np.ndarray) -> np.ndarray:
    """The axis (3,) about which a bone's tip goes a way (3,) that need not lie across the bone: as far as it says, but
    for a way along the bone."""
    axis = np.cross([0.0, 1.0, 0.0], way)
    return axis / max(float(np.linalg.norm(axis)), 0.5)


def _posed(
    armature: bpy.types.Object,
    bone: bpy.types.PoseBone,
    does: str,
    total: np.ndarray,
    turn: "_Turn",
    size: float,
    report: Report,
    rows: list[Channel],
) -> list[_Channel]:
    """F-curves of a bone for `total` (n, 3) in its own axes; the parts that are locked or driven are left out."""
    path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
    if does == "turn":
        made = _channels_of(armature, bone, path, to_quaternion(total), turn, f"{bone.name} turn", report)
        report.keyed += list(dict.fromkeys(row.name for row in rows)) if made else []
        return made
    attribute, locks = ("location", bone.lock_location) if does == "move" else ("scale", bone.lock_scale)
    total = total if does == "move" else 1.0 + total
    made, why = [], ""
    for index in range(3):
        why = _refusal(armature, path + attribute, index) or ("locked" if locks[index] else "")
        if not why and (does == "move" or np.ptp(total[:, index]) > 0.0):
            values = total[:, index]
            name = f"{bone.name} {does}"
            made.append(_Channel(armature, path + attribute, index, turn.group, turn.frames, values, name, 3, size))
    if made:
        report.keyed += list(dict.fromkeys(row.name for row in rows))
    else:
        report.skipped |= {row.name: why or "no part of it moves" for row in rows}
    return made


def _rotation_channels(
    head: Head, curves: Curves, frames: np.ndarray, mapping: Mapping, bones: list[BoneChannel], report: Report
) -> list[_Channel]:
    channels = []
    slide, moving = moving_bones.slide(head, bones), {bone.bone for bone in bones}
    sealed = moving_bones.sealed(head, mapping, bones, curves)
    for bone in mapping.bones:
        vectors = curves.rotations[bone.bone] * (slide if bone.source.startswith("gaze") else 1.0)
        if bone.source == "jaw" and sealed is not None:
            vectors = vectors - np.outer(sealed * JAW_OPEN * bone.gain, (1.0, 0.0, 0.0))
        present = ~np.isnan(vectors).any(axis=1)
        turn = _Turn(mapping.regions[bone.bone], frames[present], vectors[present])
        if bone.bone in head.bones:
            channels += _bone_channels(head, bone, turn, bone.bone in moving, report)
        elif bone.source == "head" and head.object.fields.use_head_rotation:
            channels += _object_channels(head, bone, turn, report)
    return channels


@dataclass(frozen=True)
class _Turn:
    """A rotation over time: axis-angle `vectors` (n, 3) in the head's frame at `frames` (n,)."""

    group: str
    frames: np.ndarray
    vectors: np.ndarray


def _bone_channels(head: Head, bone: BoneChannel, turn: _Turn, moves: bool, report: Report) -> list[_Channel]:
    assert head.armature is not None
    armature, pose_bone = head.armature, head.armature.pose.bones[head.bones[bone.bone]]
    path = f'pose.bones["{bpy.utils.escape_identifier(pose_bone.name)}"].'
    property_name = property_of(pose_bone.rotation_mode)
    if not moves and not fcurves.fcurve_of(armature, path + property_name, 0):
        return []
    # Turning the frame of reference of an axis-angle vector is turning the vector itself, whatever the bone's roll.
    rest = np.array(pose_bone.bone.matrix_local.to_3x3())
    vectors = turn.vectors @ (rest.T @ heads.axes(head, armature)).T
    rotations = to_quaternion(vectors if moves else np.zeros_like(vectors))
    made = _channels_of(armature, pose_bone, path, rotations, turn, bone.bone, report)
    return made


def _object_channels(head: Head, bone: BoneChannel, turn: _Turn, report: Report) -> list[_Channel]:
    """Without a head bone the object turns, about how it stands where no one has keyed it."""
    if head.armature:
        report.skipped[bone.bone] = f"no bone of “{head.armature.name}” is called so"
        return []
    target = head.object
    settings = target.fields
    if not fcurves.fcurve_of(target, property_of(target.rotation_mode), 0) or not any(settings.rest_rotation):
        settings.rest_rotation = target.matrix_basis.to_quaternion()
    vectors = turn.vectors @ heads.axes(head, target).T
    rest = np.array(settings.rest_rotation, dtype=np.float64)[None].repeat(len(vectors), axis=0)
    rotations = multiply(rest, to_quaternion(vectors))
    return _channels_of(target, target, "", rotations, turn, bone.bone, report)


def _channels_of(
    owner: bpy.types.Object, target, path: str, rotations: np.ndarray, turn: _Turn, name: str, report: Report
) -> list[_Channel]:
    """F-curves of a pose bone's or an object's rotation (n, 4), in its own rotation mode."""
    path += property_of(target.rotation_mode)
    values = to_mode(rotations, target.rotation_mode)
    for index in range(values.shape[1]):
        if why := _refusal(owner, path, index):
            report.skipped[name] = why
            return []
    parts = values.shape[1]
    return [_Channel(owner, path, i, turn.group, turn.frames, values[:, i], name, parts, TURN) for i in range(parts)]


def _refusal(owner: bpy.types.ID, path: str, index: int) -> str:
    """Why this property is not keyed, or nothing."""
    animation = owner.animation_data
    if animation is None:
        return ""
    if any(driver.data_path == path and driver.array_index == index for driver in animation.drivers):
        return "driven"
    fcurve = fcurves.fcurve_of(owner, path, index)
    if fcurve and (fcurve.lock or (fcurve.group and fcurve.group.lock)):
        return "locked"
    return ""


def _key(
    owner: bpy.types.ID,
    channels: dict[_Channel, dict[str, np.ndarray]],
    runs: np.ndarray,
    actions: fcurves.Actions,
    undo: list[Callable[[], None]],
) -> None:
    actions.ensure(owner)
    for channel, new in channels.items():
        fcurve = fcurves.fcurve_of(owner, channel.path, channel.index)
        old = None
        if fcurve is None:
            fcurve = fcurves.new_fcurve(owner, channel.path, channel.index, channel.group)
            undo.append(partial(fcurves.channelbag(owner).fcurves.remove, fcurve))
        else:
            old = fcurves.read(fcurve)
            undo.append(partial(fcurves.replace, fcurve, old))
        fcurves.replace(fcurve, fcurves.merged(old, new, runs))
    owner.update_tag()


def _new_keys(
    head: Head, channels: list[_Channel], curves: Curves, frames: np.ndarray, mapping: Mapping, report: Report
) -> list[dict[str, np.ndarray]]:
    """The keys of each channel in the head's key style: as `fcurves.replace` takes them. Adds to the report."""
    style = head.object.fields.key_style
    report.samples = sum(len(channel.frames) for channel in channels)
    if style == "REDUCED":
        made = _reduced(channels, curves, frames, mapping, head.object.fields.key_tolerance, report)
    else:
        made = []
        interpolation = fcurves.CONSTANT if style in STEPS else fcurves.BEZIER
        for channel in channels:
            kept = reduce.steps(channel.frames, STEPS.get(style, 1))
            made.append(fcurves.plain_keys(channel.frames[kept], channel.values[kept], interpolation))
    report.keys = sum(len(keys["co"]) for keys in made)
    return made


def _reduced(
    channels: list[_Channel], curves: Curves, frames: np.ndarray, mapping: Mapping, tolerance: float, report: Report
) -> list[dict[str, np.ndarray]]:
    keep_of, share_of = reduce.moments([mapping.roles.get(name, name) for name in curves.names], curves.values)
    column = {name: i for i, name in enumerate(curves.names)}
    replaced = {
        bone.bone: [
            column[c.name] for c in mapping.channels if c.name in column and {c.main, c.name} & {*bone.replaces}
        ]
        for bone in mapping.bones
    }
    # Meshes that share a shape key get the same curve, so it is reduced once.
    unique = {(channel.name, channel.index): channel for channel in channels}
    values, limit = np.full((2, len(frames), len(unique)), np.nan)
    keep = np.zeros(values.shape, dtype=bool)
    for i, channel in enumerate(unique.values()):
        values[np.searchsorted(frames, channel.frames), i] = channel.values
        if channel.parts == 1:
            keep[:, i] = keep_of[:, column[channel.name]]
            limit[:, i] = tolerance * channel.size * share_of[:, column[channel.name]]
        else:
            # A bone is as true as the shape keys it replaces. Errors of the parts of a rotation at most add up.
            share = share_of[:, replaced.get(channel.name, [])].min(axis=1, initial=1.0)
            limit[:, i] = tolerance * channel.size / channel.parts * share
    found = reduce.reduce(frames, values, limit, keep, [name for name, _ in unique])
    for channel, keys in zip(unique.values(), found, strict=True):
        if channel.parts == 1:
            report.error = max(report.error, keys.error / channel.size)
        elif channel.size == TURN:
            report.turn_error = max(report.turn_error, keys.error * channel.parts)
    made = {which: fcurves.fitted_keys(keys) for which, keys in zip(unique, found, strict=True)}
    return [made[channel.name, channel.index] for channel in channels]


def _widen_sliders(head: Head, channels: list[_Channel], report: Report, undo: list[Callable[[], None]]) -> None:
    """A value beyond a slider's ends is cut when Blender evaluates it, so the ends move out (at most to ±10)."""
    by_path = {(channel.owner, channel.path): channel.values for channel in channels if channel.parts == 1}
    for mesh, keys in zip(head.meshes, head.keys, strict=True):
        shape_keys = mesh.data.shape_keys
        for mapped, name in keys.items():
            block = shape_keys.key_blocks[name]
            values = by_path.get((shape_keys, path_of(name)))
            if values is None or len(values) == 0:
                continue
            low, high = float(values.min()), float(values.max())
            if low >= block.slider_min and high <= block.slider_max:
                continue
            if mesh.data.override_library:
                # Blender does not store a slider's ends in a library override.
                report.skipped[mapped] = f"cut at {block.slider_max:g}: overridden"
                continue

            def restore(block=block, low=block.slider_min, high=block.slider_max) -> None:
                block.slider_min, block.slider_max = low, high

            undo.append(restore)
            block.slider_min = max(min(block.slider_min, low), -10.0)
            block.slider_max = min(max(block.slider_max, high), 10.0)
