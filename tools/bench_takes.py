"""What ten takes of a minute cost in saving and in an undo step, compared with the same scene without them.

    python -m tools.bench_takes

Measured in CPU time, so that other programs on the machine don't count. Writing to the disk doesn't count either.
"""

# The stubs of bpy don't know our operators.
# pyright: reportAttributeAccessIssue=false

import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from .blender import MODULE, ROOT, extension

TAKES, SECONDS, RATE = 10, 60, 30
RUNS = 15  # of each; the median counts


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fields-bench-") as folder, extension():
        import bpy

        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.fields.add_head()
        head = bpy.data.objects["FIELDS Head"]
        bpy.context.scene.fields.head = head
        takes = import_module(f"{MODULE}.operators.takes.takes")
        takes.add(head, minute(0), "keyed")
        bpy.ops.fields.bake()
        takes.remove(head, 0)
        path = Path(folder, "scene.blend")

        def save() -> None:
            bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, check_existing=False)

        def undo_step() -> None:
            head.location.x += 1.0
            bpy.ops.ed.undo_push(message="bench")

        plain = {what.__name__: middle(what) for what in (save, undo_step)}
        size = path.stat().st_size
        for number in range(TAKES):
            takes.add(head, minute(number), f"take {number}")
        full = {what.__name__: middle(what) for what in (save, undo_step)}
        grown = path.stat().st_size - size
        print(f"{TAKES} takes of {SECONDS} s: {grown / 1e6:.1f} MB in a .blend of {size / 1e6:.1f} MB without them")
        for name in plain:
            more = full[name] - plain[name]
            print(
                f"{name.replace('_', ' '):10} {1000 * plain[name]:6.1f} ms without, {1000 * full[name]:6.1f} ms with "
                f"takes: {more * 1000:+.1f} ms, {full[name] / plain[name]:.2f} x"
            )


def minute(seed: int):
    """The sample's performance repeated, with the noise of a capture: without it, it would compress too well."""
    track = import_module(f"{MODULE}.fields_blender.core.track")
    sample = track.load(ROOT / "samples" / "performance.npz")
    random, frames = np.random.default_rng(seed), np.arange(SECONDS * RATE)
    groups = {}
    for name, values in sample.groups.items():
        again = values[frames % len(sample)]
        groups[name] = (again + random.normal(0.0, 0.005, again.shape)).astype(np.float32)
    return track.Track(frames / RATE, groups, sample.card, sample.source)


def middle(work: Callable[[], None]) -> float:
    """Median CPU time in s."""
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
