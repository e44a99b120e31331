"""F-curves of the head to look at in the Graph Editor: how sure FIELDS is, and what others want to show there."""

from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ...fields_blender.core import curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.names import UNCERTAINTY
from ...fields_blender.core.timeline import frames_covered, to_seconds
from ...fields_blender.core.track import Track
from ...fields_blender.rig import reduce
from ..common import timeline
from ..common.datablocks import mesh_of
from ..common.wording import told
from . import fcurves

# The largest error of these curves.
TOLERANCE = 0.02
GROUP = "FIELDS Confidence"
# What version 0.1.0 called `fields.uncertainty`.
_OLD_PATH = "fields.doubt"


def write(scene: bpy.types.Scene, head: bpy.types.Object, track: Track, settings) -> str:
    """Key `Object.fields.confidence` and `uncertainty`, as far as `settings` ask for them.

    They are only to look at: a head that can't have them is keyed without. Returns why it can't, or an empty string.
    """
    wanted = [("fields.confidence", 0, track["confidence"][:, 0])] if settings.use_confidence else []
    if settings.use_uncertainty:
        wanted += [("fields.uncertainty", i, track["uncertainty"][:, i]) for i in range(len(UNCERTAINTY))]
    if not wanted:
        return ""
    try:
        show(scene, head, track.time, wanted, GROUP)
    except FieldsError as error:
        return told(error)
    return ""


def show(
    scene: bpy.types.Scene,
    head: bpy.types.Object,
    time: np.ndarray,
    wanted: list[tuple[str, int, np.ndarray]],
    group: str,
) -> None:
    """Key `wanted` on the head as curves to look at: (path, index, values (n,) at `time` (n,) in s).

    Raises FieldsError, with nothing written, when the head's action can't be keyed.
    """
    rate = timeline.rate(scene)
    frames = frames_covered(time, rate)
    values = np.stack([value for *_, value in wanted], axis=1).astype(np.float64)
    shown = curves.resample(curves.Curves(time, tuple(path for path, *_ in wanted), values), to_seconds(frames, rate))
    with fcurves.all_or_nothing() as undo:
        actions = fcurves.Actions(f"FIELDS {head.name}", undo)
        actions.new = _shared(head)
        actions.ensure(head)
    for (path, index, _), keys in zip(wanted, reduce.reduce(frames, shown.values, TOLERANCE), strict=True):
        fcurve = fcurves.fcurve_of(head, path, index)
        if fcurve is None:
            fcurve = fcurves.new_fcurve(head, path, index, group)
        elif fcurves.is_locked(fcurve):
            continue
        old = fcurves.read(fcurve) if len(fcurve.keyframe_points) else None
        fcurves.replace(fcurve, fcurves.merged(old, fcurves.fitted_keys(keys), fcurves.runs_of(frames)))
    head.update_tag()


def _shared(head: bpy.types.Object) -> bpy.types.Action | None:
    """The action that the head's shape keys were just keyed in, where one action can serve both."""
    shape_keys = mesh_of(head).shape_keys if head.type == "MESH" else None
    animation = shape_keys.animation_data if shape_keys else None
    return animation.action if animation and hasattr(animation, "action_slot") else None


@persistent
def _after_load(*_arguments: Any) -> None:
    """Let the curves in files of version 0.1.0 animate the property under its present name."""
    for action in bpy.data.actions:
        if action.is_editable:
            for fcurve in fcurves.all_of(action):
                if fcurve.data_path == _OLD_PATH:
                    fcurve.data_path = "fields.uncertainty"


def register() -> None:
    bpy.app.handlers.load_post.append(_after_load)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_after_load)
