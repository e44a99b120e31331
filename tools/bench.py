"""Speed and memory, as ratios within one run: absolute times of different machines or runs can't be compared.

python -m tools.bench [--quick] [--task FACE_LANDMARKER.task]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import shared_data
from .blender import MODULE, ROOT, extension

SAMPLE = ROOT / "samples" / "performance.mp4"
TASK = shared_data.find("data", "peers", "face_landmarker.task")
MEDIAPIPE = ROOT / ".venv-mediapipe"
CLIP_SECONDS = 10
RATE = 30
RUNS = 3  # of each timing that other programs can disturb; the median counts
KEYED_FRAMES = 3000


class Row(NamedTuple):
    what: str
    figure: str
    wanted: str
    reached: bool | None  # None: not measured here; `figure` says why


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory, as ratios within one run.")
    parser.add_argument("--quick", action="store_true", help="one minute instead of ten for the memory, fewer repeats")
    parser.add_argument("--clip", type=Path, default=SAMPLE, help="a video with a face (default: the sample)")
    parser.add_argument("--task", type=Path, default=TASK, help="MediaPipe's face_landmarker.task, to compare with")
    parser.add_argument("--measure", nargs=2, metavar=("VIDEO", "TIMES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure_capture(Path(arguments.measure[0]), int(arguments.measure[1]))
        return 0
    if not arguments.clip.exists():
        print(f"{arguments.clip} is missing, so there is nothing to measure.", file=sys.stderr)
        return 1
    runs = 1 if arguments.quick else RUNS
    with tempfile.TemporaryDirectory(prefix="fields-bench-") as folder, extension():
        video = Path(folder, "clip.mp4")
        print(f"Making a 1080p{RATE} H.264 clip of {CLIP_SECONDS} s …", flush=True)
        make_clip(arguments.clip.absolute(), video)
        rows = capture_rows(video, arguments.task, runs)
        rows.append(memory_row(video, 6 if arguments.quick else 60))
        rows.append(keying_row(arguments.quick))
        rows += slider_rows()
        rows.append(enable_row())
    show(rows)
    return 0


# ----------------------------------------------------------------------------------------------------- the measures


def capture_rows(video: Path, task: Path, runs: int) -> list[Row]:
    """Capture against real time and against MediaPipe, in turns, decoding included."""
    reason = mediapipe_reason(task)
    ours, theirs = [], []
    for run in range(runs):
        print(f"Capture, run {run + 1} of {runs} …", flush=True)
        ours.append(rate(ask("bench", "--measure", str(video), "1")))
        if not reason:
            theirs.append(rate(mediapipe(video, task)))
    mine = statistics.median(ours)
    real = Row("capture, 1080p30 / real time", f"{mine / RATE:.1f} x  ({mine:.0f} fps)", ">= 2 x", mine >= 2 * RATE)
    if reason:
        return [real, Row("capture / MediaPipe 0.10.14", f"not measured: {reason}", ">= 1 x", None)]
    peer = statistics.median(theirs)
    return [
        real,
        Row("capture / MediaPipe 0.10.14", f"{mine / peer:.2f} x  (it: {peer:.0f} fps)", ">= 1 x", mine >= peer),
    ]


def memory_row(video: Path, times: int) -> Row:
    """Peak memory of a clip repeated `times` times, against once."""
    print(f"Memory over {times * CLIP_SECONDS / 60:g} min of video …", flush=True)
    short, long = (ask("bench", "--measure", str(video), str(n))["peak"] for n in (1, times))
    figure = f"{long / short:.3f} x  ({short / 1e6:.0f} MB, {long / 1e6:.0f} MB)"
    return Row(
        f"peak memory, {times * CLIP_SECONDS / 60:g} min / {CLIP_SECONDS} s", figure, "<= 1.1 x", long <= 1.1 * short
    )


def keying_row(quick: bool) -> Row:
    """Writing 52 channels x KEYED_FRAMES keys, against keyframe_insert."""
    names = import_module(f"{MODULE}.fields_blender.core.names")
    curves = import_module(f"{MODULE}.fields_blender.core.curves")
    mappings = import_module(f"{MODULE}.fields_blender.rig.mapping_file")
    heads, keys = (import_module(f"{MODULE}.operators.{name}") for name in ("head.heads", "keys.write_keys"))
    mapping = mappings.load(ROOT / "models" / "mappings" / "arkit.json")
    print(f"Keying {len(names.ARKIT)} x {KEYED_FRAMES} …", flush=True)
    frames = np.arange(KEYED_FRAMES)
    values = np.random.default_rng(0).random((KEYED_FRAMES, len(names.ARKIT)))
    still = {bone.bone: np.zeros((KEYED_FRAMES, 3)) for bone in mapping.bones}
    performance = curves.Curves(frames / RATE, list(names.ARKIT), values, still)
    seconds = []
    for _ in range(RUNS):
        head = heads.find(a_head(names.ARKIT), mapping)
        head.object.fields.key_style = "EVERY"
        began = time.perf_counter()
        keys.write(head, performance, frames, mapping, "bench")
        seconds.append(time.perf_counter() - began)
    ours = min(seconds)  # the least disturbed

    blocks = a_head(names.ARKIT).data.shape_keys.key_blocks
    some = KEYED_FRAMES // 10 if quick else KEYED_FRAMES
    began = time.perf_counter()
    for name, column in zip(names.ARKIT, values.T, strict=True):
        block = blocks[name]
        for frame, value in zip(frames[:some].tolist(), column.tolist(), strict=False):
            block.value = value
            block.keyframe_insert("value", frame=frame)
    theirs = (time.perf_counter() - began) * KEYED_FRAMES / some
    figure = f"{ours:.3f} s  (keyframe_insert {theirs:.1f} s: {theirs / ours:.0f} x)"
    return Row(f"keying {len(names.ARKIT)} x {KEYED_FRAMES}", figure, "< 0.15 s", ours < 0.15)


def slider_rows() -> list[Row]:
    """Rewriting a minute of keys while a slider is dragged, against baking it. Smoothing runs the slow half too."""
    import bpy

    names, track = (import_module(f"{MODULE}.fields_blender.core.{name}") for name in ("names", "track"))
    takes = import_module(f"{MODULE}.operators.takes.takes")
    print("Dragging sliders over a minute …", flush=True)
    sample = track.load(ROOT / "samples" / "performance.npz")
    groups = {name: np.concatenate([sample[name]] * 6) for name in names.GROUPS}
    minute = track.Track(np.arange(6 * len(sample)) / RATE, groups, sample.card, sample.source)
    head = bpy.context.scene.fields.head = a_head(names.ARKIT)
    bpy.context.scene.render.fps = RATE
    takes.add(head, minute, "bench")
    began = time.perf_counter()
    bpy.ops.fields.bake()  # pyright: ignore[reportAttributeAccessIssue]
    baked = time.perf_counter() - began
    shape, regions = head.fields.shape, import_module(f"{MODULE}.fields_blender.core.regions").REGIONS
    drags = {
        "emotion slider": lambda x: setattr(head.fields, "emotion_intensity", x),
        "strength of the brows": lambda x: shape.strength.__setitem__(regions.index("brows"), x),
        "smoothing of the mouth": lambda x: shape.smooth.__setitem__(regions.index("mouth"), x),
    }
    rows = []
    for name, drag in drags.items():
        spent = []
        for value in (0.0, 0.5, 0.8, 0.6, 0.3):
            began = time.perf_counter()
            drag(value)
            spent.append(time.perf_counter() - began)
        step = min(spent)  # the least disturbed
        figure = f"{step:.3f} s  (Bake Keys: {baked / step:.1f} x)"
        rows.append(Row(f"{name}, a minute", figure, "< 0.1 s", step < 0.1))
    return rows


def enable_row() -> Row:
    """CPU time that enabling the extension adds to Blender's start, each time in a fresh process."""
    seconds = min(ask("bench_enable")["seconds"] for _ in range(2 * RUNS))  # the least disturbed
    return Row("enabling the extension", f"{seconds:.3f} s", "< 0.08 s", seconds < 0.08)


# -------------------------------------------------------------------------------------- in processes of their own


def measure_capture(video: Path, times: int) -> None:
    """Capture `video` repeated `times` times; print frames, seconds and peak memory (bytes)."""
    from fields_blender.capture.clip import Clip, VideoPiece, open_video
    from fields_blender.capture.solve import capture

    once = open_video(video).pieces[0]
    assert isinstance(once, VideoPiece)
    pieces = tuple(
        VideoPiece(once.path, n * CLIP_SECONDS, (n + 1) * CLIP_SECONDS, offset=n * CLIP_SECONDS, count=once.count)
        for n in range(times)
    )
    began, frames = time.perf_counter(), 0
    for progress in capture(Clip(pieces), ROOT / "models", device="cpu"):
        frames = progress.done
    seconds = time.perf_counter() - began
    print(json.dumps({"frames": frames, "seconds": seconds, "peak": peak_memory()}))


def peak_memory() -> int:
    """Peak memory of this process in bytes. Linux's getrusage would include the parent's at the time of the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def ask(module: str, *arguments: str) -> dict[str, Any]:
    """Run a measurement in a fresh process. Returns what it prints."""
    return _json([sys.executable, "-m", f"tools.{module}", *arguments])


def mediapipe_reason(task: Path) -> str:
    """Why MediaPipe can't be measured here; empty if it can. Makes its environment if need be."""
    if not task.exists():
        return f"no {task.name} (name one with --task)"
    python = MEDIAPIPE / "bin" / "python"
    if not (MEDIAPIPE / "ready").exists():
        print("Installing MediaPipe in an environment of its own (once) …", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        make = [[sys.executable, "-m", "venv", str(MEDIAPIPE)], [*pip, "mediapipe==0.10.14"]]
        if any(subprocess.run(command, check=False).returncode for command in make):
            return "mediapipe==0.10.14 can't be installed here"
        (MEDIAPIPE / "ready").touch()
    return ""


def mediapipe(video: Path, task: Path) -> dict[str, Any]:
    script = ROOT / "tools" / "bench_mediapipe.py"
    return _json([str(MEDIAPIPE / "bin" / "python"), str(script), str(video), str(task)])


def _json(command: list[str]) -> dict[str, Any]:
    """The last line that a command prints, as JSON. The rest of its output is shown only if it fails."""
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return json.loads(run.stdout.strip().splitlines()[-1])


def rate(measured: dict[str, Any]) -> float:
    return measured["frames"] / measured["seconds"]


# ------------------------------------------------------------------------------------------------- what is measured


def make_clip(source: Path, target: Path) -> None:
    """Write `source` as CLIP_SECONDS of 1080p H.264, repeated if it is shorter, by Blender's sequencer."""
    import bpy

    from .demo import encode_scene, strips_of

    scene = bpy.data.scenes.new("bench")
    scene.render.fps, scene.render.fps_base = RATE, 1.0
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    strips, begin, end = strips_of(scene), 1, 1 + CLIP_SECONDS * RATE
    while begin < end:
        strip = strips.new_movie("clip", str(source), channel=1, frame_start=begin, fit_method="FIT")
        begin = int(strip.frame_final_end)
    scene.frame_start, scene.frame_end = 1, end - 1
    encode_scene(scene, target)
    bpy.data.scenes.remove(scene)


def a_head(names: list[str]) -> Any:
    """A small mesh with these shape keys. Each moves it a little, so that none counts as empty."""
    import bpy

    mesh = bpy.data.meshes.new("bench")
    mesh.from_pydata([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], [], [])
    head = bpy.data.objects.new("bench", mesh)
    bpy.context.scene.collection.objects.link(head)
    head.shape_key_add(name="Basis")
    for i, name in enumerate(names):
        moved: Any = head.shape_key_add(name=name, from_mix=False).data[i % 8]
        moved.co.x += 0.1
    return head


def show(rows: list[Row]) -> None:
    widths = [max(map(len, column)) for column in zip(*(row[:3] for row in rows), strict=True)]
    print()
    for row in rows:
        reached = {True: "yes", False: "NO", None: "-"}[row.reached]
        print(f"{row.what:{widths[0]}s}   {row.figure:{widths[1]}s}   {row.wanted:{widths[2]}s}   {reached}")


if __name__ == "__main__":
    sys.exit(main())
