"""The process that `capture_process` starts: does the tasks that come in through stdin until that is closed."""

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..core import track
from ..core.errors import FieldsError
from ..core.track import Track
from . import actor as actors
from . import device as devices
from .capture_process import PIECES, said
from .clip import Clip
from .journal import Keep
from .progress_report import throttled
from .video import probe

if TYPE_CHECKING:
    from .solve import Progress


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


def _work(send: Callable[..., None], stop: threading.Event, task: str, *details: Any) -> tuple[Any, ...]:
    """Capture, meet or recover, sending progress; returns the message with the result."""
    notes: list[str] = []
    work = throttled(_begun(stop, notes, task, *details))
    while True:
        try:
            report = next(work)
        except StopIteration as end:
            if isinstance(end.value, Track):
                return "track", track.dumps(end.value), [said(note) for note in notes]
            return "actor", actors.dumps(end.value), [said(note) for note in notes]
        picture = report.picture if report.picture is not None else np.zeros((0, 0, 4), np.uint8)
        send("progress", report.done, report.total, report.found, len(picture), picture.tobytes())


def _begun(
    stop: threading.Event, notes: list[str], task: str, models: str, device: str, threads: int, *details: Any
) -> "Generator[Progress, None, Any]":
    """The generator of a task. `details`: see `CaptureProcess._capture` and so on."""
    from . import solve

    devices.MAX_THREADS = threads
    if task == "recover":
        return solve.recover(Path(details[0]), Path(models), device, notes)
    pieces, source, choose, person, *rest = details
    clip = Clip(tuple(PIECES[kind](**values) for kind, values in pieces), source, notes)
    if task == "meet":
        return solve.meet(clip, Path(models), person, device, choose, stop.is_set)
    actor = None if person is None else actors.loads(person, "The actor")
    keep = Keep(Path(rest[0][0]), rest[0][1]) if rest[0] else None
    return solve.capture(clip, Path(models), device, choose, stop.is_set, actor=actor, keep=keep)


if __name__ == "__main__":
    main()
