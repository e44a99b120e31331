"""What corrections change in all frames of a performance: Track -> Track.

Channel by channel: corrections of the whole take are a line through their moments; to that comes, wherever the face
looks as it does in corrected frames, a Gaussian process over appearance and time (`likeness.py`), which is 0 where the
face looks different; to that, bumps that ease in and out. Each step makes up only for what the ones before it lack, so
every corrected moment comes out exactly as it was corrected, in whatever order the corrections are listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.arrays import Bools, Floats, Ints
from ..core.curves import HOLE, SAME_TIME, sample_step
from ..core.easing import smoothstep
from ..core.track import CODE, Track
from .corrections import CHANNELS, COLUMN, LIDS, ONE_SIDED, Correction, check, pose, with_pose
from .likeness import READ_WIDTH, Likeness, has_code

# Lids are so quick that frames which look much alike differ in them: they must look this power more alike.
LIDS_SHARPER = 4.0
# Keeps the equations solvable where two corrected frames look the same.
_JITTER = 1e-6


def apply(track: Track, corrections: Sequence[Correction]) -> Track:
    """The performance with its corrections; to the bit as it was where there is none, or only muted ones.

    Corrections of moments that it does not show, or without a face, change nothing. Raises FieldsError for corrections
    whose numbers make no sense.
    """
    check(corrections)
    active = sorted((c for c in corrections if not c.mute and c.strength and c.delta), key=repr)
    before = pose(track)
    pins = _pins(track, before, active)
    if not pins:
        return track
    after = before + _changes(track, before, pins)
    return with_pose(track, _limited(before, after, pins))


def travelling(track: Track, corrections: Sequence[Correction]) -> list[Correction]:
    """What other takes of the same actor can use of corrections: those that spread or are of the whole take, each with
    the code of its frame in `track`, the cleaned performance, and what was read there."""
    wanted = [each for each in corrections if each.reach != "HERE" and not each.mute and not each.code and each.delta]
    return [
        replace(
            pin.correction,
            code=tuple(pin.code.tolist()),
            read={name: float(pin.read[COLUMN[name]]) for name in pin.correction.delta},
        )
        for pin in _pins(track, pose(track), wanted)
        if np.isfinite(pin.code).all()
    ]


@dataclass(frozen=True)
class _Pin:
    """A correction where a performance shows it.

    `rows` (2,): the frames before and after it, the same twice where it is on one; `share` of the second. `read` (51,):
    the uncorrected pose there. `own`: it is of this take, and must be met exactly; else `rows` say nothing.
    """

    correction: Correction
    rows: Ints
    share: float
    read: Floats
    code: Floats
    own: bool

    @property
    def spreads(self) -> bool:
        return self.correction.reach == "ALIKE" and bool(np.isfinite(self.code).all())

    def wanted(self, name: str) -> float:
        return self.correction.strength * self.correction.delta[name]

    def at(self, values: Floats) -> Floats:
        """Values over time (n, ...) where it is."""
        return values[self.rows[0]] * (1.0 - self.share) + values[self.rows[1]] * self.share


def _pins(track: Track, before: Floats, corrections: Sequence[Correction]) -> list[_Pin]:
    shown: Bools = np.isfinite(before).all(axis=1)
    coded = has_code(track)
    found = []
    for each in corrections:
        if each.code:
            if each.reach != "HERE" and (coded or each.reach == "TAKE"):
                read = np.array([each.read.get(name, 0.0) for name in CHANNELS])
                found.append(_Pin(each, np.zeros(2, int), 0.0, read, np.array(each.code), False))
            continue
        rows, share = _place(track, each.time, shown)
        if rows is None:
            continue
        pin = _Pin(each, rows, share, np.zeros(0), np.zeros(0), True)
        code = pin.at(track.code.astype(np.float64)) if coded and track.code is not None else np.full(CODE, np.nan)
        found.append(_Pin(each, rows, share, pin.at(before), code, True))
    return found


def _place(track: Track, time: float, shown: Bools) -> tuple[Ints | None, float]:
    """The rows before and after a time, and the share of the one after; None where the performance shows no face."""
    step = sample_step(track.time)
    left = int(np.searchsorted(track.time, time + SAME_TIME, side="right")) - 1
    right = left + 1
    since = time - track.time[left] if left >= 0 else np.inf
    until = track.time[right] - time if right < len(track) else np.inf
    if since <= SAME_TIME or since + until > HOLE * step:  # on a frame, or beside a hole, an end being one
        near, away = (left, since) if since <= until else (right, until)
        return (np.array([near, near]), 0.0) if away <= step and shown[near] else (None, 0.0)
    if not (shown[left] and shown[right]):
        near = left if shown[left] else right
        return (np.array([near, near]), 0.0) if shown[near] else (None, 0.0)
    return np.array([left, right]), since / (since + until)


def _changes(track: Track, before: Floats, pins: list[_Pin]) -> Floats:
    """(n, 51): what is added to each channel of each frame."""
    changes = np.zeros_like(before)
    likeness = _Likenesses(track, before, [pin for pin in pins if pin.spreads])
    for name in {name for pin in pins for name in pin.correction.delta}:
        column = COLUMN[name]
        here = [pin for pin in pins if name in pin.correction.delta]
        own = [pin for pin in here if pin.own]
        change = _through(track, before[:, column], here, name, column)
        change += likeness.spread(here, name, change)
        changes[:, column] = change + _bumps(track, own, np.array([pin.wanted(name) - pin.at(change) for pin in own]))
    return changes


def _through(track: Track, read: Floats, pins: list[_Pin], name: str, column: int) -> Floats:
    """(n,) the corrections of the whole take: a line through their moments, going on level; that of other takes where
    this one has none. Lids still shut: the further they are shut, the less they are opened."""
    whole = [pin for pin in pins if pin.correction.reach == "TAKE"]
    whole = [pin for pin in whole if pin.own] or whole
    if not whole:
        return np.zeros(len(track))
    if not whole[0].own:
        values = np.full(len(track), np.mean([pin.wanted(name) for pin in whole]))
        from_there = np.full(len(track), np.mean([pin.read[column] for pin in whole]))
    else:
        times, rows = np.unique([pin.correction.time for pin in whole], return_inverse=True)
        count = np.bincount(rows)
        values, from_there = (
            np.interp(track.time, times, np.bincount(rows, numbers) / count)
            for numbers in ([pin.wanted(name) for pin in whole], [pin.read[column] for pin in whole])
        )
    if column in LIDS:
        room = (1.0 - np.nan_to_num(read)) / np.maximum(1.0 - from_there, 1e-3)
        values = np.where(values < 0.0, values * np.clip(room, 0.0, 1.0), values)
    return values


class _Likenesses:
    """How much each frame looks like the corrected ones, worked out once for all channels."""

    def __init__(self, track: Track, before: Floats, pins: list[_Pin]) -> None:
        self.track, self.before, self.pins = track, before, pins
        if pins:
            alike = Likeness(track)
            code = np.stack([pin.code for pin in pins])
            time = np.array([pin.correction.time if pin.own else np.nan for pin in pins])
            self.frames = alike(alike.code, alike.time, code, time)
            self.each = alike(code, time, code, time)
            np.fill_diagonal(self.each, 1.0)

    def spread(self, pins: list[_Pin], name: str, change: Floats) -> Floats:
        """(n,) what spreads to frames that look alike, where `change` (n,) is there already."""
        which = [i for i, pin in enumerate(self.pins) if pin in pins]
        if not which:
            return np.zeros(len(self.track))
        here, column = [self.pins[i] for i in which], COLUMN[name]
        lacks = np.array([pin.wanted(name) - (float(pin.at(change)) if pin.own else 0.0) for pin in here])
        read = np.array([pin.read[column] for pin in here])
        sharp = LIDS_SHARPER if column in LIDS else 1.0
        each = self.each[np.ix_(which, which)] ** sharp * _near(read, read) + _JITTER * np.eye(len(which))
        frames = self.frames[:, which] ** sharp * _near(np.nan_to_num(self.before[:, column]), read)
        return frames @ np.linalg.solve(each, lacks)


def _near(read: Floats, other: Floats) -> Floats:
    return np.exp(-0.5 * ((read[:, None] - other[None]) / READ_WIDTH) ** 2)


def _bumps(track: Track, pins: list[_Pin], lacks: Floats) -> Floats:
    """(n,) bumps at the pins that together add `lacks` (p,) there.

    Each ends where the next pin begins, so that it changes no other corrected moment.
    """
    if not len(lacks) or not np.abs(lacks).max() > 0.0:
        return np.zeros(len(track))
    begins = np.array([track.time[pin.rows[0]] for pin in pins])
    ends = np.array([track.time[pin.rows[1]] for pin in pins])
    made = np.stack([_bump(track, pin, i, begins, ends) for i, pin in enumerate(pins)], axis=1)
    met = np.stack([pin.at(made) for pin in pins])
    return made @ np.linalg.lstsq(met, lacks, rcond=1e-6)[0]


def _bump(track: Track, pin: _Pin, which: int, begins: Floats, ends: Floats) -> Floats:
    """(n,) 1 on the rows of a pin, easing to 0 on both sides."""
    # One that spreads lacks next to nothing: that is made up for within a frame.
    ease = 0.0 if pin.spreads or pin.correction.reach == "TAKE" else pin.correction.ease
    begin, end = begins[which], ends[which]
    earlier, later = ends[ends < begin - SAME_TIME], begins[begins > end + SAME_TIME]
    before = min(ease, begin - earlier.max()) if len(earlier) else ease
    after = min(ease, later.min() - end) if len(later) else ease
    since, until = begin - track.time, track.time - end
    falls = np.maximum(since / max(before, SAME_TIME), until / max(after, SAME_TIME))
    return 1.0 - smoothstep(falls)


def _limited(before: Floats, after: Floats, pins: list[_Pin]) -> Floats:
    """Weights between 0 and 1, or as far beyond as they were read or as the artist went."""
    least, most = np.zeros(len(CHANNELS)), np.ones(len(CHANNELS))
    for pin in pins:
        for name in pin.correction.delta:
            target = pin.read[COLUMN[name]] + pin.wanted(name)
            if pin.own and np.isfinite(target):
                least[COLUMN[name]] = min(least[COLUMN[name]], target)
                most[COLUMN[name]] = max(most[COLUMN[name]], target)
    limited = np.clip(after, np.minimum(before, least), np.maximum(before, most))
    return np.where(ONE_SIDED, limited, after)
