"""What a bake did, for the artist."""

from dataclasses import dataclass, field

import numpy as np

from ..common.wording import say
from .plan import FCurveValues


@dataclass(frozen=True)
class Report:
    """What was keyed: the mapping's names. `skipped`: name -> why it was not keyed.

    `gaps` of the `frames` show no face. `keys` were written for `samples` values; the largest error that made is
    `error` for shape keys, `angle_error` (rad) for bones. `written`: the F-curves. `own_keys`: what became of keys
    that the artist had set.
    """

    frames: int = 0
    gaps: int = 0
    channels: int = 0
    keyed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    keys: int = 0
    error: float = 0.0
    angle_error: float = 0.0
    warnings: list[str] = field(default_factory=list)  # sentences without their points
    written: tuple[FCurveValues, ...] = ()
    own_keys: str = ""

    def sentence(self) -> str:
        """For the artist: "468 frames, 12 without a face, 49 of 52 channels keyed"."""
        if self.frames == 1:
            words = say(
                "1 frame, {gaps} without a face, {keyed} of {channels} channels keyed",
                gaps=self.gaps, keyed=len(self.keyed), channels=self.channels,
            )  # fmt: skip
        else:
            words = say(
                "{frames} frames, {gaps} without a face, {keyed} of {channels} channels keyed",
                frames=self.frames, gaps=self.gaps, keyed=len(self.keyed), channels=self.channels,
            )  # fmt: skip
        if self.keys < self.samples:
            words += "; " + say("{samples:,} → {keys:,} keys", samples=self.samples, keys=self.keys)
        if self.angle_error:
            angle = np.degrees(self.angle_error)
            words += ", " + say("largest error {error:.3f} and {angle:.2f}°", error=self.error, angle=angle)
        elif self.error:
            words += ", " + say("largest error {error:.3f}", error=self.error)
        if self.own_keys:
            words += "; " + self.own_keys
        if self.unmatched:
            words += "; " + say("unmatched: {names}", names=", ".join(self.unmatched))
        if self.skipped:
            words += "; " + say("skipped: {names}", names=self.skipped_in_words())
        return ". ".join([words, *self.warnings])

    def skipped_in_words(self) -> str:
        """ "jawOpen (driven), head (locked)"."""
        return ", ".join(f"{name} ({why})" for name, why in self.skipped.items())
