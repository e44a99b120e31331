"""The corrections of a take, as its list has them and as the library wants them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...fields_blender.core.timeline import nearest_frame
from ...fields_blender.core.track import Track
from ...fields_blender.shape import corrections
from ...fields_blender.shape.corrections import CHANNELS, Correction

KEY = "corrections"


def of(take: Any) -> tuple[Correction, ...]:
    """The corrections of a take."""
    return tuple(_correction(item) for item in take.corrections)


def _correction(item: Any) -> Correction:
    code, read = json.loads(item.seen) if item.seen else ((), {})
    return Correction(
        time=item.time,
        delta={channel.name: channel.delta for channel in item.channels if channel.name in CHANNELS},
        reach=item.reach,
        ease=item.ease,
        strength=item.strength,
        mute=item.mute,
        code=tuple(code),
        read=read,
    )


def add(take: Any, made: Iterable[Correction], from_keys: bool = False) -> None:
    """More corrections of a take, each in its place in time."""
    for each in made:
        item = take.corrections.add()
        _fill(item, each)
        item.from_keys = from_keys
        sort(take, len(take.corrections) - 1)


def sort(take: Any, index: int) -> None:
    """Move a correction to its place in time, and choose it."""
    time, target = take.corrections[index].time, 0
    while target < index and take.corrections[target].time <= time:
        target += 1
    take.corrections.move(index, target)
    take.correction_index = target


def merge(take: Any, index: int, made: Correction, from_keys: bool = False) -> None:
    """More channels for a correction there is; those it has get their new change."""
    item = take.corrections[index]
    _fill(item, _merged(_correction(item), made))
    item.from_keys = item.from_keys and from_keys
    take.correction_index = index


def with_more(take: Any, index: int, made: Correction) -> list[Correction]:
    """What the take's corrections are once `made` is merged into the one at `index`; with -1 it is one more."""
    there = list(of(take))
    if index >= 0:
        return [*there[:index], _merged(there[index], made), *there[index + 1 :]]
    return [*there, made]


def _merged(before: Correction, made: Correction) -> Correction:
    """A change is kept in full: the strength there was would scale what was posed."""
    strength = 0.0 if before.mute else before.strength
    kept = {name: delta * strength for name, delta in before.delta.items()}
    return replace(before, delta={**kept, **made.delta}, strength=1.0, mute=False)


def at_frame(take: Any, frame: int, rate: float) -> int:
    """The index of the take's own correction on a frame; -1 where there is none."""
    for index, item in enumerate(take.corrections):
        if not item.seen and nearest_frame(item.time, rate) == frame:
            return index
    return -1


def active(take: Any) -> Any:
    """The correction chosen in the list, or None."""
    if take is None or not take.corrections:
        return None
    return take.corrections[min(max(take.correction_index, 0), len(take.corrections) - 1)]


def put(take: Any, performance: Track) -> None:
    """Give a take the corrections that a track file carries."""
    add(take, corrections.of_track(performance))
    take.correction_index = 0


def copied(source: Any, target: Any) -> None:
    """The corrections of a take for another, which has none."""
    for item in source.corrections:
        new = target.corrections.add()
        _fill(new, _correction(item))
        new.from_keys, new.origin = item.from_keys, item.origin


def carried(take: Any, performance: Track) -> Track:
    """A take's performance with its corrections, for a file."""
    source = {key: value for key, value in performance.source.items() if key != KEY}
    if take.corrections:
        source[KEY] = corrections.to_data(of(take))
    return replace(performance, source=source)


def without(performance: Track) -> Track:
    """A performance whose corrections are in the take's list."""
    return replace(performance, source={key: value for key, value in performance.source.items() if key != KEY})


def _fill(item: Any, made: Correction) -> None:
    item.time, item.reach, item.ease = made.time, made.reach, made.ease
    item.strength, item.mute = made.strength, made.mute
    item.channels.clear()
    for name, delta in sorted(made.delta.items(), key=lambda pair: -abs(pair[1])):
        channel = item.channels.add()
        channel.name, channel.delta = name, delta
    item.name = ", ".join(channel.name for channel in item.channels)
    item.seen = json.dumps([list(made.code), dict(made.read)]) if made.code else ""
