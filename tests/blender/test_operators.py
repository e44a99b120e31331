"""The verbs: capture, bake, cancel, the command line. The network is left out here, so that its answers are known."""

import functools
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.blender import another_blender
from tests.make_clips import write_video
from tools import shared_data

bpy: Any = pytest.importorskip("bpy")

ROOT = Path(__file__).parents[2]
CLIP = shared_data.find("data", "clips", "d0.mp4")
RATE, START, FRAMES = 24, 11, 24


@pytest.fixture
def head(small_head):
    """A mesh with the 52 keys, chosen as the head; a key on every frame, so that values are exact."""
    small_head.fields.key_style = "EVERY"
    return small_head


@pytest.fixture
def strip(scene, tmp_path):
    """A movie strip of a second, from scene frame 11 on."""
    path = write_video(tmp_path / "painted.mp4", FRAMES, RATE)
    return add_strip(scene, path)


def add_strip(scene, path):
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    made = strips.new_movie("take", str(path), 1, START)
    made.select, editor.active_strip = True, made
    return made


@pytest.fixture
def track(part):
    """`track(time)`: noise with a gap in the fourth frame."""

    def make(at: np.ndarray, gaps=(3,), source=None):
        names, random = part("fields_blender.core.names"), np.random.default_rng(7)
        groups = {
            name: random.uniform(0.0, 0.3, (len(at), *shape)).astype(np.float32) for name, shape in names.GROUPS.items()
        }
        for row in gaps:
            for name, values in groups.items():
                values[row] = 0.0 if name == "confidence" else np.nan
        return part("fields_blender.core.track").Track(np.asarray(at, dtype=float), groups, {}, source or {})

    return make


@pytest.fixture
def captured(part, track, monkeypatch):
    """Capture gives known numbers: `captured()` is the track the last capture returned."""
    solve, made = part("fields_blender.capture.solve"), []

    def capture(clip, models, device, choose, stop, actor, keep):
        at = []
        for frame in part("fields_blender.capture.clip").frames(clip):
            if stop():
                break
            at.append(frame.time)
            yield solve.Progress(len(at), clip.count, len(at))
        made.append(track(np.array(at), source=clip.source))
        return made[-1]

    monkeypatch.setattr(solve, "capture", capture)
    return lambda: made[-1]


def weights(part, track):
    return part("fields_blender.core.arkit").to_arkit(
        *(track[name] for name in ("expression", "jaw", "eyelids", "gaze"))
    )


def error_of(operator) -> str:
    with pytest.raises(RuntimeError) as raised:
        operator()
    return str(raised.value)


def key_frames(head) -> list[float]:
    animation = head.data.shape_keys.animation_data
    if hasattr(animation.action, "fcurves"):
        curves = animation.action.fcurves
    else:
        curves = animation.action.layers[0].strips[0].channelbag(animation.action_slot).fcurves
    return [point.co.x for point in curves.find('key_blocks["jawOpen"].value').keyframe_points]


def test_a_strip_becomes_keys_on_the_frames_where_it_is_seen(scene, part, head, strip, captured):
    head.fields.use_smoothing = False
    assert bpy.ops.fields.capture() == {"FINISHED"}
    assert key_frames(head) == [frame for frame in range(START, START + FRAMES) if frame != START + 3]
    expected = weights(part, captured())
    for row in (0, 10, FRAMES - 1):
        scene.frame_set(START + row)
        got = [head.data.shape_keys.key_blocks[name].value for name in part("fields_blender.core.names").ARKIT]
        limit = [1.0 if name.startswith("eyeBlink") else 2.0 for name in part("fields_blender.core.names").ARKIT]
        np.testing.assert_allclose(got, np.minimum(expected[row], limit), atol=1e-5)
    assert head.data.shape_keys.animation_data.action.name.startswith("FIELDS take")
    assert head.fields.report.startswith(f"{FRAMES} frames, 1 without a face, 52 of 52 channels keyed")
    kept = part("operators.takes.track_store").load(head)
    np.testing.assert_array_equal(kept["head"], captured()["head"])
    assert kept.source["name"] == "take"


def test_baking_again_needs_no_strip_and_no_network(scene, part, head, strip, captured):
    bpy.ops.fields.capture()
    strips = (
        scene.sequence_editor.strips if hasattr(scene.sequence_editor, "strips") else scene.sequence_editor.sequences
    )
    strips.remove(strip)
    part("fields_blender.capture.solve").capture = None  # monkeypatch puts the real one back
    head.data.shape_keys.animation_data_clear()
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert len(key_frames(head)) == FRAMES - 1


def test_only_the_wanted_range_is_captured(scene, head, strip, captured):
    scene.frame_start, scene.frame_end, scene.fields.range = START + 5, START + 9, "SCENE"
    bpy.ops.fields.capture()
    gap = round(captured().time[3] * RATE)
    assert key_frames(head) == [frame for frame in range(START + 5, START + 10) if frame != gap]


def test_a_track_from_the_command_line_bakes_in_a_scene_of_another_rate(scene, part, head, track, tmp_path):
    """Seconds count from the file's start there; frames are at 30 / 1.001 here."""
    scene.render.fps, scene.render.fps_base = 30, 1.001
    made = track(np.arange(50) / 25.0, gaps=())
    part("fields_blender.core.track").save(made, tmp_path / "performance.npz")
    head.fields.track, head.fields.use_smoothing = str(tmp_path / "performance.npz"), False
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert key_frames(head) == list(range(60))
    scene.frame_set(20)
    at = 20 * 1.001 / 30
    wide = made["expression"][:, part("fields_blender.core.names").EXPRESSION.index("mouthPucker")]
    expected = np.interp(at, made.time, wide.astype(float))
    assert abs(head.data.shape_keys.key_blocks["mouthPucker"].value - expected) < 1e-5


def test_smoothing_is_what_the_library_does_and_can_be_left_out(scene, part, head, track, tmp_path):
    made = track(np.arange(50) / RATE, gaps=())
    part("fields_blender.core.track").save(made, tmp_path / "t.npz")
    head.fields.track = str(tmp_path / "t.npz")
    head.fields.shape.use_despike = False
    name = "mouthPucker"
    column = part("fields_blender.core.names").EXPRESSION.index(name)
    for smoothing, wanted in ((True, part("fields_blender.shape.smooth").smooth(made)), (False, made)):
        assert bpy.ops.fields.bake(use_smoothing=smoothing) == {"FINISHED"}
        scene.frame_set(20)
        assert abs(head.data.shape_keys.key_blocks[name].value - wanted["expression"][20, column]) < 1e-5
    assert abs(part("fields_blender.shape.smooth").smooth(made)["expression"] - made["expression"]).max() > 1e-3


def test_bake_takes_its_choices_from_the_head_and_remembers_changed_ones(scene, part, head, track, tmp_path):
    part("fields_blender.core.track").save(track(np.arange(10) / 24.0), tmp_path / "t.npz")
    head.fields.track, head.fields.use_head_rotation = str(tmp_path / "t.npz"), False
    bpy.ops.fields.bake()
    assert head.animation_data is None
    bpy.ops.fields.bake(use_head_rotation=True)
    assert head.animation_data.action and head.fields.use_head_rotation


# -- what goes wrong ----------------------------------------------------------------------------------------------


def test_without_strip_or_head_the_button_says_what_to_do(scene, head):
    assert not bpy.ops.fields.capture.poll()
    assert "strip" in error_of(bpy.ops.fields.capture)
    assert "no captured track" in error_of(bpy.ops.fields.bake)
    scene.fields.head = None
    bpy.context.view_layer.objects.active = None
    assert "head" in error_of(bpy.ops.fields.bake)


def test_a_head_that_cannot_be_keyed_is_said_before_the_long_half(scene, strip, captured):
    bare = bpy.data.objects.new("Bare", bpy.data.meshes.new("Bare"))
    scene.collection.objects.link(bare)
    scene.fields.head = bare
    message = error_of(bpy.ops.fields.capture)
    assert "no shape keys" in message and "Traceback" not in message
    with pytest.raises(IndexError):
        captured()


def test_no_face_at_all_keys_nothing(scene, part, head, strip, track, monkeypatch):
    def nobody(clip, *_, actor, keep):
        yield part("fields_blender.capture.solve").Progress(1, 1, 0)
        return track(np.arange(5) / 24.0, gaps=range(5))

    monkeypatch.setattr(part("fields_blender.capture.solve"), "capture", nobody)
    assert "No face was found" in error_of(bpy.ops.fields.capture)
    assert head.data.shape_keys.animation_data is None
    assert "No face was found" in head.fields.report


def test_a_damaged_track_is_refused(head, tmp_path):
    (tmp_path / "t.npz").write_bytes(b"PK not really")
    head.fields.track = str(tmp_path / "t.npz")
    assert "t.npz" in error_of(bpy.ops.fields.bake)


def test_the_track_lies_beside_a_saved_file(scene, part, head, strip, captured, tmp_path, monkeypatch):
    store = part("operators.takes.track_files")
    here = SimpleNamespace(filepath=str(tmp_path / "shot.blend"), objects=bpy.data.objects)
    monkeypatch.setattr(store.bpy, "data", here, raising=False)
    assert store.path_for("Face", "take: 1/2") == tmp_path / "fields_tracks" / "Face take  1 2.npz"


def test_a_deleted_head_is_not_keyed(scene, head, strip, captured):
    """Deleting it in the 3D View leaves it behind as long as the panel's choice points to it."""
    bpy.ops.fields.capture()
    head.data.shape_keys.animation_data_clear()
    scene.collection.objects.unlink(head)
    assert "deleted" in error_of(bpy.ops.fields.bake) and "deleted" in error_of(bpy.ops.fields.capture)
    assert head.data.shape_keys.animation_data is None


def test_driven_heads_and_unwritable_folders_are_said_before_the_long_half(
    scene, part, head, strip, captured, monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(part("operators.takes.track_files"), "_folder", lambda: tmp_path / "file" / "fields_tracks")
    scene.fields.takes_in = "BESIDE"
    assert "can't be written" in error_of(bpy.ops.fields.capture)
    monkeypatch.undo()
    for key in head.data.shape_keys.key_blocks[1:]:
        key.driver_add("value")
    assert "driven" in error_of(bpy.ops.fields.capture)
    with pytest.raises(IndexError):
        captured()


@pytest.mark.parametrize(
    "source",
    [
        {"strips": 5},
        {"strips": 5, "rate": 24},
        {"strips": [{}], "rate": 24},
        {"strips": [{"first": 0, "last": 9}]},
        {"strips": [{"first": 0, "last": 9}], "rate": "24"},
    ],
    ids=str,
)
def test_a_track_with_a_strange_source_is_refused(part, head, track, tmp_path, source):
    part("fields_blender.core.track").save(track(np.arange(10) / 24.0, source=source), tmp_path / "t.npz")
    head.fields.track = str(tmp_path / "t.npz")
    assert "damaged" in error_of(bpy.ops.fields.bake)


@pytest.mark.parametrize("time", [(0.0, 1e7), (-1e8, -1e8 + 1.0)])
def test_a_track_beyond_blenders_last_frame_is_refused(part, head, track, tmp_path, time):
    """Else a file of two rows would ask for all of the memory."""
    part("fields_blender.core.track").save(track(np.array(time), gaps=()), tmp_path / "t.npz")
    head.fields.track = str(tmp_path / "t.npz")
    assert "beyond Blender's last frame" in error_of(bpy.ops.fields.bake)


SAVED = """
file, other, copy = sys.argv[1:]
head = bpy.data.objects.new("Face", None)
bpy.context.scene.collection.objects.link(head)
bpy.ops.wm.save_as_mainfile(filepath=file)
head.fields.track = "//fields_tracks/a.npz"
bpy.ops.wm.save_mainfile()
assert head.fields.track == "//fields_tracks/a.npz", head.fields.track
try:
    bpy.ops.wm.save_as_mainfile(filepath=file + "/no/folder.blend")
except RuntimeError:
    pass
assert head.fields.track == "//fields_tracks/a.npz", head.fields.track
bpy.ops.wm.save_as_mainfile(filepath=other, copy=copy == "copy")
print("here", os.path.normpath(bpy.path.abspath(head.fields.track)))
bpy.ops.wm.open_mainfile(filepath=other, load_ui=False)
print("there", os.path.normpath(bpy.path.abspath(bpy.data.objects["Face"].fields.takes[0].file)))
extension.unregister()
"""


@pytest.mark.parametrize("copy", ["move", "copy"])
def test_a_file_saved_elsewhere_still_finds_its_track(tmp_path, copy):
    (tmp_path / "one").mkdir()
    (tmp_path / "two" / "deep").mkdir(parents=True)
    other = tmp_path / "two" / "deep" / "shot.blend"
    said = in_another_blender(tmp_path, SAVED, str(tmp_path / "one" / "shot.blend"), str(other), copy)
    stored = tmp_path / "one" / "fields_tracks" / "a.npz"
    assert f"here {stored}\n" in said and f"there {stored}\n" in said, said


# -- the modal driver, with a window of our own ------------------------------------------------------------------------


class Window:
    """What a job sees of Blender's window."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []
        self.timers = 0
        self.fields = SimpleNamespace(running=False, progress=0.0, message="")
        self.windows = ()
        self.window_manager = self.workspace = self
        self.window = None

    def event_timer_add(self, *_args, **_keywords):
        self.timers += 1
        return object()

    def event_timer_remove(self, _timer):
        self.timers -= 1

    def modal_handler_add(self, _job):
        pass

    def progress_begin(self, *_):
        pass

    progress_update = progress_begin

    def progress_end(self):
        pass

    def status_text_set(self, text):
        self.texts.append(text)


@pytest.fixture
def make_job(part):
    job = part("operators.common.job")

    class Counting(job.Job):
        """Counts to 100 in the thread, or for ever."""

        def __init__(self, steps=2, fails=None, until=100):
            self.steps, self.fails, self.until = steps, fails, until
            self.reports, self.finished, self.kept = [], [], []

        def report(self, kinds, text):
            self.reports.append((*kinds, text))

        def prepare(self, context):
            assert threading.current_thread() is threading.main_thread()
            for step in range(self.steps):
                yield step / self.steps, "step"
            return self.count()

        def count(self):
            assert threading.current_thread() is not threading.main_thread()
            for number in range(self.until):
                if self._stop.is_set():
                    return number
                if self.fails:
                    raise self.fails
                yield number
                time.sleep(0.001)
            return self.until

        def describe(self, progress):
            return progress / 100, str(progress)

        def finish(self, context, result, cancelled):
            assert threading.current_thread() is threading.main_thread()
            self.finished.append((result, cancelled))
            return {"FINISHED"}

        def abandon(self, result):
            self.kept.append(result)
            return "It is here"

    yield Counting
    job.stop_for_good()


TIMER = SimpleNamespace(type="TIMER", value="NOTHING")
ESC = SimpleNamespace(type="ESC", value="PRESS")


def run(job, window, events=()):
    assert job.invoke(window, None) == {"RUNNING_MODAL"}
    return go_on(job, window, events)


def go_on(job, window, events=()):
    events = list(events)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = job.modal(window, events.pop(0) if events else TIMER)
        if not status & {"PASS_THROUGH", "RUNNING_MODAL"}:
            return status
        time.sleep(0.002)
    raise TimeoutError


def test_the_modal_driver_does_the_work_and_cleans_up(make_job, part):
    job, window = make_job(), Window()
    assert run(job, window) == {"FINISHED"}
    assert job.finished == [(100, False)]
    assert window.timers == 0 and window.texts[-1] is None and not window.fields.running
    assert any("ESC" in text for text in window.texts if text)
    assert not part("operators.common.job").running()


def test_esc_ends_it_with_what_there_is(make_job):
    job, window = make_job(until=10**6), Window()
    assert run(job, window, [TIMER, TIMER, TIMER, ESC]) == {"FINISHED"}
    (result, cancelled), *_ = job.finished
    assert cancelled and 0 <= result < 10**6 and window.timers == 0


def test_esc_during_the_main_thread_steps_never_starts_the_thread(make_job):
    job, window = make_job(), Window()
    assert run(job, window, [ESC]) == {"FINISHED"}
    assert job.finished == [(None, True)]


def test_what_can_not_be_kept_after_esc_is_said(make_job, part):
    """Not that nothing was captured: a disk may be full by then."""
    job, window = make_job(until=10**6), Window()

    def finish(*_):
        raise part("fields_blender.core.errors").FieldsError("The disk is full. Make room.")

    job.finish = finish
    assert run(job, window, [TIMER, TIMER, TIMER, ESC]) == {"CANCELLED"}
    assert job.reports == [("ERROR", "The disk is full. Make room.")] and window.timers == 0


def test_the_cancel_button_asks_the_running_job_to_stop(make_job):
    job, window = make_job(until=10**6), Window()
    job.invoke(window, None)
    assert bpy.ops.fields.cancel.poll()
    assert bpy.ops.fields.cancel() == {"FINISHED"}
    assert go_on(job, window) == {"FINISHED"} and job.finished[0][1]
    assert not bpy.ops.fields.cancel.poll()


def test_blender_stays_usable_meanwhile(make_job):
    job, window = make_job(until=10**6), Window()
    job.invoke(window, None)
    for kind in ("MOUSEMOVE", "LEFTMOUSE", "Z", "SPACE"):
        assert job.modal(window, SimpleNamespace(type=kind, value="PRESS")) == {"PASS_THROUGH"}


def test_an_error_in_the_thread_is_a_sentence(make_job, part):
    error = part("fields_blender.core.errors").FieldsError("The file is gone. Find it.")
    job, window = make_job(fails=error), Window()
    assert run(job, window) == {"CANCELLED"}
    assert job.reports == [("ERROR", "The file is gone. Find it.")] and not job.finished and window.timers == 0


def test_a_fault_of_ours_is_not_swallowed(make_job):
    job, window = make_job(fails=ZeroDivisionError()), Window()
    with pytest.raises(ZeroDivisionError):
        run(job, window)
    assert window.timers == 0 and not window.fields.running


def test_two_at_once_are_refused(make_job):
    first, second, window = make_job(until=10**6), make_job(), Window()
    first.invoke(window, None)
    assert second.invoke(window, None) == {"CANCELLED"} and "already running" in second.reports[0][1]


def test_loading_another_file_ends_the_thread_and_keeps_the_result(make_job, part):
    job, window = make_job(until=10**6), Window()
    job.invoke(window, None)
    while job._worker is None or job._worker.progress is None:
        job.modal(window, TIMER)
    part("operators.common.job")._before_load()
    assert not job._worker.is_alive() and len(job.kept) == 1
    assert window.timers == 0 and not window.fields.running and window.texts[-1] is None
    assert job.modal(window, TIMER) == {"CANCELLED"} and not job.finished
    # The new file says where it is; the next capture takes the sentence away.
    part("operators.common.job")._after_load()
    assert bpy.context.window_manager.fields.kept == "It is here"
    bpy.context.window_manager.fields.kept = ""
    part("operators.common.job")._after_load()
    assert bpy.context.window_manager.fields.kept == ""


def test_a_result_that_can_not_be_kept_when_a_file_is_loaded_is_said(make_job, part):
    job, window = make_job(until=10**6), Window()

    def abandon(_result):
        raise part("fields_blender.core.errors").FieldsError("The disk is full. Make room.")

    job.abandon = abandon
    job.invoke(window, None)
    while job._worker is None or job._worker.progress is None:
        job.modal(window, TIMER)
    part("operators.common.job")._before_load()
    part("operators.common.job")._after_load()
    assert bpy.context.window_manager.fields.kept.startswith("The disk is full") and not window.fields.running
    bpy.context.window_manager.fields.kept = ""


def test_what_is_being_captured_is_shown_and_taken_away(make_job, part):
    job, window = make_job(until=10**6), Window()
    looks = []
    job.picture = lambda progress: looks.append(progress) or np.zeros((16, 16, 4), np.uint8)
    job.invoke(window, None)
    icons = part("operators.common.live_picture")
    deadline = time.monotonic() + 10
    while len(looks) < 3 and time.monotonic() < deadline:
        job.modal(window, TIMER)
        time.sleep(0.01)
    assert len(looks) == 3 and icons._icons is not None
    # A few times a second, not at each tick.
    for _ in range(10):
        job.modal(window, TIMER)
    assert len(looks) == 3
    go_on(job, window, [ESC])
    assert icons._icons is None and window.fields.picture == 0


def test_a_cancelled_capture_keeps_its_track_and_writes_no_keys(scene, part, head, strip, captured, tmp_path):
    operator = part("operators.capture").FIELDS_OT_capture
    reports = []
    state = SimpleNamespace(
        report=lambda kinds, text: reports.append(text), _stop=threading.Event(), _name="take", _clip=None,
        _described={},        _head=head.session_uid, _scene=scene.session_uid,
        _path=part("operators.takes.track_files").path_for("Face", "take"),
    )  # fmt: skip
    state._actor = None
    state._keep, state._beside = part("fields_blender.capture.journal").Keep(tmp_path / "a.capture"), False
    state._actor = None
    for name in ("_named", "_kept", "_save", "_added"):
        setattr(state, name, functools.partial(getattr(operator, name), state))
    state.keep = lambda head, result: operator.keep(state, head, result)
    half = part("fields_blender.core.track").empty(np.arange(5) / 24.0)
    assert operator.finish(state, bpy.context, half, True) == {"FINISHED"}
    assert head.data.shape_keys.animation_data is None
    assert len(part("operators.takes.track_store").load(head)) == 5 and "Bake Keys" in reports[0]
    # The head was deleted meanwhile: nothing breaks, the track stays.
    state._head = -1
    assert operator.finish(state, bpy.context, half, False) == {"CANCELLED"}
    assert "gone" in reports[1]


# -- the whole path ---------------------------------------------------------------------------------------------------


def test_a_real_clip_opens_the_mouth(scene, part, head, tmp_path):
    models = part("operators.capture").MODELS
    if not CLIP.exists() or not all((models / name).exists() for name in ("face_landmarks.onnx", "encoder.onnx")):
        pytest.skip("needs the clips of the shared data and the networks (make models)")
    scene.render.fps = 25
    add_strip(scene, CLIP)
    scene.frame_start, scene.frame_end, scene.fields.range = START, START + 39, "SCENE"
    assert bpy.ops.fields.capture() == {"FINISHED"}
    assert len(key_frames(head)) == 40 and "0 without a face" in head.fields.report
    openings = []
    for frame in range(START, START + 40):
        scene.frame_set(frame)
        openings.append(head.data.shape_keys.key_blocks["jawOpen"].value)
    assert max(openings) - min(openings) > 0.05
    assert bpy.context.window_manager.fields.device.startswith(("CPU", "CUDA"))


COMMAND = """
command = importlib.import_module({name!r} + ".operators.command")
solve = importlib.import_module({name!r} + ".fields_blender.capture.solve")
track = importlib.import_module({name!r} + ".fields_blender.core.track")
import numpy as np
def capture(clip, *_, actor, keep):
    yield solve.Progress(1, 1, 1)
    made = track.empty(np.arange(11, 21) / 24)
    for values in made.groups.values(): values[:] = 0.25
    return made
solve.capture = capture
code = command.main(sys.argv[1:])
extension.unregister()
print("code", code)
"""


def in_another_blender(tmp_path, script, *arguments) -> str:
    done = another_blender.run(script, *arguments, cwd=tmp_path)
    return done.stdout + done.stderr


def command(tmp_path, *arguments) -> str:
    return in_another_blender(tmp_path, COMMAND, *arguments)


def test_the_command_captures_and_saves(scene, head, strip, tmp_path):
    source = tmp_path / "shot.blend"
    bpy.data.libraries.write(str(source), {scene})
    scene.fields.head = None
    said = command(
        tmp_path, "capture", str(source), "--strip", "take", "--head", head.name, "--save", "out/keyed.blend"
    )
    assert "code 0" in said, said
    assert "52 of 52 channels keyed" in said
    with bpy.data.libraries.load(str(tmp_path / "out" / "keyed.blend")) as (inside, wanted):
        assert any(name.startswith("FIELDS take") for name in inside.actions)
        wanted.objects = [head.name]
    # The take has come along.
    take = wanted.objects[0].fields.takes[0]
    assert take.name == "take" and not take.problem and not take.file


def test_the_command_says_what_is_wrong(tmp_path):
    assert "code 1" in command(tmp_path, "capture", "none.blend", "--save", "x.blend")
    assert "code 2" in command(tmp_path, "capture", "none.blend")
    (tmp_path / "file").write_text("no .blend")
    said = command(tmp_path, "capture", "file", "--save", "file/x.blend")
    assert "code 1" in said and "can't be written" in said and "Traceback" not in said
    said = command(tmp_path, "capture", "file", "--save", "x.blend")
    assert "code 1" in said and "Traceback" not in said
    said = command(tmp_path, "capture", "--help")
    assert "code 0" in said and "--strip" in said and "examples:" in said
    shutil.rmtree(tmp_path)


# -- what one sees afterwards ------------------------------------------------------------------------------------------


def test_playing_shows_what_was_keyed(scene, head, strip, captured):
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 250, 1)
    bpy.ops.fields.capture()
    assert (scene.frame_end, scene.frame_current) == (250, START)
    strip.frame_start, scene.frame_current = 301, 310
    bpy.ops.fields.capture()
    assert (scene.frame_end, scene.frame_current) == (300 + FRAMES, 310)  # a new scene ends with the keys


def test_an_end_that_the_artist_set_stays_and_is_said(scene, part, head, strip, captured):
    scene.frame_end = 20
    bpy.ops.fields.capture()
    assert scene.frame_end == 20
    said = part("operators.capture").in_sight(scene, captured())
    assert said == f"The keys go on to frame {START + FRAMES - 1}, but the scene ends on 20"


def test_capture_fills_the_head_picker_and_leaves_a_choice_alone(scene, head, strip, captured):
    scene.fields.head = None
    bpy.context.view_layer.objects.active = head
    bpy.ops.fields.capture()
    assert scene.fields.head == head
    bpy.context.view_layer.objects.active = None
    other = bpy.data.objects.new("part", None)
    scene.collection.objects.link(other)
    scene.fields.head, head.parent = other, other
    bpy.context.view_layer.update()
    bpy.ops.fields.capture()
    assert scene.fields.head == other and len(head.fields.takes) == 2 and not other.fields.takes


def test_the_report_belongs_to_its_take(scene, head, strip, captured, capsys):
    bpy.ops.fields.capture()
    assert f"“take” on “{head.name}”: {FRAMES} frames" in capsys.readouterr().out
    first = head.fields.takes[0].report
    assert first == head.fields.report and "channels keyed" in first
    scene.fields.range, scene.frame_start, scene.frame_end = "SCENE", START, START + 9
    bpy.ops.fields.capture()
    takes = head.fields.takes
    assert takes[0].report == first and takes[1].report.startswith("10 frames")
    bpy.ops.fields.take_duplicate()
    assert takes[2].report == ""
    head.fields.take_index = 0
    head.fields.emotion_intensity = 0.5
    bpy.ops.fields.bake()
    assert takes[1].report.startswith("10 frames") and takes[2].report == ""


def test_two_selected_strips_make_a_take_with_both_names(scene, head, strip, captured, tmp_path):
    editor = scene.sequence_editor
    second = (editor.strips if hasattr(editor, "strips") else editor.sequences).new_movie(
        "next", strip.filepath, 1, START + FRAMES
    )
    second.select = strip.select = True
    editor.active_strip = strip
    bpy.ops.fields.capture()
    assert head.fields.takes[0].name == "take + next" and head.fields.takes[0].frames == 2 * FRAMES


def test_the_strip_menu_captures_what_is_selected_whatever_is_picked(scene, head, strip, captured):
    editor = scene.sequence_editor
    picked = (editor.strips if hasattr(editor, "strips") else editor.sequences).new_movie(
        "picked", strip.filepath, 2, 200
    )
    picked.select, scene.fields.footage = False, "picked"
    strip.select, editor.active_strip = True, strip
    bpy.ops.fields.capture(selected=True)
    bpy.ops.fields.capture()
    assert [take.name for take in head.fields.takes] == ["take", "picked"]


def test_panels_are_there_when_they_have_something_to_say(scene, head, strip, captured):
    def shown() -> set[str]:
        names = ("footage", "head", "rig", "mapping", "capture", "takes", "shape", "keys")
        panels = {name: getattr(bpy.types, f"FIELDS_PT_{name}_view") for name in names}
        return {name for name, panel in panels.items() if not hasattr(panel, "poll") or panel.poll(bpy.context)}

    scene.fields.head = None
    bpy.context.view_layer.objects.active = None
    assert shown() == {"footage", "head", "capture"}
    scene.fields.head = head
    assert shown() == {"footage", "head", "rig", "mapping", "capture"}
    bpy.ops.fields.capture()
    assert shown() == {"footage", "head", "rig", "mapping", "capture", "takes", "shape", "keys"}
    scene.collection.objects.unlink(head)
    assert not {"rig", "mapping"} & shown()
