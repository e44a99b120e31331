"""The mapping of a head: the artist's own rows, else the one that is found by the head's names."""

from functools import lru_cache

import bpy

from ...fields_blender.core.paths import MAPPINGS
from ...fields_blender.rig import match
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.rig.match_result import DOUBTFUL, Match
from ...fields_blender.rig.rig_index import Rig
from . import flame_keys, mapping_rows, rig_listing


def of(head: bpy.types.Object) -> Mapping:
    """What follows what on this head. Raises FieldsError for rows that can't be followed."""
    return mapping_rows.mapping(head) if head.fields.rows else automatic(head).mapping


def automatic(head: bpy.types.Object) -> Match:
    """The mapping found by the names of the head's shape keys, bones and properties; of a FLAME head, whose expression
    keys have no names that mean anything, by its geometry."""
    names = rig_listing.rig(head)
    by_name = _matched(names)
    return flame_keys.matched(head, names, by_name, match.presets(MAPPINGS)["flame"]) or by_name


def names_tell_little(head: bpy.types.Object, found: Match) -> bool:
    """Has the head shape keys that move something, of which not even every third was surely found by its name?

    Never of a FLAME head: what its keys do is worked out by geometry already, and those of identity are nobody's.
    """
    if found.profile == "FLAME":
        return False
    names = rig_listing.rig(head)
    moving = set(names.keys) - names.still
    sure = {row.channel.target for row in found.rows if row.confidence >= DOUBTFUL}
    return len(moving) > 3 * len(moving & sure)


def forget() -> None:
    """Look at the shape keys anew, which may have been sculpted meanwhile."""
    rig_listing.forget()
    flame_keys.forget()


@lru_cache(maxsize=16)
def _matched(names: Rig) -> Match:
    return match.match(names, match.presets(MAPPINGS))
