"""What is keyed already under new values: replaced, mixed with them, or kept with them on top."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import bpy
import numpy as np

from ...fields_blender.core.rotation import multiply, slerp
from . import fcurves
from .rotation_modes import from_mode, property_of, to_mode

# keys.py's: one F-curve to write, with `owner`, `path`, `index`, `frames` (n,), `values` (n,) and `parts`.
Channel = TypeVar("Channel")


def combined(channels: Sequence[Channel], how: str, share: float) -> list[Channel]:
    """The channels with what their F-curves say now taken into account; those without F-curves as they are.

    `how`: one of `choices.EXISTING_KEYS`; `share`: how much of the new a mix has, 0..1. Rotations are mixed and
    added as rotations.
    """
    channels = list(channels)
    if how == "REPLACE":
        return channels
    made: dict[int, Any] = {}
    groups: dict[tuple[bpy.types.ID, str], list[int]] = {}
    for at, channel in enumerate(channels):
        groups.setdefault((channel.owner, channel.path), []).append(at)  # type: ignore[attr-defined]
    for (owner, path), places in groups.items():
        mine: list[Any] = [channels[at] for at in places]
        curves = [fcurves.fcurve_of(owner, path, channel.index) for channel in mine]
        if any(curve is None or curve.is_empty for curve in curves):
            continue
        frames = mine[0].frames
        old = np.array([[curve.evaluate(frame) for frame in frames] for curve in curves if curve]).T
        new = np.stack([channel.values for channel in mine], axis=1)
        if mine[0].parts == 1:
            values = old + (new - old) * share if how == "MIX" else old + new
        else:
            values = _turned(owner, path, old, new, how, share)
        for column, at in enumerate(places):
            made[at] = replace(mine[column], values=values[:, column])
    return [made.get(at, channel) for at, channel in enumerate(channels)]


def _turned(owner: bpy.types.ID, path: str, old: np.ndarray, new: np.ndarray, how: str, share: float) -> np.ndarray:
    """Rotations in the numbers of their mode, mixed, or the new one done in the frame that the old one turned."""
    bone, _, name = path.rpartition(".")
    target: Any = owner.path_resolve(bone) if bone else owner
    mode = target.rotation_mode
    assert name == property_of(mode)
    before, after = from_mode(old, mode), from_mode(new, mode)
    if how == "MIX":
        return to_mode(slerp(before, after, np.full(len(before), share)), mode)
    if not bone:  # an object turns about how it stood, which `before` has already
        rest = np.array(target.fields.rest_rotation, dtype=np.float64) * (1, -1, -1, -1)
        after = multiply(np.repeat(rest[None], len(after), axis=0), after)
    return to_mode(multiply(before, after), mode)
