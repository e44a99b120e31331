"""The corrections of a take, as its list has them and as the library wants them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...fields_blender.core.timeline import nearest_frame
from ...fields_blender.core.track import Track
from ...fields_blender.shape import corrections
from ...fields_blender.shape.corrections import CHANNELS, Correction

KEY = "corrections"
# Corrections that stay on a frame are one up to this ratio of their eases.
SAME_EASE = 1.5


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


def keep(take: Any, made: Correction, rate: float, from_keys: bool = False) -> None:
    """Add a correction. On a frame that has some, their channels get their new change where they are, and the others
    join the one of the same reach."""
    for index, each in _updates(of(take), made, rate):
        if index is None:
            add(take, [each], from_keys)
        else:
            item = take.corrections[index]
            _fill(item, each)
            item.from_keys = item.from_keys and from_keys
            take.correction_index = index


def with_more(there: Sequence[Correction], made: Correction, rate: float) -> list[Correction]:
    """What corrections are once one is added as `keep` does."""
    result = list(there)
    for index, each in _updates(there, made, rate):
        if index is None:
            result.append(each)
        else:
            result[index] = each
    return result


def _updates(there: Sequence[Correction], made: Correction, rate: float) -> list[tuple[int | None, Correction]]:
    """What adding a correction changes: the index of one that is there, None for a new one, and what it becomes."""
    frame, left = nearest_frame(made.time, rate), dict(made.delta)
    here = [i for i, each in enumerate(there) if not each.code and nearest_frame(each.time, rate) == frame]
    changed = {i: {name: left.pop(name) for name in there[i].delta if name in left} for i in here}
    if left and (joined := next((i for i in here if _alike(there[i], made)), None)) is not None:
        changed[joined] |= left
        left = {}
    found: list[tuple[int | None, Correction]] = [(i, _merged(there[i], more)) for i, more in changed.items() if more]
    return [*found, (None, replace(made, delta=left))] if left else found


def _alike(one: Correction, other: Correction) -> bool:
    """Can what two corrections of a frame change be one correction?"""
    if one.reach != other.reach or one.reach != "HERE":
        return one.reach == other.reach
    return max(one.ease, other.ease) <= SAME_EASE * min(one.ease, other.ease)


def _merged(before: Correction, more: Mapping[str, float]) -> Correction:
    """A change is kept in full: the strength there was would scale what was posed."""
    strength = 0.0 if before.mute else before.strength
    kept = {name: delta * strength for name, delta in before.delta.items()} if strength else {}
    return replace(before, delta={**kept, **more}, strength=1.0, mute=False)


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
