"""From what each shape of a head was found to be, to the rows of its mapping."""

from dataclasses import dataclass

import numpy as np

from ..core.names import ARKIT
from ..geometry.sparse import coordinate_descent
from . import mapping
from .match_result import DOUBTFUL, Match, Row, missing
from .reference_motions import Motions, pairs
from .sources import COLUMN

_LEAST_WEIGHT = 0.08  # of a source in a row
_NOTHING = 0.01  # total weight below which other shapes show all of it
_LEAST_TOTAL = 0.5  # weight that a shape keeps which shares all its sources with others


@dataclass(frozen=True)
class Found:
    """What one shape is: a `motion` (3 p,) of the reference, made of the `sources` (52,) that are True; `unexplained`:
    the share of the shape's own motion that it leaves; `rival`: another motion that is nearly as likely, or more."""

    name: str
    motion: np.ndarray
    sources: np.ndarray
    confidence: float
    unexplained: float
    rival: str = ""


def rows(names: list[str], found: list[Found | None], spare: dict[str, str], motions: Motions) -> Match:
    """The mapping of shapes `names` (k) that are what was `found` (k); `spare`: shapes that were left out before."""
    spare = dict(spare)
    weights = _weights(found, motions)
    made = []
    for name, shape, weight in zip(names, found, weights, strict=True):
        if shape is None:
            spare[name] = "no captured source moves the face like it"
        elif not weight.any():
            same = [f"“{names[j]}”" for j, other in enumerate(weights) if (other[shape.sources] > 0.0).any()]
            show = "shows" if len(same) == 1 else "show"
            spare[name] = f"it moves like {shape.name}, which {listed(same[:3])} already {show}"
        else:
            channel = mapping.channel(_formula(weight), name, minimum=0.0, maximum=1.0)
            made.append(Row(channel, shape.confidence, _why(shape)))
    return Match("Shape", tuple(made), spare, missing(made))


def listed(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _formula(weights: np.ndarray) -> str:
    """The weighted sum of sources (52,) as a formula, the largest weight first."""
    order = [i for i in np.argsort(-weights, kind="stable") if weights[i] != 0.0]
    terms = [ARKIT[i] if abs(weights[i]) == 1.0 else f"{abs(weights[i]):g} {ARKIT[i]}" for i in order]
    signs = [" - " if weights[i] < 0.0 else " + " for i in order]
    return "".join(sign + term for sign, term in zip(signs, terms, strict=True)).removeprefix(" + ")


def _why(shape: Found) -> str:
    why = f"moves like {shape.name}; fit error {100 * shape.unexplained:.0f} %"
    if shape.rival:
        why += f"; it could be {shape.rival}"
    elif shape.confidence < DOUBTFUL:
        why += "; worth a look"
    return why


def _weights(found: list[Found | None], motions: Motions) -> np.ndarray:
    """How much each shape follows each source (k, 52), so that all shapes together move the head as the source does,
    and nothing is shown twice: non-negative least squares, where of equal shapes the most confident has it all."""
    weights = np.zeros((len(found), len(ARKIT)))
    known = [(i, shape) for i, shape in enumerate(found) if shape is not None]
    known.sort(key=lambda pair: -pair[1].confidence)
    if not known:
        return weights
    order = [i for i, _ in known]
    fields = np.array([shape.motion for _, shape in known])
    gram, target = fields @ fields.T, fields @ motions.fields[: len(ARKIT)].T
    for source in range(len(ARKIT)):
        free = np.array([shape.sources[source] for _, shape in known])
        weights[order, source] = coordinate_descent(gram, target[:, source], np.inf, free)
    total = weights.sum(axis=1, keepdims=True)
    weak = (total > _NOTHING) & (total < _LEAST_TOTAL)
    weights *= np.where(weak, _LEAST_TOTAL / np.maximum(total, _NOTHING), 1.0)
    weights = np.round(np.where(weights < _LEAST_WEIGHT, 0.0, weights), 2)
    for a, b in pairs():
        weights = _with_wink(weights, found, COLUMN[a], COLUMN[b])
        weights = _with_wink(weights, found, COLUMN[b], COLUMN[a])
    return weights


def _with_wink(weights: np.ndarray, found: list[Found | None], one: int, other: int) -> np.ndarray:
    """The weights (k, 52) where a head has a shape for both sides and one for one side (to wink with), but none for the
    other side: the shape for both follows the other side, that for one side the excess on its side.

    Both sides then show what was captured, unless the side without a shape of its own goes further, which no sum of
    these two shapes can show.
    """
    made_of = [set() if shape is None else set(np.flatnonzero(shape.sources)) for shape in found]
    alone, beside, both = (
        [i for i, made in enumerate(made_of) if made == wanted] for wanted in ({one}, {other}, {one, other})
    )
    if len(alone) != 1 or beside or len(both) != 1:
        return weights
    weights = weights.copy()
    weights[[*alone, *both]] = 0.0
    weights[both[0], other] = weights[alone[0], one] = 1.0
    weights[alone[0], other] = -1.0
    return weights
