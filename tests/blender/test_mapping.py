"""Heads of other conventions: matched, edited, keyed; read back from what Blender evaluates."""

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

RIGS = json.loads((Path(__file__).parents[1] / "data" / "rig_names.json").read_text(encoding="utf-8"))
N = 12


def make_mesh(scene, name, keys, where=(0, 0, 0), collection=None):
    """A mesh with those keys, each of which moves something."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([Vector(where) + Vector(p) for p in ((-1, -1, -1), (1, 1, 1), (0, 0, 0))], [], [])
    made = bpy.data.objects.new(name, mesh)
    (collection or scene.collection).objects.link(made)
    made.shape_key_add(name="Basis", from_mix=False)
    for i, key in enumerate(keys):
        block = made.shape_key_add(name=key, from_mix=False)
        block.data[i % 3].co += Vector((0.0, -0.1, -0.1))
        block.value = 0.0
    return made


def make_rig(scene, bones, roll=0.0):
    """An armature of bones {name: (head, tail)}."""
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (head, tail) in bones.items():
        bone = rig.data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = head, tail, roll
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


@pytest.fixture
def performance(part):
    """A Track of slow waves: something of everything."""
    names, track = part("fields_blender.core.names"), part("fields_blender.core.track")
    random = np.random.default_rng(2)
    groups = {n: random.uniform(0.05, 0.5, (N, *shape)).astype(np.float32) for n, shape in names.GROUPS.items()}
    groups["confidence"][:] = 1.0
    return track.Track(np.arange(N) / 24.0, groups)


@pytest.fixture
def keyed(part, performance):
    """`keyed(head)` keys the track onto a head by its own mapping, a key on every frame, and returns the report."""

    def write(head):
        head.fields.key_style = "EVERY"
        bpy.context.view_layer.update()
        mapping = part("operators.head.mappings").of(head)
        curves = part("fields_blender.rig.retarget").retarget(performance, mapping)
        found = part("operators.head.heads").find(head, mapping)
        return part("operators.keys.write_keys").write(found, curves, np.arange(N), mapping, "FIELDS test")

    return write


@pytest.fixture
def arkit(part, performance):
    """`arkit(source)` is what the track shows of an ARKit weight on frame 5."""
    weights = part("fields_blender.core.arkit").to_arkit(
        *(performance[name] for name in ("expression", "jaw", "eyelids", "gaze"))
    )
    return lambda source: float(weights[5, part("fields_blender.core.names").ARKIT.index(source)])


def value(mesh, key, scene, frame=5):
    scene.frame_set(frame)
    return mesh.data.shape_keys.key_blocks[key].value


@pytest.mark.parametrize(
    "rig, pairs",
    [
        (
            "cc ext",
            {"Mouth_Funnel_Up_R": "mouthFunnel", "Brow_Raise_Inner_L": "browInnerUp", "Eye_Blink_R": "eyeBlinkRight"},
        ),
        ("metahuman", {"CTRL_expressions_mouthCornerPullL": "mouthSmileLeft"}),
        ("g9", {"facs_bs_MouthPurseUpperLeft": "mouthPucker"}),
        ("vrm0", {"Blink_L": "eyeBlinkLeft", "U": "mouthPucker"}),
        ("vroid", {"Fcl_EYE_Close_R": "eyeBlinkRight"}),
        ("llf", {"MouthPucker": "mouthPucker"}),
    ],
)
def test_heads_of_every_convention_move_with_one_click(scene, keyed, arkit, rig, pairs):
    head = make_mesh(scene, "Face", RIGS[rig])
    report = keyed(head)
    assert len(report.keyed) >= 10
    for key, source in pairs.items():
        assert abs(value(head, key, scene) - arkit(source)) < 1e-6


def test_an_arkit_head_is_keyed_as_by_the_preset_to_the_last_bit(scene, part, keyed, performance):
    names = part("fields_blender.core.names").ARKIT
    one, other = make_mesh(scene, "One", names), make_mesh(scene, "Other", names)
    keyed(one)
    preset = part("fields_blender.rig.mapping_file").load(Path(__file__).parents[1] / "data" / "arkit_format1.json")
    curves = part("fields_blender.rig.retarget").retarget(performance, preset)
    other.fields.key_style = "EVERY"
    part("operators.keys.write_keys").write(
        part("operators.head.heads").find(other, preset), curves, np.arange(N), preset, "FIELDS test"
    )
    for key in names:
        assert value(one, key, scene) == value(other, key, scene)


def test_meshes_that_nobody_parented_are_found_in_the_heads_collection(scene, keyed, part):
    mine = bpy.data.collections.new("Hero")
    scene.collection.children.link(mine)
    face = make_mesh(scene, "Face", RIGS["cc ext"], collection=mine)
    teeth = make_mesh(scene, "Teeth", ["Mouth_Close", "Tongue_Out"], collection=mine)
    far = make_mesh(scene, "Neighbour", RIGS["cc ext"], where=(9, 0, 0), collection=mine)
    elsewhere = make_mesh(scene, "Stranger", ["Mouth_Close"])
    owned, owner = make_mesh(scene, "Prop", ["Mouth_Close"], collection=mine), make_mesh(scene, "Owner", [])
    owned.parent = owner
    keyed(face)
    assert owned.data.shape_keys.animation_data is None, "it belongs to another"
    assert value(teeth, "Mouth_Close", scene) == value(face, "Mouth_Close", scene) > 0.0
    assert far.data.shape_keys.animation_data is None and elsewhere.data.shape_keys.animation_data is None


def test_properties_that_drive_keys_are_keyed(scene, keyed, arkit):
    face, rig = (
        make_mesh(scene, "Face", ["facs_jnt_JawOpen", "facs_ctrl_CheekPuff"]),
        make_rig(scene, {"a": ((0,) * 3, (0, 0, 1))}),
    )
    face.parent = rig
    rig["facs_jnt_JawOpen"] = 0.0
    rig["facs_jnt_EyeBlinkLeft"] = 0.0
    rig["facs_bs_MouthFunnel_div2"] = 0.0
    driver = face.data.shape_keys.key_blocks["facs_jnt_JawOpen"].driver_add("value").driver
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = rig, '["facs_jnt_JawOpen"]'
    driver.expression = "var"
    keyed(face)
    scene.frame_set(5)
    assert abs(rig["facs_jnt_JawOpen"] - arkit("jawOpen")) < 1e-6
    assert abs(rig["facs_jnt_EyeBlinkLeft"] - arkit("eyeBlinkLeft")) < 1e-6
    assert abs(value(face, "facs_ctrl_CheekPuff", scene) - arkit("cheekPuff")) < 1e-6


def test_a_property_on_a_named_object_is_keyed_there_alone(scene, part, keyed, arkit):
    face, rig = make_mesh(scene, "Face", []), make_rig(scene, {"ctrl": ((0,) * 3, (0, 0, 1))})
    face.parent = rig
    face["puff"] = rig["puff"] = rig.pose.bones["ctrl"]["puff"] = 0.0
    channel = part("fields_blender.rig.mapping").channel
    keyed(rows(rig, part, channel("cheekPuff", prop="puff", on="ctrl")))
    scene.frame_set(5)
    assert face["puff"] == rig["puff"] == 0.0
    assert abs(rig.pose.bones["ctrl"]["puff"] - arkit("cheekPuff")) < 1e-6


FACE_BONES = {
    "eye.L": ((0.3, -1, 1), (0.3, -1.2, 1)),
    "eye.R": ((-0.3, -1, 1), (-0.3, -1.2, 1)),
    "lips.L": ((0.2, -1, 0.2), (0.25, -1, 0.2)),
    "lips.R": ((-0.2, -1, 0.2), (-0.25, -1, 0.2)),
    "jaw": ((0, 0, 0.5), (0, -1, 0)),
}


def rows(head, part, *made):
    mapping = part("fields_blender.rig.mapping")
    part("operators.head.mapping_rows").fill(head, mapping.Mapping("test", made))
    return head


@pytest.mark.parametrize("roll", [0.0, 0.9, -2.5])
@pytest.mark.parametrize("turned", [0.0, 1.2])
def test_bones_move_in_the_heads_directions_whatever_their_roll(scene, part, keyed, arkit, roll, turned):
    rig = make_rig(scene, FACE_BONES, roll=roll)
    rig.matrix_world = Matrix.Rotation(turned, 4, "Z")
    channel = part("fields_blender.rig.mapping").channel
    up = channel("mouthSmileLeft", bone="lips.L", does="move", axis="up", gain=0.5)
    left = channel("mouthStretchLeft", bone="lips.L", does="move", axis="left", unit="mouth")
    keyed(rows(rig, part, up, left))
    scene.frame_set(5)
    moved = rig.pose.bones["lips.L"].matrix.translation - rig.data.bones["lips.L"].head_local
    expected = (0.4 * arkit("mouthStretchLeft"), 0.0, 0.5 * 0.6 * arkit("mouthSmileLeft"))
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_bones_turn_and_scale_by_numbers(scene, part, keyed, arkit):
    rig = make_rig(scene, FACE_BONES, roll=0.7)
    channel = part("fields_blender.rig.mapping").channel
    opened = channel("jawOpen", bone="jaw", does="turn", axis="left", gain=0.4)
    grown = channel("cheekPuff", bone="lips.L", does="scale", axis="x", gain=0.5)
    keyed(rows(rig, part, opened, grown))
    scene.frame_set(5)
    pose = rig.pose.bones["jaw"]
    turn = pose.matrix.to_3x3() @ pose.bone.matrix_local.to_3x3().inverted()
    # About the head's left: what points out of the face (-y) goes down.
    angle = 0.4 * arkit("jawOpen")
    np.testing.assert_allclose(turn @ Vector((0, -1, 0)), (0, -np.cos(angle), -np.sin(angle)), atol=1e-5)
    np.testing.assert_allclose(rig.pose.bones["lips.L"].scale, (1 + 0.5 * arkit("cheekPuff"), 1, 1), atol=1e-5)


def test_what_is_locked_or_driven_is_left_alone_and_listed(scene, part, keyed):
    rig = make_rig(scene, FACE_BONES)
    rig.pose.bones["lips.L"].lock_location = (True, True, True)
    rig.pose.bones["lips.R"].driver_add("location", 0)
    rig.pose.bones["lips.R"].driver_add("location", 1)
    rig.pose.bones["lips.R"].driver_add("location", 2)
    channel = part("fields_blender.rig.mapping").channel
    up = [channel(f"mouthSmile{s}", bone=f"lips.{s[0]}", does="move", axis="up") for s in ("Left", "Right")]
    report = keyed(rows(rig, part, *up, channel("jawOpen", bone="jaw", does="turn", axis="left")))
    assert report.skipped == {"lips.L move up": "locked", "lips.R move up": "driven"}
    assert report.keyed == ["jaw turn left"]


def test_a_jaw_bone_and_a_viseme_never_open_the_mouth_twice(scene, keyed):
    face = make_mesh(scene, "Face", RIGS["oculus"])
    rig = make_rig(scene, {"jaw": ((0, 0, 0), (0, -1, 0)), "head": ((0, 0, 0), (0, 0, 1))})
    face.parent = rig
    face.modifiers.new("Armature", "ARMATURE").object = rig
    face.vertex_groups.new(name="jaw").add([0], 1.0, "REPLACE")
    keyed(face)
    assert value(face, "viseme_aa", scene) == 0.0 and value(face, "viseme_U", scene) > 0.0
    assert rig.pose.bones["jaw"].matrix_basis.to_quaternion().angle > 0.01


def test_a_head_with_nothing_to_go_by_says_so(scene, part, keyed):
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match="None of the shape keys"):
        keyed(make_mesh(scene, "Odd", [f"Key {i}" for i in range(9)]))
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match="no shape keys"):
        keyed(make_rig(scene, {"head": ((0, 0, 0), (0, 0, 1))}))


# -- the list -----------------------------------------------------------------------------------------------------


@pytest.fixture
def head(scene):
    made = make_mesh(scene, "Face", RIGS["cc std"])
    scene.fields.head = made
    return made


def row_of(head, target):
    return next((i for i, row in enumerate(head.fields.rows) if row.target == target), None)


def test_matching_lists_the_rows_and_they_mean_what_automatic_means(head, part):
    assert bpy.ops.fields.mapping_match() == {"FINISHED"}
    automatic = part("operators.head.mappings").automatic(head)
    assert part("operators.head.mapping_rows").mapping(head).channels == automatic.mapping.channels
    assert [
        (b.source, b.bone, b.gain, b.replaces) for b in part("operators.head.mapping_rows").mapping(head).bones
    ] == [(b.source, b.bone, b.gain, b.replaces) for b in automatic.mapping.bones]
    assert head.fields.matched == automatic.sentence()
    assert {row.confidence for row in head.fields.rows if row.target == "Eye_Blink_L"} == {1.0}
    assert {row.confidence for row in head.fields.rows if row.target == "Eye_L_Look_Up"} == {0.0}
    assert bpy.ops.fields.mapping_clear() == {"FINISHED"} and not head.fields.rows


def test_rows_hold_all_that_a_mapping_says(scene, part):
    mapping = part("fields_blender.rig.mapping")
    limits = {"gain": 0.5, "offset": -0.25, "minimum": -0.5, "maximum": 0.75}
    made = mapping.Mapping(
        "test",
        (
            mapping.channel("jawOpen - mouthClose", "Open", mesh="Face", curve=((0.0, 0.0), (0.5, 0.25)), **limits),
            mapping.channel("jawOpen", bone="lip", does="move", axis="up", unit="jaw", mute=True, **limits),
            mapping.channel("jawOpen", bone="lip", does="move", axis="x"),
            mapping.channel("jawOpen", bone="lip", does="turn", axis="out", region="Nose"),
            mapping.channel("jawOpen", bone="lip", does="scale", axis="z"),
            mapping.channel("max(jaw.x, 0.5 head.y)", prop="open", on="ctrl", **limits),
        ),
        (mapping.BoneChannel("jaw", "jaw", "Jaw", 0.5, replaces=("jawOpen",), mute=True),),
    )
    head = make_mesh(scene, "Face", [])
    part("operators.head.mapping_rows").fill(head, made)
    assert part("operators.head.mapping_rows").mapping(head) == made


def test_edits_reach_the_keys(head, scene, keyed, arkit):
    bpy.ops.fields.mapping_match()
    head.fields.rows[row_of(head, "Mouth_Pucker")].gain = 0.5
    head.fields.rows[row_of(head, "Mouth_Funnel")].mute = True
    head.fields.row = row_of(head, "Mouth_Pucker")
    bpy.ops.fields.mapping_add()
    row = head.fields.rows[head.fields.row]
    row.source, row.target = "jawOpen * mouthPucker", "Tongue_Wide"
    keyed(head)
    assert abs(value(head, "Mouth_Pucker", scene) - 0.5 * arkit("mouthPucker")) < 1e-6
    assert abs(value(head, "Tongue_Wide", scene) - arkit("jawOpen") * arkit("mouthPucker")) < 1e-6
    assert value(head, "Mouth_Funnel", scene) == 0.0


def test_a_row_that_cant_be_followed_is_named_and_nothing_is_written(head, part, keyed):
    bpy.ops.fields.mapping_match()
    row = head.fields.rows[0]
    row.source = "jawOpne +"
    assert row.confidence == 0.0 and "ends too early" in row.why
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match=row.target):
        keyed(head)


def test_saved_rows_come_back_and_fit_another_head(head, scene, part, tmp_path):
    bpy.ops.fields.mapping_match()
    head.fields.rows[row_of(head, "Mouth_Pucker")].gain = 0.5
    head.fields.rows[row_of(head, "Mouth_Pucker")].minimum = -0.25
    before = part("operators.head.mapping_rows").mapping(head)
    assert bpy.ops.fields.mapping_save(filepath=str(tmp_path / "mine.json")) == {"FINISHED"}
    bpy.ops.fields.mapping_clear()
    assert bpy.ops.fields.mapping_load(filepath=str(tmp_path / "mine.json")) == {"FINISHED"}
    again = part("operators.head.mapping_rows").mapping(head)
    assert {c.name: c for c in again.channels} == {c.name: c for c in before.channels}
    twin = make_mesh(scene, "Twin", [f"Twin.{name}" for name in RIGS["cc std"]])
    scene.fields.head = twin
    assert bpy.ops.fields.mapping_copy(other=head.name) == {"FINISHED"}
    assert twin.fields.rows[row_of(twin, "Twin.Mouth_Pucker")].gain == 0.5


def test_a_broken_file_is_refused_and_the_rows_stay(head, tmp_path):
    bpy.ops.fields.mapping_match()
    (tmp_path / "bad.json").write_text('{"format": 2, "name": "x", "rows": [{"source": "jawOpne", "key": "a"}]}')
    count = len(head.fields.rows)
    with pytest.raises(RuntimeError, match="jawOpne"):
        bpy.ops.fields.mapping_load(filepath=str(tmp_path / "bad.json"))
    assert len(head.fields.rows) == count


def test_mirroring_a_row_twice_is_the_row(head, part):
    bpy.ops.fields.mapping_match()
    before = part("operators.head.mapping_rows").mapping(head)
    head.fields.row = row_of(head, "Mouth_Smile_L")
    head.fields.rows[head.fields.row].gain = 0.7
    assert bpy.ops.fields.mapping_mirror() == {"FINISHED"}
    right = head.fields.rows[row_of(head, "Mouth_Smile_R")]
    assert abs(right.gain - 0.7) < 1e-6 and right.source == "mouthSmileRight"
    assert len(head.fields.rows) == len(before.channels) + len(before.bones)
    mirrored = part("fields_blender.rig.mirror").mirrored_channel
    channel = part("fields_blender.rig.mapping").channel
    for made in (
        *before.channels,
        *before.bones,
        channel("jaw.y", bone="lip.L", does="move", axis="left", maximum=0.5),
    ):
        assert mirrored(mirrored(made)) == made


def test_every_preset_can_be_chosen(head, part):
    for stem in part("fields_blender.rig.match").presets(part("fields_blender.core.paths").MAPPINGS):
        assert bpy.ops.fields.mapping_preset(preset=stem) == {"FINISHED"}
    assert len(head.fields.rows)


def test_the_test_slider_shows_a_row_and_puts_it_back(head, scene, part):
    rig = make_rig(scene, FACE_BONES, roll=0.4)
    head.parent = rig
    rig["wide"] = 0.25
    bpy.ops.fields.mapping_match()
    blocks = head.data.shape_keys.key_blocks
    blocks["Mouth_Pucker"].value = 0.3
    head.fields.row = row_of(head, "Mouth_Pucker")
    head.fields.test = 1.0
    assert blocks["Mouth_Pucker"].value == 1.0
    head.fields.test = 0.5
    assert abs(blocks["Mouth_Pucker"].value - 0.5) < 1e-6
    head.fields.row = row_of(head, "Mouth_Funnel")
    assert abs(blocks["Mouth_Pucker"].value - 0.3) < 1e-6 and head.fields.test == 0.0
    bpy.ops.fields.mapping_add()
    row = head.fields.rows[head.fields.row]
    row.kind, row.source, row.target = "PROPERTY", "jawOpen", "wide"
    head.fields.test = 1.0
    assert rig["wide"] == 1.0
    row.kind, row.target, row.does, row.axis = "BONE", "lips.L", "MOVE", "UP"
    head.fields.test = 0.9
    assert rig["wide"] == 0.25
    bpy.context.view_layer.update()
    assert rig.pose.bones["lips.L"].location.length > 0.1
    bpy.ops.fields.mapping_clear()
    assert rig.pose.bones["lips.L"].location.length == 0.0


def test_a_library_override_can_be_edited(scene, part, tmp_path, keyed, arkit):
    made = make_mesh(scene, "LinkedCC", RIGS["cc std"])
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {made})
    bpy.data.objects.remove(made)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["LinkedCC"]
    scene.collection.objects.link(wanted.objects[0])
    override = wanted.objects[0].override_create(remap_local_usages=True)
    override.data.override_create(remap_local_usages=True)
    scene.fields.head = override
    assert bpy.ops.fields.mapping_match() == {"FINISHED"}
    override.fields.rows[row_of(override, "Mouth_Pucker")].gain = 0.5
    keyed(override)
    assert abs(value(override, "Mouth_Pucker", scene) - 0.5 * arkit("mouthPucker")) < 1e-6
