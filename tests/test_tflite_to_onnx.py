"""The converter: tiny tflite networks with known maths, and MediaPipe's own against an independent interpreter."""

import hashlib
import json
import zipfile
from pathlib import Path

import cv2
import flatbuffers
import numpy as np
import onnx
import onnxruntime
import pytest
import tflite
from flatbuffers import flexbuffers

from fields_blender.core.errors import FieldsError
from tools import shared_data
from tools.fetch_models import source_in
from tools.tflite_to_onnx import convert

ROOT = Path(__file__).resolve().parent.parent
CARD = json.loads((ROOT / "models" / "face.json").read_text(encoding="utf-8"))
WHEELS = sorted((ROOT / ".cache").glob("mediapipe-0.10.14-*.whl"))
CLIPS = sorted(shared_data.find("data", "clips").glob("*.mp4"))
TYPES = {"float32": tflite.TensorType.FLOAT32, "float16": tflite.TensorType.FLOAT16, "int32": tflite.TensorType.INT32}

needs_wheel = pytest.mark.skipif(not WHEELS, reason="MediaPipe's wheel is not in .cache: run make models")


# ---- tiny networks


def vector(builder, start, add, values) -> int:
    start(builder, len(values))
    for value in reversed(values):
        add(value)
    return builder.EndVector()


def options(kind: str, **fields):
    """Builds e.g. Conv2DOptions with the fields given."""

    def build(builder) -> int:
        getattr(tflite, kind + "Start")(builder)
        for name, value in fields.items():
            getattr(tflite, kind + "Add" + name)(builder, value)
        return getattr(tflite, kind + "End")(builder)

    return getattr(tflite.BuiltinOptions, kind), build


def network(operators, tensors, inputs, outputs) -> bytes:
    """A tflite file. `tensors`: arrays for constants, shapes for what is computed. `operators`: (name, inputs, output,
    options); a name that tflite doesn't know is a custom operation whose options are a dict."""
    b = flatbuffers.Builder(0)
    data = [None, *(t for t in tensors if isinstance(t, np.ndarray))]
    buffers = []
    for values in data:
        content = None if values is None else b.CreateByteVector(values.tobytes())
        tflite.BufferStart(b)
        if content is not None:
            tflite.BufferAddData(b, content)
        buffers.append(tflite.BufferEnd(b))
    made, used = [], 0
    for i, tensor in enumerate(tensors):
        constant = isinstance(tensor, np.ndarray)
        used += constant
        shape = vector(b, tflite.TensorStartShapeVector, b.PrependInt32, tensor.shape if constant else tensor)
        name = b.CreateString(f"t{i}")
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddName(b, name)
        tflite.TensorAddType(b, TYPES[str(tensor.dtype)] if constant else tflite.TensorType.FLOAT32)
        tflite.TensorAddBuffer(b, used if constant else 0)
        made.append(tflite.TensorEnd(b))
    codes, nodes = [], []
    for i, (name, sources, target, how) in enumerate(operators):
        number = getattr(tflite.BuiltinOperator, name, tflite.BuiltinOperator.CUSTOM)
        custom = number == tflite.BuiltinOperator.CUSTOM
        text = b.CreateString(name) if custom else None
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(number, 127))
        tflite.OperatorCodeAddBuiltinCode(b, number)
        if text is not None:
            tflite.OperatorCodeAddCustomCode(b, text)
        codes.append(tflite.OperatorCodeEnd(b))
        ins = vector(b, tflite.OperatorStartInputsVector, b.PrependInt32, sources)
        outs = vector(b, tflite.OperatorStartOutputsVector, b.PrependInt32, [target])
        kind, table = (None, None) if custom or how is None else (how[0], how[1](b))
        extra = b.CreateByteVector(bytes(flexbuffers.Dumps(how))) if custom and how else None
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, i)
        tflite.OperatorAddInputs(b, ins)
        tflite.OperatorAddOutputs(b, outs)
        if table is not None:
            tflite.OperatorAddBuiltinOptionsType(b, kind)
            tflite.OperatorAddBuiltinOptions(b, table)
        if extra is not None:
            tflite.OperatorAddCustomOptions(b, extra)
        nodes.append(tflite.OperatorEnd(b))
    parts = [
        vector(b, tflite.SubGraphStartTensorsVector, b.PrependUOffsetTRelative, made),
        vector(b, tflite.SubGraphStartInputsVector, b.PrependInt32, inputs),
        vector(b, tflite.SubGraphStartOutputsVector, b.PrependInt32, outputs),
        vector(b, tflite.SubGraphStartOperatorsVector, b.PrependUOffsetTRelative, nodes),
    ]
    tflite.SubGraphStart(b)
    for name, part in zip(("Tensors", "Inputs", "Outputs", "Operators"), parts, strict=True):
        getattr(tflite, "SubGraphAdd" + name)(b, part)
    graphs = vector(b, tflite.ModelStartSubgraphsVector, b.PrependUOffsetTRelative, [tflite.SubGraphEnd(b)])
    codes = vector(b, tflite.ModelStartOperatorCodesVector, b.PrependUOffsetTRelative, codes)
    buffers = vector(b, tflite.ModelStartBuffersVector, b.PrependUOffsetTRelative, buffers)
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddSubgraphs(b, graphs)
    tflite.ModelAddOperatorCodes(b, codes)
    tflite.ModelAddBuffers(b, buffers)
    b.Finish(tflite.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


def run(source: bytes, *inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(convert(source, "tiny"), providers=["CPUExecutionProvider"])
    return session.run(None, {i.name: x for i, x in zip(session.get_inputs(), inputs, strict=True)})[0]


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID


@pytest.mark.parametrize(("padding", "size", "expected"), [(SAME, 6, 3), (SAME, 5, 3), (VALID, 6, 2)])
def test_a_convolution_with_stride_2(padding, size, expected) -> None:
    x, weights, bias = floats(1, size, size, 2), floats(4, 3, 3, 2, seed=1).astype(np.float16), floats(4, seed=2)
    how = options("Conv2DOptions", Padding=padding, StrideW=2, StrideH=2, DilationWFactor=1, DilationHFactor=1)
    wide = [("DEQUANTIZE", [1], 4, None), ("CONV_2D", [0, 4, 2], 3, how)]
    tensors = [x.shape, weights, bias, (1, expected, expected, 4), weights.shape]
    got = run(network(wide, tensors, [0], [3]), x)
    # tflite's SAME leaves the odd pixel at the end: with 6 pixels nothing is added before the first.
    before = 1 if padding == SAME and size % 2 else 0
    padded = np.zeros((size + 3, size + 3, 2), np.float32)
    padded[before : before + size, before : before + size] = x[0]
    want = np.zeros((expected, expected, 4))
    for i in range(expected):
        for j in range(expected):
            patch = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            want[i, j] = np.tensordot(weights.astype(np.float32), patch, axes=3) + bias
    np.testing.assert_allclose(got[0], want, atol=1e-5)


def test_a_depthwise_convolution_keeps_channels_apart() -> None:
    x, weights, bias = floats(1, 4, 5, 3), floats(1, 3, 3, 3, seed=1), floats(3, seed=2)
    how = options(
        "DepthwiseConv2DOptions",
        Padding=SAME,
        StrideW=1,
        StrideH=1,
        DepthMultiplier=1,
        DilationWFactor=1,
        DilationHFactor=1,
    )
    got = run(network([("DEPTHWISE_CONV_2D", [0, 1, 2], 3, how)], [x.shape, weights, bias, x.shape], [0], [3]), x)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    want = sum(padded[i : i + 4, j : j + 5] * weights[0, i, j] for i in range(3) for j in range(3)) + bias
    np.testing.assert_allclose(got[0], want, atol=1e-5)


def test_pooling_padding_of_channels_prelu_and_sum() -> None:
    x, slope = floats(1, 4, 4, 2) - 1, np.array([[[0.1, 0.2, 0.3]]], np.float32)
    pads = np.array([[0, 0], [0, 0], [0, 0], [0, 1]], np.int32)
    pool = options("Pool2DOptions", Padding=VALID, StrideW=2, StrideH=2, FilterWidth=2, FilterHeight=2)
    add = options("AddOptions")
    graph = [
        ("MAX_POOL_2D", [0], 3, pool),
        ("PAD", [3, 1], 4, options("PadOptions")),
        ("PRELU", [4, 2], 5, None),
        ("ADD", [4, 5], 6, add),
    ]
    small, wide = (1, 2, 2, 2), (1, 2, 2, 3)
    got = run(network(graph, [x.shape, pads, slope, small, wide, wide, wide], [0], [6]), x)
    pooled = np.pad(x[0].reshape(2, 2, 2, 2, 2).max(axis=(1, 3)), ((0, 0), (0, 0), (0, 1)))
    np.testing.assert_allclose(got[0], pooled + np.where(pooled < 0, pooled * slope, pooled), atol=1e-6)


def test_reshaping_joining_and_slicing_follow_tflites_order() -> None:
    x = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    begin, end, step = (np.array(v, np.int32) for v in ([0, 1, 0], [1, 8, 3], [1, 2, 1]))
    graph = [
        ("RELU", [0], 4, None),
        ("RESHAPE", [4], 5, None),
        ("CONCATENATION", [5, 5], 6, options("ConcatenationOptions", Axis=1)),
        ("STRIDED_SLICE", [6, 1, 2, 3], 7, options("StridedSliceOptions")),
    ]
    shapes = [x.shape, begin, end, step, x.shape, (1, 8, 3), (1, 16, 3), (1, 4, 3)]
    got = run(network(graph, shapes, [0], [7]), x)
    flat = x.reshape(1, 8, 3)
    np.testing.assert_array_equal(got, np.concatenate([flat, flat], axis=1)[:, 1:8:2, :3])


def crop_matrix(points, left, right, subset, scale, size) -> np.ndarray:
    """The matrix by hand: a box around the points, its x axis along two of them."""
    along = points[right] - points[left]
    angle = np.arctan2(along[1], along[0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = points[subset] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    pixel = turn @ np.diag((high - low) * scale / size)
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2, 2], matrix[3, 3] = pixel, 1, 1
    matrix[:2, 3] = turn @ (low + high) / 2 - pixel @ [size / 2, size / 2]
    matrix[2] = [0, 0, 1, 0]
    return matrix


CROP = {"left_rotation_idx": 2, "right_rotation_idx": 4, "output_width": 16, "output_height": 16}
CROP |= {"scale_x": 1.5, "scale_y": 1.5, "target_rotation_radians": 0.0, "subset_idxs": [1, 2, 4, 6]}


def test_landmarks_to_matrix() -> None:
    points = floats(1, 8, 3) * 10 + 30
    got = run(network([("Landmarks2TransformMatrix", [0], 1, CROP)], [(1, 8, 3), (1, 4, 4)], [0], [1]), points)
    want = crop_matrix(points[0, :, :2].astype(float), 2, 4, [1, 2, 4, 6], 1.5, 16)
    np.testing.assert_allclose(got[0], want, atol=2e-5)


def test_points_through_a_matrix() -> None:
    points, matrix = floats(1, 5, 2), floats(1, 4, 4, seed=3)
    got = run(
        network([("TransformLandmarks", [0, 1], 2, None)], [(1, 5, 2), (1, 4, 4), (1, 5, 2)], [0, 1], [2]),
        points,
        matrix,
    )
    np.testing.assert_allclose(got[0], points[0] @ matrix[0, :2, :2].T + matrix[0, :2, 3], atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0])
def test_a_crop_is_bilinear_and_empty_outside(angle) -> None:
    features = floats(1, 9, 7, 3)
    c, s = np.cos(angle) * 1.3, np.sin(angle) * 1.3
    matrix = np.array([[[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]], np.float32)
    matrix[0, :2, 3] = (5.5, 4.5) - matrix[0, :2, :2] @ (2.5, 2)  # the crop's middle lies near the map's right edge
    how = {"output_width": 5, "output_height": 4}
    shapes = [features.shape, (1, 4, 4), (1, 4, 5, 3)]
    got = run(network([("TransformTensorBilinear", [0, 1], 2, how)], shapes, [0, 1], [2]), features, matrix)
    want = np.zeros((4, 5, 3))
    for row in range(4):
        for column in range(5):
            x, y = matrix[0, :2, :2] @ (column + 0.5, row + 0.5) + matrix[0, :2, 3] - 0.5
            if 0 <= x <= 6 and 0 <= y <= 8:
                i, j = int(y), int(x)
                i2, j2, v, u = min(i + 1, 8), min(j + 1, 6), y - i, x - j
                f = features[0]
                want[row, column] = (1 - v) * ((1 - u) * f[i, j] + u * f[i, j2]) + v * (
                    (1 - u) * f[i2, j] + u * f[i2, j2]
                )
    assert (want == 0).all(axis=2).any() and (want != 0).any()
    np.testing.assert_allclose(got[0], want, atol=1e-5)


def test_inner_feature_maps_become_outputs_and_change_no_other() -> None:
    x, slope = floats(1, 4, 5, 3) - 1, floats(1, 1, 3, seed=1)
    graph = [("PRELU", [0, 1], 2, None), ("RELU", [2], 3, None), ("RESHAPE", [3], 4, None)]
    source = network(graph, [x.shape, slope, x.shape, x.shape, (1, 60)], [0], [4])
    converted = convert(source, "tiny", {"middle": ["t3", "t2", "t2"]})
    assert converted == convert(source, "tiny", {"middle": ["t3", "t2", "t2"]})
    plain, more = (
        onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"]).run(None, {"t0": x})
        for made in (convert(source, "tiny"), converted)
    )
    np.testing.assert_array_equal(more[0], plain[0])
    bent = np.where(x < 0, x * slope, x).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(more[1], np.concatenate([np.maximum(bent, 0), bent, bent]), atol=1e-6)
    with pytest.raises(FieldsError, match="no feature map “t9”"):
        convert(source, "tiny", {"middle": ["t2", "t9"]})


def test_what_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(FieldsError, match="Teleport"):
        convert(network([("Teleport", [0], 1, None)], [(1, 2), (1, 2)], [0], [1]), "tiny")
    fused = options("AddOptions", FusedActivationFunction=tflite.ActivationFunctionType.RELU6)
    with pytest.raises(FieldsError, match="ADD"):
        convert(network([("ADD", [0, 0], 1, fused)], [(1, 2), (1, 2)], [0], [1]), "tiny")


# ---- MediaPipe's networks

NETWORKS = {
    "face_detection/face_detection_short_range": (-1.0, 1.0),
    "face_landmark/face_landmark": (0.0, 1.0),
    "iris_landmark/iris_landmark": (0.0, 1.0),
}


def from_wheel(path: str) -> bytes:
    with zipfile.ZipFile(WHEELS[0]) as archive:
        return archive.read(path)


def pictures(size: int) -> list[np.ndarray]:
    """(size, size, 3) float32 in 0..1: smooth noise, and frames of real clips where they are."""
    rng = np.random.default_rng(0)
    result = [cv2.GaussianBlur(rng.random((size, size, 3)), (0, 0), 5) * 3 - 1]
    for clip in CLIPS:
        found, image = cv2.VideoCapture(str(clip)).read()
        if found:
            result.append(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)[..., ::-1] / 255)
    return [np.clip(picture, 0, 1).astype(np.float32) for picture in result]


@needs_wheel
@pytest.mark.parametrize("name", NETWORKS)
def test_mediapipes_networks_give_what_litert_gives(name) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    source = from_wheel(f"mediapipe/modules/{name}.tflite")
    original = litert.Interpreter(model_content=source, num_threads=1)
    original.allocate_tensors()
    (entry,) = original.get_input_details()
    converted = onnxruntime.InferenceSession(convert(source, "network"), providers=["CPUExecutionProvider"])
    low, high = NETWORKS[name]
    for picture in pictures(int(entry["shape"][1])):
        x = (picture * (high - low) + low)[None]
        original.set_tensor(entry["index"], x)
        original.invoke()
        outputs = [output.name for output in converted.get_outputs()]
        ours = dict(zip(outputs, converted.run(None, {entry["name"]: x}), strict=True))
        for output in original.get_output_details():
            np.testing.assert_allclose(ours[output["name"]], original.get_tensor(output["index"]), atol=2e-3)


@needs_wheel
@pytest.mark.parametrize("name", [name for name, card in CARD["networks"].items() if "source" in card])
def test_a_converted_network_is_the_one_its_card_pins(name) -> None:
    card = CARD["networks"][name]
    package = card.get("package", CARD["package"]).replace("==", "-")
    source = source_in(next((ROOT / ".cache").glob(f"{package}-*.whl")), card["source"])
    converted = convert(source, Path(card["file"]).stem, card.get("inner"))
    assert hashlib.sha256(source).hexdigest() == card["source_sha256"]
    assert hashlib.sha256(converted).hexdigest() == card["sha256"]
    model = onnx.load_from_string(converted)
    assert model.ir_version == 8 and model.opset_import[0].version == 17
    assert [i.name for i in model.graph.input] == list(card["inputs"])
    assert {o.name for o in model.graph.output} == set(card["outputs"])
