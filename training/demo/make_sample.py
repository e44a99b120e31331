"""Render the sample clip: `python -m training.demo.make_sample` (needs bpy and ICT-FaceKit; see samples/README.md).

Frames are cached in a folder, so that a stopped render can be resumed. Then they get grain and are encoded as H.264 to
samples/performance.mp4; the ground truth goes to samples/performance.npz, a Track whose card says that it is no
measurement.
"""

import argparse
import shutil
from pathlib import Path

import bpy
import cv2
import numpy as np

from fields_blender.core import track
from fields_blender.core.track import Track

from ..people import ict_head, performance
from .sample_scene import FOCAL, SIZE, Studio

SAMPLES = Path(__file__).parents[2] / "samples"
_IDENTITY_SEED = 7
_IDENTITY_STRENGTH = 0.8
_APPEARANCE_SEED = 3
_GRAIN = 2.2  # standard deviation in 8-bit steps, at mid grey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ict", type=Path, default=ict_head.DATA, help="folder of ICT-FaceKit")
    parser.add_argument("--cache", type=Path, default=Path(".cache/sample"), help="folder for rendered frames")
    parser.add_argument("--samples", type=int, default=5, help="Cycles samples per pixel")
    parser.add_argument("--frames", type=int, nargs="*", help="render only these, and no clip")
    arguments = parser.parse_args()
    time, groups = performance.perform()
    chosen = range(len(time)) if arguments.frames is None else arguments.frames
    render(chosen, groups, arguments.ict, arguments.cache, arguments.samples)
    if arguments.frames is None:
        encode(arguments.cache, len(time), SAMPLES / "performance.mp4")
        save_truth(time, groups, SAMPLES / "performance.npz")


def render(frames: range | list[int], groups: dict[str, np.ndarray], ict: Path, cache: Path, samples: int) -> None:
    """Render the frames that are missing in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [frame for frame in frames if not _frame_path(cache, frame).exists()]
    if not missing:
        return
    head = ict_head.load(ict)
    identity = ict_head.sample_identity(np.random.default_rng(_IDENTITY_SEED), _IDENTITY_STRENGTH)
    studio = Studio(head, identity, samples, _APPEARANCE_SEED)
    vertices = head.vertices(identity, *(groups[name] for name in ("expression", "jaw", "eyelids", "gaze")))
    for frame in missing:
        before = _frame_path(cache, frame - 1)
        if before.exists() and all(np.allclose(g[frame], g[frame - 1], atol=1e-9, rtol=0) for g in groups.values()):
            shutil.copy(before, _frame_path(cache, frame))
            continue
        rotation = cv2.Rodrigues(groups["head"][frame].astype(np.float64))[0]
        position = groups["translation"][frame]
        unturned = position - (rotation @ performance.NECK_TO_EYES - performance.NECK_TO_EYES)
        scale = studio.interocular
        studio.pose(vertices[frame], rotation, scale * position, scale * unturned)
        part = cache / "part.png"
        studio.render(str(part.resolve()))
        part.replace(_frame_path(cache, frame))


def encode(cache: Path, count: int, target: Path) -> None:
    """Add camera grain to the frames and encode them as H.264 with Blender."""
    rng = np.random.default_rng(_APPEARANCE_SEED)
    grained = cache / "grained"
    grained.mkdir(exist_ok=True)
    for frame in range(count):
        picture = cv2.imread(str(_frame_path(cache, frame)))
        noise = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE, 3)).astype(np.float32), (0, 0), 0.6)
        noise += rng.standard_normal((SIZE, SIZE, 1)).astype(np.float32)
        noisy = picture + _GRAIN * (noise / noise.std())
        cv2.imwrite(str(grained / f"{frame:04d}.png"), np.clip(noisy, 0, 255).round().astype(np.uint8))

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    strip = scene.sequence_editor_create().strips.new_image(
        "frames", str((grained / "0000.png").resolve()), channel=1, frame_start=1
    )
    for frame in range(1, count):
        strip.elements.append(f"{frame:04d}.png")
    scene.frame_start, scene.frame_end = 1, count
    scene.render.fps, scene.render.fps_base = performance.RATE, 1.0
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.view_settings.view_transform = "Standard"
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    ffmpeg = scene.render.ffmpeg
    ffmpeg.format, ffmpeg.codec, ffmpeg.audio_codec = "MPEG4", "H264", "NONE"
    ffmpeg.constant_rate_factor, ffmpeg.ffmpeg_preset, ffmpeg.gopsize = "HIGH", "BEST", performance.RATE
    scene.render.use_file_extension = False
    scene.render.filepath = str(target.resolve())
    bpy.ops.render.render(animation=True)


def save_truth(time: np.ndarray, groups: dict[str, np.ndarray], path: Path) -> None:
    card = {"name": "truth of the sample clip", "made_by": "training/demo/make_sample.py", "licence": "CC0-1.0"}
    source = {
        "clip": "performance.mp4",
        "rate": performance.RATE,
        "width": SIZE,
        "height": SIZE,
        "focal_px": FOCAL,
        "head": "ICT-FaceKit",
        "identity_seed": _IDENTITY_SEED,
    }
    track.save(Track(time, groups, card, source), path)


def _frame_path(cache: Path, frame: int) -> Path:
    return cache / f"frame_{frame:04d}.png"


if __name__ == "__main__":
    main()
