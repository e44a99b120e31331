"""F-curves and the keys on them, many at once. What differs between Blender's versions of actions is here alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import reduce

KeyData = dict[str, np.ndarray]  # keys of one F-curve: property of _KEY_DATA -> (n, width)

# The values of Blender's enums, which foreach_set takes as whole numbers (bpy.types.Keyframe.bl_rna).
CONSTANT, BEZIER = 0, 2
FREE, AUTO, VECTOR, ALIGNED, AUTO_CLAMPED = 0, 1, 2, 3, 4
# What a key is made of: property, how many numbers, their kind, and what Blender gives a new key.
_KEY_DATA = (
    ("co", 2, np.float32, 0.0),
    ("interpolation", 1, np.int32, BEZIER),
    ("handle_left_type", 1, np.int32, AUTO_CLAMPED),
    ("handle_right_type", 1, np.int32, AUTO_CLAMPED),
    ("easing", 1, np.int32, 0),
    ("type", 1, np.int32, 0),
    ("back", 1, np.float32, 1.70158),
    ("amplitude", 1, np.float32, 0.8),
    ("period", 1, np.float32, 4.1),
    # Last: setting the others moves the handles.
    ("handle_left", 2, np.float32, 0.0),
    ("handle_right", 2, np.float32, 0.0),
)


def fcurve_of(owner: bpy.types.ID, path: str, index: int) -> bpy.types.FCurve | None:
    """The F-curve that animates a property of `owner` in its action, or None."""
    bag = channelbag(owner)
    return bag.fcurves.find(path, index=index) if bag else None


def is_locked(fcurve: bpy.types.FCurve) -> bool:
    """Is the F-curve, or its whole group, locked against editing?"""
    return fcurve.lock or (fcurve.group is not None and fcurve.group.lock)


def animation_of(owner: bpy.types.ID) -> bpy.types.AnimData | None:
    """The animation data of a datablock, or None."""
    animated: Any = owner  # the type stubs know `animation_data` on each kind of datablock, not on ID
    return animated.animation_data


def channelbag(owner: bpy.types.ID) -> Any:
    """What holds the F-curves and groups of a datablock; None where it has no action."""
    animation = animation_of(owner)
    return channelbag_of(animation) if animation and animation.action else None


def channelbag_of(user: bpy.types.AnimData | bpy.types.NlaStrip) -> Any:
    """What holds the F-curves that animation data or a strip plays: the slot's channelbag, before 4.4 the action."""
    if not hasattr(user, "action_slot"):
        return user.action
    from bpy_extras import anim_utils

    return anim_utils.action_get_channelbag_for_slot(user.action, user.action_slot)


def all_of(action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    """The F-curves of an action, those of all its slots; before 4.4 an action has none."""
    if not hasattr(action, "slots"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


@contextmanager
def all_or_nothing() -> Iterator[ExitStack]:
    """Where an error ends the block, what was registered with `callback` is called, the last first."""
    with ExitStack() as undo:
        yield undo
        undo.pop_all()


class Actions:
    """The action each datablock is keyed in: the one it has (unless `fresh`), else the new one of this performance.

    With slots one new action serves all of the head; before 4.4 an action has no slots and each gets its own.
    """

    def __init__(self, name: str, undo: ExitStack, fresh: bool = False) -> None:
        self.name = name
        self.undo = undo
        self.fresh = fresh
        self.new: bpy.types.Action | None = None

    def ensure(self, owner: bpy.types.ID) -> None:
        """Give a datablock an action, and a slot in it. Raises FieldsError where it can't be keyed."""
        animation = animation_of(owner) or self._new_animation(owner)
        if animation.use_tweak_mode:
            raise FieldsError(
                "“{name}” is being tweaked in the NLA. Leave tweak mode (Tab there) and try again.", name=owner.name
            )
        if self.fresh and animation.action and animation.action != self.new:
            self._leave(animation, animation.action)
        if animation.action and not animation.action.is_editable:
            raise FieldsError(
                "The action “{name}” is linked from another file. Make it local "
                "(Outliner: right click > ID Data > Make Local), or unlink it, then try again.",
                name=animation.action.name,
            )
        action = animation.action or self._assign(animation)
        if hasattr(animation, "action_slot") and animation.action_slot is None:
            slot = action.slots.new(owner.id_type, owner.name)
            animation.action_slot = slot
            self.undo.callback(action.slots.remove, slot)

    def _new_animation(self, owner: bpy.types.ID) -> bpy.types.AnimData:
        animated: Any = owner
        animation = animated.animation_data_create()
        self.undo.callback(animated.animation_data_clear)
        return animation

    def _leave(self, animation: bpy.types.AnimData, action: bpy.types.Action) -> None:
        """Take the present action off; it is kept even where nothing else uses it."""
        fake, slot = action.use_fake_user, getattr(animation, "action_slot", None)

        def put_back() -> None:
            assign(animation, action, slot)
            if action.is_editable:
                action.use_fake_user = fake

        self.undo.callback(put_back)
        if action.is_editable:
            action.use_fake_user = True
        animation.action = None

    def _assign(self, animation: bpy.types.AnimData) -> bpy.types.Action:
        """Give the new action, which is made for the first datablock and, without slots, for each."""
        if self.new is None or not hasattr(animation, "action_slot"):
            self.new = bpy.data.actions.new(self.name)
            self.undo.callback(bpy.data.actions.remove, self.new)  # which also takes it off all its users
        animation.action = self.new
        if hasattr(animation, "action_slot"):
            animation.action_slot = None  # Blender may have given it another datablock's slot
        return self.new


def assign(animation: bpy.types.AnimData, action: bpy.types.Action | None, slot: Any) -> None:
    """Play an action, from 4.4 on by one of its slots; None for none."""
    animation.action = action
    if slot is not None:
        animation.action_slot = slot


def new_fcurve(owner: bpy.types.ID, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new F-curve in the action the datablock is keyed in, in the group of that name."""
    animation = animation_of(owner)
    action: Any = animation and animation.action
    if not hasattr(action, "fcurve_ensure_for_datablock"):
        return action.fcurves.new(path, index=index, action_group=group)
    fcurve = action.fcurve_ensure_for_datablock(owner, path, index=index)
    groups = channelbag(owner).groups
    fcurve.group = groups.get(group) or groups.new(group)
    return fcurve


def plain_keys(frames: np.ndarray, values: np.ndarray, interpolation: int) -> KeyData:
    """Keys with automatic handles at `frames` (n,), as `replace` takes them."""
    n = len(frames)
    return {
        "co": np.stack([frames, values], axis=1).astype(np.float32),
        "interpolation": np.full((n, 1), interpolation, dtype=np.int32),
        "handle_left_type": np.full((n, 1), AUTO_CLAMPED, dtype=np.int32),
        "handle_right_type": np.full((n, 1), AUTO_CLAMPED, dtype=np.int32),
    }


def fitted_keys(keys: reduce.Keys) -> KeyData:
    """Reduced keys, with aligned handles.

    Where nothing was captured on one side, that handle points straight to the next key: an automatic one would make
    Blender bend the fitted handle on the other side.
    """
    made = plain_keys(keys.frames, keys.values, BEZIER)
    inner = np.where(keys.opens | keys.ends, FREE, ALIGNED)
    made["handle_left_type"][:, 0] = np.where(keys.opens, VECTOR, inner)
    made["handle_right_type"][:, 0] = np.where(keys.ends, VECTOR, inner)
    made["handle_left"], made["handle_right"] = keys.left.astype(np.float32), keys.right.astype(np.float32)
    return made


def merged(old: KeyData | None, new: KeyData, runs: np.ndarray) -> KeyData:
    """The new keys in place of the old ones within the runs of frames, between those outside."""
    if old is None:
        return new
    frame = old["co"][:, 0]
    outside = np.ones(len(frame), dtype=bool)
    for first, last in runs:
        outside &= (frame < first - 0.5) | (frame >= last + 0.5)
    if not outside.any():
        return new
    kept = _with_steady_handles({name: values[outside] for name, values in old.items()}, runs)
    # Automatic handles are computed by update(); until then they lie on their keys.
    new = {"handle_left": new["co"], "handle_right": new["co"], **new}
    for name, width, kind, default in _KEY_DATA:
        new.setdefault(name, np.full((len(new["co"]), width), default, dtype=kind))
    order = np.argsort(np.concatenate([kept["co"][:, 0], new["co"][:, 0]]), kind="stable")
    return {name: np.concatenate([kept[name], new[name]])[order] for name in kept}


def _with_steady_handles(kept: KeyData, runs: np.ndarray) -> KeyData:
    """The kept keys, where the one before and the one after each run keep their handles as they lie: automatic ones
    would turn towards the new keys, and so bend the curve on the other side, outside of the run.
    """
    frame = kept["co"][:, 0]
    neighbours = {int(np.searchsorted(frame, first - 0.5)) - 1 for first, _ in runs}
    neighbours |= {int(np.searchsorted(frame, last + 0.5)) for _, last in runs}
    steady = kept | {name: kept[name].copy() for name in ("handle_left_type", "handle_right_type")}
    for place in neighbours:
        if not 0 <= place < len(frame):
            continue
        types = [kept[name][place, 0] for name in ("handle_left_type", "handle_right_type")]
        if all(kind in (AUTO, AUTO_CLAMPED) for kind in types):
            steady["handle_left_type"][place] = steady["handle_right_type"][place] = ALIGNED
    return steady


def read(fcurve: bpy.types.FCurve) -> KeyData:
    """All keys of an F-curve."""
    points = fcurve.keyframe_points
    keys = {}
    for name, width, kind, _ in _KEY_DATA:
        keys[name] = np.empty(len(points) * width, dtype=kind)
        points.foreach_get(name, keys[name])
        keys[name] = keys[name].reshape(-1, width)
    return keys


def replace(fcurve: bpy.types.FCurve, keys: KeyData) -> None:
    """Put these keys in place of all that the F-curve has."""
    points = fcurve.keyframe_points
    points.clear()
    points.add(len(keys["co"]))
    for name, *_ in _KEY_DATA:
        if name in keys:
            points.foreach_set(name, np.ascontiguousarray(keys[name]).ravel())
    fcurve.update()
    for side in ("handle_left", "handle_right"):
        # update() aligns again what is aligned already, and rounds: put back what was set by hand.
        if side in keys:
            found = np.empty(keys[side].size, dtype=np.float32)
            points.foreach_get(side, found)
            by_hand = np.isin(keys[f"{side}_type"], (FREE, ALIGNED))
            points.foreach_set(side, np.where(by_hand, keys[side], found.reshape(-1, 2)).ravel())


def runs_of(frames: np.ndarray) -> np.ndarray:
    """First and last of each unbroken run of frames (r, 2)."""
    if len(frames) == 0:
        return np.empty((0, 2))
    breaks = np.flatnonzero(np.diff(frames) > 1)
    return np.stack([frames[np.r_[0, breaks + 1]], frames[np.r_[breaks, len(frames) - 1]]], axis=1)
