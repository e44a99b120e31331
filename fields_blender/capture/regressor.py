"""The bundled networks behind their card: what the landmark network saw of a face -> features -> FLAME parameters.

Two graphs, because a person's face at rest is known only when the whole clip has been seen: the encoder sees each frame
once, and what it gives is read twice, first without and then with the features of the face at rest.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import FieldsError
from ..core.names import EMOTIONS, EXPRESSION, GROUPS, UNCERTAINTY
from .device import session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NAME = "regressor"
ADVICE = "Install the extension again."
# What each graph takes and gives, by name. Head, translation and confidence come from the landmarks themselves.
ENCODER = (("landmarks", "rotation", "inner8", "inner4"), ("features",))
OUTPUTS = ("expression", "jaw", "eyelids", "gaze", "emotion", "valence_arousal", "intensity", "uncertainty")
READER = (("features", "rest", "rest_known"), OUTPUTS)


class Regressor:
    """`models/encoder.onnx` and `models/regressor.onnx` with their card `models/regressor.json`.

    `features` is how many numbers the encoder gives for a frame. Raises FieldsError when a file is missing or damaged,
    or when they don't belong together.
    """

    def __init__(self, models: Path, device: str = "auto") -> None:
        self.card = load_card(models)
        self._encoder = _network(models, self.card, "encoder", *ENCODER, device)
        self._reader = _network(models, self.card, NAME, *READER, device)
        self.features: int = self._encoder.get_outputs()[0].shape[1]

    def encode(self, landmarks: np.ndarray, rotation: np.ndarray, inner8: np.ndarray, inner4: np.ndarray) -> np.ndarray:
        """(n, features) float32: what the encoder makes of n frames, each for itself.

        landmarks (n, 478, 3): as `pose.frontal` gives them. rotation (n, 3): as `pose.head_pose` gives it, in rad.
        inner8 (n, 3, 64, 8, 8) and inner4 (n, 3, 128, 4, 4) float16: as `face.Face` has them.
        """
        feed = {
            "landmarks": landmarks.astype(np.float32),
            "rotation": rotation.astype(np.float32),
            "inner8": inner8,
            "inner4": inner4,
        }
        features: Any = self._encoder.run(["features"], feed)[0]
        return features

    def read(self, features: np.ndarray, rest: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """One float32 array (n, *names.GROUPS[name]) for each name in OUTPUTS.

        features (n, self.features): as `encode` gives them. rest (self.features,): those of the same person's face at
        rest, or None where they are not known.
        """
        n = len(features)
        known = rest is not None
        feed = {
            "features": features.astype(np.float32),
            "rest": np.repeat(rest[None], n, axis=0).astype(np.float32) if known else np.zeros_like(features),
            "rest_known": np.full((n, 1), float(known), np.float32),
        }
        values: Any = self._reader.run(list(OUTPUTS), feed)
        return {name: value.reshape(n, *GROUPS[name]) for name, value in zip(OUTPUTS, values, strict=True)}


def load_card(models: Path) -> dict[str, Any]:
    """The card, checked against the names this version knows."""
    path = models / f"{NAME}.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        names = (card["expression"], card["emotions"], card["uncertainty"])
        stated = [card["networks"][name][what] for name in ("encoder", NAME) for what in ("file", "sha256")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FieldsError(f"The card of the capture networks, {path}, can't be read ({error}). {ADVICE}") from None
    if names != (EXPRESSION, EMOTIONS, UNCERTAINTY) or not all(stated):
        raise FieldsError(f"The capture networks' card {path.name} names other outputs than this version. {ADVICE}")
    return card


def _network(
    models: Path, card: dict[str, Any], name: str, inputs: tuple[str, ...], outputs: tuple[str, ...], device: str
) -> "InferenceSession":
    """One of the two graphs, checked against the card."""
    network = card["networks"][name]
    running = session(models / network["file"], device, network["sha256"])
    has = {part.name for part in (*running.get_inputs(), *running.get_outputs())}
    if missing := {*inputs, *outputs} - has:
        raise FieldsError(
            f"The capture network {network['file']} has no “{sorted(missing)[0]}”: it is another one. {ADVICE}"
        )
    return running
