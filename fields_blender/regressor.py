"""The bundled network behind its card: a face's landmarks -> FLAME parameters."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from .device import session
from .errors import FieldsError
from .names import EMOTIONS, EXPRESSION, GROUPS

NAME = "regressor"
ADVICE = "Install the extension again."
# The groups the network gives; head, translation and confidence come from the landmarks themselves.
INPUTS = ("landmarks", "rotation", "neutral", "neutral_known")
OUTPUTS = ("expression", "jaw", "eyelids", "gaze", "emotion", "valence_arousal", "intensity")


class Regressor:
    """`models/regressor.onnx` with its card `models/regressor.json`.

    Raises FieldsError when either is missing, damaged, or they don't belong together.
    """

    def __init__(self, models: Path, device: str = "auto") -> None:
        self.card = load_card(models)
        self._session = session(models / f"{NAME}.onnx", device)
        has = {part.name for part in (*self._session.get_inputs(), *self._session.get_outputs())}
        if missing := {*INPUTS, *OUTPUTS} - has:
            raise FieldsError(
                f"The capture network {NAME}.onnx has no “{sorted(missing)[0]}”: it is another one. {ADVICE}"
            )

    def predict(
        self, landmarks: np.ndarray, rotation: np.ndarray, neutral: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """One float32 array (n, *names.GROUPS[name]) for each name in OUTPUTS.

        landmarks (n, 478, 3): as `pose.frontal` gives them. rotation (n, 3): head to camera, axis-angle in rad.
        neutral (478, 3): the same person's landmarks at rest, or None where they are not known.
        """
        n = len(landmarks)
        rest = np.zeros(landmarks.shape[1:], np.float32) if neutral is None else neutral.astype(np.float32)
        feed = {
            "landmarks": landmarks.astype(np.float32),
            "rotation": rotation.astype(np.float32),
            "neutral": np.repeat(rest[None], n, axis=0),
            "neutral_known": np.full((n, 1), 0.0 if neutral is None else 1.0, np.float32),
        }
        values: Any = self._session.run(list(OUTPUTS), feed)
        return {name: value.reshape(n, *GROUPS[name]) for name, value in zip(OUTPUTS, values, strict=True)}


def load_card(models: Path) -> dict[str, Any]:
    """The card, checked against the network beside it and against the names this version knows."""
    path = models / f"{NAME}.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        fits = card["expression"] == EXPRESSION and card["emotions"] == EMOTIONS and "inputs" in card
        digest = hashlib.sha256((models / f"{NAME}.onnx").read_bytes()).hexdigest()
        same = card["sha256"] == digest
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FieldsError(f"The capture network or its card in {models} can't be read ({error}). {ADVICE}") from None
    if not fits:
        raise FieldsError(f"The capture network's card {path.name} names other outputs than this version. {ADVICE}")
    if not same:
        raise FieldsError(f"The capture network {NAME}.onnx is damaged: it is not the file its card names. {ADVICE}")
    return card
