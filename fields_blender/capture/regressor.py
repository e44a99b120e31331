"""The bundled networks: landmarks and feature maps of a face -> features -> the groups of a Track.

There are two, because a person's face at rest is known only after the whole clip: the encoder sees each frame once, and
the regressor reads its features again, relative to the features of the face at rest.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FieldsError
from ..core.names import EMOTIONS, EXPRESSION, GROUPS, UNCERTAINTY
from .device import session
from .expression_maps import Maps

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NAME = "regressor"
# Inputs and outputs of the two networks. Head, translation and confidence come from the landmarks themselves.
MAPS = ("lips8", "lips4", *Maps._fields)
ENCODER = (("landmarks", "rotation", *MAPS), ("features",))
OUTPUTS = ("expression", "jaw", "eyelids", "gaze", "emotion", "valence_arousal", "intensity", "uncertainty")
READER = (("features", "rest", "certainty"), OUTPUTS)


class Regressor:
    """`models/encoder.onnx` and `models/regressor.onnx` with their card `models/regressor.json`.

    `features`: how many the encoder has for a frame. `mean_face` (features,): those of the mean face at rest in
    training, the best guess for a person of whom nothing is known. Raises FieldsError when a file is missing or
    damaged, or when they don't belong together.
    """

    def __init__(self, models: Path, device: str = "auto") -> None:
        self.card = load_card(models)
        self._encoder = _network(models, self.card, "encoder", *ENCODER, device)
        self._reader = _network(models, self.card, NAME, *READER, device)
        self.encoder_sha256: str = self.card["networks"]["encoder"]["sha256"]
        self.features: int = self._encoder.get_outputs()[0].shape[1]
        self.mean_face = _mean_face(models, self.card, self.features)

    def encode(self, landmarks: Floats, rotation: Floats, *maps: Floats) -> Floats:
        """The features (n, features) float32 of n frames, each encoded for itself.

        `landmarks` (n, 478, 3) from `pose.frontal`, `rotation` (n, 3) in rad from `pose.head_pose`, and the float16
        maps: the lips' from `face.Face` and those of `expression_maps.Maps`.
        """
        feed = {
            "landmarks": landmarks.astype(np.float32),
            "rotation": rotation.astype(np.float32),
            **dict(zip(MAPS, maps, strict=True)),
        }
        features: Any = self._encoder.run(["features"], feed)[0]
        return features

    def read(self, features: Floats, rest: Floats, certainty: float) -> dict[str, Floats]:
        """A float32 array (n, *names.GROUPS[name]) for each name in OUTPUTS.

        `features` (n, self.features) from `encode`. `rest` (self.features,): those of the same person's face at rest,
        or a guess. `certainty` 0..1: how much it counts; the mean face counts for what is missing to 1.
        """
        n, given = len(features), certainty * rest + (1 - certainty) * self.mean_face
        feed = {
            "features": features.astype(np.float32),
            "rest": np.repeat(given[None], n, axis=0).astype(np.float32),
            "certainty": np.full((n, 1), certainty, np.float32),
        }
        values: Any = self._reader.run(list(OUTPUTS), feed)
        return {name: value.reshape(n, *GROUPS[name]) for name, value in zip(OUTPUTS, values, strict=True)}


def load_card(models: Path) -> dict[str, Any]:
    """The card, checked against the names of this version. Raises FieldsError when they differ or it can't be read."""
    path = models / f"{NAME}.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        names = (card["expression"], card["emotions"], card["uncertainty"])
        files = [card["networks"][name][key] for name in ("encoder", NAME) for key in ("file", "sha256")]
        files += [card["mean_face"][key] for key in ("file", "sha256")]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FieldsError(
            "The card of the capture networks, {path}, can't be read ({why}). Install the extension again.",
            path=path,
            why=str(error),
        ) from None
    if names != (EXPRESSION, EMOTIONS, UNCERTAINTY) or not all(files):
        raise FieldsError(
            "The capture networks' card {file} names other outputs than this version. Install the extension again.",
            file=path.name,
        )
    return card


def _mean_face(models: Path, card: dict[str, Any], size: int) -> Floats:
    """The features (size,) of the mean face at rest in training, checked against the card."""
    path = models / str(card["mean_face"]["file"])
    try:
        data = path.read_bytes()
        face = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
        if hashlib.sha256(data).hexdigest() != card["mean_face"]["sha256"] or face.shape != (size,):
            raise ValueError("it is another one")
    except (OSError, ValueError, EOFError) as error:
        raise FieldsError(
            "The mean face of the capture networks, {file}, can't be used ({why}). Install the extension again.",
            file=path.name,
            why=str(error),
        ) from None
    return face


def _network(
    models: Path, card: dict[str, Any], name: str, inputs: tuple[str, ...], outputs: tuple[str, ...], device: str
) -> "InferenceSession":
    """One of the two networks, checked against the card."""
    network = card["networks"][name]
    running = session(models / network["file"], device, network["sha256"])
    found = {value.name for value in (*running.get_inputs(), *running.get_outputs())}
    if missing := {*inputs, *outputs} - found:
        raise FieldsError(
            "The capture network {file} has no “{name}”: it is another one. Install the extension again.",
            file=network["file"],
            name=sorted(missing)[0],
        )
    return running
