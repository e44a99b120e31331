"""The progress of a capture as it is shown: not more often than it can be seen, with a small picture of the face."""

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..core.arrays import Image
from ..core.track import Track
from .actor import Actor

if TYPE_CHECKING:
    from .solve import Progress

INTERVAL = 0.1  # s between two progress reports
Result = TypeVar("Result", Track, Actor, Track | Actor)


@dataclass(frozen=True)
class ProgressReport:
    """Frames done so far, frames to expect, how many of those done had a face; `picture`: see `preview.picture`."""

    done: int
    total: int
    found: int
    picture: Image | None = field(default=None, compare=False, repr=False)


def throttled(work: "Generator[Progress, None, Result]") -> Generator[ProgressReport, None, Result]:
    """`work`, with a report every INTERVAL."""
    from . import preview

    reported = -INTERVAL
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            return end.value
        if time.monotonic() - reported >= INTERVAL:
            reported = time.monotonic()
            picture = None if progress.image is None else preview.picture(progress.image, progress.face)
            yield ProgressReport(progress.done, progress.total, progress.found, picture)
