"""Tries changed files on a reader, in a process of its own that may crash or hang."""

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # s for one input, before the process counts as hanging
START = 60.0  # s to start it


def faults(name: str, count: int, seed: int = 0, tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """What went wrong in `count` inputs: anything but a FieldsError, crashes, hangs, and limits that were passed."""
    found: list[str] = []
    first = 0
    while first < count:
        first = _some(name, seed, first, count, found)
        tell(f"{name}: {first} of {count} inputs, {len(found)} faults")
    return found


def _some(name: str, seed: int, first: int, count: int, found: list[str]) -> int:
    """Try inputs until all are done or the process has died; returns the next one to try."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.fuzz.child", name, str(seed), str(first), str(count - first), folder]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
        ) as process:
            lines = _lines(process)
            at, patience = -1, START
            while True:
                try:
                    line = lines.get(timeout=patience)
                except queue.Empty:
                    process.kill()
                    found.append(f"{name} {at} hung")
                    break
                patience = PATIENCE
                if line == "done":
                    return count
                if not line:
                    found.append(f"{name} {at} ended the process ({process.wait()})")
                    break
                kind, _, rest = line.partition(" ")
                if kind == "at":
                    at = int(rest)
                elif kind == "fault":
                    found.append(f"{name} {rest}")
    if at < first:
        raise RuntimeError(f"The process for {name} does not start: {found[-1]}")
    return at + 1


def _lines(process: "subprocess.Popen[str]") -> "queue.SimpleQueue[str]":
    """The lines of a process as they come; the last one is empty."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line.rstrip("\n") or " ")
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines
