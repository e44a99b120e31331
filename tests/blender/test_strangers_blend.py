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


STRANGE = ["{", "[" * 100_000, "[]", "5", '"x"', "null", '{"curve": 5}', '{"curve": [[1]]}', '{"curve": [["a", "b"]]}',
           '{"curve": [[NaN, 1]]}', '{"replaces": 5}', '{"curve": [[1e999, 0]]}']  # fmt: skip


@pytest.mark.parametrize("more", STRANGE, ids=lambda more: more[:20])
def test_what_a_row_of_the_mapping_keeps_may_be_anything(small_head, part, more):
    bpy.ops.fields.mapping_match()
    part("operators.takes.takes").add(small_head, made(part), "take")
    small_head.fields.rows[0].more = more
    with pytest.raises(RuntimeError, match="damaged") as raised:
        bpy.ops.fields.bake()
    assert "Traceback" not in str(raised.value) and small_head.data.shape_keys.animation_data is None
    assert "damaged" in part("operators.head.mapping_rows").mistake(small_head.fields.rows[0])


def made(part):
    track = part("fields_blender.core.track")
    whole = lively(24)
    return track.Track(whole.time, whole.groups)


@pytest.mark.parametrize(
    "text", ["", "x", "x\n{", "x\n[[[", "{stamp}\n" + "[" * 100_000, "{stamp}\n" + '{"a": 1}', "strange"]
)
def test_what_was_baked_may_be_anything(small_head, part, text):
    part("operators.takes.takes").add(small_head, made(part), "take")
    bpy.ops.fields.bake()
    stamp, _, kept = small_head.fields.baked.partition("\n")
    strange = kept.replace('"strength": [1.0', '"strength": ["x"')
    small_head.fields.baked = f"{stamp}\n{strange}" if text == "strange" else text.replace("{stamp}", stamp)
    small_head.fields.emotion_intensity = 1.5
    assert small_head.fields.baked.startswith(stamp) and "keyed" in small_head.fields.report


@pytest.mark.parametrize("name", ["\ud800", "x" * 3000, "", "  ", "a\nb", 5, ["x"], {"a": 1}])
def test_names_of_any_kind_make_a_take_that_works(small_head, part, name):
    track, takes = part("fields_blender.core.track"), part("operators.takes.takes")
    whole = made(part)
    strange = track.Track(whole.time, whole.groups, {"name": name}, {"name": name, "date": name})
    take = takes.add(small_head, track.loads(track.dumps(strange), "a"))
    assert take.name and not take.problem and len(take.name) <= 210
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert bpy.ops.fields.take_duplicate() == {"FINISHED"} and bpy.ops.fields.take_delete() == {"FINISHED"}
