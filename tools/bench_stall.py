"""How long Blender's window would freeze while a capture runs, measured without a window.

    python -m tools.bench_stall [CLIP.mp4]

The main thread plays the window: four times a second it draws a sidebar, which releases and requests Python's lock
about fifty times, and in between it wakes every 5 ms. Printed is how long it had to wait: with nothing else running,
with the capture in a process of its own (as in Blender's window), and with the capture in a thread (as where no process
can be started). On Linux the time in which other programs had the processor is subtracted. `make gui-test` reports the
same for a real window, software rendering and other programs included.
"""

import math
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from fields_blender.capture import capture_process
from fields_blender.capture.clip import Clip, VideoPiece

from .blender import ROOT

PANELS = 50  # times that drawing a sidebar requests Python's lock
EVERY = 0.25  # s between two drawings, as in operators/common/job.py
LOOK = 0.005  # s
HANDOVER = 0.0005  # s, as in operators/common/job.py
STALL = 0.05  # s; a longer wait is noticed while moving the mouse


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "samples" / "performance.mp4"
    until = time.monotonic() + 5.0
    _say("nothing at work", _waits(lambda: time.monotonic() > until))
    _say("capture in a process", _with(lambda: _capture_in_process(path)))
    _say("capture in a thread", _with(lambda: _capture_here(path)))


def _capture_in_process(path: Path) -> Generator:
    process = capture_process.CaptureProcess()
    try:
        yield from process.capture(_clip(path), ROOT / "models", "cpu", "largest", lambda: False)
    finally:
        process.close()


def _capture_here(path: Path) -> Generator:
    from fields_blender.capture import solve  # imported in the thread, as it would be in Blender

    yield from solve.capture(_clip(path), ROOT / "models", "cpu")


def _clip(path: Path) -> Clip:
    """All of a file, without opening it: that would import cv2."""
    return Clip((VideoPiece(str(path.absolute()), 0.0, math.inf),))


def _with(start: Callable[[], Generator]) -> list[float]:
    """The main thread's waits while another thread runs the generator, as operators/common/job.py does."""
    over = threading.Event()

    def drain() -> None:
        try:
            for _ in start():
                pass
        finally:
            over.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(HANDOVER)
    thread = threading.Thread(target=drain)
    thread.start()
    try:
        return _waits(over.is_set)
    finally:
        thread.join()
        sys.setswitchinterval(before)


def _waits(over: Callable[[], bool]) -> list[float]:
    """Seconds that each wake-up or drawing took too long."""
    waits, drawn = [], time.perf_counter()
    while not over():
        began, busy = time.perf_counter(), _others()
        time.sleep(LOOK)
        if began - drawn > EVERY:
            drawn = began
            for _ in range(PANELS):
                time.sleep(0)  # releases the lock
                sum(range(200))
        waits.append(time.perf_counter() - began - LOOK - (_others() - busy))
    return waits


def _others() -> float:
    """Seconds in which this thread was ready to run and another program had the processor; 0 if unknown."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) * 1e-9
    except OSError:
        return 0.0


def _say(name: str, waits: list[float]) -> None:
    late = sum(wait > STALL for wait in waits)
    longest = ", ".join(f"{1000 * wait:.0f}" for wait in sorted(waits, reverse=True)[:5])
    print(f"{name:22} {late:3} of {len(waits)} waits above {1000 * STALL:.0f} ms; longest {longest} ms", flush=True)


if __name__ == "__main__":
    main()
