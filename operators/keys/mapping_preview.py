"""The test slider of the mapping's list: it shows one row on the head, and then the head goes back to its pose."""

from dataclasses import replace
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.names import JAW_OPEN, LOOK_SIDE
from ...fields_blender.rig import formula, retarget
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from ..head import heads, mapping_rows
from ..props import on_change
from . import plan_head
from .plan import Request

# What the test has changed: datablock, path, index, value before; and the heads. `put_back` empties both.
_before: list[tuple[bpy.types.ID, str, int, Any]] = []
_shown: list[bpy.types.Object] = []
# What a rotation shows at 1 (axis-angle, rad): the jaw open, the head turned to its left. Eyes look to their left.
_ROTATIONS = {"jaw": (JAW_OPEN, 0.0, 0.0), "head": (0.0, 0.35, 0.0)}


def show(head: bpy.types.Object, _context: Any = None) -> None:
    """Show the active row with its main source at the value of the head's test slider, all other sources at 0."""
    _restore()
    settings = head.fields
    if settings.test == 0.0 or not 0 <= settings.row < len(settings.rows):
        return
    try:
        row = replace(mapping_rows.read(settings.rows[settings.row]), mute=False)
        alone = Mapping("test", (row,)) if isinstance(row, Channel) else Mapping("test", (), (row,))
        found = heads.find(head, alone)
    except (ValueError, FieldsError):
        return  # the list says what is wrong with the row
    if isinstance(row, BoneChannel) and row.bone not in found.bones:
        return
    _shown.append(head)
    for one in plan_head.plan(Request(found, _pose(row, settings.test), np.zeros(1), alone)).fcurves:
        _set(one.owner, one.path, one.index, float(one.values[0]))
    head.update_tag()


@persistent
def put_back(*_arguments: Any) -> None:
    """Put the head back to its pose before the test, and its slider to 0."""
    _restore()
    while _shown:
        head = _shown.pop()
        try:
            head.fields.test = 0.0
        except ReferenceError:
            continue


def _restore() -> None:
    while _before:
        owner, path, index, value = _before.pop()
        try:
            _set(owner, path, index, value, remember=False)
        except (ReferenceError, TypeError, ValueError, AttributeError, KeyError):
            continue  # it was deleted meanwhile


def _pose(row: Channel | BoneChannel, strength: float) -> Curves:
    """One moment, with the row's main source at `strength`."""
    if isinstance(row, BoneChannel):
        vector = np.array([_ROTATIONS.get(row.source, (0.0, LOOK_SIDE, 0.0))]) * strength * row.gain
        return Curves(np.zeros(1), (), np.zeros((1, 0)), {row.bone: vector})
    followed = formula.evaluate(row.source, lambda name: np.array([strength if name == row.main else 0.0]))
    return Curves(np.zeros(1), (row.name,), retarget.respond(row, followed)[:, None])


def _set(owner: bpy.types.ID, path: str, index: int, value: Any, remember: bool = True) -> None:
    """Set the value that an F-curve of that path and index would animate."""
    custom = path.endswith('"]')
    cut = path.rindex('["') if custom else path.rfind(".")
    there: Any = owner.path_resolve(path[:cut]) if cut > 0 else owner
    name = bpy.utils.unescape_identifier(path[cut + 2 : -2]) if custom else path[cut + 1 :]
    old = there[name] if custom else getattr(there, name)
    if custom:
        there[name] = type(old)(value)
    elif isinstance(old, float):
        setattr(there, name, value)
    else:
        old = old[index]
        getattr(there, name)[index] = value
    if remember:
        _before.append((owner, path, index, old))
    owner.update_tag()


def register() -> None:
    on_change.register(on_change.previewed, show)
    on_change.register(on_change.row_chosen, put_back)
    bpy.app.handlers.save_pre.append(put_back)
    bpy.app.handlers.load_pre.append(put_back)


def unregister() -> None:
    put_back()
    on_change.unregister(on_change.row_chosen, put_back)
    on_change.unregister(on_change.previewed, show)
    bpy.app.handlers.load_pre.remove(put_back)
    bpy.app.handlers.save_pre.remove(put_back)
