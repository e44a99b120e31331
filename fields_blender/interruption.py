"""The command line's ways not to lose a capture: signals, a file to go on from, a disk that becomes full."""

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .core import track
from .core.errors import FieldsError
from .core.track import Track

# What the file that a capture writes as it goes on is called, after the name of the Track.
SUFFIX = ".capture"


def unfinished(output: Path) -> Path:
    """The file with what was found until now of the Track that is to be `output`."""
    return output.with_name(output.name + SUFFIX)


@contextlib.contextmanager
def noted() -> Iterator[list[int]]:
    """A list that is empty until the first Ctrl-C or SIGTERM, so that work can end in order; it gets the number of the
    signal. A second one raises KeyboardInterrupt at once.
    """
    caught: list[int] = []

    def note(number: int, _frame: object) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):  # not in the main thread: signals are the host's business
                before[number] = signal.signal(number, note)
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def save(result: Track, output: Path) -> str:
    """Write the Track where it is wanted, or else where there is room; returns what went wrong, if anything did.

    Raises FieldsError when it can't be written anywhere.
    """
    try:
        track.save(result, output)
    except FieldsError as error:
        data, elsewhere = track.dumps(result), _elsewhere(output.name)
        for path in elsewhere:
            with contextlib.suppress(OSError), path.open("xb") as file:
                file.write(data)
                return f"{error}\nWhat was captured is in {path}."
        raise
    return ""


def _elsewhere(name: str) -> Iterator[Path]:
    """Where a file could go instead: each a path that nobody uses."""
    for parent in (None, Path.home()):
        with contextlib.suppress(OSError):
            yield Path(tempfile.mkdtemp(prefix="fields-", dir=parent), name)
