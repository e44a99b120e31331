"""Measures how fast the networks run on this machine."""

import time
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError
from .device import CPU, CUDA, import_onnxruntime, processor
from .expression_maps import ExpressionMaps
from .face_crop import Region
from .face_networks import Landmarker
from .features import ENCODED_AT_ONCE
from .regressor import Regressor

ROUNDS = 3


def try_networks(models: Path, device: str = "auto") -> tuple[str, float]:
    """What the networks really run on and why, in a sentence; and how long they take for a frame (ms).

    A picture of noise goes through the landmark network, the encoder and the regressor as in a capture. The fastest of
    a few rounds counts, so that other programs at work matter less. Raises FieldsError when a network is missing,
    damaged or does not start.
    """
    landmarker, regressor = Landmarker(models, device), Regressor(models, device)
    expression_maps = ExpressionMaps(models, device)
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (480, 480, 3), np.uint8)
    landmarks = random.normal(0.0, 1.0, (ENCODED_AT_ONCE, 478, 3)).astype(np.float32)
    rotation = np.zeros((ENCODED_AT_ONCE, 3), np.float32)
    milliseconds = []
    for _ in range(ROUNDS + 1):  # the first one warms up
        began = time.perf_counter()
        faces = [landmarker.find(image, Region(240.0, 240.0, 400.0)) for _ in range(ENCODED_AT_ONCE)]
        maps = [(f.inner8[0], f.inner4[0], *expression_maps.of_picture(image, f.landmarks)) for f in faces]
        features = regressor.encode(landmarks, rotation, *(np.stack(part) for part in zip(*maps, strict=True)))
        regressor.read(features, features.mean(axis=0), 1.0)
        milliseconds.append((time.perf_counter() - began) / ENCODED_AT_ONCE * 1000.0)
    return landmarker.device, min(milliseconds[1:])


def devices() -> list[str]:
    """The devices that could run networks, each in a sentence. Never raises: an error becomes the sentence."""
    try:
        offered = import_onnxruntime().get_available_providers()
    except FieldsError as error:
        return [str(error)]
    listed = [f"CPU: {processor()}"] if CPU in offered else []
    if CUDA in offered:
        return [*listed, "CUDA: offered by this onnxruntime"]
    return [*listed, "CUDA: not in this build of onnxruntime"]
