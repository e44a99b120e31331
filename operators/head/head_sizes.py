"""How large a head's face is, in the space of its armature: the units of a mapping (`mapping.UNITS`)."""

import numpy as np

from ...fields_blender.core.names import JAW_OPEN
from ...fields_blender.rig.bone_names import bone_names
from ...fields_blender.rig.rig_names import plain
from . import bone_places
from .head_axes import centre_of_key
from .heads import Head, axes

_EYES = 0.063  # m between the eyes of an average head, where nothing tells
_LIDS = 0.18  # opening of the lids in distances between the eyes, where no bones tell
# A bone hinges in the eye when it begins so close to its centre, and is so long, in distances between the eyes.
_HINGE_REACH, _HINGE_LENGTH = 0.06, 0.1


def sizes(head: Head) -> dict[str, float]:
    """The distance between the eyes ("eyes"), the width of the mouth ("mouth"), the opening of the lids ("lids"), and
    how far the open jaw takes the lower lip ("jaw left", "jaw up", "jaw out").

    By the bones where the rig has them, else by the shape keys; the mouth of a head that has neither is as wide as its
    eyes are apart.
    """
    eyes = mouth = None
    if head.armature:
        eyes = bone_places.distance(bone_places.eyes(head.armature))
        mouth = bone_places.distance(bone_places.mouth_corners(head.armature))
    eyes = eyes or _distance_of_keys(head, "eyeBlinkLeft", "eyeBlinkRight") or _EYES
    mouth = mouth or _distance_of_keys(head, "mouthSmileLeft", "mouthSmileRight") or eyes
    return {"eyes": eyes, "mouth": mouth, "lids": _lid_opening(head) or _LIDS * eyes} | _lower_lip_travel(head)


def hinged(head: Head, bone: str) -> bool:
    """Does the bone begin in an eyeball and end on its surface, as lids do that turn about the eye?"""
    pair = bone_places.eyes(head.armature) if head.armature else None
    if pair is None or head.armature is None:
        return False
    data, between_eyes = head.armature.data.bones[bone], float(np.linalg.norm(pair[0] - pair[1]))
    near = min(float(np.linalg.norm(np.array(data.head_local) - centre)) for centre in pair)
    return near < _HINGE_REACH * between_eyes and data.length > _HINGE_LENGTH * between_eyes


def middle_of_eyes(head: Head) -> np.ndarray | None:
    """The point between the eye bones (3,), in the armature's space."""
    pair = bone_places.eyes(head.armature) if head.armature else None
    return None if pair is None else (pair[0] + pair[1]) / 2.0


def _lower_lip_travel(head: Head) -> dict[str, float]:
    """How far the fully open jaw takes the lower lip's bone down ("jaw up") and back ("jaw out"); 0 where that bone is
    not below a jaw's."""
    still = {f"jaw {way}": 0.0 for way in ("left", "up", "out")}
    bones = bone_places.by_plain_name(head.armature)
    jaw = next((bones[name] for name in bones if name in bone_names().jaw and "jaw" in name), None)
    lip = next((bones[name] for name in bone_names().lower_lip if name in bones), None)
    if jaw is None or lip is None or not any("jaw" in plain(above.name) for above in lip.parent_recursive):
        return still
    assert head.armature is not None
    _, up, out = axes(head, head.armature).T @ np.array(lip.head_local - jaw.head_local)
    return still | {"jaw up": float(out) * JAW_OPEN, "jaw out": -float(up) * JAW_OPEN}


def _lid_opening(head: Head) -> float | None:
    """Between the bones of the lids; where they hinge in the eyeball, the arc between their tips."""
    bones = bone_places.by_plain_name(head.armature)
    for upper, lower in bone_names().lids:
        if upper in bones and lower in bones:
            a, b = bones[upper], bones[lower]
            if hinged(head, a.name):
                ends = a.tail_local - a.head_local, b.tail_local - b.head_local
                return ends[0].angle(ends[1], 0.0) * a.length or None
            return float((a.head_local - b.head_local).length) or None
    return None


def _distance_of_keys(head: Head, left: str, right: str) -> float | None:
    """Between what the shape keys of two sources move."""
    if not {left, right} <= set(head.roles):
        return None
    centres = [centre_of_key(head.meshes[0], head.roles[source]) for source in (left, right)]
    if centres[0] is None or centres[1] is None:
        return None
    space = head.armature or head.object
    to_space = np.array((space.matrix_world.inverted_safe() @ head.meshes[0].matrix_world).to_3x3())
    return float(np.linalg.norm(to_space @ (centres[0] - centres[1]))) or None
