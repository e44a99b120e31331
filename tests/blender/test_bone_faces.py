"""A cartoon's face of bones, and where its bones end up."""

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender.bone_positions import at, tip


def cartoon(scene, roll=0.0, hinged=False, gap=0.05):
    """A face of bones: eyes 0.6 apart, lids that hinge in the eye or stand before it."""
    bones = {"jaw": ((0, 0, 0.5), (0, -1, 0)), "Upper Lip": ((0, -1, 0.2), (0, -1.1, 0.2))}
    for side, x in (("L", 1), ("R", -1)):
        bones[f"eye.{side}"] = ((0.3 * x, -1, 1), (0.3 * x, -1.2, 1))
        bones[f"brow_inner.{side}"] = ((0.1 * x, -1.2, 1.3), (0.1 * x, -1.3, 1.3))
        bones[f"MouthCorner_{side}"] = ((0.2 * x, -1, 0.2), (0.2 * x, -1.1, 0.2))
        for name, z in (("upper", gap), ("lower", -gap)):
            lid = (0.3 * x, -1.2, 1 + z)
            bones[f"lid_{name}.{side}"] = ((0.3 * x, -1, 1), lid) if hinged else (lid, (0.3 * x, -1.3, 1 + z))
    rig = bpy.data.objects.new("Toon", bpy.data.armatures.new("Toon"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (head, end) in bones.items():
        made = rig.data.edit_bones.new(name)
        made.head, made.tail, made.roll = head, end, roll
    bpy.ops.object.mode_set(mode="OBJECT")
    scene.fields.head = rig
    return rig


@pytest.mark.parametrize("roll", [0.0, 1.3])
@pytest.mark.parametrize("hinged", [False, True])
def test_a_cartoon_of_bones_alone(scene, show, part, roll, hinged):
    rig = cartoon(scene, roll, hinged)
    assert part("operators.head.mappings").automatic(rig).profile == "Face of Bones"
    report = show(rig, jawOpen=0.5, mouthSmileLeft=1.0, eyeBlinkLeft=1.0, browInnerUp=1.0, eyeLookUpLeft=0.5)
    where = tip if hinged else at
    upper, lower = where(rig, "lid_upper.L"), where(rig, "lid_lower.L")
    assert abs((upper - lower).z) < 0.012 and (where(rig, "lid_upper.R") - where(rig, "lid_lower.R")).z > 0.09
    assert tip(rig, "jaw").z < -0.05
    corner = at(rig, "MouthCorner_L") - Vector((0.2, -1, 0.2))
    np.testing.assert_allclose(corner, (0.06, 0.024, 0.072), atol=1e-4)
    np.testing.assert_allclose(at(rig, "brow_inner.R") - Vector((-0.1, -1.2, 1.3)), (0, 0, 0.14 * 0.6), atol=1e-4)
    assert tip(rig, "eye.L").z > 1.02 and abs(tip(rig, "eye.R").z - 1.0) < 1e-5
    assert not report.skipped


def test_up_is_the_scenes_where_the_face_tells_it_badly(scene, part):
    """A jaw's bone that begins at the ears leaves up between two axes."""
    rig = cartoon(scene)
    rounded = part("operators.head.head_axes").rounded
    for forward in (-0.75, 0.75):
        found = rounded((np.array([1.0, 0.05, 0.0]), np.array([0.0, forward, 0.66]), rig), rig)
        np.testing.assert_array_equal(found.T, [(1, 0, 0), (0, 0, 1), (0, -1, 0)])
    clear = rounded((np.array([1.0, 0.05, 0.0]), np.array([0.0, 1.0, 0.1]), rig), rig)
    np.testing.assert_array_equal(clear[:, 1], (0, 1, 0))


def test_lips_of_bones_that_close_over_an_open_jaw_meet(scene, show):
    rig = cartoon(scene)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    lip = rig.data.edit_bones.new("Lower Lip")
    lip.head, lip.tail, lip.parent = (0, -1, 0.18), (0, -1.1, 0.18), rig.data.edit_bones["jaw"]
    bpy.ops.object.mode_set(mode="OBJECT")
    show(rig, jawOpen=0.5)
    opened = at(rig, "Lower Lip").z
    show(rig, jawOpen=0.5, mouthClose=0.5)
    assert opened < 0.05 and abs(at(rig, "Lower Lip").z - 0.18) < 0.02


def test_lids_that_hinge_meet_however_wide_the_eye_is_open(scene, show):
    rig = cartoon(scene, hinged=True, gap=0.15)
    report = show(rig, eyeBlinkLeft=1.0)
    apart = rig.pose.bones["lid_upper.L"].vector.angle(rig.pose.bones["lid_lower.L"].vector)
    assert apart < 0.04, "of 1.29 rad"
    assert len(report.keyed) == len(set(report.keyed)) <= report.channels
