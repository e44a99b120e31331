"""Ways in which a capture ends too early, each at a random moment: returns (frames done, frames there are then)."""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from fields_blender.capture import capture_process, journal
from fields_blender.capture.clip import open_video
from fields_blender.capture.journal import Keep
from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from tests.kill.victim import MODELS, ROOT, SAMPLE

LONGEST = 3.0  # s from the first frame to the end
# What a capture that ends early may lose (frames): 5 s of a video of 30 frames a second.
MOST_LOST = 150


def helper(random: Random) -> tuple[int, int]:
    """The process that works for Blender's window is killed; what there is comes back as the result."""
    process, started, start = capture_process.CaptureProcess(), [], capture_process._start
    capture_process._start = lambda: started.append(start()) or started[-1]
    try:
        with tempfile.TemporaryDirectory() as folder:
            keep = Keep(Path(folder) / "a.capture")
            work = process.capture(open_video(SAMPLE), MODELS, "cpu", "largest", lambda: False, keep=keep)
            done = next(work).done
            until = time.monotonic() + random.uniform(0.0, LONGEST)
            while time.monotonic() < until:
                done = max(done, next(work).done)
            started[0].kill()
            while True:
                try:
                    next(work)
                except StopIteration as end:
                    return done, len(end.value)
                except FieldsError:  # killed before anything was kept
                    return done, 0
    finally:
        capture_process._start = start
        process.close()


def power(random: Random) -> tuple[int, int]:
    """The command line is killed."""
    return _killed(random, "line")


def blender(random: Random) -> tuple[int, int]:
    """Blender is killed."""
    return _killed(random, "blender")


def _killed(random: Random, kind: str) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.capture"
        command = [sys.executable, "-m", "tests.kill.victim", kind, str(path)]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as victim:
            done, timer = 0, threading.Timer(1e9, bool)
            for line in victim.stdout or ():
                if not line.strip().isdigit():
                    continue
                if not done:
                    timer = threading.Timer(random.uniform(0.0, LONGEST), victim.kill)
                    timer.start()
                done = int(line)
            timer.cancel()
        if victim.returncode != -signal.SIGKILL:
            raise RuntimeError(f"It ended by itself ({victim.returncode}) after {done} frames")
        return done, journal.summary(path)[1]


def sigterm(random: Random) -> tuple[int, int]:
    """The command line is asked to end; it saves what there is, and goes on from there to the end."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "a.npz"
        command = [sys.executable, "-m", "fields_blender", "capture", str(SAMPLE), "-o", str(output), "--device", "cpu"]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stderr is not None
            victim.stderr.readline()
            time.sleep(random.uniform(0.0, LONGEST))
            victim.send_signal(signal.SIGTERM)
            victim.communicate()
        if victim.returncode != 143:
            raise RuntimeError(f"It ended by itself ({victim.returncode})")
        saved, kept = len(track.load(output)), journal.summary(output.with_name("a.npz.capture"))[1]
        if kept < saved:
            raise RuntimeError(f"{saved} frames are saved, and {kept} kept to go on from")
        return saved, kept


def disk(random: Random) -> tuple[int, int]:
    """The disk is full at some moment: the whole capture is in memory in the end, and what fitted on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.capture"
        largest = str(random.randrange(2_000, 500_000))
        command = [sys.executable, "-m", "tests.kill.victim", "line", str(path), largest]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        last = said.stdout.splitlines()[-1].split()
        if last[:1] != ["kept"] or "The disk could not take" not in said.stdout:
            raise RuntimeError(said.stdout[-300:] + said.stderr[-1000:])
        journal.summary(path)
        return int(said.stdout.splitlines()[-2]), int(last[1])


KINDS = {"helper": helper, "blender": blender, "power": power, "sigterm": sigterm, "disk": disk}
