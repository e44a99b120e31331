"""What is to be keyed on a head: F-curves with their values, and what becomes of each name of the mapping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import bpy
import numpy as np

from ...fields_blender.core.curves import Curves
from ...fields_blender.rig.mapping import BoneChannel, Mapping
from ..common.wording import say
from ..head.heads import Head
from . import fcurves, moving_bones

# Errors of bones are measured in units of a shape key. One unit is this angle (rad), so that a tolerance of 0.02
# allows 0.3 degrees,
UNIT_ANGLE = 0.26
# or this share of the distance between the eyes.
UNIT_MOVE = 0.3


@dataclass(frozen=True, eq=False)
class Request:
    """What a head is to show: `curves` at whole scene `frames` (n,), as `mapping` says. Rows of NaN get no keys.

    `exact`: frames whose values reduced keys keep exactly.
    """

    head: Head
    curves: Curves
    frames: np.ndarray
    mapping: Mapping
    exact: Sequence[int] = ()

    @cached_property
    def bones(self) -> list[BoneChannel]:
        """The bones that move, each with the shape keys that rest meanwhile."""
        return moving_bones.by_bones(self.head, self.mapping)

    @cached_property
    def resting(self) -> set[str]:
        """The names of the shape keys and properties that rest because a bone moves instead."""
        numbers = [channel for channel in self.mapping.channels if not channel.bone]
        return {c.name for c in numbers if any(moving_bones.replaced(c, bone) for bone in self.bones)}

    @cached_property
    def sealed(self) -> np.ndarray | None:
        """(n,) how much of jawOpen its shape key shows although a bone opens the jaw; None where that is nothing."""
        return moving_bones.sealed(self.head, self.mapping, self.bones, self.curves)

    @cached_property
    def present(self) -> np.ndarray:
        """(n,) bool: the frames whose values are known."""
        return ~np.isnan(self.curves.values).any(axis=1)

    @property
    def present_frames(self) -> np.ndarray:
        """The frames whose values are known (m,)."""
        return self.frames[self.present]

    def values(self, name: str) -> np.ndarray:
        """The values of one curve where they are known (m,)."""
        return self.curves.values[self.present, self.curves.names.index(name)]


@dataclass(frozen=True, eq=False)
class FCurveValues:
    """One F-curve to write: `values` (n,) at whole `frames` (n,) on `owner`'s `path[index]`, in the F-curve `group`.

    `name`: the mapping's shape key or bone. `parts`: how many F-curves together are one rotation, location or scale; 1
    for a number alone. `unit`: how much counts as one unit of a shape key.
    """

    owner: bpy.types.ID
    path: str
    index: int
    group: str
    frames: np.ndarray
    values: np.ndarray
    name: str
    parts: int = 1
    unit: float = 1.0
    is_rotation: bool = False


@dataclass(frozen=True)
class Plan:
    """F-curves to write, and what becomes of the mapping's names. `skipped`: name -> why it is not keyed."""

    fcurves: list[FCurveValues] = field(default_factory=list)
    keyed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def joined(plans: Iterable[Plan]) -> Plan:
    """All plans as one, each name listed once. A name that an earlier plan skips is not keyed by a later one."""
    values, skipped = [], {}
    keyed: dict[str, None] = {}
    unmatched: dict[str, None] = {}
    for plan in plans:
        values += plan.fcurves
        keyed |= dict.fromkeys(name for name in plan.keyed if name not in skipped)
        unmatched |= dict.fromkeys(plan.unmatched)
        skipped |= plan.skipped
    return Plan(values, list(keyed), list(unmatched), skipped)


def refusal(owner: bpy.types.ID, path: str, index: int) -> str:
    """Why a property is not keyed: it is driven, or its F-curve is locked. Empty where it can be keyed."""
    animation = fcurves.animation_of(owner)
    if animation is None:
        return ""
    if any(driver.data_path == path and driver.array_index == index for driver in animation.drivers):
        return say("driven")
    fcurve = fcurves.fcurve_of(owner, path, index)
    return say("locked") if fcurve and fcurves.is_locked(fcurve) else ""
