"""What the artist gets: performances baked onto a mesh with all 52 shape keys, with the settings of a new head.

    python -m tools.keyed CLIPS... --out data/eval/keyed                       (a Python with bpy)

CLIPS are videos and test sets of moving pictures (folders with truth.npz), which are captured first, or Tracks (npz).
For each, an npz of its name for `training.evaluation`, which is made anew each time:

    rate               frames a second of the scene
    frames, keyed      (m,), (m, 52) ARKit weights that Blender plays at these frames of the scene
    time, captured     (n,) s, (n, 52) ARKit weights of the Track
"""

# The stubs of bpy don't know our operators.
# pyright: reportAttributeAccessIssue=false

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .blender import MODULE, ROOT, extension

RATE = 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="*", help="videos, folders of test sets, or Tracks")
    parser.add_argument("--out", type=Path, default=Path("data/eval/keyed"))
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--rate", type=int, default=RATE, help="frames a second of the scene")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with extension():
        baker = Baker(options.rate)
        for path in options.clips:
            if path.is_dir() and not (path / "truth.npz").exists():
                print(f"{path.name} is not a finished test set", flush=True)
                continue
            try:
                found = performance(path, options.models)
            except part("fields_blender.core.errors").FieldsError as error:
                print(f"{path.name}: {error}", flush=True)
                continue
            if not found.found.any():
                print(f"{path.name}: no face", flush=True)
                continue
            frames, keyed = baker.bake(found)
            np.savez_compressed(
                options.out / f"{path.stem}.npz",
                rate=options.rate, frames=frames, keyed=keyed, time=found.time, captured=weights_of(found),
            )  # fmt: skip
            print(f"{path.name}: {len(frames)} frames keyed", flush=True)


def part(name: str) -> Any:
    """That module of the enabled extension."""
    return import_module(f"{MODULE}.{name}")


def performance(path: Path, models: Path) -> Any:
    """The Track in a file, or captured from a video. Raises FieldsError."""
    if path.suffix == ".npz":
        return part("fields_blender.core.track").load(path)
    clip = shot(path) if path.is_dir() else part("fields_blender.capture.clip").open_video(path)
    run = part("fields_blender.capture.solve").capture(clip, models, "cpu")
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value


def shot(folder: Path) -> Any:
    """The pictures of a test set as one Clip: 000000.png and so on, at the times in its truth.npz."""
    with np.load(folder / "truth.npz") as truth:
        times = tuple(truth["time"].tolist())
    clips = part("fields_blender.capture.clip")
    paths = tuple(str(folder / f"{i:06d}.png") for i in range(len(times)))
    return clips.Clip((clips.PicturePiece(paths, times),))


def weights_of(track: Any) -> np.ndarray:
    """(n, 52) ARKit weights of a Track, NaN without a face."""
    groups = (track[name].astype(np.float64) for name in ("expression", "jaw", "eyelids", "gaze"))
    return part("fields_blender.core.arkit").to_arkit(*groups)


class Baker:
    """A mesh with the 52 shape keys, in a scene of `rate` frames a second."""

    def __init__(self, rate: int) -> None:
        import bpy

        self.rate, self.names = rate, part("fields_blender.core.names").ARKIT
        scene = bpy.context.scene
        scene.render.fps, scene.render.fps_base = rate, 1.0
        self.mesh = bpy.data.meshes.new("Face")
        self.mesh.from_pydata([(0, 0, 0), (1, 0, 0)], [], [])
        self.head: Any = bpy.data.objects.new("Face", self.mesh)
        scene.collection.objects.link(self.head)
        for name in ("Basis", *self.names):
            self.head.shape_key_add(name=name, from_mix=False)
        scene.fields.head = self.head

    def bake(self, track: Any) -> tuple[np.ndarray, np.ndarray]:
        """Frames (m,) of the scene, from before the Track to after it, and the weights (m, 52) that are keyed there."""
        import bpy

        takes, fcurve_of = part("operators.takes.takes"), part("operators.keys.fcurves").fcurve_of
        keys: Any = self.mesh.shape_keys
        while len(self.head.fields.takes):
            takes.remove(self.head, 0)
        if keys.animation_data:
            keys.animation_data_clear()
        for key in keys.key_blocks:
            key.value = 0.0
        takes.add(self.head, track, "take")
        self.head.fields.baked = ""  # nothing is kept of the clip before
        bpy.context.view_layer.update()
        bpy.ops.fields.bake()
        frames = np.arange(int(track.time[0] * self.rate) - 1, int(track.time[-1] * self.rate) + 3)
        keyed = np.zeros((len(frames), len(self.names)))
        for column, name in enumerate(self.names):
            curve = fcurve_of(keys, f'key_blocks["{name}"].value', 0)
            if curve is not None:
                keyed[:, column] = [curve.evaluate(float(frame)) for frame in frames]
        return frames, keyed


if __name__ == "__main__":
    main()
