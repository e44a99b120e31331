"""Turn a MediaPipe tflite network into ONNX (opset 17, IR 8) with the same numbers.

    python -m tools.tflite_to_onnx face_landmark.tflite face_landmark.onnx

Only the operations that MediaPipe's face networks use are supported; any other is refused by name. tflite stores
pictures as (batch, height, width, channel), and onnxruntime is fastest on (batch, channel, height, width): inputs and
outputs keep tflite's order, everything between them runs in ONNX's.

The attention network has three operations of MediaPipe's own. They crop feature maps around the lips and the eyes. Here
they become matrix products and a GridSample; the formulas follow `landmarks_to_transform_matrix`,
`transform_tensor_bilinear` and `transform_landmarks` (version 2 of each) in TensorFlow Lite's public sources.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

from fields_blender.core.errors import FieldsError

OPSET = 17
IR_VERSION = 8  # the newest that onnxruntime 1.18 reads, the oldest one we ship
SAME = 0  # tflite's padding that keeps the size
TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)
_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
_OPERATOR_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}


def convert(source: bytes, name: str, inner: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """Convert a tflite file to an ONNX file; both as bytes, the same bytes each time. `name` names the graph.

    `inner`: further outputs: name -> feature maps (1, h, w, c) inside the network, by their names in the tflite file,
    stacked to (maps, c, h, w). They don't change the other outputs.
    Raises FieldsError for an operation, a fused activation or a type that MediaPipe's face networks don't use, and for
    a feature map that doesn't exist.
    """
    return _Converter(source, name).run(inner or {})


class _Converter:
    """One conversion. `values` holds, for each tflite tensor, its ONNX name by layout: "tflite" or "nchw"."""

    def __init__(self, source: bytes, name: str) -> None:
        self.model: Any = tflite.Model.GetRootAs(source, 0)
        self.graph: Any = self.model.Subgraphs(0)
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.constants: dict[int, np.ndarray] = {}
        self.values: dict[int, dict[str, str]] = {}

    def run(self, inner: Mapping[str, Sequence[str]]) -> bytes:
        inputs = [int(i) for i in self.graph.InputsAsNumpy()]
        outputs = [int(i) for i in self.graph.OutputsAsNumpy()]
        for tensor in inputs:
            self.values[tensor] = {"tflite": self._tensor_name(tensor)}
        for i in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(i)
            kind = self._kind(operator)
            method = getattr(self, "_" + kind.lower(), None)
            if method is None:
                raise FieldsError("This tflite network uses {kind}, which the converter doesn't know.", kind=kind)
            method(operator, [int(t) for t in operator.InputsAsNumpy()], int(operator.Outputs(0)))
        for tensor in outputs:
            self._node("Identity", [self._plain(tensor)], self._tensor_name(tensor))
        shown = [self._inner(output, names) for output, names in inner.items()]
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [self._value_info(tensor) for tensor in inputs],
            [*(self._value_info(tensor) for tensor in outputs), *shown],
            list(self.initializers.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="fields tflite_to_onnx",
        )
        onnx.checker.check_model(model)
        return model.SerializeToString(deterministic=True)

    def _inner(self, output: str, names: Sequence[str]) -> onnx.ValueInfoProto:
        """A further output: feature maps of one shape, stacked."""
        maps = [self._made_by(name) for name in names]
        self._node("Concat", [self._picture(tensor) for tensor in maps], output, axis=0)
        _, height, width, channels = self._shape(maps[0])
        return helper.make_tensor_value_info(output, TensorProto.FLOAT, [len(maps), channels, height, width])

    def _made_by(self, name: str) -> int:
        """The feature map with this name, or the one whose name says that this layer made it."""
        made = {self._tensor_name(tensor): tensor for tensor in self.values}
        found = [name] if name in made else [full for full in made if f"/{name}/add;" in full]
        if not found:
            raise FieldsError("This tflite network has no feature map “{name}”.", name=name)
        return made[found[0]]

    # ---- reading tflite

    def _kind(self, operator: Any) -> str:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        # Old files store the number in a byte field, new ones in both; the larger one counts.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number == tflite.BuiltinOperator.CUSTOM:
            return code.CustomCode().decode()
        return _OPERATOR_NAMES[number]

    def _options(self, operator: Any, kind: type) -> Any:
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        # Only some options have a fused activation. None of MediaPipe's face networks uses one.
        fused = getattr(options, "FusedActivationFunction", int)
        if fused() != tflite.ActivationFunctionType.NONE:
            name = self._kind(operator)
            raise FieldsError("This tflite network has a fused activation in {kind}: not supported.", kind=name)
        return options

    def _custom_options(self, operator: Any) -> dict[str, Any]:
        options: Any = flexbuffers.Loads(operator.CustomOptionsAsNumpy().tobytes())
        return options

    def _shape(self, tensor: int) -> list[int]:
        return self.graph.Tensors(tensor).ShapeAsNumpy().tolist()

    def _tensor_name(self, tensor: int) -> str:
        return self.graph.Tensors(tensor).Name().decode()

    def _value_info(self, tensor: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(self._tensor_name(tensor), TensorProto.FLOAT, self._shape(tensor))

    def _stored(self, tensor: int) -> np.ndarray | None:
        """The constant stored in a tensor; None if the network computes it."""
        if tensor not in self.constants:
            info = self.graph.Tensors(tensor)
            buffer = self.model.Buffers(info.Buffer())
            if not buffer.DataLength():
                return None
            if info.Type() not in _DTYPES:
                raise FieldsError(
                    "This tflite network stores numbers as type {number}: not supported.", number=info.Type()
                )
            values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype=_DTYPES[info.Type()])
            self.constants[tensor] = values.reshape(self._shape(tensor))
        return self.constants[tensor]

    def _weights(self, tensor: int) -> np.ndarray:
        values = self._stored(tensor)
        if values is None:
            raise FieldsError("This tflite network computes the weights of a layer: not supported.")
        return values

    # ---- writing ONNX

    def _node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, values: np.ndarray) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _floats(self, values: Any) -> str:
        return self._constant(np.array(values, dtype=np.float32))

    def _integers(self, values: Any) -> str:
        return self._constant(np.array(values, dtype=np.int64))

    def _plain(self, tensor: int) -> str:
        """The ONNX name of a tensor in tflite's own order of axes."""
        layouts = self.values.setdefault(tensor, {})
        if "tflite" not in layouts:
            if "nchw" in layouts:
                layouts["tflite"] = self._node("Transpose", [layouts["nchw"]], perm=TO_NHWC)
            else:
                layouts["tflite"] = self._constant(self._weights(tensor))
        return layouts["tflite"]

    def _picture(self, tensor: int) -> str:
        """The ONNX name of a 4-D tensor as (batch, channel, height, width)."""
        layouts = self.values.setdefault(tensor, {})
        if "nchw" not in layouts:
            layouts["nchw"] = self._node("Transpose", [self._plain(tensor)], perm=TO_NCHW)
        return layouts["nchw"]

    def _set(self, tensor: int, layout: str, name: str) -> None:
        self.values[tensor] = {layout: name}

    def _pads(self, padding: int, tensor: int, kernel: list[int], strides: list[int]) -> list[int]:
        """ONNX's [top, left, bottom, right]. tflite's SAME puts the odd pixel at the bottom and right."""
        if padding != SAME:
            return [0, 0, 0, 0]
        before, after = [], []
        for size, k, stride in zip(self._shape(tensor)[1:3], kernel, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return before + after

    # ---- tflite's own operations

    def _dequantize(self, operator: Any, inputs: list[int], output: int) -> None:
        """Weights stored in float16: widened here, once."""
        self.constants[output] = self._weights(inputs[0]).astype(np.float32)

    def _conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Conv2DOptions)
        weights = self._weights(inputs[1]).transpose(0, 3, 1, 2)  # (out, h, w, in) -> (out, in, h, w)
        self._convolution(options, inputs, output, weights, group=1)

    def _depthwise_conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.DepthwiseConv2DOptions)
        weights = self._weights(inputs[1]).transpose(3, 0, 1, 2)  # (1, h, w, out) -> (out, 1, h, w)
        self._convolution(options, inputs, output, weights, group=self._shape(inputs[0])[3])

    def _convolution(self, options: Any, inputs: list[int], output: int, weights: np.ndarray, group: int) -> None:
        strides = [options.StrideH(), options.StrideW()]
        dilations = [options.DilationHFactor(), options.DilationWFactor()]
        if dilations != [1, 1]:
            raise FieldsError("This tflite network has a dilated convolution: not supported.")
        kernel = list(weights.shape[2:])
        pads = self._pads(options.Padding(), inputs[0], kernel, strides)
        names = [self._picture(inputs[0]), self._constant(weights), self._constant(self._weights(inputs[2]))]
        node = self._node("Conv", names, kernel_shape=kernel, strides=strides, pads=pads, group=group)
        self._set(output, "nchw", node)

    def _max_pool_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Pool2DOptions)
        kernel, strides = [options.FilterHeight(), options.FilterWidth()], [options.StrideH(), options.StrideW()]
        pads = self._pads(options.Padding(), inputs[0], kernel, strides)
        node = self._node("MaxPool", [self._picture(inputs[0])], kernel_shape=kernel, strides=strides, pads=pads)
        self._set(output, "nchw", node)

    def _prelu(self, operator: Any, inputs: list[int], output: int) -> None:
        """slope x + (1 - slope) relu(x), each factor as a convolution of one pixel in a channel of its own.

        onnxruntime keeps pictures in blocks of channels from one convolution to the next. Its PRelu does not take
        them and runs on one thread: written with it, MediaPipe's networks take 1.6 to 2.6 times as long.
        """
        slope = self._weights(inputs[1]).reshape(-1, 1, 1, 1)  # (1, 1, channel) -> (channel, 1, 1, 1)
        group, picture = self._shape(inputs[0])[3], self._picture(inputs[0])
        one = {"kernel_shape": [1, 1], "group": group}
        everywhere = self._node("Conv", [picture, self._constant(slope)], **one)
        positive = self._node("Conv", [self._node("Relu", [picture]), self._constant(1 - slope)], **one)
        self._set(output, "nchw", self._node("Add", [everywhere, positive]))

    def _relu(self, operator: Any, inputs: list[int], output: int) -> None:
        self._set(output, "nchw", self._node("Relu", [self._picture(inputs[0])]))

    def _logistic(self, operator: Any, inputs: list[int], output: int) -> None:
        self._set(output, "nchw", self._node("Sigmoid", [self._picture(inputs[0])]))

    def _pad(self, operator: Any, inputs: list[int], output: int) -> None:
        pads = self._weights(inputs[1])[list(TO_NCHW)]  # (4, 2) before and after -> ONNX: all befores, all afters
        names = [self._picture(inputs[0]), self._integers(pads.T.ravel())]
        self._set(output, "nchw", self._node("Pad", names))

    def _add(self, operator: Any, inputs: list[int], output: int) -> None:
        self._options(operator, tflite.AddOptions)
        self._elementwise("Add", inputs, output)

    def _mul(self, operator: Any, inputs: list[int], output: int) -> None:
        self._options(operator, tflite.MulOptions)
        self._elementwise("Mul", inputs, output)

    def _elementwise(self, kind: str, inputs: list[int], output: int) -> None:
        if all(len(self._shape(tensor)) == 4 for tensor in inputs):
            self._set(output, "nchw", self._node(kind, [self._picture(tensor) for tensor in inputs]))
        else:
            self._set(output, "tflite", self._node(kind, [self._plain(tensor) for tensor in inputs]))

    def _reshape(self, operator: Any, inputs: list[int], output: int) -> None:
        names = [self._plain(inputs[0]), self._integers(self._shape(output))]
        self._set(output, "tflite", self._node("Reshape", names))

    def _concatenation(self, operator: Any, inputs: list[int], output: int) -> None:
        axis = self._options(operator, tflite.ConcatenationOptions).Axis()
        node = self._node("Concat", [self._plain(tensor) for tensor in inputs], axis=axis)
        self._set(output, "tflite", node)

    def _strided_slice(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.StridedSliceOptions)
        masks = (options.BeginMask(), options.EndMask(), options.EllipsisMask(), options.NewAxisMask())
        if any(masks) or options.ShrinkAxisMask():
            raise FieldsError("This tflite network has a STRIDED_SLICE with masks: not supported.")
        begin, end, strides = (self._integers(self._weights(tensor)) for tensor in inputs[1:4])
        axes = self._integers(range(len(self._shape(inputs[0]))))
        self._set(output, "tflite", self._node("Slice", [self._plain(inputs[0]), begin, end, axes, strides]))

    # ---- MediaPipe's operations: crops of feature maps that follow landmarks

    def _landmarks2transformmatrix(self, operator: Any, inputs: list[int], output: int) -> None:
        """Landmarks (1, n, 3) -> the matrix (1, 4, 4) from pixels of an upright crop to pixels of the feature map.

        The crop's x axis points from one landmark to another. Its size is the bounding box of a subset of the
        landmarks, times a scale.
        """
        options = self._custom_options(operator)
        if options["target_rotation_radians"] != 0.0:
            raise FieldsError("This tflite network turns its crops to a target angle: not supported.")
        size = np.array([[options["output_width"], options["output_height"]]])
        scale = np.array([[options["scale_x"], options["scale_y"]]])

        flat = self._node("Reshape", [self._plain(inputs[0]), self._integers([-1, 3])])
        points = self._node("Slice", [flat, self._integers([0]), self._integers([2]), self._integers([1])])  # (n, 2)
        left = self._node("Gather", [points, self._integers([options["left_rotation_idx"]])])
        right = self._node("Gather", [points, self._integers([options["right_rotation_idx"]])])
        along = self._node("Sub", [right, left])
        length = self._node("ReduceL2", [along], axes=[1])
        # A crop of size 0 (all points in one place) must not divide by zero.
        length = self._node("Max", [length, self._floats([[1e-6]])])
        along = self._node("Div", [along, length])  # (1, 2): cos, sin
        across = self._node("MatMul", [along, self._floats([[0, 1], [-1, 0]])])  # (1, 2): -sin, cos
        upright = self._node("Concat", [along, across], axis=0)  # map -> upright crop, without its shift
        turned_back = self._node("Transpose", [upright], perm=[1, 0])

        subset = self._node("Gather", [points, self._integers(options["subset_idxs"])])
        subset = self._node("MatMul", [subset, turned_back])  # rows, so this turns the points upright
        high = self._node("ReduceMax", [subset], axes=[0])
        low = self._node("ReduceMin", [subset], axes=[0])
        middle = self._node("Mul", [self._node("Add", [high, low]), self._floats([[0.5]])])
        middle = self._node("MatMul", [middle, upright])  # (1, 2), back in the map's frame
        extent = self._node("Mul", [self._node("Sub", [high, low]), self._floats(scale / size)])
        linear = self._node("Mul", [turned_back, extent])  # (2, 2), columns times map pixels per crop pixel
        corner = self._node("MatMul", [linear, self._floats(-size.T / 2)])
        shift = self._node("Add", [self._node("Transpose", [middle], perm=[1, 0]), corner])  # (2, 1)
        top = self._node("Concat", [linear, self._floats([[0], [0]]), shift], axis=1)
        matrix = self._node("Concat", [top, self._floats([[0, 0, 1, 0], [0, 0, 0, 1]])], axis=0)
        self._set(output, "tflite", self._node("Reshape", [matrix, self._integers([1, 4, 4])]))

    def _transformtensorbilinear(self, operator: Any, inputs: list[int], output: int) -> None:
        """A feature map (1, h, w, c) and a matrix (1, 4, 4) -> the crop, sampled bilinearly, 0 outside the map."""
        options = self._custom_options(operator)
        width, height = options["output_width"], options["output_height"]
        last = np.array(self._shape(inputs[0])[2:0:-1], dtype=np.float32)[:, None] - 1  # (2, 1): x, y of the last pixel
        y, x = np.mgrid[:height, :width].reshape(2, -1)
        pixels = np.stack([x + 0.5, y + 0.5, np.ones(x.size)])  # the matrix maps pixel edges, samples lie at middles

        affine = self._affine(inputs[1])
        where = self._node("MatMul", [affine, self._floats(pixels)])
        where = self._node("Sub", [where, self._floats([[0.5]])])  # (1, 2, h * w), pixels of the map
        held = self._node("Min", [self._node("Max", [where, self._floats([[0.0]])]), self._floats(last)])
        inside = self._node("Cast", [self._node("Equal", [where, held])], to=TensorProto.FLOAT)
        inside = self._node("ReduceMin", [inside], axes=[1])
        inside = self._node("Reshape", [inside, self._integers([1, 1, height, width])])
        grid = self._node("Sub", [self._node("Mul", [where, self._floats(2 / last)]), self._floats([[1.0]])])
        grid = self._node("Transpose", [grid], perm=[0, 2, 1])
        grid = self._node("Reshape", [grid, self._integers([1, height, width, 2])])
        crop = self._node("GridSample", [self._picture(inputs[0]), grid], align_corners=1)
        self._set(output, "nchw", self._node("Mul", [crop, inside]))

    def _transformlandmarks(self, operator: Any, inputs: list[int], output: int) -> None:
        """Points (1, n, 2) in pixels of a crop, transformed by the matrix (1, 4, 4)."""
        ones = self._floats(np.ones((1, self._shape(inputs[0])[1], 1)))
        points = self._node("Concat", [self._plain(inputs[0]), ones], axis=2)
        transposed = self._node("Transpose", [self._affine(inputs[1])], perm=[0, 2, 1])
        self._set(output, "tflite", self._node("MatMul", [points, transposed]))

    def _affine(self, tensor: int) -> str:
        """(1, 2, 3): the part of a (1, 4, 4) matrix that acts on (x, y, 1)."""
        rows = [self._plain(tensor), self._integers([0]), self._integers([2]), self._integers([1])]
        return self._node("Gather", [self._node("Slice", rows), self._integers([0, 1, 3])], axis=2)


if __name__ == "__main__":
    tflite_path, onnx_path = Path(sys.argv[1]), Path(sys.argv[2])
    onnx_path.write_bytes(convert(tflite_path.read_bytes(), onnx_path.stem))
