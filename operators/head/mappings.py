"""The mapping of a head: the artist's own rows, else the automatic match."""

from functools import lru_cache

import bpy

from ...fields_blender.core.paths import MAPPINGS
from ...fields_blender.rig import match
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.rig.match_result import DOUBTFUL, Match
from ...fields_blender.rig.rig_index import Rig
from . import flame_keys, mapping_rows, rig_listing


def of(head: bpy.types.Object) -> Mapping:
    """The mapping in use. Raises FieldsError for rows that can't be followed."""
    return mapping_rows.mapping(head) if head.fields.rows else automatic(head).mapping


def automatic(head: bpy.types.Object) -> Match:
    """The mapping found by the names of the head's shape keys, bones and properties; of a FLAME head, whose expression
    keys have names without meaning, by its geometry."""
    names = rig_listing.rig(head)
    by_name = _matched(names)
    return flame_keys.matched(head, names, by_name, match.presets(MAPPINGS)["flame"]) or by_name


def names_tell_little(head: bpy.types.Object, found: Match) -> bool:
    """Were fewer than a third of the shape keys that move something matched by name with confidence?

    Never on a FLAME head: its keys are matched by geometry already, and identity keys follow nothing.
    """
    if found.profile == "FLAME":
        return False
    names = rig_listing.rig(head)
    moving = set(names.keys) - names.still
    sure = {row.channel.target for row in found.rows if row.confidence >= DOUBTFUL}
    return len(moving) > 3 * len(moving & sure)


def forget() -> None:
    """Forget what is known of the shape keys; they may have been sculpted meanwhile."""
    rig_listing.forget()
    flame_keys.forget()


@lru_cache(maxsize=16)
def _matched(names: Rig) -> Match:
    return match.match(names, match.presets(MAPPINGS))
