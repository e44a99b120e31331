"""Keys that the artist set or moved since the last bake: found before they are overwritten, and kept as corrections."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.timeline import to_seconds
from ...fields_blender.core.track import Track
from ...fields_blender.rig import formula
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.shape.corrections import Correction, followers
from ...fields_blender.shape.shaping import Shaping, from_json
from ..common import timeline
from ..common.wording import say
from ..head.heads import Head
from ..props.on_change import together
from ..takes import correction_list, takes
from . import fcurves, posed, shaping, written
from .keep import Below
from .performance import cleaned
from .posed import Places
from .written import Place

# An F-curve that moved by less than this is where it was.
STILL = 1e-5


def keep(scene: bpy.types.Scene, head: Head, mapping: Mapping, frames: np.ndarray) -> str:
    """Make corrections, *here*, of the artist's own keys where `mapping` is about to be keyed on `frames` (n,).

    They go to the take that the keys were written from. Returns a part of the report, empty where there are none.
    """
    settings = head.object.fields
    if settings.existing_keys != "REPLACE":
        return ""
    noted, values, changes = written.changed(head)
    moved = {place: np.where(np.isin(noted, frames), change, np.nan) for place, change in changes.items()}
    moved = {place: change for place, change in moved.items() if (np.abs(change) > STILL).any()}
    if not moved:
        return ""
    eases = {place: _moments(place, change, noted) for place, change in moved.items()}
    take = _take(head.object)
    if take is None or settings.own_keys == "DISCARD":
        count = len({frame for found in eases.values() for frame in found})
        return say("keys you had set on {count} frames are overwritten", count=count) if count else ""
    values = {place: np.where(np.abs(moved[place]) > STILL, values[place], np.nan) for place in moved}
    return _keep(scene, head, mapping, take, noted, _Own(values, eases))


@dataclass(frozen=True)
class _Own:
    """What of the artist's is about to be overwritten: for each F-curve its values (n,) on the noted frames, NaN where
    they are as written, and `eases`: its own keys' frames -> within how many frames they ease in and out."""

    values: Places
    eases: dict[Place, dict[int, float]]


def _keep(scene: bpy.types.Scene, head: Head, mapping: Mapping, take: Any, noted: np.ndarray, own: _Own) -> str:
    (now, clean), emotion = _then(scene, head.object, take), tuple(head.object.fields.baked_emotion)
    rate = timeline.rate(scene)

    def below(frames: np.ndarray) -> Below:
        return Below(scene, head, now, frames, clean, emotion)

    keyed, _ = posed.planned(head, mapping, below(clean.time[clean.found][:1] * rate).shown)
    names = {(one.owner, one.path, one.index): one.name for one in keyed}
    values = {place: value for place, value in own.values.items() if place in names}
    frames = np.unique([frame for place in values for frame in own.eases[place]]).astype(int)
    frames = frames[below(frames).shown.found] if len(frames) else frames
    if not len(frames):
        return ""
    rows = np.searchsorted(noted, frames)
    sources = _sources(mapping)
    eases = [_by_source(own.eases, {p: sources.get(n, set()) for p, n in names.items()}, int(f)) for f in frames]

    def made(deltas: Sequence[dict[str, float]]) -> list[Correction]:
        return [
            Correction(to_seconds(int(frame), rate), part, "HERE", ease / rate)
            for frame, delta, by_source in zip(frames, deltas, eases, strict=True)
            for ease, part in _parts(delta, by_source)
        ]

    def make(deltas: Sequence[dict[str, float]]) -> list[Correction]:
        there = list(now.corrections)
        for each in made(deltas):
            there = correction_list.with_more(there, each, rate)
        return there

    kept = below(frames).keep(mapping, {place: value[rows] for place, value in values.items()}, make).deltas
    with together():
        for each in made(kept):
            correction_list.keep(take, each, rate, from_keys=True)
    count = sum(1 for delta in kept if delta)
    if not count:
        return ""
    return say("keys you had set on {count} frames are kept as corrections of “{take}”", count=count, take=take.name)


def _sources(mapping: Mapping) -> dict[str, set[str]]:
    """What each name of a mapping follows; a bone that moves by numbers is named with what it does."""
    found: dict[str, set[str]] = {}
    for channel in mapping.channels:
        for name in (channel.name, f"{channel.bone} {channel.does}"):
            found.setdefault(name, set()).update(formula.names(channel.source))
    for bone in mapping.bones:
        found.setdefault(bone.bone, set()).add(bone.source)
    return found


def _by_source(eases: dict[Place, dict[int, float]], sources: dict[Place, set[str]], frame: int) -> dict[str, float]:
    """The source of a mapping -> the longest ease of an own key on a frame in an F-curve that follows it."""
    found: dict[str, float] = {}
    for place, followed in sources.items():
        if frame in eases.get(place, {}):
            for source in followed:
                found[source] = max(found.get(source, 0.0), eases[place][frame])
    return found


def _parts(delta: dict[str, float], by_source: dict[str, float]) -> list[tuple[float, dict[str, float]]]:
    """The channels of a change by how they ease: those that ease within about the same time together."""
    usual = min(by_source.values(), default=1.0)
    ease_of = {name: max((by_source[s] for s in followers(name) & set(by_source)), default=usual) for name in delta}
    parts: list[tuple[float, dict[str, float]]] = []
    for name in sorted(delta, key=lambda name: (ease_of[name], name)):
        if parts and ease_of[name] <= correction_list.SAME_EASE * parts[-1][0]:
            parts[-1][1][name] = delta[name]
        else:
            parts.append((ease_of[name], {name: delta[name]}))
    return parts


def _take(head: bpy.types.Object) -> Any:
    """The take that the head's keys were written from; None where it is gone or was none."""
    stamp = head.fields.baked.partition("\n")[0]
    return next((take for take in head.fields.takes if takes.stamp(take) == stamp and not take.problem), None)


def _then(scene: bpy.types.Scene, head: bpy.types.Object, take: Any) -> tuple[Shaping, Track]:
    """The settings that the keys were written with, and the take's performance as they clean it."""
    then = from_json(head.fields.baked.partition("\n")[2]) or shaping.of(scene, head)
    with suppress(FieldsError):
        if take == takes.active(head) and not head.fields.track:
            return then, cleaned(head, then)
    return then, then.clean(takes.read(take))


def _moments(place: Place, change: np.ndarray, noted: np.ndarray) -> dict[int, float]:
    """The frames of own keys in an F-curve that moved by `change` (n,) -> within how many frames they ease in and out.

    Where it moved without a key of its own, since keys were deleted or handles pulled, it is where it moved most.
    """
    fcurve = fcurves.fcurve_of(*place)
    assert fcurve is not None  # `written.changed` has seen it
    keys = np.unique([round(point.co.x) for point in fcurve.keyframe_points])
    size, eases = np.nan_to_num(np.abs(change)), {}
    rows = np.flatnonzero(size > STILL)
    for run in np.split(rows, np.flatnonzero(np.diff(noted[rows]) > 1) + 1):
        own = np.intersect1d(keys, noted[run])
        for frame in own if len(own) else noted[run[size[run].argmax()]][None]:
            eases[int(frame)] = max(1.0, _ease(size, int(np.searchsorted(noted, frame))))
    return eases


def _ease(size: np.ndarray, row: int) -> float:
    """Within how many rows a bump at `row` eases out that is half as high where `size` (n,) is."""
    halves = []
    for side in (size[row:], size[row::-1]):
        below = np.flatnonzero(side < 0.5 * side[0])
        if len(below):
            after, before = side[below[0]], side[below[0] - 1]
            halves.append(below[0] - 1 + (before - 0.5 * side[0]) / (before - after))
    return 2.0 * float(np.mean(halves)) if halves else float(len(size))
