"""Run MediaPipe's Face Landmarker on the test sets and clips, for `evaluate`; needs its own environment (mediapipe).

    python -m training.evaluation.run_mediapipe FACE_LANDMARKER.task FOLDER_OR_VIDEO...

Results go to mediapipe.npz beside the pictures of a folder, those of a video to --clips. What is there already is not
made again: delete it after a change of the pictures. Folders without truth.npz, which a test set gets last, are left
out. Sets of unrelated pictures (--single) run in IMAGE mode; all others run in VIDEO mode, which also smooths the
landmarks over time.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import mediapipe  # pyright: ignore[reportMissingImports]
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision  # pyright: ignore[reportMissingImports]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", type=Path)
    parser.add_argument("what", type=Path, nargs="+")
    parser.add_argument("--single", nargs="*", default=["stills", "sweeps", "readout", "sessions"])
    parser.add_argument("--clips", type=Path, default=Path("data/eval/clips"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for what in options.what:
        if what.is_dir() and not (what / "truth.npz").exists():
            print(what, "is not a finished test set", flush=True)
        elif what.is_dir():
            of_set(options.task, what, single=what.name.rsplit("-", 1)[0] in options.single)
        else:
            of_video(options.task, what, options.clips)


def of_set(task: Path, folder: Path, single: bool) -> None:
    out = folder / "mediapipe.npz"
    if out.exists():
        return
    with np.load(folder / "truth.npz") as truth:
        clip, time = truth["clip"], truth["time"]
    pictures = (cv2.imread(str(folder / f"{i:06d}.png")) for i in range(len(clip)))
    if single:
        clip, time = np.arange(len(clip)), np.zeros(len(clip))
    mode = vision.RunningMode.IMAGE if single else vision.RunningMode.VIDEO
    save(out, read(task, pictures, clip, time, mode))
    print(folder, flush=True)


def of_video(task: Path, video: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for mode in ("VIDEO", "IMAGE"):
        out = folder / f"{video.stem}-{mode.lower()}.npz"
        if out.exists():
            continue
        time = rising([stamp for stamp, _ in frames(video)])
        pictures = (image for _, image in frames(video))
        rows = read(task, pictures, np.zeros(len(time), int), time, vision.RunningMode[mode])
        save(out, rows, time=time)
        print(video, mode, flush=True)


def frames(video: Path) -> Iterator[tuple[float, np.ndarray]]:
    """(s, picture) of all frames."""
    capture = cv2.VideoCapture(str(video))
    while True:
        got, image = capture.read()
        if not got:
            return
        yield capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, image


def rising(stamps: list[float]) -> np.ndarray:
    """(n,) s of the frames, each at least a millisecond after the one before, as VIDEO mode wants them."""
    time: list[float] = []
    for stamp in stamps:
        time.append(max(stamp, time[-1] + 0.001 if time else 0.0))
    return np.array(time)


def read(task: Path, pictures: Iterator[np.ndarray], clip: np.ndarray, time: np.ndarray, mode) -> list:
    """(names, scores, rotation) of each picture, None where it finds no face; a new tracker for each clip."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        running_mode=mode,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    rows, landmarker, current = [], None, None
    for image, this, seconds in zip(pictures, clip, time, strict=True):
        if landmarker is None or (mode == vision.RunningMode.VIDEO and this != current):
            if landmarker:
                landmarker.close()
            landmarker, current = vision.FaceLandmarker.create_from_options(options), this
        picture = mediapipe.Image(mediapipe.ImageFormat.SRGB, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        if mode == vision.RunningMode.VIDEO:
            result = landmarker.detect_for_video(picture, round(1000 * seconds))
        else:
            result = landmarker.detect(picture)
        if result.face_blendshapes:
            shapes = sorted(result.face_blendshapes[0], key=lambda shape: shape.index)
            turn = np.asarray(result.facial_transformation_matrixes[0])[:3, :3]
            names = [shape.category_name for shape in shapes]
            rows.append((names, [shape.score for shape in shapes], turn / np.linalg.norm(turn, axis=0)))
        else:
            rows.append(None)
    return rows


def save(path: Path, rows: list, **more: np.ndarray) -> None:
    names: list[str] = next((row[0] for row in rows if row), [])
    scores = [row[1] if row else np.full(len(names), np.nan) for row in rows]
    rotation = [row[2] if row else np.full((3, 3), np.nan) for row in rows]
    np.savez(path, names=names, scores=np.array(scores, np.float32), rotation=np.array(rotation, np.float32), **more)


if __name__ == "__main__":
    main()
