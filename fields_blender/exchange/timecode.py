"""SMPTE time codes as recorders write them: `HH:MM:SS:FF.sss`, FF counting 24 to 120 a second, drop-frame or not."""

import re
from collections.abc import Sequence

import numpy as np

_FORM = re.compile(r"\s*(\d{1,3}):(\d{1,2}):(\d{1,2})([:;.,])(\d{1,3}(?:\.\d{1,9})?)\s*")
RATES = (24, 25, 30, 48, 50, 60, 100, 120)
HALF_A_DAY, DAY = 12 * 3600.0, 24 * 3600.0
NTSC = 1.001  # how much slower than their nominal rate drop-frame codes count


def write(seconds: float, fps: int) -> str:
    """`HH:MM:SS:FF.sss`; the part after the point is the fraction of a frame, so that any frame rate survives."""
    whole, thousandths = divmod(round(seconds * fps * 1000), fps * 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    frame, fraction = divmod(thousandths, 1000)
    return f"{hours:02d}:{minute:02d}:{second:02d}:{frame:02d}.{fraction:03d}"


def read(codes: Sequence[str]) -> np.ndarray | None:
    """Seconds (n,) since the first code; NaN for text that is not a time code; None where most are not.

    The file does not say the rate: it is inferred from the frame numbers. A code is drop-frame where it says so (a
    semicolon before the frames) or leaves out the numbers that drop-frame codes leave out: SMPTE ST 12-1. A recording
    may run past midnight.
    """
    parts = np.full((len(codes), 4), np.nan)
    drop = False
    for row, code in enumerate(codes):
        match = _FORM.fullmatch(code[:40])
        if match:
            parts[row] = [float(match[i]) for i in (1, 2, 3, 5)]
            drop |= match[4] == ";"
    known = ~np.isnan(parts[:, 0])
    if not len(parts) or known.mean() <= 0.5:
        return None
    hours, minutes, seconds, frames = parts[known].T
    rate = _rate(seconds, frames)
    since_midnight = (hours * 60 + minutes) * 60 + seconds + frames / rate
    if rate in (30, 60) and (drop or _drops(minutes, seconds, frames, rate)):
        dropped, minute = rate // 15, hours * 60 + minutes
        count = since_midnight * rate - dropped * (minute - minute // 10)
        since_midnight = count * NTSC / rate
    result = np.full(len(parts), np.nan)
    days = np.cumsum(np.concatenate([[0], np.diff(since_midnight) < -HALF_A_DAY]))
    result[known] = since_midnight + days * DAY - since_midnight[0]
    return result


def _rate(seconds: np.ndarray, frames: np.ndarray) -> int:
    """The lowest usual rate that has all these frame numbers; the exact one where whole numbers reach a new second."""
    over = np.flatnonzero((np.diff(seconds) % 60 == 1) & (np.floor(frames[1:]) == 0))
    if len(over) and (frames % 1 == 0).all() and int(frames.max()) + 1 in RATES and frames[over].max() == frames.max():
        return int(frames.max()) + 1
    return next((rate for rate in (30, 60, 120) if frames.max() < rate), 1000)


def _drops(minutes: np.ndarray, seconds: np.ndarray, frames: np.ndarray, rate: int) -> bool:
    """Does every new minute (except each tenth) begin with frame 2 (4 at 60 a second), right after the last frame?"""
    dropped, numbers = rate // 15, np.floor(frames)
    new = (minutes[1:] != minutes[:-1]) & (minutes[1:] % 10 != 0) & (seconds[1:] == 0)
    straight = new & (numbers[:-1] == rate - 1) & (seconds[:-1] == 59)
    never = not ((minutes % 10 != 0) & (seconds == 0) & (numbers < dropped)).any()
    return bool(straight.any() and (numbers[1:][straight] == dropped).all() and never)
