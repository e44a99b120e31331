"""The ICT-FaceKit head: any identity and any performance in FLAME groups -> vertices. Plain numpy, centimetres.

Model: ICT-FaceKit light (MIT, (c) 2020 USC Institute for Creative Technologies), 100 identity and 57 expression
shapes, mapped here to the 52 names of `fields_blender.core.names`. Frame: x to the subject's left (the side of `_L`),
y up, z out of the face. What the mapping adds to the plain shapes:

* The eyeballs rotate about their centres (ICT's eyeLook shapes move the lids only).
* An eyelid of 1 is shut whatever else the face does: the blink shape is driven by the opening that is left, so
  `eyelids` is the closed fraction of it, for every identity, squint and gaze.
* Lids slide over the ball and the cornea instead of cutting through them.
* `mouthClose` 1 with `jawOpen` 1 just closes the lips (ICT's own shape pushes the lips 5 mm through each other).
* `tongueOut` pushes the tongue out over the lower lip (ICT has no such shape); it needs an open jaw, as on a real face.

Not modelled: jaw roll (`jaw[2]`), pupil dilation.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fields_blender.core.arkit import to_arkit
from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT
from tools import shared_data

from .rig import gaze_rotation

DATA = shared_data.find("data", "ict_facekit")
IDENTITY = 100

PARTS = (
    "face back gums_tongue teeth sclera_left iris_left sclera_right iris_right lacrimal_fluid eye_blend eye_occlusion "
    "eyelashes"
).split()

# Of Multi-PIE's 68 landmarks: (upper lid, lower lid) pairs of the left and right eye, inner lips (upper, lower).
_LID_LANDMARKS = (((43, 47), (44, 46)), ((38, 40), (37, 41)))
_LIP_LANDMARKS = ((61, 67), (62, 66), (63, 65))
_TONGUE = slice(16611, 17039)  # of gums_tongue

# The cornea's bulge over the ball of 1.54 cm, measured on the sclera mesh: height by angle from the optical axis.
_CORNEA = 0.21
_CORNEA_ANGLE = (np.radians(12.0), np.radians(36.0))
_LID_THICKNESS = 0.025
_LIMBUS = np.radians(21.8)  # where the iris ends
_RAISER_IN_CHEEK_SQUINT = 0.4
_LEFT, _RIGHT = 0, 1


@dataclass(frozen=True)
class IctHead:
    """The head's shapes. n vertices (all 26,719, or those kept by `load`), in cm.

    `neutral` (n, 3); `identity` (100, n, 3), one unit is one standard deviation; `shapes` (52, n, 3) in the order of
    `names.ARKIT`. `triangles` (t, 3) into the vertices, `triangle_part` (t,) into PARTS, `uv` (u, 2) with
    `uv_triangles` (t, 3); all four are of the whole mesh and None when only some vertices were kept.
    `part` (n,): of each vertex, into PARTS (a vertex shared by two parts belongs to the first).
    """

    neutral: np.ndarray
    identity: np.ndarray
    shapes: np.ndarray
    part: np.ndarray
    triangles: np.ndarray | None
    triangle_part: np.ndarray | None
    uv: np.ndarray | None
    uv_triangles: np.ndarray | None
    _basis: np.ndarray = field(repr=False)  # (152, n * 3) float32: identity, then shapes
    _eye: np.ndarray = field(repr=False)  # (101, 2, 4): centre and radius of the eyeballs; row 0 neutral, then identity
    _axis: np.ndarray = field(repr=False)  # (2, 3): from the centre to the top of the cornea at rest
    _gap: np.ndarray = field(repr=False)  # (153, 2): lid opening; row 0 neutral, then the basis
    _balls: tuple[np.ndarray, np.ndarray] = field(repr=False)  # vertices that turn with each eye
    _lids: tuple[np.ndarray, np.ndarray] = field(repr=False)  # vertices that slide over each eyeball
    _slack: tuple[np.ndarray, np.ndarray] = field(repr=False)  # how far they sit inside that surface at rest

    def eye_centres(self, identity: np.ndarray) -> np.ndarray:
        """(..., 2, 3) centres of the left and right eyeball, cm, of identities (..., 100)."""
        return self._eyes(np.asarray(identity, np.float32))[..., :3]

    def eye_coordinates(self) -> np.ndarray:
        """(n, 3) for shading the eyes: offset from the eye's axis at rest, of length 1 at the edge of the iris."""
        coordinates = np.zeros_like(self.neutral)
        for side in (_LEFT, _RIGHT):
            arm = self.neutral[self._balls[side]] - self._eye[0, side, :3]
            arm /= np.linalg.norm(arm, axis=1, keepdims=True)
            axis = self._axis[side]
            across = np.cross([0.0, 1.0, 0.0], axis)
            across /= np.linalg.norm(across)
            flat = np.stack([arm @ across, arm @ np.cross(axis, across), np.zeros(len(arm))], axis=1)
            flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
            angle = np.arccos(np.clip(arm @ axis, -1.0, 1.0))
            coordinates[self._balls[side]] = flat * (angle / _LIMBUS)[:, None]
        return coordinates

    def vertices(
        self, identity: np.ndarray, expression: np.ndarray, jaw: np.ndarray, eyelids: np.ndarray, gaze: np.ndarray
    ) -> np.ndarray:
        """(..., n, 3) float32 vertices in cm.

        identity (..., 100) in standard deviations; expression (..., 39), jaw (..., 3) rad, eyelids (..., 2),
        gaze (..., 2, 2) rad, as in `names.GROUPS`. Leading dimensions must agree, or be absent from identity.
        """
        lead = np.shape(expression)[:-1]
        groups = (
            np.reshape(expression, (-1, 39)),
            np.reshape(jaw, (-1, 3)),
            np.reshape(eyelids, (-1, 2)),
            np.reshape(gaze, (-1, 2, 2)),
        )
        count = len(groups[0])
        person = np.broadcast_to(np.reshape(np.asarray(identity, np.float32), (-1, IDENTITY)), (count, IDENTITY))
        weights = np.concatenate([person, to_arkit(*groups).astype(np.float32)], axis=1)
        self._shut(weights)
        points = (weights @ self._basis).reshape(count, -1, 3) + self.neutral
        eyes = self._eyes(person)
        for side in (_LEFT, _RIGHT):
            turn = gaze_rotation(groups[3][:, side])
            centre, radius = eyes[:, side, None, :3], eyes[:, side, 3]
            ball = self._balls[side]
            points[:, ball] = (points[:, ball] - centre) @ turn.transpose(0, 2, 1) + centre
            self._slide(points, side, centre, radius, turn @ self._axis[side])
        return points.reshape(*lead, -1, 3)

    def _eyes(self, identity: np.ndarray) -> np.ndarray:
        return self._eye[0] + np.tensordot(identity, self._eye[1:], 1)

    def _shut(self, weights: np.ndarray) -> None:
        """Convert `eyeBlink` from the closed fraction of the opening to the weight of ICT's shape."""
        for side, name in ((_LEFT, "eyeBlinkLeft"), (_RIGHT, "eyeBlinkRight")):
            column = IDENTITY + ARKIT.index(name)
            fraction = weights[:, column].copy()
            weights[:, column] = 0.0
            opening = self._gap[0, side] + weights @ self._gap[1:, side]
            weights[:, column] = fraction * opening / -self._gap[1 + column, side]

    def _slide(self, points: np.ndarray, side: int, centre: np.ndarray, radius: np.ndarray, axis: np.ndarray) -> None:
        """Push lid vertices that went into the eyeball on their straight path out to its surface."""
        lids = self._lids[side]
        arm = points[:, lids] - centre
        distance = np.linalg.norm(arm, axis=-1)
        surface = _ball_surface(arm / distance[..., None], radius[:, None], axis[:, None, :]) - self._slack[side]
        points[:, lids] = centre + arm * np.maximum(surface / distance, 1.0)[..., None].astype(np.float32)


def load(folder: str | Path = DATA, keep: np.ndarray | None = None) -> IctHead:
    """The head from the folder with `ict_compact.npz` and `vertex_indices.json`.

    `keep`: indices of the only vertices wanted, e.g. landmarks; the cost is proportional to their number.
    """
    with np.load(Path(folder) / "ict_compact.npz", allow_pickle=False) as data:
        neutral = data["neutral"]
        identity = data["identity"].astype(np.float32)
        ict = {str(n): e for n, e in zip(data["expr_names"], data["expr"].astype(np.float32), strict=True)}
        triangles, triangle_part = data["triangles"], data["triangle_group"]
        uv, uv_triangles = data["uv"], data["uv_triangles"]
    landmarks = landmark_vertices(folder)
    part = np.zeros(len(neutral), np.int64)
    for number in reversed(range(len(PARTS))):
        part[triangles[triangle_part == number]] = number
    shapes = _shapes(ict, neutral, part, landmarks)
    basis = np.concatenate([identity, shapes])

    balls = tuple(
        np.flatnonzero(np.isin(part, [PARTS.index(f"sclera_{side}"), PARTS.index(f"iris_{side}")]))
        for side in ("left", "right")
    )
    scleras = tuple(np.flatnonzero(part == PARTS.index(f"sclera_{side}")) for side in ("left", "right"))
    rest = np.stack([_fit_ball(neutral[s]) for s in scleras])
    eye = np.stack([rest, *(np.stack([_fit_ball((neutral + m)[s]) for s in scleras]) - rest for m in identity)])
    top = [neutral[s][neutral[s][:, 2] > neutral[s][:, 2].max() - 0.02].mean(0) for s in scleras]
    axis = np.stack(top) - rest[:, :3]
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    gap = np.stack([_lid_gap(v, landmarks) for v in (neutral, *basis)])
    lids = tuple(_lid_vertices(ict[f"eyeBlink_{s}"], part, neutral, rest[i]) for i, s in enumerate("LR"))

    if keep is not None:
        number = np.full(len(neutral), -1)
        number[keep] = np.arange(len(keep))
        neutral, part, basis = neutral[keep], part[keep], basis[:, keep]
        balls, lids = (tuple(number[v][number[v] >= 0] for v in group) for group in (balls, lids))
        triangles = triangle_part = uv = uv_triangles = None
    slack = []
    for side in (_LEFT, _RIGHT):
        arm = neutral[lids[side]] - rest[side, :3]
        distance = np.linalg.norm(arm, axis=1)
        slack.append(np.maximum(_ball_surface(arm / distance[:, None], rest[side, 3], axis[side]) - distance, 0.0))
    return IctHead(
        neutral=neutral.astype(np.float32),
        identity=basis[:IDENTITY],
        shapes=basis[IDENTITY:],
        part=part,
        triangles=triangles,
        triangle_part=triangle_part,
        uv=uv,
        uv_triangles=uv_triangles,
        _basis=np.ascontiguousarray(basis.reshape(len(basis), -1)),
        _eye=eye.astype(np.float32),
        _axis=axis.astype(np.float32),
        _gap=gap.astype(np.float32),
        _balls=balls,
        _lids=lids,
        _slack=(slack[0], slack[1]),
    )


def landmark_vertices(folder: str | Path = DATA) -> np.ndarray:
    """(68,) the vertices at Multi-PIE's 68 landmarks."""
    indices = json.loads((Path(folder) / "vertex_indices.json").read_text())
    return np.array(indices["idx_to_landmark_verts"])


def sample_identity(rng: np.random.Generator, strength: float = 0.9) -> np.ndarray:
    """(100,) coefficients of a plausible adult: normal, clipped to 2.5 standard deviations, times `strength`."""
    return (strength * np.clip(rng.standard_normal(IDENTITY), -2.5, 2.5)).astype(np.float32)


def _shapes(ict: dict[str, np.ndarray], neutral: np.ndarray, part: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(52, n, 3): ICT's shapes in the order of ARKit's names."""
    mouth_inside = part == PARTS.index("gums_tongue")
    for name, shape in ict.items():
        if not name.startswith("jaw"):
            shape[mouth_inside] = 0.0  # removes up to 0.03 cm of rounding in the file
    special = {
        "browInnerUp": ict["browInnerUp_L"] + ict["browInnerUp_R"],
        "cheekPuff": ict["cheekPuff_L"] + ict["cheekPuff_R"],
        "cheekSquintLeft": ict["cheekSquint_L"] + _RAISER_IN_CHEEK_SQUINT * ict["cheekRaiser_L"],
        "cheekSquintRight": ict["cheekSquint_R"] + _RAISER_IN_CHEEK_SQUINT * ict["cheekRaiser_R"],
        "mouthClose": _mouth_close(ict["jawOpen"], ict["mouthClose"], neutral, landmarks),
        "tongueOut": _tongue_out(neutral),
    }
    return np.stack([special[n] if n in special else ict[_ict_name(n)] for n in ARKIT]).astype(np.float32)


def _ict_name(name: str) -> str:
    for side in ("Left", "Right"):
        if name.endswith(side) and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


def _mouth_close(jaw_open: np.ndarray, close: np.ndarray, neutral: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """ICT's shape, scaled along the lips so that with a fully open jaw they meet as at rest."""
    upper, lower = landmarks[np.array(_LIP_LANDMARKS)].T
    opened = (jaw_open[upper] - jaw_open[lower])[:, 1]
    closed = (close[lower] - close[upper])[:, 1]
    scale = opened / closed
    beside = np.abs(neutral[upper[0], 0])
    return close * np.interp(np.abs(neutral[:, 0]), [0.0, beside], [scale[1], (scale[0] + scale[2]) / 2])[:, None]


def _tongue_out(neutral: np.ndarray) -> np.ndarray:
    """The tongue's front slides forward and bends down over the lip; its root stays."""
    shape = np.zeros_like(neutral)
    z = neutral[_TONGUE, 2]
    along = np.clip((z - z.min()) / (z.max() - z.min()), 0.0, 1.0)
    shape[_TONGUE, 2] = 3.6 * along**1.5
    shape[_TONGUE, 1] = 0.9 * along - 1.1 * along**4
    return shape


def _lid_gap(values: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(2,) height of the left and right eye's opening in vertices (n, 3), or its change in a shape (n, 3)."""
    return np.array(
        [np.mean([values[landmarks[a], 1] - values[landmarks[b], 1] for a, b in e]) for e in _LID_LANDMARKS]
    )


def _lid_vertices(blink: np.ndarray, part: np.ndarray, neutral: np.ndarray, ball: np.ndarray) -> np.ndarray:
    soft = np.isin(
        part, [PARTS.index(p) for p in ("face", "lacrimal_fluid", "eye_occlusion", "eyelashes", "eye_blend")]
    )
    near = (np.linalg.norm(neutral - ball[:3], axis=1) < 1.5 * ball[3]) & (neutral[:, 2] > ball[2])
    return np.flatnonzero(soft & near & (np.linalg.norm(blink, axis=1) > 0.01))


def _fit_ball(points: np.ndarray) -> np.ndarray:
    """(4,) centre and radius of the sphere through the eyeball's points behind the cornea, by least squares."""
    points = points.astype(np.float64)
    back = points[points[:, 2] < np.quantile(points[:, 2], 0.55)]
    solution = np.linalg.lstsq(np.c_[2 * back, np.ones(len(back))], (back**2).sum(1), rcond=None)[0]
    return np.append(solution[:3], np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def _ball_surface(direction: np.ndarray, radius: np.ndarray | float, axis: np.ndarray) -> np.ndarray:
    """Distance from the eyeball's centre, in unit directions (..., 3), at which a lid rests on ball and cornea."""
    inner, outer = np.cos(_CORNEA_ANGLE[0]), np.cos(_CORNEA_ANGLE[1])
    bulge = smoothstep(((direction * axis).sum(-1) - outer) / (inner - outer))
    return radius + _LID_THICKNESS + _CORNEA * bulge
