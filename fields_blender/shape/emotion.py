"""How strongly a performance shows its emotion, with the words left alone: Track -> Track.

Words live in the mouth and are quick; an emotion takes the whole face and lasts (Daněček et al., EMOTE, SIGGRAPH Asia
2023). So what a slow low-pass leaves of the channels that carry emotion is the emotion, and only that part is scaled.
Lips and lids that close keep closing: see `lips.keep_gap` and `give_way_to_blinks`.
"""

from dataclasses import dataclass

import numpy as np

from ..core.errors import FieldsError
from ..core.names import EMOTIONS, EXPRESSION
from ..core.regions import without_side
from ..core.track import Track
from . import lips
from .runs import runs

MIN_INTENSITY, MAX_INTENSITY = 0.0, 2.0

# This percentile of the slow part, up to that weight, counts as rest: noise and how a person's brows sit are not
# amplified, but a smile that lasts all through a clip is.
REST, MAX_REST = 10.0, 0.05

# Which emotion is shown changes no quicker than this (Hz); where all together are less likely than this, they count for
# less.
SHARES_CUTOFF, HARDLY_SHOWN = 1.0, 0.2


@dataclass(frozen=True)
class Carrier:
    """Channels in which what moves below `cutoff` Hz is emotion. Strengthened weights rise as asked up to `knee`, then
    level off towards `ceiling`, so that no skin folds into itself."""

    names: tuple[str, ...]
    cutoff: float
    knee: float
    ceiling: float

    @property
    def columns(self) -> list[int]:
        return [i for i, name in enumerate(EXPRESSION) if without_side(name) in self.names]


# Words need the corners of the mouth too, but briefly; skin folds into itself there from 1.4 on. They do not need the
# upper face, where a brow that shoots up must shoot up higher but no earlier; 2 is the most that mappings key. Jaw,
# lids, gaze and all other shapes of the lips are left alone.
CARRIERS = (
    Carrier(("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple"), cutoff=1.0, knee=1.1, ceiling=1.4),
    Carrier(
        ("browDown", "browInnerUp", "browOuterUp", "cheekSquint", "eyeSquint", "eyeWide", "noseSneer"),
        cutoff=3.0,
        knee=1.5,
        ceiling=2.0,
    ),
)
_COLUMNS = {name: i for i, name in enumerate(EXPRESSION)}
_WIDE_OR_NARROW = [[_COLUMNS[f"eyeWide{side}"], _COLUMNS[f"eyeSquint{side}"]] for side in ("Left", "Right")]
# The expression weights, which are ARKit weights too, that `Emotion.at` may change.
CHANGED = tuple(
    name for i, name in enumerate(EXPRESSION) if i == lips.MOUTH_CLOSE or any(i in c.columns for c in CARRIERS)
)


@dataclass(frozen=True)
class Emotion:
    """A performance and the part of it that is emotion, found once, so that changing its intensity is quick.

    `slow` (n, 39): weights over EXPRESSION, 0 or more; NaN where there is no face. `shares` (n, 7): how much of it
    belongs to each emotion except neutral, 0 or more, together at most 1; 0 where there is no face.
    """

    track: Track
    slow: np.ndarray
    shares: np.ndarray

    def at(self, intensity: float | np.ndarray) -> Track:
        """The performance with its emotion `intensity` times as strong: a number or (n,), 0 (none) to 2 (twice).

        Where it is 1 every number stays exactly as it is. Jaw, eyelids, gaze, head and time are never touched.
        Raises FieldsError for an intensity out of range or of another length than the performance.
        """
        return _scaled(self, _checked(intensity, len(self.track)))

    def balance(self, intensities: np.ndarray) -> np.ndarray:
        """The overall intensity (n,) that gives each emotion its own of `intensities` (7,) or (n, 7) where it is shown.

        They are in the order of EMOTIONS without neutral, 0 to 2. What belongs to no emotion stays at 1.
        """
        return 1.0 + (self.shares * (np.asarray(intensities, dtype=np.float64) - 1.0)).sum(axis=1)


def find(track: Track) -> Emotion:
    """The emotion in `track`: the slow part of the channels that carry emotion, above this person's rest."""
    slow = np.where(np.isnan(track["expression"]), np.nan, 0.0)
    for carrier in CARRIERS:
        columns = carrier.columns
        for run in runs(track):
            values = track["expression"][run[:, None], columns].astype(np.float64)
            slow[run[:, None], columns] = low_pass(track.time[run], values, carrier.cutoff)
    if track.found.any():
        rest = np.minimum(np.nanpercentile(slow, REST, axis=0), MAX_REST)
        slow = np.maximum(slow - rest, 0.0)
    return Emotion(track, give_way_to_blinks(slow, track["eyelids"]), _shares(track))


def _shares(track: Track) -> np.ndarray:
    """(n, 7): each emotion's share of what is shown, changing slowly; less where hardly any is shown."""
    shares = np.zeros((len(track), len(EMOTIONS) - 1))
    shown = np.delete(track["emotion"].astype(np.float64), EMOTIONS.index("neutral"), axis=1)
    for run in runs(track):
        shares[run] = np.maximum(low_pass(track.time[run], shown[run], SHARES_CUTOFF), 0.0)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), HARDLY_SHOWN)


def _scaled(emotion: Emotion, intensity: np.ndarray) -> Track:
    track = emotion.track
    more = (intensity - 1.0)[:, None]
    before = track["expression"].astype(np.float64)
    asked = before + more * emotion.slow
    weaker, stronger = np.maximum(asked, np.minimum(before, 0.0)), np.maximum(_soft_limited(asked), before)
    after = lips.keep_gap(track, np.where(more < 0.0, weaker, stronger))
    return track.with_groups({"expression": np.where(more == 0.0, before, after), **_labels(track, intensity)})


def _checked(intensity: float | np.ndarray, count: int) -> np.ndarray:
    intensity = np.asarray(intensity, dtype=np.float64)
    if intensity.shape not in ((), (count,)) or not ((intensity >= MIN_INTENSITY) & (intensity <= MAX_INTENSITY)).all():
        raise FieldsError(
            "An emotion intensity is a number from {least:g} to {most:g}, one for all frames or one for each of them.",
            least=MIN_INTENSITY,
            most=MAX_INTENSITY,
        )
    return np.broadcast_to(intensity, (count,))


def low_pass(time: np.ndarray, values: np.ndarray, hertz: float) -> np.ndarray:
    """The slow part of values (n, k) at times (n,) s, rising by any steps: half the amplitude is left at `hertz`.

    A Gaussian mean of the neighbours, each weighted by its duration: it shifts nothing in time and, unlike a
    Butterworth filter, never overshoots.
    """
    width = np.sqrt(np.log(2.0) / 2.0) / (np.pi * hertz)
    lasts = np.gradient(time) if len(time) > 1 else np.ones(1)
    here = np.arange(len(time))
    first, last = (np.searchsorted(time, time + reach) for reach in (-4.0 * width, 4.0 * width))
    total, weights = np.zeros_like(values), np.zeros(len(time))
    for step in range(int((first - here).min()), int((last - here).max()) + 1):
        at = here[max(0, -step) : len(time) - max(0, step)]
        weight = lasts[at + step] * np.exp(-0.5 * ((time[at + step] - time[at]) / width) ** 2)
        total[at] += weight[:, None] * values[at + step]
        weights[at] += weight
    return total / weights[:, None]


def give_way_to_blinks(slow: np.ndarray, eyelids: np.ndarray) -> np.ndarray:
    """`slow` (n, 39) with less eyeWide and eyeSquint the further the eye is shut, so that a blink still shuts it."""
    slow = slow.copy()
    for side, columns in enumerate(_WIDE_OR_NARROW):
        slow[:, columns] *= 1.0 - np.clip(eyelids[:, side : side + 1], 0.0, 1.0)
    return slow


def _soft_limited(weights: np.ndarray) -> np.ndarray:
    """Weights (n, 39) that level off between the knee and the ceiling of their Carrier."""
    limited = weights.copy()
    for carrier in CARRIERS:
        some, room = weights[:, carrier.columns], carrier.ceiling - carrier.knee
        above = np.maximum(some - carrier.knee, 0.0)
        limited[:, carrier.columns] = np.minimum(some, carrier.knee + room * (1.0 - np.exp(-above / room)))
    return limited


def _labels(track: Track, intensity: np.ndarray) -> dict[str, np.ndarray]:
    """`emotion`, `intensity` and `valence_arousal` scaled to match; the share that emotions lose goes to neutral."""
    factor = intensity[:, None].astype(np.float32)
    neutral = EMOTIONS.index("neutral")
    emotion = track["emotion"] * factor
    emotion[:, neutral] = 0.0
    emotion /= np.maximum(emotion.sum(axis=1, keepdims=True), 1.0)
    emotion[:, neutral] = 1.0 - emotion.sum(axis=1)
    same = factor == 1.0
    return {
        "emotion": np.where(same, track["emotion"], emotion),
        "intensity": np.where(same, track["intensity"], np.minimum(track["intensity"] * factor, 1.0)),
        "valence_arousal": np.where(same, track["valence_arousal"], np.clip(track["valence_arousal"] * factor, -1, 1)),
    }
