"""Takes on a head: kept through saving, appending and undo, each on its own, and none that is damaged hurts another."""

import io
import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE = 24


@pytest.fixture
def head(small_head):
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    return small_head


@pytest.fixture
def performance(part):
    """`performance(seed, n)`: noise, a gap in the fourth frame."""

    def make(seed=0, n=48, start=0.0, fps=RATE, **source):
        names, random = part("fields_blender.core.names"), np.random.default_rng(seed)
        groups = {
            name: random.uniform(0.0, 0.3, (n, *shape)).astype(np.float32) for name, shape in names.GROUPS.items()
        }
        for name, values in groups.items():
            values[3] = 0.0 if name == "confidence" else np.nan
        card = {"name": "test model", "version": 2}
        return part("fields_blender.core.track").Track(
            start + np.arange(n) / fps, groups, card, {"name": "shot", **source}
        )

    return make


@pytest.fixture
def takes(part):
    return part("operators.takes.takes")


@pytest.fixture
def same(part):
    def check(a, b):
        return all(
            np.array_equal(a[name], b[name], equal_nan=True) for name in part("fields_blender.core.names").GROUPS
        )

    return check


def error_of(operator, **options) -> str:
    with pytest.raises(RuntimeError) as raised:
        operator(**options)
    return str(raised.value)


def smile(part, head):
    return part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, 'key_blocks["mouthSmileLeft"].value', 0)


def data_blocks():
    return [text.name for text in bpy.data.texts if "fields_take" in text]


def test_a_take_says_what_it_is(head, takes, performance, same):
    made = performance(date="2026-01-02 03:04")
    take = takes.add(head, made)
    assert (take.name, take.strip, take.frames, take.model) == ("shot", "shot", 48, "test model 2")
    assert take.date == "2026-01-02 03:04" and abs(take.coverage - 47 / 48) < 1e-6
    assert abs(take.end - 47 / 24) < 1e-6 and take.problem == ""
    assert same(takes.read(take), made)
    assert takes.add(head, made).name == "shot.001" and takes.add(head, made).name == "shot.002"
    assert head.fields.take_index == 2


def test_the_chosen_take_is_what_is_baked(head, part, takes, performance):
    for seed in (1, 2):
        takes.add(head, performance(seed))
    column = part("fields_blender.core.names").EXPRESSION.index("mouthSmileLeft")
    for index, seed in ((1, 2), (0, 1)):
        head.fields.take_index = index
        assert bpy.ops.fields.bake() == {"FINISHED"}
        wanted = performance(seed)["expression"][10, column]
        assert abs(smile(part, head).evaluate(10) - wanted) < 1e-5
    head.fields.take_index = 1
    head.fields.emotion_intensity = 0.5  # the slider moves to the other take as well
    assert head.fields.baked.startswith(part("operators.takes.track_store").stamp(head))
    head.fields.emotion_intensity = 1.0
    assert abs(smile(part, head).evaluate(10) - performance(2)["expression"][10, column]) < 1e-5


def test_duplicates_share_their_data_and_the_last_one_takes_it_along(head, takes, performance):
    before = len(data_blocks())
    takes.add(head, performance())
    assert bpy.ops.fields.take_duplicate() == {"FINISHED"}
    assert len(head.fields.takes) == 2 and len(data_blocks()) == before + 1
    assert [take.name for take in head.fields.takes] == ["shot", "shot.001"] and head.fields.take_index == 1
    bpy.ops.fields.take_delete()
    assert len(data_blocks()) == before + 1 and not head.fields.takes[0].problem
    bpy.ops.fields.take_delete()
    assert len(data_blocks()) == before and not head.fields.takes
    assert "Capture" in error_of(bpy.ops.fields.take_delete)


def test_a_copy_of_the_head_keeps_its_takes_when_the_first_loses_them(scene, head, takes, performance):
    takes.add(head, performance())
    copy = head.copy()
    scene.collection.objects.link(copy)
    bpy.ops.fields.take_delete()
    assert copy.fields.takes[0].problem == ""


@pytest.mark.parametrize("harm", ["bytes", "prop", "gone"])
def test_a_damaged_take_says_so_and_leaves_the_rest_alone(head, takes, performance, same, harm):
    first, second = takes.add(head, performance(1)).data, performance(2)
    takes.add(head, second)
    if harm == "bytes":
        first["fields_take"] = first["fields_take"][:-9] + b"123456789"
    elif harm == "prop":
        del first["fields_take"]
    else:
        bpy.data.texts.remove(first)
    takes._looked.clear()
    broken, whole = head.fields.takes
    assert "delete" in broken.problem and whole.problem == ""
    assert same(takes.read(whole), second)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    head.fields.take_index = 0
    said = error_of(bpy.ops.fields.bake)
    assert "shot" in said and "Traceback" not in said
    for operator in (bpy.ops.fields.take_pack, bpy.ops.fields.take_export):
        options = {"filepath": "/tmp/never.npz"} if operator == bpy.ops.fields.take_export else {}
        assert "shot" in error_of(operator, **options)
    bpy.ops.fields.take_delete()
    assert len(head.fields.takes) == 1 and same(takes.read(head.fields.takes[0]), second)


def test_a_take_of_a_later_version_says_so(head, takes, performance):
    take = takes.add(head, performance())
    arrays = dict(np.load(io.BytesIO(take.data["fields_take"])))
    arrays["meta"] = np.array(json.dumps({"format": 99}))
    later = io.BytesIO()
    np.savez(later, **arrays)
    del take.data["fields_take"]  # Blender cuts bytes that are put in place of others
    take.data["fields_take"] = later.getvalue()
    take.key = takes.key_of(later.getvalue())
    assert "another version" in error_of(bpy.ops.fields.bake)


UNDO = """
takes = importlib.import_module({name!r} + ".operators.takes.takes")
track = importlib.import_module({name!r} + ".fields_blender.core.track")
import numpy as np
made = track.empty(np.arange(24) / 24)
for values in made.groups.values(): values[:] = 0.25
head = bpy.data.objects.new("Face", None)
bpy.context.scene.collection.objects.link(head)
bpy.context.scene.fields.head = head
takes.add(head, made, "one")
bpy.ops.ed.undo_push(message="one take")
bpy.ops.fields.take_delete()
bpy.ops.ed.undo_push(message="deleted")
print("deleted", len(bpy.data.objects["Face"].fields.takes), len(bpy.data.texts))
bpy.ops.ed.undo()
print("undone", [(t.name, t.problem, len(takes.read(t))) for t in bpy.data.objects["Face"].fields.takes])
bpy.ops.ed.redo()
print("redone", len(bpy.data.objects["Face"].fields.takes), len(bpy.data.texts))
extension.unregister()
"""


def test_undo_brings_a_deleted_take_back(tmp_path):
    from tests.blender.test_operators import in_another_blender

    said = in_another_blender(tmp_path, UNDO)
    assert "deleted 0 0" in said and "undone [('one', '', 24)]" in said and "redone 0 0" in said, said


def test_files_beside_the_blend_and_back(head, takes, performance, same, tmp_path, monkeypatch, part):
    monkeypatch.setattr(part("operators.takes.track_files"), "_folder", lambda: tmp_path)
    made, before = performance(), len(data_blocks())
    take = takes.add(head, made)
    assert bpy.ops.fields.take_pack() == {"FINISHED"}
    assert take.file and take.data is None and same(takes.read(take), made) and len(data_blocks()) == before
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert bpy.ops.fields.take_pack() == {"FINISHED"}
    assert not take.file and same(takes.read(take), made)
    assert len(list(tmp_path.iterdir())) == 1  # what lies on the disk is never deleted
    bpy.ops.fields.take_pack()
    assert take.file.endswith(".001.npz")
    (tmp_path / take.file).unlink()
    assert "gone" in take.problem


def test_out_and_in_again_is_the_same(head, takes, performance, same, tmp_path):
    made = performance()
    takes.add(head, made)
    assert bpy.ops.fields.take_export(filepath=str(tmp_path / "a.npz")) == {"FINISHED"}
    assert bpy.ops.fields.take_import(filepath=str(tmp_path / "a.npz")) == {"FINISHED"}
    assert bpy.ops.fields.take_import(filepath=str(tmp_path / "a.npz"), link=True) == {"FINISHED"}
    assert [take.name for take in head.fields.takes] == ["shot", "a", "a.001"]
    assert all(same(takes.read(take), made) for take in head.fields.takes)
    assert head.fields.takes[2].file and not head.fields.takes[1].file
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    assert "bad.npz" in error_of(bpy.ops.fields.take_import, filepath=str(tmp_path / "bad.npz"))
    assert len(head.fields.takes) == 3


def test_two_takes_blend_into_a_third(head, part, takes, performance, same):
    a, b = performance(1), performance(2)
    takes.add(head, b, "b")
    takes.add(head, a, "a")
    assert bpy.ops.fields.take_blend(other="0", share=0.5) == {"FINISHED"}
    assert [take.name for take in head.fields.takes] == ["b", "a", "a + b"]
    assert same(takes.read(head.fields.takes[2]), part("fields_blender.shape.blend").blend(a, b, 0.5))
    assert same(takes.read(head.fields.takes[1]), a)


def test_a_part_is_captured_again_into_the_take(scene, head, part, takes, performance, monkeypatch, tmp_path):
    from tests.blender.test_operators import add_strip
    from tests.make_clips import write_video

    solve, old = part("fields_blender.capture.solve"), performance(1, start=11 / RATE)
    asked = []

    def capture(clip, *_, actor, keep):
        asked.append([frame.time for frame in part("fields_blender.capture.clip").frames(clip)])
        yield solve.Progress(1, 1, 1)
        return performance(2, n=len(asked[0]), start=asked[0][0])

    monkeypatch.setattr(solve, "capture", capture)
    takes.add(head, performance(3), "other")
    takes.add(head, old, "mine")
    add_strip(scene, write_video(tmp_path / "painted.mp4", 48, RATE))
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 21, 40
    before = len(data_blocks())
    assert bpy.ops.fields.recapture() == {"FINISHED"}
    np.testing.assert_allclose(asked[0], np.arange(21, 41) / RATE)
    assert [take.name for take in head.fields.takes] == ["other", "mine"] and len(data_blocks()) == before
    got, new = takes.read(head.fields.takes[1]), performance(2, n=20, start=21 / RATE)
    assert len(got) == 48
    np.testing.assert_array_equal(got["expression"][:10], old["expression"][:10])
    np.testing.assert_array_equal(got["expression"][30:], old["expression"][30:])
    np.testing.assert_array_equal(got["expression"][20], new["expression"][10])
    assert abs(smile(part, head).evaluate(31) - new["expression"][10, 30]) < 1  # keyed


def test_a_part_is_captured_again_from_the_takes_own_strip(
    scene, head, part, takes, performance, monkeypatch, tmp_path
):
    from tests.blender.test_operators import add_strip
    from tests.make_clips import write_video

    solve, seen = part("fields_blender.capture.solve"), []

    def capture(clip, *_, actor, keep):
        seen.append([strip["name"] for strip in clip.source["strips"]])
        yield solve.Progress(1, 1, 1)
        return performance(len(seen), start=11 / RATE, strips=clip.source["strips"], rate=RATE)

    monkeypatch.setattr(solve, "capture", capture)
    own = add_strip(scene, write_video(tmp_path / "own.mp4", 48, RATE))
    own.name = "own"
    assert bpy.ops.fields.capture() == {"FINISHED"}
    own.select = False
    other = add_strip(scene, write_video(tmp_path / "other.mp4", 48, RATE))
    other.name = scene.fields.footage = "other"
    own.name = "renamed"
    scene.frame_start, scene.frame_end = 21, 40
    assert bpy.ops.fields.recapture() == {"FINISHED"}
    assert seen == [["own"], ["renamed"]] and len(head.fields.takes) == 1
    # A take that doesn't say what it was captured from takes what is chosen.
    takes.add(head, performance(3, start=11 / RATE), "imported")
    assert bpy.ops.fields.recapture() == {"FINISHED"}
    assert seen[-1] == ["other"]
    head.fields.take_index = 0
    editor = scene.sequence_editor
    (editor.strips if hasattr(editor, "strips") else editor.sequences).remove(own)
    assert "“own”, from which this take was captured" in error_of(bpy.ops.fields.recapture)


def test_a_linked_head_is_refused_with_a_way_out(scene, head, takes, performance, tmp_path):
    bpy.data.libraries.write(str(tmp_path / "lib.blend"), {head})
    with bpy.data.libraries.load(str(tmp_path / "lib.blend"), link=True) as (inside, wanted):
        wanted.objects = inside.objects
    linked = wanted.objects[0]
    scene.collection.objects.link(linked)
    with pytest.raises(Exception, match="override"):
        takes.add(linked, performance())
    bpy.data.libraries.remove(linked.library)


def test_takes_come_along_when_the_head_is_appended(head, takes, performance, same, tmp_path):
    made = performance(5)
    takes.add(head, made, "kept")
    bpy.data.libraries.write(str(tmp_path / "lib.blend"), {head})
    with bpy.data.libraries.load(str(tmp_path / "lib.blend"), link=False) as (inside, wanted):
        wanted.objects = inside.objects
    again = wanted.objects[0]
    assert again is not None and [take.name for take in again.fields.takes] == ["kept"]
    assert again.fields.takes[0].data.library is None and same(takes.read(again.fields.takes[0]), made)


IN_A_FILE = """
file, other = sys.argv[1:3]
takes = importlib.import_module({name!r} + ".operators.takes.takes")
track = importlib.import_module({name!r} + ".fields_blender.core.track")
import numpy as np
made = track.empty(np.arange(24) / 24)
for values in made.groups.values(): values[:] = 0.25
head = bpy.data.objects.new("Face", None)
old = bpy.data.objects.new("Old", None)
for item in (head, old): bpy.context.scene.collection.objects.link(item)
takes.add(head, made, "one")
takes.add(head, made, "two")
track.save(made, os.path.join(os.path.dirname(file), "a.npz"))
bpy.ops.wm.save_as_mainfile(filepath=file)
old.fields.track = "//a.npz"
bpy.ops.wm.save_mainfile()
bpy.ops.wm.save_as_mainfile(filepath=other)
bpy.ops.wm.open_mainfile(filepath=other, load_ui=False)
head, old = bpy.data.objects["Face"], bpy.data.objects["Old"]
print("kept", [(t.name, t.problem, len(takes.read(t))) for t in head.fields.takes])
print("adopted", [(t.name, t.problem, len(takes.read(t)), t.frames) for t in old.fields.takes], repr(old.fields.track))
bpy.ops.wm.save_as_mainfile(filepath=file)
bpy.ops.wm.open_mainfile(filepath=file, load_ui=False)
print("moved", bpy.data.objects["Old"].fields.takes[0].file, bpy.data.objects["Old"].fields.takes[0].problem)
extension.unregister()
"""


def test_takes_are_there_after_saving_and_loading_and_old_files_open(tmp_path):
    from tests.blender.test_operators import in_another_blender

    (tmp_path / "deep").mkdir()
    said = in_another_blender(tmp_path, IN_A_FILE, str(tmp_path / "a.blend"), str(tmp_path / "deep" / "b.blend"))
    assert "kept [('one', '', 24), ('two', '', 24)]" in said, said
    assert "adopted [('a', '', 24, 24)] ''" in said, said
    assert "moved //a.npz \n" in said, said
