"""The reference view shows, at each scene frame, what Blender's own render of the sequencer shows there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender import another_blender
from tests.blender.test_strips import (
    SCENES,
    add_movie,
    blender_shows,
    in_sequencer,
    make_meta,
    strips,
    trim,
    turn_round,
)  # fmt: skip
from tests.make_clips import DATA, VFR_STAMPS, write_pictures

bpy: Any = pytest.importorskip("bpy")


@pytest.fixture
def view(part):
    return part("operators.reference_view")


@pytest.fixture
def images(part):
    return part("operators.reference_images")


def picture_number(user, frame: int) -> int:
    """The frame an image user shows at a scene frame, as Blender counts it (BKE_image_user_frame_get)."""
    return min(max(frame - user.frame_start + 1, 0), user.frame_duration) + user.frame_offset


def shown(scene, frames) -> list[tuple[str, int]]:
    """(file, number) of the one empty that is seen on each frame."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        empties = [thing.evaluated_get(graph) for thing in scene.objects if "fields_reference" in thing]
        seen = [thing for thing in empties if not thing.hide_viewport]
        assert len(seen) == 1, [thing.name for thing in seen]
        found.append((Path(seen[0].data.filepath).name, picture_number(seen[0].image_user, frame)))
    return found


def numbers_of(scene, frames) -> list[int]:
    """Painted numbers of a movie: its frames are counted from 1."""
    return [number - 1 for _, number in shown(scene, frames)]


@pytest.mark.parametrize("adjust", [False, True], ids=["as is", "adjusted"])
@pytest.mark.parametrize("fps,base", SCENES)
@pytest.mark.parametrize("rate", [24, 29.97, 60, "variable"])
def test_the_reference_shows_what_the_sequencer_shows(scene, footage, videos, tmp_path, rate, fps, base, adjust):
    scene.render.fps, scene.render.fps_base = fps, base
    strip = add_movie(scene, DATA / "vfr.mp4" if rate == "variable" else videos[rate], adjust=adjust)
    footage(strip)
    for change in (None, trim, turn_round):
        if change:
            change(strip)
        assert bpy.ops.fields.reference_view() == {"FINISHED"}
        first, last = strip.frame_final_start, strip.frame_final_end
        there = numbers_of(scene, range(first, last))
        if rate == "variable":  # the last frame at or before the time of that number, as Blender looks it up
            stamps = np.array(VFR_STAMPS) / 1000
            there = [int(np.flatnonzero(stamps <= number / strip.fps + 0.0015)[-1]) for number in there]
        assert there == blender_shows(scene, tmp_path, first, last), change


def test_before_and_after_the_strip_its_ends_are_held(scene, footage, videos):
    strip = add_movie(scene, videos[60], start=20, adjust=True)
    trim(strip)
    footage(strip)
    bpy.ops.fields.reference_view()
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    ends = numbers_of(scene, [first, last])
    assert numbers_of(scene, [-40, 1, first - 1]) == [ends[0]] * 3
    assert numbers_of(scene, [last + 1, last + 2, last + 500]) == [ends[1]] * 3


def test_it_stays_beside_the_head_where_the_artist_put_it_and_one_undoes_all(scene, footage, videos, part, images):
    bpy.ops.fields.add_head()
    head = bpy.context.object
    scene.fields.head = head
    bpy.context.view_layer.update()
    footage(add_movie(scene, videos[24]))
    before = {thing.name for thing in scene.objects}
    bpy.ops.fields.reference_view()
    bpy.context.view_layer.update()
    (empty,) = images.references(scene)
    assert {thing.name for thing in scene.objects} == before | {empty.name} and scene.fields.head == head
    low, high = part("operators.head.head_objects").box(head)
    x, _, z = empty.matrix_world.translation
    half = empty.empty_display_size / 2  # the videos are square
    # To the left as one looks at the face (its right), clear of it, as high as its middle, and about as large.
    assert x + half < low[0] and x + half > low[0] - (high[0] - low[0]) and low[2] < z < high[2]
    assert 0.8 < 2 * half / (high[2] - low[2]) < 2
    # It looks where the face looks, upright.
    turned = empty.matrix_world.to_3x3()
    assert np.allclose(turned @ turned.transposed(), np.eye(3), atol=1e-5)
    assert np.allclose(turned.col[2], (0, -1, 0), atol=1e-5) and np.allclose(turned.col[1], (0, 0, 1), atol=1e-5)
    empty.location.x, empty.scale = -7.0, (2, 2, 2)
    bpy.ops.fields.reference_view()
    assert images.references(scene) == [empty] and empty.location.x == -7.0 and empty.scale.x == 2
    bpy.ops.fields.reference_remove()
    assert {thing.name for thing in scene.objects} == before and not scene.fields.reference
    assert not [image for image in bpy.data.images if "fields_reference" in image]
    assert not [action for action in bpy.data.actions if action.name.startswith("FIELDS Reference")]


def test_a_rotated_head_has_it_on_its_own_right(scene, footage, videos, images):
    bpy.ops.fields.add_head()
    scene.fields.head = bpy.context.object
    bpy.context.object.parent.rotation_euler.z = np.pi / 2  # looks to +X
    footage(add_movie(scene, videos[24]))
    bpy.ops.fields.reference_view()
    (empty,) = images.references(scene)
    bpy.context.view_layer.update()
    assert np.allclose(empty.matrix_world.to_3x3().col[2], (1, 0, 0), atol=1e-5) and empty.location.y < -0.1


def test_image_sequences(scene, footage, tmp_path):
    paths = write_pictures(tmp_path / "pictures", 12)
    strip = strips(scene.sequence_editor_create()).new_image("pictures", str(paths[0]), 2, 7)
    for path in paths[1:]:
        strip.elements.append(path.name)
    strip.animation_offset_start, strip.animation_offset_end = 2, 1
    strip.use_reverse_frames = True
    footage(strip)
    bpy.ops.fields.reference_view()
    first, last = strip.frame_final_start, strip.frame_final_end
    # f1.png holds the number 0, and Blender counts a sequence by the numbers in its names.
    expected = blender_shows(scene, tmp_path, first, last)
    assert shown(scene, range(first, last)) == [("f3.png", number + 1) for number in expected]


def test_pictures_of_other_names_are_seen_each_in_its_turn(scene, footage, tmp_path, images):
    for name, source in zip(("anger", "joy"), write_pictures(tmp_path, 2), strict=True):
        source.rename(tmp_path / f"{name}.png")
    strip = strips(scene.sequence_editor_create()).new_image("stills", str(tmp_path / "anger.png"), 1, 5)
    strip.elements.append("joy.png")
    footage(strip)
    bpy.ops.fields.reference_view()
    assert [file for file, _ in shown(scene, range(4, 9))] == [
        "anger.png",
        "anger.png",
        "joy.png",
        "joy.png",
        "joy.png",
    ]
    bpy.ops.fields.reference_remove()
    assert not images.references(scene)


def test_two_strips_one_after_the_other_and_a_hole_between(scene, footage, videos):
    one = add_movie(scene, videos[24], start=1)
    one.frame_final_end = 11
    two = add_movie(scene, videos[30], start=15, channel=2)
    footage(one, two)
    bpy.ops.fields.reference_view()
    got = shown(scene, range(0, 20))
    assert got[:11] == [("24.mp4", max(frame, 1)) for frame in range(11)]
    assert got[11:15] == [("24.mp4", 10)] * 4  # held
    assert got[15:] == [("30.mp4", frame - 14) for frame in range(15, 20)]


def test_a_sequencer_of_another_scene_and_rate(scene, footage, videos, part, images):
    """5.x: the strips of a scene at 60, seen in one at 24: by time, not by frame number."""
    strip = add_movie(scene, videos[60], start=60)  # from 1 s on
    there = part("operators.footage.source_frames").read_directly(scene, [strip])
    timeline = images.timeline(there, 60.0, 24.0)
    assert timeline.first == 24 and len(timeline.numbers) == 36  # 1.5 s
    assert [*timeline.numbers[:3]] == [1, 1 + 3, 1 + 5]  # 2.5 a frame, of halves the later
    back = images.timeline(there, 60.0, 120.0)
    assert back.first == 119 and {*np.diff(back.numbers)} == {0, 1}


def test_behind_the_camera(scene, footage, videos, images):
    footage(strip := add_movie(scene, videos[30], adjust=True))
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.fields.reference_view(place="CAMERA")
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    own = camera.data.background_images.new()  # the artist's
    bpy.ops.fields.reference_view(place="CAMERA")
    assert not images.references(scene) and camera.data.show_background_images
    ours = camera.data.background_images[1]
    first = strip.frame_final_start
    for frame in range(first, first + 20):
        scene.frame_set(frame)
        user = camera.data.evaluated_get(bpy.context.evaluated_depsgraph_get()).background_images[1].image_user
        assert picture_number(user, frame) - 1 == int((frame - first) * 1.25 + 0.5)
    ours.alpha = 0.3
    bpy.ops.fields.reference_view(place="CAMERA")
    assert len(camera.data.background_images) == 2 and ours.alpha == pytest.approx(0.3)
    bpy.ops.fields.reference_remove()
    assert [*camera.data.background_images] == [own]
    bpy.data.objects.remove(camera)


SAVED = """
from pathlib import Path
file, video = sys.argv[1:]
scene = bpy.context.scene
bpy.ops.fields.add_head()
scene.fields.head = bpy.context.object
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
strip = strips.new_movie("take", video, 1, 5)
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = scene
strip.select = True
strip.use_flip_x = True
def empties():
    return [thing for thing in bpy.data.objects if "fields_reference" in thing]
try:
    bpy.ops.fields.reference_view()
except RuntimeError as error:
    print("refused", "Save the file" in str(error), empties(), not scene.fields.reference)
bpy.ops.wm.save_as_mainfile(filepath=file)
bpy.ops.ed.undo_push(message="before")
print(bpy.ops.fields.reference_view("EXEC_DEFAULT", True))
image = empties()[0].data
print("rendered", image.filepath.startswith("//fields_reference"), image.source, [*image["fields_reference"]])
folder = Path(bpy.path.abspath(image.filepath)).parent
print("pictures", len(list(folder.iterdir())), [path.name for path in folder.parent.iterdir()] == [folder.name])
bpy.ops.ed.undo()
ours = [image.name for image in bpy.data.images if "fields_reference" in image]
print("undone", empties(), repr(bpy.context.scene.fields.reference), ours)
bpy.ops.ed.redo()
print("again", len(empties()), bool(bpy.context.scene.fields.reference))
bpy.ops.wm.save_mainfile()
extension.unregister()
Path(file).parent.rename(Path(file).parent.with_name("moved"))
bpy.ops.wm.open_mainfile(filepath=str(Path(file).parent.with_name("moved") / Path(file).name))
for frame in (5, 20, 39, 40):
    bpy.context.scene.frame_set(frame)
    user = empties()[0].evaluated_get(bpy.context.evaluated_depsgraph_get()).image_user
    print("frame", frame, min(max(frame - user.frame_start + 1, 0), user.frame_duration) + user.frame_offset)
print("there", Path(bpy.path.abspath(empties()[0].data.filepath)).is_file())
"""


def test_it_travels_with_the_file_and_needs_no_add_on(videos, tmp_path):
    """A flipped strip, which has to be rendered: beside the .blend, once there is one."""
    (tmp_path / "shot").mkdir()
    done = another_blender.run(SAVED, str(tmp_path / "shot" / "shot.blend"), str(videos[24]))
    said = done.stdout + done.stderr
    for line in (
        "refused True [] True", "rendered True SEQUENCE [64, 64]", "pictures 36 True", "undone [] '' []",
        "again 1 True", "frame 5 5", "frame 20 20", "frame 39 39", "frame 40 40", "there True",
    ):  # fmt: skip
        assert line in said, said


@pytest.mark.parametrize("change", ["moved", "trimmed", "rate", "file"])
def test_it_follows_its_strips(scene, footage, videos, view, change):
    strip = add_movie(scene, videos[24], start=10, adjust=True)
    footage(strip)
    bpy.ops.fields.reference_view()
    kept = scene.fields.reference
    view.follow(scene)
    assert scene.fields.reference == kept
    if change == "moved":
        strip.frame_start += 7
    elif change == "trimmed":
        trim(strip)
    elif change == "rate":
        scene.render.fps = 30
    else:
        strip.filepath = str(videos[25])
    view.follow(scene)
    assert scene.fields.reference != kept and not scene.fields.reference_outdated
    start, factor = strip.frame_start, strip.fps * scene.render.fps_base / scene.render.fps
    frames = range(strip.frame_final_start, strip.frame_final_end)
    expected = [int((frame - start) * factor + 0.5) + strip.animation_offset_start + 1 for frame in frames]
    assert shown(scene, frames) == [(Path(strip.filepath).name, number) for number in expected]


def test_where_it_can_not_follow_it_says_so_and_stays(scene, footage, videos, view):
    strip = add_movie(scene, videos[24], start=10)
    footage(strip)
    bpy.ops.fields.reference_view()
    there, kept = shown(scene, range(10, 20)), scene.fields.reference
    for change, value in (("use_flip_x", True), ("mute", True)):
        before = getattr(strip, change)
        setattr(strip, change, value)
        view.follow(scene)
        assert scene.fields.reference_outdated, change
        setattr(strip, change, before)
        view.follow(scene)
        assert not scene.fields.reference_outdated
    strips(scene.sequence_editor).remove(strip)
    view.follow(scene)
    assert not scene.fields.reference_outdated and scene.fields.reference == kept
    assert shown(scene, range(10, 20)) == there


def test_a_missing_file_says_so_and_changes_nothing(scene, footage, videos, tmp_path, images):
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(videos[24].read_bytes())
    strip = add_movie(scene, gone)
    footage(strip)
    gone.unlink()
    with pytest.raises(RuntimeError, match=r"gone\.mp4"):
        bpy.ops.fields.reference_view()
    assert not images.references(scene) and not scene.fields.reference


def test_a_video_that_blender_does_not_play_says_so(scene, footage, images):
    footage(add_movie(scene, DATA / "no_length.webm"))
    with pytest.raises(RuntimeError, match="how long it is"):
        bpy.ops.fields.reference_view()
    assert not images.references(scene)


def test_a_jump_to_a_doubtful_frame_brings_the_footage_along(scene, footage, videos, part, small_head, show):
    track, takes = part("fields_blender.core.track"), part("operators.takes.takes")
    names = part("fields_blender.core.names")
    strip = add_movie(scene, videos[24], start=0)
    footage(strip)
    groups = {name: np.zeros((20, *shape), np.float32) for name, shape in names.GROUPS.items()}
    groups["confidence"][:] = 1.0
    groups["confidence"][12] = 0.01
    takes.add(small_head, track.Track(np.arange(20) / 24, groups), "take")
    bpy.ops.fields.reference_view()
    scene.frame_set(0)
    bpy.ops.fields.next_doubtful(direction="NEXT")
    assert scene.frame_current == 12 and numbers_of(scene, [scene.frame_current]) == [12]


def test_what_is_kept_is_plain(scene, footage, videos):
    footage(strip := add_movie(scene, videos[24]))
    bpy.ops.fields.reference_view()
    where, marks, _ = json.loads(scene.fields.reference)
    assert (where, marks) == (scene.name, [[strip["fields_footage"], strip.name]])


def test_strips_and_scenes_may_be_renamed(scene, footage, videos, view):
    footage(strip := add_movie(scene, videos[24], start=10))
    bpy.ops.fields.reference_view()
    name = scene.name
    scene.name, strip.name = "shot", "renamed"
    strip.frame_start += 3
    view.follow(scene)
    assert numbers_of(scene, [13, 14]) == [0, 1] and not scene.fields.reference_outdated
    scene.name = name


def test_a_meta_strip_with_sound_in_it_is_followed(scene, footage, videos, view):
    """What moves inside it is seen too."""
    movie = add_movie(scene, videos[24], start=10, channel=2)
    try:
        sound = strips(scene.sequence_editor).new_sound("beep", str(DATA / "sound.m4a"), 3, 10)
    except RuntimeError:
        pytest.skip("this bpy has no sound")
    meta = make_meta(scene, movie, sound, channel=4)
    footage(meta)
    bpy.ops.fields.reference_view()
    assert numbers_of(scene, [12, 13]) == [2, 3]
    movie.frame_start -= 2
    view.follow(scene)
    assert numbers_of(scene, [12, 13]) == [4, 5] and not scene.fields.reference_outdated


@pytest.mark.parametrize("nonsense", ["x", "[]", "[1, 2, 3]", '["Scene", [["a", "b"]], ""]'])
def test_a_file_that_says_nonsense_is_left_alone(scene, view, nonsense):
    scene.fields.reference = nonsense
    view.follow(scene)
    scene.frame_set(3)
    assert scene.fields.reference == nonsense
    bpy.ops.fields.reference_remove()


def test_retimed_strips_have_to_be_rendered(scene, footage, videos, part):
    strip = add_movie(scene, videos[24], start=5)
    reading = part("operators.footage.source_frames")
    assert reading.read_directly(scene, [strip]) is not None
    scene.sequence_editor.active_strip = strip
    in_sequencer(scene, "retiming_key_add", strip, timeline_frame=20)
    assert reading.read_directly(scene, [strip]) is None and reading.must_render(scene, [strip])
