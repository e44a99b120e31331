"""`video.probe`, `solve.capture`, `solve.meet` and `solve.recover` in a process of its own (capture_worker.py), so that
Blender's window never waits for it.

A thread of Blender would make it wait: importing cv2, starting networks and numpy's small steps hold Python's lock,
which drawing a sidebar asks for some fifty times. Blender and the process send each other messages through its stdin
and stdout: pickled tuples of plain values, since modules have other names in Blender. The process ends when its stdin
is closed, so it never outlives Blender.

Messages to the process: ("probe", path), ("capture", ...), ("meet", ...), ("recover", ...), ("stop",). From it:
("ready",), ("info", ...), ("progress", ...), ("track", ...), ("actor", ...), ("error", sentence, values) for a
FieldsError, ("fault", traceback) for others.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np

from ..core import track
from ..core.errors import FieldsError, Note
from ..core.paths import ROOT
from ..core.track import Track
from . import actor as actors
from . import device as devices
from .actor import Actor
from .clip import Clip, PicturePiece, VideoPiece
from .journal import Keep, summary
from .progress_report import ProgressReport, throttled
from .video import VideoInfo, probe

POLL = 0.1  # s between two looks whether a process that says nothing is to stop
# s after which a process that was asked to stop, and says nothing, is ended; one that finishes what another had found
# may take longer for a long clip.
PATIENCE = 2.0
RECOVERY_PATIENCE = 60.0
WINDOWS_FLAGS = ("CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")  # no console pops up; Blender comes first
PIECES = {kind.__name__: kind for kind in (VideoPiece, PicturePiece)}
Message = tuple[Any, ...]


class CaptureProcess:
    """The process, started by its first task, ended by `close`. If it can't be started, the work is done right here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
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
        keep: Keep | None = None,
    ) -> Generator[ProgressReport, None, Track]:
        """Like `solve.capture`, but yields about ten times a second. Fills `clip.notes`.

        A process that ends in the middle, or hangs after `stop()`, costs nothing: what `keep` has of it is finished by
        another. Blocks between two yields, for PATIENCE at most once `stop()` is true, so call it in a thread. Raises
        FieldsError as `solve.capture` does and when nothing is left, RuntimeError with a traceback for a bug there.
        """
        if not self._running():
            from . import solve  # here, since its imports would make the window wait

            work = solve.capture(clip, models, device, choose, stop, actor=actor, keep=keep)
            return (yield from throttled(work))
        known = None if actor is None else actors.dumps(actor)
        kept = (str(keep.path), keep.about) if keep else None
        try:
            data = yield from self._read(
                "capture", models, device, stop, clip.notes, *_plain(clip, choose), known, kept
            )
        except _Lost:
            if keep is None or self._closed or not _has_frames(keep.path):
                raise _ended() from None
            result = yield from self.recover(keep.path, models, device, clip.notes)
            if not stop():
                clip.notes.append(
                    Note(
                        "The capture was ended from outside after {frames} frames, perhaps because the memory was "
                        "full. They are kept.",
                        frames=len(result),
                    )
                )
            return result
        return track.loads(data, "What was captured")

    def meet(
        self, clip: Clip, models: Path, name: str, device: str, choose: str, stop: Callable[[], bool]
    ) -> Generator[ProgressReport, None, Actor]:
        """Like `solve.meet`; for the rest as `capture`."""
        if not self._running():
            from . import solve  # here, since its imports would make the window wait

            return (yield from throttled(solve.meet(clip, models, name, device, choose, stop)))
        try:
            data = yield from self._read("meet", models, device, stop, clip.notes, *_plain(clip, choose), name)
        except _Lost:
            raise _ended() from None
        return actors.loads(data, "The actor")

    def recover(
        self, path: Path, models: Path, device: str, notes: list[str]
    ) -> Generator[ProgressReport, None, Track]:
        """Like `solve.recover`; for the rest as `capture`."""
        if not self._running():
            from . import solve  # here, since its imports would make the window wait

            return (yield from throttled(solve.recover(path, models, device, notes)))
        try:
            data = yield from self._read("recover", models, device, None, notes, str(path))
        except _Lost:
            raise FieldsError(
                "The capture was ended from outside. What it had found is kept: close other programs, then press "
                "Recover Capture."
            ) from None
        return track.loads(data, "What was captured")

    def _read(
        self,
        task: str,
        models: Path,
        device: str,
        stop: Callable[[], bool] | None,
        notes: list[str],
        *details: Any,
    ) -> Generator[ProgressReport, None, bytes]:
        """Have the process do a task; returns the bytes of the result and fills `notes`.

        `stop`: None for a task that can't be stopped, and is ended when it hangs. Raises _Lost when the process ended,
        or was ended here.
        """
        self._send(task, str(models), device, devices.MAX_THREADS, *details)
        heard, asked = time.monotonic(), False
        while True:
            message = self._receive(POLL)
            if message is not None:
                heard = time.monotonic()
                if message[0] != "progress":
                    _, data, said_there = message
                    notes[:] = [Note(sentence, **values) for sentence, values in said_there]
                    return data
                done, total, found, side, picture = message[1:]
                yield ProgressReport(done, total, found, np.frombuffer(picture, np.uint8).reshape(side, side, 4))
            if stop is not None and not asked and stop():
                asked, heard = True, time.monotonic()
                self._send("stop")
            if (asked or stop is None) and time.monotonic() - heard > (RECOVERY_PATIENCE if stop is None else PATIENCE):
                self._end()
                raise _Lost

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        """Kill the process; the next task starts another."""
        process, self._process, self._start_tried = self._process, None, self._closed
        if process is not None:
            _kill(process)

    def _probe(self, path: Path) -> VideoInfo:
        if not self._running():
            return probe(path)
        self._send("probe", str(path))
        try:
            return VideoInfo(**(self._receive(None) or _ENDED)[1])
        except _Lost:
            raise _ended() from None

    def _running(self) -> bool:
        """Is there a process? The first call starts it, which takes half a second."""
        if not self._start_tried:
            self._start_tried = True
            with contextlib.suppress(OSError):
                self._process = _start()
                self._messages = _messages(self._process)
            if self._closed:  # while it was starting
                self._end()
        return self._process is not None

    def _send(self, *message: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # the process has ended; `_receive` will say so
                pickle.dump(message, self._process.stdin)
                self._process.stdin.flush()

    def _receive(self, patience: float | None) -> Message | None:
        """The next message of the process, None if there is none for so many seconds; raises what was raised there.

        Raises _Lost when the process has ended.
        """
        try:
            message = self._messages.get(timeout=patience)
        except queue.Empty:
            return None
        if message[0] == "error":
            _, sentence, values = message
            raise FieldsError(sentence, **values)
        if message[0] == "fault":
            raise RuntimeError(message[1])
        if message == _ENDED:
            self._end()
            raise _Lost
        return message


class _Lost(Exception):
    """The process has ended, or was ended because it hung."""


def _ended() -> FieldsError:
    return FieldsError(
        "The capture was ended from outside, perhaps because the memory was full. Close other programs and capture "
        "again, or choose a shorter range."
    )


def _has_frames(path: Path) -> bool:
    try:
        return summary(path)[1] > 0
    except FieldsError:
        return False


_ENDED: Message = ("ended",)


def said(note: str) -> tuple[str, dict[str, object]]:
    """A note as it travels to Blender."""
    return (note.sentence, note.values) if isinstance(note, Note) else (note, {})


def _plain(clip: Clip, choose: str) -> tuple[Any, ...]:
    """What to read, in plain values."""
    return [(type(piece).__name__, vars(piece)) for piece in clip.pieces], clip.source, choose


def _messages(process: "subprocess.Popen[bytes]") -> "queue.SimpleQueue[Message]":
    """The messages of a process as they come in; the last one is _ENDED."""
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def read() -> None:
        message: Message = ()
        while message != _ENDED:
            message = _read_message(process)
            messages.put(message)
        if process.stdout is not None:
            process.stdout.close()

    threading.Thread(target=read, name="FIELDS messages", daemon=True).start()
    return messages


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process without waiting for one that the system can't end yet, such as while a network disk hangs."""
    process.kill()
    with contextlib.suppress(OSError):  # a message that it has not read
        if process.stdin is not None:
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)


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
    # It imports from where Blender does (its numpy, the extension's wheels), whatever is set for other Pythons, and
    # from nobody's own packages unless Blender does.
    path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", ".".join([*__name__.split(".")[-3:-1], "capture_worker"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, "PYTHONPATH": path},
        creationflags=sum(getattr(subprocess, name, 0) for name in WINDOWS_FLAGS),
    )
    if _read_message(process) != ("ready",):
        _kill(process)
        raise ChildProcessError("Python ended before it was ready")
    return process


def _read_message(process: "subprocess.Popen[bytes]") -> Message:
    """The next message of the process; _ENDED when there is none."""
    try:
        return pickle.load(process.stdout)  # pyright: ignore[reportArgumentType]
    except (AttributeError, EOFError, OSError, ValueError, pickle.UnpicklingError):
        return _ENDED
