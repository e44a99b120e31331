"""Random people's skin, painted into the atlas that all head families share, with wrinkles that follow the expression.

Colour comes from the absorption of melanin and blood, so that every mixture is a natural skin tone; hair, lips and
make-up lie on top. Albedos are linear RGB.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from fields_blender.core.easing import smoothstep
from fields_blender.core.names import ARKIT

from ..people.atlas import SIZE
from . import paint
from .hair_paint import beard, brows, hairline
from .wrinkles import Depths, Fold, random_folds

_BARE = np.float32([0.15, 0.33, 0.45])  # absorbance of skin without pigment: minus the logarithm of its albedo
_MELANIN = np.float32([2.5, 3.55, 4.5])  # of the darkest skin
_SHEEN = 0.012  # surface reflection, whatever lies below
_BLOOD = np.float32([0.04, 0.30, 0.24])
_HAIRS = np.array([
    (0.010, 0.008, 0.007), (0.018, 0.012, 0.009), (0.045, 0.024, 0.014), (0.10, 0.055, 0.03), (0.22, 0.13, 0.07),
    (0.42, 0.29, 0.16), (0.30, 0.10, 0.035),
])  # fmt: skip
_IRISES = np.array([
    (0.05, 0.025, 0.013), (0.10, 0.05, 0.022), (0.18, 0.10, 0.045), (0.17, 0.15, 0.06), (0.14, 0.19, 0.12),
    (0.14, 0.22, 0.30), (0.22, 0.27, 0.31),
])  # fmt: skip


@dataclass(frozen=True)
class Tint:
    """A change of colour `delta` (h, w, 3) over the rows and columns `where`, times the ARKit weights `drive` (52,)."""

    where: paint.Box
    delta: np.ndarray
    drive: np.ndarray


@dataclass(frozen=True)
class Skin:
    """One person's colours and skin. eyes (4, 3): pupil, iris, its rim, white; hair (3,); colours (7, 3): of SKIN ..
    SCALP in `mesh_parts`; age 0..1 of the skin."""

    eyes: np.ndarray
    hair: np.ndarray
    colours: np.ndarray
    age: float
    _albedo: np.ndarray = field(repr=False)  # at rest
    _bump: np.ndarray = field(repr=False)
    _folds: list[Fold] = field(repr=False)
    _depths: Depths = field(repr=False)
    _tints: list[Tint] = field(repr=False)

    def dressed(self, arkit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Albedo (SIZE, SIZE, 3) linear RGB and bump (SIZE, SIZE, 2) in an expression (52,); both float32.

        bump: slope of the skin's height to the subject's left and down, in IOU per IOU.
        """
        arkit = np.asarray(arkit, np.float32)
        albedo, bump = self._albedo.copy(), self._bump.copy()
        for tint in self._tints:
            amount = min(float(tint.drive @ arkit), 1.0)
            if amount > 0.01:
                albedo[tint.where] += np.float32(amount) * tint.delta
        lips = albedo[paint.MOUTH_BOX]
        np.clip(lips, 0.003, 0.95, out=lips)  # tints add up
        more = self._depths(arkit) - self._depths.rest
        for fold, depth in zip(self._folds, more, strict=True):
            if abs(depth) > 0.01:
                where = fold.rows, fold.columns
                bump[where] += depth * fold.slope
                albedo[where] *= 1 - np.maximum(depth, -1) * fold.dark
        return albedo, bump


def random_skin(rng: np.random.Generator) -> Skin:
    """A random person of any skin tone and age: skin, lips, brows, beard, make-up, hair, eyes."""
    melanin = rng.uniform() ** 1.5
    age = rng.beta(1.1, 1.9)
    male = rng.random() < 0.5
    hair, natural = _hair_colour(rng, melanin, age)
    absorbed, tone = _flesh(rng, melanin, age)
    albedo = _SHEEN + np.exp(-absorbed)
    if not male and rng.random() < 0.5:
        _make_up(rng, albedo)
    tints = _lips(rng, albedo, tone, 0.0 if male else 0.45)
    _lids(rng, albedo, tone, made_up=not male and rng.random() < 0.4)
    bump = _grain(rng, age)
    brow = natural if rng.random() < 0.6 else 0.5 * (natural + hair)
    brows(rng, albedo, bump, np.clip(brow * rng.uniform(0.35, 1.0), 0.004, 0.5))
    if male and rng.random() < 0.5:
        beard(rng, albedo, bump, hair, tone)
    bald = rng.random() < (0.18 if male else 0.03)
    if not bald:
        hairline(rng, albedo, bump, hair)
    folds = random_folds(rng, age, rng.uniform(0.2, 1.6))
    depths = Depths(folds)
    for fold, depth in zip(folds, depths.rest, strict=True):
        bump[fold.rows, fold.columns] += depth * fold.slope
        albedo[fold.rows, fold.columns] *= 1 - depth * fold.dark
    colours = np.stack([
        tone, *np.ones((2, 3)), np.array([0.80, 0.75, 0.66]) ** rng.uniform(0.8, 2.0) * rng.uniform(0.75, 1.0),
        np.array([0.42, 0.14, 0.13]) * rng.uniform(0.6, 1.1), tone * rng.uniform(0.15, 0.75),
        tone if bald else hair,
    ])  # fmt: skip
    return Skin(
        _eyes(rng, melanin), hair.astype(np.float32), colours.astype(np.float32), float(age),
        np.clip(albedo, 0.003, 0.95), bump, folds, depths, tints,
    )  # fmt: skip


def _flesh(rng: np.random.Generator, melanin: float, age: float) -> tuple[np.ndarray, np.ndarray]:
    """(SIZE, SIZE, 3) absorbance of the bare skin (minus the logarithm of its albedo), and (3,) its mean albedo."""
    blood = rng.uniform(0.4, 1.2) * (1 - 0.5 * melanin)
    yellow = rng.uniform(0.3, 1.3) * np.float32([0.0, 0.04, 0.28])
    base = _BARE + melanin * _MELANIN + blood * _BLOOD + yellow
    red = np.zeros((SIZE, SIZE), np.float32)
    red += rng.uniform(0, 0.9) * paint.spot(0.66, -0.55, 0.24, 0.2) + rng.uniform(0, 0.8) * paint.spot(0, -0.6, 0.14)
    red += rng.uniform(0, 0.5) * paint.spot(0.28, -0.66, 0.08) + rng.uniform(0, 0.5) * paint.spot(0, -1.6, 0.18)
    red += rng.uniform(0, 0.8) * paint.spot(1.85, -0.2, 0.12, 0.35) + rng.uniform(0, 0.7) * paint.spot(
        0.55, 0.06, 0.2, 0.1
    )
    red += rng.uniform(0.03, 0.14) * paint.noise(rng, 10) + rng.uniform(0.02, 0.12) * paint.noise(rng, 36)
    dark = rng.uniform(0, 0.12) * paint.spot(0.5, -0.2, 0.17, 0.1) + rng.uniform(0, 0.08) * paint.spot(
        0.5, 0.1, 0.2, 0.08
    )
    dark += rng.uniform(0, 0.06) * paint.spot(0, -1.15, 0.5, 0.3) - rng.uniform(0, 0.05) * paint.spot(0, 0.7, 0.6, 0.3)
    grain = rng.uniform(0.004, 0.02) * paint.noise(rng, SIZE)
    dark = dark + rng.uniform(0.004, 0.025) * paint.noise(rng, 24) + rng.uniform(0.003, 0.012) * paint.noise(rng, 110)
    dark += grain
    if rng.random() < 0.25 * (1.2 - melanin):
        speckles = np.clip(paint.noise(rng, 150) - rng.uniform(1.1, 1.9), 0, 1)
        dark += rng.uniform(0.1, 0.35) * speckles * (0.15 + paint.spot(0.4, -0.45, 0.4, 0.25))
    if rng.random() < age - 0.3:  # age spots
        dark += rng.uniform(0.05, 0.15) * np.clip(paint.noise(rng, 70) - 1.7, 0, 1)
    for _ in range(rng.poisson(1.5)):
        x, y = rng.uniform(30, SIZE - 30), rng.uniform(60, SIZE - 60)
        mole = np.zeros((13, 13), np.float32)
        cv2.circle(mole, (6 * 8 + int(8 * (x % 1)), 48), int(8 * rng.uniform(0.6, 2.2)), 1.0, -1, cv2.LINE_AA, 3)
        place = dark[int(y) - 6 : int(y) + 7, int(x) - 6 : int(x) + 7]
        place += rng.uniform(0.15, 0.5) * cv2.GaussianBlur(mole, (0, 0), 0.7)
    for _ in range(rng.poisson(4) * (rng.random() < 0.3)):  # pimples
        x, y = rng.integers(100, SIZE - 100), rng.integers(60, SIZE - 60)
        red[y - 2 : y + 3, x - 2 : x + 3] += rng.uniform(0.5, 1.5) * np.outer(*2 * [[0.1, 0.6, 1, 0.6, 0.1]])
    strength = np.float32(0.35 + 0.4 * melanin)
    absorbed = base + (strength * dark)[:, :, None] * _MELANIN + red[:, :, None] * _BLOOD
    return np.maximum(absorbed, 0.06).astype(np.float32), _SHEEN + np.exp(-base)


def _lips(rng: np.random.Generator, albedo: np.ndarray, tone: np.ndarray, made_up: float) -> list[Tint]:
    """Paint the lips; returns how their colour changes when they are rolled in, pressed or funnelled."""
    natural = (
        np.log(tone) - rng.uniform(1.0, 3.2) * _BLOOD * np.float32([1.2, 1, 0.8]) - rng.uniform(0, 0.06) * _MELANIN
    )
    colour, cover, soft = np.exp(natural), rng.uniform(0.5, 1.0), rng.uniform(0.03, 0.08)
    if rng.random() < made_up:
        stick = np.array(
            [(0.28, 0.02, 0.03), (0.25, 0.05, 0.08), (0.4, 0.14, 0.14), (0.12, 0.015, 0.03), (0.36, 0.17, 0.13)]
        )
        colour = stick[rng.integers(len(stick))] * np.exp(rng.normal(0, 0.2, 3))
        cover, soft = rng.uniform(0.5, 1.0), rng.uniform(0.02, 0.04)
    size = rng.normal(0, 0.014, 2)
    grain = 1 + rng.uniform(0.02, 0.09) * paint.noise(rng, 96)[paint.MOUTH_BOX][:, :, None]
    around = albedo[paint.MOUTH_BOX].copy()

    def painted(upper: float, lower: float, extra: float = 1.0) -> np.ndarray:
        mask = cover * paint.lips(size[0] + upper, size[1] + lower, soft)[:, :, None]
        side, up = (grid[paint.MOUTH_BOX] for grid in paint.side_and_up())
        line = -1.117 - 0.07 * np.clip(side - 0.15, 0, 1)
        shut = np.exp(-0.5 * ((up - line) / 0.01) ** 2) * smoothstep((0.4 - side) / 0.05)
        red = around + mask * (colour * extra * grain - around)
        return (red * (1 - 0.6 * shut[:, :, None] * np.array([0.75, 1, 1]))).astype(np.float32)

    rest = painted(0, 0)
    albedo[paint.MOUTH_BOX] = rest
    pale = rng.uniform(0.95, 1.3)  # pressed lips lose blood
    press = {f"mouthPress{side}": 0.5 for side in ("Left", "Right")}
    ways = [
        (painted(-0.08, 0.0), {"mouthRollUpper": 1.0}),
        (painted(0.0, -0.09), {"mouthRollLower": 1.0}),
        (painted(-0.035, -0.04, pale), press),
        (painted(0.015, 0.02, 1 / pale), {"mouthFunnel": 0.6, "mouthShrugLower": 0.3}),
    ]
    return [Tint(paint.MOUTH_BOX, way - rest, _drive(names)) for way, names in ways]


def _drive(named: dict[str, float]) -> np.ndarray:
    return np.array([named.get(name, 0.0) for name in ARKIT], np.float32)


def _lids(rng: np.random.Generator, albedo: np.ndarray, tone: np.ndarray, made_up: bool) -> None:
    """Paint the rims of the lids, the lash line and eyeliner."""
    area = paint.eye_box()
    upper, lower = np.array(paint.UPPER_LID), np.array(paint.LOWER_LID)
    lashes = paint.strokes(area, [upper[1:]], rng.integers(2, 8) + (5 if made_up else 0))
    lashes = np.maximum(lashes, rng.uniform(0.2, 1) * paint.strokes(area, [lower[2:]], 3 if made_up else 1))
    if made_up and rng.random() < 0.5:
        wing = upper[-1] + [(0, 0), (rng.uniform(0.04, 0.1), rng.uniform(0.0, 0.05))]
        lashes = np.maximum(lashes, paint.strokes(area, [np.array(wing)], 5))
    dark = tone * rng.uniform(0.1, 0.5) * (0.4 if made_up else 1)
    rim = np.exp(np.log(tone) - _BLOOD * rng.uniform(0.8, 2.2)) * np.float32([1.0, 0.95, 0.95])
    opening = paint.eye_opening()
    cover = rng.uniform(0.35, 0.95)
    for where, flip in ((area, 1), (paint.mirrored(area), -1)):
        gap, line = opening[:, ::flip, None], cover * lashes[:, ::flip, None]
        albedo[where] += gap * 0.8 * (rim - albedo[where])
        albedo[where] += line * (dark - albedo[where])


def _make_up(rng: np.random.Generator, albedo: np.ndarray) -> None:
    """Paint eye shadow and blusher."""
    if rng.random() < 0.6:
        side, up = paint.side_and_up()
        above = np.interp(side, *np.array(paint.UPPER_LID).T)
        high = rng.uniform(0.07, 0.25)
        lid = smoothstep((up - above) / 0.03) * np.exp(-0.5 * ((up - above) / high) ** 2)
        lid *= np.exp(-0.5 * ((side - 0.57) / 0.2) ** 4)
        colour = np.array([rng.uniform(0.02, 0.5), rng.uniform(0.02, 0.3), rng.uniform(0.02, 0.35)])
        albedo += (rng.uniform(0.15, 0.7) * np.clip(lid, 0, 1))[:, :, None] * (colour - albedo)
    if rng.random() < 0.6:
        rouge = paint.spot(rng.uniform(0.65, 0.9), rng.uniform(-0.6, -0.4), 0.2, 0.14)
        albedo *= 1 - (rng.uniform(0.05, 0.35) * rouge)[:, :, None] * np.float32([0.15, 1, 0.8])


def _grain(rng: np.random.Generator, age: float) -> np.ndarray:
    """(SIZE, SIZE, 2) slopes of pores and larger unevenness."""
    bump = np.zeros((SIZE, SIZE, 2), np.float32)
    zone = 0.5 + paint.spot(0, -0.5, 0.2, 0.3) + 0.7 * paint.spot(0.4, -0.5, 0.25) + 0.4 * paint.spot(0, 0.6, 0.5, 0.25)
    for cells, rough in ((SIZE, rng.uniform(0.01, 0.05)), (60, rng.uniform(0.01, 0.03) + 0.03 * age)):
        height = cv2.GaussianBlur(paint.noise(rng, cells), (0, 0), 0.9)
        slope = np.stack([np.gradient(height, axis=1), np.gradient(height, axis=0)], axis=2)
        bump += (rough / slope.std() * zone)[:, :, None] * slope
    return bump


def _hair_colour(rng: np.random.Generator, melanin: float, age: float) -> tuple[np.ndarray, np.ndarray]:
    """The hair's colour (3,), and its colour before it went grey or was dyed."""
    weights = np.array([4, 5, 4, 3, 2, 1.5, 0.7]) * np.exp(-3.0 * melanin * np.array([0, 0, 0.6, 1, 1.6, 2, 1.6]))
    hair = _HAIRS[rng.choice(len(_HAIRS), p=weights / weights.sum())] * np.exp(rng.normal(0, 0.25, 3) * [1, 0.4, 0.4])
    natural = np.clip(hair, 0.004, 0.8)
    if rng.random() < 1.2 * age**2.5:
        hair = hair + rng.uniform(0.15, 1.0) * (np.array([0.55, 0.54, 0.52]) - hair)
    if rng.random() < 0.02:
        hair = rng.uniform(0.02, 0.5, 3)
    return np.clip(hair, 0.004, 0.8), natural


def _eyes(rng: np.random.Generator, melanin: float) -> np.ndarray:
    weights = np.exp(-4.0 * melanin * np.array([0, 0.1, 0.4, 0.7, 1, 1.2, 1.2]))
    iris = _IRISES[rng.choice(len(_IRISES), p=weights / weights.sum())] * np.exp(rng.normal(0, 0.15, 3))
    white = np.array([0.60, 0.56, 0.53]) * rng.uniform(0.75, 1.08) * np.exp(rng.normal(0, 0.03, 3))
    return np.stack([np.full(3, 0.012), iris, iris * rng.uniform(0.2, 0.5), white]).astype(np.float32)
