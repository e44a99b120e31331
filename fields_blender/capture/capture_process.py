"""`video.probe` and `solve.capture` in a process of its own, so that Blender's window never waits for it.

In a thread of Blender's it would: importing cv2, starting networks and numpy's small steps hold Python's lock, and
drawing a sidebar asks for that lock some fifty times. The two talk through the process's stdin and stdout, in pickles
of plain values, because its modules go by other names than Blender's. It ends when its stdin does, so it never outlives
Blender.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..core import track
from ..core.errors import FieldsError
from ..core.paths import ROOT
from ..core.track import Track
from . import device as devices
from .clip import Clip, PicturePiece, VideoPiece
from .video import VideoInfo, probe

if TYPE_CHECKING:
    from .solve import Progress

INTERVAL = 0.1  # s between two words of how far it is
ON_WINDOWS = ("CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")  # no console pops up; Blender comes first
PIECES = {kind.__name__: kind for kind in (VideoPiece, PicturePiece)}


@dataclass(frozen=True)
class Seen:
    """Frames done so far, frames to expect, how many of those done had a face; `picture`: see `preview.picture`."""

    done: int
    total: int
    found: int
    picture: np.ndarray | None = field(default=None, compare=False, repr=False)


class Helper:
    """The process, from its first task to `close`. Where none can be started, its work is done here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._infos: dict[Path, VideoInfo] = {}
        self._began = self._closed = False

    def probe(self, path: Path) -> Generator[None, None, VideoInfo]:
        """As `video.probe`; yields while it waits. Looks at each file once."""
        if path not in self._infos:
            self._infos[path] = yield from _meanwhile(lambda: self._probe(path))
        return self._infos[path]

    def capture(
        self, clip: Clip, models: Path, device: str, choose: str, stop: Callable[[], bool]
    ) -> Generator[Seen, None, Track]:
        """As `solve.capture`, but yields some ten times a second. Fills `clip.notes`.

        Waits for the process between two yields: for a thread. Raises FieldsError as `solve.capture` does and when the
        process is ended from outside, RuntimeError with its traceback for a fault of ours.
        """
        if not self._runs():
            from . import solve  # its imports would hold up the window

            return (yield from _thinned(solve.capture(clip, models, device, choose, stop)))
        pieces = [(type(piece).__name__, vars(piece)) for piece in clip.pieces]
        self._tell("capture", pieces, clip.source, str(models), device, choose, devices.MAX_THREADS)
        told = False
        while (said := self._heard())[0] == "seen":
            done, total, found, side, picture = said[1:]
            yield Seen(done, total, found, np.frombuffer(picture, np.uint8).reshape(side, side, 4))
            if not told and (told := stop()):
                self._tell("stop")
        _, data, clip.notes[:] = said
        return track.loads(data, "What was captured")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process, self._closed = self._process, None, True
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):  # what it has not read any more
                process.communicate()

    def _probe(self, path: Path) -> VideoInfo:
        if not self._runs():
            return probe(path)
        self._tell("probe", str(path))
        return VideoInfo(**self._heard()[1])

    def _runs(self) -> bool:
        """Is there a process? Starts it at the first call, which takes half a second."""
        if not self._began:
            self._began = True
            with contextlib.suppress(OSError):
                self._process = _start()
            if self._closed:  # meanwhile
                self.close()
        return self._process is not None

    def _tell(self, *what: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended, as will be heard
                pickle.dump(what, self._process.stdin)
                self._process.stdin.flush()

    def _heard(self) -> tuple[Any, ...]:
        """What it says next; raises what it raised."""
        said = _next(self._process)
        if said[0] == "error":
            raise FieldsError(said[1], **said[2])
        if said[0] == "fault":
            raise RuntimeError(said[1])
        if said[0] == "ended":
            raise FieldsError(
                "The capture was ended from outside, perhaps because the memory was full. Close other programs and "
                "capture again, or choose a shorter range."
            )
        return said


def _meanwhile(work: Callable[[], Any]) -> Generator[None, None, Any]:
    """What `work` gives, done by a thread; yields until then."""
    ends: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            ends.append((work(), None))
        except BaseException as error:  # raised where it is waited for
            ends.append((None, error))

    threading.Thread(target=run, name="FIELDS helper", daemon=True).start()
    while not ends:
        yield
    result, error = ends[0]
    if error is not None:
        raise error
    return result


def _start() -> subprocess.Popen[bytes]:
    """A process that waits for its tasks; OSError where Python can't be started."""
    if not Path(sys.executable or "").stem.lower().startswith("python"):  # Blender itself, where Python is built in
        raise FileNotFoundError("Blender's Python is not a program")
    # What Blender finds it finds too (its numpy, the extension's wheels), and nothing that was set for other Pythons.
    path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    around = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", ".".join(__name__.split(".")[-3:])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**around, "PYTHONPATH": path},
        creationflags=sum(getattr(subprocess, name, 0) for name in ON_WINDOWS),
    )
    if _next(process) != ("ready",):
        process.kill()
        process.communicate()
        raise ChildProcessError("Python ended before it was ready")
    return process


def _next(process: subprocess.Popen[bytes] | None) -> tuple[Any, ...]:
    """The next thing it says; ("ended",) when there is none."""
    try:
        return pickle.load(process.stdout)  # pyright: ignore[reportOptionalMemberAccess, reportArgumentType]
    except (AttributeError, EOFError, OSError, ValueError, pickle.UnpicklingError):
        return ("ended",)


def _thinned(work: "Generator[Progress, None, Track]") -> Generator[Seen, None, Track]:
    """`work`, with a look at it every INTERVAL."""
    from . import preview

    told = -INTERVAL
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            return end.value
        if time.monotonic() - told >= INTERVAL:
            told = time.monotonic()
            picture = None if progress.image is None else preview.picture(progress.image, progress.face)
            yield Seen(progress.done, progress.total, progress.found, picture)


# -- the process -------------------------------------------------------------------------------------------------------


def main() -> None:
    """Do what comes in through stdin until it ends."""
    if hasattr(os, "nice"):
        os.nice(10)  # whoever works in Blender meanwhile comes first; ON_WINDOWS says so there
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print must not come between
    tasks: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks, stop), daemon=True).start()

    def say(*what: Any) -> None:
        pickle.dump(what, out)
        out.flush()

    say("ready")
    while True:
        task, *how = tasks.get()
        try:
            say(*(_capture(say, stop, *how) if task == "capture" else ("info", vars(probe(*how)))))
        except FieldsError as error:
            say("error", error.sentence, error.values)
        except BaseException:
            say("fault", traceback.format_exc())


def _listen(orders: BinaryIO, tasks: "queue.SimpleQueue[tuple[Any, ...]]", stop: threading.Event) -> None:
    try:
        while True:
            order = pickle.load(orders)
            if order == ("stop",):
                stop.set()
            else:
                tasks.put(order)
    finally:
        os._exit(0)  # Blender has ended, or has no use for the result any more


def _capture(
    say: Callable[..., None],
    stop: threading.Event,
    pieces: list[tuple[str, dict[str, Any]]],
    source: dict[str, Any],
    models: str,
    device: str,
    choose: str,
    threads: int,
) -> tuple[str, bytes, list[str]]:
    """The last word of a capture; says the others itself."""
    from . import solve

    devices.MAX_THREADS = threads
    clip = Clip(tuple(PIECES[kind](**values) for kind, values in pieces), source)
    work = _thinned(solve.capture(clip, Path(models), device, choose, stop.is_set))
    while True:
        try:
            seen = next(work)
        except StopIteration as end:
            return "track", track.dumps(end.value), clip.notes
        picture = seen.picture if seen.picture is not None else np.zeros((0, 0, 4), np.uint8)
        say("seen", seen.done, seen.total, seen.found, len(picture), picture.tobytes())


if __name__ == "__main__":
    main()
