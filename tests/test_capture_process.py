"""A capture in a process of its own: the same Track, and no leftovers whatever happens to either process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fields_blender.capture import capture_process, journal, solve
from fields_blender.capture.actor import Actor
from fields_blender.capture.clip import Clip, open_stills, open_video
from fields_blender.capture.features import ENCODED_AT_ONCE
from fields_blender.capture.journal import Keep
from fields_blender.capture.video import probe
from fields_blender.core.errors import FieldsError
from tests.test_solve import CLIP, MODELS, made  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[1]


def drain(work):
    seen = []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as end:
            return seen, end.value


@pytest.fixture
def child():
    process = capture_process.CaptureProcess()
    yield process
    process.close()


def capture(child, clip, models, stop=lambda: False):
    return child.capture(clip, models, "cpu", "largest", stop)


@pytest.fixture
def processes(monkeypatch):
    """The processes that were started, in order."""
    started, start = [], capture_process._start
    monkeypatch.setattr(capture_process, "_start", lambda: started.append(start()) or started[-1])
    return started


def test_it_gives_what_a_capture_gives_here(made, child, processes):  # noqa: F811
    clip = open_video(CLIP, 0.0, 1.0)
    seen, track = drain(capture(child, clip, made))
    *_, (_, expected) = [drain(solve.capture(clip, made, "cpu"))]
    assert track.time.tolist() == expected.time.tolist() and track.card == expected.card
    assert track.source == expected.source
    for name, values in expected.groups.items():
        np.testing.assert_array_equal(track[name], values)
    assert seen and seen[0].picture.shape == (256, 256, 4) and seen[-1].done <= len(track)
    assert len(processes) == 1


def test_it_meets_an_actor_and_captures_with_them(made, child, processes):  # noqa: F811
    clip = open_video(CLIP, 1.0, 1.3)
    seen, actor = drain(child.meet(clip, made, "Änn", "cpu", "largest", lambda: False))
    _, expected = drain(solve.meet(clip, made, "Änn", "cpu"))
    assert (actor.name, actor.count, actor.encoder) == ("Änn", 9, expected.encoder) and seen[0].total == 9
    np.testing.assert_array_equal(actor.rest, expected.rest)
    clip = open_video(CLIP, 0.0, 0.5)
    _, track = drain(child.capture(clip, made, "cpu", "largest", lambda: False, actor))
    _, alike = drain(solve.capture(clip, made, "cpu", actor=actor))
    assert track.source == alike.source and track.source["rest"]["origin"] == "actor"
    np.testing.assert_array_equal(track["expression"], alike["expression"])
    assert len(processes) == 1


def test_an_actor_of_other_networks_is_refused_there_too(made, child):  # noqa: F811
    stranger = Actor("Bob", np.zeros(8, np.float32), 1, "0" * 64)
    with pytest.raises(FieldsError, match="“Bob” was made with another version"):
        drain(child.capture(open_video(CLIP, 0.0, 0.1), made, "cpu", "largest", lambda: False, stranger))


def test_what_could_not_be_read_is_noted(made, child, tmp_path):  # noqa: F811
    import cv2

    cv2.imwrite(str(tmp_path / "1.png"), cv2.VideoCapture(str(CLIP)).read()[1])
    (tmp_path / "2.png").write_text("no picture")
    clip = open_stills(tmp_path)
    _, track = drain(capture(child, clip, made))
    assert len(track) == 1 and len(clip.notes) == 1 and "2.png" in clip.notes[0]


def test_an_error_comes_through_as_it_was_raised(made, child, tmp_path):  # noqa: F811
    with pytest.raises(FieldsError, match="There is no file at"):
        drain(capture(child, Clip((capture_process.VideoPiece(str(tmp_path / "gone.mp4"), 0.0, 1.0),)), made))


def test_a_bug_comes_with_its_traceback(made, child, monkeypatch):  # noqa: F811
    monkeypatch.setattr(capture_process.devices, "MAX_THREADS", "many")
    with pytest.raises(RuntimeError, match=r"session[\s\S]*TypeError"):
        drain(capture(child, open_video(CLIP), made))


def test_a_stopped_capture_returns_what_it_has(made, child, processes):  # noqa: F811
    seen: list = []
    work = capture(child, open_video(CLIP), made, lambda: len(seen) >= 2)
    while True:
        try:
            seen.append(next(work))
        except StopIteration as end:
            track = end.value
            break
    assert seen[1].done <= len(track) < 300
    assert len(processes) == 1


def test_closing_ends_the_process_at_once(made, child, processes):  # noqa: F811
    work = capture(child, open_video(CLIP), made)
    next(work)
    child.close()
    assert processes[0].poll() is not None
    with pytest.raises(FieldsError):
        drain(work)


def test_closed_while_it_starts_no_process_stays(child, processes, monkeypatch):
    start = capture_process._start

    def slow():
        child.close()
        return start()

    monkeypatch.setattr(capture_process, "_start", slow)
    drain(child.probe(CLIP))
    assert all(process.poll() is not None for process in processes) and child._process is None


def test_one_process_probes_videos_and_captures(made, child, processes, tmp_path):  # noqa: F811
    waited, info = drain(child.probe(CLIP))
    assert info == probe(CLIP) and waited
    assert drain(child.probe(CLIP)) == ([], info)  # once is enough
    with pytest.raises(FieldsError, match="There is no file at"):
        drain(child.probe(tmp_path / "gone.mp4"))
    _, track = drain(capture(child, open_video(CLIP, 0.0, 0.2), made))
    assert len(track) == 6 and len(processes) == 1


def test_a_killed_process_is_an_error(made, child, processes):  # noqa: F811
    work = capture(child, open_video(CLIP), made)
    next(work)
    processes[0].kill()
    with pytest.raises(FieldsError, match="ended from outside"):
        drain(work)


@pytest.fixture
def keep(tmp_path):
    return Keep(tmp_path / "captures" / "a.capture", {"take": "Änn"})


def kept_until(child, made, keep, count, happens, stop=lambda: False):  # noqa: F811
    """Capture until `count` frames are done, then let something happen; returns frames done then, the Track, notes."""
    clip = open_video(CLIP)
    work = child.capture(clip, made, "cpu", "largest", stop, keep=keep)
    while (report := next(work)).done < count:
        pass
    happens()
    return report.done, drain(work)[1], clip.notes


def agrees_so_far(track, made):  # noqa: F811
    """Are times and poses of the first frames those of a whole capture?"""
    _, whole = drain(solve.capture(open_video(CLIP, 0.0, float(track.time[-1]) + 0.01), made, "cpu"))
    assert track.time.tolist() == whole.time.tolist()
    np.testing.assert_array_equal(track["head"], whole["head"])


def test_of_a_killed_process_all_is_kept_but_the_last_moment(made, child, processes, keep):  # noqa: F811
    done, track, notes = kept_until(child, made, keep, 60, lambda: processes[0].kill())
    assert len(track) >= done - ENCODED_AT_ONCE and len(notes) == 1 and "ended from outside after" in notes[0]
    assert notes[0].values == {"frames": len(track)} and len(processes) == 2
    agrees_so_far(track, made)


def test_killed_before_a_frame_is_kept_it_is_an_error(made, child, processes, keep):  # noqa: F811
    with pytest.raises(FieldsError, match="ended from outside, perhaps"):
        kept_until(child, made, keep, 1, lambda: processes[0].kill())


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_hangs_is_ended_by_cancel_and_all_is_kept(made, child, processes, keep):  # noqa: F811
    stopped: list[float] = []

    def hang():
        processes[0].send_signal(signal.SIGSTOP)
        stopped.append(time.monotonic())

    done, track, notes = kept_until(child, made, keep, 60, hang, lambda: bool(stopped))
    assert len(track) >= done - ENCODED_AT_ONCE and notes == []
    assert processes[0].poll() is not None and processes[0].returncode == -signal.SIGKILL
    agrees_so_far(track, made)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_one_that_hangs_is_ended_within_three_seconds(made, child, processes):  # noqa: F811
    work = capture(child, open_video(CLIP), made, lambda: True)
    drain(child.probe(CLIP))
    processes[0].send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(FieldsError, match="ended from outside"):
        drain(work)
    assert time.monotonic() - began < 3.0 and processes[0].poll() is not None


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_closing_does_not_wait_for_one_that_hangs(child, processes):
    drain(child.probe(CLIP))
    processes[0].send_signal(signal.SIGSTOP)
    probing = child.probe(Path("another"))
    next(probing)
    began = time.monotonic()
    child.close()
    assert time.monotonic() - began < 1.0 and processes[0].poll() is not None


def test_what_was_kept_is_recovered_by_another(made, child, processes, keep):  # noqa: F811
    work = child.capture(open_video(CLIP), made, "cpu", "largest", lambda: False, keep=keep)
    while next(work).done < 40:
        pass
    child.close()  # what the end of Blender does
    with pytest.raises(FieldsError):
        drain(work)
    other = capture_process.CaptureProcess()
    try:
        _, track = drain(other.recover(keep.path, made, "cpu", []))
    finally:
        other.close()
    assert len(track) >= 40 - ENCODED_AT_ONCE and track.source["video"] == "performance.mp4"
    assert journal.summary(keep.path) == ({"take": "Änn"}, len(track))


@pytest.mark.parametrize("executable", ["", "/opt/blender/blender", str(ROOT / "no" / "python3")])
def test_without_a_python_to_start_it_runs_here(made, child, monkeypatch, executable):  # noqa: F811
    monkeypatch.setattr(sys, "executable", executable)
    seen, track = drain(capture(child, open_video(CLIP, 0.0, 0.3), made))
    assert drain(child.probe(CLIP))[1] == probe(CLIP)
    assert len(track) == 9 and seen[0].picture.shape == (256, 256, 4)
    _, actor = drain(child.meet(open_video(CLIP, 0.0, 0.1), made, "Ann", "cpu", "largest", lambda: False))
    assert actor.name == "Ann" and actor.count == 3


@pytest.mark.skipif(os.name == "nt", reason="a shell script as a program")
def test_a_python_that_does_not_start_does_not_stop_a_capture(made, child, tmp_path, monkeypatch):  # noqa: F811
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    _, track = drain(capture(child, open_video(CLIP, 0.0, 0.1), made))
    assert len(track) == 3 and child._process is None


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_it_does_not_outlive_whoever_started_it():
    """Blender is killed while the process captures."""
    script = (
        "from fields_blender.capture import capture_process;"
        "from fields_blender.capture.clip import open_video; from pathlib import Path;"
        "start = capture_process._start; capture_process._start = lambda: print((p := start()).pid, flush=True) or p;"
        f"how = open_video({str(CLIP)!r}), Path({str(MODELS)!r}), 'cpu', 'first', bool;"
        "[None for _ in capture_process.CaptureProcess().capture(*how)]"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.5)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
