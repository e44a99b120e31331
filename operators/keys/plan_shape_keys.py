"""Shape keys and custom properties planned: one number, one F-curve."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import bpy
import numpy as np

from ...fields_blender.rig import retarget
from ...fields_blender.rig.mapping import Mapping
from ..common.datablocks import shape_keys_of
from ..common.wording import say
from ..head import driven
from ..head.heads import Head
from . import fcurves
from .plan import FCurveValues, Plan, Request, joined, refusal


class _Place(NamedTuple):
    """A property that shows a number. `at_rest`: it needs no keys to rest, unless it has an F-curve."""

    owner: bpy.types.ID
    path: str
    at_rest: bool


def shape_keys(request: Request) -> Plan:
    """The shape keys of all meshes of the head."""
    units_of = units(request.mapping)
    return joined(_shape_key(request, name, units_of[name]) for name in request.curves.names if name in units_of)


def properties(request: Request) -> Plan:
    """The custom properties of the head."""
    names = dict.fromkeys(channel.name for channel in request.mapping.channels if channel.prop)
    return joined(_property(request, name) for name in names)


def units(mapping: Mapping) -> dict[str, float]:
    """The shape keys, each with how much of it counts as one unit: how far one source alone moves it, at most 1.

    Where each source moves many keys a little, the errors of those keys add up, so each of them must be smaller.
    """
    found: dict[str, float] = {}
    for channel in mapping.shape_keys:
        found[channel.name] = max(found.get(channel.name, 0.0), min(retarget.step(channel), 1.0))
    return found


def path_of(block: str) -> str:
    """The data path of a shape key's value, from its mesh's shape keys."""
    return f'key_blocks["{bpy.utils.escape_identifier(block)}"].value'


def _shape_key(request: Request, name: str, unit: float) -> Plan:
    head, rests, values = request.head, name in request.resting, request.values(name)
    if rests and request.sealed is not None and request.mapping.roles.get(name) == "jawOpen":
        rests, values = False, request.sealed[request.present]
    places = places_of(head, name)
    made = _at(places, request, name, values, rests, unit)
    if (rests and not made.skipped) or (made.fcurves and not rests):
        return replace(made, keyed=[name])
    return made if made.skipped else Plan(unmatched=[name])


def places_of(head: Head, name: str) -> list[_Place]:
    """Where the shape keys that a channel of the mapping moves are keyed, on each mesh that has one: at the key itself,
    or at what its driver passes on.
    """
    places = {}
    for mesh, keys in zip(head.meshes, head.keys, strict=True):
        if name not in keys:
            continue
        owner = shape_keys_of(mesh)
        place = driven.leads_to(owner, keys[name]) or driven.Place(owner, path_of(keys[name]))
        places[place] = _Place(*place, place.owner.path_resolve(place.path) == 0.0)
    return list(places.values())


def _why_driven(place: _Place) -> str:
    """Which object to choose instead, if a driver names one."""
    names = driven.drivers_of(place.owner, place.path) if isinstance(place.owner, bpy.types.Key) else []
    return say("driven by “{names}”", names=", ".join(names[:2])) if names else say("driven")


def _property(request: Request, name: str) -> Plan:
    places = [_Place(place.owner, place.path, True) for place in request.head.properties.get(name, [])]
    if not places:
        return Plan(unmatched=[name])
    made = _at(places, request, name, request.values(name), name in request.resting)
    return made if made.skipped else replace(made, keyed=[name])


def _at(
    places: Iterable[_Place], request: Request, name: str, values: np.ndarray, rests: bool, unit: float = 1.0
) -> Plan:
    """F-curves for one number at its places. One that `rests` gets zeros where it moved before, else nothing."""
    made, skipped, group = [], {}, request.mapping.regions[name]
    for place in places:
        if why := refusal(place.owner, place.path, 0):
            skipped[name] = _why_driven(place) if why == say("driven") else why
        elif not (rests and place.at_rest and fcurves.fcurve_of(place.owner, place.path, 0) is None):
            shown = np.zeros_like(values) if rests else values
            frames = request.present_frames
            made.append(FCurveValues(place.owner, place.path, 0, group, frames, shown, name, unit=unit))
    return Plan(made, skipped=skipped)
