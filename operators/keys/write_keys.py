"""Curves -> F-curves. All of a performance is written or nothing."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig.mapping import Mapping, muted
from ..common.wording import say
from ..head.heads import Head
from . import fcurves, key_merge, key_styles, plan_head, plan_shape_keys, shared_actions
from .bake_report import Report
from .fcurves import KeyData
from .plan import FCurveValues, Request, refusal
from .unseen import unseen


def check(head: Head) -> None:
    """Raises FieldsError when every shape key of the head is driven or locked, so that none can be keyed."""
    places = [place for name in dict.fromkeys(chain(*head.keys)) for place in plan_shape_keys.places_of(head, name)]
    if places and not head.properties and all(refusal(place.owner, place.path, 0) for place in places):
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
    exact: Sequence[int] = (),
) -> Report:
    """Key the head: `curves` at whole scene `frames` (n,), rows of NaN left without keys, in the head's key style.

    Within the frames (each unbroken run of them) the new keys replace the F-curves' old ones, alone or mixed with them
    as the head's `existing_keys` says; all other keys are kept. `fresh`: key a new action and leave the present one as
    it is. `reach`: what the head will show where that is more than `curves`, for the ends of the sliders. `exact`:
    frames that reduced keys keep exactly. Raises FieldsError, with nothing written, when an action can't be keyed.
    """
    check(head)
    if head.object.mode == "EDIT":
        head.object.update_from_editmode()
    request, settings = Request(head, curves, frames, muted(mapping), exact), head.object.fields
    plan = plan_head.plan(request)
    planned = key_merge.combined(plan.fcurves, settings.existing_keys, settings.mix_share)
    styled = key_styles.styled(request, planned)
    shown = planned
    if reach is not None:
        shown = planned + plan_shape_keys.shape_keys(replace(request, curves=reach)).fcurves
    with fcurves.all_or_nothing() as undo:
        _write_all(styled.keys, fcurves.runs_of(frames), fcurves.Actions(action_name, undo, fresh), undo)
        cut = _widen_sliders(shown, undo)
    return Report(
        frames=len(frames),
        gaps=int((~request.present).sum()),
        channels=len(curves.names),
        keyed=plan.keyed,
        unmatched=plan.unmatched,
        skipped=plan.skipped | cut | unseen(head, planned),
        samples=sum(len(one.frames) for one in planned),
        keys=sum(len(keys["co"]) for keys in styled.keys.values()),
        error=styled.error,
        angle_error=styled.angle_error,
        warnings=shared_actions.warnings(dict.fromkeys(one.owner for one in planned)),
        written=tuple(planned),
    )


def _write_all(keys: dict[FCurveValues, KeyData], runs: np.ndarray, actions: fcurves.Actions, undo: ExitStack) -> None:
    """Write keys, datablock by datablock, in place of old ones within the runs of frames (r, 2)."""
    for owner in dict.fromkeys(one.owner for one in keys):
        actions.ensure(owner)
        for one, new in keys.items():
            if one.owner == owner:
                _write_fcurve(one, new, runs, undo)
        owner.update_tag()


def _write_fcurve(planned: FCurveValues, new: KeyData, runs: np.ndarray, undo: ExitStack) -> None:
    owner, path, index = planned.owner, planned.path, planned.index
    fcurve = fcurves.fcurve_of(owner, path, index)
    old = None
    if fcurve is None:
        fcurve = fcurves.new_fcurve(owner, path, index, planned.group)
        undo.callback(fcurves.channelbag(owner).fcurves.remove, fcurve)
    else:
        old = fcurves.read(fcurve)
        undo.callback(fcurves.replace, fcurve, old)
    fcurves.replace(fcurve, fcurves.merged(old, new, runs))


def _widen_sliders(shown: Sequence[FCurveValues], undo: ExitStack) -> dict[str, str]:
    """Move the ends of sliders out where a value lies beyond them, for Blender cuts it there when it evaluates it.

    Returns what is cut all the same: the mapping's name -> why.
    """
    cut = {}
    for one in shown:
        if not isinstance(one.owner, bpy.types.Key) or len(one.values) == 0:
            continue
        block: Any = one.owner.path_resolve(one.path.removesuffix(".value"))
        low, high = min(block.slider_min, float(one.values.min())), max(block.slider_max, float(one.values.max()))
        if (low, high) == (block.slider_min, block.slider_max):
            continue
        if one.owner.user.override_library:
            # Blender does not store a slider's ends in a library override.
            cut[one.name] = say("cut at {end:g}: overridden", end=block.slider_max)
            continue
        undo.callback(_set_slider, block, block.slider_min, block.slider_max)
        _set_slider(block, low, high)
    return cut


def _set_slider(block: bpy.types.ShapeKey, low: float, high: float) -> None:
    block.slider_min, block.slider_max = low, high  # Blender itself ends them at -10 and 10
