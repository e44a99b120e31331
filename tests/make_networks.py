"""Networks with the inputs and outputs of the bundled ones, but simple: their features are means of the inputs.

The capture can be tested with them, however good or bad the trained weights are.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fields_blender.capture.regressor import OUTPUTS
from fields_blender.core.names import EMOTIONS, EXPRESSION, GROUPS, UNCERTAINTY

# Mean of the landmarks, rotation, mean of each of the maps that the tests look at.
FEATURES = 8
MAPS = {
    "lips8": (64, 8, 8), "lips4": (128, 4, 4), "near": (3, 64, 9, 9), "map8": (128, 8, 8), "map4": (128, 4, 4),
    "map2": (128, 2, 2), "close_ups": (5, 112, 7, 7),
}  # fmt: skip
# A fixed matrix from features to each output; a sigmoid follows.
MATRICES = {
    name: np.random.default_rng(i).normal(0, 1, (FEATURES, int(np.prod(GROUPS[name])))).astype(np.float32)
    for i, name in enumerate(OUTPUTS)
}
RANGE = {"jaw": 0.3, "gaze": 0.3, "uncertainty": 0.1}


def write(folder: Path) -> None:
    """encoder.onnx, regressor.onnx and their card."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(encoder(), folder / "encoder.onnx")
    onnx.save(reader(), folder / "regressor.onnx")
    write_card(folder)


def write_card(folder: Path, **changed) -> None:
    """The card of the two networks as they are, and a mean face of zeros."""
    np.save(folder / "mean_face.npy", np.zeros(FEATURES, np.float32))
    networks = {
        name: {"file": f"{name}.onnx", "sha256": _sha256(folder / f"{name}.onnx")} for name in ("encoder", "regressor")
    }
    card = {
        "licence": "CC0-1.0",
        "networks": networks,
        "mean_face": {"file": "mean_face.npy", "sha256": _sha256(folder / "mean_face.npy")},
        "expression": EXPRESSION,
        "emotions": EMOTIONS,
        "uncertainty": UNCERTAINTY,
    }
    (folder / "regressor.json").write_text(json.dumps({**card, **changed}))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def encoder() -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, ["n", 478, 3]),
        helper.make_tensor_value_info("rotation", TensorProto.FLOAT, ["n", 3]),
        *(helper.make_tensor_value_info(n, TensorProto.FLOAT16, ["n", *shape]) for n, shape in MAPS.items()),
    ]
    nodes = [helper.make_node("ReduceMean", ["landmarks"], ["landmarks_part"], axes=[1], keepdims=0)]
    for name in ("lips8", "lips4"):
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", [f"{name}_float"], [f"{name}_mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Unsqueeze", [f"{name}_mean", "one"], [f"{name}_part"]),
        ]
    parts = ["landmarks_part", "rotation", "lips8_part", "lips4_part"]
    nodes.append(helper.make_node("Concat", parts, ["features"], axis=1))
    outputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", FEATURES])]
    return _model(nodes, inputs, outputs, {"one": np.array([1])})


def reader() -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", FEATURES]),
        helper.make_tensor_value_info("rest", TensorProto.FLOAT, ["n", FEATURES]),
        helper.make_tensor_value_info("certainty", TensorProto.FLOAT, ["n", 1]),
    ]
    nodes = [
        helper.make_node("Sub", ["features", "rest"], ["change"]),
    ]
    constants, outputs = {}, []
    for name, matrix in MATRICES.items():
        constants[f"{name}_matrix"], constants[f"{name}_range"] = matrix, np.float32(RANGE.get(name, 1.0))
        nodes += [
            helper.make_node("MatMul", ["change", f"{name}_matrix"], [f"{name}_linear"]),
            helper.make_node("Sigmoid", [f"{name}_linear"], [f"{name}_unit"]),
            helper.make_node("Mul", [f"{name}_unit", f"{name}_range"], [name]),
        ]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", matrix.shape[1]]))
    return _model(nodes, inputs, outputs, constants)


def read(features: np.ndarray, rest: np.ndarray, name: str) -> np.ndarray:
    """The output of `reader`, in numpy."""
    return RANGE.get(name, 1.0) / (1 + np.exp(-(features - rest) @ MATRICES[name]))


def _model(nodes, inputs, outputs, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    values = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "test", inputs, outputs, values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
