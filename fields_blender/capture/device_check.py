"""Run the networks for a moment, to say how fast they are on this machine."""

import time
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError
from .device import CPU, CUDA, import_onnxruntime, processor
from .face_crop import Region
from .face_networks import Landmarker
from .features import TOGETHER
from .regressor import Regressor

ROUNDS = 3


def try_networks(models: Path, device: str = "auto") -> tuple[str, float]:
    """What the networks really run on and why, in a sentence; and how long they take for a frame (ms).

    A picture of noise goes through the landmark network, the encoder and the reader as in a capture; what the fastest
    of a few rounds takes counts, so that something else at work on the machine matters less. Raises FieldsError when a
    network is missing, damaged or does not start.
    """
    landmarker, regressor = Landmarker(models, device), Regressor(models, device)
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (480, 480, 3), np.uint8)
    landmarks = random.normal(0.0, 1.0, (TOGETHER, 478, 3)).astype(np.float32)
    rotation = np.zeros((TOGETHER, 3), np.float32)
    taken = []
    for _ in range(ROUNDS + 1):  # the first one warms up
        began = time.perf_counter()
        faces = [landmarker.find(image, Region(240.0, 240.0, 400.0)) for _ in range(TOGETHER)]
        inner8, inner4 = np.stack([face.inner8 for face in faces]), np.stack([face.inner4 for face in faces])
        features = regressor.encode(landmarks, rotation, inner8, inner4)
        regressor.read(features, features.mean(axis=0))
        taken.append((time.perf_counter() - began) / TOGETHER * 1000.0)
    return landmarker.device, min(taken[1:])


def devices() -> list[str]:
    """What there is to run networks on, each in a sentence. Never raises: what does not start says so itself."""
    try:
        offered = import_onnxruntime().get_available_providers()
    except FieldsError as error:
        return [str(error)]
    listed = [f"CPU: {processor()}"] if CPU in offered else []
    if CUDA in offered:
        return [*listed, "CUDA: offered by this onnxruntime"]
    return [*listed, "CUDA: not in this build of onnxruntime"]
