"""The actors of a scene: kept in the .blend, one of them chosen, or none."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import bpy

from ...fields_blender.capture import actor as actors
from ...fields_blender.capture.actor import Actor
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.shown_text import shown_text
from ...fields_blender.shape import corrections
from ...fields_blender.shape.corrections import Correction
from ..common.unused_name import unused_name

MOST = 2**31 - 1  # what a property of Blender can hold


def chosen(scene: bpy.types.Scene) -> Any:
    """The scene's chosen FIELDS_Actor, or None."""
    return scene.fields.actors.get(scene.fields.actor)


def known(scene: bpy.types.Scene) -> Actor | None:
    """The chosen actor; None where nobody is chosen. Raises FieldsError when they can't be read."""
    if not scene.fields.actor:
        return None
    item = chosen(scene)
    if item is None:
        raise FieldsError(
            "The scene has no actor “{name}”. Choose one under Footage > Actor, or none.", name=scene.fields.actor
        )
    return read(item)


def read(item: Any) -> Actor:
    """An actor of the list, under its name there. Raises FieldsError when its data is damaged."""
    try:
        found = actors.loads(base64.b64decode(item.data, validate=True), item.name)
    except (binascii.Error, ValueError, FieldsError):
        raise FieldsError("The data of the actor “{name}” is damaged. Make the actor again.", name=item.name) from None
    return replace(found, name=item.name)


def taught(scene: bpy.types.Scene, take: Any) -> tuple[Correction, ...]:
    """What a take gets of the corrections of its actor's other takes, as strongly as it says."""
    item = scene.fields.actors.get(take.actor) if take.actor else None
    if item is None or not take.actor_strength:
        return ()
    return tuple(
        replace(made, strength=made.strength * take.actor_strength)
        for origin, encoder, made in _taught(item.data)
        if origin != take.key and encoder == take.encoder
    )


def teach(item: Any, take: Any, made: Iterable[Correction]) -> int:
    """Have an actor know the corrections of a take, each with its code, in place of those it had of this take.

    Returns how many. Raises FieldsError when the actor can't be read or comes from another encoder.
    """
    actor = read(item)
    if actor.encoder != take.encoder:
        raise FieldsError(
            "The actor “{name}” and the take “{take}” were made with different versions of FIELDS. Make the actor "
            "again from this take, or capture again.",
            name=item.name,
            take=take.name,
        )
    new = [{**data, "origin": take.key, "take": take.name} for data in corrections.to_data(made)]
    kept = [data for data in actor.corrections if data.get("origin") != take.key]
    item.data = base64.b64encode(actors.dumps(replace(actor, corrections=(*kept, *new)))).decode("ascii")
    return len(new)


@lru_cache(maxsize=8)
def _taught(data: str) -> tuple[tuple[str, str, Correction], ...]:
    """The take, the encoder and the correction, of each that an actor's data has."""
    try:
        actor = actors.loads(base64.b64decode(data, validate=True), "")
    except (binascii.Error, ValueError, FieldsError):
        return ()
    found = [(data, corrections.from_data([data])) for data in actor.corrections]
    return tuple((str(data.get("origin", "")), actor.encoder, made[0]) for data, made in found if made)


def add(scene: bpy.types.Scene, actor: Actor, made_from: str) -> Any:
    """An actor at the end of the list, chosen. One who is there already, under that name, is only chosen."""
    for item in scene.fields.actors:
        if item.name == actor.name and _same(item, actor):
            scene.fields.actor = item.name
            return item
    name = unused_name(shown_text(actor.name).strip() or "Actor", [item.name for item in scene.fields.actors])
    item = scene.fields.actors.add()
    item.name, item.count, item.made_from = name, min(actor.count, MOST), shown_text(made_from)
    item.data = base64.b64encode(actors.dumps(replace(actor, name=name))).decode("ascii")
    scene.fields.actor = name
    return item


def remove(scene: bpy.types.Scene, item: Any) -> None:
    """Remove an actor; if it was the chosen one, nobody is chosen then."""
    if scene.fields.actor == item.name:
        scene.fields.actor = ""
    scene.fields.actors.remove(list(scene.fields.actors).index(item))


def _same(item: Any, actor: Actor) -> bool:
    try:
        return actors.dumps(read(item)) == actors.dumps(actor)
    except FieldsError:
        return False
