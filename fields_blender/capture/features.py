"""The encoder's features of each frame, kept in a file (journal.py) so that memory does not grow with the clip.

Camera noise makes features jitter, and a held expression with them. A bilateral filter in time takes that out: a frame
is averaged with its neighbours as far as they differ by no more than noise. Movements, such as a blink or lips that
close, stay as they were, and nothing lags.
"""

import numpy as np

from ..core.arrays import Floats, Ints
from .journal import Journal
from .regressor import Regressor

# Faces encoded at once: a third faster than one by one. More gain nothing.
ENCODED_AT_ONCE = 8
MEASURED_AT_ONCE = 256
# A frame is averaged with so many before and after it.
FILTER_RADIUS = 2
# This share of the steps from frame to frame, the smallest ones, are taken for noise alone.
NOISE_QUANTILE = 0.2


class Features:
    """Rows (regressor.features,) float32, in the order in which faces were added."""

    def __init__(self, journal: Journal, regressor: Regressor) -> None:
        self._journal, self._regressor = journal, regressor
        self._waiting: list[tuple[Floats, ...]] = []
        self._last: Floats | None = None
        self._steps: list[float] = []  # squared distance of each row from the one before
        self._shots: list[int] = []

    def __len__(self) -> int:
        return len(self._shots)

    def add(self, *face: Floats, shot: int = 0) -> None:
        """Add a face: the arguments of `Regressor.encode` without their first axis. `shot`: number of cuts before."""
        self._waiting.append(face)
        self._shots.append(shot)
        if len(self._waiting) == ENCODED_AT_ONCE:
            self.encode()

    def encode(self) -> None:
        """Encode the faces that still wait for others. Call it after the last one."""
        if self._waiting:
            rows = self._regressor.encode(*(np.stack(part) for part in zip(*self._waiting, strict=True)))
            rows = rows.astype(np.float32)
            self._journal.append(rows)
            self._waiting.clear()
            self._measure(rows)

    def restore(self, shots: list[int]) -> None:
        """Go on with the faces that the journal holds. `shots`: as for `add`, of each."""
        self._shots = list(shots)
        for first in range(0, len(shots), MEASURED_AT_ONCE):
            self._measure(self.rows(first, min(first + MEASURED_AT_ONCE, len(shots))))

    def _measure(self, rows: Floats) -> None:
        before = rows[:1] if self._last is None else self._last[None]
        self._steps += ((rows - np.concatenate([before, rows[:-1]])) ** 2).sum(axis=1).tolist()
        self._last = rows[-1]

    def rows(self, first: int, last: int) -> Floats:
        """The features (last - first, features) of the faces from `first` to before `last`."""
        return self._journal.rows(first, last)

    def noise(self) -> float:
        """Squared distance of frames that differ by noise alone; 0 if that is unknown. Call it after `encode`."""
        steps, shots = np.array(self._steps), np.array(self._shots)
        steps = steps[1:][(np.diff(shots) == 0) & (steps[1:] > 0)]  # a frame that is shown twice has no noise
        return float(np.quantile(steps, NOISE_QUANTILE)) if len(steps) else 0.0

    def denoised(self, first: int, last: int, noise: float) -> Floats:
        """Like `rows`, each averaged with neighbours that differ from it by `noise` alone."""
        if not noise:
            return self.rows(first, last)
        start, end = max(first - FILTER_RADIUS, 0), min(last + FILTER_RADIUS, len(self))
        return denoised(self.rows(start, end), np.array(self._shots[start:end]), noise)[first - start :][: last - first]

    def mean(self, which: Ints) -> Floats:
        """The mean (features,) over the faces with these indices."""
        total = np.zeros(self._regressor.features)
        for i in np.sort(which):
            total += self.rows(int(i), int(i) + 1)[0]
        return (total / len(which)).astype(np.float32)


def denoised(rows: Floats, shots: Ints, noise: float) -> Floats:
    """Rows (n, features), each averaged with those up to FILTER_RADIUS before and after it in the same shot (n,).

    A row at a squared distance of `noise` or less counts in full, one farther off less and less.
    """
    total, weight = rows.astype(np.float64), np.ones((len(rows), 1))
    for offset in range(1, min(FILTER_RADIUS, len(rows) - 1) + 1):
        earlier, later = rows[:-offset], rows[offset:]
        distance = ((earlier - later) ** 2).sum(axis=1, keepdims=True) / noise
        similarity = np.exp(np.minimum(1 - distance, 0)) * (shots[:-offset] == shots[offset:])[:, None]
        total[:-offset] += similarity * later
        total[offset:] += similarity * earlier
        weight[:-offset] += similarity
        weight[offset:] += similarity
    return (total / weight).astype(np.float32)
