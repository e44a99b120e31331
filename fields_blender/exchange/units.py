"""Units that a file does not say, told from most of its numbers rather than from the largest, and wild numbers."""

import numpy as np

# Weights are 0..1, some tools go a little beyond. What lasts above this is in percent; what stands alone is a fault.
LARGE = 2.0
# In a recording of one or two rows nothing lasts: there, a weight above this is in percent.
PERCENT_ABOVE = 5.0
MAX_WEIGHT = 10.0
# Heads turn less than this (rad) most of the time.
MOST_TURN = 1.6
MAX_TURN = 2.0 * np.pi
# So many of the rows may hold a wild number; a recording with more of them holds something else.
MOST_WILD = 0.1
# The unit of a rotation, in rad. Most tools read Live Link Face's files in radians, Reallusion's in 40 degrees.
ANGLES = {"radians": 1.0, "degrees": np.pi / 180.0, "40 degrees": 40.0 * np.pi / 180.0}
WEIGHTS = {"0 to 1": 1.0, "percent": 0.01}


def weight_unit(weights: np.ndarray) -> str:
    """One of WEIGHTS for the rows (n, k) that show a face; NaN where a number is missing."""
    if len(weights) < 3:
        return "percent" if np.nanmax(np.abs(weights), initial=0.0) > PERCENT_ABOVE else "0 to 1"
    lasting = _lasting(np.abs(weights) > LARGE)
    in_percent = lasting.any(axis=0).sum() > 1 or lasting.sum() > max(1, 0.1 * len(weights))
    return "percent" if in_percent else "0 to 1"


def wild_weights(weights: np.ndarray) -> np.ndarray:
    """(n, k) bool: which of the weights, 1 at full, are faults of the recording. NaN are none."""
    size = np.abs(weights)
    wild = size > MAX_WEIGHT
    if len(weights) >= 3:
        wild |= (size > LARGE) & ~_lasting(size > LARGE)
    return wild


def angle_unit(angles: np.ndarray) -> str:
    """One of ANGLES for the rotations (n, 3) of rows that show a face; NaN where a number is missing."""
    largest = np.nanmax(np.abs(angles), axis=1, initial=0.0)
    return "degrees" if len(largest) and np.quantile(largest, 0.95) > MOST_TURN else "radians"


def too_many(wild: np.ndarray) -> bool:
    """Do so many rows (n, k) hold a wild number that the recording is about something else?"""
    return bool(wild.any(axis=1).sum() > max(MOST_WILD * len(wild), 0.5)) and bool(wild.any())


def held(values: np.ndarray) -> np.ndarray:
    """(n, k) with each NaN replaced by the last number above it, else by the first below, else by 0."""
    rows = np.arange(len(values))[:, None]
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    first = np.where(known.any(axis=0), known.argmax(axis=0), 0)
    return np.nan_to_num(np.take_along_axis(values, np.where(last < 0, first, last), axis=0)) if len(values) else values


def _lasting(large: np.ndarray) -> np.ndarray:
    """(n, k) bool: those of `large` that have a neighbour in time that is large too."""
    above, below = np.zeros_like(large), np.zeros_like(large)
    above[1:], below[:-1] = large[:-1], large[1:]
    return large & (above | below)
