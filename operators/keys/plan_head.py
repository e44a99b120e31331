"""A whole head planned: shape keys, properties, bones and the head's rotation."""

from . import plan_bones, plan_rotations, plan_shape_keys
from .plan import Plan, Request, joined


def plan(request: Request) -> Plan:
    """Every F-curve that shows the request on its head."""
    shape_keys, properties = plan_shape_keys.shape_keys(request), plan_shape_keys.properties(request)
    return joined((shape_keys, properties, plan_rotations.rotations(request), plan_bones.bones(request)))
