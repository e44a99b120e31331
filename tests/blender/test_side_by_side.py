"""The side-by-side video, read back: the frames of the footage on the left, of the head on the right."""

import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.blender.test_strips import add_movie, state_of, strips, trim
from tests.make_clips import DATA, read_number, write_pictures

bpy: Any = pytest.importorskip("bpy")


@pytest.fixture
def errors(part):
    return part("fields_blender.core.errors").FieldsError


@pytest.fixture
def images(part):
    return part("operators.reference_images")


@pytest.fixture
def cheap(scene):
    """Renders in a moment."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.cycles.max_bounces = 0
    return scene


@pytest.fixture
def growing(cheap, footage):
    """A head that is white and lit by itself, and twice as wide from frame 15 on; chosen as the head."""
    mesh = bpy.data.meshes.new("Plate")
    mesh.from_pydata([(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)], [], [(0, 1, 2, 3)])
    head = bpy.data.objects.new("Plate", mesh)
    cheap.collection.objects.link(head)
    head.shape_key_add(name="Basis", from_mix=False)
    wide = head.shape_key_add(name="jawOpen", from_mix=False)
    for point in wide.data:
        point.co.x *= 0.5
    for frame, value in ((1, 1.0), (14, 1.0), (15, 0.0)):
        wide.value = value
        wide.keyframe_insert("value", frame=frame)
    glow = bpy.data.materials.new("Glow")
    if bpy.app.version < (5, 0, 0):
        glow.use_nodes = True
    shader = next(node for node in glow.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Emission Color"].default_value = (1, 1, 1, 1)
    shader.inputs["Emission Strength"].default_value = 5.0
    mesh.materials.append(glow)
    cheap.fields.head = head
    yield head
    bpy.data.objects.remove(head)


def read(path: Path) -> tuple[list[np.ndarray], float]:
    video = cv2.VideoCapture(str(path))
    frames = []
    while (got := video.read())[0]:
        frames.append(got[1])
    return frames, video.get(cv2.CAP_PROP_FPS)


def left_over() -> list[Any]:
    return [
        sorted(item.name for item in kind)
        for kind in (bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.lights, bpy.data.images,
                     bpy.data.sounds, bpy.data.actions)
    ]  # fmt: skip


@pytest.mark.parametrize("rate,base", [(24, 1.0), (30, 1.001)])
def test_each_frame_has_the_footage_and_the_head_of_that_frame(growing, footage, videos, tmp_path, rate, base):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = rate, base
    scene.render.filepath, scene.render.resolution_percentage = "//mine", 30
    strip = add_movie(scene, videos[60], start=10, adjust=True)
    trim(strip)
    footage(strip)
    scene.frame_set(20)
    before, things = state_of(scene), left_over()
    path = tmp_path / "a.mp4"
    assert bpy.ops.fields.side_by_side(filepath=str(path), height=128, stamp=False) == {"FINISHED"}
    assert state_of(scene) == before and left_over() == things
    frames, fps = read(path)
    first = strip.frame_final_start
    assert fps == pytest.approx(rate / base, abs=0.01)
    assert len(frames) == strip.frame_final_duration and frames[0].shape == (128, 256, 3)
    factor = strip.fps / (rate / base)
    expected = [int((first + i - strip.frame_start) * factor + 0.5) + 3 for i in range(len(frames))]
    assert [read_number(frame[:, :128]) for frame in frames] == expected
    white = [(frame[:, 128:].min(axis=2) > 200).mean() for frame in frames]
    wide = np.array([first + i >= 15 for i in range(len(frames))])
    assert wide.any() and not wide.all()
    # The plate is 4 of the 6 units that the picture shows, half as wide before.
    assert np.allclose(np.array(white)[wide], (4 / 6) ** 2, atol=0.04)
    assert np.allclose(np.array(white)[~wide], (4 / 6) ** 2 / 2, atol=0.04)


def test_the_take_and_the_frame_are_written_into_it(growing, footage, videos, tmp_path):
    strip = add_movie(bpy.context.scene, videos[24], start=10)
    strip.frame_final_end = 12
    footage(strip)
    for stamp in (False, True):
        bpy.ops.fields.side_by_side(filepath=str(tmp_path / f"{stamp}.mp4"), height=240, stamp=stamp)
    plain, stamped = (read(tmp_path / f"{stamp}.mp4")[0] for stamp in (False, True))
    changed = [np.abs(a.astype(int) - b).max(axis=2) > 60 for a, b in zip(plain, stamped, strict=True)]
    assert all(0.001 < where.mean() < 0.2 for where in changed)


def test_with_sound_at_its_time(growing, footage, videos, tmp_path):
    scene = bpy.context.scene
    strip = add_movie(scene, videos[24], start=10)
    footage(strip)
    try:
        strips(scene.sequence_editor).new_sound("beep", str(DATA / "sound.m4a"), 3, 22)
    except RuntimeError:
        pytest.skip("this bpy has no sound")
    things = left_over()
    bpy.ops.fields.side_by_side(filepath=str(tmp_path / "a.mp4"), height=128)
    assert left_over() == things
    loud = heard(tmp_path / "a.mp4", tmp_path / "a.wav")
    # From 12 frames after the first on, for .2 s; AAC rounds its edges.
    assert loud[0] == pytest.approx(12 / 24, abs=0.05) and loud[-1] == pytest.approx(12 / 24 + 0.2, abs=0.06)
    strips(scene.sequence_editor)["beep"].mute = True
    bpy.ops.fields.side_by_side(filepath=str(tmp_path / "b.mp4"), height=128)
    assert b"mp4a" not in (tmp_path / "b.mp4").read_bytes() and b"mp4a" in (tmp_path / "a.mp4").read_bytes()


def heard(video: Path, wav: Path) -> np.ndarray:
    """The times (s) at which a video is loud."""
    scene = bpy.data.scenes.new("listen")
    scene.render.fps = 24
    strips(scene.sequence_editor_create()).new_sound("heard", str(video), 1, 0)
    scene.frame_start, scene.frame_end = 0, 48
    with bpy.context.temp_override(scene=scene):
        bpy.ops.sound.mixdown(filepath=str(wav), container="WAV", codec="PCM", format="S16", check_existing=False)
    bpy.data.scenes.remove(scene)
    with wave.open(str(wav)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())
        return np.flatnonzero(np.abs(data.astype(int)).max(axis=1) > 300) / file.getframerate()


def test_through_the_scene_camera(growing, footage, videos, tmp_path):
    scene = bpy.context.scene
    strip = add_movie(scene, videos[24], start=10)
    strip.frame_final_end = 12
    footage(strip)
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.fields.side_by_side(filepath=str(tmp_path / "a.mp4"), view="CAMERA")
    assert not (tmp_path / "a.mp4").exists()
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.location, camera.rotation_euler = (0, 40, 0), (np.pi / 2, 0, np.pi)  # far behind
    scene.render.resolution_x, scene.render.resolution_y = 400, 100
    bpy.ops.fields.side_by_side(filepath=str(tmp_path / "a.mp4"), view="CAMERA", height=128, stamp=False)
    frames, _ = read(tmp_path / "a.mp4")
    assert frames[0].shape == (128, 128 + 512, 3) and (frames[0][:, 128:] > 200).mean() < 0.05
    assert scene.camera == camera
    bpy.data.objects.remove(camera)


def test_given_up_it_leaves_nothing_and_the_old_video_stays(growing, footage, videos, tmp_path, part, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    scene, path = bpy.context.scene, tmp_path / "a.mp4"
    path.write_bytes(b"of yesterday")
    footage(add_movie(scene, videos[24], start=10))
    before, things = state_of(scene), left_over()
    operator = part("operators.side_by_side")
    job = type("Job", (), {name: value for name, value in vars(operator.FIELDS_OT_side_by_side).items()
                           if name in {"prepare", "_footage", "_head", "_browsed"}})()  # fmt: skip
    job.filepath, job.view, job.look, job.height, job.stamp, job.in_window = (
        str(path),
        "HEAD",
        "SCENE",
        128,
        True,
        False,
    )
    words = set()
    for wanted in ("Rendering the strip", "Rendering the head", "Writing the video"):
        steps = job.prepare(bpy.context)
        for step in steps:
            words.add(step[1].partition(":")[0])
            if wanted in words:
                break
        steps.close()
        assert wanted in words
        assert state_of(scene) == before and left_over() == things
        assert path.read_bytes() == b"of yesterday" and not list((tmp_path / "temporary").iterdir())


@pytest.fixture
def plan(tmp_path) -> dict[str, Any]:
    pictures = [str(path) for path in write_pictures(tmp_path / "pictures", 12)]
    strip = {"channel": 1, "first": 3, "pictures": pictures, "scale": 2.0, "offset": -64}
    return {"name": "FIELDS (temporary)", "video": str(tmp_path / "a.mp4"), "title": "", "fps": 25, "fps_base": 1.0,
            "first": 3, "last": 14, "width": 256, "height": 128, "strips": [strip], "sound": None}  # fmt: skip


@pytest.fixture
def encoding(part, monkeypatch):
    """Its other Blender is a Python that has bpy."""
    module = part("operators.video_encoding")
    monkeypatch.setattr(module, "_program", lambda: [sys.executable, module.video_scene.__file__])
    return module


def test_the_video_is_written_by_a_blender_of_its_own(plan, encoding, tmp_path):
    before = left_over()
    assert max(encoding.encode(plan, in_window=True)) <= 12
    frames, fps = read(tmp_path / "a.mp4")
    assert fps == 25 and [read_number(frame[:, :128]) for frame in frames] == list(range(12))
    assert all(frame[:, 128:].max() < 10 for frame in frames) and left_over() == before


def test_that_blender_ends_when_the_artist_cancels(plan, encoding, monkeypatch):
    started = []
    start = subprocess.Popen
    monkeypatch.setattr(encoding.subprocess, "Popen", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    steps = encoding.encode(plan, in_window=True)
    next(steps)
    assert started[0].poll() is None
    steps.close()
    assert started[0].poll() is not None


def test_where_that_blender_fails_its_last_words_are_said(plan, encoding, errors):
    plan["strips"] = [{}]
    with pytest.raises(errors, match="KeyError"):
        list(encoding.encode(plan, in_window=True))


def test_where_it_can_not_be_written_it_says_so_at_once(growing, footage, videos, tmp_path):
    footage(add_movie(bpy.context.scene, videos[24], start=10))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RuntimeError, match="can't be written"):
        bpy.ops.fields.side_by_side(filepath=str(tmp_path / "file" / "a.mp4"))
