"""A capture that was cut off is offered by the next Blender, and one that is in no saved .blend is not lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.make_clips import write_video

bpy: Any = pytest.importorskip("bpy")

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "performance.mp4"


@pytest.fixture
def unfinished(part, tmp_path, monkeypatch):
    """The module, with a folder of its own."""
    module = part("operators.takes.unfinished")
    (tmp_path / "captures").mkdir()
    monkeypatch.setattr(module, "_folder", lambda: tmp_path / "captures")
    module.look_again()
    yield module
    module._no_more()
    module.look_again()


@pytest.fixture
def solve(part, monkeypatch):
    """Capture and recover give known numbers; a capture writes its journal as the real one does."""
    solve, journal, tracks = (
        part("fields_blender.capture.solve"),
        part("fields_blender.capture.journal"),
        part("fields_blender.core.track"),
    )

    def made(times):
        track = tracks.empty(np.array(times))
        for values in track.groups.values():
            values[:] = 0.25
        return track

    def capture(clip, models, device, choose, stop, actor, keep):
        times = []
        with journal.opened(keep, {"features": 4}, clip.notes) as written:
            for frame in part("fields_blender.capture.clip").frames(clip):
                written.frame(journal.Seen(frame.time, 0.0, 0, None))
                times.append(frame.time)
                yield solve.Progress(len(times), clip.count, len(times))
        return made(times)

    def recover(path, models, device, notes):
        with journal.reopened(path, notes) as written:
            times = [seen.time for seen in written.seen]
            yield solve.Progress(len(times), len(times), len(times))
        return made(times)

    monkeypatch.setattr(solve, "capture", capture)
    monkeypatch.setattr(solve, "recover", recover)
    return solve


@pytest.fixture
def strip(scene, tmp_path):
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    made = strips.new_movie("take", str(write_video(tmp_path / "painted.mp4", 12, 24)), 1, 1)
    made.select, editor.active_strip = True, made
    return made


def cut_off(part, path, frames=7, **about):
    """A capture that was cut off after some frames."""
    journal = part("fields_blender.capture.journal")
    with journal.opened(journal.Keep(path, about), {"features": 4}, []) as written:
        for i in range(frames):
            written.frame(journal.Seen(i / 24, 0.0, 0, None))
    part("operators.takes.unfinished").look_again()


def shown() -> str:
    return bpy.context.window_manager.fields.recoverable


def test_nothing_is_offered_where_there_is_nothing(small_head, unfinished):
    assert shown() == "" and not bpy.ops.fields.recover_capture.poll() and not bpy.ops.fields.discard_capture.poll()


def test_what_was_cut_off_becomes_a_take(small_head, unfinished, part, solve):
    source = {"name": "shot 3", "date": "2026-12-01 09:00", "footage": []}
    path = unfinished.new_path()
    cut_off(part, path, take="shot 3", head="Face", source=source)
    assert shown() == "A capture of “shot 3” (2026-12-01 09:00) was cut off after 7 frames"
    assert bpy.ops.fields.recover_capture() == {"FINISHED"}
    take = small_head.fields.takes[0]
    assert (take.name, take.strip, take.date, take.frames) == ("shot 3", "shot 3", "2026-12-01 09:00", 7)
    assert "7 frames. Bake Keys writes it" in small_head.fields.report
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert shown() == "" and path.exists()  # until the take is saved with the .blend
    bpy.ops.wm.save_as_mainfile(filepath=str(path.parent / "a.blend"), copy=True)
    assert not path.exists()


def test_the_newest_comes_first_and_discarding_leaves_the_others(small_head, unfinished, part):
    for name in ("2026-01-01 a", "2026-01-02 b"):
        cut_off(part, unfinished._folder() / f"{name}.capture", take=name)
    assert "2026-01-02 b" in shown()
    assert bpy.ops.fields.discard_capture() == {"FINISHED"}
    assert "2026-01-01 a" in shown() and len(list(unfinished._folder().iterdir())) == 1


def test_what_another_blender_is_capturing_is_not_offered(small_head, unfinished, part):
    journal = part("fields_blender.capture.journal")
    path = unfinished.new_path()
    with journal.opened(journal.Keep(path, {}), {"features": 4}, []) as written:
        written.frame(journal.Seen(0.0, 0.0, 0, None))
        unfinished.look_again()
        assert shown() == "" and path.exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"FIELDSJ1\xff\xff\xff\xff1234"])
def test_strange_files_are_not_offered_and_not_touched(small_head, unfinished, content):
    path = unfinished.new_path()
    path.write_bytes(content)
    unfinished.look_again()
    assert shown() == "" and path.read_bytes() == content


@pytest.mark.parametrize("about", [{}, {"take": 5, "source": 7}, {"take": "\ud800", "source": {"name": ["x"]}}])
def test_a_strange_about_is_no_fault(small_head, unfinished, part, solve, about):
    cut_off(part, unfinished.new_path(), **about)
    assert shown()
    assert bpy.ops.fields.recover_capture() == {"FINISHED"} and len(small_head.fields.takes) == 1


def test_a_finished_capture_is_safe_until_its_blend_is_saved(scene, small_head, strip, unfinished, solve, tmp_path):
    assert bpy.ops.fields.capture() == {"FINISHED"}
    assert shown() == "" and len(list(unfinished._folder().iterdir())) == 1
    unfinished._unsaved.popitem()[1].close()  # Blender crashes: it lets go of the file
    unfinished.look_again()
    assert "“take”" in shown() and "12 frames" in shown()
    small_head.fields.takes.clear()
    assert bpy.ops.fields.recover_capture() == {"FINISHED"} and len(small_head.fields.takes) == 1
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "b.blend"), copy=True)
    assert shown() == "" and not list(unfinished._folder().iterdir())


def test_ended_in_order_nothing_is_offered(small_head, strip, unfinished, solve):
    bpy.ops.fields.capture()
    unfinished._no_more()  # what `unregister` and loading another file do
    assert not list(unfinished._folder().iterdir())


def test_a_take_in_a_file_of_its_own_is_safe_at_once(scene, small_head, strip, unfinished, solve, part, monkeypatch):
    scene.fields.takes_in = "BESIDE"
    monkeypatch.setattr(part("operators.takes.track_files"), "_folder", lambda: unfinished._folder().parent / "takes")
    bpy.ops.fields.capture()
    assert small_head.fields.takes[0].file and not list(unfinished._folder().iterdir())


def test_a_full_disk_leaves_the_take_in_the_blend(scene, small_head, strip, unfinished, solve, part, monkeypatch):
    scene.fields.takes_in = "BESIDE"
    monkeypatch.setattr(part("operators.takes.track_files"), "_folder", lambda: unfinished._folder().parent / "takes")

    def full(path, data):
        raise part("fields_blender.core.errors").FieldsError("No space left.")

    monkeypatch.setattr(part("operators.takes.takes"), "write_new", full)
    assert bpy.ops.fields.capture() == {"FINISHED"}
    take = small_head.fields.takes[0]
    assert len(small_head.fields.takes) == 1 and not take.file and not take.problem and take.frames == 12


CAPTURE = """
import os, sys
os.environ["BLENDER_USER_RESOURCES"] = sys.argv[1]
import bpy, addon_utils
addon_utils.enable("bl_ext.user_default.fields_facial_capture", default_set=True)
scene = bpy.context.scene
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
made = strips.new_movie("take", sys.argv[2], 1, 1)
made.select, editor.active_strip = True, made
bpy.ops.object.armature_add()
bpy.ops.mesh.primitive_cube_add()
head = bpy.context.object
head.shape_key_add(name="Basis")
for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft"): head.shape_key_add(name=name)
scene.fields.head = head
bpy.ops.fields.capture()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.skipif(not (ROOT / "models" / "face_landmarks.onnx").exists(), reason="needs make models")
def test_blender_killed_in_the_middle_loses_no_more_than_a_moment(small_head, unfinished):
    resources = os.environ["BLENDER_USER_RESOURCES"]
    folder = Path(resources, "extensions", ".user", "user_default", "fields_facial_capture", "captures")
    before = set(folder.glob("*.capture"))
    command = [sys.executable, "-u", "-c", CAPTURE, resources, str(SAMPLE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as blender:
        assert blender.stdout is not None
        done = 0
        for line in blender.stdout:
            if line.startswith("FIELDS:") and " of " in line:
                done = int(line.split("%")[1].split()[0])
                if done >= 20:
                    break
        time.sleep(0.1)
        blender.send_signal(signal.SIGKILL)
    (left,) = set(folder.glob("*.capture")) - before
    left.rename(unfinished._folder() / left.name)
    unfinished.look_again()
    assert "“take”" in shown()
    assert bpy.ops.fields.recover_capture() == {"FINISHED"}
    take = small_head.fields.takes[0]
    assert take.frames >= done - 8 and take.coverage == 1.0 and take.strip == "take" and not take.problem
