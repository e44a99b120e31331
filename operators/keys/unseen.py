"""What is keyed and still does not show: muted shape keys and F-curves, and meshes that show one shape key alone."""

from collections.abc import Sequence

from ..common.datablocks import shape_keys_of
from ..common.wording import say
from ..head.heads import Head
from . import fcurves
from .plan import FCurveValues
from .plan_shape_keys import path_of


def unseen(head: Head, planned: Sequence[FCurveValues]) -> dict[str, str]:
    """The mapping's names of keys that were written and don't show -> why. To be called after they were written."""
    found = {}
    written = {(one.owner, one.path) for one in planned}
    for mesh, keys in zip(head.meshes, head.keys, strict=True):
        owner = shape_keys_of(mesh)
        if mesh.show_only_shape_key:
            found[mesh.name] = say("keyed, but “{name}” shows its active shape key alone", name=mesh.name)
        for mapped, name in keys.items():
            if owner.key_blocks[name].mute and (owner, path_of(name)) in written:
                found[mapped] = say("keyed, but muted")
    for one in planned:
        fcurve = fcurves.fcurve_of(one.owner, one.path, one.index)
        if fcurve and (fcurve.mute or (fcurve.group is not None and fcurve.group.mute)):
            found[one.name] = say("keyed, but its F-curve is muted")
    return found
