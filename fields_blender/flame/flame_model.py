"""The artist's own FLAME: the official model files of any release, .pkl and .npz, read without executing them.

Li, Bolkart, Black, Li, Romero, *Learning a model of facial shape and expression from 4D scans*, SIGGRAPH Asia 2017.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core import safe_npy, safe_pickle
from ..core.errors import FieldsError
from ..core.files import read_bytes
from .flame_basis import VERTICES

JOINTS = ("root", "neck", "jaw", "left_eye", "right_eye")
PARENTS = (-1, 0, 1, 1, 1)
# Every release has 100 expression axes, after those of identity where both are in one array.
EXPRESSIONS = 100
MAX_BYTES = 500_000_000
MAX_TRIANGLES = 50_000
_MAX_AXES = 1000
_LARGEST = 1000.0  # in any unit that a file may be in

_NAMES = {
    "v_template": ("v_template",),
    "faces": ("f", "faces"),
    "shapedirs": ("shapedirs",),
    "identity": ("identity", "shapedirs_identity"),
    "expression": ("expression", "exprdirs", "expressedirs"),
    "weights": ("weights", "lbs_weights"),
    "J_regressor": ("J_regressor",),
    "posedirs": ("posedirs",),
}


@dataclass(frozen=True)
class FlameModel:
    """FLAME's mesh in metres, x to the subject's left, y up, z out of the face.

    `template` (5023, 3); `triangles` (t, 3) int32; `identity` (i, 5023, 3) and `expression` (e, 5023, 3): displacements
    for a coefficient of 1; `weights` (5023, 5) and `joint_regressor` (5, 5023) for JOINTS; `pose_correctives`
    (36, 5023, 3) for the entries of the rotation matrices of the four joints after the root, minus the identity.
    """

    template: np.ndarray
    triangles: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    weights: np.ndarray
    joint_regressor: np.ndarray
    pose_correctives: np.ndarray

    def joints(self) -> np.ndarray:
        """(5, 3) places of JOINTS in the head at rest, m."""
        return self.joint_regressor @ self.template


def load(path: str | os.PathLike[str]) -> FlameModel:
    """The model in a file; nothing in it is executed. Raises FieldsError where it is not a FLAME model."""
    path = Path(path)
    wanted = {name for names in _NAMES.values() for name in names}
    data = safe_npy.load(path, wanted) if safe_npy.is_npz(path) else _unpickled(path, wanted)
    found = {}
    for part, names in _NAMES.items():
        arrays = [data[name] for name in names if isinstance(data.get(name), np.ndarray)]
        found[part] = arrays[0] if arrays else None
    return _model(found, path.name)


def _unpickled(path: Path, wanted: set[str]) -> dict[str, Any]:
    return safe_pickle.loads(read_bytes(path, MAX_BYTES), wanted, path.name)


def _model(found: dict[str, np.ndarray | None], name: str) -> FlameModel:
    template, faces = found["v_template"], found["faces"]
    if template is None or faces is None:
        raise FieldsError(
            "{file} is not a FLAME model: it has no mesh (v_template, f). Choose the official .pkl or .npz.", file=name
        )
    if template.shape != (VERTICES, 3):
        raise FieldsError(
            "{file} has {count:,} vertices; FLAME has {vertices:,}. Choose a FLAME model, not one of a body or of "
            "another head.",
            file=name,
            count=len(template) if template.ndim else 0,
            vertices=VERTICES,
        )
    identity, expression = _axes(found, name)
    weights = _numbers(found["weights"], (VERTICES, len(JOINTS)), name, "weights")
    regressor = _numbers(found["J_regressor"], (len(JOINTS), VERTICES), name, "J_regressor")
    correctives = found["posedirs"]
    if correctives is not None and correctives.shape == (VERTICES, 3, 36):
        correctives = np.moveaxis(correctives, 2, 0)
    if correctives is None:
        correctives = np.zeros((36, VERTICES, 3), np.float32)
    return FlameModel(
        _numbers(template, (VERTICES, 3), name, "v_template"),
        _triangles(faces, name),
        identity,
        expression,
        weights,
        regressor,
        _numbers(correctives, (36, VERTICES, 3), name, "posedirs"),
    )


def _triangles(faces: np.ndarray, name: str) -> np.ndarray:
    """(t, 3) int32."""
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iuf" or len(faces) > MAX_TRIANGLES:
        raise FieldsError("{file} has no usable triangles. Choose the official .pkl or .npz.", file=name)
    numbers = faces.astype(np.float64)  # NaN is not within any range
    if not ((numbers >= 0) & (numbers <= VERTICES - 1)).all():
        raise FieldsError(
            "{file} has triangles between vertices that do not exist. Choose the official .pkl or .npz.", file=name
        )
    return faces.astype(np.int32)


def _axes(found: dict[str, np.ndarray | None], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Identity (i, 5023, 3) and expression (e, 5023, 3), whether the file has them in one array or in two."""
    identity, expression, together = found["identity"], found["expression"], found["shapedirs"]
    if expression is None and together is not None and together.ndim == 3 and together.shape[2] > EXPRESSIONS:
        identity, expression = np.split(together, [together.shape[2] - EXPRESSIONS], axis=2)
    if expression is None:
        raise FieldsError(
            "{file} has no expression axes, so it can't say what FLAME coefficients mean. Choose the official file "
            "with all of its axes (shapedirs).",
            file=name,
        )
    identity = np.zeros((VERTICES, 3, 0)) if identity is None else identity
    return _axis(identity, name), _axis(expression, name)


def _axis(axes: np.ndarray, name: str) -> np.ndarray:
    if axes.ndim == 3 and axes.shape[1:] == (VERTICES, 3):
        axes = np.moveaxis(axes, 0, 2)
    if axes.ndim != 3 or axes.shape[2] > _MAX_AXES:
        raise FieldsError("{file} has axes of a size FLAME never has. Choose the official .pkl or .npz.", file=name)
    return np.moveaxis(_numbers(axes, (VERTICES, 3, axes.shape[2]), name, "axes"), 2, 0)


def _numbers(array: np.ndarray | None, shape: tuple[int, ...], name: str, part: str) -> np.ndarray:
    if array is None or array.shape != shape or array.dtype.kind not in "fiu":
        raise FieldsError(
            "{file} is not a complete FLAME model: “{part}” is missing or of another size. Choose the official .pkl or "
            ".npz.",
            file=name,
            part=part,
        )
    array = array.astype(np.float32)
    if not (np.abs(array) < _LARGEST).all():
        raise FieldsError(
            "{file} holds numbers without sense in “{part}”. Choose the official .pkl or .npz.", file=name, part=part
        )
    return array
