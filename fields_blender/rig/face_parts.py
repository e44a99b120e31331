"""What eyes, teeth, tongue, lashes and brows of another head do in the reference head's shapes."""

import numpy as np

from ..core.names import ARKIT, LOOK_SIDE, LOOK_UP_DOWN
from ..geometry import surface
from ..geometry.warp import nearest
from .reference_head import MOUTH_PARTS, ReferenceHead
from .skin_transfer import TargetHead
from .sources import COLUMN

STILL = 3e-5  # m; smaller displacements are none
_FACE_RADIUS = 0.13  # m from between the eyes; islands further away are not parts of the face
_IN_EYE = 0.6  # share of an island's vertices inside the eyeball that makes it part of the eye
# An island is in the mouth when more than _IN_MOUTH of it lies in the box of the reference's teeth and tongue, enlarged
# by _MOUTH_MARGIN on each side. It belongs to both jaws when each has more than _OF_BOTH_JAWS of it and it is taller
# than _TALL of that box; between the jaws it then stretches over about _SMOOTH rings of vertices.
_MOUTH_MARGIN, _IN_MOUTH, _OF_BOTH_JAWS, _TALL, _SMOOTH = 0.2, 0.6, 0.25, 0.6, 6


def classify(reference: ReferenceHead, warped: np.ndarray, target: TargetHead) -> dict[int, str]:
    """What each island near the face is that is not its skin: a part of ReferenceHead, or "mouth" for teeth or gums of
    both jaws in one piece. `warped` (n, 3): the reference head warped onto the target."""
    between_eyes = (reference.landmarks[0] + reference.landmarks[4]) / 2.0
    found = {}
    for number in np.unique(target.islands[~target.skin]):
        points = target.vertices[target.islands == number]
        if np.linalg.norm(points.mean(axis=0) - between_eyes) < _FACE_RADIUS:
            found[int(number)] = _kind(reference, warped, points)
    return found


def turn_eyes_and_lids(
    reference: ReferenceHead, warped: np.ndarray, target: TargetHead, kinds: dict[int, str], displacements: np.ndarray
) -> np.ndarray:
    """The displacements (52, n, 3) with eyes that turn and lids that slide around them: what lies on the eyeball keeps
    its distance from its centre, and skin in front of it never comes nearer.

    The eyeball is the target's own where this mesh has one, else where the reference's would be.
    """
    displacements = displacements.copy()
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        expected = warped[reference.eyeball(sign)]
        eyes = [np.flatnonzero(target.islands == number) for number, kind in kinds.items() if kind == "eye"]
        eyes = [rows for rows in eyes if _share_inside(target.vertices[rows], expected) > _IN_EYE]
        ball = target.vertices[max(eyes, key=len)] if eyes else expected
        centre = _box_centre(ball)
        for rows in eyes:
            for shape, turned in _looks(target.vertices[rows] - centre, side).items():
                displacements[COLUMN[shape], rows] = turned
        radius = float(np.median(np.linalg.norm(ball - centre, axis=1)))
        rest = target.vertices - centre
        lids = np.flatnonzero(
            target.skin & (np.linalg.norm(rest, axis=1) < 1.6 * radius) & (rest[:, 2] > -0.2 * radius)
        )
        for index in [i for i, name in enumerate(ARKIT) if name.startswith("eye") and name.endswith(side)]:
            displacements[index, lids] = _slid(rest[lids], displacements[index, lids], radius)
    return displacements


def move_parts(
    reference: ReferenceHead, target: TargetHead, kinds: dict[int, str], displacements: np.ndarray
) -> np.ndarray:
    """The displacements (52, n, 3) with lower teeth and tongue that follow the jaw, and lashes and brows that follow
    the skin below. Of an island of both jaws the upper part rests, the lower follows the jaw, and it stretches between.
    """
    displacements = displacements.copy()
    skin_rows = np.flatnonzero(target.skin)
    for number, kind in kinds.items():
        rows = np.flatnonzero(target.islands == number)
        points = target.vertices[rows]
        if kind in ("lower", "tongue"):
            displacements[:, rows] = _with_jaw(reference, points, kind)
        elif kind == "mouth":
            parts = _mouth_parts(reference, points, target, kinds)
            displacements[:, rows] = _stretched_between_jaws(reference, target, rows, parts)
        elif kind not in ("upper", "eye"):
            displacements[:, rows] = displacements[:, skin_rows[nearest(points, target.vertices[skin_rows])]]
    return displacements


def _kind(reference: ReferenceHead, warped: np.ndarray, points: np.ndarray) -> str:
    """What an island of these points (p, 3) is, by what of the warped reference head lies there."""
    if max(_share_inside(points, warped[reference.eyeball(sign)]) for sign in (1.0, -1.0)) > _IN_EYE:
        return "eye"
    parts, counts = np.unique(reference.parts[nearest(points, warped)], return_counts=True)
    part = str(parts[counts.argmax()])
    return mouth_part(reference, points) if part != "eye" and in_mouth(reference, points) else part


def in_mouth(reference: ReferenceHead, points: np.ndarray) -> bool:
    """Do most of these points lie where the reference has its teeth and tongue? It is not warped there, because skin
    says nothing about what lies behind it."""
    mouth = reference.vertices[np.isin(reference.parts, MOUTH_PARTS)]
    low, high = mouth.min(axis=0), mouth.max(axis=0)
    margin = _MOUTH_MARGIN * (high - low)
    return bool(((points >= low - margin) & (points <= high + margin)).all(axis=1).mean() > _IN_MOUTH)


def mouth_part(reference: ReferenceHead, points: np.ndarray) -> str:
    """Which of MOUTH_PARTS an island of these points (p, 3) in the mouth is, or "mouth" for both jaws."""
    parts = _mouth_parts(reference, points)
    upper, lower, tongue = (float((parts == kind).mean()) for kind in MOUTH_PARTS)
    tall = np.ptp(points[:, 1]) > _TALL * np.ptp(reference.vertices[np.isin(reference.parts, MOUTH_PARTS), 1])
    if tall and min(upper, lower) > _OF_BOTH_JAWS:
        return "mouth"
    return "upper" if upper > 0.5 else "lower" if lower > tongue else "tongue"


def _mouth_parts(
    reference: ReferenceHead, points: np.ndarray, target: TargetHead | None = None, kinds: dict[int, str] | None = None
) -> np.ndarray:
    """(p,) which of MOUTH_PARTS is nearest to each point (p, 3): of the reference, or of the target's islands of known
    `kinds`, which are more reliable and count as half as far away."""
    mouth = np.flatnonzero(np.isin(reference.parts, MOUTH_PARTS))
    near = mouth[nearest(points, reference.vertices[mouth])]
    parts = reference.parts[near]
    if target is None or kinds is None:
        return parts
    known = np.array([kinds.get(int(number), "") for number in target.islands])
    rows = np.flatnonzero(np.isin(known, MOUTH_PARTS))
    if not rows.size:
        return parts
    own = rows[nearest(points, target.vertices[rows])]
    distance = np.linalg.norm(points - reference.vertices[near], axis=1)
    nearer = np.linalg.norm(points - target.vertices[own], axis=1) < 2.0 * distance
    return np.where(nearer, known[own], parts)


def _stretched_between_jaws(
    reference: ReferenceHead, target: TargetHead, rows: np.ndarray, parts: np.ndarray
) -> np.ndarray:
    """(52, p, 3) what vertices `rows` (p,) of one island do of which `parts` (p,) of MOUTH_PARTS are near."""
    number = np.full(len(target.vertices), -1)
    number[rows] = np.arange(len(rows))
    weights = np.stack([parts == below for below in ("lower", "tongue")], axis=1).astype(float)
    weights = surface.smoothed(weights, number[target.edges[number[target.edges[:, 0]] >= 0]], _SMOOTH)
    lower, tongue = (
        weight[:, None] * _with_jaw(reference, target.vertices[rows], below)
        for weight, below in zip(weights.T, ("lower", "tongue"), strict=True)
    )
    return lower + tongue


def _with_jaw(reference: ReferenceHead, points: np.ndarray, kind: str) -> np.ndarray:
    """(52, p, 3) what the reference's lower teeth or tongue do, as an affine motion of each shape, at points (p, 3)."""
    own = reference.parts == kind
    at_rest = np.c_[reference.vertices[own], np.ones(own.sum())]
    moved = reference.shapes[:, own].transpose(1, 0, 2).reshape(own.sum(), -1)
    affine = np.linalg.lstsq(at_rest, moved, rcond=1e-3)[0]
    return (np.c_[points, np.ones(len(points))] @ affine).reshape(len(points), -1, 3).swapaxes(0, 1)


def _share_inside(points: np.ndarray, ball: np.ndarray) -> float:
    """The share of points that lie in a ball, which is given by points on it, or close to its surface."""
    centre = _box_centre(ball)
    radius = np.median(np.linalg.norm(ball - centre, axis=1))
    return float((np.linalg.norm(points - centre, axis=1) < 1.12 * radius).mean())


def _box_centre(points: np.ndarray) -> np.ndarray:
    return (points.min(axis=0) + points.max(axis=0)) / 2.0


def _looks(ball: np.ndarray, side: str) -> dict[str, np.ndarray]:
    """Shape -> displacements (p, 3) of points of an eye, given from its centre, that looks in each direction."""
    out = 1.0 if side == "Left" else -1.0
    about_y = np.array([[0, 0, 1.0], [0, 0, 0], [-1, 0, 0]])
    about_x = np.array([[0, 0, 0], [0, 0, -1.0], [0, 1, 0]])
    turns = {"Out": (about_y, out * LOOK_SIDE), "In": (about_y, -out * LOOK_SIDE)}
    turns |= {"Up": (about_x, -LOOK_UP_DOWN), "Down": (about_x, LOOK_UP_DOWN)}
    looks = {}
    for name, (about, angle) in turns.items():
        # Rodrigues' formula.
        rotation = np.eye(3) + np.sin(angle) * about + (1.0 - np.cos(angle)) * about @ about
        looks[f"eyeLook{name}{side}"] = ball @ rotation.T - ball
    return looks


def _slid(rest: np.ndarray, moves: np.ndarray, radius: float) -> np.ndarray:
    """The displacements `moves` (l, 3) of lids at `rest` (l, 3) from the centre of the eyeball, changed so that none
    comes nearer to it, nor goes further away unless it lies clear of the ball."""
    before = np.linalg.norm(rest, axis=1)
    slack = np.interp(before / radius, (1.12, 1.35), (0.0, 0.5 * radius))
    moved = rest + moves
    now = np.maximum(np.linalg.norm(moved, axis=1), 1e-9)
    kept = np.where(np.linalg.norm(moves, axis=1) > STILL, np.clip(now, before, before + slack), now)
    return moved * (kept / now)[:, None] - rest
