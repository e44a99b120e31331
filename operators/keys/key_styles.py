"""How many keys an F-curve gets: one on every frame, one for each held pose, or as few as the tolerance allows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...fields_blender.rig import reduce
from . import fcurves
from .fcurves import KeyData
from .plan import FCurveValues, Request

# For how many frames a stepped style holds each pose.
STEPS = {"TWOS": 2, "FOURS": 4}


@dataclass(frozen=True)
class StyledKeys:
    """The keys of each F-curve, and the largest error they make: in units of a shape key, and in rad."""

    keys: dict[FCurveValues, KeyData]
    error: float = 0.0
    angle_error: float = 0.0


def styled(request: Request, planned: Sequence[FCurveValues]) -> StyledKeys:
    """Keys for the planned F-curves in the head's key style."""
    style = request.head.object.fields.key_style
    if style == "REDUCED":
        return _reduced(request, planned, request.head.object.fields.key_tolerance)
    return StyledKeys({one: _plain(one, style) for one in planned})


def interpolation(style: str) -> int:
    """How Blender goes from key to key in a style other than reduced: it holds stepped poses."""
    return fcurves.CONSTANT if style in STEPS else fcurves.BEZIER


def _plain(planned: FCurveValues, style: str) -> KeyData:
    kept = reduce.steps(planned.frames, STEPS.get(style, 1))
    return fcurves.plain_keys(planned.frames[kept], planned.values[kept], interpolation(style))


def _reduced(request: Request, planned: Sequence[FCurveValues], tolerance: float) -> StyledKeys:
    # Meshes that share a shape key mostly get the same curve, which is reduced once.
    which = {one: (one.name, one.index, one.values.tobytes()) for one in planned}
    unique = {same: one for one, same in which.items()}
    values, limit, keep = _to_reduce(request, list(unique.values()), tolerance)
    found = reduce.reduce(request.frames, values, limit, keep, [name for name, *_ in unique])
    made = {same: fcurves.fitted_keys(keys) for same, keys in zip(unique, found, strict=True)}
    errors = list(zip(unique.values(), found, strict=True))
    return StyledKeys(
        {one: made[same] for one, same in which.items()},
        max((keys.error / one.unit for one, keys in errors if one.parts == 1), default=0.0),
        max((keys.error * one.parts for one, keys in errors if one.is_rotation), default=0.0),
    )


def _to_reduce(
    request: Request, planned: Sequence[FCurveValues], tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, the error allowed and the keys that must stay, each (n, c): frames, planned F-curves."""
    curves, mapping = request.curves, request.mapping
    keep_of, share_of = reduce.moments([mapping.roles.get(name, name) for name in curves.names], curves.values)
    column = {name: i for i, name in enumerate(curves.names)}
    replaced = {
        bone.bone: [
            column[c.name] for c in mapping.channels if c.name in column and {c.main, c.name} & {*bone.replaces}
        ]
        for bone in mapping.bones
    }
    values, limit = np.full((2, len(request.frames), len(planned)), np.nan)
    keep = np.zeros(values.shape, dtype=bool)
    for i, one in enumerate(planned):
        values[np.searchsorted(request.frames, one.frames), i] = one.values
        if one.parts == 1:
            keep[:, i] = keep_of[:, column[one.name]]
            share = share_of[:, column[one.name]]
        else:
            # A bone is as exact as the shape keys it replaces. Errors of the parts of a rotation at most add up.
            share = share_of[:, replaced.get(one.name, [])].min(axis=1, initial=1.0)
        keep[np.isin(request.frames, request.exact), i] = True
        limit[:, i] = tolerance * one.unit / one.parts * share
    return values, limit, keep
