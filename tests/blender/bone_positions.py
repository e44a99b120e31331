"""Where a rig's bones are, in the scene."""


def at(rig, bone):
    return rig.matrix_world @ rig.pose.bones[bone].matrix.translation


def tip(rig, bone):
    return rig.matrix_world @ rig.pose.bones[bone].tail
