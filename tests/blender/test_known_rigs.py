"""Face rigs of other makers: moved by a mapping of their own, or refused by name; never keyed by half."""

import json
from pathlib import Path
from typing import Any

import pytest

bpy: Any = pytest.importorskip("bpy")

BOARD = json.loads(
    (Path(__file__).parents[2] / "models" / "mappings" / "metahuman_face_board.json").read_text(encoding="utf-8")
)


def armature_of(scene, name, bones):
    made = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    scene.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    bpy.ops.object.mode_set(mode="EDIT")
    for number, bone in enumerate(bones):
        edit = made.data.edit_bones.new(bone)
        edit.head, edit.tail = (0.1 * number, 0, 0), (0.1 * number, 0, 0.05)
    bpy.ops.object.mode_set(mode="OBJECT")
    return made


@pytest.fixture
def board(scene):
    names = dict.fromkeys(row["bone"] for row in BOARD["rows"])
    made = armature_of(scene, "Ada_face_gui", [*names, "GRP_faceGUI", "CTRL_C_eyesAim"])
    scene.fields.head = made
    return made


def test_a_face_board_moves_by_its_controls(scene, board, show, part):
    assert part("operators.head.mappings").automatic(board).profile == "MetaHuman Face Board"
    report = show(
        board, jawOpen=0.5, eyeBlinkLeft=1.0, eyeWideRight=0.4, eyeLookUpLeft=0.3, eyeLookOutLeft=0.2, jawLeft=0.6,
        mouthLeft=0.7, mouthRollUpper=0.25, cheekPuff=0.8, tongueOut=0.9, jawForward=0.35,
    )  # fmt: skip
    assert not report.unmatched and not report.skipped
    bones = board.pose.bones
    for name, axis, value in (
        ("CTRL_C_jaw", 1, 0.5), ("CTRL_C_jaw", 0, -0.6), ("CTRL_L_eye_blink", 1, 1.0), ("CTRL_R_eye_blink", 1, -0.4),
        ("CTRL_L_eye", 1, 0.3), ("CTRL_L_eye", 0, 0.2), ("CTRL_C_mouth", 0, 0.7), ("CTRL_L_mouth_lipsRollU", 1, 0.25),
        ("CTRL_R_mouth_suckBlow", 1, 0.8), ("CTRL_C_tongue_inOut", 1, -0.9), ("CTRL_C_jaw_fwdBack", 1, -0.35),
        ("CTRL_L_mouth_cornerPull", 1, 0.0),
    ):  # fmt: skip
        assert bones[name].location[axis] == pytest.approx(value, abs=1e-3), name


AUTO_RIG_PRO = (
    "c_head.x c_jawbone.x c_lips_smile.l c_lips_smile.r c_lips_top.x c_lips_bot.x c_eyelid_top.l c_eyelid_top.r "
    "c_eyelid_bot.l c_eyelid_bot.r c_eyebrow_full.l c_eyebrow_full.r c_eyebrow_01.l c_eye.l c_eye.r c_cheek_smile.l"
).split()


def test_auto_rig_pro_is_refused_by_name_unless_the_artist_maps_it(scene, show, part):
    rig = armature_of(scene, "rig", AUTO_RIG_PRO)
    scene.fields.head = rig
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match="a face of Auto-Rig Pro"):
        show(rig, jawOpen=0.5)
    assert rig.animation_data is None
    row = rig.fields.rows.add()
    row.source, row.kind = "jawOpen", "BONE"
    row.target = "c_jawbone.x"
    assert "c_jawbone.x" in str(show(rig, jawOpen=0.5).keyed)
