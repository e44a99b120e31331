"""Hair and hoods: a shell of columns that run from the parting over the scalp and then fall, with loose strands."""

from dataclasses import dataclass, replace

import numpy as np

from .primitives import Mesh, grid, joined, mesh
from .skull import Skull

# The hairline: azimuth (rad, symmetric) -> height; with sideburn, arch over the ear, nape.
_LINE_AZIMUTH = np.radians([0, 25, 45, 60, 72, 80, 90, 102, 115, 135, 160, 180])
_LINE = np.array([1.12, 1.14, 1.05, 0.85, 0.25, -0.25, 0.15, 0.2, -0.35, -1.05, -1.2, -1.2])
_STEPS = 52  # along a column over the scalp
_SCALP_ROWS, _FREE_ROWS = 9, 7


@dataclass(frozen=True)
class Cut:
    """How hair is cut and combed. Lengths in inter-ocular units, heights as in `heads`.

    `lift`: thickness on top; `edge`: thickness at the hairline in front (0: flat). `slit`: half the length of the
    parting, rad (0: all columns start in one whorl); `pole`: (pitch forward, tilt to the left) of its middle, rad.
    `hairline`: raises the front, `recess` the temples. `fringe`: height to which the front falls, None: combed back;
    `sweep`: how far it falls to the side. `fall`: height to which the sides fall, None: short; `face`: azimuth from
    which on they do. `wave`: size of waves. `bumps`: size of curls. `gap`: distance at which loose hair hangs from the
    head. `top`: angle from the crown at which the hair starts (a bald crown), rad. `ragged`: spread of the tips."""

    lift: float = 0.12
    edge: float = 0.02
    slit: float = 0.0
    pole: tuple[float, float] = (-0.3, 0.0)
    hairline: float = 0.0
    recess: float = 0.0
    fringe: float | None = None
    sweep: float = 0.0
    fall: float | None = None
    face: float = 1.1
    wave: float = 0.0
    bumps: float = 0.0
    gap: float = 0.08
    top: float = 0.0
    columns: int = 48
    strands: int = 120
    ragged: float = 0.05


def random_cut(rng: np.random.Generator, covered: bool) -> Cut:
    """One of the common haircuts. `covered`: flattened under a hat."""
    cut = _loose_cut(rng)
    if not covered:
        return cut
    return replace(cut, lift=min(cut.lift, 0.06), edge=0.0, bumps=0.01, wave=min(cut.wave, 0.02))


def _loose_cut(rng: np.random.Generator) -> Cut:
    kind = rng.choice(
        ["crop", "short", "fringe", "curly", "bob", "long", "curtain", "back", "receding", "crown"],
        p=[0.13, 0.2, 0.13, 0.1, 0.1, 0.12, 0.08, 0.07, 0.04, 0.03],
    )
    side = rng.choice([-1, 1]) * rng.uniform(0.1, 0.45)
    line, recess = rng.normal(0, 0.09), max(0.0, rng.normal(0, 0.12))
    common = {"hairline": line, "recess": recess, "wave": rng.choice([0, 0, 0.02, 0.05])}
    if kind == "crop":
        cut = Cut(lift=rng.uniform(0.04, 0.09), edge=0.0, strands=40, ragged=0.03, bumps=0.012, **common)
    elif kind == "short":
        lift, edge = rng.uniform(0.12, 0.3), rng.uniform(0.02, 0.22)
        cut = Cut(lift=lift, edge=edge, pole=(0.2, side), slit=rng.uniform(0, 0.3), ragged=0.12, **common)
    elif kind == "fringe":
        cut = Cut(
            lift=rng.uniform(0.1, 0.25), edge=0.06, fringe=rng.uniform(0.22, 0.9), sweep=rng.normal(0, 0.5),
            fall=rng.choice([None, -0.3, rng.uniform(-2.6, -0.8)]), face=rng.uniform(1.0, 1.25), ragged=0.1, **common,
        )  # fmt: skip
    elif kind == "curly":
        big = rng.uniform(0.15, 0.7)
        common["wave"] = 0.05
        cut = Cut(
            lift=big, edge=0.5 * big, bumps=rng.uniform(0.04, 0.1), fall=rng.choice([None, -0.5, -1.3]), gap=0.6 * big,
            strands=90, ragged=0.15, columns=54, **common,
        )  # fmt: skip
    elif kind == "bob":
        fall, face = rng.uniform(-2.0, -1.0), rng.uniform(0.85, 1.25)
        fringe = rng.uniform(0.3, 0.8) if rng.random() < 0.45 else None
        cut = Cut(
            lift=rng.uniform(0.1, 0.22), slit=0.5, pole=(0.35, side * rng.integers(0, 2)), fringe=fringe, fall=fall,
            face=face, gap=rng.uniform(0.06, 0.2), **common,
        )  # fmt: skip
    elif kind == "long":
        fall, face = rng.uniform(-3.6, -2.2), rng.uniform(0.85, 1.3)
        cut = Cut(
            lift=rng.uniform(0.08, 0.2), slit=0.55, pole=(0.4, side * rng.integers(0, 2)), fall=fall, face=face,
            gap=rng.uniform(0.05, 0.18), **common,
        )  # fmt: skip
    elif kind == "curtain":
        cut = Cut(
            lift=rng.uniform(0.1, 0.22), edge=0.1, slit=0.5, pole=(0.6, side * 0.5), fringe=rng.uniform(-0.1, 0.4),
            sweep=1.5, fall=rng.choice([None, rng.uniform(-3, -0.6)]), face=1.0, **common,
        )  # fmt: skip
    elif kind == "back":
        cut = Cut(lift=rng.uniform(0.04, 0.14), edge=0.02, pole=(-0.8, 0), **common)
    elif kind == "receding":
        cut = Cut(lift=rng.uniform(0.04, 0.1), edge=0.0, strands=50, hairline=rng.uniform(0.2, 0.5), recess=0.3)
    else:
        cut = Cut(
            lift=rng.uniform(0.06, 0.2), edge=0.0, strands=60, top=rng.uniform(0.5, 0.8), hairline=0.5, recess=0.3
        )
    return cut


def grow(rng: np.random.Generator, skull: Skull, cut: Cut, colour: np.ndarray) -> Mesh:
    """The hair of a resting head; colour (3,) linear RGB."""
    scalp, free = _columns(rng, skull, cut)
    rows = np.concatenate([scalp, free], axis=0)
    count = rows.shape[1]
    tone = np.exp(_smooth_noise(rng, count, 0.16) + rng.normal(0, 0.1, count))
    down = np.linspace(0, 1, len(rows))[:, None]
    shade = tone * (0.75 + 0.35 * down) * np.exp(rng.normal(0, 0.08 + cut.bumps, rows.shape[:2]))
    parts = [mesh(rows, grid(len(rows), count, True), colour * shade[..., None])]
    if len(free):
        # The inside, visible between neck and hair.
        axis = np.array([0.0, 0.0, skull.centre[2]])
        inwards = (axis - rows[-len(free) - 1 :]) * [1, 0, 1]
        inwards /= np.linalg.norm(inwards, axis=-1, keepdims=True)
        thick = np.minimum(0.1, 0.6 * cut.gap + 0.02) * np.append(np.ones(len(free)), 0)[:, None, None]
        inner = (rows[-len(free) - 1 :] + thick * inwards)[:, ::-1]
        parts.append(mesh(inner, grid(len(inner), count, True), colour * 0.4 * tone[::-1, None]))
    if cut.strands:
        parts.append(_strands(rng, rows, cut, colour))
    return joined(parts)


def bun(rng: np.random.Generator, skull: Skull, colour: np.ndarray) -> Mesh:
    """A knot of hair on the crown or at the back."""
    from .primitives import ball

    polar = rng.uniform(0.1, 1.3)
    direction = np.array([0.0, np.cos(polar), -np.sin(polar)])
    size = rng.uniform(0.3, 0.55)
    knot = ball(size * np.array([1, rng.uniform(0.7, 1), 1]), 14, 9, colour)
    tint = knot.colours * np.exp(rng.normal(0, 0.2, (len(knot.colours), 1)))
    at = skull.centre + direction * (skull.reach(direction) + 0.6 * size)
    return mesh(knot.vertices + at, knot.triangles, tint)


def _smooth_noise(rng: np.random.Generator, count: int, size: float) -> np.ndarray:
    """(count,) periodic smooth noise."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    waves = np.arange(2, 12)[:, None]
    return size / 2 * (rng.normal(0, 1, (10, 1)) * np.sin(waves * angle + rng.uniform(0, 6.3, (10, 1)))).sum(axis=0)


def _columns(rng: np.random.Generator, skull: Skull, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """(9, c, 3) over the scalp and (7 or 0, c, 3) beyond the hairline; columns go round to the subject's left."""
    start, heading = _parting(cut)
    along = np.linspace(0, 2.6, _STEPS)[:, None, None]
    direction = np.cos(along) * start + np.sin(along) * heading
    point = skull.centre + direction * skull.reach(direction)[..., None]
    azimuth = np.arctan2(direction[..., 0], direction[..., 2])
    count = len(start)
    size = (skull.centre[1] + skull.polar[0, 0] - skull.chin) / 3.9  # children's heads are smaller between their eyes
    line = size * _hairline(cut, azimuth) + rng.normal(0, 0.3 * cut.ragged, count)
    below = point[..., 1] < line
    below[0] = False
    below[-1] = True
    k = below.argmax(axis=0)
    columns = np.arange(count)
    excess = (point[..., 1] - line)[[k - 1, k], columns]
    part = np.clip(excess[0] / np.maximum(excess[0] - excess[1], 1e-6), 0, 1)
    end = (k - 1 + part) * along[1, 0, 0]

    share = np.linspace(0, 1, _SCALP_ROWS)[:, None]
    angle = cut.top + share * np.maximum(end - cut.top, 0.02)
    direction = np.cos(angle)[..., None] * start + np.sin(angle)[..., None] * heading
    frontness = np.clip(direction[-1, :, 2] + 0.2, 0, 1)
    edge = 0.35 * cut.lift + frontness * (cut.edge - 0.35 * cut.lift)
    lift = cut.lift + (edge - cut.lift) * share**3
    lift = lift * np.exp(_smooth_noise(rng, count, 0.1)) + rng.normal(0, 1, lift.shape) * cut.bumps
    if cut.top:
        lift *= np.clip(share * 4, 0, 1)
    reach = skull.reach(direction)
    azimuth = np.arctan2(direction[-1, :, 0], direction[-1, :, 2])
    target = _targets(rng, cut, azimuth, (skull.centre + direction[-1] * reach[-1][:, None])[:, 1])
    stays = np.isnan(target)
    lift[-1, stays] = -0.03
    if cut.top:
        lift[0] = -0.03
    scalp = skull.centre + direction * (reach + lift)[..., None]
    if stays.all():
        return scalp, np.empty((0, count, 3))
    return scalp, _fall(rng, skull, cut, scalp, azimuth, target)


def _parting(cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """(c, 3) directions from the skull's centre at which columns start, and unit directions (c, 3) of their course."""
    turn = np.linspace(0, 2 * np.pi, cut.columns, endpoint=False)
    folded = np.where(turn > np.pi, 2 * np.pi - turn, turn)  # 0 in front .. pi behind
    side = np.where(turn > np.pi, -1.0, 1.0)
    if cut.slit:
        # Around the front end of the parting, along it, around its back end.
        place = np.interp(folded, [0, 0.5, 2.0, np.pi], [1, 1, -1, -1]) * cut.slit
        heading = np.interp(folded, [0, 0.5, 2.0, np.pi], [0, 1.2, 1.9, np.pi])
    else:
        place, heading = np.zeros(cut.columns), folded
    pitch = cut.pole[0] + place
    tilt = cut.pole[1]
    start = np.stack(
        [np.full_like(pitch, np.sin(tilt)), np.cos(tilt) * np.cos(pitch), np.cos(tilt) * np.sin(pitch)], axis=1
    )
    forward = np.stack([np.zeros_like(pitch), -np.sin(pitch), np.cos(pitch)], axis=1)
    left = np.cross(start, forward)
    return start, np.cos(heading)[:, None] * forward + (side * np.sin(heading))[:, None] * left


def _hairline(cut: Cut, azimuth: np.ndarray) -> np.ndarray:
    line = _LINE.copy()
    line[:4] += cut.hairline
    line[1:4] += cut.recess * np.array([0.4, 1.0, 0.7])
    return np.interp(np.abs(azimuth), _LINE_AZIMUTH, line)


def _targets(rng: np.random.Generator, cut: Cut, azimuth: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """(c,) height to which each column falls from its edge (c,) at the hairline; NaN where it ends there."""
    around = np.abs(azimuth)
    target = np.full(len(azimuth), np.nan)
    if cut.fringe is not None:
        front = around < cut.face
        side = (around[front] / cut.face) ** 2
        # Shorter towards the temples where the sides are short, or it would stick out like a roof.
        ends = edge[front] if cut.fall is None else np.minimum(cut.fringe, edge[front]) - 0.25
        target[front] = np.minimum(cut.fringe, edge[front] - 0.1) * (1 - side**2) + ends * side**2
    if cut.fall is not None:
        sides = around >= cut.face
        target[sides] = cut.fall - 0.2 * np.clip((around[sides] - 1.2) / 2, 0, 1)
    return target + rng.normal(0, cut.ragged, len(azimuth))


def _fall(
    rng: np.random.Generator, skull: Skull, cut: Cut, scalp: np.ndarray, azimuth: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """(7, c, 3): from the scalp's last row downwards, outside the head; columns that do not fall repeat their end."""
    at = scalp[-1].copy()
    heading = scalp[-1] - scalp[-2]
    heading /= np.linalg.norm(heading, axis=1, keepdims=True) + 1e-9
    away = (at - skull.centre) * [1, 0, 1]
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    heading -= 0.8 * away * np.maximum((heading * away).sum(axis=1, keepdims=True), 0)  # bends down over the edge
    fringe = np.abs(azimuth) < cut.face
    count = len(at)
    length = np.where(np.isnan(target), 0.0, np.maximum(at[:, 1] - target, 0.05))
    parted = np.sign(azimuth - cut.pole[1]) if cut.sweep > 1 else 1.0
    aside = cut.sweep * np.clip(1 - (azimuth / cut.face) ** 2, 0, 1) * parted
    down = np.stack([aside, -np.ones(count), np.full(count, -0.05)], axis=1)
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    phase = rng.uniform(0, 6.3) + _smooth_noise(rng, count, 0.8)
    gap = cut.gap * np.exp(_smooth_noise(rng, count, 0.2))
    out = np.empty((_FREE_ROWS, count, 3))
    for k in range(_FREE_ROWS):
        heading = heading + (0.3 + 0.15 * k) * (down - heading)
        at = at + length[:, None] / _FREE_ROWS * heading / (np.linalg.norm(heading, axis=1, keepdims=True) + 1e-9)
        around = np.arctan2(at[:, 0], at[:, 2] - skull.centre[2])
        radius = np.hypot(at[:, 0], at[:, 2] - skull.centre[2])
        least = skull.width(around, at[:, 1]) + gap * np.minimum(1, 0.4 + k / 4)
        # A fringe lies on the forehead; longer hair hangs free.
        radius = np.where(fringe, least + 0.6 * np.maximum(radius - least, 0), np.maximum(radius, least))
        radius = np.where(length > 0, radius, np.hypot(at[:, 0], at[:, 2] - skull.centre[2]))
        at[:, 0], at[:, 2] = radius * np.sin(around), skull.centre[2] + radius * np.cos(around)
        wavy = (length > 0) * cut.wave * np.sin(phase + 2.2 * np.arange(count) / 6 + 9 * at[:, 1])
        out[k] = at + wavy[:, None] * np.stack([np.sin(around), np.zeros(count), np.cos(around)], axis=1)
    return out


def _strands(rng: np.random.Generator, rows: np.ndarray, cut: Cut, colour: np.ndarray) -> Mesh:
    """Thin strips a little off the shell, each with its own tone."""
    height, count = rows.shape[:2]
    place = rng.uniform(0, count, cut.strands)
    left = place.astype(int)
    part = (place - left)[:, None, None]
    lower, upper = rows[:, left % count], rows[:, (left + 1) % count]
    lines = lower.transpose(1, 0, 2) * (1 - part) + upper.transpose(1, 0, 2) * part  # (s, height, 3)
    first = rng.uniform(0, 0.5 * (height - 1), cut.strands)
    last = np.where(rng.random(cut.strands) < 0.6, height - 1, rng.uniform(first + 2, height - 1))
    steps = 6
    at = first[:, None] + (last - first)[:, None] * np.linspace(0, 1, steps)
    k = np.minimum(at.astype(int), height - 2)
    f = (at - k)[..., None]
    each = np.arange(cut.strands)[:, None]
    path = lines[each, k] * (1 - f) + lines[each, k + 1] * f
    across = (upper - lower).transpose(1, 0, 2)[each, k]
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-6
    along = np.gradient(path, axis=1)
    out = np.cross(along, across)
    out /= np.linalg.norm(out, axis=-1, keepdims=True) + 1e-6
    rise = np.linspace(0.3, 1, steps)[:, None] * rng.uniform(0.01, 0.05, (cut.strands, 1, 1))
    path = path + rise * out + across * (rng.normal(0, 0.03, (cut.strands, 1, 1)) * np.linspace(0, 1, steps)[:, None])
    path[:, -1] += along[:, -1] * rng.uniform(-0.3, 0.6, (cut.strands, 1))
    width = rng.uniform(0.01, 0.035, (cut.strands, 1, 1)) * np.array([0.6, 1, 1, 1, 0.8, 0.1])[:, None]
    edges = np.stack([path - width * across, path + width * across], axis=2)
    tone = np.exp(rng.normal(-0.08, 0.24, (cut.strands, 1, 1, 1))) * np.linspace(0.8, 1.1, steps)[:, None, None]
    return mesh(edges, grid(steps, 2, count=cut.strands), colour * np.broadcast_to(tone, (*edges.shape[:3], 1)))
