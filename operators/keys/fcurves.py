"""F-curves and the keys on them, in bulk; what differs between Blender's versions of actions is here alone."""

from collections.abc import Callable

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import reduce

# The values of Blender's enums, which foreach_set takes as whole numbers (bpy.types.Keyframe.bl_rna).
CONSTANT, BEZIER = 0, 2
FREE, VECTOR, ALIGNED, AUTO_CLAMPED = 0, 2, 3, 4
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


def channelbag(owner: bpy.types.ID):
    """What holds the F-curves and groups of a datablock: its slot's channelbag, before 4.4 the action itself."""
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return None
    if not hasattr(animation, "action_slot"):
        return animation.action
    from bpy_extras import anim_utils

    return anim_utils.action_get_channelbag_for_slot(animation.action, animation.action_slot)


class Actions:
    """The action each datablock is keyed in: the one it has (unless `fresh`), else the new one of this performance.

    With slots one new action serves all of the head; before 4.4 an action has no slots and each gets its own.
    """

    def __init__(self, name: str, undo: list[Callable[[], None]], fresh: bool = False) -> None:
        self.name = name
        self.undo = undo
        self.fresh = fresh
        self.new: bpy.types.Action | None = None

    def ensure(self, owner: bpy.types.ID) -> None:
        animation = owner.animation_data
        if animation is None:
            animation = owner.animation_data_create()
            self.undo.append(owner.animation_data_clear)
        if animation.use_tweak_mode:
            raise FieldsError(
                "“{name}” is being tweaked in the NLA. Leave tweak mode (Tab there) and try again.", name=owner.name
            )
        if self.fresh and animation.action and animation.action != self.new:
            self._leave(animation)
        if animation.action and not animation.action.is_editable:
            raise FieldsError(
                "The action “{name}” is linked from another file. Make it local "
                "(Outliner: right click > ID Data > Make Local), or unlink it, then try again.",
                name=animation.action.name,
            )
        if animation.action is None:
            self._assign(animation)
        if hasattr(animation, "action_slot") and animation.action_slot is None:
            action, slot = animation.action, animation.action.slots.new(owner.id_type, owner.name)
            animation.action_slot = slot
            self.undo.append(lambda: action.slots.remove(slot))

    def _leave(self, animation: bpy.types.AnimData) -> None:
        """Take the present action off; it is kept even where nothing else uses it."""
        action, fake = animation.action, animation.action.use_fake_user
        slot = getattr(animation, "action_slot", None)

        def put_back() -> None:
            animation.action = action
            if slot is not None:
                animation.action_slot = slot
            if action.is_editable:
                action.use_fake_user = fake

        self.undo.append(put_back)
        if action.is_editable:
            action.use_fake_user = True
        animation.action = None

    def _assign(self, animation: bpy.types.AnimData) -> None:
        def unassign() -> None:
            animation.action = None

        if self.new is None or not hasattr(animation, "action_slot"):
            action = self.new = bpy.data.actions.new(self.name)
            self.undo.append(lambda: bpy.data.actions.remove(action))
        animation.action = self.new
        if hasattr(animation, "action_slot"):
            animation.action_slot = None  # Blender may have given it another datablock's slot
        self.undo.append(unassign)


def new_fcurve(owner: bpy.types.ID, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new F-curve in the action the datablock is keyed in, in the group of that name."""
    action = owner.animation_data.action
    if not hasattr(action, "fcurve_ensure_for_datablock"):
        return action.fcurves.new(path, index=index, action_group=group)
    fcurve = action.fcurve_ensure_for_datablock(owner, path, index=index)
    groups = channelbag(owner).groups
    fcurve.group = groups.get(group) or groups.new(group)
    return fcurve


def plain_keys(frames: np.ndarray, values: np.ndarray, interpolation: int) -> dict[str, np.ndarray]:
    """Keys with automatic handles at `frames` (n,): property of _KEY_DATA -> (n, width), as `replace` takes them."""
    n = len(frames)
    return {
        "co": np.stack([frames, values], axis=1).astype(np.float32),
        "interpolation": np.full((n, 1), interpolation, dtype=np.int32),
        "handle_left_type": np.full((n, 1), AUTO_CLAMPED, dtype=np.int32),
        "handle_right_type": np.full((n, 1), AUTO_CLAMPED, dtype=np.int32),
    }


def fitted_keys(keys: reduce.Keys) -> dict[str, np.ndarray]:
    """Aligned handles. Where nothing was captured on one side, that handle points straight to the next key: with an
    automatic one Blender would bend the fitted handle opposite to suit it.
    """
    made = plain_keys(keys.frames, keys.values, BEZIER)
    inner = np.where(keys.opens | keys.ends, FREE, ALIGNED)
    made["handle_left_type"][:, 0] = np.where(keys.opens, VECTOR, inner)
    made["handle_right_type"][:, 0] = np.where(keys.ends, VECTOR, inner)
    made["handle_left"], made["handle_right"] = keys.left.astype(np.float32), keys.right.astype(np.float32)
    return made


def merged(old: dict[str, np.ndarray] | None, new: dict[str, np.ndarray], runs: np.ndarray) -> dict[str, np.ndarray]:
    """The new keys in place of the old ones within the runs of frames, between those outside."""
    if old is None:
        return new
    frame = old["co"][:, 0]
    outside = np.ones(len(frame), dtype=bool)
    for first, last in runs:
        outside &= (frame < first - 0.5) | (frame >= last + 0.5)
    if not outside.any():
        return new
    kept = {name: values[outside] for name, values in old.items()}
    # Automatic handles are computed by update(); until then they lie on their keys.
    new = {"handle_left": new["co"], "handle_right": new["co"], **new}
    for name, width, kind, default in _KEY_DATA:
        new.setdefault(name, np.full((len(new["co"]), width), default, dtype=kind))
    order = np.argsort(np.concatenate([kept["co"][:, 0], new["co"][:, 0]]), kind="stable")
    return {name: np.concatenate([kept[name], new[name]])[order] for name in kept}


def read(fcurve: bpy.types.FCurve) -> dict[str, np.ndarray]:
    """All keys of an F-curve: property -> (n, width)."""
    points = fcurve.keyframe_points
    keys = {}
    for name, width, kind, _ in _KEY_DATA:
        keys[name] = np.empty(len(points) * width, dtype=kind)
        points.foreach_get(name, keys[name])
        keys[name] = keys[name].reshape(-1, width)
    return keys


def replace(fcurve: bpy.types.FCurve, keys: dict[str, np.ndarray]) -> None:
    """Put these keys in place of all the F-curve has."""
    points = fcurve.keyframe_points
    points.clear()
    points.add(len(keys["co"]))
    for name, *_ in _KEY_DATA:
        if name in keys:
            points.foreach_set(name, np.ascontiguousarray(keys[name]).ravel())
    fcurve.update()
    for side in ("handle_left", "handle_right"):
        # update() aligns what is aligned already, and loses a last digit: put back what was set by hand.
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
