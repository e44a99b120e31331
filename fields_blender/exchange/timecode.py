"""SMPTE time codes as recorders write them: `HH:MM:SS:FF.sss`, FF counting 12 to 240 a second, drop-frame or not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_FORM = re.compile(r"\s*(\d{1,3}):(\d{1,2}):(\d{1,2})([:;.,])(\d{1,3}(?:[.,]\d{1,9})?)\s*")
RATES = (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240, 1000)
HALF_A_DAY, DAY = 12 * 3600.0, 24 * 3600.0
NTSC = 1.001  # how much slower than their nominal rate drop-frame codes count


@dataclass(frozen=True)
class Codes:
    """Time codes as read. `seconds` (n,), NaN for text that is none; `rate`: frames a second; `base`: where seconds and
    minutes roll over, 60 but for tools that got it wrong.
    """

    seconds: np.ndarray
    rate: float
    base: int = 60


def write(seconds: float, fps: int) -> str:
    """`HH:MM:SS:FF.sss`; the part after the point is the fraction of a frame, so that any frame rate survives."""
    whole, thousandths = divmod(round(seconds * fps * 1000), fps * 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    frame, fraction = divmod(thousandths, 1000)
    return f"{hours:02d}:{minute:02d}:{second:02d}:{frame:02d}.{fraction:03d}"


def read(codes: Sequence[str], fps: float | None = None) -> Codes | None:
    """The time codes, from the first code on; None where most of the text is none.

    The file does not say the rate: it is where the frame numbers roll over. `fps`: how many of those frames are a
    second, where the artist says it. A fraction that makes the steps uneven is no fraction of a frame (some tools write
    a counter there) and is left out. A code is drop-frame where it says so (a semicolon before the frames) or leaves
    out the numbers that drop-frame codes leave out: SMPTE ST 12-1. A recording may run past midnight.
    """
    parts, drop = _parts(codes)
    known = ~np.isnan(parts[:, 0])
    if not len(parts) or known.mean() <= 0.5:
        return None
    hours, minutes, seconds, frames = parts[known].T
    base = _base(hours, minutes, seconds)
    whole_seconds = (hours * base + minutes) * base + seconds
    rate = _rate(whole_seconds, frames, fps)
    count = whole_seconds * rate + _without_counters(whole_seconds * rate, frames)
    since_midnight = count / rate
    if rate in (30, 60) and (drop or _drops(minutes, seconds, frames, rate)):
        dropped, minute = rate // 15, hours * 60 + minutes
        since_midnight = (count - dropped * (minute - minute // 10)) * NTSC / rate
        slower = NTSC
    else:
        slower = 1.0
    days = np.cumsum(np.concatenate([[0], np.diff(since_midnight) < -HALF_A_DAY]))
    result = np.full(len(parts), np.nan)
    result[known] = (since_midnight + days * DAY - since_midnight[0]) * (rate / slower / fps if fps else 1.0)
    return Codes(result, fps or rate / slower, base)


def _parts(codes: Sequence[str]) -> tuple[np.ndarray, bool]:
    """Hours, minutes, seconds, frames (n, 4), NaN where there is no time code; are there semicolons?"""
    parts = np.full((len(codes), 4), np.nan)
    drop = False
    for row, code in enumerate(codes):
        match = _FORM.fullmatch(code[:40])
        if match:
            parts[row] = [float(match[i].replace(",", ".")) for i in (1, 2, 3, 5)]
            drop |= match[4] == ";"
    return parts, drop


def _base(hours: np.ndarray, minutes: np.ndarray, seconds: np.ndarray) -> int:
    """60, or where seconds (and minutes) roll over if every new minute follows upon a lower last second."""
    new = (hours[1:] * 60 + minutes[1:] != hours[:-1] * 60 + minutes[:-1]) & (seconds[1:] == 0)
    last = int(seconds.max())
    rolls = new.any() and last < 59 and last + 1 in RATES and (seconds[:-1][new] == last).all()
    return last + 1 if rolls and (minutes <= last).all() else 60


def _rate(seconds: np.ndarray, frames: np.ndarray, fps: float | None) -> int:
    """The rate at which the step into a new second is as long as the others; without such a step the rate that the
    artist says, else the lowest usual one that has all these frame numbers.
    """
    rates = [rate for rate in RATES if rate > np.floor(frames.max())] or [RATES[-1]]
    later, steps = np.diff(seconds), np.diff(frames)
    over, within = later == 1, (later == 0) & (steps > 0)
    if over.any() and within.any():
        usual = np.median(steps[within])
        return min(rates, key=lambda rate: float(np.median(np.abs(rate + steps[over] - usual))))
    if fps and round(fps) >= rates[0]:
        return round(fps)
    return next(rate for rate in rates if rate in (30, 60, 120, 240, 1000))


def _without_counters(whole: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """`frames` (n,), without their fractions if those count rows or make the steps less even. `whole` (n,): the number
    of the first frame of each one's second.
    """
    numbers = np.floor(frames)
    count, fractions = whole + numbers, frames - numbers
    if not fractions.any():
        return frames
    counters = np.abs(fractions * 1000 - count % 1000) < 0.5
    return numbers if counters.all() or _unevenness(count + fractions) > _unevenness(count) + 1e-9 else frames


def _unevenness(count: np.ndarray) -> float:
    steps = np.diff(count)
    return float(np.abs(steps - np.median(steps)).mean()) if len(steps) else 0.0


def _drops(minutes: np.ndarray, seconds: np.ndarray, frames: np.ndarray, rate: int) -> bool:
    """Does every new minute (except each tenth) begin with frame 2 (4 at 60 a second), right after the last frame?"""
    dropped, numbers = rate // 15, np.floor(frames)
    new = (minutes[1:] != minutes[:-1]) & (minutes[1:] % 10 != 0) & (seconds[1:] == 0)
    straight = new & (numbers[:-1] == rate - 1) & (seconds[:-1] == 59)
    never = not ((minutes % 10 != 0) & (seconds == 0) & (numbers < dropped)).any()
    return bool(straight.any() and (numbers[1:][straight] == dropped).all() and never)
