"""Actors in Blender: made from frames, takes and photos, kept in the .blend, and what captures are read relative to."""

import base64
import io
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import make_networks
from tests.blender.test_operators import TIMER, Window, error_of, in_another_blender

bpy: Any = pytest.importorskip("bpy")
ROOT = Path(__file__).parents[2]
CLIP, MODELS = ROOT / "samples" / "performance.mp4", ROOT / "models"
START, RATE = 11, 30


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Path:
    """The networks that find the face, and simple ones in place of those that read it."""
    missing = [name for name in ("face_landmarks.onnx", "face_detector.onnx") if not (MODELS / name).exists()]
    if missing:
        pytest.skip(f"{missing} not there (make models)")
    folder = tmp_path_factory.mktemp("models")
    make_networks.write(folder)
    for path in [*MODELS.glob("face*"), MODELS / "rigid_face.json"]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(autouse=True)
def models(networks, part, monkeypatch) -> Path:
    for name in ("capture", "actors"):
        monkeypatch.setattr(part(f"operators.{name}"), "MODELS", networks)
    return networks


@pytest.fixture
def actors(part) -> Any:
    return part("operators.takes.actor_list")


@pytest.fixture
def ann(part, networks) -> Any:
    """An actor of these networks."""
    card = part("fields_blender.capture.regressor").load_card(networks)
    rest = np.linspace(-0.1, 0.1, make_networks.FEATURES, dtype=np.float32)
    return part("fields_blender.capture.actor").Actor("Ann", rest, 7, card["networks"]["encoder"]["sha256"])


@pytest.fixture
def strip(scene) -> Any:
    """The sample clip from scene frame 11 on, in a scene of its rate; two seconds of it."""
    scene.render.fps = RATE
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    made = strips.new_movie("angry", str(CLIP), 1, START)
    made.frame_final_duration = 60
    made.select, editor.active_strip = True, made
    return made


def met(part, networks, first: float, last: float) -> Any:
    """The actor that the library makes of seconds `first` to before `last` of the clip."""
    solve, clip = part("fields_blender.capture.solve"), part("fields_blender.capture.clip")
    work = solve.meet(clip.open_video(CLIP, first, last), networks, "x", "cpu")
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def photos(folder: Path, *numbers: int) -> list[Path]:
    """Frames of the clip as pictures."""
    import cv2

    paths, video = [], cv2.VideoCapture(str(CLIP))
    for number in range(max(numbers) + 1):
        image = video.read()[1]
        if number in numbers:
            paths.append(folder / f"{number}.png")
            cv2.imwrite(str(paths[-1]), image)
    return paths


def use(path: Path, *more: Path) -> dict[str, Any]:
    """What a file browser gives the operator."""
    return {"directory": str(path.parent), "files": [{"name": each.name} for each in (path, *more)]}


# -- made --------------------------------------------------------------------------------------------------------------


def test_from_the_current_frame(scene, part, actors, strip, networks):
    scene.frame_set(START + 30)
    assert bpy.ops.fields.actor_from_frame() == {"FINISHED"}
    item = actors.chosen(scene)
    assert (item.name, item.count, item.made_from) == ("Actor", 1, f"angry, frame {START + 30}")
    assert scene.fields.actor == "Actor" and len(scene.fields.actors) == 1
    np.testing.assert_array_equal(actors.read(item).rest, met(part, networks, 1.0, 1.01).rest)


def test_from_the_preview_range(scene, part, actors, strip, networks):
    assert not bpy.ops.fields.actor_from_range.poll()
    assert "preview range" in error_of(bpy.ops.fields.actor_from_range)
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, START + 30, START + 38
    assert bpy.ops.fields.actor_from_range() == {"FINISHED"}
    item = actors.chosen(scene)
    assert item.count == 9 and item.made_from == f"angry, frames {START + 30} to {START + 38}"
    np.testing.assert_array_equal(actors.read(item).rest, met(part, networks, 1.0, 1.29).rest)


def test_from_a_take_and_from_none(scene, part, actors, strip, small_head):
    assert not bpy.ops.fields.actor_from_take.poll() and "take" in error_of(bpy.ops.fields.actor_from_take)
    bpy.ops.fields.capture()
    source = part("operators.takes.track_store").load(small_head).source
    assert source["rest"]["origin"] == "quietest frames"
    assert bpy.ops.fields.actor_from_take() == {"FINISHED"}
    item = actors.chosen(scene)
    assert item.count == source["rest"]["count"] and "angry" in item.made_from
    packed = np.frombuffer(base64.b64decode(source["rest"]["features"]), "<f2")
    np.testing.assert_array_equal(actors.read(item).rest, packed)


def test_a_take_that_knows_no_face_at_rest_makes_no_actor(scene, part, small_head):
    made = part("fields_blender.core.track").empty(np.arange(5) / 24)
    part("operators.takes.takes").add(small_head, made, "imported")
    assert "does not know the person's face at rest" in error_of(bpy.ops.fields.actor_from_take)
    assert not scene.fields.actors and not scene.fields.actor


def test_from_photos(scene, actors, tmp_path):
    files = photos(tmp_path, 0, 30, 45)
    assert bpy.ops.fields.actor_from_photos(**use(*files)) == {"FINISHED"}
    assert (actors.chosen(scene).count, actors.chosen(scene).made_from) == (3, "3 photos")
    assert bpy.ops.fields.actor_from_photos(filepath=str(files[1])) == {"FINISHED"}
    assert (actors.chosen(scene).count, actors.chosen(scene).made_from) == (1, "30.png")
    assert [item.name for item in scene.fields.actors] == ["Actor", "Actor.001"]
    assert scene.fields.actor == "Actor.001"


def test_photos_that_show_nobody_or_are_gone(scene, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((200, 200, 3), np.uint8))
    (tmp_path / "text.png").write_text("no picture")
    for name, said in (("black", "No face was found"), ("text", "can't be read"), ("gone", "There is no file")):
        message = error_of(lambda name=name: bpy.ops.fields.actor_from_photos(**use(tmp_path / f"{name}.png")))
        assert said in message and "Traceback" not in message
    assert not scene.fields.actors and not scene.fields.actor


def test_where_no_strip_is_or_plays_it_says_so(scene, strip):
    scene.frame_set(START - 5)
    assert "shows no video between" in error_of(bpy.ops.fields.actor_from_frame)
    scene.sequence_editor_clear()
    assert not bpy.ops.fields.actor_from_frame.poll() and not bpy.ops.fields.actor_from_range.poll()
    assert "strip" in error_of(bpy.ops.fields.actor_from_frame)
    assert not scene.fields.actors


# -- kept --------------------------------------------------------------------------------------------------------------


def test_names_are_unique_and_a_renamed_actor_stays_chosen(scene, part, actors, ann):
    first, other = actors.add(scene, ann, "a"), None
    assert first.name == "Ann"
    other = actors.add(scene, part("fields_blender.capture.actor").Actor("Ann", ann.rest * 2, 3, ann.encoder), "b")
    assert other.name == scene.fields.actor == "Ann.001"
    other.name = "Ann"
    assert other.name == scene.fields.actor == "Ann.001"
    other.name = "  "
    assert other.name == scene.fields.actor == "Ann.001"
    other.name = "Bob"
    assert scene.fields.actor == "Bob" and actors.known(scene).name == "Bob"
    scene.fields.actors[0].name = "Cid"
    assert scene.fields.actor == "Bob"


def test_nobody_named_is_nobody_known_and_a_strange_name_is_said(scene, strip, small_head, actors, ann):
    assert actors.known(scene) is None
    actors.add(scene, ann, "a")
    scene.fields.actor = "Zoe"
    assert "no actor “Zoe”" in error_of(bpy.ops.fields.capture)
    assert not bpy.ops.fields.actor_remove.poll() and not bpy.ops.fields.actor_export.poll()


def test_removed(scene, actors, ann):
    actors.add(scene, ann, "a")
    assert bpy.ops.fields.actor_remove() == {"FINISHED"}
    assert not scene.fields.actors and scene.fields.actor == ""
    assert "Choose an actor first" in error_of(bpy.ops.fields.actor_remove)


def test_exported_and_imported_it_is_the_same(scene, part, actors, ann, tmp_path):
    actors.add(scene, ann, "a").name = "Änn / Ω"
    path = tmp_path / "ann.npz"
    assert bpy.ops.fields.actor_export(filepath=str(path)) == {"FINISHED"}
    bpy.ops.fields.actor_remove()
    assert bpy.ops.fields.actor_import(filepath=str(path)) == {"FINISHED"}
    item = actors.chosen(scene)
    back = actors.read(item)
    assert (back.name, back.count, back.encoder, item.made_from) == ("Änn / Ω", 7, ann.encoder, "ann.npz")
    np.testing.assert_array_equal(back.rest, ann.rest)
    # Once more: the same person is there already.
    scene.fields.actor = ""
    bpy.ops.fields.actor_import(filepath=str(path))
    assert len(scene.fields.actors) == 1 and scene.fields.actor == "Änn / Ω"


def test_what_is_no_actor_is_not_imported(scene, tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK not really")
    for name, said in (("x.npz", "holds no actor"), ("gone.npz", "There is no file")):
        message = error_of(lambda name=name: bpy.ops.fields.actor_import(filepath=str(tmp_path / name)))
        assert said in message and "Traceback" not in message
    assert not scene.fields.actors


SAVED = """
actors = importlib.import_module({name!r} + ".operators.takes.actor_list")
library = importlib.import_module({name!r} + ".fields_blender.capture.actor")
import numpy as np
file = sys.argv[1]
ann = library.Actor("Ann", np.arange(1699, dtype=np.float32), 5, "ab")
actors.add(bpy.context.scene, ann, "a photo")
bpy.ops.wm.save_as_mainfile(filepath=file)
bpy.ops.wm.read_homefile(use_empty=True)
assert not bpy.context.scene.fields.actors
bpy.ops.wm.open_mainfile(filepath=file, load_ui=False)
scene = bpy.context.scene
back = actors.known(scene)
print("loaded", back.name, back.count, back.encoder, (back.rest == ann.rest).all(), scene.fields.actors[0].made_from)
bpy.ops.ed.undo_push(message="before")
bpy.ops.fields.actor_remove()
bpy.ops.ed.undo_push(message="removed")
print("removed", len(bpy.context.scene.fields.actors), repr(bpy.context.scene.fields.actor))
bpy.ops.ed.undo()
print("undone", actors.known(bpy.context.scene).count, bpy.context.scene.fields.actor)
bpy.ops.ed.redo()
print("redone", len(bpy.context.scene.fields.actors), repr(bpy.context.scene.fields.actor))
extension.unregister()
"""


def test_they_travel_in_the_blend_and_undo_brings_them_back(tmp_path):
    said = in_another_blender(tmp_path, SAVED, str(tmp_path / "shot.blend"))
    assert "loaded Ann 5 ab True a photo" in said, said
    assert "removed 0 ''" in said and "undone 5 Ann" in said and "redone 0 ''" in said, said


@pytest.mark.parametrize("data", ["", "?", "äö", base64.b64encode(b"PK").decode()])
def test_damaged_data_is_a_sentence(scene, strip, small_head, actors, ann, tmp_path, data):
    actors.add(scene, ann, "a").data = data
    for verb in (bpy.ops.fields.capture, lambda: bpy.ops.fields.actor_export(filepath=str(tmp_path / "a.npz"))):
        message = error_of(verb)
        assert "The data of the actor “Ann” is damaged" in message and "Traceback" not in message
    assert not small_head.fields.takes


# -- used --------------------------------------------------------------------------------------------------------------


def test_a_capture_is_read_relative_to_the_chosen_actor(scene, part, actors, ann, strip, small_head):
    actors.add(scene, ann, "a")
    scene.fields.range, scene.frame_start, scene.frame_end = "SCENE", START, START + 29
    bpy.ops.fields.capture()
    store = part("operators.takes.track_store")
    known = store.load(small_head)
    assert known.source["rest"]["origin"] == "actor" and known.source["rest"]["count"] == 7
    scene.fields.actor = ""
    bpy.ops.fields.capture()
    alone = store.load(small_head)
    assert alone.source["rest"]["origin"] == "quietest frames"
    assert np.abs(known["expression"] - alone["expression"]).max() > 0.001


def test_capture_part_again_uses_the_actor_too(scene, part, actors, ann, strip, small_head):
    scene.fields.range, scene.frame_start, scene.frame_end = "SCENE", START, START + 29
    bpy.ops.fields.capture()
    actors.add(scene, ann, "a")
    assert bpy.ops.fields.recapture() == {"FINISHED"}
    whole = part("operators.takes.track_store").load(small_head)
    assert whole.source["rest"]["origin"] == "actor"  # nothing of the first capture is left


@pytest.mark.parametrize("changed", [{"encoder": "0" * 64}, {"rest": np.zeros(5, np.float32)}], ids=["encoder", "size"])
def test_an_actor_of_other_networks_is_refused(scene, part, actors, ann, strip, small_head, monkeypatch, changed):
    from dataclasses import replace

    actors.add(scene, replace(ann, **changed), "a")
    if "encoder" in changed:  # before anything is read
        monkeypatch.setattr(part("fields_blender.capture.solve"), "capture", None)
    assert "“Ann” was made with another version of FIELDS" in error_of(bpy.ops.fields.capture)
    assert not small_head.fields.takes


def test_a_clip_without_a_neutral_face_is_said_and_shown(scene, part, strip, small_head, monkeypatch, capfd):
    solve = part("fields_blender.capture.solve")
    real, sure = solve.capture, [0.2]

    def capture(*arguments, **known):
        made = yield from real(*arguments, **known)
        made.source["rest"]["neutral"] = sure[0]
        return made

    monkeypatch.setattr(solve, "capture", capture)
    warning = "This clip seems to have no neutral face. Name its actor under Footage > Actor, then capture again"
    bpy.ops.fields.capture()
    assert warning in capfd.readouterr().out and small_head.fields.takes[0].no_neutral
    bpy.ops.fields.take_duplicate()
    assert small_head.fields.takes[1].no_neutral
    assert warning in shown(part, scene, small_head)
    sure[0] = 0.9
    bpy.ops.fields.capture()
    assert warning not in capfd.readouterr().out and not small_head.fields.takes[2].no_neutral
    assert warning not in shown(part, scene, small_head)
    small_head.fields.take_index = 0
    assert warning in shown(part, scene, small_head)


def test_the_panel_says_where_the_actor_is_from(scene, part, actors, ann, small_head):
    actors.add(scene, ann, "neutral.jpg")
    assert "From neutral.jpg" in shown(part, scene, small_head)


def test_all_that_changes_the_file_can_be_undone(part):
    for cls in part("operators.actors").CLASSES:
        assert ("UNDO" in cls.bl_options) == (cls.bl_idname != "fields.actor_export"), cls


def shown(part, scene, head) -> str:
    """The text of the Footage panel."""
    said: list[str] = []

    class Layout:
        def __getattr__(self, name):
            return lambda *_, **given: said.append(given.get("text", "")) if name == "label" else Layout()

    context = SimpleNamespace(
        scene=scene, view_layer=bpy.context.view_layer, region=SimpleNamespace(width=10_000),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
    )  # fmt: skip
    part("ui.actors").draw_actor(Layout(), context)
    part("ui.actors").draw_no_neutral(Layout(), context)
    return " ".join(said)


def test_in_the_window_a_process_of_its_own_reads_the_face(scene, part, actors, strip, networks):
    """The job as the window runs it: with the window of the tests of jobs, and the real process."""
    operator = part("operators.actors").FIELDS_OT_actor_from_frame

    class InWindow(operator.__mro__[1]):
        when = operator.when

        def report(self, kinds, text):
            reports.append((*kinds, text))

    reports: list[tuple[str, str]] = []
    window, job = SeesAll(scene), InWindow()
    scene.frame_set(START + 30)
    assert job.invoke(window, None) == {"RUNNING_MODAL"}
    while (status := job.modal(window, TIMER)) == {"PASS_THROUGH"}:
        pass
    assert status == {"FINISHED"} and reports[-1][0] == "INFO", reports
    np.testing.assert_allclose(actors.known(scene).rest, met(part, networks, 1.0, 1.01).rest, atol=1e-6)


class SeesAll(Window):
    """A window that shows a scene."""

    def __init__(self, scene) -> None:
        super().__init__()
        self.scene, self.preferences = scene, bpy.context.preferences


COMMAND = """
command = importlib.import_module({name!r} + ".operators.command")
solve = importlib.import_module({name!r} + ".fields_blender.capture.solve")
track = importlib.import_module({name!r} + ".fields_blender.core.track")
verb = importlib.import_module({name!r} + ".operators.capture")
from pathlib import Path
verb.MODELS = Path(sys.argv.pop(1))
import numpy as np
def capture(clip, *_, actor, keep):
    print("actor", actor and actor.name)
    yield solve.Progress(1, 1, 1)
    made = track.empty(np.arange(11, 21) / 30)
    for values in made.groups.values(): values[:] = 0.25
    return made
solve.capture = capture
code = command.main(sys.argv[1:])
extension.unregister()
print("code", code)
"""


def test_the_command_line_takes_an_actor(scene, part, strip, small_head, ann, networks, tmp_path):
    source, file = tmp_path / "shot.blend", tmp_path / "ann.npz"
    bpy.data.libraries.write(str(source), {scene})
    part("fields_blender.capture.actor").save(ann, file)
    usual = ["capture", str(source), "--head", small_head.name, "--save", "keyed.blend"]
    said = in_another_blender(tmp_path, COMMAND, str(networks), *usual, "--actor", str(file))
    assert "actor Ann" in said and "code 0" in said, said
    with bpy.data.libraries.load(str(tmp_path / "keyed.blend")) as (inside, wanted):
        wanted.scenes = inside.scenes[:1]
    try:
        assert wanted.scenes[0].fields.actor == "Ann"
    finally:
        bpy.data.scenes.remove(wanted.scenes[0])
    said = in_another_blender(tmp_path, COMMAND, str(networks), *usual, "--actor", "gone.npz")
    assert "There is no file" in said and "code 1" in said and "Traceback" not in said, said
    buffer = io.BytesIO(file.read_bytes()[:-30])
    file.write_bytes(buffer.getvalue())
    said = in_another_blender(tmp_path, COMMAND, str(networks), *usual, "--actor", str(file))
    assert "holds no actor" in said and "code 1" in said and "Traceback" not in said, said
