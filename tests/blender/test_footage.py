"""Which strip is the footage: opened, picked, renamed, deleted; in whichever scene it is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.blender.test_strips import add_effect, add_movie, strips
from tests.make_clips import DATA, write_video

bpy: Any = pytest.importorskip("bpy")

CLIP = DATA / "with_sound.mp4"  # a second at 30 frames a second


@pytest.fixture
def another() -> Any:
    """A second scene, at 30 frames a second, not in the window."""
    made = bpy.data.scenes.new("another")
    made.render.fps = 30
    uid = made.session_uid
    yield made
    for scene in [scene for scene in bpy.data.scenes if scene.session_uid == uid]:
        bpy.data.scenes.remove(scene)


@pytest.fixture
def footage(part) -> Any:
    return part("operators.footage.chosen_footage")


@pytest.fixture
def videos(tmp_path) -> list[Path]:
    return [write_video(tmp_path / f"{name}.mp4", 24, 24) for name in ("one", "two")]


def span(strip) -> tuple[int, int]:
    if hasattr(strip, "left_handle"):
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def choices(scene) -> list[str]:
    """Blender lists no choices that are made when it asks; but refusing a wrong one, it names them."""
    with pytest.raises(TypeError) as refused:
        scene.fields.footage = "no such choice"
    return [name.strip("'") for name in str(refused.value).split("(", 1)[1].rstrip(")").split(", ")]


# -- picking -----------------------------------------------------------------------------------------------------------


def test_with_nothing_picked_it_is_what_the_sequencer_has_selected(scene, footage, videos):
    assert footage.chosen(bpy.context).strips == [] and "Open a video" in footage.missing(bpy.context)
    one, two = add_movie(scene, videos[0], start=1), add_movie(scene, videos[1], start=50)
    other = add_effect(scene, "COLOR", 4, 1, 20)  # selected together with them, as sounds are
    for strip in (one, two, other):
        strip.select = False
    scene.sequence_editor.active_strip = two
    assert footage.chosen(bpy.context) == (scene, [two]) and not footage.missing(bpy.context)
    one.select = two.select = other.select = True
    assert footage.chosen(bpy.context) == (scene, [two, one])
    assert footage.chosen(bpy.context).name == "two + one"


def test_with_nothing_selected_it_is_the_only_video_of_the_sequencer_then_of_the_file(scene, another, footage, videos):
    far = add_movie(another, videos[1])
    far.select = False
    color = add_effect(scene, "COLOR", 4, 1, 20)
    color.select, scene.sequence_editor.active_strip = True, color
    assert footage.chosen(bpy.context) == (another, [far])
    near = add_movie(scene, videos[0])
    near.select = False
    assert footage.chosen(bpy.context) == (scene, [near])
    third = add_movie(scene, videos[0], start=80)
    third.select = False
    assert footage.chosen(bpy.context).strips == [color]  # of several videos none is meant
    scene.sequence_editor.active_strip = None
    color.select = False
    assert footage.chosen(bpy.context).strips == []


def test_a_picked_strip_is_the_footage_whatever_is_selected(scene, another, footage, videos):
    one, far = add_movie(scene, videos[0]), add_movie(another, videos[1])
    one.select, scene.sequence_editor.active_strip = True, one
    assert scene.fields.footage == "SELECTED"
    scene.fields.footage = "two"
    assert footage.chosen(bpy.context) == (another, [far]) and scene.fields.footage == "two"
    assert footage.chosen(bpy.context, selected=True) == (scene, [one])
    scene.fields.footage = "SELECTED"
    assert footage.chosen(bpy.context) == (scene, [one])


def test_a_picked_strip_is_found_again_under_another_name_and_in_a_renamed_scene(scene, another, footage, videos):
    far = add_movie(another, videos[1])
    add_movie(another, videos[0], start=60)
    scene.fields.footage = "two"
    far.name, another.name = "Anna, take 7", "Edit"
    assert footage.chosen(bpy.context) == (another, [far])
    assert scene.fields.footage == "Anna, take 7"
    impostor = add_movie(another, videos[0], start=120, channel=2)
    impostor.name = "two"
    assert footage.chosen(bpy.context).strips == [far]


def test_a_copy_of_the_picked_strip_does_not_take_its_place(scene, footage, videos):
    strip = add_movie(scene, videos[0])
    scene.fields.footage = "one"
    copy = add_movie(scene, videos[0], start=100, channel=5)
    copy["fields_footage"] = strip["fields_footage"]  # as duplicating and cutting do
    assert footage.chosen(bpy.context).strips == [strip]
    whole = scene.copy()
    try:
        assert footage.chosen(bpy.context).scene == scene
        assert whole.fields.footage_scene is None  # so the copy's footage is its own
    finally:
        bpy.data.scenes.remove(whole)


def test_a_picked_strip_that_is_gone_is_missed_and_nothing_else_taken(scene, footage, videos):
    one = add_movie(scene, videos[0])
    two = add_movie(scene, videos[1], start=60)
    two.select = True
    scene.fields.footage = "one"
    strips(scene.sequence_editor).remove(one)
    assert footage.chosen(bpy.context).strips == []
    assert "“one” was deleted" in footage.missing(bpy.context)
    assert scene.fields.footage == "GONE"
    scene.fields.footage = "GONE"
    assert scene.fields.footage_name == "one"
    scene.fields.footage = "two"
    assert footage.chosen(bpy.context).strips == [two]


def test_a_deleted_scene_takes_its_footage_along(scene, another, footage, videos):
    add_movie(another, videos[1])
    scene.fields.footage = "two"
    bpy.data.scenes.remove(another)
    assert footage.chosen(bpy.context).strips == [] and scene.fields.footage == "GONE"


def test_strips_of_one_name_are_told_apart(scene, another, footage, videos):
    here, there = add_movie(scene, videos[0]), add_movie(another, videos[0])
    listed = choices(scene)
    assert "one" not in listed and listed[0] == "SELECTED"
    for strip, owner in ((here, scene), (there, another)):
        scene.fields.footage = f"one ({owner.name})"
        assert footage.chosen(bpy.context) == (owner, [strip])


def test_sounds_and_colours_are_no_choice(scene, videos):
    add_movie(scene, videos[0])
    add_effect(scene, "COLOR", 4, 1, 20)
    assert choices(scene) == ["SELECTED", "one"]


def test_a_video_inside_a_meta_strip_stays_picked(scene, footage, videos):
    from tests.blender.test_strips import make_meta

    one, two = add_movie(scene, videos[0]), add_movie(scene, videos[1], start=60)
    scene.fields.footage = "one"
    make_meta(scene, one, two, channel=3)
    assert footage.chosen(bpy.context).strips[0].name == "one" and scene.fields.footage == "one"
    assert set(choices(scene)) == {"SELECTED", "MetaStrip", "one"}


def test_the_current_frame_is_the_same_second_in_a_scene_that_is_not_shown(scene, another, footage):
    scene.frame_current, another.frame_current = 48, 7
    assert footage.playhead(bpy.context, scene) == 48
    assert footage.playhead(bpy.context, another) == 60


def test_the_name_of_many_strips_stays_short(scene, part, videos):
    made = [add_movie(scene, videos[0], start=1 + 40 * i) for i in range(5)]
    named = part("operators.footage.chosen_footage").Footage
    assert named(scene, made).name == "one and 4 more"
    assert named(scene, made[:2]).name == "one + one.001"


# -- the strips of a take ----------------------------------------------------------------------------------------------


def test_the_strips_of_a_take_are_found_again(scene, another, footage, videos):
    one, two = add_movie(another, videos[0]), add_movie(another, videos[1], start=60)
    source = footage.described(footage.Footage(another, [one, two]))
    one.name = "renamed"
    assert footage.of_take(source) == (another, [one, two])
    for old in ({}, {"footage": 5}, {"footage": [{}]}, {"footage": ["one"]}, {"footage": []}):
        assert footage.of_take(old) is None


def test_a_take_whose_strip_is_gone_says_so(scene, footage, videos, part):
    one = add_movie(scene, videos[0])
    source = footage.described(footage.Footage(scene, [one]))
    strips(scene.sequence_editor).remove(one)
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match=r"“one”.*deleted"):
        footage.of_take(source)


# -- opening -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin,first", [("START", 5), ("PLAYHEAD", 40)])
def test_an_opened_video_is_the_footage_with_its_sound_at_its_own_speed(scene, footage, begin, first):
    scene.frame_start, scene.frame_current = 5, 40
    window, areas = bpy.context.window, [area.ui_type for area in bpy.context.window.screen.areas]
    view, scenes = scene.view_settings.view_transform, len(bpy.data.scenes)
    assert bpy.ops.fields.open_video(filepath=str(CLIP), begin=begin, use_rate=False) == {"FINISHED"}
    kinds = sorted(strip.type for strip in strips(scene.sequence_editor))
    heard = bpy.app.build_options.audaspace  # not in bpy 4.2
    assert kinds == ["MOVIE", "SOUND"][: 1 + heard]
    strip = footage.chosen(bpy.context).strips[0]
    # A second at 24 frames a second, in which the 30 frames of the video play.
    assert strip.type == "MOVIE" and span(strip) == (first, first + 24) and scene.render.fps == 24
    for sound in (other for other in strips(scene.sequence_editor) if other != strip):
        assert span(sound) == span(strip) and sound.channel != strip.channel
    assert scene.fields.footage == strip.name == "with_sound.mp4"
    assert scene.frame_end == first + 23
    # Nothing else has changed.
    assert [area.ui_type for area in window.screen.areas] == areas
    assert window.scene == scene and len(bpy.data.scenes) == scenes and scene.view_settings.view_transform == view


def test_an_empty_scene_takes_the_rate_of_the_video_and_others_keep_theirs(scene, tmp_path):
    odd = write_video(tmp_path / "ntsc.mp4", 30, 29.97)
    bpy.ops.fields.open_video(filepath=str(odd))
    assert scene.render.fps == 30 and scene.render.fps_base == pytest.approx(1.001, abs=1e-4)
    assert scene.frame_end == 30
    bpy.ops.fields.open_video(filepath=str(CLIP))  # there is a strip now
    assert scene.render.fps_base == pytest.approx(1.001, abs=1e-4)


def test_an_animated_scene_is_neither_retimed_nor_shortened(scene):
    thing = bpy.data.objects.new("ball", None)
    scene.collection.objects.link(thing)
    thing.keyframe_insert("location", frame=200)
    bpy.ops.fields.open_video(filepath=str(CLIP))
    assert scene.render.fps == 24 and scene.frame_end == 250
    scene.frame_start = 240
    bpy.ops.fields.open_video(filepath=str(CLIP))
    assert scene.frame_end == 263
    bpy.ops.fields.open_video(filepath=str(CLIP), use_end=False, begin="PLAYHEAD", use_rate=True)
    assert scene.frame_end == 263 and scene.render.fps == 30


def test_several_videos_lie_one_after_another_and_above_what_is_there(scene, footage, videos, tmp_path):
    below = add_movie(scene, videos[0], start=1, channel=3)
    files = [{"name": path.name} for path in videos]
    assert bpy.ops.fields.open_video(directory=str(tmp_path), files=files) == {"FINISHED"}
    one, two = [s for s in strips(scene.sequence_editor) if s != below]
    assert span(one)[1] == span(two)[0] and one.channel > below.channel
    assert footage.chosen(bpy.context).strips == [one] and scene.frame_end == 250
    for strip in (below, one, two):
        assert span(strip)[1] - span(strip)[0] == 24


def test_the_sequencer_of_another_scene_gets_it_where_that_is_the_one_shown(scene, another, footage):
    if not hasattr(bpy.context.workspace, "sequencer_scene"):
        pytest.skip("since Blender 5.0")
    bpy.context.workspace.sequencer_scene = another
    bpy.ops.fields.open_video(filepath=str(CLIP))
    assert footage.chosen(bpy.context).scene == another and scene.sequence_editor is None
    # Both follow the video, each in its own frames.
    assert (another.frame_end, scene.frame_end, scene.render.fps) == (30, 30, 30)
    assert bpy.context.workspace.sequencer_scene == another and bpy.context.scene == scene


def test_a_sequencer_that_shows_no_scene_shows_the_one_with_the_video(scene):
    if not hasattr(bpy.context.workspace, "sequencer_scene"):
        pytest.skip("since Blender 5.0")
    bpy.context.workspace.sequencer_scene = None
    bpy.ops.fields.open_video(filepath=str(CLIP))
    assert bpy.context.workspace.sequencer_scene == scene


@pytest.mark.parametrize("name,says", [("sound.mp4", "can't be read as a video"), ("none.mp4", "no file"),
                                       ("raw.txt", "can't be read as a video")])  # fmt: skip
def test_what_is_no_video_changes_nothing(scene, tmp_path, name, says):
    (tmp_path / "raw.txt").write_text("no video")
    path = DATA / name if (DATA / name).exists() else tmp_path / name
    good_and_bad = [{"name": CLIP.name}, {"name": name}]
    for wanted in ({"filepath": str(path)}, {"directory": str(path.parent), "files": good_and_bad[1:]}):
        with pytest.raises(RuntimeError, match=says):
            bpy.ops.fields.open_video(**wanted)
    assert scene.render.fps == 24 and scene.frame_end == 250 and scene.fields.footage == "SELECTED"
    assert not scene.sequence_editor or not len(strips(scene.sequence_editor))


def test_all_channels_taken_changes_nothing(scene, videos):
    add_movie(scene, videos[0], start=1, channel=128)
    with pytest.raises(RuntimeError, match="All channels"):
        bpy.ops.fields.open_video(filepath=str(CLIP), use_rate=True)
    assert len(strips(scene.sequence_editor)) == 1 and scene.render.fps == 24


def test_videos_are_dropped_into_the_3d_view():
    handler = bpy.types.FIELDS_FH_video
    assert handler.bl_import_operator == "fields.open_video"
    assert {".mp4", ".mov", ".mkv"} <= set(handler.bl_file_extensions.split(";"))
    assert "UNDO" in bpy.types.FIELDS_OT_open_video.bl_options


# -- the panel ---------------------------------------------------------------------------------------------------------


def shown(part, scene) -> list[str]:
    """What is drawn for the footage: texts, and operators and properties by their names."""
    drawn: list[str] = []

    class Layout:
        def __getattr__(self, name):
            def draw(*given, text="", **_):
                drawn.extend([text] if name == "label" else [str(g) for g in given if isinstance(g, str)])
                return Layout()

            return draw

    context = SimpleNamespace(
        scene=scene, sequencer_scene=scene, region=SimpleNamespace(width=100_000),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
    )  # fmt: skip
    part("ui.footage").draw_footage(Layout(), context)
    return drawn


def test_without_footage_there_is_the_button_alone(scene, part):
    assert shown(part, scene) == ["fields.open_video"]


def test_frame_rates_that_differ_are_explained_where_the_footage_is_chosen(scene, another, part, tmp_path):
    strip = add_movie(scene, write_video(tmp_path / "same.mp4", 24, 24))
    assert shown(part, scene) == ["footage", "fields.open_video", strip.name]
    scene.render.fps, scene.render.fps_base = 24, 1.001
    assert "The video has 24 frames a second, the scene 23.98." in shown(part, scene)[-1]
    scene.render.fps_base = 1.0
    add_movie(another, write_video(tmp_path / "far.mp4", 30, 30))
    scene.fields.footage = "far"
    assert shown(part, scene)[2:] == [
        "The strip is in “another” with 30 frames a second, and this scene has 24: keys come at the right time, but "
        "not on the frame numbers of the strip. Give both scenes the same frame rate"
    ]
    another.render.fps = 24
    assert shown(part, scene)[2] == "In the scene “another”"


def test_footage_that_is_gone_can_be_chosen_anew(scene, part, videos):
    strip = add_movie(scene, videos[0])
    scene.fields.footage = "one"
    strips(scene.sequence_editor).remove(strip)
    assert shown(part, scene) == ["footage", "fields.open_video"]
