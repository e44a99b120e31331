"""From a pose of the head back to what would be captured: the inverse of retargeting, on rigs of every kind.

What is planned for a head is worked out for a pose and for small changes of each channel; the channels that explain
best what differs on the head are found by damped least squares.
"""

from collections.abc import Mapping as Pairs

import bpy
import numpy as np

from ...fields_blender.core.track import Track
from ...fields_blender.rig import retarget
from ...fields_blender.rig.mapping import Mapping, muted
from ...fields_blender.shape.corrections import CHANNELS, pose, with_pose
from ..head.heads import Head
from . import plan_head
from .plan import FCurveValues, Request

Places = Pairs[tuple[bpy.types.ID, str, int], np.ndarray]
# The change of a channel by which its effect is measured, in weights or rad.
STEP = 1e-3
# Keeps channels still that explain nothing.
DAMPING = 1e-4
# Differences smaller than this, in units of a shape key, are none.
NOTHING = 2e-6
ROUNDS = 8
# Poses solved at once.
AT_ONCE = 40


def solve(head: Head, mapping: Mapping, shown: Track, moved: Places) -> tuple[np.ndarray, np.ndarray]:
    """The poses (p, 51) over CHANNELS that show what `shown` (p rows) shows, but for what was `moved`.

    `moved`: (datablock, data path, index) -> what each pose has there (p,), NaN where that is what is shown. Returns
    also how much of it no channel can show (p,), in units of a shape key.
    """
    poses, lacks = [], []
    for first in range(0, len(shown), AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, len(shown)))
        part = {place: values[rows] for place, values in moved.items()}
        made, lack = _solve(head, mapping, _rows(shown, rows), part)
        poses.append(made)
        lacks.append(lack)
    return np.concatenate(poses), np.concatenate(lacks)


def _solve(head: Head, mapping: Mapping, shown: Track, moved: Places) -> tuple[np.ndarray, np.ndarray]:
    now, count, k = pose(shown), len(shown), len(CHANNELS)
    curves, start = planned(head, mapping, shown)
    target = _targets(curves, start, moved)
    best, best_lack = now, np.full(count, np.inf)
    for _ in range(ROUNDS):
        steps = np.concatenate([np.zeros((1, k)), STEP * np.eye(k), -STEP * np.eye(k)])
        tried = (now[:, None] + steps[None]).reshape(-1, k)
        effects = planned(head, mapping, with_pose(_rows(shown, np.repeat(np.arange(count), len(steps))), tried))[1]
        effects = effects.reshape(count, len(steps), -1)
        lacking = target - effects[:, 0]
        lack = np.abs(lacking).max(axis=1, initial=0.0)
        better = lack < best_lack
        best, best_lack = np.where(better[:, None], now, best), np.where(better, lack, best_lack)
        if (lack < NOTHING).all():
            break
        now = np.stack([best[i] + (_step(effects[i], lacking[i], k) if better[i] else 0.0) for i in range(count)])
        if not better.any():
            break
    return best, np.where(np.isfinite(best_lack), best_lack, 0.0)


def _step(effects: np.ndarray, lacking: np.ndarray, k: int) -> np.ndarray:
    """The change (k,) of a pose that makes up for `lacking` (f,). `effects` (1 + 2k, f): of no change, of each channel
    up, of each down: weights of one side, such as eyeLookIn, follow a channel in one direction alone."""
    up, down = (effects[1 : 1 + k] - effects[0]) / STEP, (effects[0] - effects[1 + k :]) / STEP
    side = np.abs(up @ lacking) >= np.abs(down @ lacking)
    jacobian = np.where(side[:, None], up, down).T
    return np.linalg.solve(jacobian.T @ jacobian + DAMPING * np.eye(k), jacobian.T @ lacking)


def planned(head: Head, mapping: Mapping, shown: Track) -> tuple[list[FCurveValues], np.ndarray]:
    """What is planned for the rows of a performance, and its values (rows, f) in units of a shape key."""
    kept = muted(mapping)
    plan = plan_head.plan(Request(head, retarget.retarget(shown, kept), np.arange(len(shown)), kept))
    whole = [one for one in plan.fcurves if len(one.frames) == len(shown)]
    values = np.stack([one.values / one.unit for one in whole], axis=1) if whole else np.zeros((len(shown), 0))
    return whole, values


def _targets(curves: list[FCurveValues], start: np.ndarray, moved: Places) -> np.ndarray:
    """(p, f) what each planned F-curve is to show, in units of a shape key."""
    target = start.copy()
    for i, one in enumerate(curves):
        new = moved.get((one.owner, one.path, one.index))
        if new is not None:
            target[:, i] = np.where(np.isnan(new), start[:, i], new / one.unit)
    for i, one in enumerate(curves):
        if one.is_rotation and one.parts == 4 and one.index == 0:  # q and -q are the same rotation
            four = slice(i, i + 4)
            other = (start[:, four] * target[:, four]).sum(axis=1) < 0.0
            target[other, four] *= -1.0
    return target


def _rows(track: Track, rows: np.ndarray) -> Track:
    """These rows of a performance, as moments one after the other."""
    groups = {name: values[rows] for name, values in track.groups.items()}
    return Track(np.arange(len(rows), dtype=np.float64), groups, track.card)
