"""Retargeting: Track x mapping -> Curves."""

from dataclasses import replace

import numpy as np

from ..core.arkit import to_arkit
from ..core.curves import Curves
from ..core.rotation import multiply, to_quaternion, to_vector
from ..core.track import Track
from . import formula, sources
from .mapping import Channel, Mapping, muted

# Whether the lips are closed, where keys have to be exact, takes both of these.
_LIPS = ("jawOpen", "mouthClose")


def retarget(track: Track, mapping: Mapping) -> Curves:
    """The value of each channel and bone of the mapping at the times of the Track; muted rows are left out.

    Channels of one name (several rows for one shape key) add up. Rotations, by `BoneChannel.bone`, are axis-angle
    vectors (n, 3) in the head's frame. Gaps of the Track are NaN.
    """
    mapping = muted(mapping)
    arkit = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    names = tuple(dict.fromkeys(channel.name for channel in mapping.channels))
    column = {name: i for i, name in enumerate(names)}
    values = np.zeros((len(track), len(names)))
    for channel in mapping.channels:
        followed = formula.evaluate(channel.source, lambda name: sources.number(track, arkit, name))
        values[:, column[channel.name]] += respond(channel, followed)
    # Where there is no face, `confidence` is 0, not NaN; its channels have gaps there all the same.
    values[~track.found] = np.nan
    rotations = {channel.bone: _rotation(track, channel.source) * channel.gain for channel in mapping.bones}
    return Curves(track.time, names, values, rotations)


def respond(channel: Channel, followed: np.ndarray) -> np.ndarray:
    """The value of a channel (n,) for values of its formula (n,): curve, gain, offset, limits in that order."""
    if channel.curve:
        x, y = np.array(channel.curve).T
        followed = np.interp(followed, x, y)
    return np.clip(followed * channel.gain + channel.offset, channel.minimum, channel.maximum)


def step(channel: Channel) -> float:
    """How far a channel goes when one of its sources goes to 1 and the others stay at 0: the root mean square over the
    sources that move it; 1 where only several together do."""
    names = formula.names(channel.source)
    alone = dict(zip(names, np.eye(len(names)), strict=True))
    zero = {name: np.zeros(len(names)) for name in names}
    ends, start = (respond(channel, formula.evaluate(channel.source, at.__getitem__)) for at in (alone, zero))
    travel = np.abs(ends - start)
    return float(np.sqrt((travel[travel > 0.0] ** 2).mean())) if travel.any() else 1.0


def _rotation(track: Track, source: str) -> np.ndarray:
    if source in ("head", "jaw"):
        return track[source].astype(np.float64)
    yaw, pitch = track["gaze"][:, 0 if source == "gaze.left" else 1].T.astype(np.float64)
    zero = np.zeros_like(yaw)
    # Pitch first, then yaw, both in the head: about x (to the left) by -pitch, about y (up) by yaw.
    turn = multiply(to_quaternion(np.stack([zero, yaw, zero], 1)), to_quaternion(np.stack([-pitch, zero, zero], 1)))
    return to_vector(turn)


def changed_channels(before: Track, after: Track, mapping: Mapping) -> Mapping:
    """The rows of `mapping` whose values differ between two performances of the same length."""
    one, other = retarget(before, mapping), retarget(after, mapping)
    same = (one.values == other.values) | (np.isnan(one.values) & np.isnan(other.values))
    names = {name for name, alike in zip(one.names, same.all(axis=0), strict=True) if not alike}
    follows = {channel.name: formula.names(channel.source) for channel in mapping.channels}
    if any(source.startswith(("mouth", "jaw")) for name in names for source in follows[name]):
        names |= {name for name, sources in follows.items() if set(sources) & set(_LIPS)}
    channels = tuple(channel for channel in mapping.channels if channel.name in names)
    moved = {name for name, turns in one.rotations.items() if not np.array_equal(turns, other.rotations[name], True)}
    # Include bones that replace one of these channels, or both would move.
    replaced = {name for channel in channels for name in (channel.main, channel.name)}
    bones = tuple(bone for bone in mapping.bones if bone.bone in moved or replaced & set(bone.replaces))
    return replace(mapping, channels=channels, bones=bones)
