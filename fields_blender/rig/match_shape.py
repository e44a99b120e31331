"""Which of our sources a head's shapes follow, found by how they move the face: for names that tell nothing.

The head is laid onto the demo head, which has all 52 shapes (`face_frame`); every shape is described by where and which
way it moves the surface, and taken for the one source (or both sides of it) it is most like, each given once; or for a
sum of few (`sparse`), where that explains it much better.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..core.errors import FieldsError
from ..core.names import ARKIT
from ..core.paths import MODELS
from ..geometry import align, demo_head, face_frame
from ..geometry.sparse import assign, descend, explain, explained
from . import mapping
from .match import DOUBTFUL, Match, Row, missing

DEMO = MODELS / "demo_head.npz"
MOST_VERTICES = 15_000  # more add nothing but time
_FEWEST_VERTICES = 50
_POINTS = 600
_REACH = 0.07  # how far about a point motion is averaged, in distances between the eyes
_BENDS = 2  # times the head is bent onto the reference by what was found
_SURE = 0.6  # a motion as alike as this (cosine) says where its place on the face is
_ALIKE = 0.3  # less is a motion of another kind
_NEVER = 0.15
_COST, _MOST, _SHARE = 0.15, 1.5, 0.12  # of an amount in a sum; the most of it; the least, of the largest
_MOST_PARTS = 3  # of a sum
# A sum is taken for a shape where it leaves less than the first part of what one source leaves unexplained, or the
# second where that is more than the third.
_MUCH_BETTER, _BETTER, _POOR = 0.33, 0.5, 0.3
_LEAST = 0.08  # of a source in a row
_NOTHING = 0.01  # in sum: others show it all
_AMPLE = 0.5  # a shape that shares all its sources with others still shows this much
_STILL = 1e-4  # of the head's size
_WHOLE = 0.8  # of a shape's motion that is one shift of the whole head, or of the vertices it moves
_SIZE_TELLS = 0.05  # what a motion twice or half as far as others are loses
_TWINS = 0.9  # motions as alike as this in the mirror are one for each side
# What heads have less often loses a little, so that the usual wins where both could be meant.
_SELDOM = {"eyeLook": 0.08, "cheekPuff": 0.05, "mouthClose": 0.05, "mouthShrug": 0.03, "mouthPress": 0.03}
_OF_BOTH_SIDES, _OF_ONE_HALF = 0.1, 0.05
_HALVED = ("browInnerUp", "cheekPuff", "mouthPucker", "mouthFunnel")  # by many heads
_HALF_WIDTH = 0.1  # over which one half fades into the other, in distances between the eyes

_OPPOSED = (
    ("mouthSmile", "mouthFrown"), ("eyeBlink", "eyeWide"), ("eyeSquint", "eyeWide"), ("eyeLookUp", "eyeLookDown"),
    ("eyeLookIn", "eyeLookOut"), ("browDown", "browOuterUp"), ("browDown", "browInnerUp"), ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"), ("jawOpen", "mouthClose"), ("mouthPucker", "mouthStretch"),
    ("mouthFunnel", "mouthStretch"),
)  # fmt: skip
_SIDES = ("Left", "Right")
_PLACE: dict[str, int] = {name: i for i, name in enumerate(ARKIT)}


@dataclass(frozen=True)
class _Motions:
    """All that one shape can be: a source alone, both sides of it together, or one half of it."""

    names: list[str]
    parts: np.ndarray  # (a, 52): which sources move in it
    fields: np.ndarray  # (a, 3 p)
    units: np.ndarray  # the same as rows of length 1
    lengths: np.ndarray  # (a,)
    centres: np.ndarray  # (a, 3)
    seldom: np.ndarray  # (a,) what it loses
    opposed: np.ndarray  # (a, a) bool: never together
    products: np.ndarray  # (a, a) of the units
    mirrored: np.ndarray  # (a,) which one it is on the other side


@dataclass(frozen=True)
class _Reference:
    """The demo head in the frame of face_frame."""

    rest: np.ndarray  # (n, 3)
    moves: np.ndarray  # (52, n, 3)
    places: np.ndarray  # (6, 3): face_frame.PLACES
    points: np.ndarray  # (p, 3), more where more moves; the second half mirrors the first
    motions: _Motions


@dataclass(frozen=True)
class _Found:
    """What one shape is: a motion (3 p,) made of sources `parts` (52,) True; `fit`: the share of the shape's own that
    it does not explain; `rival`: what it is nearly as much, or more, like."""

    name: str
    motion: np.ndarray
    parts: np.ndarray
    confidence: float
    fit: float
    rival: str = ""


def match(names: Sequence[str], rest: np.ndarray, moves: np.ndarray, places: np.ndarray | None = None) -> Match:
    """The mapping of a head whose shapes `names` (k) move vertices at `rest` (n, 3) by `moves` (k, n, 3), in any unit
    and direction. `places` (6, 3): face_frame.PLACES in any order, where the artist points at them.

    Rows below match.DOUBTFUL are for the artist to look at; shapes that are like nothing are in `spare`, with the
    reason. Raises FieldsError where the mesh or its shapes can't be compared at all.
    """
    rest, moves = np.asarray(rest), np.asarray(moves)
    _check(names, rest, moves)
    spare = _no_shapes(names, rest, moves)
    live = [i for i, name in enumerate(names) if name not in spare]
    if not live:
        raise FieldsError("None of the shape keys moves a part of the face. Choose another head.")
    moves = moves[live]
    few = face_frame.about_the_face(rest, face_frame.shares(moves), MOST_VERTICES)
    rest, moves = rest[few].astype(np.float64), moves[:, few].astype(np.float32)
    ours = _reference()
    if places is None:
        starts = face_frame.by_motion(rest, moves, ours.rest, ours.moves)
    else:
        starts = [face_frame.by_places(places, ours.places)]
    found = _identify(*_laid(rest, moves, starts, ours), ours)
    return _rows([names[i] for i in live], found, spare, ours)


def _check(names: Sequence[str], rest: np.ndarray, moves: np.ndarray) -> None:
    if not len(names):
        raise FieldsError("The head has no shape keys. Choose a head that has some.")
    if len(rest) < _FEWEST_VERTICES:
        raise FieldsError(f"The head has only {len(rest)} vertices, too few to tell a face by. Choose the face's mesh.")
    if not np.isfinite(rest).all():
        raise FieldsError("Some vertices of the head are nowhere (not a number). Repair the mesh, then try again.")
    if not np.ptp(rest, axis=0).any():
        raise FieldsError("All vertices of the head are in one point. Repair the mesh, then try again.")
    if not np.nan_to_num(moves, posinf=0.0, neginf=0.0).any():
        raise FieldsError("None of the shape keys moves anything. Sculpt them first, or choose another head.")


def _no_shapes(names: Sequence[str], rest: np.ndarray, moves: np.ndarray) -> dict[str, str]:
    """Shapes that can't be of the face, and why."""
    spare = {}
    size = float(np.ptp(rest, axis=0).max())
    for name, move in zip(names, moves, strict=True):
        if not np.isfinite(move).all():
            spare[name] = "some of its vertices are nowhere (not a number)"
            continue
        far = np.abs(move).max(axis=1)
        if far.max() < _STILL * size:
            spare[name] = "it moves nothing"
        elif (move.mean(axis=0) ** 2).sum() > _WHOLE * (move**2).sum(axis=1).mean():
            spare[name] = "it shifts the whole head"
        elif (far > 0.1 * far.max()).mean() > _WHOLE:
            spare[name] = "it changes the whole head, as another person would have it"
    return spare


@cache
def _reference() -> _Reference:
    head = demo_head.load(DEMO)
    left, right = head.bones["eye.L"][1], head.bones["eye.R"][1]
    apart, middle = float(np.linalg.norm(left - right)), (left + right) / 2.0
    rest = (head.vertices - middle) / apart
    moves = np.zeros((len(ARKIT), len(rest), 3), np.float32)
    for name, (which, motion) in head.keys.items():
        moves[_PLACE[name], which] = motion / apart
    places = align.landmarks_of(rest, head.corner_vertex)
    assert places is not None
    half = rest[face_frame.drawn(face_frame.shares(moves) * (rest[:, 0] > 0.0), _POINTS // 2)]
    points = np.vstack([half, half * (-1.0, 1.0, 1.0)])
    return _Reference(rest, moves, places[face_frame.PLACE_ROWS], points, _motions(rest, moves, points))


def _motions(rest: np.ndarray, moves: np.ndarray, points: np.ndarray) -> _Motions:
    fields = face_frame.sampled(points, rest, moves, _REACH)
    centres = face_frame.centres(rest, moves)
    one = np.eye(len(ARKIT))
    made = [(name, one[i], fields[i], centres[i], _rare(name)) for i, name in enumerate(ARKIT)]
    for a, b in _pairs():
        i, j = _PLACE[a], _PLACE[b]
        rare = _rare(a) + _OF_BOTH_SIDES
        made.append((f"{a} and {b}", one[i] + one[j], fields[i] + fields[j], (centres[i] + centres[j]) / 2.0, rare))
    left = 1.0 / (1.0 + np.exp(-points[:, :1] / _HALF_WIDTH))
    for name in _HALVED:
        i = _PLACE[name]
        for side, mask in (("left", left), ("right", 1.0 - left)):
            field = fields[i] * mask
            weight = (field**2).sum(axis=1)
            made.append((f"{name}, its {side} half", one[i], field, weight @ points / weight.sum(), _OF_ONE_HALF))
    names, parts, fields, centres, seldom = (list(column) for column in zip(*made, strict=True))
    parts, fields = np.array(parts), np.array(fields)
    units, lengths = face_frame.units(fields)
    opposed = parts @ _opposed() @ parts.T > 0.0
    swapped = {"Left": "Right", "Right": "Left", " left": " right", " right": " left"}
    places = {name: i for i, name in enumerate(names)}
    mirrored = [_mirrored(name, swapped) for name in names]
    mirrored = [places[name if name in places else " and ".join(reversed(name.split(" and ")))] for name in mirrored]
    return _Motions(
        names, parts, fields.reshape(len(names), -1), units, lengths, np.array(centres), np.array(seldom), opposed,
        units @ units.T, np.array(mirrored),
    )  # fmt: skip


def _mirrored(name: str, swapped: dict[str, str]) -> str:
    return re.sub("Left|Right| left| right", lambda side: swapped[side[0]], name)


def _rare(name: str) -> float:
    return next((loss for begin, loss in _SELDOM.items() if name.startswith(begin)), 0.0)


def _pairs() -> list[tuple[str, str]]:
    """Both sides of a source; eyes turn the same way."""
    pairs = [(name, name.removesuffix("Left") + "Right") for name in ARKIT if name.endswith("Left")]
    pairs = [(a, b) for a, b in pairs if a not in ("jawLeft", "mouthLeft") and "LookIn" not in a and "LookOut" not in a]
    return [*pairs, ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")]


def _opposed() -> np.ndarray:
    """(52, 52) 1 where two sources are never shown together."""
    opposed = np.zeros((len(ARKIT), len(ARKIT)))
    for a, b in _OPPOSED:
        for side in _SIDES:
            one, other = (name if name in ARKIT else name + side for name in (a, b))
            opposed[_PLACE[one], _PLACE[other]] = opposed[_PLACE[other], _PLACE[one]] = 1.0
    return opposed


def _laid(
    rest: np.ndarray, moves: np.ndarray, starts: list[face_frame.Similarity], ours: _Reference
) -> tuple[np.ndarray, np.ndarray]:
    """The head (n, 3) and its moves (k, n, 3) in our frame: from the start, and bent as far, as lets the sources
    explain its shapes best. Faces differ, so it is bent until the motions that are told for certain lie on ours."""
    known, points = ours.motions, ours.points[::2]
    columns = known.fields.reshape(len(known.names), -1, 3)[:, ::2]
    units, theirs = face_frame.units(columns)
    products = units @ units.T
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for scale, rotation, offset in starts:
        laid, moved = scale * rest @ rotation.T + offset, scale * moves @ rotation.T
        for bends in range(_BENDS + 1):
            motions, lengths = face_frame.units(face_frame.sampled(points, laid, moved, _REACH))
            alike = motions @ units.T
            worth = alike - _off_size(alike, lengths, theirs) - known.seldom
            given = assign(worth - _NEVER)
            told = np.where(given >= 0, alike[np.arange(len(given)), given], 0.0)
            fit = explained(products, alike) + float(told.mean())
            if best is None or fit > best[0]:
                best = fit, laid, moved
            sure = [i for i, to in enumerate(given) if to >= 0 and worth[i, to] > max(_SURE, worth[i].max() - 0.02)]
            if bends == _BENDS or len(sure) < 3:
                break
            laid = face_frame.bend(face_frame.centres(laid, moved)[sure], known.centres[given[sure]], laid)
    assert best is not None
    return best[1], best[2]


def _identify(rest: np.ndarray, moves: np.ndarray, ours: _Reference) -> list[_Found | None]:
    """What each shape of a head in our frame is; None: like nothing."""
    known = ours.motions
    fields = face_frame.sampled(ours.points, rest, moves, _REACH)
    units, lengths = face_frame.units(fields)
    alike = _evened(units @ known.units.T, units, fields, known)
    worth = alike - _off_size(alike, lengths, known.lengths) - known.seldom
    given = assign(worth - _NEVER)
    least = 0.01 * float(np.median(known.lengths))
    return [_one(alike[i], worth[i], int(given[i]), known) if lengths[i] > least else None for i in range(len(alike))]


def _evened(alike: np.ndarray, units: np.ndarray, fields: np.ndarray, known: _Motions) -> np.ndarray:
    """How alike motions are (k, a), the same for two shapes that mirror each other, and for one that mirrors itself."""
    half = fields.shape[1] // 2
    there = np.concatenate([fields[:, half:], fields[:, :half]], axis=1) * (-1.0, 1.0, 1.0)
    twins = units @ face_frame.units(there)[0].T
    twin = twins.argmax(axis=1)
    rows = np.arange(len(twin))
    even = (twins[rows, twin] > _TWINS) & (twin[twin] == rows)
    other = alike[twin][:, known.mirrored]
    return np.where(even[:, None], (alike + other) / 2.0, alike)


def _off_size(alike: np.ndarray, lengths: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """What motions (k, a) lose that are much larger or smaller than others of this head are."""
    farther = np.log2(np.maximum(lengths, 1e-9))[:, None] - np.log2(ours)
    usual = np.median(farther[np.arange(len(alike)), alike.argmax(axis=1)])
    return _SIZE_TELLS * np.minimum(np.abs(farther - usual), 3.0)


def _one(alike: np.ndarray, worth: np.ndarray, given: int, known: _Motions) -> _Found | None:
    chosen = given if given >= 0 else int(worth.argmax())
    left = 1.0 - max(float(alike[chosen]), 0.0) ** 2
    least = min(left, 1.0 - float(alike.max()) ** 2)
    amounts = explain(known.products, alike, _COST, _MOST, known.opposed, _SHARE)
    over = 1.0 - float(2.0 * amounts @ alike - amounts @ known.products @ amounts)
    several = int(np.count_nonzero(amounts))
    if 1 < several <= _MOST_PARTS and (over < _MUCH_BETTER * least or (least > _POOR and over < _BETTER * least)):
        # In units of the sources, the largest a full one.
        full = amounts / known.lengths
        full /= full.max()
        names = _listed([known.names[i] for i in np.argsort(-amounts)[:several]])
        parts = (full @ known.parts) > 0.0
        return _Found(names, full @ known.fields, parts, max(1.0 - over, 0.0) ** 0.5 - 0.1 * (several - 1), over)
    if alike[chosen] < _ALIKE:
        return None
    others = np.where(known.parts @ known.parts[chosen] > 0.0, -1.0, alike)
    other = int(others.argmax())
    ahead = float(alike[chosen] - others[other])
    confidence = float(np.clip(alike[chosen] + min(ahead, 0.0) - 0.1 * (given < 0), 0.05, 1.0))
    rival = known.names[other] if ahead < 0.05 else ""
    return _Found(known.names[chosen], known.fields[chosen], known.parts[chosen] > 0.0, confidence, left, rival)


def _rows(names: list[str], found: list[_Found | None], spare: dict[str, str], ours: _Reference) -> Match:
    spare = dict(spare)
    shares = _shared_out(found, ours.motions)
    rows = []
    for name, one, share in zip(names, found, shares, strict=True):
        if one is None:
            spare[name] = "nothing that is captured moves like it"
            continue
        if not share.any():
            same = [f"“{names[j]}”" for j, other in enumerate(shares) if (other[one.parts] > 0.0).any()]
            spare[name] = f"it moves like {one.name}, which {_listed(same[:3])} already {_shows(same)}"
            continue
        channel = mapping.channel(_formula(share), name, minimum=0.0, maximum=1.0)
        rows.append(Row(channel, one.confidence, _why(one)))
    return Match("Shape", tuple(rows), spare, missing(rows))


def _formula(share: np.ndarray) -> str:
    order = [i for i in np.argsort(-share, kind="stable") if share[i] != 0.0]
    terms = [ARKIT[i] if abs(share[i]) == 1.0 else f"{abs(share[i]):g} {ARKIT[i]}" for i in order]
    signs = [" - " if share[i] < 0.0 else " + " for i in order]
    return "".join(sign + term for sign, term in zip(signs, terms, strict=True)).removeprefix(" + ")


def _shows(which: list[str]) -> str:
    return "shows" if len(which) == 1 else "show"


def _why(one: _Found) -> str:
    why = f"moves like {one.name}; fit error {100 * one.fit:.0f} %"
    if one.rival:
        why += f"; it could be {one.rival}"
    elif one.confidence < DOUBTFUL:
        why += "; worth a look"
    return why


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _shared_out(found: list[_Found | None], known: _Motions) -> np.ndarray:
    """How far each shape follows each source (k, 52): so that all shapes of the head together move it as the source
    does, and what two of them show is not shown twice. Non-negative least squares; the surest shape comes first."""
    there = [i for i, one in enumerate(found) if one is not None]
    there.sort(key=lambda i: -found[i].confidence)  # type: ignore[union-attr]
    shares = np.zeros((len(found), len(ARKIT)))
    if not there:
        return shares
    motions = np.array([found[i].motion for i in there])  # type: ignore[union-attr]
    gram, aim = motions @ motions.T, motions @ known.fields[: len(ARKIT)].T
    for source in range(len(ARKIT)):
        of_it = np.array([found[i].parts[source] for i in there])  # type: ignore[union-attr]
        shares[there, source] = descend(gram, aim[:, source], np.inf, of_it)
    total = shares.sum(axis=1, keepdims=True)
    shares *= np.where((total > _NOTHING) & (total < _AMPLE), _AMPLE / np.maximum(total, _NOTHING), 1.0)
    shares = np.round(np.where(shares < _LEAST, 0.0, shares), 2)
    for a, b in _pairs():
        _beside_both(shares, found, _PLACE[a], _PLACE[b])
        _beside_both(shares, found, _PLACE[b], _PLACE[a])
    return shares


def _beside_both(shares: np.ndarray, found: list[_Found | None], one: int, other: int) -> None:
    """Where a head has a shape for both sides and one for one side (to wink with), but none for the other side: that
    for both follows the other side, that for one side what is more there. Both sides then show as captured, unless the
    side without a shape of its own goes farther, which no sum of these two can show."""
    alone, beside, both = ([i for i, shape in enumerate(found) if shape is not None and set(np.flatnonzero(shape.parts))
                            == parts] for parts in ({one}, {other}, {one, other}))  # fmt: skip
    if len(alone) == 1 and not beside and len(both) == 1:
        shares[[*alone, *both]] = 0.0
        shares[both[0], other] = shares[alone[0], one] = 1.0
        shares[alone[0], other] = -1.0
