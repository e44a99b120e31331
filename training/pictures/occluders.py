"""What covers part of a face in single pictures: a hand, a microphone, a mug, a phone, a surgical mask."""

from dataclasses import replace

import numpy as np

from .primitives import Mesh, ball, grid, joined, mesh, tubes, turned, turning
from .skull import Skull

KINDS = ("hand", "microphone", "mug", "phone", "mask under the chin", "mask")
_CHANCES = (0.52, 0.18, 0.08, 0.1, 0.07, 0.05)
_NEAR = 1.6  # from the vertical axis through the eyes' middle


def random_occluder(rng: np.random.Generator, skull: Skull, jaw: np.ndarray, skin: np.ndarray) -> Mesh:
    """One of KINDS in front of a head at rest, in the head's frame; jaw (3,): motion of the chin from rest."""
    kind = rng.choice(KINDS, p=_CHANCES)
    if kind == "hand":
        made = _held(rng, skull, jaw, skin)
    elif kind == "microphone":
        made = _microphone(rng, skull)
    elif kind == "mug":
        made = _mug(rng, skull)
    elif kind == "phone":
        made = _phone(rng, skull, skin)
    else:
        return _mask(rng, skull, jaw, kind == "mask")
    # Keep arms and sticks near the head: a camera with a wide lens is only 2.4 away.
    apart = np.hypot(made.vertices[:, 0], made.vertices[:, 2])
    nearer = np.where(apart > _NEAR, _NEAR + 0.3 * (apart - _NEAR), apart) / np.maximum(apart, 1e-6)
    return replace(made, vertices=made.vertices * np.stack([nearer, np.ones_like(nearer), nearer], axis=1))


def _hand(rng: np.random.Generator, colour: np.ndarray, curl: np.ndarray, spread: float, bend: float = 0.0) -> Mesh:
    """A hand seen from its back: knuckles at the origin, fingers up, thumb to the subject's left, back towards +z.

    curl (5,): bend of thumb, index .. little finger in each joint, rad; bend: of the wrist.
    """
    side = np.array([0.45, 0.15, -0.15, -0.43])
    length = np.array([1.05, 1.2, 1.12, 0.85])
    steps = 8
    along = np.linspace(0, 1, steps)
    knuckle = np.interp(along, [0, 0.1, 0.42, 0.55, 0.72, 0.82, 1], [0, 1, 1, 2, 2, 2.8, 2.8])
    angle = curl[1:, None] * knuckle
    step = np.stack([np.repeat(spread * side[:, None], steps, 1), np.cos(angle), -np.sin(angle)], axis=-1)
    step *= (length / (steps - 1))[:, None, None]
    start = np.stack([side, np.array([-0.02, 0.05, 0.02, -0.08]), np.zeros(4)], axis=1)
    fingers = start[:, None] + np.cumsum(step, axis=1) - step[:, :1]
    angle = 0.5 + curl[0] * knuckle
    step = (
        np.stack([0.75 * np.cos(0.6 * curl[0] * knuckle), 0.75 + 0 * angle, -np.sin(angle) * 0.6], axis=-1)
        * 0.85
        / (steps - 1)
    )
    thumb = np.array([0.45, -0.95, -0.1]) + np.cumsum(step, axis=0)
    radius = np.array([0.15, 0.16, 0.15, 0.145, 0.15, 0.135, 0.125, 0.075])
    paths = np.concatenate([thumb[None], fingers])
    tint = colour * np.array([1, 0.97, 1, 0.98, 1.02])[:, None]
    five = tubes(paths, radius * np.array([1.15, 1, 1.03, 1, 0.87])[:, None], 8, tint)
    palm = ball([0.6, 0.78, 0.19], 14, 8, colour).moved(np.eye(3), [0, -0.68, -0.04])
    wrist = np.array(
        [
            [0, -1.1, 0],
            [0, -1.5, 0],
            [0, -2.2 * np.cos(bend) - 0.2, -2.2 * np.sin(bend)],
            [0, -4.5 * np.cos(bend), -4.5 * np.sin(bend)],
        ]
    )
    arm = tubes(wrist[None], np.array([0.42, 0.4, 0.44, 0.55]), 10, colour, 0.75)
    whole = joined([five, palm, arm])
    colours = whole.colours * np.exp(rng.normal(0, 0.03, (len(whole.colours), 1)))
    sleeve = whole.vertices[:, 1] < -1.9
    if rng.random() < 0.7:
        colours[sleeve] = rng.uniform(0.02, 0.7, 3)
    return mesh(whole.vertices, whole.triangles, colours)


def _mirrored(one: Mesh) -> Mesh:
    return Mesh((one.vertices * [-1, 1, 1]).astype(np.float32), one.triangles[:, ::-1].copy(), one.colours, one.alpha)


def _held(rng: np.random.Generator, skull: Skull, jaw: np.ndarray, skin: np.ndarray) -> Mesh:
    size = rng.uniform(0.72, 0.95)
    place = rng.choice(["chin", "cheek", "mouth", "fist"], p=[0.3, 0.35, 0.15, 0.2])
    wobble = rng.normal(0, 0.12, 3)
    if place == "cheek":  # fingers up along the cheek, the palm at the jaw
        hand = _hand(rng, skin, rng.uniform(0.0, 0.25, 5), 0.15, rng.uniform(0.0, 0.5))
        azimuth = rng.uniform(0.8, 1.15)
        at = skull.around(np.float64(azimuth), np.float64(-1.05 + 0.15 * wobble[0]), 0.06 * size) + 0.5 * jaw
        turn = turning(y=azimuth) @ turning(x=-0.28) @ turning(z=-0.1 + wobble[1])
    elif place == "mouth":  # fingers across the lips
        hand = _hand(rng, skin, rng.uniform(0.05, 0.3, 5), 0.05, 0.3)
        at = skull.front(0.45, skull.mouth - 0.1) + [0.15, 0.05 * wobble[0], 0.22 * size] + 0.5 * jaw
        turn = turning(y=0.45) @ turning(z=1.2 + wobble[1])
    elif place == "chin":  # bent fingers under the chin, the thumb at the jaw
        hand = _hand(rng, skin, np.array([0.1, *rng.uniform(0.35, 0.75, 4)]), 0.05, -0.2)
        at = np.array([0.25 * wobble[0], skull.chin - 0.45, skull.mouth_z + 0.2]) + jaw
        turn = turning(z=0.3 + wobble[1]) @ turning(y=0.2 + wobble[2])
    else:
        hand = _hand(rng, skin, np.array([0.3, *rng.uniform(0.85, 1.0, 4)]), 0.0, 0.0)
        at = np.array([0.6 + 0.3 * wobble[0], skull.chin - 0.35, skull.mouth_z - 0.35]) + jaw
        turn = turning(z=wobble[1]) @ turning(y=0.8)
    placed = hand.moved(size * turn, at)
    return _mirrored(placed) if rng.random() < 0.5 else placed


def _microphone(rng: np.random.Generator, skull: Skull) -> Mesh:
    dark = rng.uniform(0.01, 0.15) * np.ones(3)
    size = rng.uniform(0.2, 0.38)
    head = ball([size, size, size * rng.uniform(1, 1.3)], 16, 10, dark * rng.uniform(0.5, 3))
    head = mesh(head.vertices, head.triangles, head.colours * np.exp(rng.normal(0, 0.25, (len(head.colours), 1))))
    stick = tubes(
        np.array([[[0, 0, 0.5 * size], [0, 0, 1.5], [0, 0, 4.0]]]), np.array([0.7, 0.5, 0.45]) * size, 10, dark
    )
    down, aside = rng.uniform(0.7, 1.35), rng.normal(0, 0.5)
    turn = turning(y=aside) @ turning(x=down)
    at = np.array([0.5 * aside, skull.mouth - rng.uniform(0.1, 0.8), skull.mouth_z + rng.uniform(0.45, 0.9)])
    return joined([head, stick]).moved(turn, at)


def _mug(rng: np.random.Generator, skull: Skull) -> Mesh:
    colour, size = rng.uniform(0.05, 0.85, 3), rng.uniform(0.55, 0.75)
    profile = size * np.array(
        [[0, -0.7], [0.85, -0.7], [0.9, 0.8], [1, 0.85], [1, 0.6], [1, -0.9], [0.9, -1.0], [0, -1.0]]
    )
    body = turned(profile, 20, np.where(np.arange(8)[:, None] < 2, 0.1 * np.ones(3), colour))
    angle = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 9)
    handle = np.stack([size * (0.95 + 0.5 * np.cos(angle)), size * 0.55 * np.sin(angle), 0 * angle], axis=1)
    whole = joined([body, tubes(handle[None], 0.12 * size, 6, colour)])
    turn = turning(x=-rng.uniform(0.1, 0.7)) @ turning(y=rng.uniform(-1, 1) + rng.choice([0, np.pi]))
    at = np.array([rng.normal(0, 0.1), skull.mouth - rng.uniform(0.75, 1.3), skull.mouth_z + rng.uniform(0.5, 0.8)])
    return whole.moved(turn, at)


def _phone(rng: np.random.Generator, skull: Skull, skin: np.ndarray) -> Mesh:
    """A phone at the ear, or held up before the lower face, with four fingers round it."""
    path = np.array([[[0, 1.15, 0], [0, -1.15, 0]]])
    body = tubes(path, 0.72, 4, rng.uniform(0.005, 0.08) * np.ones(3)).moved(turning(y=np.pi / 4), np.zeros(3))
    body = body.moved(np.diag([1, 1, 0.12]), np.zeros(3))
    y = np.linspace(0.35, -0.6, 4)
    bend = np.linspace(-1.3, 0.9, 8)
    fingers = np.stack(
        [
            np.broadcast_to(0.62 * np.cos(bend), (4, 8)),
            np.repeat(y[:, None], 8, 1),
            np.broadcast_to(0.3 * np.sin(bend) - 0.05, (4, 8)),
        ],
        axis=-1,
    )
    grip = tubes(fingers, 0.12, 7, skin)
    arm = tubes(
        np.array([[[0.3, -0.2, -0.3], [0.2, -1.4, -0.5], [0.6, -4.0, -0.6]]]),
        np.array([0.5, 0.36, 0.45]),
        10,
        skin,
        0.6,
    )
    whole = joined([body, grip, arm])
    if rng.random() < 0.6:
        turn = turning(y=np.pi / 2 + rng.normal(0, 0.15)) @ turning(z=rng.uniform(-0.5, 0.1))
        at = np.array([skull.ear_x[0] + 0.2, skull.ear[1] - 0.6, skull.ear[2] + 0.25])
    else:
        turn = turning(y=np.pi + rng.normal(0, 0.2)) @ turning(z=rng.normal(0, 0.2))
        at = np.array([rng.normal(0, 0.4), skull.mouth - rng.uniform(0.9, 1.6), skull.mouth_z + rng.uniform(0.5, 0.8)])
    placed = whole.moved(turn, at)
    return _mirrored(placed) if rng.random() < 0.5 else placed


def _mask(rng: np.random.Generator, skull: Skull, jaw: np.ndarray, worn: bool) -> Mesh:
    """A surgical mask over mouth and nose, or pulled down under the chin; with loops to the ears."""
    rows, columns = 9, 17
    azimuth = np.linspace(-0.85, 0.85, columns)
    side = np.abs(azimuth) / 0.85
    top = skull.nose + 0.3 - 0.1 * side if worn else skull.chin + 0.25 + 0.35 * side**2
    low = skull.chin - 0.05 + 0.45 * side**2 if worn else skull.chin - 0.35 + 0.3 * side**2
    share = np.linspace(0, 1, rows)[:, None]
    y = top + share * (low - top)
    # The cloth stands off what lies next to it, too: the nose is narrower than a cell of the map.
    near = [skull.width(azimuth + da, y + dy) for da in (-0.1, 0.0, 0.1) for dy in (-0.1, 0.0, 0.1)]
    points = skull.around(azimuth, y, np.max(near, axis=0) - skull.width(azimuth, y) + 0.07)
    if worn:  # the cloth spans from the nose to the chin
        bridge = points[0, :, 2] + share * (points[-2, :, 2] - points[0, :, 2]) + 0.1 * np.sin(np.pi * share)
        points[..., 2] = np.maximum(points[..., 2], np.where(share < 0.95, bridge, -9))
    points += np.clip((skull.nose - points[..., 1]) / (skull.nose - skull.chin), 0, 1)[..., None] * jaw
    colour = np.array([[0.35, 0.6, 0.75], [0.8, 0.8, 0.8], [0.02, 0.02, 0.02], rng.uniform(0.05, 0.8, 3)])[
        rng.integers(4)
    ]
    folds = 1 - 0.25 * (np.arange(rows) % 3 == 2)[:, None] * np.ones(columns)
    parts = [mesh(points, grid(rows, columns), colour * folds[..., None])]
    for sign, column in ((1, -1), (-1, 0)):
        ear = np.array([sign * (np.where(sign > 0, *skull.ear_x) - 0.08), skull.ear[1] - 0.3, skull.ear[2] - 0.1])
        for row in (0, -1):
            loop = np.array([points[row, column], 0.5 * (points[row, column] + ear) + [sign * 0.1, 0, 0], ear])
            parts.append(tubes(loop[None], 0.018, 4, [0.85, 0.85, 0.85]))
    return joined(parts)
