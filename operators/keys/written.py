"""What bakes wrote, to tell an artist's own keys from it.

For each F-curve its value on every frame, as it was when FIELDS left it, and a checksum of its keys. It is kept in a
Text of the .blend, as takes are, so that undo and saving treat it like the keys themselves.
"""

import io
import json
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import bpy
import numpy as np

from ..common.datablocks import shape_keys_of
from ..head.heads import Head
from . import fcurves
from .plan import FCurveValues

KEPT = "fields_written"
# Custom property of an action: which record its keys are in. Keys of other actions are none of ours.
MARK = "fields_written"
NOTE = "This holds what FIELDS Facial Capture wrote on “{head}”, so that keys you set yourself can be told from it.\n"
Curve = tuple[str, str, int]  # which datablock of the head, data path, index
Place = tuple[bpy.types.ID, str, int]


@dataclass
class Record:
    """`frames` (n,), rising; for each F-curve its `values` (n,), NaN where it was not keyed, and its `sums`."""

    mark: str = ""
    frames: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    values: dict[Curve, np.ndarray] = field(default_factory=dict)
    sums: dict[Curve, int] = field(default_factory=dict)


# The record read last: (session_uid of the Text, checksum of its bytes) -> it.
_read: dict[tuple[int, int], Record] = {}


def remember(head: Head, planned: Iterable[FCurveValues], frames: np.ndarray, fresh: bool = False) -> None:
    """Note what F-curves are like now, on whole scene `frames` (n,). `fresh`: in a new action, so older notes go."""
    record = Record() if fresh else of(head.object)
    record = _on(record, np.union1d(record.frames, frames).astype(int))
    record.mark = record.mark or uuid.uuid4().hex
    rows, tags = np.searchsorted(record.frames, frames), _tags(head)
    for one in planned:
        fcurve = fcurves.fcurve_of(one.owner, one.path, one.index)
        if fcurve is None or one.owner not in tags:
            continue
        which = tags[one.owner], one.path, one.index
        values = record.values.setdefault(which, np.full(len(record.frames), np.nan, np.float32))
        values[rows] = np.nan
        shown = np.searchsorted(record.frames, one.frames)
        values[shown] = [fcurve.evaluate(frame) for frame in one.frames]
        record.sums[which] = _sum(fcurve)
        _mark(one.owner, record.mark)
    _store(head.object, record)


def changed(head: Head) -> tuple[np.ndarray, dict[Place, np.ndarray], dict[Place, np.ndarray]]:
    """What the artist changed since: the frames (n,), and for each F-curve that differs what it has now and what it has
    more than before (n,), NaN where FIELDS wrote nothing.

    F-curves that are gone, and those of other actions, are not looked at.
    """
    record = of(head.object)
    values_now: dict[Place, np.ndarray] = {}
    more: dict[Place, np.ndarray] = {}
    for owner, tag in _tags(head).items():
        animation = fcurves.animation_of(owner)
        if not animation or not animation.action or animation.action.get(MARK) != record.mark:
            continue
        for (whose, path, index), values in record.values.items():
            fcurve = fcurves.fcurve_of(owner, path, index) if whose == tag else None
            if fcurve is None or fcurve.is_empty or _sum(fcurve) == record.sums[whose, path, index]:
                continue
            now = np.array([fcurve.evaluate(frame) for frame in record.frames])
            values_now[owner, path, index], more[owner, path, index] = now, now - values
    return record.frames, values_now, more


def at(head: Head, frame: int) -> dict[Place, float]:
    """The values that FIELDS wrote on a frame."""
    record = of(head.object)
    row = int(np.searchsorted(record.frames, frame))
    if row == len(record.frames) or record.frames[row] != frame:
        return {}
    owners = {tag: owner for owner, tag in _tags(head).items()}
    return {
        (owners[tag], path, index): float(values[row])
        for (tag, path, index), values in record.values.items()
        if tag in owners and np.isfinite(values[row])
    }


def of(head: bpy.types.Object) -> Record:
    """The record of a head, empty where there is none or it can't be read."""
    text = head.fields.written
    data = text.get(KEPT) if text else None
    if not isinstance(data, bytes):
        return Record()
    which = text.session_uid, zlib.crc32(data)
    if which not in _read:
        _read.clear()
        _read[which] = _unpacked(data)
    return _read[which]


def _unpacked(data: bytes) -> Record:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            meta, frames, values = json.loads(str(file["meta"])), file["frames"], file["values"]
        names = [(str(tag), str(path), int(index)) for tag, path, index, _ in meta["curves"]]
        if values.shape != (len(names), len(frames)) or values.dtype != np.float32 or (np.diff(frames) <= 0).any():
            return Record()
        sums = {name: int(curve[3]) for name, curve in zip(names, meta["curves"], strict=True)}
        return Record(str(meta["mark"]), frames.astype(int), dict(zip(names, values, strict=True)), sums)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return Record()


def _store(head: bpy.types.Object, record: Record) -> None:
    names = list(record.values)
    meta = {"mark": record.mark, "curves": [[*name, record.sums[name]] for name in names]}
    values = np.stack([record.values[name] for name in names]) if names else np.empty((0, len(record.frames)))
    buffer = io.BytesIO()
    np.savez(
        buffer, meta=np.array(json.dumps(meta)), frames=record.frames.astype(np.int32),
        values=values.astype(np.float32),
    )  # fmt: skip
    text = head.fields.written
    if text is None or _shared(head, text):
        text = bpy.data.texts.new(f".FIELDS {head.name} written")
        text.from_string(NOTE.format(head=head.name))
        head.fields.written = text
    if KEPT in text:
        del text[KEPT]  # Blender cuts bytes that are put in place of others
    data = buffer.getvalue()
    text[KEPT] = data
    _read.clear()
    _read[text.session_uid, zlib.crc32(data)] = record


def _shared(head: bpy.types.Object, text: bpy.types.Text) -> bool:
    """Has a copy of the head the same record?"""
    return any(item.fields.written == text for item in bpy.data.objects if item != head)


def _on(record: Record, frames: np.ndarray) -> Record:
    """A copy of a record on more frames."""
    rows, values = np.searchsorted(frames, record.frames), {}
    for name, old in record.values.items():
        values[name] = np.full(len(frames), np.nan, np.float32)
        values[name][rows] = old
    return Record(record.mark, frames, values, dict(record.sums))


def _tags(head: Head) -> dict[bpy.types.ID, str]:
    """The datablocks of a head by what they are in it, since names change."""
    tags: dict[bpy.types.ID, str] = {shape_keys_of(mesh): f"keys {i}" for i, mesh in enumerate(head.meshes)}
    tags[head.object] = "head"
    if head.armature:
        tags[head.armature] = "armature"
    for places in head.properties.values():
        for place in places:
            tags.setdefault(place.owner, f"property {place.owner.name}")
    return tags


def _mark(owner: bpy.types.ID, mark: str) -> None:
    animation = fcurves.animation_of(owner)
    if animation and animation.action and animation.action.get(MARK) != mark:
        animation.action[MARK] = mark


def _sum(fcurve: bpy.types.FCurve) -> int:
    """A checksum of what shapes an F-curve."""
    keys = fcurves.read(fcurve)
    total = 0
    for name in ("co", "interpolation", "handle_left", "handle_right"):
        total = zlib.crc32(keys[name].tobytes(), total)
    return total
