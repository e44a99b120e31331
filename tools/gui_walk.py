"""Runs inside Blender for `gui_test.py`: an artist's workflow, by simulated mouse and keyboard.

Each step is part of a generator. It yields a number of seconds to wait, or a condition that must become true.
Buttons are found as a person finds them: the mouse moves down the sidebar, and Blender says what is under it.
"""

# The stubs of bpy know neither our operators nor which kind of editor an area shows.
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false
# pyright: reportArgumentType=false, reportOptionalIterable=false, reportGeneralTypeIssues=false, reportReturnType=false, reportCallIssue=false

import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import bpy

CLIP, OUT = sys.argv[sys.argv.index("--") + 1 :]
PATIENCE = 300.0  # s for a step
PAGES = 4  # of the sidebar, from top to bottom
FRAMES = 90  # of the sample, so that a slow machine finishes in time
REPEATED = 6  # times the sample is on the timeline, so that a fast machine doesn't finish before ESC is pressed
said: list[str] = []
clicks = 0
STALL = 0.05  # s; a longer gap is noticed while moving the mouse
gaps: dict[str, list[tuple[float, float]]] = {}
watched = ""  # what the gaps are counted under
looked = time.perf_counter(), time.thread_time()


def say(*words: object) -> None:
    said.append(" ".join(map(str, words)))
    print("gui-test:", said[-1], flush=True)


# -- mouse and keyboard ------------------------------------------------------------------------------------------------


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def area(kind: str = "VIEW_3D") -> bpy.types.Area:
    return next(area for area in window().screen.areas if area.type == kind)


def region(kind: str = "UI", of: str = "VIEW_3D") -> bpy.types.Region:
    return next(region for region in area(of).regions if region.type == kind)


def override(kind: str = "WINDOW", of: str = "VIEW_3D"):
    return bpy.context.temp_override(window=window(), area=area(of), region=region(kind, of))


def middle() -> tuple[int, int]:
    view = region("WINDOW")
    return view.x + view.width // 3, view.y + view.height // 2


def event(kind: str, value: str, at: tuple[int, int], **keys: bool) -> None:
    window().event_simulate(type=kind, value=value, x=at[0], y=at[1], **keys)


def key(kind: str, **keys: bool) -> Generator:
    """Press and release, with the mouse over the 3D View."""
    event("MOUSEMOVE", "NOTHING", middle())
    event(kind, "PRESS", middle(), **keys)
    event(kind, "RELEASE", middle(), **keys)
    yield 0.3


def hovered() -> str:
    """The operator or property under the mouse, by Blender's own Copy Python Command and Copy Data Path."""
    bpy.context.window_manager.clipboard = ""
    with override("UI"):
        for copy in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
            if copy.poll():
                copy()
                return bpy.context.window_manager.clipboard
    return ""


def find(wanted: str, pages: int = PAGES) -> Generator[Any, Any, tuple[int, int]]:
    """Where the button or slider is; scrolls down if need be. Raises AssertionError if there is none to use."""
    side = region("UI")
    x = side.x + side.width // 2
    for _ in range(pages):
        for y in range(side.y + side.height - 12, side.y + 8, -14):  # a button is 20 px high
            event("MOUSEMOVE", "NOTHING", (x - 1, y))
            event("MOUSEMOVE", "NOTHING", (x, y))
            yield 0.03
            if wanted in hovered():
                return x, y
        for _ in range(8):
            event("WHEELDOWNMOUSE", "PRESS", (x, side.y + side.height // 2))
            yield 0.05
    raise AssertionError(f"There is no {wanted} in the sidebar, or not on its first {pages} pages.")


def click(wanted: str, pages: int = PAGES) -> Generator:
    global clicks
    at = yield from find(wanted, pages)
    clicks += 1
    event("LEFTMOUSE", "PRESS", at)
    event("LEFTMOUSE", "RELEASE", at)
    yield 0.3


def drag(wanted: str, by: int) -> Generator:
    x, y = yield from find(wanted)
    event("LEFTMOUSE", "PRESS", (x, y))
    yield 0.1
    for step in range(1, 7):
        event("MOUSEMOVE", "NOTHING", (x + by * step // 6, y))
        yield 0.1
    event("LEFTMOUSE", "RELEASE", (x + by, y))
    yield 0.5


def shot(name: str) -> Generator:
    yield 0.4
    with override():
        bpy.ops.screen.screenshot(filepath=str(Path(OUT, f"{name}.png")))
    yield 0.6


# -- what the steps check ----------------------------------------------------------------------------------------------


def state():
    return bpy.context.window_manager.fields


def head() -> bpy.types.Object:
    return bpy.data.objects["FIELDS Head"]


def seen() -> tuple:
    """Everything that a step may change: takes, keys, settings."""
    animation = head().data.shape_keys.animation_data
    action = animation.action if animation else None
    smile = 0.0
    if action:
        curves = action.fcurves if hasattr(action, "fcurves") else _slotted(action, animation)
        points = [point.co for curve in curves for point in curve.keyframe_points]
        smile = round(sum(abs(co.y) for co in points), 3)
    settings = head().fields
    return len(settings.takes), action is not None, smile, round(settings.emotion_intensity, 3), settings.key_style


def _slotted(action, animation):
    return action.layers[0].strips[0].channelbag(animation.action_slot).fcurves


def undo_and_redo(before: tuple, after: tuple) -> Generator:
    """Check that the step is one undo step: undo restores `before`, redo restores `after`."""
    assert before != after, f"The step changed nothing: {after}"
    yield from key("Z", ctrl=True)
    yield lambda: seen() == before
    yield from key("Z", ctrl=True, shift=True)
    yield lambda: seen() == after


def walk() -> Generator:
    yield from first_steps()
    yield from set_up()
    yield from shot("1_ready")
    before = seen()

    yield from stalls()

    say("capture, then ESC")
    before = seen()
    yield from click("fields.capture")
    assert state().running, "Capture does not start."
    yield lambda: state().picture != 0
    yield from key("NUMPAD_6")  # Blender stays usable: the view turns
    yield lambda: bool(state().left)
    yield from shot("2_capturing")
    assert not bpy.ops.fields.capture.poll(), "A second capture at once must be refused."
    yield from key("ESC")
    yield lambda: not state().running
    yield 0.3
    assert "Cancelled after" in head().fields.report, head().fields.report
    assert state().picture == 0 and len(head().fields.takes) == 1
    yield from shot("3_cancelled")
    yield from undo_and_redo(before, seen())

    say("capture to the end")
    bpy.context.scene.fields.range = "SCENE"
    bpy.ops.ed.undo_push(message="A short range")
    before = seen()
    yield from click("fields.capture")
    yield lambda: not state().running
    yield 0.3
    assert "channels keyed" in head().fields.report, head().fields.report
    say(head().fields.report)
    yield from shot("4_captured")
    yield from undo_and_redo(before, seen())

    say("emotion intensity by the mouse")
    before = seen()
    yield from drag("emotion_intensity", 40)
    yield from shot("5_stronger")
    yield from undo_and_redo(before, seen())

    say("a preset")
    before = seen()
    preset = next(
        Path(folder, "Game_Every_Frame.py")
        for folder in bpy.utils.preset_paths("fields_head")
        if Path(folder, "Game_Every_Frame.py").exists()
    )
    with override():
        bpy.ops.fields.preset_use("EXEC_DEFAULT", True, filepath=str(preset))
    yield 0.3
    yield from undo_and_redo(before, seen())

    yield from hard_times()


def first_steps() -> Generator:
    """README's first capture, word by word, from the scene that Blender opens with."""
    global clicks
    say("the first capture, from Blender's own scene")
    yield from tab()
    scene, scenes = window().scene, len(bpy.data.scenes)
    yield from shot("0_1_tab")
    clicks = 0
    yield from click("fields.open_video", pages=1)
    yield from choose_file()
    assert len(bpy.data.scenes) == scenes and window().scene == scene, "Opening a video made or chose another scene."
    assert scene.fields.footage == Path(CLIP).name, scene.fields.footage
    assert (scene.frame_end, scene.render.fps) == (300, 30), (scene.frame_end, scene.render.fps)
    yield from shot("0_2_footage")
    yield from click("fields.add_head", pages=1)
    yield 1.0
    assert scene.fields.head == head() == bpy.context.view_layer.objects.active
    assert head().parent.location.z > 0.9, "The head is inside the cube."
    space = area().spaces.active
    assert space.shading.type == "MATERIAL" and space.region_3d.view_distance < 2.0, space.region_3d.view_distance
    yield from shot("0_3_head")
    yield from click("fields.capture", pages=1)
    yield lambda: state().running
    yield 2.0
    yield from shot("0_4_capturing")
    yield lambda: not state().running
    yield 0.5
    say(f"clicks from the tab to the moving head: {clicks}")
    assert clicks <= 4 and head().data.shape_keys.animation_data.action
    report = head().fields.takes[0].report
    assert "channels keyed" in report, report
    say(report)
    # Bake Keys and the report are on screen, without scrolling.
    yield from find("fields.bake", pages=1)
    event("MOUSEMOVE", "NOTHING", middle())
    for part in (head().parent, head(), bpy.data.objects["Light"]):
        bpy.context.view_layer.objects.active = part
        yield 0.2
        assert bpy.ops.fields.bake.poll(), f"The take is out of sight when {part.name} is clicked."
    yield from shot("0_5_captured")
    for _ in range(3):
        yield from key("Z", ctrl=True)
    assert "FIELDS Head" not in bpy.data.objects or not head().fields.takes, "Undo left the take."
    for _ in range(3):
        yield from key("Z", ctrl=True, shift=True)
    yield lambda: "FIELDS Head" in bpy.data.objects and len(head().fields.takes) == 1
    bpy.ops.wm.read_homefile(use_factory_startup=False)
    yield 1.0


def choose_file() -> Generator:
    """Double click on the video, which is alone in its folder, in the file browser that has opened."""
    global clicks
    yield lambda: browser() is not None
    yield 0.5
    where, editor = browser()
    with tempfile.TemporaryDirectory(prefix="fields-footage-") as folder:
        shutil.copy(CLIP, folder)
        editor.spaces.active.params.directory = folder.encode()
        yield 1.5
        files = next(part for part in editor.regions if part.type == "WINDOW")
        at = files.x + 60, files.y + files.height - 40
        where.event_simulate(type="MOUSEMOVE", value="NOTHING", x=at[0], y=at[1])
        yield 0.3
        # Two simulated presses are no double click to Blender: Return stands for the second one.
        for button in ("LEFTMOUSE", "RET"):
            where.event_simulate(type=button, value="PRESS", x=at[0], y=at[1])
            where.event_simulate(type=button, value="RELEASE", x=at[0], y=at[1])
            yield 0.5
        clicks += 1
        yield lambda: browser() is None
        yield 1.0
        # The folder is about to go: the strip stays with the file that was given.
        for strip in strips_of(window().scene):
            strip.filepath = CLIP


def browser() -> tuple[bpy.types.Window, bpy.types.Area] | None:
    windows = bpy.context.window_manager.windows
    return next(((w, a) for w in windows for a in w.screen.areas if a.type == "FILE_BROWSER"), None)


def strips_of(scene: bpy.types.Scene) -> Any:
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def tab() -> Generator:
    """Open the sidebar at our tab."""
    area().spaces.active.show_region_ui = True
    yield 1.5  # the sidebar must be drawn before one of its tabs can be chosen
    region("UI").active_panel_category = "FIELDS"
    area().tag_redraw()
    yield 1.0


def stalls() -> Generator:
    """How long the window freezes while a capture runs, and while it only redraws the sidebar as often."""
    say("how long the window freezes")
    yield from watch("nothing running, sidebar redrawn", 5.0)
    with override():
        bpy.ops.fields.capture("INVOKE_DEFAULT")
    yield from watch("capture begins", lambda: state().picture != 0)
    yield from watch("capture runs", 10.0)
    assert state().running, "The capture was over before it could be measured."
    yield from key("ESC")
    yield from watch("capture ends", lambda: not state().running)
    assert "cv2" not in sys.modules, "The capture ran inside Blender, not in a process of its own."
    yield 0.3
    yield from key("Z", ctrl=True)
    yield lambda: not head().fields.takes


def watch(name: str, until: float | Callable[[], bool]) -> Generator:
    """Record the main thread's gaps under `name`, for some seconds or until a condition holds."""
    global watched, looked
    end_at = time.monotonic() + until if isinstance(until, float) else 0.0
    watched, looked = name, (time.perf_counter(), time.thread_time())
    while not until() if callable(until) else time.monotonic() < end_at:
        if not state().running:
            region("UI").tag_redraw()
        yield 0.25
    watched = ""


def hard_times() -> Generator:
    """What may go wrong while a capture runs."""
    yield 0.3
    bpy.context.scene.fields.range = "STRIP"
    say("the scene is switched while capturing")
    takes = len(head().fields.takes)
    first = window().scene
    yield from start()
    window().scene = bpy.data.scenes.new("Other")
    yield 0.5
    yield from key("ESC")
    yield lambda: not state().running
    yield 0.3
    assert len(head().fields.takes) == takes + 1, head().fields.report
    window().scene = first
    yield 0.5

    say("the head is deleted while capturing")
    yield from start()
    bpy.data.objects.remove(head())
    yield 0.5
    yield from key("ESC")
    yield lambda: not state().running
    yield 0.3
    assert state().picture == 0
    say("takes are kept in", *sorted(path.name for path in _tracks().glob("*.npz")))
    assert any(_tracks().glob("*.npz")), "The capture for the deleted head was not kept."

    say("another file is opened while capturing")
    with override():
        bpy.ops.fields.add_head()
    bpy.context.scene.fields.head = head()
    yield 0.5
    yield from start()
    bpy.ops.wm.read_homefile(use_factory_startup=False)
    yield 1.0
    assert not state().running and state().picture == 0, "The capture outlived its file."
    say(state().kept)
    assert "stopped" in state().kept


def _tracks() -> Path:
    return Path(bpy.utils.extension_path_user("bl_ext.user_default.fields_facial_capture", path="tracks"))


def start() -> Generator:
    """Start a capture and wait until it has seen some frames."""
    with override():
        bpy.ops.fields.capture("INVOKE_DEFAULT")
    yield lambda: state().picture != 0


def set_up() -> Generator:
    """Empty the default scene, and add a head and the sample as strips."""
    yield 1.0
    scene = bpy.context.scene
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    with override():
        bpy.ops.fields.add_head()
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    scene.fields.head = head()
    editor, strips = scene.sequence_editor_create(), strips_of(scene)
    for i in range(REPEATED):
        strip = strips.new_movie(f"performance {i + 1}", CLIP, 1, 1 + 300 * i)
        strip.select, editor.active_strip = True, strip
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    yield from tab()
    bpy.ops.ed.undo_push(message="Set up")


# -- running -----------------------------------------------------------------------------------------------------------


def tick() -> float:
    """Record the gap since the last call: by the clock, and in CPU seconds of the main thread."""
    global looked
    now = time.perf_counter(), time.thread_time()
    if watched:
        gaps.setdefault(watched, []).append((now[0] - looked[0], now[1] - looked[1]))
    looked = now
    return 0.002


def run(steps: Generator) -> Callable[[], float | None]:
    waiting, since = None, time.monotonic()

    def go_on() -> float | None:
        nonlocal waiting, since
        try:
            if callable(waiting) and not waiting():
                if time.monotonic() - since > PATIENCE:
                    raise AssertionError(f"Still not so after {PATIENCE:.0f} s.")
                return 0.05
            waiting, since = next(steps), time.monotonic()
        except StopIteration:
            return end("all steps done")
        except BaseException:
            return end(traceback.format_exc())
        return waiting if isinstance(waiting, float) else 0.05

    return go_on


def end(words: str) -> None:
    for name, found in gaps.items():
        longest = " ".join(f"{1000 * gap:.0f} ({1000 * work:.0f})" for gap, work in sorted(found, reverse=True)[:5])
        late = sum(gap > STALL for gap, _ in found)
        say(f"{name}: {late} of {len(found)} gaps above {1000 * STALL:.0f} ms; longest (own work) {longest} ms")
    say(words)
    Path(OUT, "report.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    bpy.ops.wm.quit_blender()


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(tick, first_interval=1.0, persistent=True)
bpy.app.timers.register(run(walk()), first_interval=2.0, persistent=True)
