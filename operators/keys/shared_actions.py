"""Other heads that move along, because a copy of a datablock plays the action of its original."""

from collections.abc import Iterable, Iterator

import bpy

from ..common.wording import say
from . import fcurves


def warnings(owners: Iterable[bpy.types.ID]) -> list[str]:
    """A sentence if `owners` (keyed just now) share an action with datablocks that are no part of the head."""
    own, found = set(owners), {}
    played = {_played(owner) for owner in own}
    for other in (*bpy.data.shape_keys, *bpy.data.objects):
        if other not in own and (what := _played(other)) is not None and what in played:
            found.setdefault(what[0], set()).add(_name(other))
    if not found:
        return []
    return [
        say(
            "The action “{action}” moves “{others}” too. To give this head its own, undo, then press + beside Bake "
            "Keys (New Action)",
            action=", ".join(action.name for action in found),
            others=", ".join(sorted(set().union(*found.values()))[:3]),
        )
    ]


def _played(owner: bpy.types.ID) -> tuple[bpy.types.Action, int] | None:
    """The action that a datablock plays, and by which slot."""
    animation = fcurves.animation_of(owner)
    if animation is None or animation.action is None:
        return None
    slot = getattr(animation, "action_slot", None)
    return animation.action, slot.handle if slot is not None else 0


def _name(owner: bpy.types.ID) -> str:
    """What the artist calls it: shape keys by the object that has them."""
    mesh = owner.user if isinstance(owner, bpy.types.Key) else None
    users: Iterator[str] = (each.name for each in bpy.data.objects if mesh is not None and each.data == mesh)
    return next(users, mesh.name if mesh is not None else owner.name)
