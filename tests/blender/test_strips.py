"""What a Clip says is visible at a scene frame, against Blender's own render of the sequencer."""

import itertools
import math
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.make_clips import DATA, painted, read_number, write_pictures

bpy: Any = pytest.importorskip("bpy")

RATES = [24, 25, 29.97, 30, 60]
SCENES = [(24, 1.0), (30, 1.0), (24, 1.001), (30, 1.001)]


@pytest.fixture
def reading(part):
    return part("operators.footage.strips")


@pytest.fixture
def frames(part):
    return part("fields_blender.capture.clip").frames


@pytest.fixture
def errors(part):
    return part("fields_blender.core.errors").FieldsError


def strips(owner) -> Any:
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def add_movie(scene, path: Path, start: int = 10, channel: int = 1, adjust: bool = False) -> Any:
    """`adjust`: Blender's “adjust playback rate”, which only the operator sets."""
    editor = scene.sequence_editor_create()
    if not adjust:
        return strips(editor).new_movie(path.stem, str(path), channel, start)
    known = set(strips(editor))
    in_sequencer(
        scene, "movie_strip_add", filepath=str(path), frame_start=start, channel=channel, sound=False,
        adjust_playback_rate=True, use_framerate=False, fit_method="ORIGINAL", **options(move_strips=False),
    )  # fmt: skip
    return next(strip for strip in strips(editor) if strip not in known)


def in_sequencer(scene, operator: str, *chosen, **keywords) -> None:
    """Run a sequencer operator, on these strips."""
    for strip in strips(scene.sequence_editor):
        strip.select = strip in chosen
    area = bpy.context.window.screen.areas[0]
    kind, area.type = area.type, "SEQUENCE_EDITOR"
    with bpy.context.temp_override(window=bpy.context.window, area=area, scene=scene):
        getattr(bpy.ops.sequencer, operator)(**keywords)
    area.type = kind


def options(**wanted) -> dict[str, Any]:
    """Those that this Blender's movie_strip_add has (5.0 crashes without a window when move_strips is on)."""
    known = bpy.ops.sequencer.movie_strip_add.get_rna_type().properties
    return {name: value for name, value in wanted.items() if name in known}


def add_effect(scene, kind: str, channel: int, first: int, length: int, source=None) -> Any:
    """The arguments of new_effect were renamed in 4.4 and again in 5.0."""
    new = strips(scene.sequence_editor_create()).new_effect
    names = [
        ("length", length, "input1"),
        ("frame_end", first + length, "input1"),
        ("frame_end", first + length, "seq1"),
    ]
    for end, value, taken in names:
        keywords = {end: value} | ({taken: source} if source else {})
        try:
            return new(name=kind.lower(), type=kind, channel=channel, frame_start=first, **keywords)
        except TypeError as error:
            refused = error
    raise refused


def blender_shows(scene, folder: Path, first: int, last: int) -> list[int]:
    """The painted numbers of scene frames `first` to before `last`."""
    render = scene.render
    render.resolution_x = render.resolution_y = 64
    render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "BMP"
    if hasattr(scene.sequence_editor, "use_cache_raw"):
        # 5.0 keeps source frames under the whole part of their position, so that with less than one source frame a
        # scene frame it shows the frame before (position .8) again instead of the nearest.
        scene.sequence_editor.use_cache_raw = False
    scene.frame_start, scene.frame_end = first, last - 1
    render.filepath = str(folder / "blender" / "######")
    bpy.ops.render.render(animation=True, scene=scene.name)
    return [read_number(cv2.imread(str(folder / "blender" / f"{frame:06d}.bmp"))) for frame in range(first, last)]


def clip_shows(scene, strip, clip, frames, factor: float) -> list[int]:
    """The same by the Clip: the last source frame at or before the position Blender rounds to (scene.py's rule)."""
    fps = scene.render.fps / scene.render.fps_base
    read = [(frame.time * fps, read_number(frame.image)) for frame in frames(clip)]
    assert all(later[0] > earlier[0] for earlier, later in itertools.pairwise(read))
    start, trim = strip.frame_start, strip.animation_offset_start
    end = start + strip.frame_final_duration + strip.frame_offset_start + strip.frame_offset_end - 1
    sign, origin = (-1, end) if strip.use_reverse_frames else (1, start)
    positions = sorted((sign * (at - origin) * factor + trim, number) for at, number in read)
    shown = []
    for frame in range(strip.frame_final_start, strip.frame_final_end):
        position = math.floor(sign * (frame - origin) * factor + 0.5) + trim
        # Half a millisecond of a container's rounded time stamps is up to .03 of a frame.
        shown.append([number for at, number in positions if at <= position + 0.04][-1])
    return shown


def trim(strip) -> None:
    strip.animation_offset_start = 3
    strip.frame_offset_start, strip.frame_offset_end = 4, 5


def turn_round(strip) -> None:
    trim(strip)
    strip.use_reverse_frames = True


@pytest.mark.parametrize("adjust", [False, True], ids=["as is", "adjusted"])
@pytest.mark.parametrize("fps,base", SCENES)
@pytest.mark.parametrize("rate", [*RATES, "variable"])
def test_a_clip_shows_what_blender_shows(scene, reading, frames, videos, tmp_path, rate, fps, base, adjust):
    scene.render.fps, scene.render.fps_base = fps, base
    strip = add_movie(scene, DATA / "vfr.mp4" if rate == "variable" else videos[rate], adjust=adjust)
    factor = strip.fps / (fps / base) if adjust else 1.0
    for change in (None, trim, turn_round):
        if change:
            change(strip)
        clip = reading.clip_from_strips(scene, [strip])
        first, last = strip.frame_final_start, strip.frame_final_end
        assert clip_shows(scene, strip, clip, frames, factor) == blender_shows(scene, tmp_path, first, last), change


def read(frames, clip, scene) -> tuple[list[float], list[int], list[int]]:
    """Scene frames, painted numbers, and the indices of the cuts."""
    fps = scene.render.fps / scene.render.fps_base
    got = list(frames(clip))
    clip.close()
    return (
        [round(frame.time * fps, 3) for frame in got],
        [read_number(frame.image) for frame in got],
        [frame.index for frame in got if frame.cut],
    )


def test_the_frame_before_and_the_frame_after_are_there_to_interpolate(scene, reading, frames, videos):
    strip = add_movie(scene, videos[60], adjust=True)  # 2.5 source frames a scene frame
    strip.frame_offset_start, strip.frame_offset_end = 1, 10
    times, numbers, cuts = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    assert times[0] < first < times[1] and times[-2] < last <= times[-1]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert cuts == [0]


def test_limits(scene, reading, frames, videos):
    strip = add_movie(scene, videos[24])
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip], (15, 20)), scene)
    assert times == [15, 16, 17, 18, 19, 20] and numbers == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("backwards", [False, True])
def test_image_sequence(scene, reading, frames, tmp_path, backwards):
    paths = write_pictures(tmp_path / "pictures", 12)
    strip = strips(scene.sequence_editor_create()).new_image("pictures", str(paths[0]), 2, 7)
    for path in paths[1:]:
        strip.elements.append(path.name)
    strip.animation_offset_start, strip.animation_offset_end = 2, 1
    strip.frame_offset_start, strip.frame_offset_end = 1, 3
    strip.use_reverse_frames = backwards
    first, last = strip.frame_final_start, strip.frame_final_end
    times, numbers, cuts = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    assert times == list(range(first, last)) and cuts == [0]
    assert numbers == blender_shows(scene, tmp_path, first, last)


def test_one_still_is_one_frame(scene, reading, frames, tmp_path):
    path = write_pictures(tmp_path / "pictures", 1)[0]
    strip = strips(scene.sequence_editor_create()).new_image("still", str(path), 1, 7)
    strip.frame_final_duration = 20
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    assert (times, numbers) == ([7], [0])


def test_strips_one_after_another_have_a_cut_between(scene, reading, frames, videos):
    one = add_movie(scene, videos[25], start=1, adjust=True)
    one.frame_final_end = 21
    two = add_movie(scene, videos[30], start=21, channel=2, adjust=True)
    clip = reading.clip_from_strips(scene, [two, one])
    times, numbers, cuts = read(frames, clip, scene)
    assert [times[cut] for cut in cuts] == [1, 21]
    assert times == sorted(set(times)) and numbers[cuts[1]] == 0
    assert [item["name"] for item in clip.source["strips"]] == [one.name, two.name]


def test_of_strips_that_overlap_the_upper_one_is_read(scene, reading, frames, videos):
    below = add_movie(scene, videos[24], start=1)
    above = add_movie(scene, videos[24], start=11, channel=3)
    above.frame_final_end = 21
    times, numbers, cuts = read(frames, reading.clip_from_strips(scene, [below, above]), scene)
    assert times == list(range(1, 37)) and [times[cut] for cut in cuts] == [1, 11, 21]
    assert numbers == [*range(10), *range(10), *range(20, 36)]


def test_muted_strips_and_channels_are_left_out(scene, reading, frames, videos, errors):
    one, two = add_movie(scene, videos[24], start=1), add_movie(scene, videos[25], start=1, channel=2)
    two.mute = True
    _, numbers, _ = read(frames, reading.clip_from_strips(scene, [one, two]), scene)
    assert len(numbers) == 36
    two.mute = False
    scene.sequence_editor.channels[1].mute = True
    _, numbers, _ = read(frames, reading.clip_from_strips(scene, [one, two]), scene)
    assert len(numbers) == 37
    with pytest.raises(errors, match="muted"):
        reading.clip_from_strips(scene, [one])


def make_meta(scene, *children, channel: int) -> Any:
    in_sequencer(scene, "meta_make", *children)
    meta = children[0].parent_meta()
    meta.channel = channel
    return meta


def test_strips_in_meta_strips(scene, reading, frames, videos, tmp_path):
    one = add_movie(scene, videos[24], start=5, channel=3)
    two = add_movie(scene, videos[25], start=20, channel=4)
    inner = make_meta(scene, one, channel=3)
    outer = make_meta(scene, inner, two, channel=5)
    outer.frame_offset_start, outer.frame_offset_end = 4, 6
    first, last = outer.frame_final_start, outer.frame_final_end
    expected = blender_shows(scene, tmp_path, first, last)
    times, numbers, cuts = read(frames, reading.clip_from_strips(scene, [outer]), scene)
    assert times == list(range(first, last)) and numbers == expected and len(cuts) == 2
    # A strip chosen inside an open meta strip shows no more than the meta strip lets through.
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [one]), scene)
    assert times[0] == first and numbers == list(range(4, 36))


def state_of(scene) -> list[Any]:
    render = scene.render
    return [
        scene.frame_current, scene.frame_start, scene.frame_end, render.filepath, render.resolution_x,
        render.resolution_percentage, render.image_settings.file_format, scene.view_settings.view_transform,
        [(strip.name, strip.mute, strip.blend_type) for strip in strips(scene.sequence_editor)],
        len(bpy.data.scenes),
    ]  # fmt: skip


def test_speed_effects_are_rendered(scene, reading, frames, videos, tmp_path):
    strip = add_movie(scene, videos[24], start=5)
    other = add_movie(scene, videos[30], start=1, channel=6)  # lies over it, but is not chosen
    speed = add_effect(scene, "SPEED", 2, 5, 36, strip)
    speed.speed_control, speed.speed_factor = "MULTIPLY", 2.0
    scene.render.resolution_percentage, scene.render.filepath = 30, "//mine"
    before = state_of(scene)
    steps = reading.read_strips(scene, [strip])
    done = []
    try:
        while True:
            done.append(next(steps))
    except StopIteration as end:
        clip = end.value
    assert done == [(i + 1, 36) for i in range(36)] and state_of(scene) == before
    folder = Path(clip.folder.name)
    times, numbers, _ = read(frames, clip, scene)
    assert not folder.exists()
    assert times == list(range(5, 41)) and numbers[5:15] == list(range(10, 30, 2))
    other.mute = True
    assert numbers == blender_shows(scene, tmp_path, 5, 41)


def test_a_render_given_up_leaves_nothing_behind(scene, reading, videos, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    strip = add_movie(scene, videos[24], start=5)
    strip.use_flip_x = True
    before = state_of(scene)
    steps = reading.read_strips(scene, [strip])
    next(steps)
    steps.close()
    assert state_of(scene) == before and not list(tmp_path.iterdir())


def test_a_mirrored_strip_is_captured_mirrored(scene, reading, frames, tmp_path):
    mirrored = tmp_path / "mirrored.avi"
    writer = cv2.VideoWriter(str(mirrored), cv2.VideoWriter.fourcc(*"MJPG"), 24, (64, 64))
    for number in range(6):
        writer.write(painted(number)[:, ::-1])
    writer.release()
    strip = add_movie(scene, mirrored, start=3)
    _, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    assert numbers == [-1] * 6
    strip.use_flip_x = True
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    scene.render.resolution_x = scene.render.resolution_y = 64
    _, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    assert times == list(range(3, 9)) and numbers == list(range(6))


def test_retimed_strips_are_rendered(scene, reading, frames, videos, tmp_path):
    strip = add_movie(scene, videos[24], start=5)
    scene.sequence_editor.active_strip = strip
    in_sequencer(scene, "retiming_key_add", strip, timeline_frame=20)
    strip.retiming_keys[1].timeline_frame = 30  # slower up to there
    first, last = strip.frame_final_start, strip.frame_final_end
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip]), scene)
    assert times == list(range(first, last))
    assert numbers == blender_shows(scene, tmp_path, first, last) != list(range(len(numbers)))


def test_a_linked_scene_with_paths_relative_to_its_file(scene, reading, frames, videos, tmp_path):
    add_movie(scene, videos[30], adjust=True)
    library = tmp_path / "shots" / "library.blend"
    library.parent.mkdir()
    bpy.data.libraries.write(str(library), {scene}, path_remap="RELATIVE_ALL")
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.scenes = [scene.name]
    linked = wanted.scenes[0]
    strip = strips(linked.sequence_editor)[0]
    assert linked.library and strip.filepath.startswith("//")
    times, numbers, _ = read(frames, reading.clip_from_strips(linked, [strip]), linked)
    assert numbers[:20] == list(range(20)) and times[5] == 14  # 5 frames of 30 are 4 of 24
    strip_there = reading.read_strips(linked, [strip])
    strip.use_flip_x = True
    assert next(strip_there) == (1, strip.frame_final_duration)
    strip_there.close()
    bpy.data.libraries.remove(linked.library)


def test_what_is_no_video_says_what_to_choose(scene, reading, errors):
    color = add_effect(scene, "COLOR", 1, 1, 20)
    with pytest.raises(errors, match=r"color strip.*Choose a movie"):
        reading.clip_from_strips(scene, [color])
    with pytest.raises(errors, match="Select a movie"):
        reading.clip_from_strips(scene, [])


def test_files_that_moved_or_are_damaged(scene, reading, errors, videos, tmp_path):
    moved = tmp_path / "take.mp4"
    moved.write_bytes(videos[24].read_bytes())
    strip = add_movie(scene, moved)
    moved.rename(tmp_path / "elsewhere.mp4")
    with pytest.raises(errors, match=r"take\.mp4 is not where.*Find Missing Files"):
        reading.clip_from_strips(scene, [strip])
    moved.write_bytes(b"no video at all")
    with pytest.raises(errors, match=r"take\.mp4 can't be read as a video"):
        reading.clip_from_strips(scene, [strip])


def test_nothing_in_the_range(scene, reading, errors, videos):
    with pytest.raises(errors, match="shows no video between frames 500 and 600"):
        reading.clip_from_strips(scene, [add_movie(scene, videos[24])], (500, 600))


def test_a_video_whose_file_does_not_say_its_length_is_read_whole(scene, reading, frames):
    """Blender takes it for one frame of black."""
    add_movie(scene, DATA / "no_length.webm")
    clip = reading.clip_from_strips(scene, [strips(scene.sequence_editor)[0]])
    got = list(frames(clip))
    assert [read_number(frame.image) for frame in got] == list(range(30))
    assert got[0].time == pytest.approx(10 / 24, abs=1e-6)
    assert got[-1].time - got[0].time == pytest.approx(29 / 30, abs=3e-3)
    assert [(strip["first"], strip["last"]) for strip in clip.source["strips"]] == [(10, 33)]


def test_a_movie_clip_strip_is_rendered(scene, reading, frames, videos):
    clip = bpy.data.movieclips.load(str(videos[24]))
    strip = strips(scene.sequence_editor_create()).new_clip("Clip", clip, 1, 5)
    scene.render.resolution_x = scene.render.resolution_y = 64
    made = reading.clip_from_strips(scene, [strip], (5, 12))
    times, numbers, _ = read(frames, made, scene)
    assert times == list(range(5, 13)) and numbers == list(range(8))


def test_a_scene_strip_is_rendered(scene, reading, frames, videos):
    other = bpy.data.scenes.new("Edit")
    other.render.fps = 24
    add_movie(other, videos[24], start=1)
    other.render.resolution_x = other.render.resolution_y = 64
    other.frame_start, other.frame_end = 1, 20
    strip = strips(scene.sequence_editor_create()).new_scene("Edit", other, 1, 5)
    strip.scene_input = "SEQUENCER"
    scene.render.resolution_x = scene.render.resolution_y = 64
    times, numbers, _ = read(frames, reading.clip_from_strips(scene, [strip], (5, 12)), scene)
    assert times == list(range(5, 13)) and numbers == list(range(8))
    bpy.data.scenes.remove(other)


def test_effects_over_footage(scene, reading, frames, videos):
    """Chosen with the footage, they don't hide it; chosen alone, what they show is rendered."""
    strip = add_movie(scene, videos[24], start=5)
    blur = add_effect(scene, "GAUSSIAN_BLUR", 2, 5, 25, strip)
    blur.size_x = blur.size_y = 0.0
    colour = add_effect(scene, "COLOR", 4, 5, 25)
    layer = add_effect(scene, "ADJUSTMENT", 3, 8, 14)
    clip = reading.clip_from_strips(scene, [strip, blur, colour, layer], (5, 12))
    assert read(frames, clip, scene)[1][:8] == list(range(8)) and clip.folder is None
    clip = reading.clip_from_strips(scene, [blur], (5, 12))
    assert clip.folder is not None and read(frames, clip, scene)[1] == list(range(8))
    clip = reading.clip_from_strips(scene, [layer])
    numbers = read(frames, clip, scene)[1]
    assert 3 in numbers and clip.source["strips"][0]["name"] == strip.name


def test_pictures_that_are_missing_are_left_out_and_told(scene, reading, frames, errors, tmp_path):
    paths = write_pictures(tmp_path / "pictures", 8)
    editor = scene.sequence_editor_create()
    strip = strips(editor).new_image("Pictures", str(paths[0]), 1, 5)
    for path in paths[1:]:
        strip.elements.append(path.name)
    strip.frame_final_duration = 8
    for path in paths[2:4]:
        path.unlink()
    clip = reading.clip_from_strips(scene, [strip])
    times, numbers, _ = read(frames, clip, scene)
    assert times == [5, 6, 9, 10, 11, 12] and numbers == [0, 1, 4, 5, 6, 7]
    assert clip.notes == ["Pictures of “Pictures” that are missing, left out: 2, from f3.png on."]
    for path in paths:
        path.unlink(missing_ok=True)
    with pytest.raises(errors, match="Find Missing Files"):
        reading.clip_from_strips(scene, [strip])
