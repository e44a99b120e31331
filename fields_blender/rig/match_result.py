"""What matching a head yields: a mapping with a confidence and a reason for each row."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..core.names import ARKIT
from . import formula
from .mapping import BoneChannel, Channel, Mapping

DOUBTFUL = 0.7  # the artist is asked to check rows with less confidence
STILL = 0.3  # the confidence in a shape key that moves nothing


@dataclass(frozen=True)
class Row:
    """A row of a head's mapping, the confidence in it (0: the head has no such target) and the reason."""

    channel: Channel | BoneChannel
    confidence: float
    why: str


@dataclass(frozen=True)
class Match:
    """A mapping for one head. `profile`: the name of the convention. `spare`: shape keys that follow nothing, each with
    the reason. `missing`: ARKit sources that move nothing on it."""

    profile: str
    rows: tuple[Row, ...]
    spare: dict[str, str]
    missing: tuple[str, ...]

    @property
    def mapping(self) -> Mapping:
        """All rows, found or not; what is not found is reported when keys are written."""
        channels = tuple(row.channel for row in self.rows if isinstance(row.channel, Channel))
        bones = tuple(row.channel for row in self.rows if isinstance(row.channel, BoneChannel))
        return Mapping(self.profile, channels, bones)

    @property
    def found(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.confidence > 0.0)

    def sentence(self) -> str:
        """For the artist: "MetaHuman: 50 rows matched, 2 to look at, 3 of 52 captured shapes move nothing"."""
        doubtful = sum(row.confidence < DOUBTFUL for row in self.found)
        said = f"{self.profile}: {len(self.found)} row{'s' * (len(self.found) != 1)} matched"
        said += f", {doubtful} to look at" if doubtful else ""
        said += f", {len(self.missing)} of {len(ARKIT)} captured shapes move nothing" if self.missing else ""
        return said


def missing(rows: Iterable[Row]) -> tuple[str, ...]:
    """The ARKit sources that no row shows, leaving out rows of still shape keys and less."""
    shown: set[str] = set()
    for row in rows:
        if row.confidence > STILL:
            shown.update(shown_by(row.channel) if isinstance(row.channel, Channel) else row.channel.replaces)
    return tuple(name for name in ARKIT if name not in shown)


def shown_by(channel: Channel) -> tuple[str, ...]:
    """The sources a target shows: all of its formula where it goes both ways, else those that raise it."""
    both_ways = channel.minimum < 0.0 and channel.maximum > 0.0
    return formula.names(channel.source) if both_ways else _raising(channel.source)


@lru_cache(maxsize=4096)
def _raising(source: formula.Formula) -> tuple[str, ...]:
    """The sources that raise the value of a formula in one of two sample poses."""
    names = formula.names(source)
    found = set()
    for slope in (0.0, 0.3):
        pose = {name: 0.5 - slope * i / len(names) for i, name in enumerate(names)}
        for name in names:
            raised = pose | {name: pose[name] + 0.05}
            if _at(source, raised) > _at(source, pose):
                found.add(name)
    return tuple(name for name in names if name in found)


def _at(source: formula.Formula, pose: dict[str, float]) -> float:
    return float(formula.evaluate(source, lambda name: np.array(pose[name])))
