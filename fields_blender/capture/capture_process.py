"""`video.probe`, `solve.capture` and `solve.meet` in a process of its own, so that Blender's window never waits for it.

A thread of Blender would make it wait: importing cv2, starting networks and numpy's small steps hold Python's lock,
which drawing a sidebar asks for some fifty times. Blender and the process send each other messages through its stdin
and stdout: pickled tuples of plain values, since modules have other names in Blender. The process ends when its stdin
is closed, so it never outlives Blender.

Messages to the process: ("probe", path), ("capture", ...), ("meet", ...), ("stop",). From it: ("ready",),
("info", ...), ("progress", ...), ("track", ...), ("actor", ...), ("error", sentence, values) for a FieldsError,
("fault", traceback) for others.
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
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np

from ..core import track
from ..core.arrays import Image
from ..core.errors import FieldsError
from ..core.paths import ROOT
from ..core.track import Track
from . import actor as actors
from . import device as devices
from .actor import Actor
from .clip import Clip, PicturePiece, VideoPiece
from .video import VideoInfo, probe

if TYPE_CHECKING:
    from .solve import Progress

INTERVAL = 0.1  # s between two progress reports
WINDOWS_FLAGS = ("CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")  # no console pops up; Blender comes first
Result = TypeVar("Result", Track, Actor, Track | Actor)
PIECES = {kind.__name__: kind for kind in (VideoPiece, PicturePiece)}


@dataclass(frozen=True)
class ProgressReport:
    """Frames done so far, frames to expect, how many of those done had a face; `picture`: see `preview.picture`."""

    done: int
    total: int
    found: int
    picture: Image | None = field(default=None, compare=False, repr=False)


class CaptureProcess:
    """The process, started by its first task, ended by `close`. If it can't be started, the work is done right here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._infos: dict[Path, VideoInfo] = {}
        self._start_tried = self._closed = False

    def probe(self, path: Path) -> Generator[None, None, VideoInfo]:
        """Like `video.probe`; yields while it waits. Opens each file once."""
        if path not in self._infos:
            self._infos[path] = yield from _in_thread(lambda: self._probe(path))
        return self._infos[path]

    def capture(
        self,
        clip: Clip,
        models: Path,
        device: str,
        choose: str,
        stop: Callable[[], bool],
        actor: Actor | None = None,
    ) -> Generator[ProgressReport, None, Track]:
        """Like `solve.capture`, but yields about ten times a second. Fills `clip.notes`.

        Blocks between two yields until the process reports, so call it in a thread. Raises FieldsError as
        `solve.capture` does and when the process was killed, RuntimeError with a traceback for a bug in the process.
        """
        if not self._running():
            from . import solve  # here, since its imports would make the window wait

            return (yield from _throttled(solve.capture(clip, models, device, choose, stop, actor=actor)))
        known = None if actor is None else actors.dumps(actor)
        return track.loads(
            (yield from self._read("capture", clip, models, device, choose, stop, known)), "What was captured"
        )

    def meet(
        self, clip: Clip, models: Path, name: str, device: str, choose: str, stop: Callable[[], bool]
    ) -> Generator[ProgressReport, None, Actor]:
        """Like `solve.meet`; for the rest as `capture`."""
        if not self._running():
            from . import solve  # here, since its imports would make the window wait

            return (yield from _throttled(solve.meet(clip, models, name, device, choose, stop)))
        return actors.loads((yield from self._read("meet", clip, models, device, choose, stop, name)), "The actor")

    def _read(
        self, task: str, clip: Clip, models: Path, device: str, choose: str, stop: Callable[[], bool], person: Any
    ) -> Generator[ProgressReport, None, bytes]:
        """Have the process read the faces in a clip; returns the bytes of the result. `person`: see `_work`."""
        pieces = [(type(piece).__name__, vars(piece)) for piece in clip.pieces]
        self._send(task, pieces, clip.source, str(models), device, choose, devices.MAX_THREADS, person)
        stopped = False
        while (message := self._receive())[0] == "progress":
            done, total, found, side, picture = message[1:]
            yield ProgressReport(done, total, found, np.frombuffer(picture, np.uint8).reshape(side, side, 4))
            if not stopped and (stopped := stop()):
                self._send("stop")
        _, data, clip.notes[:] = message
        return data

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        process, self._process, self._closed = self._process, None, True
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):  # a message that it has not read
                process.communicate()

    def _probe(self, path: Path) -> VideoInfo:
        if not self._running():
            return probe(path)
        self._send("probe", str(path))
        return VideoInfo(**self._receive()[1])

    def _running(self) -> bool:
        """Is there a process? The first call starts it, which takes half a second."""
        if not self._start_tried:
            self._start_tried = True
            with contextlib.suppress(OSError):
                self._process = _start()
            if self._closed:  # while it was starting
                self.close()
        return self._process is not None

    def _send(self, *message: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the process has ended; `_receive` will say so
                pickle.dump(message, self._process.stdin)
                self._process.stdin.flush()

    def _receive(self) -> tuple[Any, ...]:
        """The next message of the process; raises what was raised there."""
        message = _read_message(self._process)
        if message[0] == "error":
            _, sentence, values = message
            raise FieldsError(sentence, **values)
        if message[0] == "fault":
            raise RuntimeError(message[1])
        if message[0] == "ended":
            raise FieldsError(
                "The capture was ended from outside, perhaps because the memory was full. Close other programs and "
                "capture again, or choose a shorter range."
            )
        return message


def _in_thread(work: Callable[[], Any]) -> Generator[None, None, Any]:
    """Run `work` in a thread; yields until it is done, then returns its result or raises its error."""
    outcome: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))

    threading.Thread(target=run, name="FIELDS capture process", daemon=True).start()
    while not outcome:
        yield
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def _start() -> subprocess.Popen[bytes]:
    """A process that waits for its tasks. Raises OSError when Python can't be started."""
    if not Path(sys.executable or "").stem.lower().startswith("python"):  # Blender itself, if Python is built into it
        raise FileNotFoundError("Blender's Python is not a program")
    # It imports from where Blender does (its numpy, the extension's wheels), whatever is set for other Pythons.
    path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", ".".join(__name__.split(".")[-3:])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, "PYTHONPATH": path},
        creationflags=sum(getattr(subprocess, name, 0) for name in WINDOWS_FLAGS),
    )
    if _read_message(process) != ("ready",):
        process.kill()
        process.communicate()
        raise ChildProcessError("Python ended before it was ready")
    return process


def _read_message(process: subprocess.Popen[bytes] | None) -> tuple[Any, ...]:
    """The next message of the process; ("ended",) when there is none."""
    try:
        return pickle.load(process.stdout)  # pyright: ignore[reportOptionalMemberAccess, reportArgumentType]
    except (AttributeError, EOFError, OSError, ValueError, pickle.UnpicklingError):
        return ("ended",)


def _throttled(work: "Generator[Progress, None, Result]") -> Generator[ProgressReport, None, Result]:
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


# -- inside the process ------------------------------------------------------------------------------------------------


def main() -> None:
    """Do the tasks that come in through stdin until it is closed."""
    if hasattr(os, "nice"):
        os.nice(10)  # who works in Blender comes first; on Windows, WINDOWS_FLAGS see to that
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print must not mix with the messages
    tasks: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_receive_tasks, args=(sys.stdin.buffer, tasks, stop), daemon=True).start()

    def send(*message: Any) -> None:
        pickle.dump(message, out)
        out.flush()

    send("ready")
    while True:
        task, *arguments = tasks.get()
        try:
            if task == "probe":
                send("info", vars(probe(*arguments)))
            else:
                send(*_work(send, stop, task, *arguments))
        except FieldsError as error:
            send("error", error.sentence, error.values)
        except BaseException:
            send("fault", traceback.format_exc())


def _receive_tasks(messages: BinaryIO, tasks: "queue.SimpleQueue[tuple[Any, ...]]", stop: threading.Event) -> None:
    try:
        while True:
            message = pickle.load(messages)
            if message == ("stop",):
                stop.set()
            else:
                tasks.put(message)
    finally:
        os._exit(0)  # Blender has ended, or has no use for the result any more


def _work(
    send: Callable[..., None],
    stop: threading.Event,
    task: str,
    pieces: list[tuple[str, dict[str, Any]]],
    source: dict[str, Any],
    models: str,
    device: str,
    choose: str,
    threads: int,
    person: Any,
) -> tuple[str, bytes, list[str]]:
    """Capture or meet, sending progress; returns the message with the result.

    `person`: to capture, the bytes of the Actor, if known; to meet, what to call them.
    """
    from . import solve

    devices.MAX_THREADS = threads
    clip = Clip(tuple(PIECES[kind](**values) for kind, values in pieces), source)
    if task == "meet":
        work = _throttled(solve.meet(clip, Path(models), person, device, choose, stop.is_set))
    else:
        actor = None if person is None else actors.loads(person, "The actor")
        work = _throttled(solve.capture(clip, Path(models), device, choose, stop.is_set, actor=actor))
    while True:
        try:
            report = next(work)
        except StopIteration as end:
            if isinstance(end.value, Track):
                return "track", track.dumps(end.value), clip.notes
            return "actor", actors.dumps(end.value), clip.notes
        picture = report.picture if report.picture is not None else np.zeros((0, 0, 4), np.uint8)
        send("progress", report.done, report.total, report.found, len(picture), picture.tobytes())


if __name__ == "__main__":
    main()
