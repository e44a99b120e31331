"""The whole path in one run: a video on a strip, captured onto the demo head in Blender, rendered beside the video.

python -m tools.demo [VIDEO]        writes out/demo; `make demo CLIP=VIDEO` does the same
"""

# The stubs of bpy don't know our properties and operators.
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import argparse
import contextlib
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fields_blender.capture.clip import frames, open_video
from fields_blender.capture.video import import_cv2, probe
from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.exchange import livelink

from .blender import ROOT, extension

if TYPE_CHECKING:
    import bpy

SIDE = 360  # pixels: height of the side-by-side video, and width of the rendered head
SAMPLES = 4  # Cycles' rays a pixel; its denoiser does the rest
RENDER_SECONDS = 100.0  # for rendering, of the three minutes that the demo may take
TRIALS = 3  # frames rendered to measure how long one takes
SLOWEST = 4.0  # pictures a second below which motion can't be judged: of a long clip show less instead
PAIRS = 10  # on the contact sheet


def main() -> int:
    parser = argparse.ArgumentParser(description="Capture a video onto the demo head, in Blender without a window.")
    parser.add_argument("video", type=Path, nargs="?", default=ROOT / "samples" / "performance.mp4")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo", help="folder (default: out/demo)")
    arguments = parser.parse_args()
    try:
        with extension():
            demo(arguments.video.absolute(), arguments.out.absolute())
    except FieldsError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except RuntimeError as error:  # how an operator's error report reaches a script
        print(f"demo: {str(error).removeprefix('Error: ').strip()}", file=sys.stderr)
        return 1
    return 0


def demo(video: Path, out: Path) -> None:
    """Everything the demo does, in order. `extension` must be enabled."""
    import bpy

    info = probe(video)
    out.mkdir(parents=True, exist_ok=True)  # it may be any folder, so nothing else in it is deleted
    scene = new_file(out / "demo.blend")
    put_on_strip(scene, video, info.fps)
    head = add_head(scene)

    print(f"Capturing {video.name}: {info.width} x {info.height}, {info.fps:g} fps, {info.duration:.1f} s", flush=True)
    began = time.perf_counter()
    bpy.ops.fields.capture()
    captured = time.perf_counter()
    bpy.ops.fields.bake()  # once more, to measure how long it takes alone
    baking = time.perf_counter() - captured
    performance = keep_track(head, out / "track.npz")
    livelink.write(performance, out / "livelink.csv")
    lay_out_windows(scene)
    bpy.ops.wm.save_mainfile()

    shown = render(scene, video, info.fps, out)
    rate = len(performance) / (captured - began - baking)
    print(f"""
{head.fields.report}
capture: {rate:.0f} fps ({rate / info.fps:.1f} x real time) on {performance.source["device"]}
baking: {baking:.2f} s
{shown}
Look at {_short(out)}:
  demo.blend          the strip, the head and its keys; open it in Blender and press Space
  side-by-side.mp4    the video beside the head
  contact-sheet.png   {PAIRS} moments of it
  track.npz           the captured performance, to bake onto other heads
  livelink.csv        the same in the format of the Live Link Face app""")


def new_file(path: Path) -> "bpy.types.Scene":
    """bpy's start-up file, emptied, saved at `path` so that files beside it have relative names."""
    import bpy

    bpy.context.preferences.filepaths.save_version = 0  # no demo.blend1 beside it
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return bpy.context.scene


def put_on_strip(scene: "bpy.types.Scene", video: Path, fps: float) -> None:
    """The video on a movie strip. The scene gets the video's frame rate; it is ours, so no artist's fps changes."""
    import bpy

    whole = max(round(fps), 1)
    scene.render.fps, scene.render.fps_base = whole, whole / fps
    strips = strips_of(scene)
    strip = strips.new_movie(video.stem, str(video), channel=2, frame_start=1)
    strip.filepath = bpy.path.relpath(str(video))
    add_sound(strips, video)
    scene.sequence_editor.active_strip = strip
    scene.frame_start, scene.frame_end = 1, int(strip.frame_final_end) - 1
    scene.frame_set(1)
    if hasattr(bpy.context.workspace, "sequencer_scene"):  # 5.0
        bpy.context.workspace.sequencer_scene = scene


def strips_of(scene: "bpy.types.Scene") -> Any:
    """The scene's strips; Blender 4.2 calls them sequences."""
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def add_sound(strips: Any, video: Path) -> None:
    """The video's sound on channel 1, if it has any."""
    import bpy

    with contextlib.suppress(RuntimeError):
        sound = strips.new_sound(f"{video.stem} sound", str(video), channel=1, frame_start=1)
        if sound.sound.samplerate:
            sound.sound.filepath = bpy.path.relpath(str(video))
        else:  # a video without sound makes a strip too
            strips.remove(sound)


def add_head(scene: "bpy.types.Scene") -> "bpy.types.Object":
    """The demo head, chosen as the head to animate, with a camera and lights."""
    import bpy

    from .render_head import setup_studio

    bpy.ops.fields.add_head()
    head = bpy.context.view_layer.objects.active
    scene.fields.head = head
    setup_studio(scene, (SIDE, SIDE), [head])
    scene.cycles.samples = SAMPLES
    return head


def keep_track(head: "bpy.types.Object", path: Path) -> track.Track:
    """Write the captured take to `path` as well. The .blend holds it too."""
    path.write_bytes(head.fields.takes[0].data["fields_take"])
    return track.load(path)


def lay_out_windows(scene: "bpy.types.Scene") -> None:
    """Show the head through the camera in Layout, and add a tab Video Editing, which shows the strip."""
    import bpy

    template = Path(bpy.utils.system_resource("SCRIPTS"), "startup", "bl_app_templates_system", "Video_Editing")
    bpy.ops.workspace.append_activate(idname="Video Editing", filepath=str(template / "startup.blend"))
    for workspace in bpy.data.workspaces:
        if hasattr(workspace, "sequencer_scene"):  # 5.0
            workspace.sequencer_scene = scene
    for area in bpy.data.workspaces["Layout"].screens[0].areas:
        if area.type == "VIEW_3D":
            space = area.spaces.active
            space.region_3d.view_perspective = "CAMERA"
            space.shading.type = "MATERIAL"
            space.overlay.show_overlays = False
            space.show_region_ui = True


def render(scene: "bpy.types.Scene", video: Path, fps: float, out: Path) -> str:
    """Render the head at as many frames as time allows, beside the video's. Returns a sentence on what was left out."""
    import bpy

    scene.render.use_sequencer = False
    scene.cycles.denoising_quality = "FAST"
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode = "PNG", "RGB"
    pictures = out / "frames.part"
    shutil.rmtree(pictures, ignore_errors=True)

    def shot(frame: int) -> Path:
        scene.frame_set(frame)
        scene.render.filepath = str(pictures / f"head{frame:05d}.png")
        with quiet():
            bpy.ops.render.render(write_still=True)
        return Path(scene.render.filepath)

    shot(scene.frame_start)  # the first one builds the scene
    began = time.perf_counter()
    for frame in range(1, 1 + TRIALS):
        shot(scene.frame_start + frame)
    affordable = max(int(RENDER_SECONDS * TRIALS / (time.perf_counter() - began)), PAIRS)
    every, last = spread(scene.frame_start, scene.frame_end, fps, affordable)
    chosen = list(range(scene.frame_start, last + 1, every))
    pairs: list[Path] = []
    video_side = pictures_at(video, chosen, scene.frame_start, fps)
    for number, (frame, image) in enumerate(zip(chosen, video_side, strict=True), 1):
        pairs.append(beside(image, shot(frame), pictures / f"pair{number:05d}.png"))
        _progress(f"Rendering: {number / len(chosen):4.0%}  {number}/{len(chosen)}", number == len(chosen))
    contact_sheet(pairs, out / "contact-sheet.png")
    encode(pairs, fps / every, video, out / "side-by-side.mp4")
    shutil.rmtree(pictures)
    if every == 1 and last == scene.frame_end:
        return "side-by-side.mp4 shows every frame"
    part = "" if last == scene.frame_end else f"the first {last / fps:.0f} of {scene.frame_end / fps:.0f} s, "
    return f"side-by-side.mp4 shows {part}one frame in {every} (rendering all would take longer than the demo may)"


def spread(first: int, last: int, fps: float, affordable: int) -> tuple[int, int]:
    """(every, last): show each `every`-th frame up to `last`: about `affordable` frames, at SLOWEST or faster."""
    every = math.ceil((last - first + 1) / affordable)
    every = max(min(every, int(fps / SLOWEST)), 1)
    return every, min(last, first + affordable * every - 1)


def pictures_at(video: Path, chosen: list[int], first: int, fps: float) -> Iterator[np.ndarray]:
    """The video's picture (h, w, 3) at each of the scene frames `chosen`, ascending; its last one if it ends early."""
    stream = frames(open_video(video))
    try:
        image = next(stream).image
        upcoming = next(stream, None)
        for frame in chosen:
            seconds = (frame - first + 0.25) / fps  # a quarter of a frame: time stamps are rounded
            while upcoming is not None and upcoming.time <= seconds:
                image, upcoming = upcoming.image, next(stream, None)
            yield image
    finally:
        stream.close()


def beside(image: np.ndarray, rendered: Path, target: Path) -> Path:
    """Write the video picture (h, w, 3) and the rendered head side by side, at the same height."""
    cv2 = import_cv2()
    width = max(2 * round(image.shape[1] * SIDE / image.shape[0] / 2), 2)  # H.264 wants even sizes
    small = cv2.resize(image, (width, SIDE), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), np.hstack([small, cv2.imread(str(rendered))]))
    return target


def contact_sheet(pairs: list[Path], target: Path) -> None:
    """Write PAIRS moments spread over the clip, two pairs in a row."""
    cv2 = import_cv2()
    at = np.unique(np.linspace(0, len(pairs) - 1, PAIRS).round().astype(int))
    images = [cv2.resize(cv2.imread(str(pairs[i])), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for i in at]
    images += [np.zeros_like(images[0])] * (len(images) % 2)
    rows = [np.hstack(images[i : i + 2]) for i in range(0, len(images), 2)]
    cv2.imwrite(str(target), np.vstack(rows))


def encode(pairs: list[Path], fps: float, video: Path, target: Path) -> None:
    """Write the pictures as an H.264 video with the sound of `video`, by Blender's own sequencer and ffmpeg."""
    import bpy

    scene = bpy.data.scenes.new("side by side")
    strips = strips_of(scene)
    strip = strips.new_image("pairs", str(pairs[0]), channel=2, frame_start=1)
    for pair in pairs[1:]:
        strip.elements.append(pair.name)
    strip.frame_final_duration = len(pairs)
    add_sound(strips, video)
    scene.frame_start, scene.frame_end = 1, len(pairs)
    height, width = import_cv2().imread(str(pairs[0])).shape[:2]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.fps, scene.render.fps_base = max(round(fps), 1), max(round(fps), 1) / fps
    encode_scene(scene, target)
    bpy.data.scenes.remove(scene)


def encode_scene(scene: "bpy.types.Scene", target: Path) -> None:
    """Render a scene's sequencer to an H.264 file, without changing colours."""
    import bpy

    made = scene.render
    made.resolution_percentage = 100
    made.filepath, made.use_file_extension = str(target), False
    if hasattr(made.image_settings, "media_type"):  # 5.0
        made.image_settings.media_type = "VIDEO"
    made.image_settings.file_format = "FFMPEG"
    made.ffmpeg.format, made.ffmpeg.codec, made.ffmpeg.constant_rate_factor = "MPEG4", "H264", "HIGH"
    made.ffmpeg.audio_codec = "AAC"
    scene.display_settings.display_device = "sRGB"
    scene.view_settings.view_transform = "Standard"
    with quiet():
        bpy.ops.render.render(animation=True, scene=scene.name)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Blender itself prints (a line for every render) off the terminal."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _progress(text: str, last: bool) -> None:
    """On a terminal one line that is overwritten; in a log only the last one."""
    if sys.stdout.isatty():
        print(f"\r{text}", end="\n" if last else "", flush=True)
    elif last:
        print(text, flush=True)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    sys.exit(main())
