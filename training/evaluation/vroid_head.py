"""A stylised head for the evaluation, in the layout of the heads by other authors, from a VRoid figure (glb).

    python -m training.evaluation.vroid_head FIGURE.glb --out data/eval/heads

Writes vroid.npz and its textures, for `render_heads`. A figure's licence may forbid more than testing: such a head is
looked at and measured on, and never trained on. Channels whose shapes move nothing are absent, but for the jaw, for
which the figure's own open mouth stands in, as it does when the extension drives such a head.
"""

import argparse
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from fields_blender.capture.device import import_cv2
from fields_blender.core.names import ARKIT

NAME = "vroid"
EYES_TO_MOUTH = 7.0  # cm, to which the head is scaled
BELOW = 26.0  # cm below the eyes, from which on the figure is left out
STANDS_IN = {"jawOpen": "Fcl_MTH_A"}
TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDE = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
# Materials of the face's parts, as VRoid names them.
PARTS = {"Face_00_SKIN": "skin", "FaceMouth": "mouth_inside", "EyeIris": "iris", "EyeHighlight": "highlight"}
OVER = ("EyeHighlight", "FaceBrow", "FaceEyeline")  # flat pieces, just before the skin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data/eval/heads"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    figure = Figure(options.figure)
    arrays = head(figure, options.out)
    np.savez_compressed(options.out / f"{NAME}.npz", **arrays)
    absent = [str(name) for name, there in zip(arrays["expr_names"], arrays["present"], strict=True) if not there]
    print(f"{len(arrays['neutral'])} points; absent: {', '.join(absent)}")


class Figure:
    """A glb whose buffers may be compressed with meshopt."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        (length,) = struct.unpack_from("<I", data, 12)
        self.gltf: dict[str, Any] = json.loads(data[20 : 20 + length])
        self.binary = data[20 + length + 8 :]
        self._views: dict[int, bytes] = {}

    def view(self, index: int) -> bytes:
        if index not in self._views:
            view = self.gltf["bufferViews"][index]
            packed = view.get("extensions", {}).get("EXT_meshopt_compression")
            first = (packed or view).get("byteOffset", 0)
            data = self.binary[first : first + (packed or view)["byteLength"]]
            if packed:
                import meshopt  # pyright: ignore[reportMissingImports]

                rows = meshopt.decode_gltf_buffer(
                    data, packed["count"], packed["byteStride"], packed["mode"], packed.get("filter")
                )
                data = np.ascontiguousarray(rows).tobytes()
            self._views[index] = data
        return self._views[index]

    def array(self, index: int) -> np.ndarray:
        """(count, width) of an accessor; normalised integers become floats."""
        accessor = self.gltf["accessors"][index]
        kind, wide = np.dtype(TYPES[accessor["componentType"]]), WIDE[accessor["type"]]
        view = self.gltf["bufferViews"][accessor["bufferView"]]
        stride = view.get("byteStride", kind.itemsize * wide)
        data, first = self.view(accessor["bufferView"]), accessor.get("byteOffset", 0)
        rows = np.ndarray((accessor["count"], wide), kind, data, first, (stride, kind.itemsize)).astype(np.float64)
        return rows / np.iinfo(kind).max if accessor.get("normalized") else rows

    def worlds(self) -> list[np.ndarray]:
        """(4, 4) of each node."""
        nodes = self.gltf["nodes"]
        found: list[np.ndarray | None] = [None] * len(nodes)
        parent = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}

        def world(i: int) -> np.ndarray:
            if found[i] is None:
                found[i] = (world(parent[i]) if i in parent else np.eye(4)) @ local(nodes[i])
            return found[i]  # pyright: ignore[reportReturnType]

        return [world(i) for i in range(len(nodes))]

    def texture(self, material: dict) -> np.ndarray:
        """(h, w, 3 or 4) uint8 BGR(A)."""
        cv2 = import_cv2()
        texture = self.gltf["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
        source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
        data = self.view(self.gltf["images"][source]["bufferView"])
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def local(node: dict) -> np.ndarray:
    """(4, 4) of a node to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"]).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix


def head(figure: Figure, out: Path) -> dict[str, np.ndarray]:
    """The arrays of `foreign_heads.load`; the textures are written to `out`."""
    names = list(ARKIT)
    pieces = [piece for node in figure.gltf["nodes"] if "mesh" in node for piece in _pieces(figure, node, names)]
    eyes = np.concatenate([piece["points"] for piece in pieces if "EyeIris" in piece["material"]["name"]])
    left, right = (eyes[sign * eyes[:, 0] > 0].mean(axis=0) for sign in (1, -1))
    lips = next(piece for piece in pieces if "Face_00_SKIN" in piece["material"]["name"])
    opened = np.linalg.norm(lips["moves"][names.index("jawOpen")], axis=1)
    middle = (left + right) / 2
    scale = EYES_TO_MOUTH / (middle[1] - np.average(lips["points"][:, 1], weights=opened))
    parts, arrays = ["skin", "mouth_inside", "iris", "highlight", "rest"], _Arrays()
    for piece in pieces:
        arrays.add(piece, (piece["points"] - middle) * scale, piece["moves"] * scale, parts, out)
    radius = np.ptp(eyes[eyes[:, 0] > 0][:, 1]) / 2 * scale
    present = np.abs(arrays.joined("expr", 1)).max(axis=(1, 2)) > 1e-4
    return {
        **arrays.all(), "present": present, "expr_names": np.array(names), "part_names": np.array(parts),
        "eye_center": (np.array([left, right]) - middle) * scale, "eye_radius": np.array([radius, radius]),
    }  # fmt: skip


def _pieces(figure: Figure, node: dict, names: list[str]) -> list[dict]:
    """The primitives of a mesh, skinned as the figure stands: points (n, 3), moves (52, n, 3), triangles, uv."""
    mesh, skin = figure.gltf["meshes"][node["mesh"]], figure.gltf["skins"][node["skin"]]
    worlds = figure.worlds()
    inverse = figure.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    joints = np.stack([worlds[joint] for joint in skin["joints"]]) @ inverse
    targets = mesh.get("extras", {}).get("targetNames", [])
    found = []
    for primitive in mesh["primitives"]:
        attributes = primitive["attributes"]
        weights = figure.array(attributes["WEIGHTS_0"])
        weights /= weights.sum(axis=1, keepdims=True)
        which = figure.array(attributes["JOINTS_0"]).astype(int)
        matrix = np.einsum("nk,nkij->nij", weights, joints[which])
        points = np.einsum("nij,nj->ni", matrix[:, :3, :3], figure.array(attributes["POSITION"])) + matrix[:, :3, 3]
        moves = np.zeros((len(names), *points.shape))
        for i, name in enumerate(names):
            name = STANDS_IN.get(name, name)
            if name in targets:
                move = figure.array(primitive["targets"][targets.index(name)]["POSITION"])
                moves[i] = np.einsum("nij,nj->ni", matrix[:, :3, :3], move)
        uv = figure.array(attributes["TEXCOORD_0"]) * (1, -1) + (0, 1)
        triangles = figure.array(primitive["indices"]).astype(int).reshape(-1, 3)
        material = figure.gltf["materials"][primitive["material"]]
        found.append(
            {"points": points, "moves": moves, "triangles": triangles, "uv": uv, "material": material}
            | {"texture": figure.texture(material)}
        )
    return found


class _Arrays:
    """Pieces joined into one head."""

    def __init__(self) -> None:
        self.lists: dict[str, list[np.ndarray]] = {}
        self.count = 0

    def add(self, piece: dict, points: np.ndarray, moves: np.ndarray, parts: list[str], out: Path) -> None:
        cv2, name = import_cv2(), piece["material"]["name"].split(" ")[0]
        if any(key in name for key in OVER):
            points = points + (0, 0, 0.02)
        triangles = piece["triangles"]
        triangles = triangles[(points[triangles][:, :, 1] > -BELOW).all(axis=1)]
        if not len(triangles):
            return
        kept, triangles = np.unique(triangles, return_inverse=True)
        triangles = triangles.reshape(-1, 3) + self.count
        part = next((part for key, part in PARTS.items() if key in name), "rest")
        number, texture = len(self.lists.get("material_name", [])), piece["texture"]
        file, alpha = f"{NAME}_{name}{'_eye' if 'Eye' in name else ''}.png", ""
        cv2.imwrite(str(out / file), texture[..., :3])
        if texture.shape[-1] == 4 and piece["material"].get("alphaMode") != "OPAQUE":
            alpha = file.replace(".png", "_alpha.png")
            cv2.imwrite(str(out / alpha), texture[..., 3])
        count = len(triangles)
        for key, value in {
            "neutral": points[kept], "expr": moves[:, kept], "uv": piece["uv"][kept], "triangles": triangles,
            "part": np.full(count, parts.index(part)), "material": np.full(count, number),
            "material_name": np.array([name]), "material_color": np.full((1, 3), 0.8),
            "material_texture": np.array([file]), "material_alpha": np.array([alpha]),
        }.items():  # fmt: skip
            self.lists.setdefault(key, []).append(value)
        self.count += len(kept)

    def joined(self, key: str, axis: int = 0) -> np.ndarray:
        return np.concatenate(self.lists[key], axis=axis)

    def all(self) -> dict[str, np.ndarray]:
        whole = {key: self.joined(key, 1 if key == "expr" else 0) for key in self.lists}
        return {**whole, "triangles_uv": whole["triangles"]}


if __name__ == "__main__":
    main()
