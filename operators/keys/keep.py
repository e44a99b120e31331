"""A pose of the head as a correction of its take, whatever the sliders are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.arrays import Floats
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.timeline import to_seconds
from ...fields_blender.core.track import Track
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.shape import adjust, blend
from ...fields_blender.shape.corrections import CHANNELS, Correction, pose, with_pose
from ...fields_blender.shape.shaping import Shaping
from ..common import timeline
from ..head.heads import Head
from . import posed, written
from .performance import cleaned, intensity
from .posed import Places

# A channel that moved by less than this (weights, rad) was not corrected.
LEAST = 4e-3
# Values closer than this, in units of a shape key, are the same.
SAME = 1e-4
# How often the change is adjusted until the sliders make of it what was posed, and how closely that is met.
ROUNDS, CLOSE = 6, 2e-5
# A change that moves what is shown by less than this share of it does not get through.
LEAST_GAIN = 0.05
# The corrections of the take with these changes, one dict for each moment, channel -> change.
Make = Callable[[Sequence[dict[str, float]]], Sequence[Correction]]


@dataclass(frozen=True)
class Kept:
    """`deltas`: for each moment, channel -> change of the uncorrected performance. `lacks` (p,): what no channel of the
    mapping can show, in units of a shape key. `silent`: channels that the sliders hold still."""

    deltas: list[dict[str, float]]
    lacks: np.ndarray
    silent: list[str]


class Below:
    """Where poses on whole scene `frames` (p,) are kept: under the sliders `now` of a head.

    `clean`: the performance as they clean it, where it is not that of the head's chosen take. `emotion`: the emotion's
    intensities, where they are not the head's present ones (`performance.intensity`).
    """

    def __init__(
        self,
        scene: bpy.types.Scene,
        head: Head,
        now: Shaping,
        frames: np.ndarray,
        clean: Track | None = None,
        emotion: Sequence[float] | None = None,
    ) -> None:
        self.head, self.now, self.rate = head, now, timeline.rate(scene)
        self.frames, self.times = frames, to_seconds(frames, self.rate)
        self.emotion = emotion
        self.clean = cleaned(head.object, now) if clean is None else clean
        self.shown = self._shown(now.corrections)

    def check(self) -> None:
        """Raises FieldsError where the take shows no face on one of the frames."""
        if not self.shown.found.all():
            raise FieldsError(
                "The take has no face on frame {frame}, so there is nothing to correct. Choose another frame, or fill "
                "the gap: Doubtful Frames > No Face.",
                frame=int(self.frames[~self.shown.found][0]),
            )

    def keep(self, mapping: Mapping, moved: Places, make: Make) -> Kept:
        """What the head shows more than this, `moved`, as changes of the take; `make` makes corrections of them."""
        poses, lacks = posed.solve(self.head, mapping, self.shown, moved)
        wanted, before = (self._unmirrored(each) for each in (with_pose(self.shown, poses), self.shown))
        asked = np.abs(wanted - before) > LEAST
        there = pose(blend.at_times(self.now.correct(self.clean).track, self.times))
        plain = pose(blend.at_times(self.clean, self.times))
        # Without sliders that is right at once.
        deltas, met = self._solve(there - plain + (wanted - before), wanted, asked, make)
        silent = [CHANNELS[i] for i in np.flatnonzero((asked & ~met).any(axis=0))]
        return Kept(_dicts(deltas, asked & met), lacks, silent)

    def _solve(self, deltas: Floats, wanted: Floats, asked: np.ndarray, make: Make) -> tuple[Floats, np.ndarray]:
        """The changes (p, 51) of which the sliders make what is `wanted`, and which of them get through."""
        gain = np.ones_like(wanted)
        made = self._made(make(_dicts(deltas, asked)))
        for _ in range(ROUNDS):
            lacking = np.where(asked, wanted - made, 0.0)
            if np.abs(lacking).max(initial=0.0) < CLOSE:
                break
            through = np.abs(gain) > LEAST_GAIN
            step = np.clip(np.where(through, lacking / np.where(through, gain, 1.0), 0.0), -2.0, 2.0)
            after = self._made(make(_dicts(deltas + step, asked)))
            moved = np.abs(step) > CLOSE / 10
            gain = np.where(moved, (after - made) / np.where(moved, step, 1.0), gain)
            deltas, made = deltas + step, after
        return deltas, (np.abs(wanted - made) <= LEAST) | (np.abs(gain) > LEAST_GAIN)

    def _made(self, corrections: Sequence[Correction]) -> Floats:
        return self._unmirrored(self._shown(corrections))

    def _shown(self, corrections: Sequence[Correction]):
        emotion = replace(self.now, corrections=tuple(corrections)).correct(self.clean)
        strength = intensity(self.head.object, emotion, self.rate, self.emotion)
        return blend.at_times(self.now.finish(emotion.at(strength)), self.times)

    def _unmirrored(self, shown) -> Floats:
        """The poses (p, 51) with left and right as in the take."""
        return pose(adjust.mirrored_track(shown) if self.now.mirror else shown)


def differs(head: Head, mapping: Mapping, below: Below, frame: int) -> Places:
    """What the head shows now, on the current `frame`, where that is not what was keyed there; NaN where it is."""
    noted, found, tolerance = written.at(head, frame), {}, head.object.fields.key_tolerance
    planned, values = posed.planned(head, mapping, below.shown)
    for one, expected in zip(planned, values[0], strict=True):
        place, now = (one.owner, one.path, one.index), value_of(one.owner, one.path, one.index)
        # Keys that are not noted are as close as their tolerance to what is shown.
        before, near = (noted[place] / one.unit, SAME) if place in noted else (expected, tolerance)
        found[place] = np.array([now if abs(now / one.unit - before) > near else np.nan])
    return found


def value_of(owner: bpy.types.ID, path: str, index: int) -> float:
    """What a property is now."""
    value: Any = owner.path_resolve(path)
    return float(value[index]) if hasattr(value, "__len__") else float(value)


def _dicts(deltas: Floats, which: np.ndarray) -> list[dict[str, float]]:
    return [
        {CHANNELS[i]: float(row[i]) for i in np.flatnonzero(chosen)} for row, chosen in zip(deltas, which, strict=True)
    ]
