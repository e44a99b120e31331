"""A Track of a performance that came as ARKit weights: from a phone, from Audio2Face, from another tool."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core import track
from ..core.arkit import from_arkit
from ..core.errors import FieldsError
from ..core.files import read_bytes
from ..core.names import ARKIT
from ..core.track import Track
from ..shape import emotion_from_weights

# Where a file does not say where the head is: as far away as a person in front of a camera, straight ahead.
AHEAD = (0.0, 0.0, -10.0)
# Fewer names than these, and the file is about something else.
FEWEST_NAMES = 5
# Weights are 0..1 (some tools go a little beyond); what is far above was written in percent.
PERCENT_ABOVE = 5.0
LARGEST_WEIGHT = 1000.0
LARGEST_TIME = 1e7  # s

_BY_PLAIN_NAME = {name.lower(): i for i, name in enumerate(ARKIT)}


def column(name: str) -> int | None:
    """The index in `names.ARKIT` of a name in any common spelling (EyeBlinkLeft, eyeBlink_L, Face.eye_blink_left)."""
    name = re.split(r"[.:|]", name.strip()[:100])[-1]
    name = re.sub(r"[_\- ]([LlRr])$", lambda side: "Left" if side[1] in "Ll" else "Right", name)
    return _BY_PLAIN_NAME.get(re.sub(r"[^a-z]", "", name.lower()))


def columns(names: Sequence[str], file: str) -> list[tuple[int, int]]:
    """(place in `names`, index in `names.ARKIT`) of every ARKit name, once each.

    Raises FieldsError where `names` are not of ARKit; `file` is what the artist calls it.
    """
    found: dict[int, int] = {}
    for place, name in enumerate(names):
        index = column(name)
        if index is not None:
            found.setdefault(index, place)
    if len(found) < FEWEST_NAMES:
        raise FieldsError(
            f"{file} has only {len(found)} of the 52 ARKit names (eyeBlinkLeft, jawOpen, …). "
            "Export it with ARKit blend shapes, then import that."
        )
    return [(place, index) for index, place in found.items()]


def make(
    time: np.ndarray,
    weights: np.ndarray,
    head: np.ndarray | None = None,
    gaps: np.ndarray | None = None,
    source: dict | None = None,
) -> Track:
    """A Track from ARKit `weights` (n, 52) in the order of `names.ARKIT` at `time` (n,) s, in any order of time.

    `head` (n, 3): its rotation, axis-angle in rad as in docs/data-path.md; without one it stays straight. `gaps` (n,)
    bool: rows without a face. Of rows that show the same moment the first one counts. Weights in percent are divided.
    Raises FieldsError when nothing is left or a number makes no sense.
    """
    order = np.argsort(time, kind="stable")
    rows = order[np.concatenate([[True], np.diff(time[order]) > 0])] if len(order) else order
    if not len(rows):
        raise FieldsError("This recording is empty: there is no frame in it. Choose another file.")
    if not np.abs(time).max() < LARGEST_TIME:
        raise FieldsError("This recording holds times without sense, so it can't be used. Export it again.")
    gaps = np.zeros(len(time), bool) if gaps is None else gaps
    shown = rows[~gaps[rows]]
    weights = np.asarray(weights, dtype=np.float64)
    largest = np.abs(weights[shown]).max(initial=0.0)
    if not largest <= LARGEST_WEIGHT or (head is not None and not np.isfinite(head[shown]).all()):
        raise FieldsError(
            "This recording holds numbers that are no weights of a face, so it can't be used. Export it again."
        )
    performance = track.empty(time[rows], source=source)
    faces = ~gaps[rows]
    groups = from_arkit(weights[shown] / (100.0 if largest > PERCENT_ABOVE else 1.0))
    fill(performance, faces, groups | {"head": np.zeros((len(shown), 3)) if head is None else head[shown]})
    return performance


def fill(performance: Track, faces: np.ndarray, groups: dict[str, np.ndarray]) -> None:
    """Write `groups` into the rows `faces` (n,) bool of a Track of gaps.

    What no such file says: there is no uncertainty, the face is straight ahead, and its look is read off its weights.
    """
    known = {"translation": np.asarray(AHEAD), "confidence": 1.0, "uncertainty": 0.0}
    for name, values in (known | emotion_from_weights.read(groups["expression"]) | groups).items():
        performance.groups[name][faces] = values


def read_text(path: Path, largest: int) -> str:
    """A text file of at most `largest` bytes. Raises FieldsError where it can't be read or is larger."""
    return read_bytes(path, largest).decode("utf-8-sig", errors="replace")


def read_start(path: Path, size: int = 20_000) -> str:
    """The first `size` bytes of a text file. Raises FieldsError where it can't be read."""
    try:
        if path.exists() and not path.is_file():
            raise FieldsError(f"{path.name} is not a file. Choose a file.")
        with path.open("rb") as file:
            return file.read(size).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError) as error:
        raise FieldsError(f"{path.name} can't be read ({error}). Check the file.") from None
