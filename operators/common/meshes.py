"""Meshes and shape keys from arrays."""

import bpy
import numpy as np


def to_blender(points: np.ndarray) -> np.ndarray:
    """(..., 3) from x left, y up, z out of the face to Blender's x left, z up, facing -Y."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def add_shape_key(mesh: bpy.types.Object, name: str, points: np.ndarray) -> bpy.types.ShapeKey:
    """Add a shape key at 0 with the mesh's vertices at `points` (n, 3), in the mesh's own space."""
    key = mesh.shape_key_add(name=name, from_mix=False)
    key.value = 0.0  # new keys begin at 1 in some versions
    key.data.foreach_set("co", points.astype(np.float32).ravel())
    return key
