"""Run MediaPipe's own Python pipeline over a video, for `tools/bench.py`. Needs an environment of its own.

python tools/bench_mediapipe.py VIDEO FACE_LANDMARKER.task        prints {"frames": n, "seconds": s}
"""

import json
import sys
import time

import cv2
import mediapipe  # pyright: ignore[reportMissingImports]
from mediapipe.tasks.python import BaseOptions, vision  # pyright: ignore[reportMissingImports]


def main(video: str, task: str) -> None:
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=task),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    began, count = time.perf_counter(), 0
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        capture = cv2.VideoCapture(video)
        fps = capture.get(cv2.CAP_PROP_FPS)
        while True:
            read, image = capture.read()
            if not read:
                break
            picture = mediapipe.Image(mediapipe.ImageFormat.SRGB, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            landmarker.detect_for_video(picture, int(count * 1000 / fps))
            count += 1
    print(json.dumps({"frames": count, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
