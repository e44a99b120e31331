"""Opening a stranger's .blend touches no file that it names, until the artist asks."""

import os
from typing import Any

import pytest

from fields_blender.core import track
from tests.blender import another_blender
from tests.tracks import lively

bpy: Any = pytest.importorskip("bpy")

MADE = """
folder = sys.argv[1]
def head(name, file="", track=""):
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    if file:
        take = made.fields.takes.add()
        take.name, take.file = "take", file
    made.fields.track = track
for name in ("pipe", "outside.npz", "linked.npz"):
    head("take " + name, file=os.path.join(folder, name))
    head("old " + name, track=os.path.join(folder, name))
head("near", file="//near.npz")
head("share", file="\\\\\\\\server\\\\share\\\\take.npz")
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "project", "shot.blend"))
extension.unregister()
print("made")
"""

OPENED = """
folder = sys.argv[1]
touched = []
from pathlib import Path
for how in ("open", "stat", "is_file", "exists"):
    def spy(self, *arguments, how=how, before=getattr(Path, how), **more):
        touched.append(str(self))
        return before(self, *arguments, **more)
    setattr(Path, how, spy)
sys.addaudithook(lambda event, given: touched.append(str(given[0])) if event == "open" else None)
bpy.ops.wm.open_mainfile(filepath=os.path.join(folder, "project", "shot.blend"), load_ui=False)
takes = importlib.import_module({name!r} + ".operators.takes.takes")
store = importlib.import_module({name!r} + ".operators.takes.track_store")
scene = bpy.context.scene
for head in bpy.data.objects:
    if not head.fields.takes:
        continue
    scene.fields.head = head
    print(head.name, (head.fields.takes[0].problem, head.fields.takes[0].outside))
    store.stamp(head), takes.stamp(head.fields.takes[0])
    head.fields.emotion_intensity = 0.5
    scene.frame_set(3)
bad = [path for path in touched if path.startswith(folder) and "/project/" not in path or "server" in path]
print("touched", bad)
for name, file in (("take outside.npz", True), ("old outside.npz", True), ("take pipe", False), ("share", False)):
    scene.fields.head = bpy.data.objects[name]
    try:
        print("load", name, bpy.ops.fields.take_load(), len(store.load(scene.fields.head)))
    except RuntimeError as error:
        print("refused", name, str(error).strip())
print("server", [path for path in touched if "server" in path])
extension.unregister()
"""


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_strangers_blend_touches_nothing_until_asked(tmp_path):
    (tmp_path / "project").mkdir()
    for name in ("outside.npz", "project/near.npz"):
        track.save(lively(24), tmp_path / name)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "linked.npz").symlink_to(tmp_path / "pipe")
    said = another_blender.run(MADE, str(tmp_path))
    assert "made" in said.stdout, said.stdout + said.stderr
    done = another_blender.run(OPENED, str(tmp_path))
    said = done.stdout + done.stderr
    assert "touched []" in said and "near ('', False)" in said, said
    assert said.count("is not loaded yet") >= 6 and "load take outside.npz {'FINISHED'} 24" in said, said
    assert "refused old outside.npz" in said and "This take is loaded" in said, said  # the same file
    assert "refused take pipe" in said and "refused share" in said and "on a network" in said, said
    assert "server []" in said and "Traceback" not in said, said
