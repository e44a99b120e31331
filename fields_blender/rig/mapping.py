"""Mappings: which shape keys, bones and properties of a head follow which captured source. docs/mapping.md."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import formula as formulas
from . import sources
from .formula import Formula

# What a bone does that follows a number, and along or about which direction. left, up and out are the head's
# (core/names.py), whatever the bone's roll; x, y and z are the bone's own.
DOES = ("turn", "move", "scale")
AXES = ("left", "up", "out", "x", "y", "z")
# The length that moves a bone by an amount of 1: the distance between the eyes, the width of the mouth, the opening of
# the lids, the bone's distance from the eyes (a target that eyes look at), or how far the open jaw takes the lower lip.
# Without a unit: "eyes" along left, up and out, Blender's unit along x, y and z.
UNITS = ("", "eyes", "mouth", "lids", "reach", "jaw")


@dataclass(frozen=True)
class Channel:
    """One animated number of a rig: `clip(curve(source) * gain + offset, minimum, maximum)`.

    Its target is one of: a shape key (`key`, on all meshes of the head or on `mesh` alone); a bone (`bone`, which
    `does` "turn" by rad, "move" or "scale", along or about `axis`); a custom property (`prop`, anywhere on the head, or
    on the bone or object `on`). `names`: other names of the target. `unless`: targets that make this row needless where
    a head has them all. `curve`: (in, out) points of the response, linear between them; none: the identity.
    """

    source: Formula
    region: str
    key: str = ""
    mesh: str = ""
    bone: str = ""
    does: str = ""
    axis: str = ""
    unit: str = ""
    prop: str = ""
    on: str = ""
    gain: float = 1.0
    offset: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf
    curve: tuple[tuple[float, float], ...] = ()
    names: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    mute: bool = False

    @property
    def target(self) -> str:
        """The shape key, bone or property it moves."""
        return self.key or self.bone or self.prop

    @property
    def name(self) -> str:
        """Its name in Curves and reports; channels of one name add up."""
        if self.bone:
            return f"{self.bone} {self.does} {self.axis}" + (f" ({self.unit})" if self.unit else "")
        where = self.mesh or self.on
        return f"{self.target} ({where})" if where else self.target

    @property
    def main(self) -> str:
        """The source it mainly follows."""
        return formulas.first(self.source)


@dataclass(frozen=True)
class BoneChannel:
    """A bone that follows a whole rotation; `gain` scales the angle. `names`: other names of the bone. `replaces`:
    shape keys, or sources of shape keys, that rest while the bone moves."""

    source: str
    bone: str
    region: str
    gain: float = 1.0
    names: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    mute: bool = False

    @property
    def target(self) -> str:
        return self.bone


@dataclass(frozen=True)
class Mapping:
    """What follows what on a head. `probe`: names by which a head of this convention is recognized."""

    name: str
    channels: tuple[Channel, ...]
    bones: tuple[BoneChannel, ...] = ()
    about: str = ""
    probe: tuple[str, ...] = ()

    @property
    def shape_keys(self) -> tuple[Channel, ...]:
        """The channels that move shape keys."""
        return tuple(channel for channel in self.channels if channel.key)

    @property
    def roles(self) -> dict[str, str]:
        """Channel's name -> its source, of channels whose formula is a single source."""
        return {c.name: c.source.name for c in self.channels if isinstance(c.source, formulas.Name)}

    @property
    def regions(self) -> dict[str, str]:
        """Channel's name or bone -> its region of the face, which names the F-curve group."""
        named = {channel.name: channel.region for channel in self.channels}
        return named | {channel.bone: channel.region for channel in self.bones}


def channel(source: str, key: str = "", **more: Any) -> Channel:
    """A channel by the text of its formula, in the region of its first source. Raises ValueError as `follow` does."""
    followed = follow(source)
    return Channel(followed, **{"region": sources.region(formulas.names(followed)[0]), "key": key, **more})


def follow(text: str) -> Formula:
    """The formula of a text. Raises ValueError, in words, for a text that is no formula or names an unknown source."""
    made = formulas.parse(text)
    for name in formulas.names(made):
        if name not in sources.NAMES:
            raise ValueError(f"“{name}” is not captured by FIELDS")
    return made


def region_of(source: str) -> str:
    """The region of a row by the text of its formula; "Other" where that can't be parsed."""
    try:
        return sources.region(formulas.names(formulas.parse(source))[0])
    except ValueError:
        return "Other"


class Mistake(Exception):
    """What is wrong in a mapping, as the middle of a sentence."""


def check_bones(bones: Iterable[BoneChannel]) -> None:
    """Raises Mistake when two rows rotate the same bone."""
    seen = set()
    for bone in bones:
        if bone.bone in seen:
            raise Mistake(f"two rows turn the same bone, “{bone.bone}”")
        seen.add(bone.bone)


def muted(mapping: Mapping) -> Mapping:
    """The mapping without its muted rows."""
    return replace(
        mapping,
        channels=tuple(channel for channel in mapping.channels if not channel.mute),
        bones=tuple(bone for bone in mapping.bones if not bone.mute),
    )
