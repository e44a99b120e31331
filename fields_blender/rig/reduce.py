"""Key reduction: values at every frame -> few Bézier keys with handles that an animator can edit.

Cubic spans are fitted by least squares and split where the error is largest (Schneider, *An algorithm for automatically
fitting digitized curves*, Graphics Gems 1990), with two choices that suit F-curves. Handles are a third of their span
long: time is then linear along the span, the curve is always a function, and the best slopes solve a linear system.
Both handles of a key share one slope, found for all keys at once, so that the curve has no kinks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# An extreme is kept when the curve swings by more than this many tolerances around it.
PROMINENT = 1.5
# A corner: on one side the curve moves by less than REST tolerances in a frame, on the other by more than JUMP.
REST, JUMP = 0.1, 2.0
# A blink is a swing of at least BLINK; its edges are where it has done LID_MOVES of that swing.
BLINK, LID_MOVES = 0.2, 0.1
# Lips are closed where jawOpen exceeds mouthClose by less than SEAL. There the tolerance of the mouth is SEAL_SHARE of
# the usual one.
SEAL, SEAL_SHARE = 0.05, 0.25
_LIPS = ("jawOpen", "mouthClose", "mouthLowerDown", "mouthUpperUp")
# Weight (frames²) of the slope of a curve without overshoot; it decides where there are few samples.
CALM = 0.1


@dataclass(frozen=True)
class Keys:
    """The k keys of one F-curve, on whole frames.

    `frames` (k,) int, `values` (k,), handles `left` and `right` (k, 2) as (frame, value). `opens` and `ends` (k,) bool:
    keys with nothing before or after them (ends of the curve and edges of gaps), where that handle has no meaning.
    `error`: the largest deviation from the given values at whole frames, and what Blender's single precision may add.
    """

    frames: np.ndarray
    values: np.ndarray
    left: np.ndarray
    right: np.ndarray
    opens: np.ndarray
    ends: np.ndarray
    error: float


def reduce(
    frames: np.ndarray,
    values: np.ndarray,
    tolerance: float | np.ndarray,
    keep: np.ndarray | None = None,
    together: Sequence[object] | None = None,
) -> list[Keys]:
    """Few keys for each column whose curve stays within `tolerance` of `values` (n, c) at whole, rising `frames` (n,).

    `tolerance` broadcasts to (n, c). Always kept: both ends, extremes that swing by more than PROMINENT tolerances, and
    frames marked in `keep` (n, c). NaN and missing frames are gaps: each stretch between them is a separate curve.
    Columns with the same entry in `together` (c,) get keys on the same frames (the components of one rotation).
    """
    values = np.asarray(values, dtype=np.float64)
    n, count = values.shape
    limit = np.broadcast_to(np.asarray(tolerance, dtype=np.float64), (n, count)).T.ravel()
    # All columns one after the other, without what is not finite.
    flat = _Flat(np.tile(np.asarray(frames, dtype=np.float64), count), np.repeat(np.arange(count), n), values.T.ravel())
    limit = limit[flat.where]
    shared = _Shared(n, count, together, flat.where)
    turns = _turns(flat, PROMINENT * limit) | _corners(flat, limit)
    kept = flat.first | flat.last | turns
    if keep is not None:
        kept |= np.asarray(keep).T.ravel()[flat.where]
    kept = shared.spread(kept)
    curve = _refine(flat, kept.copy(), turns, limit, shared)
    return [_keys(flat, curve, column) for column in range(count)]


def evaluate(keys: Keys, frames: np.ndarray) -> np.ndarray:
    """The curve at `frames` (m,), whole or not, from its handles; constant beyond its ends, linear across gaps."""
    frames = np.asarray(frames, dtype=np.float64)
    span = np.clip(np.searchsorted(keys.frames, frames, side="right") - 1, 0, max(len(keys.frames) - 2, 0))
    after = np.minimum(span + 1, len(keys.frames) - 1)
    a, b = keys.frames[span], keys.frames[after]
    t = np.clip((frames - a) / np.maximum(b - a, 1), 0.0, 1.0)
    y0, y3 = keys.values[span], keys.values[after]
    y1 = np.where(keys.ends[span], y0 + (y3 - y0) / 3.0, keys.right[span, 1])
    y2 = np.where(keys.ends[span], y3 - (y3 - y0) / 3.0, keys.left[after, 1])
    u = 1.0 - t
    return u**3 * y0 + 3 * u**2 * t * y1 + 3 * u * t**2 * y2 + t**3 * y3


def steps(frames: np.ndarray, every: int) -> np.ndarray:
    """(n,) bool: which of rising whole `frames` get a key when poses are held for `every` frames, counted anew after
    each gap."""
    frames = np.asarray(frames)
    starts = np.diff(frames, prepend=frames[:1] - 2) > 1
    since = frames - frames[np.maximum.accumulate(np.where(starts, np.arange(len(frames)), 0))]
    return since % every == 0


def moments(names: Sequence[str], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments that have to stay sharp in `values` (n, c) of shape keys that follow ARKit's `names`: (keep, share), both
    (n, c).

    `keep`: start and end of each blink (its peak is an extreme). `share`: factor of the tolerance, below 1 where the
    lips are closed.
    """
    keep, share = np.zeros(values.shape, dtype=bool), np.ones(values.shape)
    for i, name in enumerate(names):
        if name in ("eyeBlinkLeft", "eyeBlinkRight"):
            keep[_blink_edges(values[:, i]), i] = True
    if "jawOpen" in names:
        apart = values[:, names.index("jawOpen")].copy()
        if "mouthClose" in names:
            apart -= values[:, names.index("mouthClose")]
        lips = [i for i, name in enumerate(names) if name.startswith(_LIPS)]
        with np.errstate(invalid="ignore"):
            share[:, lips] = np.where(apart < SEAL, SEAL_SHARE, 1.0)[:, None]
    return keep, share


class _Flat:
    """The finite samples of all columns, one after the other: frame `x`, `column`, value `y`, index `where` in the
    input; `first` and `last`: edges of stretches without gaps."""

    def __init__(self, x: np.ndarray, column: np.ndarray, y: np.ndarray) -> None:
        self.where = np.flatnonzero(np.isfinite(y))
        self.x, self.column, self.y = x[self.where], column[self.where], y[self.where]
        joined = (np.diff(self.x) == 1) & (np.diff(self.column) == 0)
        self.first = np.r_[True, ~joined][: len(self.x)]
        self.last = np.r_[~joined, True][: len(self.x)]


class _Shared:
    """Which columns have their keys on the same frames."""

    def __init__(self, n: int, count: int, together: Sequence[object] | None, where: np.ndarray) -> None:
        groups: dict[object, list[int]] = {}
        for i, name in enumerate(together or ()):
            groups.setdefault(name, []).append(i)
        self.groups = [columns for columns in groups.values() if len(columns) > 1]
        self.shape, self.where = (count, n), where

    def spread(self, mask: np.ndarray) -> np.ndarray:
        """`mask` over the flat samples, where it is set in one column of a group set in all of them."""
        if not self.groups:
            return mask
        full = np.zeros(self.shape, dtype=bool)
        full.ravel()[self.where] = mask
        for columns in self.groups:
            full[columns] = full[columns].any(axis=0)
        return full.ravel()[self.where]


@dataclass(frozen=True)
class _Curve:
    """Keys among the flat samples: their indices `at` (m,), slopes (m,) per frame, and the error at every sample."""

    at: np.ndarray
    slope: np.ndarray
    error: np.ndarray


def _refine(flat: _Flat, mask: np.ndarray, turns: np.ndarray, limit: np.ndarray, shared: _Shared) -> _Curve:
    """Keys where `mask` is set, and more where the error would exceed `limit`."""
    while True:
        curve = _fit(flat, np.flatnonzero(mask), turns)
        over = np.flatnonzero(curve.error > limit)
        if len(over) == 0:
            return curve
        # The worst sample of each span.
        span = np.searchsorted(curve.at, over)
        order = np.lexsort((-curve.error[over] / np.maximum(limit[over], 1e-12), span))
        worst = over[order][np.diff(span[order], prepend=-1) > 0]
        mask[worst] = True
        mask = shared.spread(mask)


def _fit(flat: _Flat, at: np.ndarray, turns: np.ndarray) -> _Curve:
    """The slopes at keys `at` that fit the curve to all samples by least squares; `turns`: where it is level."""
    free = ~flat.last[at]  # a span starts at each key but the last of a stretch
    length = np.where(free, np.diff(flat.x[at], append=0.0), 1.0)
    rise = np.where(free, np.diff(flat.y[at], append=0.0), 0.0) / length
    inside = np.ones(len(flat.x), dtype=bool)
    inside[at] = False
    inside = np.flatnonzero(inside)
    span = np.searchsorted(at, inside) - 1
    h = length[span]
    t = (flat.x[inside] - flat.x[at[span]]) / h
    straight = flat.y[at[span]] * (1 - t) ** 2 * (1 + 2 * t) + flat.y[at[span + 1]] * t**2 * (3 - 2 * t)
    # Cubic Hermite: what a slope of 1 at either end of the span adds.
    a, b = h * t * (1 - t) ** 2, -h * t**2 * (1 - t)
    rest = flat.y[inside] - straight

    def total(weights: np.ndarray) -> np.ndarray:
        return np.bincount(span, weights, minlength=len(at))

    def before(sums: np.ndarray) -> np.ndarray:
        return np.r_[0.0, sums[:-1]]

    target = _calm(rise, flat.first[at], flat.last[at])
    diagonal = total(a * a) + before(total(b * b)) + CALM
    beside = total(a * b)
    right = total(a * rest) + before(total(b * rest)) + CALM * target
    level = turns[at]
    diagonal, right = np.where(level, 1.0, diagonal), np.where(level, 0.0, right)
    beside = np.where(level | np.r_[level[1:], True], 0.0, beside)
    slope = _tridiagonal(diagonal, beside, right)
    error = np.zeros(len(flat.x))
    error[inside] = np.abs(rest - a * slope[span] - b * slope[span + 1])
    # Blender stores frames in single precision, which shifts the curve sideways by up to this much.
    aside = 2.0 * float(np.spacing(np.float32(np.abs(flat.x).max(initial=1.0))))
    error[inside] += aside * (np.abs(rise[span]) + np.abs(slope[span]) + np.abs(slope[span + 1]))
    return _Curve(at, slope, error)


def _calm(rise: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Slopes at keys of a curve without overshoot: 0 at extremes, else the harmonic mean of the slopes on both sides
    (Fritsch, Butland 1984)."""
    left, right = np.r_[0.0, rise[:-1]], rise
    product = left * right
    both = np.divide(2 * product, left + right, out=np.zeros_like(rise), where=product > 0)
    return np.where(first & last, 0.0, np.where(first, right, np.where(last, left, both)))


def _tridiagonal(diagonal: np.ndarray, beside: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a symmetric tridiagonal system, where `beside[i]` couples i and i + 1 (Thomas algorithm)."""
    d, b, r = diagonal.tolist(), beside.tolist(), right.tolist()
    for i in range(1, len(d)):
        share = b[i - 1] / d[i - 1]
        d[i] -= share * b[i - 1]
        r[i] -= share * r[i - 1]
    for i in range(len(d) - 1, -1, -1):
        r[i] = (r[i] - (b[i] * r[i + 1] if i + 1 < len(d) else 0.0)) / d[i]
    return np.array(r)


def _turns(flat: _Flat, swing: np.ndarray) -> np.ndarray:
    """(n,) bool: extremes between which the curve swings by more than `swing` (n,)."""
    found = np.zeros(len(flat.y), dtype=bool)
    y, least = flat.y.tolist(), swing.tolist()
    for start, stop in pairwise([*np.flatnonzero(flat.first).tolist(), len(y)]):
        low = high = start
        way = 0  # 1 while rising, -1 while falling
        for i in range(start + 1, stop):
            if way >= 0 and y[i] > y[high]:
                high = i
            if way <= 0 and y[i] < y[low]:
                low = i
            if way >= 0 and y[high] - y[i] > least[high]:
                found[high] = True
                low, way = i, -1
            elif way <= 0 and y[i] - y[low] > least[low]:
                found[low] = True
                high, way = i, 1
    return found & ~flat.first & ~flat.last


def _corners(flat: _Flat, limit: np.ndarray) -> np.ndarray:
    """(n,) bool: where a curve at rest jumps, or a jump ends in rest."""
    before = np.where(flat.first, np.nan, np.abs(np.diff(flat.y, prepend=0.0)))
    after = np.where(flat.last, np.nan, np.abs(np.diff(flat.y, append=0.0)))
    small, large = np.minimum(before, after), np.maximum(before, after)
    return (small <= REST * limit) & (large > JUMP * limit)


def _blink_edges(lid: np.ndarray) -> np.ndarray:
    """Frames (m,) where blinks start and end in one lid's values (n,): the last at rest before it, the first after."""
    flat = _Flat(np.arange(len(lid), dtype=np.float64), np.zeros(len(lid)), np.asarray(lid, dtype=np.float64))
    turns = np.flatnonzero(flat.first | flat.last | _turns(flat, np.full(len(flat.y), BLINK)))
    edges = []
    for a, b in pairwise(turns):
        size = abs(flat.y[b] - flat.y[a])
        if flat.first[b] or size < BLINK:
            continue
        rest = np.flatnonzero(flat.y[a : b + 1] <= min(flat.y[a], flat.y[b]) + LID_MOVES * size) + a
        edges.append(rest[-1] if flat.y[b] > flat.y[a] else rest[0])
    return flat.where[np.array(edges, dtype=int)]


def _keys(flat: _Flat, curve: _Curve, column: int) -> Keys:
    first, stop = np.searchsorted(flat.column, (column, column + 1))
    mine = slice(*np.searchsorted(curve.at, (first, stop)))
    at, slope = curve.at[mine], curve.slope[mine]
    x, y, opens, ends = flat.x[at], flat.y[at], flat.first[at], flat.last[at]
    after = np.where(ends, 1.0, np.diff(x, append=0.0)) / 3.0
    before = np.where(opens, 1.0, np.diff(x, prepend=0.0)) / 3.0
    left = np.stack([x - before, y - slope * before], axis=1)
    right = np.stack([x + after, y + slope * after], axis=1)
    error = float(curve.error[first:stop].max(initial=0.0))
    return Keys(x.astype(np.int64), y, left, right, opens, ends, error)
