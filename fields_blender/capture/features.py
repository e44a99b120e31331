"""What the encoder makes of each frame, kept in a temporary file so that memory does not grow with the clip.

Camera noise makes features tremble, and a held expression with them. A frame is averaged with those beside it as far as
they differ by no more than the noise does (a bilateral filter in time): what moves, a blink or a closing of the lips,
stays as it was, and nothing lags.
"""

import contextlib
import tempfile
from collections.abc import Generator
from typing import BinaryIO

import numpy as np

from ..core.errors import FieldsError
from .regressor import Regressor

# Frames encoded at once: takes a third off the time of one by one, more gains nothing.
TOGETHER = 8
BESIDE = 2  # frames before and after that a frame is averaged with
# Between the frames of a clip that differ least, this share of them, there is but noise.
STILL = 0.2


class Features:
    """Rows (self.regressor.features,) float32 in the order in which faces were added."""

    def __init__(self, store: BinaryIO, regressor: Regressor) -> None:
        self._store, self._regressor = store, regressor
        self._waiting: list[tuple[np.ndarray, ...]] = []
        self._last: np.ndarray | None = None
        self._steps: list[float] = []  # squared distance of each row from the one before
        self._shots: list[int] = []

    def __len__(self) -> int:
        return len(self._shots)

    def add(self, *seen: np.ndarray, shot: int = 0) -> None:
        """One face: what `Regressor.encode` takes, in its order, without the first axis. shot: number of the cuts
        before it.
        """
        self._waiting.append(seen)
        self._shots.append(shot)
        if len(self._waiting) == TOGETHER:
            self.encode()

    def encode(self) -> None:
        """Encode the faces that still wait for others; call it after the last one."""
        if self._waiting:
            rows = self._regressor.encode(*(np.stack(part) for part in zip(*self._waiting, strict=True)))
            rows = rows.astype(np.float32)
            self._store.seek(0, 2)
            self._store.write(rows.tobytes())
            self._waiting.clear()
            before = rows[:1] if self._last is None else self._last[None]
            self._steps += ((rows - np.concatenate([before, rows[:-1]])) ** 2).sum(axis=1).tolist()
            self._last = rows[-1]

    def rows(self, first: int, last: int) -> np.ndarray:
        """(last - first, features): those of the faces from `first` to before `last`."""
        size = self._regressor.features * 4
        self._store.seek(first * size)
        return np.frombuffer(self._store.read((last - first) * size), np.float32).reshape(last - first, -1)

    def noise(self) -> float:
        """Squared distance of frames between which there is but noise; 0 where that can't be told. After `encode`."""
        steps, shots = np.array(self._steps), np.array(self._shots)
        steps = steps[1:][(np.diff(shots) == 0) & (steps[1:] > 0)]  # a frame that is shown twice tells no noise
        return float(np.quantile(steps, STILL)) if len(steps) else 0.0

    def steady(self, first: int, last: int, noise: float) -> np.ndarray:
        """(last - first, features): as `rows`, each averaged with those beside it that differ by `noise` alone."""
        if not noise:
            return self.rows(first, last)
        start, end = max(first - BESIDE, 0), min(last + BESIDE, len(self))
        return steadied(self.rows(start, end), np.array(self._shots[start:end]), noise)[first - start :][: last - first]

    def mean(self, which: np.ndarray) -> np.ndarray:
        """(features,): the mean over the faces with these indices."""
        total = np.zeros(self._regressor.features)
        for i in np.sort(which):
            total += self.rows(int(i), int(i) + 1)[0]
        return (total / len(which)).astype(np.float32)


def steadied(rows: np.ndarray, shots: np.ndarray, noise: float) -> np.ndarray:
    """(n, features): each row averaged with those up to BESIDE before and after it in the same of `shots` (n,). One at
    a squared distance of `noise` or less counts in full, one that is farther off less and less.
    """
    total, weight = rows.astype(np.float64), np.ones((len(rows), 1))
    for apart in range(1, min(BESIDE, len(rows) - 1) + 1):
        one, other = rows[:-apart], rows[apart:]
        distance = ((one - other) ** 2).sum(axis=1, keepdims=True) / noise
        alike = np.exp(np.minimum(1 - distance, 0)) * (shots[:-apart] == shots[apart:])[:, None]
        total[:-apart] += alike * other
        total[apart:] += alike * one
        weight[:-apart] += alike
        weight[apart:] += alike
    return (total / weight).astype(np.float32)


@contextlib.contextmanager
def store() -> Generator[BinaryIO]:
    """A temporary file; FieldsError when there is no room for it."""
    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except OSError as error:
        raise FieldsError(
            f"The folder for temporary files can't be used ({error.strerror}). Make room on its disk and capture again."
        ) from error
