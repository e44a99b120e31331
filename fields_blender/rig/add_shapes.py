"""Our 52 shapes for a head that has none: our own head is bent onto it, and each shape's motion carried over.

After Sumner and Popović, *Deformation transfer for triangle meshes*, SIGGRAPH 2004, with the motion turned and scaled
by how the surface around it was bent. What lids and lips must do is put right on the bent head, whose edges are known:
shut lids meet, lips that close over an open jaw meet.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..core.easing import smoothstep
from ..core.errors import FieldsError
from ..core.names import ARKIT, LOOK_SIDE, LOOK_UP_DOWN
from ..core.paths import MODELS
from ..geometry import align, demo_head, surface
from ..geometry.warp import Warp, nearest, warp
from . import sources

HEAD = MODELS / "demo_head.npz"
_SKIN = ("skin", "hair", "lip", "mouth")
# Vertices of our head along the edges of lids (left: inner to outer corner) and lips (right to left corner).
_UPPER_LID = ((4315, 4320, 4322, 4310, 4303, 4304, 4309, 4308, 4307, 4306),
              (2206, 2211, 2213, 2201, 2194, 2195, 2200, 2199, 2198, 2197))  # fmt: skip
_LOWER_LID = ((4312, 4313, 4329, 4318, 4319, 4321, 4323, 4324, 4325, 4317),
              (2203, 2204, 2220, 2209, 2210, 2212, 2214, 2215, 2216, 2208))  # fmt: skip
_UPPER_LIP = (435, 434, 1400, 436, 420, 421, 516, 1783, 515, 514, 522, 521, 520, 2705, 2706, 2699, 2700, 3897, 2701,
              2619, 2618, 2634, 3531, 2632, 2633)  # fmt: skip
_LOWER_LIP = (1377, 445, 446, 519, 518, 517, 523, 2702, 2703, 2704, 2644, 2643, 3508)
# m on our head. How far from where the lips meet their skin knows which lip it belongs to, and how much that counts.
_LIPS_REACH, _LIPS_APART = 0.03, 0.03
_TURNED_AWAY = 0.012  # a surface that faces the other way is as if so much further away
_COARSE, _FINE, _FINE_REACH = 0.011, 0.005, 0.022  # spacing of the points that pull, and near eyes and mouth
_LOOSE = (0.1, 0.03, 0.01, 0.004, 0.002, 0.001)
_FAR = (0.03, 0.02, 0.015, 0.01, 0.008, 0.006)  # surfaces further apart do not attract
_UNKNOWN = 0.006  # a vertex further than this from our skin is no part of it
_BEYOND = 0.02  # and further than this it is at rest
_OVERLAP = 0.0012  # by which shut lids cross: going round the eye they lose nearly as much
_SEAL_REACH = 0.009
_STILL = 3e-5
_IN_EYE = 0.6  # of a part's vertices that lie in the eyeball, to be part of it
# A part most of which lies in the box of our teeth and tongue, or not farther off than this share of it, is in the
# mouth; of both jaws when each has so much of it and it is so tall. Between them it stretches over so many vertices.
_MOUTH = ("upper", "lower", "tongue")
_ABOUT_MOUTH, _IN_MOUTH, _MIXED, _TALL, _SMOOTH = 0.2, 0.6, 0.25, 0.6, 6
_FACE = 0.13  # parts further than this from between the eyes are none of the face's
_MIRROR = 0.0005


_COLUMN: dict[str, int] = {name: i for i, name in enumerate(ARKIT)}


@dataclass(frozen=True)
class Source:
    """Our head: vertices (n, 3) m of which the first `skin` are skin, its triangles (t, 3), the 52 shapes (52, n, 3);
    `parts` (n,): "skin", "eye", "upper", "lower" (teeth), "tongue", "other"; `marks` (14, 3)."""

    vertices: np.ndarray
    skin: int
    triangles: np.ndarray
    shapes: np.ndarray
    parts: np.ndarray
    marks: np.ndarray


@cache
def source() -> Source:
    """Raises FieldsError where the file is damaged."""
    head = demo_head.load(HEAD)
    starts = np.r_[0, np.cumsum(head.face_size)]
    names = np.array(head.materials)[head.face_material]
    part = np.full(len(head.vertices), "other", dtype="<U6")
    kinds = dict.fromkeys(_SKIN, "skin") | dict.fromkeys(("sclera", "iris", "pupil"), "eye")
    kinds |= {"teeth": "lower", "gum": "lower", "tongue": "tongue"}
    for name, kind in kinds.items():
        corners = np.repeat(names == name, head.face_size)
        part[head.corner_vertex[corners]] = kind
    shapes = np.zeros((len(ARKIT), len(head.vertices), 3))
    for i, name in enumerate(ARKIT):
        which, moved = head.keys[name]
        shapes[i, which] = moved
    opened = np.linalg.norm(shapes[ARKIT.index("jawOpen")], axis=1)
    part[(part == "lower") & (opened < 0.001)] = "upper"
    skin = int(np.flatnonzero(part == "skin").max()) + 1
    first, size = starts[:-1], head.face_size
    corner = head.corner_vertex
    triangles = [corner[np.stack([first, first + 1, first + 2], axis=1)]]
    four = first[size == 4]
    triangles.append(corner[np.stack([four, four + 2, four + 3], axis=1)])
    all_triangles = np.concatenate(triangles).astype(np.int64)
    marks = align.landmarks_of(head.vertices, head.corner_vertex)
    if marks is None:
        raise FieldsError(f"The demo head “{HEAD.name}” is damaged. Install the extension again.")
    mine = all_triangles[(all_triangles < skin).all(axis=1)]
    return Source(head.vertices.astype(np.float64), skin, mine, shapes, part, marks)


def add_shapes(vertices: np.ndarray, triangles: np.ndarray, marks: np.ndarray, beside: int | None = None) -> np.ndarray:
    """(52, n, 3) displacements of a head's vertices (n, 3), in the order of ARKIT, in its own units and directions.

    triangles (t, 3); marks (14, 3): where align.LANDMARKS are on it. Vertices far from the face stay at rest; so do
    those from the number `beside` on, which lie beside the face in meshes of their own, unless they are eyes, lower
    teeth, a tongue, lashes or brows. Raises FieldsError when the places are no face's.
    """
    if align.strangeness(marks) > 0.35:
        raise FieldsError(
            "The places on the face don't lie as they do on a face. Move each to where its name says; left is the "
            "head's own left."
        )
    ours = source()
    scale, rotation, offset = align.align(marks, ours.marks)
    there = scale * vertices @ rotation.T + offset
    their_marks = scale * marks @ rotation.T + offset
    joined = surface.edges(triangles)
    island = surface.islands(len(there), joined)
    # By nose and chin: what is nearest to a lid or a lip may be an eye or a tooth.
    skin = np.isin(island, island[nearest(their_marks[-2:], there[:beside])])
    skin &= _used(len(there), triangles)
    bent = _bend(ours, there, triangles[skin[triangles].all(axis=1)], skin, joined, their_marks)
    shapes = _turned(ours, bent(_domain(ours)))
    shapes = _put_right(ours, bent(_domain(ours)), shapes)
    made = _carried(ours, bent(_domain(ours)), shapes, there, triangles, joined, skin)
    kinds = _kinds(ours, bent(_domain(ours)), there, island, skin)
    _round_the_eyes(ours, bent(_domain(ours)), there, island, skin, kinds, made)
    own = island < (len(there) if beside is None else beside)
    kinds = {number: kind for number, kind in kinds.items() if kind != "skin" or own[number]}
    _other_parts(ours, there, joined, island, skin, kinds, made)
    made = _mirrored(there, made)
    made[np.linalg.norm(made, axis=2) < _STILL] = 0.0
    return made @ rotation / scale


def _used(count: int, triangles: np.ndarray) -> np.ndarray:
    used = np.zeros(count, bool)
    used[triangles] = True
    return used


def _domain(ours: Source) -> np.ndarray:
    """Our vertices with the mouth open: as places for the warp to tell the lips apart by."""
    return ours.vertices + ours.shapes[ARKIT.index("jawOpen")]


def _bend(
    ours: Source, there: np.ndarray, triangles: np.ndarray, skin: np.ndarray, joined: np.ndarray, marks: np.ndarray
) -> Warp:
    """The warp from `_domain` onto the other head's skin."""
    count = ours.skin
    here, domain = ours.vertices[:count], _domain(ours)[:count]
    own_joined = surface.edges(ours.triangles)
    named = np.array([nearest(mark[None], here)[0] for mark in ours.marks])
    sides = _sides(here, own_joined, ours.vertices[list(_UPPER_LIP)], ours.vertices[list(_LOWER_LIP)])
    nodes = _spaced(here, domain, ours)
    bent = warp(domain[named], marks, np.full(len(named), 1e-4))
    their_normals = surface.normals(there, triangles)
    chosen = np.flatnonzero(skin)
    number = np.full(len(there), -1)
    number[chosen] = np.arange(len(chosen))
    near_joined = number[joined[skin[joined].all(axis=1)]]
    for loose, far in zip(_LOOSE, _FAR, strict=True):
        now = bent(domain)
        lines = (now[list(_UPPER_LIP)], now[list(_LOWER_LIP)])
        their_sides = _sides(there[chosen], near_joined, *lines)
        turn = _TURNED_AWAY * surface.normals(now, ours.triangles)[nodes]
        _, _, place = surface.closest(
            now[nodes],
            np.c_[turn, _LIPS_APART * sides[nodes]],
            there[chosen],
            number[triangles],
            np.c_[_TURNED_AWAY * their_normals[chosen], _LIPS_APART * their_sides],
        )
        off = np.linalg.norm(place - now[nodes], axis=1)
        pulled = off < far
        looseness = np.r_[np.full(len(named), loose / 10), np.full(pulled.sum(), loose)]
        bent = warp(np.r_[domain[named], domain[nodes[pulled]]], np.r_[marks, place[pulled]], looseness)
    return bent


def _spaced(here: np.ndarray, domain: np.ndarray, ours: Source) -> np.ndarray:
    """Vertices of our face that pull: fine around eyes and mouth, coarse elsewhere; not those inside the mouth."""
    marks = ours.marks
    detail = np.min([np.linalg.norm(here - mark, axis=1) for mark in marks[:12]], axis=0) < _FINE_REACH
    front = (here[:, 2] > marks[:, 2].min() - 0.05) & (here[:, 1] > marks[13, 1] - 0.03)
    outside = surface.normals(here, ours.triangles)[:, 2] > -0.2
    chosen = []
    for fine, size in ((True, _FINE), (False, _COARSE)):
        which = np.flatnonzero((detail == fine) & front & outside)
        _, first = np.unique(np.floor(domain[which] / size), axis=0, return_index=True)
        chosen.append(which[first])
    lines = np.concatenate([np.ravel(line) for line in (_UPPER_LID, _LOWER_LID, _UPPER_LIP[::2], _LOWER_LIP)])
    return np.unique(np.concatenate([*chosen, lines]))


def _sides(points: np.ndarray, joined: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(n, 1) 1 on the skin of the upper lip, -1 on that of the lower, 0 away from the mouth, at its corners between.

    `upper`, `lower`: about where the lips' edges are. Told by which lip is nearer along the surface: from one lip to
    the other it is a long way, round the corner or through the mouth.
    """
    middle = (upper.mean(axis=0) + lower.mean(axis=0)) / 2.0
    wide = float(np.linalg.norm(upper[-1] - upper[0]))
    seeds = []
    for line, sign in ((upper, 1.0), (lower, -1.0)):
        x = np.linspace(0.25, 0.75, 5) * (len(line) - 1)
        seeds.append(nearest(line[x.astype(int)] + (0.0, sign * 0.14 * wide, 0.05 * wide), points))
    far = [surface.ways(points, joined, np.unique(seed), 1.5 * wide) for seed in seeds]
    away = np.min([np.linalg.norm(points - place, axis=1) for place in (*upper[2:-2:2], *lower[1:-1])], axis=0)
    strength = np.clip(1.5 - 1.5 * away / _LIPS_REACH, 0.0, 1.0)
    strength *= np.clip(4.0 - 4.0 * np.abs(points[:, 0] - middle[0]) / (0.52 * wide), 0.0, 1.0)
    with np.errstate(invalid="ignore"):
        side = np.where(far[0] < far[1], 1.0, np.where(far[1] < far[0], -1.0, 0.0))
    return (side * strength)[:, None]


def _turned(ours: Source, bent: np.ndarray) -> np.ndarray:
    """Our shapes (52, n, 3) turned and scaled as the skin around each vertex was bent; of what is no skin, as the
    nearest skin."""
    count = ours.skin
    here, there = ours.vertices[:count], bent[:count]
    joined = surface.edges(ours.triangles)
    before, after = here[joined[:, 1]] - here[joined[:, 0]], there[joined[:, 1]] - there[joined[:, 0]]
    products = np.einsum("ei,ej->eij", before, after).reshape(-1, 9)
    sizes = np.c_[products, (before**2).sum(axis=1), (after**2).sum(axis=1)]
    around = np.zeros((count, 11))
    for end in joined.T:
        for i in range(11):
            around[:, i] += np.bincount(end, sizes[:, i], count)
    around = surface.spread(around, joined, 20)
    u, _, v = np.linalg.svd(around[:, :9].reshape(-1, 3, 3))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    scale = np.sqrt(around[:, 10] / np.maximum(around[:, 9], 1e-300))
    turn = np.clip(scale, 0.3, 3.0)[:, None, None] * (u @ v).transpose(0, 2, 1)
    own = np.r_[np.arange(count), nearest(ours.vertices[count:], here)]
    return np.einsum("nij,knj->kni", turn[own], ours.shapes)


def _put_right(ours: Source, rest: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Shut lids meet, and lips that close over an open jaw."""
    x = rest[: ours.skin, 0]
    for side, name in enumerate(("Left", "Right")):
        shape = shapes[ARKIT.index(f"eyeBlink{name}")]
        upper, lower = np.array(_UPPER_LID[side]), np.array(_LOWER_LID[side])
        for _ in range(3):
            moved = rest + shape
            order = np.argsort(moved[lower, 0])
            floor = np.interp(moved[upper, 0], moved[lower, 0][order], moved[lower, 1][order])
            order = np.argsort(rest[lower, 0])
            start = np.interp(rest[upper, 0], rest[lower, 0][order], rest[lower, 1][order])
            travel = (rest[upper, 1] - start) - (moved[upper, 1] - floor)
            needed = rest[upper, 1] - start + _OVERLAP
            middle = slice(2, -2)
            factor = np.clip(needed[middle] / np.maximum(travel[middle], 1e-4), 0.4, 2.5)
            order = np.argsort(rest[upper[middle], 0])
            shape[: ours.skin] *= np.interp(x, rest[upper[middle], 0][order], factor[order])[:, None]
    jaw, close = (shapes[ARKIT.index(name)] for name in ("jawOpen", "mouthClose"))
    sides = _sides(ours.vertices[: ours.skin], surface.edges(ours.triangles), ours.vertices[list(_UPPER_LIP)],
                   ours.vertices[list(_LOWER_LIP)])[:, 0]  # fmt: skip
    upper, lower = np.array(_UPPER_LIP), np.array(_LOWER_LIP)
    at = (rest + jaw + close)[: ours.skin]
    shift = _gap(at, upper, lower) - _gap(rest, upper, lower)
    line = np.linspace(at[upper[0], 0], at[upper[-1], 0], 25)
    wanted = np.interp(at[:, 0], line, shift, left=0.0, right=0.0)
    seam = np.c_[line, np.interp(line, at[upper, 0], at[upper, 1]), np.interp(line, at[upper, 0], at[upper, 2])]
    away = np.min([np.linalg.norm(at - place, axis=1) for place in seam], axis=0)
    close[: ours.skin, 1] -= 0.5 * wanted * np.sign(sides) * smoothstep(1.0 - away / _SEAL_REACH)
    return shapes


def _gap(at: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(25,) how far the lips are apart, from the right to the left corner."""
    line = np.linspace(at[upper[0], 0], at[upper[-1], 0], 25)
    above, below = (which[np.argsort(at[which, 0])] for which in (upper, lower))
    return np.interp(line, at[above, 0], at[above, 1]) - np.interp(line, at[below, 0], at[below, 1])


def _carried(
    ours: Source, bent: np.ndarray, shapes: np.ndarray, there: np.ndarray, triangles: np.ndarray, joined: np.ndarray,
    skin: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """(52, m, 3) the shapes on the other head's skin: of the place of our bent skin that lies at each vertex."""
    count = ours.skin
    chosen = np.flatnonzero(skin)
    number = np.full(len(there), -1)
    number[chosen] = np.arange(len(chosen))
    points, near = there[chosen], number[joined[skin[joined].all(axis=1)]]
    lines = bent[list(_UPPER_LIP)], bent[list(_LOWER_LIP)]
    own_sides = _sides(ours.vertices[:count], surface.edges(ours.triangles), ours.vertices[list(_UPPER_LIP)],
                       ours.vertices[list(_LOWER_LIP)])  # fmt: skip
    own = np.c_[_TURNED_AWAY * surface.normals(bent[:count], ours.triangles), _LIPS_APART * own_sides]
    theirs = np.c_[_TURNED_AWAY * surface.normals(there, triangles)[chosen], _LIPS_APART * _sides(points, near, *lines)]
    corners, shares, place = surface.closest(points, theirs, bent[:count], ours.triangles, own)
    off = np.linalg.norm(place - points, axis=1)
    known = off < _UNKNOWN
    far = off > _BEYOND
    moved = np.einsum("pk,cpki->pci", shares, shapes[:, corners])
    moved[far] = 0.0
    # What lies inside the mouth or the sockets, or a little off our skin, moves as what is around it.
    moved = surface.spread(moved, near, 60, known | far)
    made = np.zeros((len(ARKIT), len(there), 3))
    made[:, chosen] = moved.transpose(1, 0, 2)
    return made


def _kinds(ours: Source, bent: np.ndarray, there: np.ndarray, island: np.ndarray, skin: np.ndarray) -> dict[int, str]:
    """What the islands near the face are that are not its skin, by what of our bent head lies where they are."""
    middle = (ours.marks[0] + ours.marks[4]) / 2.0
    found = {}
    for number in np.unique(island[~skin]):
        which = island == number
        if np.linalg.norm(there[which].mean(axis=0) - middle) < _FACE:
            kinds, counts = np.unique(ours.parts[nearest(there[which], bent)], return_counts=True)
            within = max(_within(there[which], bent[_eye(ours, sign)]) for sign in (1.0, -1.0))
            found[int(number)] = "eye" if within > _IN_EYE else str(kinds[counts.argmax()])
            if found[int(number)] != "eye" and _in_mouth(ours, there[which]):
                found[int(number)] = _of_mouth(ours, there[which])
    return found


def _in_mouth(ours: Source, points: np.ndarray) -> bool:
    """Do most of these points lie where our head has its teeth and tongue? It is not bent there: skin tells nothing of
    what lies behind it."""
    mouth = ours.vertices[np.isin(ours.parts, _MOUTH)]
    low, high = mouth.min(axis=0), mouth.max(axis=0)
    spare = _ABOUT_MOUTH * (high - low)
    return bool(((points >= low - spare) & (points <= high + spare)).all(axis=1).mean() > _IN_MOUTH)


def _of_mouth(ours: Source, points: np.ndarray) -> str:
    """What an island of these points (p, 3) in the mouth is: one of _MOUTH, or "mouth" for both jaws."""
    parts = _mouth_parts(ours, points)
    upper, lower, tongue = (float((parts == kind).mean()) for kind in _MOUTH)
    tall = np.ptp(points[:, 1]) > _TALL * np.ptp(ours.vertices[np.isin(ours.parts, _MOUTH), 1])
    if tall and min(upper, lower) > _MIXED:
        return "mouth"
    return "upper" if upper > 0.5 else "lower" if lower > tongue else "tongue"


def _mouth_parts(
    ours: Source, points: np.ndarray, there: np.ndarray | None = None, known: np.ndarray | None = None
) -> np.ndarray:
    """(p,) which of _MOUTH is nearest to each point (p, 3): of our head, or of what is `known` (n,) of the head itself
    `there` (n, 3), whose teeth are where they are and count as half as far."""
    mouth = np.flatnonzero(np.isin(ours.parts, _MOUTH))
    near = mouth[nearest(points, ours.vertices[mouth])]
    parts = ours.parts[near]
    if there is not None and known is not None and (sure := np.flatnonzero(np.isin(known, _MOUTH))).size:
        own = sure[nearest(points, there[sure])]
        nearer = _far(points, there[own]) < 2.0 * _far(points, ours.vertices[near])
        parts = np.where(nearer, known[own], parts)
    return parts


def _far(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - places, axis=1)


def _eye(ours: Source, sign: float) -> np.ndarray:
    """(n,) our left (1) or right (-1) eyeball."""
    return (ours.parts == "eye") & (sign * ours.vertices[:, 0] > 0.0)


def _within(points: np.ndarray, ball: np.ndarray) -> float:
    """The share of points that lie in a ball or on it."""
    centre = (ball.min(axis=0) + ball.max(axis=0)) / 2.0
    radius = np.median(np.linalg.norm(ball - centre, axis=1))
    return float((np.linalg.norm(points - centre, axis=1) < 1.12 * radius).mean())


def _round_the_eyes(
    ours: Source, bent: np.ndarray, there: np.ndarray, island: np.ndarray, skin: np.ndarray, kinds: dict[int, str],
    made: np.ndarray,
) -> None:  # fmt: skip
    """Eyes turn, and lids go round them, in place: what lies on the ball keeps its distance from its centre, skin
    before it never comes nearer. The ball is the head's own, where this mesh has one, else where ours would be."""
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        own = bent[_eye(ours, sign)]
        balls = [there[island == number] for number, kind in kinds.items() if kind == "eye"]
        balls = [ball for ball in balls if _within(ball, own) > _IN_EYE]
        ball = max(balls, key=len) if balls else own
        centre = (ball.min(axis=0) + ball.max(axis=0)) / 2.0
        for index in np.flatnonzero([kind == "eye" for kind in kinds.values()]):
            which = np.flatnonzero(island == list(kinds)[index])
            if _within(there[which], own) > _IN_EYE:
                _turn_eye(there, which, centre, side, made)
        radius = float(np.median(np.linalg.norm(ball - centre, axis=1)))
        rest = there - centre
        before = np.linalg.norm(rest, axis=1)
        lids = np.flatnonzero(skin & (before < 1.6 * radius) & (rest[:, 2] > -0.2 * radius))
        slack = np.interp(before[lids] / radius, (1.12, 1.35), (0.0, 0.5 * radius))
        for index in [i for i, name in enumerate(ARKIT) if name.startswith("eye") and name.endswith(side)]:
            moved = rest[lids] + made[index][lids]
            now = np.maximum(np.linalg.norm(moved, axis=1), 1e-9)
            amount = np.linalg.norm(made[index][lids], axis=1) > _STILL
            kept = np.where(amount, np.clip(now, before[lids], before[lids] + slack), now)
            made[index][lids] = moved * (kept / now)[:, None] - rest[lids]


def _other_parts(
    ours: Source, there: np.ndarray, joined: np.ndarray, island: np.ndarray, skin: np.ndarray, kinds: dict[int, str],
    made: np.ndarray,
) -> None:  # fmt: skip
    """Lower teeth and tongue go with the jaw, lashes and brows with the skin below, in place. Gums of both jaws that
    are one piece stay above, go with the jaw below, and stretch between."""
    skin_at = np.flatnonzero(skin)
    for number, kind in kinds.items():
        which = np.flatnonzero(island == number)
        if kind in ("lower", "tongue"):
            made[:, which] = _with_jaw(ours, there[which], kind)
        elif kind == "mouth":
            place = np.full(len(there), -1)
            place[which] = np.arange(len(which))
            parts = _mouth_parts(ours, there[which], there, np.array([kinds.get(int(i), "") for i in island]))
            shares = np.stack([parts == below for below in ("lower", "tongue")], axis=1).astype(float)
            shares = surface.spread(shares, place[joined[place[joined[:, 0]] >= 0]], _SMOOTH)
            made[:, which] = sum(
                share[:, None] * _with_jaw(ours, there[which], below)
                for share, below in zip(shares.T, ("lower", "tongue"), strict=True)
            )
        elif kind not in ("upper", "eye"):
            made[:, which] = made[:, skin_at[nearest(there[which], there[skin_at])]]


def _with_jaw(ours: Source, points: np.ndarray, kind: str) -> np.ndarray:
    """(52, p, 3) what our lower teeth or our tongue do, as an affine motion of each shape, at these points (p, 3)."""
    own = ours.parts == kind
    known = np.c_[ours.vertices[own], np.ones(own.sum())]
    moved = ours.shapes[:, own].transpose(1, 0, 2).reshape(own.sum(), -1)
    to = np.linalg.lstsq(known, moved, rcond=1e-3)[0]
    return (np.c_[points, np.ones(len(points))] @ to).reshape(len(points), -1, 3).swapaxes(0, 1)


def _turn_eye(there: np.ndarray, which: np.ndarray, centre: np.ndarray, side: str, made: np.ndarray) -> None:
    ball, out = there[which], 1.0 if side == "Left" else -1.0
    side_to_side, up_down = (
        np.array([[0, 0, 1.0], [0, 0, 0], [-1, 0, 0]]),
        np.array([[0, 0, 0], [0, 0, -1.0], [0, 1, 0]]),
    )
    ways = {"Out": (side_to_side, out * LOOK_SIDE), "In": (side_to_side, -out * LOOK_SIDE)}
    ways |= {"Up": (up_down, -LOOK_UP_DOWN), "Down": (up_down, LOOK_UP_DOWN)}
    for way, (about, angle) in ways.items():
        # Rodrigues' formula.
        turn = np.eye(3) + np.sin(angle) * about + (1.0 - np.cos(angle)) * about @ about
        made[_COLUMN[f"eyeLook{way}{side}"]][which] = (ball - centre) @ turn.T + centre - ball


def _mirrored(there: np.ndarray, made: np.ndarray) -> np.ndarray:
    """On a head whose two sides are alike, shapes whose two sides are alike."""
    moving = np.flatnonzero(np.linalg.norm(made, axis=2).max(axis=0) > _STILL)
    if not len(moving):
        return made
    points = there[moving]
    middle = (points[:, 0].max() + points[:, 0].min()) / 2.0
    flipped = points * (-1, 1, 1) + (2.0 * middle, 0.0, 0.0)
    other = nearest(flipped, points)
    alike = (np.linalg.norm(points[other] - flipped, axis=1) < _MIRROR) & (other[other] == np.arange(len(other)))
    if alike.mean() < 0.9:
        return made
    twins = [_COLUMN[sources.mirrored_source(name)[0]] for name in ARKIT]
    part = made[:, moving]
    both = (part + part[twins][:, other] * (-1, 1, 1)) / 2.0
    made[:, moving[alike]] = both[:, alike]
    return made
