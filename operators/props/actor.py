"""What a scene stores of an Actor: a person, known by the face at rest."""

import bpy
from bpy.props import IntProperty, StringProperty

from ..common.unused_name import unused_name
from .on_change import together


def _renamed(actor: "FIELDS_Actor", _context: bpy.types.Context) -> None:
    """Keep names unique and not empty, and the renamed actor chosen."""
    before = actor.name_before
    scene = actor.id_data
    others = [other.name for other in scene.fields.actors if other != actor]
    wanted = unused_name(actor.name.strip() or before or "Actor", others)
    if actor.name != wanted:
        actor.name = wanted  # which comes here again
        return
    actor.name_before = wanted
    if before:
        with together():
            for take in (take for item in bpy.data.objects for take in item.fields.takes if take.actor == before):
                take.actor = wanted
    if before and scene.fields.actor == before:
        scene.fields.actor = wanted


class FIELDS_Actor(bpy.types.PropertyGroup):
    """One actor. `operators/takes/actor_list.py` reads and writes them."""

    name: StringProperty(name="Name", description="What this actor is called", update=_renamed)
    name_before: StringProperty(options={"HIDDEN"})
    # base64 of `actor.dumps`
    data: StringProperty(options={"HIDDEN"})
    count: IntProperty(name="Pictures", description="How many frames or pictures the face at rest was read from")
    made_from: StringProperty(name="Made From", description="Where the face at rest was read from")
