"""Sheets to look at: the video, our head and a MediaPipe-driven head side by side, at eight telling moments of a clip.

    python -m tools.keyed CLIPS... --out data/eval/keyed                                        (a Python with bpy)
    python -m training.evaluation.run_mediapipe FACE_LANDMARKER.task CLIPS... --clips data/eval/clips
    python -m training.evaluation.sheets CLIPS... --data data/eval --out out/sheets

Both trackers drive the demo head: ours with the keys of a default bake where `tools.keyed` made them, else with what
was captured now; MediaPipe's with its weights as they are. Moments: what `clip_annotations.json` labels, then those
that differ most from all before. The sheets show real people: they stay out of the repository.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import open_video
from fields_blender.capture.device import import_cv2
from fields_blender.capture.face import FaceTracker
from fields_blender.capture.video import decode

from . import clips, readings
from .portrait import Portrait

MOMENTS, APART = 8, 0.25  # moments of a clip, and s that they are apart at least
SIZE = 240  # px of a picture
ACROSS = 2  # moments in a row of the sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("data/eval"), help="where MediaPipe's and keyed weights lie")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=Path("out/sheets"))
    parser.add_argument("--frames", type=int, nargs="*", default=[], help="these frames instead of telling moments")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    portrait = Portrait()
    for path in options.clips:
        sheet = of_clip(path, portrait, options.data, options.models, options.frames)
        if sheet is None:
            print(f"{path.name}: no face", flush=True)
            continue
        out = options.out / f"{path.stem}.png"
        import_cv2().imwrite(str(out), sheet)
        print(out, flush=True)


def of_clip(path: Path, portrait: Portrait, data: Path, models: Path, frames: list[int]) -> np.ndarray | None:
    """The sheet (h, w, 3) uint8 BGR; None where no face is in the clip."""
    track = readings.track_of(open_video(path), models)
    reading = readings.of_track(track)
    if not reading.found.any():
        return None
    weights = clips.weights_of(path.stem, track, data)
    ours = weights.get(clips.KEYED, weights[clips.FIELDS])
    heads = {"FIELDS, keyed" if clips.KEYED in weights else "FIELDS": (ours, reading.rotation)}
    peer = readings.mediapipe(data / "clips" / f"{path.stem}-video.npz", track.time)
    if peer is not None:
        heads["MediaPipe"] = (weights[clips.PEER], peer.rotation)
    rows = frames or moments(track.time, reading.found, [w for w, _ in heads.values()], labelled(path.stem))
    faces = _faces(path, rows, models)
    cells = []
    for row in rows:
        pictures = [_titled(faces[row], f"{row}  {track.time[row]:.2f} s")]
        for name, (w, turns) in heads.items():
            lost = np.isnan(w[row]).all() or np.isnan(turns[row]).any()
            head = np.zeros_like(faces[row]) if lost else portrait.picture(np.nan_to_num(w[row]), turns[row], SIZE)
            pictures.append(_titled(head, name))
        cells.append(np.hstack([*pictures, np.zeros((SIZE, 8, 3), np.uint8)]))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % ACROSS)
    return np.vstack([np.hstack(cells[i : i + ACROSS]) for i in range(0, len(cells), ACROSS)])


def labelled(name: str) -> list[int]:
    """The middle frame of the longest stretch of each label, and of each blink, that was annotated in this clip."""
    seen = json.loads(clips.ANNOTATIONS.read_text(encoding="utf-8"))["clips"].get(name)
    if seen is None:
        return []
    longest = [max(label["on"], key=lambda span: span[1] - span[0]) for label in seen["labels"].values()]
    return [sum(span) // 2 for span in longest] + [most for _, _, most, _ in seen["blinks"][:2]]


def moments(time: np.ndarray, found: np.ndarray, weights: list[np.ndarray], wanted: list[int]) -> list[int]:
    """MOMENTS rows, in order: the wanted ones, then those whose weights (n, 52) of all trackers are farthest from all
    chosen before, APART from each other and with a face.
    """
    everything = np.nan_to_num(np.concatenate(weights, axis=1))
    rows: list[int] = []

    def free(row: int) -> bool:
        return bool(found[row]) and all(abs(time[row] - time[other]) >= APART for other in rows)

    for row in wanted:
        if len(rows) < MOMENTS and row < len(time) and free(row):
            rows.append(row)
    while len(rows) < MOMENTS:
        left = [row for row in range(len(time)) if free(row)]
        if not left:
            break
        start = [np.median(everything[found], axis=0)] if not rows else everything[rows]
        distance = np.min([np.linalg.norm(everything[left] - other, axis=1) for other in start], axis=0)
        rows.append(left[int(distance.argmax())])
    return sorted(rows)


def _faces(path: Path, rows: list[int], models: Path) -> dict[int, np.ndarray]:
    """Row -> the face in that frame, SIZE px, upright as filmed."""
    cv2, tracker, found = import_cv2(), FaceTracker(models, "cpu"), {}
    for row, (_, image) in enumerate(decode(path)):
        face = tracker.track(image)
        if row in rows and face is not None:
            low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
            side, middle = 1.35 * (high - low).max(), (low + high) / 2
            scale = SIZE / side
            move = np.array([[scale, 0, SIZE / 2 - scale * middle[0]], [0, scale, SIZE / 2 - scale * middle[1]]])
            found[row] = cv2.warpAffine(image, move, (SIZE, SIZE), flags=cv2.INTER_AREA)
    return {row: found.get(row, np.zeros((SIZE, SIZE, 3), np.uint8)) for row in rows}


def _titled(picture: np.ndarray, text: str) -> np.ndarray:
    cv2, picture = import_cv2(), picture.copy()
    for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, text, (5, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, width, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
