"""Faces of bones: Rigify's generated ones, a cartoon's; where their bones end up."""

import atexit
import sys

import addon_utils
import bpy
import numpy as np
import pytest
from mathutils import Vector

N = 4


@pytest.fixture(scope="module")
def rigify():
    if addon_utils.enable("rigify", default_set=True) is None:
        pytest.skip("Rigify does not come with this Blender")
    before = _registered()
    if bpy.app.version < (4, 5, 0):
        atexit.register(_rigify_lets_go_of_bpy)
    yield
    # A generated rig brings a script that registers panels and operators of its own, which nothing else unregisters;
    # bpy 4.5 hangs at exit when a class is left registered.
    for cls in _registered() - before:
        bpy.utils.unregister_class(cls)
    addon_utils.disable("rigify", default_set=True)


def _rigify_lets_go_of_bpy() -> None:
    """As operators/common/module_exit.py does for our own modules: else bpy 4.2 as a Python module crashes at exit."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "rigify":
            vars(module).pop("bpy", None)


def _registered() -> set[type]:
    """All classes of add-ons and scripts that Blender knows now."""
    bases = (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu, bpy.types.UIList, bpy.types.PropertyGroup)
    return {cls for base in bases for cls in base.__subclasses__() if cls.is_registered}


@pytest.fixture
def generated(scene, rigify):
    """`generated(skin)` is a Rigify rig, chosen as the head."""

    def make(skin):
        bpy.ops.object.armature_human_metarig_add()
        if skin:
            bpy.ops.object.mode_set(mode="POSE")
            bpy.ops.pose.rigify_upgrade_face()
            bpy.ops.object.mode_set(mode="OBJECT")
        before = set(bpy.data.objects)
        bpy.ops.pose.rigify_generate()
        rig = next(made for made in set(bpy.data.objects) - before if made.type == "ARMATURE")
        scene.fields.head = rig
        return rig

    return make


@pytest.fixture
def show(part, scene):
    """`show(head, jawOpen=0.5, ...)` keys a head with a performance of these ARKit weights, and goes there."""
    names, arkit, track = (
        part("fields_blender.core.names"),
        part("fields_blender.core.arkit"),
        part("fields_blender.core.track"),
    )

    def key(head, **weights):
        head.fields.key_style = "EVERY"
        values = np.zeros((N, 52))
        for name, weight in weights.items():
            values[:, names.ARKIT.index(name)] = weight
        groups = {n: np.zeros((N, *shape), np.float32) for n, shape in names.GROUPS.items()}
        groups |= {n: made.astype(np.float32) for n, made in arkit.from_arkit(values).items()}
        groups["confidence"][:] = 1.0
        mapping = part("operators.head.mappings").of(head)
        curves = part("fields_blender.rig.retarget").retarget(track.Track(np.arange(N) / 24.0, groups), mapping)
        bpy.context.view_layer.update()
        found = part("operators.head.heads").find(head, mapping)
        report = part("operators.keys.write_keys").write(found, curves, np.arange(N), mapping, "FIELDS test")
        scene.frame_set(2)
        bpy.context.view_layer.update()
        return report

    return key


def at(rig, bone):
    return rig.matrix_world @ rig.pose.bones[bone].matrix.translation


def tip(rig, bone):
    return rig.matrix_world @ rig.pose.bones[bone].tail


@pytest.mark.parametrize("skin", [False, True])
def test_rigifys_generated_face_moves_as_the_performance(generated, show, part, skin):
    rig = generated(skin)
    match = part("operators.head.mappings").automatic(rig)
    assert match.profile == ("Rigify Skin" if skin else "Rigify")
    bones = [b.name for b in rig.pose.bones if b.name.startswith("DEF-")]
    show(rig, jawOpen=0.0)
    rest = {name: at(rig, name) for name in bones}
    lids = ("DEF-lid.T.L.002", "DEF-lid.B.L.002")
    opening = (rest[lids[0]] - rest[lids[1]]).z
    eyes = 0.104

    def moved(**weights):
        show(rig, **weights)
        return {name: at(rig, name) - rest[name] for name in bones}

    blink = moved(eyeBlinkLeft=1.0)
    assert abs(opening + blink[lids[0]].z - blink[lids[1]].z) < 0.1 * opening, "the lids meet"
    assert blink["DEF-lid.T.R.002"].length < 1e-6
    corners = ["DEF-cheek.B.L", "DEF-cheek.B.R"]  # they begin at the corners of the mouth
    smile = moved(mouthSmileLeft=1.0)
    assert smile[corners[0]].z > 0.1 * eyes and smile[corners[0]].x > 0.05 * eyes
    assert smile[corners[1]].length < 0.02 * eyes
    assert smile["DEF-lip.T.L"].z > 0.0, "the middle of the mouth is not left behind"
    sneer = moved(noseSneerLeft=1.0, noseSneerRight=1.0)
    assert sneer["DEF-lip.T.L"].z > 0.8 * sneer["DEF-lip.T.L.001"].z > 0.01 * eyes, "one lip, not two humps"
    pucker = moved(mouthPucker=1.0)
    assert pucker[corners[0]].x < -0.1 * eyes and pucker[corners[1]].x > 0.1 * eyes
    brow = moved(browInnerUp=1.0)
    assert brow["DEF-brow.T.L.003"].z > 0.1 * eyes and brow["DEF-brow.T.R.003"].z > 0.1 * eyes
    opened = moved(jawOpen=1.0)
    assert opened["DEF-chin"].z < -0.2 * eyes and opened["DEF-lip.B.L"].z < -0.2 * eyes
    sealed = moved(jawOpen=0.4, mouthClose=0.4)
    gap = (opened["DEF-lip.B.L"] - opened["DEF-lip.T.L"]).z * 0.4
    assert abs((sealed["DEF-lip.B.L"] - sealed["DEF-lip.T.L"]).z) < 0.15 * abs(gap), "lips that close, close"
    moved(eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    turn = rig.pose.bones["MCH-eye.L" if "MCH-eye.L" in rig.pose.bones else "ORG-eye.L"]
    out = (turn.matrix.to_3x3() @ turn.bone.matrix_local.to_3x3().inverted()) @ Vector((0, -1, 0))
    assert abs(np.arctan2(out.x, -out.y) - 0.5) < 0.12, "to its left, about 0.55 rad"


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


def test_the_metarig_is_told_apart(scene, rigify, part):
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match="metarig"):
        part("operators.head.heads").find(metarig, part("operators.head.mappings").of(metarig))
