"""What the encoder makes of each frame, kept in a temporary file so that memory does not grow with the clip."""

import contextlib
import tempfile
from collections.abc import Generator
from typing import BinaryIO

import numpy as np

from .errors import FieldsError
from .regressor import Regressor

# Frames encoded at once: takes a third off the time of one by one, more gains nothing.
TOGETHER = 8


class Features:
    """Rows (self.regressor.features,) float32 in the order in which faces were added."""

    def __init__(self, store: BinaryIO, regressor: Regressor) -> None:
        self._store, self._regressor = store, regressor
        self._waiting: list[tuple[np.ndarray, ...]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, *seen: np.ndarray) -> None:
        """One face: what `Regressor.encode` takes, in its order, without the first axis."""
        self._waiting.append(seen)
        self._count += 1
        if len(self._waiting) == TOGETHER:
            self.encode()

    def encode(self) -> None:
        """Encode the faces that still wait for others; call it after the last one."""
        if self._waiting:
            rows = self._regressor.encode(*(np.stack(part) for part in zip(*self._waiting, strict=True)))
            self._store.seek(0, 2)
            self._store.write(rows.astype(np.float32).tobytes())
            self._waiting.clear()

    def rows(self, first: int, last: int) -> np.ndarray:
        """(last - first, features): those of the faces from `first` to before `last`."""
        size = self._regressor.features * 4
        self._store.seek(first * size)
        return np.frombuffer(self._store.read((last - first) * size), np.float32).reshape(last - first, -1)

    def mean(self, which: np.ndarray) -> np.ndarray:
        """(features,): the mean over the faces with these indices."""
        total = np.zeros(self._regressor.features)
        for i in np.sort(which):
            total += self.rows(int(i), int(i) + 1)[0]
        return (total / len(which)).astype(np.float32)


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
