"""Matches a head's shapes to captured sources by how they move the face: for heads whose names tell nothing.

The head is aligned to the demo head, which has all 52 shapes (`face_frame`). Each shape's motion is compared with that
of every source (`reference_motions`), and matched with the source, or both sides of it, that it is most like, each
once; or with a sum of few (`sparse`) where that explains it much better. `shape_rows` makes rows of what is found.
"""

from collections.abc import Sequence

import numpy as np

from ..core.errors import FieldsError
from ..geometry import face_frame
from ..geometry.sparse import assign, explain, explained
from . import reference_motions
from .match_result import Match
from .reference_motions import REACH, Motions, Reference
from .shape_rows import Found, listed, rows

MOST_VERTICES = 15_000  # more add nothing but time
_FEWEST_VERTICES = 50
_BENDS = 2  # times the head is bent onto the reference by what was found
_CERTAIN = 0.6  # cosine; a motion that is so much like a source tells where that source's place on the face is
_LEAST_LIKE = 0.3  # cosine; less is a motion of another kind
_LEAST_SCORE = 0.15  # to be assigned a source
_COST, _MOST, _SHARE = 0.15, 1.5, 0.12  # of the amounts in a sum (`sparse.explain`)
_MOST_TERMS = 3  # of a sum
# A shape is matched with a sum where that leaves less than _MUCH_BETTER of what one source leaves unexplained, or less
# than _BETTER where that is more than _POOR.
_MUCH_BETTER, _BETTER, _POOR = 0.33, 0.5, 0.3
_STILL = 1e-4  # of the head's size
_WHOLE = 0.8  # share of a shape's motion that is a shift of the whole head, or of the vertices that it moves
_SIZE_PENALTY = 0.05  # for a motion twice or half as large as the head's others
_TWINS = 0.9  # cosine; two motions that mirror each other so well are the two sides of one


def match(names: Sequence[str], rest: np.ndarray, moves: np.ndarray, landmarks: np.ndarray | None = None) -> Match:
    """The mapping of a head whose shapes `names` (k) move vertices at `rest` (n, 3) by `moves` (k, n, 3), in any unit
    and orientation. `landmarks` (6, 3): face_frame.SELECTED_LANDMARKS in any order, where the artist selected them.

    Rows below DOUBTFUL are for the artist to check; shapes that are like no source are in `spare`, with the reason.
    Raises FieldsError where the mesh or its shapes can't be compared at all.
    """
    rest, moves = np.asarray(rest), np.asarray(moves)
    _check(names, rest, moves)
    spare = _not_of_the_face(names, rest, moves)
    live = [i for i, name in enumerate(names) if name not in spare]
    if not live:
        raise FieldsError("None of the shape keys moves a part of the face. Choose another head.")
    moves = moves[live]
    few = face_frame.face_vertices(rest, face_frame.motion_density(moves), MOST_VERTICES)
    rest, moves = rest[few].astype(np.float64), moves[:, few].astype(np.float32)
    reference = reference_motions.load()
    if landmarks is None:
        starts = face_frame.align_by_motion(rest, moves, reference.rest, reference.moves)
    else:
        starts = [face_frame.align_by_landmarks(landmarks, reference.landmarks)]
    found = _identify(*_aligned(rest, moves, starts, reference), reference)
    return rows([names[i] for i in live], found, spare, reference.motions)


def _check(names: Sequence[str], rest: np.ndarray, moves: np.ndarray) -> None:
    if not len(names):
        raise FieldsError("The head has no shape keys. Choose a head that has some.")
    if len(rest) < _FEWEST_VERTICES:
        raise FieldsError(
            "The head has only {count} vertices, too few to tell a face by. Choose the face's mesh.", count=len(rest)
        )
    if not np.isfinite(rest).all():
        raise FieldsError("Some vertices of the head are nowhere (not a number). Repair the mesh, then try again.")
    if not np.ptp(rest, axis=0).any():
        raise FieldsError("All vertices of the head are in one point. Repair the mesh, then try again.")
    if not np.nan_to_num(moves, posinf=0.0, neginf=0.0).any():
        raise FieldsError("None of the shape keys moves anything. Sculpt them first, or choose another head.")


def _not_of_the_face(names: Sequence[str], rest: np.ndarray, moves: np.ndarray) -> dict[str, str]:
    """Shapes that can't be expressions of the face, each with the reason."""
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


def _aligned(
    rest: np.ndarray, moves: np.ndarray, starts: list[face_frame.Similarity], reference: Reference
) -> tuple[np.ndarray, np.ndarray]:
    """The head (n, 3) and its moves (k, n, 3) in the reference's frame: of all `starts`, each bent up to _BENDS times,
    the one in which the sources explain the shapes best. Faces differ, so the head is bent until the motions that are
    certain lie where the reference's do."""
    known, points = reference.motions, reference.points[::2]
    fields = known.fields.reshape(len(known.names), -1, 3)[:, ::2]
    units, known_lengths = face_frame.normalized(fields)
    gram = units @ units.T
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for scale, rotation, offset in starts:
        placed, turned = scale * rest @ rotation.T + offset, scale * moves @ rotation.T
        for bends in range(_BENDS + 1):
            motions, lengths = face_frame.normalized(face_frame.sample_motion(points, placed, turned, REACH))
            cosines = motions @ units.T
            score = cosines - _size_penalty(cosines, lengths, known_lengths) - known.penalties
            assigned = assign(score - _LEAST_SCORE)
            likeness = np.where(assigned >= 0, cosines[np.arange(len(assigned)), assigned], 0.0)
            fit = explained(gram, cosines) + float(likeness.mean())
            if best is None or fit > best[0]:
                best = fit, placed, turned
            certain = [
                i for i, to in enumerate(assigned) if to >= 0 and score[i, to] > max(_CERTAIN, score[i].max() - 0.02)
            ]
            if bends == _BENDS or len(certain) < 3:
                break
            centres = face_frame.motion_centres(placed, turned)[certain]
            placed = face_frame.bend(centres, known.centres[assigned[certain]], placed)
    assert best is not None
    return best[1], best[2]


def _identify(rest: np.ndarray, moves: np.ndarray, reference: Reference) -> list[Found | None]:
    """What each shape of an aligned head is; None: like no source."""
    known = reference.motions
    fields = face_frame.sample_motion(reference.points, rest, moves, REACH)
    units, lengths = face_frame.normalized(fields)
    cosines = _symmetric(units @ known.units.T, units, fields, known)
    score = cosines - _size_penalty(cosines, lengths, known.lengths) - known.penalties
    assigned = assign(score - _LEAST_SCORE)
    least = 0.01 * float(np.median(known.lengths))
    return [
        _identify_one(cosines[i], score[i], int(assigned[i]), known) if lengths[i] > least else None
        for i in range(len(cosines))
    ]


def _symmetric(cosines: np.ndarray, units: np.ndarray, fields: np.ndarray, known: Motions) -> np.ndarray:
    """The cosines (k, m) of shapes and motions, made symmetric for two shapes that mirror each other, and for one that
    mirrors itself."""
    half = fields.shape[1] // 2
    flipped = np.concatenate([fields[:, half:], fields[:, :half]], axis=1) * (-1.0, 1.0, 1.0)
    likeness = units @ face_frame.normalized(flipped)[0].T
    twin = likeness.argmax(axis=1)
    rows = np.arange(len(twin))
    paired = (likeness[rows, twin] > _TWINS) & (twin[twin] == rows)
    other = cosines[twin][:, known.mirrored]
    return np.where(paired[:, None], (cosines + other) / 2.0, cosines)


def _size_penalty(cosines: np.ndarray, lengths: np.ndarray, known_lengths: np.ndarray) -> np.ndarray:
    """(k, m) what a shape loses as a motion because it is larger or smaller, against it, than the head's others are."""
    ratio = np.log2(np.maximum(lengths, 1e-9))[:, None] - np.log2(known_lengths)
    usual = np.median(ratio[np.arange(len(cosines)), cosines.argmax(axis=1)])
    return _SIZE_PENALTY * np.minimum(np.abs(ratio - usual), 3.0)


def _identify_one(cosines: np.ndarray, score: np.ndarray, assigned: int, known: Motions) -> Found | None:
    """What one shape is, by its cosines and scores (m,) and the motion assigned to it (-1: none)."""
    chosen = assigned if assigned >= 0 else int(score.argmax())
    unexplained = 1.0 - max(float(cosines[chosen]), 0.0) ** 2
    combined = _as_sum(cosines, min(unexplained, 1.0 - float(cosines.max()) ** 2), known)
    if combined is not None:
        return combined
    if cosines[chosen] < _LEAST_LIKE:
        return None
    others = np.where(known.sources @ known.sources[chosen] > 0.0, -1.0, cosines)
    rival = int(others.argmax())
    ahead = float(cosines[chosen] - others[rival])
    confidence = float(np.clip(cosines[chosen] + min(ahead, 0.0) - 0.1 * (assigned < 0), 0.05, 1.0))
    return Found(
        known.names[chosen],
        known.fields[chosen],
        known.sources[chosen] > 0.0,
        confidence,
        unexplained,
        known.names[rival] if ahead < 0.05 else "",
    )


def _as_sum(cosines: np.ndarray, single: float, known: Motions) -> Found | None:
    """The shape as a sum of few motions; None where that is not much better than one, which leaves `single` of the
    shape unexplained."""
    amounts = explain(known.gram, cosines, _COST, _MOST, known.opposed, _SHARE)
    unexplained = 1.0 - float(2.0 * amounts @ cosines - amounts @ known.gram @ amounts)
    terms = int(np.count_nonzero(amounts))
    better = unexplained < _MUCH_BETTER * single or (single > _POOR and unexplained < _BETTER * single)
    if not (1 < terms <= _MOST_TERMS and better):
        return None
    # In units of the sources, the largest of which is full.
    full = amounts / known.lengths
    full /= full.max()
    name = listed([known.names[i] for i in np.argsort(-amounts)[:terms]])
    confidence = max(1.0 - unexplained, 0.0) ** 0.5 - 0.1 * (terms - 1)
    return Found(name, full @ known.fields, (full @ known.sources) > 0.0, confidence, unexplained)
