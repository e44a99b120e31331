"""The demo head's file, `models/demo_head.npz`, made by training/demo/make_demo_head.py."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..core.errors import FieldsError
from ..core.paths import MODELS

FILE = MODELS / "demo_head.npz"


@dataclass(frozen=True)
class DemoHead:
    """One mesh with its shape keys, bones and texture.

    Metres, x to the subject's left, y up, z out of the face; the origin is the middle of the neck's lower edge.
    """

    vertices: np.ndarray  # (n, 3) float32
    corner_vertex: np.ndarray  # (c,) int32, the faces' corners one face after another, counter-clockwise from outside
    corner_uv: np.ndarray  # (c, 2) float32
    face_size: np.ndarray  # (f,) 3 or 4
    face_material: np.ndarray  # (f,) index into materials
    materials: list[str]
    keys: dict[str, tuple[np.ndarray, np.ndarray]]  # name -> vertices it moves (k,), displacements (k, 3)
    bones: dict[str, tuple[str, np.ndarray, np.ndarray]]  # name -> parent's name or "", head (3,), tail (3,)
    weights: dict[str, np.ndarray]  # bone -> (n,) 0..1
    texture: bytes  # JPEG


def load(path: Path) -> DemoHead:
    """Raises FieldsError when the file is missing or is not a demo head."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return _read(file)
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise FieldsError(
            "The demo head “{name}” cannot be read. Install the extension again.", name=path.name
        ) from error


def _read(file) -> DemoHead:
    edges = file["key_start"].tolist()
    moved, moves = file["key_vertices"].astype(np.int64), file["key_move"]
    keys = {}
    scales = file["key_scale"].tolist()
    for name, scale, a, b in zip(file["key_names"].tolist(), scales, edges[:-1], edges[1:], strict=True):
        keys[name] = moved[a:b], moves[a:b].astype(np.float32) * np.float32(scale)
    names = file["bone_names"].tolist()
    parents = file["bone_parents"].tolist()
    weights = file["weights"].astype(np.float32) / 255.0
    return DemoHead(
        vertices=file["vertices"].astype(np.float32),
        corner_vertex=file["corner_vertex"].astype(np.int32),
        corner_uv=file["corner_uv"].astype(np.float32),
        face_size=file["face_size"].astype(np.int32),
        face_material=file["face_material"].astype(np.int32),
        materials=file["materials"].tolist(),
        keys=keys,
        bones={
            name: (parents[i], file["bone_heads"][i].astype(np.float64), file["bone_tails"][i].astype(np.float64))
            for i, name in enumerate(names)
        },
        weights={name: weights[:, i] for i, name in enumerate(names)},
        texture=file["texture"].tobytes(),
    )
