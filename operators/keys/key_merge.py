"""New values where keys exist already: they replace what the F-curves show, are mixed with it, or are added to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.rotation import multiply, slerp
from . import fcurves
from .plan import FCurveValues
from .rotation_modes import from_mode, property_of, to_mode


def combined(planned: Sequence[FCurveValues], how: str, share: float) -> list[FCurveValues]:
    """The planned values combined with what their F-curves show now; those without F-curves as they are.

    `how`: one of `choices.EXISTING_KEYS`; `share`: how much of the new a mix has, 0..1. Rotations are mixed and
    added as rotations.
    """
    if how == "REPLACE":
        return list(planned)
    groups: dict[tuple[bpy.types.ID, str], list[FCurveValues]] = {}
    for one in planned:
        groups.setdefault((one.owner, one.path), []).append(one)
    made: dict[FCurveValues, FCurveValues] = {}
    for group in groups.values():
        made |= dict(zip(group, _combined(group, how, share), strict=True))
    return [made[one] for one in planned]


def _combined(group: list[FCurveValues], how: str, share: float) -> list[FCurveValues]:
    """The F-curves of one property: a number, or all parts of a rotation, location or scale."""
    owner, path, frames = group[0].owner, group[0].path, group[0].frames
    there = [fcurves.fcurve_of(owner, path, one.index) for one in group]
    curves = [curve for curve in there if curve and not curve.is_empty]
    if len(curves) < len(group):
        return group
    old = np.array([[curve.evaluate(frame) for frame in frames] for curve in curves]).T
    new = np.stack([one.values for one in group], axis=1)
    if group[0].is_rotation:
        values = _turned(owner, path, old, new, how, share)
    elif how == "MIX":
        values = old + (new - old) * share
    else:
        values = old * new if path.endswith(".scale") else old + new
    return [replace(one, values=values[:, column]) for column, one in enumerate(group)]


def _turned(owner: bpy.types.ID, path: str, old: np.ndarray, new: np.ndarray, how: str, share: float) -> np.ndarray:
    """Rotations in the numbers of their mode (n, 3 or 4): mixed, or the new one applied in the frame of the old one."""
    bone, _, name = path.rpartition(".")
    target: Any = owner.path_resolve(bone) if bone else owner
    mode = target.rotation_mode
    assert name == property_of(mode)
    before, after = from_mode(old, mode), from_mode(new, mode)
    if how == "MIX":
        return to_mode(slerp(before, after, np.full(len(before), share)), mode)
    if not bone:  # an object turns from how it stood, which `before` has in it already
        rest = np.array(target.fields.rest_rotation, dtype=np.float64) * (1, -1, -1, -1)
        after = multiply(np.repeat(rest[None], len(after), axis=0), after)
    return to_mode(multiply(before, after), mode)
