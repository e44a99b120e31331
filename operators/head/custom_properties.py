"""Custom properties of a head: where they are, and how they are animated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from ...fields_blender.rig.mapping import Mapping


@dataclass(frozen=True)
class Property:
    """A custom property: the datablock it is animated on and its data path from there."""

    owner: bpy.types.ID
    path: str
    name: str


def custom_properties(
    members: list[bpy.types.Object], armature: bpy.types.Object | None
) -> Iterator[tuple[Property, str]]:
    """The custom properties of a head that are numbers, each with the name of the object or bone it is on."""
    seen = set()
    owner: Any
    for member in dict.fromkeys([*([armature] if armature else []), *members]):
        for owner in (member, member.data):
            if owner is None or owner in seen or not owner.is_editable:
                continue
            seen.add(owner)
            for name in _numbers_on(owner):
                yield Property(owner, f'["{bpy.utils.escape_identifier(name)}"]', name), member.name
    if armature and armature.is_editable:
        for bone in armature.pose.bones:
            for name in _numbers_on(bone):
                path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]["{bpy.utils.escape_identifier(name)}"]'
                yield Property(armature, path, name), bone.name


def find(
    members: list[bpy.types.Object], armature: bpy.types.Object | None, mapping: Mapping
) -> dict[str, list[Property]]:
    """The name of a mapping's channel -> the custom properties it moves."""
    wanted = [channel for channel in mapping.channels if channel.prop]
    if not wanted:
        return {}
    there = list(custom_properties(members, armature))
    found = {}
    for channel in wanted:
        if places := [place for place, on in there if place.name == channel.prop and channel.on in ("", on)]:
            found[channel.name] = places
    return found


def _numbers_on(owner) -> list[str]:
    return [name for name, value in owner.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
