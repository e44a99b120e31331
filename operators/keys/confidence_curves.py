"""How sure FIELDS is, as curves of the head to look at."""

import bpy
import numpy as np

from ...fields_blender.core import curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.names import UNCERTAINTY
from ...fields_blender.core.timeline import frames_covered, to_seconds
from ...fields_blender.core.track import Track
from ...fields_blender.rig import reduce
from ..common import timeline
from ..common.wording import told
from . import fcurves

# How far these curves may be from what they show.
TOLERANCE = 0.02
GROUP = "FIELDS Confidence"


def write(scene: bpy.types.Scene, head: bpy.types.Object, track: Track, settings) -> str:
    """Key `Object.fields.confidence` and `uncertainty`, as far as `settings` ask for them. Returns why not, or nothing.

    They only show: a head that can't have them is keyed all the same.
    """
    wanted = [("fields.confidence", 0, track["confidence"][:, 0])] if settings.use_confidence else []
    if settings.use_uncertainty:
        wanted += [("fields.uncertainty", i, track["uncertainty"][:, i]) for i in range(len(UNCERTAINTY))]
    if not wanted:
        return ""
    return show(scene, head, track.time, wanted, GROUP)


def show(
    scene: bpy.types.Scene,
    head: bpy.types.Object,
    time: np.ndarray,
    wanted: list[tuple[str, int, np.ndarray]],
    group: str,
) -> str:
    """Key (path, index, values (n,) at `time` (n,) s) on the head as curves to look at. Returns why not, or nothing."""
    rate = timeline.rate(scene)
    frames = frames_covered(time, rate)
    values = np.stack([value for *_, value in wanted], axis=1).astype(np.float64)
    shown = curves.resample(curves.Curves(time, tuple(path for path, *_ in wanted), values), to_seconds(frames, rate))
    undo = []
    try:
        actions = fcurves.Actions(f"FIELDS {head.name}", undo)
        actions.new = _shared(head)
        actions.ensure(head)
    except FieldsError as error:
        for step in reversed(undo):
            step()
        return told(error)
    for (path, index, _), keys in zip(wanted, reduce.reduce(frames, shown.values, TOLERANCE), strict=True):
        fcurve = fcurves.fcurve_of(head, path, index)
        if fcurve is None:
            fcurve = fcurves.new_fcurve(head, path, index, group)
        elif fcurve.lock or (fcurve.group and fcurve.group.lock):
            continue
        old = fcurves.read(fcurve) if len(fcurve.keyframe_points) else None
        fcurves.replace(fcurve, fcurves.merged(old, fcurves.fitted_keys(keys), fcurves.runs_of(frames)))
    head.update_tag()
    return ""


def _shared(head: bpy.types.Object) -> bpy.types.Action | None:
    """The action that the head's shape keys were just keyed in, where one action can serve both."""
    shape_keys = head.data.shape_keys if head.type == "MESH" else None
    animation = shape_keys.animation_data if shape_keys else None
    return animation.action if animation and hasattr(animation, "action_slot") else None
