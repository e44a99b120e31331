"""Faces that Rigify generates.

`make test` gives each test here a Blender of its own: in bpy 4.2, now and then, the next change of mode crashes.
"""

import atexit
import sys

import addon_utils
import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender.bone_positions import at


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


@pytest.mark.parametrize("skin", [False, True], ids=["classic", "skin"])
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


def test_the_metarig_is_told_apart(scene, rigify, part):
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match="metarig"):
        part("operators.head.heads").find(metarig, part("operators.head.mappings").of(metarig))
