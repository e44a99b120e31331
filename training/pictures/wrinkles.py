"""Wrinkles that deepen with the expression: height maps in the skin atlas, each driven by ARKit weights.

Every person has the same set of folds, with individual position, depth and number of lines; with age some show at rest.
All are made for the left side of the face and mirrored. Points are (across, up) in inter-ocular units (IOU) as in
`atlas`; heights are in IOU.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from fields_blender.core.names import ARKIT

from ..people.atlas import PIXELS, SIZE, TOP, WIDTH, place

_MOST = 1.25  # limit of a fold's total drive
_BUMP = 2.2  # standard deviations to which a bump is drawn
_CUT = float(np.exp(-0.5 * _BUMP**2))
_EDGE = 4  # px over which a map fades out, so that its edge does not show


@dataclass(frozen=True)
class Fold:
    """A fold on one side of the face, or in its middle, at its full depth.

    rows, columns: its part of the atlas. slope (h, w, 2): slope of its height, to the left and down, IOU per IOU.
    dark (h, w, 1): darkening of its bottom, 0..1. drive, ease (52,): ARKit weights that deepen and smooth it.
    rest: depth without expression; gain, power: depth = gain * drive ** power.
    """

    name: str
    rows: slice
    columns: slice
    slope: np.ndarray
    dark: np.ndarray
    drive: np.ndarray
    ease: np.ndarray
    rest: float
    gain: float
    power: float


@dataclass(frozen=True)
class _Sketch:
    """A fold before it is drawn: lines [(k, 2) points], bumps [(across, up, its two radii, height)].

    width, depth of the lines; rim: height of the swelling beside them relative to the depth; dark: darkening of their
    bottom. drive, ease: "name" or "name*" (of the fold's own side) -> weight. age: depth at rest in old skin.
    """

    name: str
    drive: dict[str, float]
    lines: list[np.ndarray] = field(default_factory=list)
    bumps: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    width: float = 0.016
    depth: float = 0.018
    rim: float = 0.5
    dark: float = 0.3
    ease: dict[str, float] = field(default_factory=dict)
    age: float = 0.6
    middle: bool = False
    grain: float = 0.0  # height of an orange peel inside the bumps


def random_folds(rng: np.random.Generator, age: float, strength: float, asymmetry: float = 1.0) -> list[Fold]:
    """A person's folds. age: 0..1, scales their depth at rest; strength: .2 to 1.6, scales what the expression adds."""
    folds = []
    soft = rng.uniform(0.8, 1.8) - 0.3 * age  # soft folds in young skin, sharp creases in old skin
    for sketch in _sketches(rng):
        rows, columns, height, dark = _drawn(rng, sketch, soft * rng.uniform(0.85, 1.2))
        slope = np.stack([np.gradient(height, axis=1), np.gradient(height, axis=0)], axis=2) * PIXELS
        rest = age * sketch.age * rng.uniform(0.5, 1.3)
        gain = min(strength * np.exp(rng.normal(0, 0.25)), 1.7)
        power = rng.uniform(0.8, 1.5)
        for side in ("",) if sketch.middle else ("Left", "Right"):
            uneven = np.exp(asymmetry * rng.normal(0, 0.12, 2))
            drive, ease = _weights(sketch.drive, side), _weights(sketch.ease, side)
            place_, maps = columns, (slope, dark)
            if side == "Right":
                place_ = slice(SIZE - columns.stop, SIZE - columns.start)
                maps = (slope[:, ::-1] * np.float32([-1, 1]), dark[:, ::-1])
            slope_, dark_ = (np.ascontiguousarray(m, np.float32) for m in maps)
            name = sketch.name + side
            folds.append(
                Fold(name, rows, place_, slope_, dark_, drive, ease, rest * uneven[0], gain * uneven[1], power)
            )
    return folds


class Depths:
    """The depth of each fold in an expression."""

    def __init__(self, folds: list[Fold]) -> None:
        self._drive = np.stack([fold.drive for fold in folds])
        self._ease = np.stack([fold.ease for fold in folds])
        self.rest = np.array([fold.rest for fold in folds], np.float32)
        self._gain = np.array([fold.gain for fold in folds], np.float32)
        self._power = np.array([fold.power for fold in folds], np.float32)

    def __call__(self, arkit: np.ndarray) -> np.ndarray:
        """(f,) of arkit weights (52,); `rest` where there is no expression."""
        pull = np.clip(self._drive @ arkit, 0, _MOST) ** self._power
        smooth = np.clip(1 - self._ease @ arkit, 0.1, 1)
        return (self.rest + self._gain * pull) * smooth


def _weights(named: dict[str, float], side: str) -> np.ndarray:
    weights = np.zeros(len(ARKIT), np.float32)
    for name, weight in named.items():
        if name.endswith("*") and not side:
            for each in ("Left", "Right"):
                weights[ARKIT.index(name[:-1] + each)] += weight / 2
        else:
            weights[ARKIT.index(name.replace("*", side))] += weight
    return weights


def _drawn(rng: np.random.Generator, sketch: _Sketch, soft: float) -> tuple[slice, slice, np.ndarray, np.ndarray]:
    """Rows and columns of the atlas, height (h, w) and darkening (h, w, 1) of a sketch.

    soft: factor on the width of its lines.
    """
    corners = [*sketch.lines]
    corners += [
        np.array([[x - _BUMP * a, y - _BUMP * b], [x + _BUMP * a, y + _BUMP * b]]) for x, y, a, b, _ in sketch.bumps
    ]
    every = np.concatenate(corners)
    sigma = min(sketch.width * soft, 0.034)
    low = _pixel(np.array([every[:, 0].min() - 4 * sigma, every[:, 1].max() + 4 * sigma]))
    high = _pixel(np.array([every[:, 0].max() + 4 * sigma, every[:, 1].min() - 4 * sigma]))
    x0, y0 = np.clip(np.floor(low).astype(int) - _EDGE, 0, SIZE)
    x1, y1 = np.clip(np.ceil(high).astype(int) + _EDGE, 0, SIZE)
    if sketch.middle:
        x0, x1 = min(x0, SIZE - x1), max(x1, SIZE - x0)
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for line in sketch.lines:
        points = np.round((_pixel(line) - (x0, y0) - 0.5) * 16).astype(np.int32)
        count = len(points)
        shades = np.interp(
            np.arange(count), np.linspace(0, count, 6), rng.uniform(0.45, 1.0, 6)
        )  # uneven along the line
        start = 0.5 * count if sketch.middle and abs(line[0, 0]) < 0.05 else 0.0  # no gap on the middle line
        shades *= np.sin(np.pi * (start + np.arange(count) * (1 - start / count) + 0.5) / (count + 0.5)) ** 0.7
        for a, b, shade in zip(points[:-1], points[1:], shades, strict=False):
            cv2.line(mask, a.tolist(), b.tolist(), int(255 * shade), 1, cv2.LINE_AA, 4)
    if sketch.middle:
        mask = np.maximum(mask, mask[:, ::-1])
    stroke = mask.astype(np.float32) / 255
    core, trough, swell = (
        np.minimum(cv2.GaussianBlur(stroke, (0, 0), s * sigma * PIXELS) * s * sigma * PIXELS * 2.5, 1.2)
        for s in (0.7, 1.5, 3.0)
    )
    height = -sketch.depth * (0.4 * core + 0.8 * trough - sketch.rim * swell)
    dark = sketch.dark * (0.35 * core + 0.35 * trough)
    across, up = (grid[y0:y1, x0:x1] for grid in place())
    for x, y, a, b, tall in sketch.bumps:
        where = np.abs(across) if sketch.middle else across
        blob = np.maximum(np.exp(-0.5 * (((where - x) / a) ** 2 + ((up - y) / b) ** 2)) - _CUT, 0)
        height += tall * blob
        if sketch.grain:
            peel = cv2.GaussianBlur(rng.standard_normal(blob.shape).astype(np.float32), (0, 0), 1.8) * 5
            peel = peel + peel[:, ::-1] if sketch.middle else peel
            height += sketch.grain * peel * blob
            dark += sketch.dark * np.clip(-peel, 0, 1) * blob
    window = _window(y1 - y0)[:, None] * _window(x1 - x0)
    return slice(y0, y1), slice(x0, x1), height * window, (dark * window)[:, :, None]


def _pixel(points: np.ndarray) -> np.ndarray:
    return np.stack([points[..., 0] + WIDTH / 2, TOP - points[..., 1]], axis=-1) * PIXELS


def _window(count: int) -> np.ndarray:
    ramp = np.arange(count, dtype=np.float32)
    return np.clip(np.minimum(ramp, ramp[::-1]) / _EDGE, 0, 1)


def _sketches(rng: np.random.Generator) -> Iterator[_Sketch]:
    yield from _brow_folds(rng)
    yield from _eye_folds(rng)
    yield from _nose_and_cheek_folds(rng)
    yield from _mouth_folds(rng)


def _curve(rng: np.random.Generator, *points: tuple[float, float], stray: float = 0.012) -> np.ndarray:
    """(k, 2) a smooth curve near the points, individual for each person."""
    fixed = np.array(points) + rng.normal(0, stray, (len(points), 2))
    fixed += rng.normal(0, stray, 2)
    steps = np.linspace(0, len(points) - 1, 5 * (len(points) - 1) + 1)
    degree = min(3, len(points) - 1)
    knots = np.arange(len(points))
    fit = [np.polynomial.Polynomial.fit(knots, fixed[:, i], degree)(steps) for i in (0, 1)]
    return np.stack(fit, axis=1)


def _brow_folds(rng: np.random.Generator) -> Iterator[_Sketch]:
    frown = {"browDown*": 1.0, "noseSneer*": 0.3, "browInnerUp": 0.15}
    lines = [_curve(rng, (0.075, 0.06), (0.085, 0.2), (0.10, 0.33), (0.11, 0.43))]
    if rng.random() < 0.5:
        lines.append(_curve(rng, (0.15, 0.2), (0.165, 0.3), (0.18, 0.42)))
    yield _Sketch("glabella", frown, lines, depth=0.026, width=rng.uniform(0.014, 0.022), dark=0.4)
    yield _Sketch("inner brow", {"browDown*": 1.0}, bumps=[(0.24, 0.27, 0.10, 0.06, 0.02)], age=0.15)
    across = [_curve(rng, (0.0, y), (0.05, y), (0.12, y + 0.02), stray=0.005) for y in (0.03, -0.04)]
    yield _Sketch(
        "procerus",
        {"browDown*": 0.6, "noseSneer*": 0.7},
        across[: rng.integers(1, 3)],
        depth=0.02,
        middle=True,
        age=0.4,
    )
    count = rng.integers(2, 7)
    heights = np.linspace(rng.uniform(0.5, 0.6), rng.uniform(0.85, 1.05), count)
    reach, arch = rng.uniform(0.35, 0.65), rng.uniform(-0.02, 0.07)
    centre = [_curve(rng, (0.0, y), (reach / 2, y - arch / 3), (reach, y - arch), stray=0.008) for y in heights]
    raised = {"browInnerUp": 1.0, "browOuterUp*": 0.3}
    yield _Sketch(
        "forehead middle", raised, centre, depth=0.017, width=rng.uniform(0.014, 0.022), middle=True, dark=0.33
    )
    side = [
        _curve(rng, (0.28, y - 0.02), (0.5, y + 0.03), (0.73, y + 0.02), (0.98, y - 0.08), stray=0.01)
        for y in heights[: max(2, count - 1)]
    ]
    yield _Sketch("forehead side", {"browOuterUp*": 1.0, "browInnerUp": 0.15}, side, depth=0.016, dark=0.3)


def _eye_folds(rng: np.random.Generator) -> Iterator[_Sketch]:
    rays = []
    for angle in np.linspace(rng.uniform(25, 45), rng.uniform(-50, -30), rng.integers(3, 6)):
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        start = np.array([0.79, -0.03]) + way * rng.uniform(0.06, 0.1)
        length = rng.uniform(0.12, 0.26)
        bend = np.array([0.0, rng.uniform(-0.03, 0.0)])
        rays.append(_curve(rng, start, start + way * length / 2 + bend, start + way * length + 2 * bend, stray=0.006))
    yield _Sketch("crow's feet", {"cheekSquint*": 0.65, "mouthSmile*": 0.5, "eyeSquint*": 0.6}, rays, width=0.013)
    pouch = _curve(rng, (0.38, -0.16), (0.5, -0.195), (0.63, -0.185), (0.75, -0.12), stray=0.008)
    yield _Sketch(
        "lower lid", {"eyeSquint*": 1.0, "cheekSquint*": 0.6, "mouthSmile*": 0.25}, [pouch],
        [(0.56, -0.135, 0.13, 0.028, 0.014)], depth=0.018, age=0.35, ease={"eyeWide*": 0.4},
    )  # fmt: skip
    bag = _curve(rng, (0.3, -0.12), (0.4, -0.25), (0.55, -0.31), (0.72, -0.27))
    yield _Sketch("eye bag", {"cheekSquint*": 0.7, "mouthSmile*": 0.35}, [bag], width=0.024, depth=0.022, dark=0.2)
    crease = _curve(rng, (0.345, 0.0), (0.45, 0.095), (0.62, 0.1), (0.78, 0.015), stray=0.006)
    deep = rng.uniform(0.0, 2.5) ** 0.7
    yield _Sketch(
        "upper lid", {"browDown*": 0.3, "eyeWide*": 0.3}, [crease], width=0.013, depth=0.014 * deep,
        dark=0.14 * deep, ease={"eyeBlink*": 0.6}, age=1.2,
    )  # fmt: skip


def _nose_and_cheek_folds(rng: np.random.Generator) -> Iterator[_Sketch]:
    bunny = [
        _curve(rng, (0.05, y), (0.11, y - 0.035), (0.2, y - 0.05), stray=0.007)
        for y in np.linspace(-0.12, -0.3, rng.integers(2, 5))
    ]
    yield _Sketch("nose bridge", {"noseSneer*": 1.0, "mouthUpperUp*": 0.15}, bunny, depth=0.022, age=0.15, dark=0.35)
    wing = _curve(rng, (0.19, -0.47), (0.27, -0.5), (0.325, -0.58), (0.32, -0.68), stray=0.005)
    yield _Sketch(
        "nose wing", {"noseSneer*": 1.0, "mouthUpperUp*": 0.4, "mouthSmile*": 0.25}, [wing],
        width=0.018, depth=0.022, dark=0.35, age=0.4,
    )  # fmt: skip
    fold = _curve(rng, (0.31, -0.57), (0.385, -0.69), (0.47, -0.83), (0.54, -0.98), (0.56, -1.1), stray=0.016)
    wide = rng.uniform(0.014, 0.022)
    yield _Sketch(
        "nasolabial",
        {
            "mouthSmile*": 0.8, "mouthUpperUp*": 0.7, "noseSneer*": 0.8, "mouthDimple*": 0.35, "cheekSquint*": 0.35,
            "mouthStretch*": 0.2, "mouthFrown*": 0.2, "mouth*": 0.3,
        },
        [fold], [(0.63, -0.74, 0.14, 0.13, 0.018)], width=wide, depth=1.6 * wide, dark=0.33, age=0.8,
        ease={"jawOpen": 0.35, "cheekPuff": 0.9, "mouthPucker": 0.5, "mouthFunnel": 0.4},
    )  # fmt: skip
    yield _Sketch("puffed cheek", {"cheekPuff": 1.0}, bumps=[(0.75, -0.95, 0.22, 0.2, 0.07)], age=0.0)
    lines = [
        _curve(rng, (x - 0.06, -0.95), (x, -1.2), (x - 0.03, -1.45), stray=0.015)
        for x in np.linspace(0.64, 0.86, rng.integers(2, 4))
    ]
    yield _Sketch("stretched cheek", {"mouthStretch*": 1.0}, lines, width=0.02, depth=0.012, age=0.1, dark=0.15)
    bands = [_curve(rng, (x, -1.86), (x * 0.95, -2.0), (x * 0.9, -2.15)) for x in (0.2, 0.45)]
    yield _Sketch(
        "neck", {"mouthStretch*": 1.0, "mouthLowerDown*": 0.2}, bands, width=0.035, depth=-0.016, age=0.2, dark=0.0
    )


def _mouth_folds(rng: np.random.Generator) -> Iterator[_Sketch]:
    pit = _curve(rng, (0.52, -1.02), (0.555, -1.11), (0.54, -1.22))
    smiles = 0.5 * (rng.random() < 0.3)
    yield _Sketch(
        "dimple", {"mouthDimple*": 1.0, "mouthSmile*": smiles, "mouthPress*": 0.2}, [pit],
        [(0.5, -1.14, 0.04, 0.05, -0.012)], width=0.02, depth=0.024, age=0.15, ease={"cheekPuff": 1.0},
    )  # fmt: skip
    corner = _curve(rng, (0.385, -1.145), (0.43, -1.16), (0.46, -1.19), stray=0.006)
    yield _Sketch(
        "mouth corner", {"mouthFrown*": 0.7, "mouthSmile*": 0.4, "mouthStretch*": 0.7, "mouthPress*": 0.6}, [corner],
        width=0.016, depth=0.022, dark=0.4,
    )  # fmt: skip
    fall = _curve(rng, (0.42, -1.19), (0.46, -1.29), (0.49, -1.4), (0.48, -1.53))
    yield _Sketch(
        "marionette", {"mouthFrown*": 1.0, "mouthStretch*": 0.3, "mouthShrugLower": 0.3, "jawOpen": 0.1}, [fall],
        [(0.57, -1.33, 0.08, 0.1, 0.014)], width=0.02, depth=0.024, ease={"cheekPuff": 0.9, "mouthSmile*": 0.3},
    )  # fmt: skip
    upper = _curve(rng, (0.0, -0.965), (0.1, -0.945), (0.2, -0.975), (0.3, -1.045), (0.39, -1.13), stray=0.004)
    yield _Sketch(
        "upper lip", {"mouthRollUpper": 1.0, "mouthPress*": 0.5, "mouthShrugUpper": 0.2}, [upper],
        [(0.16, -0.9, 0.1, 0.035, 0.02)], width=0.016, depth=0.012, age=0.2, dark=0.15, middle=True,
    )  # fmt: skip
    lower = _curve(rng, (0.0, -1.3), (0.12, -1.3), (0.25, -1.25), (0.37, -1.18), stray=0.004)
    yield _Sketch(
        "lower lip", {"mouthRollLower": 1.0, "mouthPress*": 0.5}, [lower], [(0.1, -1.36, 0.13, 0.035, 0.024)],
        width=0.016, depth=0.012, age=0.2, dark=0.2, middle=True,
    )  # fmt: skip
    spokes = []
    for x in np.cumsum(rng.uniform(0.03, 0.07, 7)):
        rim = np.interp(x, [0, 0.1, 0.2, 0.39], [-0.97, -0.95, -0.98, -1.13])
        spokes.append(_curve(rng, (x, rim - 0.05), (x * 1.1, rim + 0.03), (x * 1.25, rim + 0.12), stray=0.006))
        rim = np.interp(x, [0, 0.12, 0.25, 0.39], [-1.29, -1.29, -1.25, -1.16])
        if rng.random() < 0.7:
            spokes.append(_curve(rng, (x, rim + 0.07), (x * 1.1, rim), (x * 1.2, rim - 0.07), stray=0.006))
    yield _Sketch(
        "lip spokes", {"mouthPucker": 1.0, "mouthFunnel": 0.5, "mouthPress*": 0.2}, spokes, width=0.01, depth=0.008,
        dark=0.12, age=0.35, middle=True,
    )  # fmt: skip
    yield _Sketch(
        "chin",
        {"mouthShrugLower": 1.0, "mouthFrown*": 0.25, "mouthPress*": 0.25, "mouthRollLower": 0.2, "mouthPucker": 0.2},
        bumps=[(0.09, -1.58, 0.12, 0.085, 0.012)], grain=0.003, dark=0.14, age=0.1, middle=True,
    )  # fmt: skip
    under = _curve(rng, (0.0, -1.4), (0.1, -1.4), (0.2, -1.385), (0.31, -1.33))
    yield _Sketch(
        "under the lip", {"mouthShrugLower": 0.9, "mouthRollLower": 0.4, "mouthPress*": 0.2, "mouthLowerDown*": 0.4},
        [under], width=0.024, depth=0.022, ease={"jawOpen": 0.5, "cheekPuff": 0.5}, middle=True,
    )  # fmt: skip
