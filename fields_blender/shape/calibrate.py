"""A performance calibrated to the person: their face at rest becomes 0, their strongest expression 1. Track -> Track.

A full weight stays full: w' = (w - rest) / (1 - rest).
"""

from dataclasses import dataclass

import numpy as np

from ..capture import neutral_frames
from ..core.arkit import from_arkit, to_arkit
from ..core.errors import FieldsError
from ..core.names import ARKIT, JAW_OPEN, JAW_SIDE
from ..core.regions import OF_ARKIT, REGIONS, other_side
from ..core.rotation import multiply, rotate, to_quaternion, to_vector
from ..core.track import Track
from . import lips

# A face at rest that is found automatically is at most this far from 0: more is an expression that lasts.
MAX_AUTOMATIC = 0.2
# One that the artist chooses may be this far; beyond there would be no room left to move.
MAX_CHOSEN = 0.8
# Lids this much further shut than usual are blinking, not at rest.
BLINKS = 0.2
# The extreme of a channel is this percentile, for lids their third most closed frame. Channels whose extreme is FULL or
# more are stretched until it is 1; weaker ones by no more than that factor, those below STILL not at all.
EXTREME, FULL, STILL = 99.0, 0.4, 0.1
_STRETCHED = [i for i, where in enumerate(OF_ARKIT) if REGIONS[where] not in ("gaze", "tongue")]
_BLINKS = [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]
# Channels that are stretched alike: the two sides of a face; mouthClose and the jaw whose opening it takes back.
_PLACE = {name: place for place, name in enumerate(ARKIT)}
_PARTNERS = [_PLACE[other_side(name)] for name in ARKIT]
_JAW_OPEN, _MOUTH_CLOSE = ARKIT.index("jawOpen"), ARKIT.index("mouthClose")


@dataclass(frozen=True)
class Neutral:
    """A person's face at rest: `expression` (39,), `jaw` (3,), `eyelids` (2,), `gaze` (2, 2) as in a Track.

    `head` (3,): the head's rotation at rest; None leaves the head as it was captured.
    """

    expression: np.ndarray
    jaw: np.ndarray
    eyelids: np.ndarray
    gaze: np.ndarray
    head: np.ndarray | None = None


def automatic_neutral(track: Track) -> Neutral:
    """The face at rest in the quietest frames that face the camera; gaze and head are left as they are.

    Raises FieldsError when no frame shows a face.
    """
    rows = _with_a_face(track)
    seen = {name: np.nan_to_num(values[rows].astype(np.float64)) for name, values in track.groups.items()}
    # Imported tracks may not say where the head is: assume in front of the camera.
    nowhere = ~seen["translation"].any(axis=1, keepdims=True)
    at = np.where(nowhere, (0.0, 0.0, -1.0), seen["translation"])
    found = _median_face(track, rows[neutral_frames.quietest(seen, seen["head"], at)])
    full = np.array([JAW_OPEN, JAW_SIDE, JAW_SIDE])
    return Neutral(
        np.clip(found.expression, -MAX_AUTOMATIC, MAX_AUTOMATIC),
        np.clip(found.jaw, -MAX_AUTOMATIC * full, MAX_AUTOMATIC * full),
        np.clip(found.eyelids, -MAX_AUTOMATIC, MAX_AUTOMATIC),
        np.zeros((2, 2)),
    )


def chosen_neutral(track: Track, start: float, end: float, head: bool = False) -> Neutral:
    """The face at rest from `start` to `end` (s): the median of those frames, in which the eyes look straight ahead.

    `head`: the head is straight there too. Lids are taken from frames without a blink, or from the whole performance
    where there are none. Raises FieldsError when none of those frames shows a face.
    """
    rows = _with_a_face(track)
    rows = rows[neutral_frames.between(track.time[rows], start, end)]
    return _median_face(track, rows, head)


def calibrate(track: Track, neutral: Neutral) -> Track:
    """`track` with `neutral` at 0; lips that close stay closed."""
    jaw = track["jaw"].astype(np.float64) - neutral.jaw
    jaw[:, 0] = _from_rest(track["jaw"][:, 0], neutral.jaw[0], JAW_OPEN)
    expression = _from_rest(track["expression"], neutral.expression)
    new = {
        "expression": lips.keep_closed(track, expression, jaw),
        "jaw": jaw,
        "eyelids": _from_rest(track["eyelids"], neutral.eyelids),
        "gaze": track["gaze"] - neutral.gaze,
    }
    if neutral.head is not None:
        # Seen from a camera that stands where this head looks at rest.
        back = to_quaternion(-neutral.head[None])
        new["head"] = to_vector(multiply(np.repeat(back, len(track), axis=0), to_quaternion(track["head"])))
        new["translation"] = rotate(back, track["translation"])
    return track.with_groups(new)


def full_range(track: Track, amount: float) -> Track:
    """`track` with the person's strongest expressions brought towards 1: `amount` 0 not at all (exactly), 1 fully.

    Both sides of the face change alike, nothing gets weaker, and lips that close stay closed. Gaze, tongue and head
    stay as they are.
    """
    if amount == 0.0 or not track.found.any():
        return track
    weights = to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])
    gains = np.ones(len(ARKIT))
    gains[_STRETCHED] = _gains(weights[track.found])[_STRETCHED] ** amount
    parts = from_arkit(weights * gains)
    jaw = parts["jaw"]
    jaw[:, 0] += np.minimum(track["jaw"][:, 0], 0.0)  # ARKit has neither a negative jawOpen nor a roll of the jaw
    jaw[:, 2] = track["jaw"][:, 2]
    new = {"expression": lips.keep_closed(track, parts["expression"], jaw), "jaw": jaw, "eyelids": parts["eyelids"]}
    return track.with_groups(new)


def _gains(weights: np.ndarray) -> np.ndarray:
    """(52,) factors, 1 or more, that bring the extremes of weights (n, 52) to 1, as far as FULL and STILL allow."""
    extreme = np.percentile(weights, EXTREME, axis=0)
    extreme[_BLINKS] = np.sort(weights[:, _BLINKS], axis=0)[-min(3, len(weights))]
    extreme = np.maximum(extreme, extreme[_PARTNERS])
    extreme[_MOUTH_CLOSE] = extreme[_JAW_OPEN]
    moves = np.clip((extreme - STILL) / STILL, 0.0, 1.0)
    return 1.0 + moves * (1.0 / np.clip(extreme, FULL, 1.0) - 1.0)


def _with_a_face(track: Track) -> np.ndarray:
    rows = np.flatnonzero(track.found)
    if len(rows) == 0:
        raise FieldsError("No frame shows a face, so none can be taken for the face at rest. Capture again.")
    return rows


def _median_face(track: Track, rows: np.ndarray, head: bool = False) -> Neutral:
    expression, jaw, gaze = (
        np.median(track[name][rows].astype(np.float64), axis=0) for name in ("expression", "jaw", "gaze")
    )
    most = np.array([MAX_CHOSEN * JAW_OPEN, np.inf, np.inf])
    held = _mean_rotation(track["head"][rows]) if head else None
    lids = np.minimum(_lids(track, rows), MAX_CHOSEN)
    return Neutral(np.minimum(expression, MAX_CHOSEN), np.minimum(jaw, most), lids, gaze, held)


def _lids(track: Track, rows: np.ndarray) -> np.ndarray:
    """(2,): how far shut the lids are at rest in these frames, without blinks."""
    lids = track["eyelids"].astype(np.float64)
    usual = np.median(lids[track.found], axis=0)
    resting = np.empty(2)
    for side in range(2):
        mine = lids[rows, side]
        open_ = mine[mine < usual[side] + BLINKS]
        resting[side] = np.median(open_) if len(open_) else usual[side]
    return resting


def _from_rest(values: np.ndarray, resting: np.ndarray | float, full: float = 1.0) -> np.ndarray:
    return (values.astype(np.float64) - resting) * full / (full - resting)


def _mean_rotation(vectors: np.ndarray) -> np.ndarray:
    """(3,): the mean of rotations (n, 3) that are not far apart."""
    turns = to_quaternion(vectors)
    turns *= np.where(turns @ turns[0] < 0, -1.0, 1.0)[:, None]
    middle = turns.mean(axis=0, keepdims=True)
    return to_vector(middle / np.linalg.norm(middle))[0]
