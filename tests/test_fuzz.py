"""Changed files end in a sentence: no other error, no crash, no hang, no gigabytes. `make fuzz` tries many more."""

import subprocess
import sys

import pytest

from tests.fuzz import run
from tests.fuzz.child import made
from tests.fuzz.readers import READERS

COUNT = 300


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("name", READERS)
def test_changed_files_end_in_a_sentence(name):
    assert not run.faults(name, COUNT // READERS[name].slow)


def test_inputs_are_the_same_each_time_and_differ():
    inputs = [made("shaping", 0, number) for number in range(40)]
    assert inputs == [made("shaping", 0, number) for number in range(40)] and len(set(inputs)) > 30
    assert made("shaping", 1, 20) != made("shaping", 0, 20)


# Seeds that make a reader misbehave, tried by the child itself.
MISBEHAVING = """
import os, sys
from pathlib import Path
from tests.fuzz import child, readers
HOW = {b"error": lambda: 1 / 0, b"slow": lambda: sum(range(30_000_000)), b"large": lambda: len(b"x" * 300_000_000)}
def read(path):
    HOW.get(path.read_bytes(), bool)()
readers.READERS["bad"] = readers.Reader(read, ".x", lambda: [b"fine", *HOW])
child.SECONDS = 0.2
child.main("bad", 0, 0, 4, Path(sys.argv[1]))
"""


def test_the_harness_notices_errors_time_and_memory(tmp_path):
    command = [sys.executable, "-c", MISBEHAVING, str(tmp_path)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, cwd=run.ROOT)
    lines = [line for line in tried.stdout.splitlines() if line.startswith("fault")]
    assert tried.returncode == 0 and not any(line.startswith("fault 0") for line in lines), tried.stderr
    assert any("fault 1" in line and "ZeroDivisionError" in line for line in lines)
    assert any(line.startswith("fault 2 'took") and line.endswith("s'") for line in lines)
    if sys.platform == "linux":
        assert any(line.startswith("fault 3 'took") and "MB" in line for line in lines)


def test_the_harness_notices_crashes_and_hangs(monkeypatch):
    scripts = {"crash": "import os; print('at 0', flush=True); os._exit(3)",
               "hang": "import time; print('at 0', flush=True); time.sleep(60)"}  # fmt: skip
    start = subprocess.Popen
    monkeypatch.setattr(run, "PATIENCE", 0.5)
    for name, said in (("crash", "ended the process (3)"), ("hang", "hung")):
        command = [sys.executable, "-c", scripts[name]]
        monkeypatch.setattr(run.subprocess, "Popen", lambda _, command=command, **how: start(command, **how))
        assert run.faults(name, 1) == [f"{name} 0 {said}"]
