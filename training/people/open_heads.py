"""Heads by other authors (Face Cap, John Smith; both MIT) as further sources of blendshapes for every family.

Only their shapes are used, transferred to the families' meshes (`shape_sources`). The heads of MetaPerson are the
validation family and never read here.
"""

from pathlib import Path

import numpy as np

from fields_blender.core.names import ARKIT
from tools import shared_data

from .mesh_parts import EYE_LEFT, EYE_RIGHT, MOUTH, SKIN, TEETH
from .rig import Body, Family

FOLDER = shared_data.find("data", "heads")
FILES = {"facecap": "facecap_generic.npz", "johnsmith": "johnsmith.npz"}
_PARTS = {
    "skin": SKIN, "chest": MOUTH, "mouth_inside": MOUTH, "lashes": MOUTH, "teeth_upper": TEETH, "teeth_lower": TEETH,
    "eye_left": EYE_LEFT, "cornea_left": EYE_LEFT, "eye_right": EYE_RIGHT, "cornea_right": EYE_RIGHT,
}  # fmt: skip


def load(path: Path) -> Family:
    """The head of a file as a family of one person, in inter-ocular units; without anatomy, since nobody poses it."""
    with np.load(path, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    unit = float(np.linalg.norm(data["eye_center"][0] - data["eye_center"][1]))
    order = [list(data["expr_names"]).index(name) for name in ARKIT]
    triangles = data["triangles"].astype(np.int32)
    kinds = np.array([_PARTS[str(name)] for name in data["part_names"]])[data["part"]]
    part = np.full(len(data["neutral"]), MOUTH)
    part[triangles.ravel()] = np.repeat(kinds, 3)
    mean = Body(
        (data["neutral"] / unit).astype(np.float32),
        (data["eye_center"] / unit).astype(np.float32),
        (data["eye_radius"] / unit).astype(np.float32),
        np.ones(3, np.float32),
    )
    shapes = (data["expr"][order] / unit).astype(np.float32)
    return Family(triangles, part, None, mean, shapes, lambda rng: mean)
