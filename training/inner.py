"""What the landmark network sees of lips and eyes on its way to the landmarks: more than the landmarks say."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from fields_blender import face_networks

# Tensors of models/face_landmarks.onnx for lips, left eye, right eye: after its 8 x 8 and its first 4 x 4 block.
INNER = {"inner8": ("prelu_285", "prelu_286", "prelu_287"), "inner4": ("prelu_303", "prelu_304", "prelu_305")}


class InnerLandmarker(face_networks.Landmarker):
    """A `Landmarker` that keeps `inner` of its last find: "inner8" (3, 64, 8, 8), "inner4" (3, 128, 4, 4) float16."""

    def __init__(self, models: Path) -> None:
        super().__init__(models, "cpu")
        self._session = _Watched(models / face_networks.load_card(models)["face_landmarks"]["file"])

    @property
    def inner(self) -> dict[str, np.ndarray]:
        seen = self._session.seen
        return {name: np.concatenate([seen[t] for t in tensors]) for name, tensors in INNER.items()}


class _Watched:
    def __init__(self, path: Path) -> None:
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
        known = {value.name: value for value in model.graph.value_info}
        self.tensors = [name for names in INNER.values() for name in names]
        model.graph.output.extend(known[name] for name in self.tensors)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._run = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.seen: dict[str, np.ndarray] = {}

    def get_inputs(self):
        return self._run.get_inputs()

    def get_outputs(self):
        return self._run.get_outputs()

    def run(self, names: None, feed: dict[str, np.ndarray]):
        values = self._run.run(names, feed)
        found = dict(zip([o.name for o in self.get_outputs()], values, strict=True))
        self.seen = {name: found[name].astype(np.float16) for name in self.tensors}
        return values
