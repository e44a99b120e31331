"""The expression axes of the artist's FLAME release, from their model file or from the FLAME head in the scene."""

import re
from pathlib import Path

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.flame.flame_basis import VERTICES

# What expression shape keys of FLAME heads are called: Exp1, Exp001, exp_12, Expression 3.
_KEY = re.compile(r"exp(?:ression)?[ _.]?(\d{1,3})", re.IGNORECASE)
_FEWEST_KEYS = 10
_LEFT_BALL, _RIGHT_BALL = slice(3931, 4477), slice(4477, VERTICES)
_MOUTH = [2843, 2835, 2844, 2719]  # on the edges of both lips

# The last file read: its path, modification time and axes.
_cached: list[tuple[str, int, np.ndarray]] = []


def of(context: bpy.types.Context, head: bpy.types.Object | None) -> np.ndarray | None:
    """Displacements (k, 5023, 3) m, as `flame_sequence` takes them; None with neither a model file nor a FLAME head.

    Raises FieldsError when the file can't be read.
    """
    if context.scene.fields.flame_model:
        return _of_file(Path(bpy.path.abspath(context.scene.fields.flame_model)))
    for member in (head, *head.children_recursive) if head else ():
        if member.type == "MESH" and len(member.data.vertices) == VERTICES and member.data.shape_keys:
            axes = _of_mesh(member)
            if axes is not None:
                return axes
    return None


def need(context: bpy.types.Context, head: bpy.types.Object | None) -> np.ndarray:
    """As `of`. Raises FieldsError with neither a model file nor a FLAME head."""
    axes = of(context, head)
    if axes is None:
        raise FieldsError(
            "FLAME coefficients mean something only with a FLAME release. Choose your own FLAME model file under "
            "FIELDS > Import and Export, or choose a FLAME head with expression shape keys."
        )
    return axes


def _of_file(path: Path) -> np.ndarray:
    from ...fields_blender.flame import flame_model  # here, so that enabling the extension stays quick

    changed = path.stat().st_mtime_ns if path.is_file() else 0
    if not _cached or _cached[0][:2] != (str(path), changed):
        _cached[:] = [(str(path), changed, flame_model.load(path).expression.astype(np.float64))]
    return _cached[0][2]


def _of_mesh(mesh: bpy.types.Object) -> np.ndarray | None:
    keys = {int(match[1]): key for key in mesh.data.shape_keys.key_blocks if (match := _KEY.fullmatch(key.name))}
    if len(keys) < _FEWEST_KEYS:
        return None
    rest = _points(mesh.data.shape_keys.reference_key)
    to_flame = _to_flame(rest)
    return np.stack([(_points(keys[n]) - _points(keys[n].relative_key)) @ to_flame for n in sorted(keys)])


def _points(key: bpy.types.ShapeKey) -> np.ndarray:
    points = np.empty(VERTICES * 3, np.float32)
    key.data.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def _to_flame(rest: np.ndarray) -> np.ndarray:
    """(3, 3) from the mesh's axes and unit to FLAME's, by where its eyes and mouth are, rounded to the nearest axes."""
    from ...fields_blender.exchange import flame_sequence

    left, right = rest[_LEFT_BALL].mean(axis=0), rest[_RIGHT_BALL].mean(axis=0)
    side, up = left - right, (left + right) / 2.0 - rest[_MOUTH].mean(axis=0)
    axes = [_nearest(side)]
    axes.append(_nearest(up - axes[0] * (axes[0] @ up)))
    axes.append(np.cross(axes[0], axes[1]))
    return np.stack(axes, axis=1) * (flame_sequence.EYES_APART / np.linalg.norm(side))


def _nearest(vector: np.ndarray) -> np.ndarray:
    axis = np.zeros(3)
    axis[np.abs(vector).argmax()] = np.sign(vector[np.abs(vector).argmax()])
    return axis
