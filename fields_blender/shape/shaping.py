"""All that shapes a performance between capture and retargeting, as one set of settings that can be stored.

    Track -> despiked -> calibrated to the face at rest -> full range -> smoothed -> gaps filled
          -> corrected -> emotions added
          -> Emotion -> Track at an intensity -> mirrored, made symmetric, by region, by channel -> Track

The first line takes a moment and is only repeated when its settings change; the others are quick.
"""

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..core.names import EMOTIONS
from ..core.regions import REGIONS
from ..core.track import LARGEST, Track
from . import adjust, calibrate, corrections, despike, emotion, gaps, spread
from .added_emotion import AddedEmotion, add
from .adjust import Channel
from .corrections import Correction
from .emotion import Emotion
from .smooth import METHODS, smooth

NEUTRALS = ("CAPTURED", "AUTOMATIC", "CHOSEN")
_ONES = (1.0,) * len(REGIONS)
_ADDED = AddedEmotion("", 0.0, 0.0, 0.0)
# What a text in stored settings can be.
_CHOICES = {
    "neutral": NEUTRALS, "smoothing": ("OFF", *METHODS), "gaps": gaps.POLICIES, "side": adjust.SIDES,
    "emotion": EMOTIONS,
}  # fmt: skip


@dataclass(frozen=True)
class Shaping:
    """An artist's settings; the defaults leave a performance exactly as it was captured.

    `neutral`: one of NEUTRALS; CHOSEN takes the face at rest from `rest_from` to `rest_to` (s), with `rest_head` the
    head's rotation too. `stretch` 0..1: how far channels are brought to their full range. `no_glitches`: despike.
    `smoothing`: OFF or one of smooth.METHODS, as strong as `smooth` says for each of REGIONS. `gaps`: one of
    gaps.POLICIES. `even`, `side`: see adjust.symmetrized. `strength`: of each of REGIONS. `channels`: ARKit name ->
    Channel. `added`: emotions added to the performance. `corrections`: those of the take, and of its actor.
    """

    neutral: str = "CAPTURED"
    rest_from: float = 0.0
    rest_to: float = 0.0
    rest_head: bool = False
    stretch: float = 0.0
    no_glitches: bool = False
    smoothing: str = "OFF"
    smooth: tuple[float, ...] = _ONES
    gaps: str = "NO_KEYS"
    mirror: bool = False
    even: float = 0.0
    side: str = "BOTH"
    strength: tuple[float, ...] = _ONES
    channels: dict[str, Channel] = field(default_factory=dict)
    added: tuple[AddedEmotion, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def prepare(self, track: Track) -> Emotion:
        """The performance cleaned, calibrated and corrected, and the part of it that is emotion.

        Raises FieldsError when there is no face where the face at rest is to be taken from, and for corrections and
        added emotions whose numbers make no sense.
        """
        return self.correct(self.clean(track))

    def clean(self, track: Track) -> Track:
        """The slow part of `prepare`: the performance cleaned and calibrated, not yet corrected."""
        if self.no_glitches:
            track = despike.despike(track)
        if self.neutral == "AUTOMATIC":
            track = calibrate.calibrate(track, calibrate.automatic_neutral(track))
        elif self.neutral == "CHOSEN":
            neutral = calibrate.chosen_neutral(track, self.rest_from, self.rest_to, self.rest_head)
            track = calibrate.calibrate(track, neutral)
        track = calibrate.full_range(track, self.stretch)
        if self.smoothing != "OFF":
            track = smooth(track, self.smooth, self.smoothing)
        return gaps.fill(track, self.gaps)

    def correct(self, cleaned: Track) -> Emotion:
        """The quick part of `prepare`: corrections, added emotions, and what of it all is emotion."""
        return emotion.find(add(spread.apply(cleaned, self.corrections), self.added))

    def finish(self, track: Track) -> Track:
        """The quick half: sides, regions, channels."""
        if self.mirror:
            track = adjust.mirrored_track(track)
        track = adjust.symmetrized(track, self.even, self.side)
        track = adjust.strengthened(track, self.strength)
        return adjust.by_channel(track, self.channels)

    @property
    def slow(self) -> "Shaping":
        """These settings with those that only `finish` reads at their defaults: equal ones prepare equal results."""
        plain = Shaping()
        return replace(
            self, mirror=plain.mirror, even=plain.even, side=plain.side, strength=plain.strength, channels={}
        )

    @property
    def cleaning(self) -> "Shaping":
        """These settings with those that `clean` does not read at their defaults."""
        return replace(self.slow, added=(), corrections=())

    def to_json(self) -> str:
        """One line; equal settings give equal lines."""
        data = asdict(self)
        for channel in data["channels"].values():
            for end in ("least", "most"):
                channel[end] = channel[end] if math.isfinite(channel[end]) else None
        return json.dumps(data, sort_keys=True, allow_nan=False)


def from_json(text: str) -> Shaping | None:
    """The settings that `to_json` wrote; None for any other text (another version's, edited by hand)."""
    try:
        data = json.loads(text)
        if set(data) != {each.name for each in fields(Shaping)}:
            return None
        channels = {
            name: Channel(
                **{
                    **channel,
                    "least": -math.inf if channel["least"] is None else channel["least"],
                    "most": math.inf if channel["most"] is None else channel["most"],
                }
            )
            for name, channel in data["channels"].items()
        }
        added = tuple(AddedEmotion(**each) for each in data["added"])
        lists = {"smooth": tuple(data["smooth"]), "strength": tuple(data["strength"])}
        corrected = tuple(corrections.from_data(data["corrections"]))
        read = Shaping(**{**data, **lists, "channels": channels, "added": added, "corrections": corrected})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    kept = [(read, Shaping()), *((each, Channel()) for each in channels.values()), *((each, _ADDED) for each in added)]
    return read if all(_fits(vars(each), vars(like)) for each, like in kept) else None


def _fits(values: dict[str, Any], like: dict[str, Any]) -> bool:
    """Is each value of the kind of that in `like`, and one of its choices? Files travel, so they may hold anything."""
    for name, value in values.items():
        example = like[name]
        numbers = value if isinstance(example, tuple) and example else (value,) if isinstance(example, float) else ()
        if not all(
            type(number) in (int, float) and (abs(number) <= LARGEST or math.inf in (number, -number))
            for number in numbers
        ):
            return False
        if isinstance(example, tuple) and example and len(value) != len(example):
            return False
        if isinstance(example, bool | str) and type(value) is not type(example):
            return False
        if name in _CHOICES and value not in _CHOICES[name]:
            return False
    return True
