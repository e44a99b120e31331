"""Curves -> F-curves, read back from what Blender evaluates."""

import bmesh
import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion, Vector

SLOTS = hasattr(bpy.types, "ActionSlot")
N = 30


@pytest.fixture
def mapping(part):
    return part("fields_blender.rig.mapping_file").load(part("fields_blender.core.paths").MAPPINGS / "arkit.json")


@pytest.fixture
def arkit(part):
    return part("fields_blender.core.names").ARKIT


@pytest.fixture
def keyed(part, mapping):
    """`keyed(object, curves, frames)` keys a head, a key on every frame, and returns the report."""

    def write(chosen, curves, frames, name="FIELDS test", style="EVERY", **more):
        if chosen is not None:
            chosen.fields.key_style = style
        bpy.context.view_layer.update()
        return part("operators.keys.write_keys").write(
            part("operators.head.heads").find(chosen, mapping), curves, frames, mapping, name, **more
        )

    return write


@pytest.fixture
def performance(part, mapping):
    """`performance(n)`: Curves of noise for all channels; keywords set rotations of bones (n, 3)."""

    def make(n=N, high=1.0, **rotations):
        random = np.random.default_rng(3)
        names = tuple(channel.key for channel in mapping.shape_keys)
        turns = {channel.bone: np.zeros((n, 3)) for channel in mapping.bones}
        turns |= {name.replace("_", "."): np.asarray(values) for name, values in rotations.items()}
        return part("fields_blender.core.curves").Curves(
            np.arange(n) / 24.0, names, random.uniform(0.0, high, (n, len(names))), turns
        )

    return make


def make_mesh(scene, name, keys, up="z"):
    """A mesh whose keys move vertices where a face has them: left keys at the left, eyes above the mouth."""
    mesh = bpy.data.meshes.new(name)
    places = [Vector((x, 0.0, z)) for x in (1.0, -1.0, 0.0) for z in (1.0, -1.0)]
    turn = Matrix() if up == "z" else Matrix.Rotation(np.pi / -2, 4, "X")
    mesh.from_pydata([turn @ place for place in places], [], [])
    made = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(made)
    made.shape_key_add(name="Basis", from_mix=False)
    for key in keys:
        block = made.shape_key_add(name=key, from_mix=False)
        column = 0 if key.endswith("Left") else 1 if key.endswith("Right") else 2
        row = 0 if key.startswith(("eye", "brow")) else 1
        block.data[column * 2 + row].co += turn @ Vector((0.0, -0.1, -0.1))
    return made


def make_rig(scene, *meshes, roll=0.0, bones=("head", "jaw", "eye.L", "eye.R"), weights=("head", "jaw")):
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name in bones:
        bone = data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = (0, 0, 0), (0.1, 0.2, 1.0), roll
    bpy.ops.object.mode_set(mode="OBJECT")
    for mesh in meshes:
        mesh.parent = rig
        mesh.modifiers.new("Armature", "ARMATURE").object = rig
        for name in weights:
            mesh.vertex_groups.new(name=name).add([0], 1.0, "REPLACE")
    return rig


def value(mesh, key):
    return mesh.data.shape_keys.key_blocks[key].value


def curve_of(owner, path, index=0):
    animation = owner.animation_data
    if not SLOTS:
        return animation.action.fcurves.find(path, index=index)
    bag = animation.action.layers[0].strips[0].channelbag(animation.action_slot)
    return bag.fcurves.find(path, index=index)


def key_curve(mesh, key):
    return curve_of(mesh.data.shape_keys, f'key_blocks["{key}"].value')


def frames_of(fcurve):
    return [point.co.x for point in fcurve.keyframe_points]


def test_all_52_keys_take_the_exact_values_in_one_action(scene, arkit, keyed, performance):
    head, curves = make_mesh(scene, "Face", arkit), performance()
    report = keyed(head, curves, np.arange(10, 10 + N))
    for frame in (10, 17, 39):
        scene.frame_set(frame)
        got = [value(head, name) for name in curves.names]
        np.testing.assert_allclose(got, curves.values[frame - 10], atol=1e-6)
    action = head.data.shape_keys.animation_data.action
    assert action.name.startswith("FIELDS test")
    assert report.sentence() == f"{N} frames, 0 without a face, 52 of 52 channels keyed"
    point = key_curve(head, "jawOpen").keyframe_points[3]
    assert (point.interpolation, point.handle_left_type) == ("BEZIER", "AUTO_CLAMPED")
    assert key_curve(head, "browInnerUp").group.name == "Brow"
    assert key_curve(head, "tongueOut").group.name == "Tongue"


def test_handles_are_computed(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    keyed(head, performance(), np.arange(N))
    points = key_curve(head, "jawOpen").keyframe_points
    assert all(p.handle_left.x < p.co.x < p.handle_right.x for p in points)


def test_keys_outside_the_captured_frames_are_kept_as_they_were(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    block = head.data.shape_keys.key_blocks["jawOpen"]
    for frame, amount in ((1, 0.25), (12, 0.5), (100, 0.75)):
        block.value = amount
        block.keyframe_insert("value", frame=frame)
    mine = key_curve(head, "jawOpen")
    first = mine.keyframe_points[0]
    first.interpolation, first.handle_right_type, first.handle_left_type = "ELASTIC", "FREE", "FREE"
    first.handle_right = (3.0, 0.6)
    mine.keyframe_points[2].type = "EXTREME"
    mine.update()
    action = head.data.shape_keys.animation_data.action
    curves = performance()
    keyed(head, curves, np.arange(10, 10 + N))
    assert head.data.shape_keys.animation_data.action == action
    points = key_curve(head, "jawOpen").keyframe_points
    assert frames_of(key_curve(head, "jawOpen")) == [1.0, *range(10, 10 + N), 100.0]
    assert points[0].interpolation == "ELASTIC" and points[0].handle_right_type == "FREE"
    np.testing.assert_allclose(points[0].handle_right, (3.0, 0.6), atol=1e-6)
    assert points[-1].type == "EXTREME" and points[-1].co.y == 0.75
    np.testing.assert_allclose(points[3].co.y, curves.values[2, curves.names.index("jawOpen")], atol=1e-6)


@pytest.mark.parametrize("kind", ["AUTO_CLAMPED", "AUTO", "ALIGNED", "VECTOR", "FREE"])
def test_what_the_artist_animated_outside_keeps_its_shape(scene, arkit, keyed, performance, kind):
    """Also next to the captured frames, whose keys would turn an automatic handle."""
    head = make_mesh(scene, "Face", arkit)
    block = head.data.shape_keys.key_blocks["jawOpen"]
    for frame, amount in ((-20, 0.1), (-10, 0.9), (0, 0.3), (60, 0.2), (70, 0.95), (80, 0.1)):
        block.value = amount
        block.keyframe_insert("value", frame=frame)
    mine = key_curve(head, "jawOpen")
    for point in mine.keyframe_points:
        point.handle_left_type = point.handle_right_type = kind
    mine.update()
    outside = [*np.arange(-20, 0.1, 0.5), *np.arange(60, 80.1, 0.5)]
    before = [mine.evaluate(frame) for frame in outside]
    for _ in range(2):
        keyed(head, performance(), np.arange(1, 1 + N))
        curve = key_curve(head, "jawOpen")
        np.testing.assert_allclose([curve.evaluate(frame) for frame in outside], before, atol=1e-5)
        curve.update()
    np.testing.assert_allclose([curve.evaluate(frame) for frame in outside], before, atol=1e-5)


def test_what_is_keyed_and_does_not_show_is_told(scene, arkit, keyed, performance):
    head, frames = make_mesh(scene, "Face", arkit), np.arange(1, 1 + N)
    blocks = head.data.shape_keys.key_blocks
    blocks["jawOpen"].mute = True
    first = keyed(head, performance(), frames)
    assert first.skipped == {"jawOpen": "keyed, but muted"} and "jawOpen" in first.keyed
    blocks["jawOpen"].mute = False
    key_curve(head, "browInnerUp").mute = True
    key_curve(head, "mouthSmileLeft").group.mute = True
    head.show_only_shape_key = True
    told = keyed(head, performance(), frames).skipped
    assert told["browInnerUp"] == told["mouthSmileLeft"] == "keyed, but its F-curve is muted"
    assert told[head.name] == f"keyed, but “{head.name}” shows its active shape key alone"
    assert "eyeBlinkLeft" not in told and "skipped: " in keyed(head, performance(), frames).sentence()


def test_a_copy_that_moves_along_is_told_and_a_new_action_separates_them(scene, arkit, keyed, performance):
    head, frames = make_mesh(scene, "Face", arkit), np.arange(1, 1 + N)
    assert not keyed(head, performance(), frames).warnings
    twin = head.copy()
    twin.data = head.data.copy()
    twin.name = "Twin"
    scene.collection.objects.link(twin)
    animation = twin.data.shape_keys.animation_data or twin.data.shape_keys.animation_data_create()
    animation.action = head.data.shape_keys.animation_data.action
    if hasattr(animation, "action_slot"):
        animation.action_slot = head.data.shape_keys.animation_data.action_slot
    told = keyed(head, performance(), frames)
    assert len(told.warnings) == 1 and "moves “Twin” too" in told.sentence() and "New Action" in told.warnings[0]
    assert not keyed(head, performance(), frames, fresh=True).warnings
    assert head.data.shape_keys.animation_data.action != animation.action


def test_a_second_bake_replaces_the_first(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    keyed(head, performance(N), np.arange(N))
    actions = len(bpy.data.actions)
    keyed(head, performance(10), np.arange(5, 15))
    assert len(bpy.data.actions) == actions
    assert frames_of(key_curve(head, "jawOpen")) == list(range(N))
    np.testing.assert_allclose(key_curve(head, "jawOpen").evaluate(5), performance(10).values[0, 17], atol=1e-6)


def test_two_stretches_leave_what_lies_between_them_alone(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    head.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=50)
    keyed(head, performance(), np.r_[np.arange(10, 25), np.arange(70, 85)])
    assert 50.0 in frames_of(key_curve(head, "jawOpen"))


def test_old_keys_give_way_within_each_unbroken_run_of_frames(part):
    fcurves = part("operators.keys.fcurves")
    runs = fcurves.runs_of(np.array([2, 3, 5, 6]))
    assert runs.tolist() == [[2, 3], [5, 6]] and len(fcurves.runs_of(np.array([]))) == 0

    def keys(frames, value):
        return fcurves.plain_keys(np.array(frames), np.full(len(frames), value), fcurves.BEZIER)

    merged = fcurves.merged(keys(range(8), 0.0), keys([2, 3, 5, 6], 1.0), runs)
    assert merged["co"].tolist() == [[frame, float(frame in (2, 3, 5, 6))] for frame in range(8)]
    # Old keys may lie between frames.
    merged = fcurves.merged(keys([1.4, 1.6, 3.4, 3.6], 0.0), keys([2, 3], 1.0), runs[:1])
    np.testing.assert_allclose(merged["co"][:, 0], [1.4, 2, 3, 3.6], atol=1e-6)


def test_gaps_get_no_keys_and_old_keys_in_them_go(scene, arkit, keyed, performance):
    head, curves = make_mesh(scene, "Face", arkit), performance()
    keyed(head, curves, np.arange(N))
    curves.values[10:15] = np.nan
    for turn in curves.rotations.values():
        turn[10:15] = np.nan
    report = keyed(head, curves, np.arange(N))
    assert frames_of(key_curve(head, "jawOpen")) == [*range(10), *range(15, N)]
    assert report.gaps == 5


def test_sliders_are_widened_where_a_value_would_be_cut(scene, arkit, keyed, performance):
    head, curves = make_mesh(scene, "Face", arkit), performance(high=1.0)
    column = curves.names.index("jawOpen")
    curves.values[4, column], curves.values[5, column] = 1.6, -0.3
    keyed(head, curves, np.arange(N))
    scene.frame_set(4)
    assert abs(value(head, "jawOpen") - 1.6) < 1e-6
    scene.frame_set(5)
    assert abs(value(head, "jawOpen") + 0.3) < 1e-6
    assert head.data.shape_keys.key_blocks["mouthPucker"].slider_max == 1.0


def test_every_mesh_that_shares_the_keys_gets_the_same_values(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    teeth, tongue = (
        make_mesh(scene, "Teeth", ["jawOpen", "jawLeft"]),
        make_mesh(scene, "Tongue", ["tongueOut", "other"]),
    )
    teeth.parent = face
    rig = make_rig(scene, face, weights=())
    tongue.modifiers.new("Armature", "ARMATURE").object = rig
    stranger = make_mesh(scene, "Stranger", arkit)
    curves = performance()
    keyed(face, curves, np.arange(N))
    scene.frame_set(7)
    assert value(teeth, "jawOpen") == value(face, "jawOpen") > 0.0
    assert value(tongue, "tongueOut") == value(face, "tongueOut") > 0.0
    assert stranger.data.shape_keys.animation_data is None
    keys = [mesh.data.shape_keys for mesh in (face, teeth, tongue)]
    if SLOTS:  # one action, a slot each
        assert len({key.animation_data.action.name for key in keys}) == 1
        assert len({key.animation_data.action_slot.identifier for key in keys}) == 3


def test_names_spelt_another_way_match(scene, keyed, performance):
    head, curves = make_mesh(scene, "Face", ["EyeBlink_L", "jaw_open"]), performance()
    report = keyed(head, curves, np.arange(N))
    scene.frame_set(3)
    assert abs(value(head, "jaw_open") - curves.values[3, curves.names.index("jawOpen")]) < 1e-6
    assert len(report.keyed) == 2 and "mouthPucker" in report.unmatched and len(report.unmatched) == 50


def test_driven_and_locked_keys_are_left_alone_and_listed(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    head.data.shape_keys.key_blocks["jawOpen"].driver_add("value")
    head.data.shape_keys.key_blocks["mouthPucker"].keyframe_insert("value", frame=3)
    key_curve(head, "mouthPucker").lock = True
    report = keyed(head, performance(), np.arange(N))
    assert report.skipped == {"jawOpen": "driven", "mouthPucker": "locked"}
    assert key_curve(head, "jawOpen") is None and frames_of(key_curve(head, "mouthPucker")) == [3.0]
    assert "50 of 52 channels" in report.sentence() and "jawOpen (driven)" in report.sentence()


def test_a_locked_group_is_left_alone_as_a_locked_curve_is(scene, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    keyed(head, performance(), np.arange(N))
    key_curve(head, "browInnerUp").group.lock = True
    brows = [name for name in arkit if name.startswith("brow")]
    report = keyed(head, performance(high=0.1), np.arange(N))
    assert report.skipped == dict.fromkeys(brows, "locked")
    old = performance().values[5]
    for name, column in ((name, performance().names.index(name)) for name in brows):
        assert abs(key_curve(head, name).evaluate(5) - old[column]) < 1e-6


def test_plans_add_up_with_each_name_once(part):
    plans = part("operators.keys.plan")
    first = plans.Plan(keyed=["a"], skipped={"b": "driven"})
    joined = plans.joined([first, plans.Plan(keyed=["b", "a", "c"], unmatched=["d", "d"], skipped={"e": "locked"})])
    assert (joined.keyed, joined.unmatched) == (["a", "c"], ["d"])
    assert joined.skipped == {"b": "driven", "e": "locked"}


def test_a_name_with_quotes_is_keyed(scene, part, keyed, mapping):
    mapping = part("fields_blender.rig.mapping")
    channel = mapping.channel("jawOpen", 'the "open" \\ key')
    odd = mapping.Mapping("odd", (channel,))
    head = make_mesh(scene, "Face", [channel.key])
    curves = part("fields_blender.core.curves").Curves(np.array([0.0]), (channel.key,), np.array([[0.5]]))
    bpy.context.view_layer.update()
    part("operators.keys.write_keys").write(
        part("operators.head.heads").find(head, odd), curves, np.array([4]), odd, "FIELDS odd"
    )
    scene.frame_set(4)
    assert value(head, channel.key) == 0.5


# -- rotations ----------------------------------------------------------------------------------------------------


# Where a point on the face goes, in Blender's axes (the face looks to -Y, its left is +X), for turns of 90 degrees in
# the head's frame: about x (to the left): nod down; about y (up): turn to the left; about z (out): tilt.
TURNS = [
    ((np.pi / 2, 0, 0), (0, -1, 0), (0, 0, -1)),
    ((0, np.pi / 2, 0), (0, -1, 0), (1, 0, 0)),
    ((0, 0, np.pi / 2), (1, 0, 0), (0, 0, 1)),
]


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "ZXY", "AXIS_ANGLE"])
@pytest.mark.parametrize("roll", [0.0, 1.1])
@pytest.mark.parametrize("vector, point, moved", TURNS)
def test_the_head_bone_turns_as_the_head_did(scene, arkit, keyed, performance, vector, point, moved, roll, mode):
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face, roll=roll)
    bone = rig.pose.bones["head"]
    bone.rotation_mode = mode
    keyed(face, performance(head=np.linspace(0, 1, N)[:, None] * vector), np.arange(N))
    scene.frame_set(N - 1)
    turn = bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()
    np.testing.assert_allclose(turn @ Vector(point), moved, atol=1e-5)
    # Half the way is half the angle, at every frame and without a jump.
    scene.frame_set((N - 1) // 2)
    turn = bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()
    assert abs(turn.to_quaternion().angle - np.pi / 2 * ((N - 1) // 2) / (N - 1)) < 1e-5
    assert face.rotation_euler[:] == (0, 0, 0)


def test_a_rotation_with_one_locked_part_is_left_alone_whole(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    keyed(face, performance(head=np.tile([0.1, 0.2, 0.3], (N, 1))), np.arange(N))
    before = [curve_of(face, "rotation_euler", index).evaluate(5) for index in range(3)]
    curve_of(face, "rotation_euler", 1).lock = True
    report = keyed(face, performance(head=np.tile([0.5, 0.0, 0.0], (N, 1))), np.arange(N))
    assert report.skipped == {"head": "locked"}
    assert [curve_of(face, "rotation_euler", index).evaluate(5) for index in range(3)] == before


def test_a_turn_past_half_a_circle_has_no_jump(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    head = np.linspace(-np.pi, np.pi, N)[:, None] * [0.0, 1.4, 0.2]
    head = np.where(np.linalg.norm(head, axis=1, keepdims=True) > np.pi, head * 0.5, head)
    for mode, path, size in (("QUATERNION", "rotation_quaternion", 4), ("XYZ", "rotation_euler", 3)):
        face.rotation_mode = mode
        turning = np.cumsum(np.full((N, 3), [0.0, 0.3, 0.05]), axis=0)
        angle = np.linalg.norm(turning, axis=1, keepdims=True)
        wrapped = turning / angle * (np.mod(angle + np.pi, 2 * np.pi) - np.pi)
        keyed(face, performance(head=wrapped), np.arange(N))
        for index in range(size):
            keys = np.array([p.co.y for p in curve_of(face, path, index).keyframe_points])
            assert np.abs(np.diff(keys)).max() < 0.6


def test_a_head_modelled_with_y_up_turns_the_same_way(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit, up="y")
    keyed(face, performance(head=np.tile([0.0, np.pi / 2, 0.0], (N, 1))), np.arange(N))
    scene.frame_set(0)
    # y up: the face looks to +z; turned to its left, +x.
    np.testing.assert_allclose(face.matrix_basis.to_3x3() @ Vector((0, 0, 1)), (1, 0, 0), atol=1e-5)


def test_a_jaw_that_begins_at_the_ears_tells_no_wrong_up(scene, part):
    """As FLAME's does, on a rig with y up: from its end to the eyes it is farther forwards than upwards."""
    rig = make_rig(scene, bones=("jaw", "left_eye", "right_eye"))
    rig.matrix_world = Matrix.Rotation(np.pi / 2, 4, "X")
    bpy.ops.object.mode_set(mode="EDIT")
    places = {"jaw": (0, -0.015, -0.058), "left_eye": (0.03, 0.023, 0.024), "right_eye": (-0.03, 0.023, 0.024)}
    for name, place in places.items():
        bone = rig.data.edit_bones[name]
        bone.head, bone.tail = place, Vector(place) + Vector((0, 0, 0.03))
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.update()
    heads = part("operators.head.heads")
    found = heads.Head(rig, (), (), rig, {})
    np.testing.assert_array_equal(heads.axes(found, rig), np.eye(3))


def test_without_bones_the_object_turns_from_how_it_stood_however_often_it_is_baked(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    face.rotation_euler.z = 0.7
    rest = face.matrix_basis.to_3x3()
    curves = performance(head=np.tile([0.0, 0.5, 0.0], (N, 1)))
    for _ in range(3):
        keyed(face, curves, np.arange(N))
        scene.frame_set(4)
        np.testing.assert_allclose(face.matrix_basis.to_3x3(), rest @ Matrix.Rotation(0.5, 3, "Z"), atol=1e-5)
    # Without its keys it may be turned by hand, and that is how it stands now.
    face.animation_data_clear()
    face.rotation_euler = (0.0, 0.0, -0.4)
    keyed(face, curves, np.arange(N))
    scene.frame_set(4)
    np.testing.assert_allclose(face.matrix_basis.to_3x3(), Matrix.Rotation(0.1, 3, "Z"), atol=1e-5)


def test_a_mesh_in_edit_mode_is_read_as_it_is_edited(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    bpy.context.view_layer.objects.active = face
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(face.data)
    for vertex in edited.verts:  # what was left is right now, so the face looks to +y
        for layer in edited.verts.layers.shape.values():
            vertex[layer] = vertex[layer] * Vector((-1.0, 1.0, 1.0))
        vertex.co.x = -vertex.co.x
    bmesh.update_edit_mesh(face.data)
    try:
        keyed(face, performance(head=np.tile([0.3, 0.0, 0.0], (N, 1))), np.arange(N))
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    scene.frame_set(4)
    np.testing.assert_allclose(face.rotation_euler, (-0.3, 0.0, 0.0), atol=1e-5)


def test_bones_that_cant_follow_a_row_are_listed_with_the_reason(scene, part):
    rig = make_rig(scene, bones=("jaw", "lip", "tip"))
    bpy.ops.object.mode_set(mode="EDIT")
    tip = rig.data.edit_bones["tip"]
    tip.parent, tip.use_connect = rig.data.edit_bones["jaw"], True
    tip.tail = (0.1, 0.2, 2.0)  # else it has no length, and Blender 4.2 removes it
    bpy.ops.object.mode_set(mode="OBJECT")
    rules = part("fields_blender.rig.mapping")
    rows = [
        rules.channel("jawOpen", bone="jaw", does="turn", axis="x"),
        rules.channel("jawOpen", bone="tip", does="move", axis="x"),
        rules.channel("jawOpen", bone="lip", does="scale", axis="x"),
        rules.channel("cheekPuff", bone="lip", does="move", axis="x"),
        rules.channel("cheekPuff", bone="nose", does="move", axis="x"),
    ]
    mapping = rules.Mapping("test", tuple(rows), (rules.BoneChannel("jaw", "jaw", "Jaw"),))
    values = np.zeros((2, 5))
    curves = part("fields_blender.core.curves").Curves(
        np.arange(2) / 24.0, tuple(row.name for row in rows), values, {"jaw": np.zeros((2, 3))}
    )
    found = part("operators.head.heads").find(rig, mapping)
    report = part("operators.keys.write_keys").write(found, curves, np.arange(2), mapping, "FIELDS test")
    assert report.skipped == {
        "jaw turn x": "turned as a whole by another row",
        "tip move x": "the bone is connected to its parent",
        "lip scale x": "no part of it moves",
    }
    assert (report.keyed, report.unmatched) == (["lip move x"], ["nose move x"])


def test_head_rotation_can_be_left_out(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    face.fields.use_head_rotation = False
    keyed(face, performance(), np.arange(N))
    assert face.animation_data is None


def test_the_jaw_moves_once(scene, arkit, keyed, performance):
    """Automatic: the bone where it deforms the skin, and then the jaw's keys rest."""
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face)
    curves = performance(jaw=np.tile([0.3, 0.0, 0.0], (N, 1)))

    def jaw():
        scene.frame_set(5)
        return round(rig.pose.bones["jaw"].matrix_basis.to_quaternion().angle, 4), value(face, "jawOpen")

    keyed(face, curves, np.arange(N))
    assert jaw() == (0.3, 0.0)
    assert value(face, "jawForward") > 0.0
    face.fields.jaw_on = "SHAPE_KEYS"
    keyed(face, curves, np.arange(N))
    angle, opened = jaw()
    assert angle == 0.0 and abs(opened - curves.values[5, curves.names.index("jawOpen")]) < 1e-6
    face.fields.jaw_on = "BONE"
    keyed(face, curves, np.arange(N))
    assert jaw() == (0.3, 0.0)


@pytest.mark.parametrize("moved", [0.0, 0.4])
def test_a_key_that_rests_gets_keys_only_where_it_moved_before(scene, arkit, keyed, performance, moved):
    face = make_mesh(scene, "Face", arkit)
    make_rig(scene, face)
    face.data.shape_keys.key_blocks["jawOpen"].value = moved
    keyed(face, performance(jaw=np.tile([0.3, 0.0, 0.0], (N, 1))), np.arange(N))
    scene.frame_set(5)
    assert value(face, "jawOpen") == 0.0
    assert (key_curve(face, "jawOpen") is None) == (moved == 0.0)


def test_a_reduced_jaw_bone_is_four_times_as_exact_while_the_lips_are_closed(scene, part, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face)
    rig.pose.bones["jaw"].rotation_mode = "XYZ"
    vectors = np.random.default_rng(1).uniform(-0.005, 0.005, (N, 1)) * [1.0, 0.0, 0.0]
    curves = performance(jaw=vectors)
    curves.values[:, curves.names.index("jawOpen")] = curves.values[:, curves.names.index("mouthClose")] = 0.0
    paths = [('pose.bones["jaw"].rotation_euler', index) for index in range(3)]

    def angles(style):
        face.fields.key_tolerance = 0.1
        keyed(face, curves, np.arange(N), style=style)
        return np.array([[curve_of(rig, *path).evaluate(frame) for path in paths] for frame in range(N)])

    limit = 0.1 * part("operators.keys.plan").UNIT_ANGLE / 3
    assert np.abs(angles("REDUCED") - angles("EVERY")).max() <= limit / 4 + 1e-6


def test_lips_close_by_the_pair_of_keys_that_were_sculpted_for_it(scene, arkit, keyed, performance):
    """mouthClose undoes jawOpen, not the jaw's bone: what it takes back is opened by the key."""
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face)
    blocks = face.data.shape_keys.key_blocks
    for point, opened, rest in zip(*(blocks[n].data for n in ("mouthClose", "jawOpen", "Basis")), strict=True):
        point.co = 2.0 * rest.co - opened.co
    curves = performance(jaw=np.tile([0.6 * 0.35, 0.05, 0.0], (N, 1)))
    curves.values[:, curves.names.index("jawOpen")] = 0.6
    curves.values[:, curves.names.index("mouthClose")] = 0.4
    keyed(face, curves, np.arange(N))
    scene.frame_set(5)
    assert abs(value(face, "jawOpen") - 0.4) < 1e-6 and abs(value(face, "mouthClose") - 0.4) < 1e-6
    angle = rig.pose.bones["jaw"].matrix_basis.to_quaternion().angle
    assert abs(angle - np.hypot(0.2 * 0.35, 0.05)) < 1e-4
    curves.values[:, curves.names.index("mouthClose")] = -0.2  # as gains and offsets can make it
    keyed(face, curves, np.arange(N))
    scene.frame_set(5)
    assert value(face, "jawOpen") == 0.0


def test_a_bone_that_moves_nothing_is_not_preferred(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face, weights=("head",))
    curves = performance(jaw=np.tile([0.3, 0.0, 0.0], (N, 1)), eye_L=np.tile([0.0, 0.2, 0.0], (N, 1)))
    keyed(face, curves, np.arange(N))
    scene.frame_set(5)
    assert value(face, "jawOpen") > 0.0 and rig.pose.bones["jaw"].matrix_basis.to_quaternion().angle == 0.0
    assert value(face, "eyeLookOutLeft") > 0.0


def test_an_eye_that_hangs_on_a_bone_is_turned_by_it(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face, roll=0.4)
    eye = bpy.data.objects.new("Eye", bpy.data.meshes.new("Eye"))
    scene.collection.objects.link(eye)
    eye.parent, eye.parent_type, eye.parent_bone = rig, "BONE", "eye.L"
    keyed(face, performance(eye_L=np.tile([0.0, 0.5, 0.0], (N, 1))), np.arange(N))
    scene.frame_set(5)
    bone = rig.pose.bones["eye.L"]
    look = bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted() @ Vector((0, -1, 0))
    np.testing.assert_allclose(look, (np.sin(0.5), -np.cos(0.5), 0), atol=1e-5)
    assert value(face, "eyeLookOutLeft") > 0.0, "the lids follow: the key doesn't turn the eye"


def test_an_eye_never_turns_twice(scene, arkit, keyed, performance):
    """Keys that move what the bone carries are enough; where the artist wants the bone, they rest."""
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face)
    face.vertex_groups.new(name="eye.L").add([0], 1.0, "REPLACE")  # where the left eye's keys move
    curves = performance(eye_L=np.tile([0.0, 0.5, 0.0], (N, 1)))

    def eye():
        scene.frame_set(5)
        return rig.pose.bones["eye.L"].matrix_basis.to_quaternion().angle, value(face, "eyeLookOutLeft")

    keyed(face, curves, np.arange(N))
    angle, key = eye()
    assert angle == 0.0 and key > 0.0
    face.fields.eyes_on = "BONE"
    keyed(face, curves, np.arange(N))
    angle, key = eye()
    assert abs(angle - 0.5) < 1e-5 and key == 0.0


@pytest.fixture
def gaze(scene, arkit, keyed, performance):
    """`gaze(before)` is how far 0.55 rad turn the left eye's bone: the irises are 0.06 apart, `before` the bones."""

    def turned(before):
        face = make_mesh(scene, "Face", [name for name in arkit if not name.startswith("eyeLook")])
        data = bpy.data.meshes.new("Irises")
        places = [(x * side, -before, z) for side in (1, -1) for x in (0.02, 0.04) for z in (-0.01, 0.01)]
        data.from_pydata(places, [], [])
        irises = bpy.data.objects.new("Irises", data)
        scene.collection.objects.link(irises)
        rig = make_rig(scene, face, irises, weights=())
        irises.vertex_groups.new(name="eye.L").add([0, 1, 2, 3], 1.0, "REPLACE")
        irises.vertex_groups.new(name="eye.R").add([4, 5, 6, 7], 1.0, "REPLACE")
        keyed(face, performance(eye_L=np.tile([0.0, 0.55, 0.0], (N, 1))), np.arange(N))
        scene.frame_set(5)
        return rig.pose.bones["eye.L"].matrix_basis.to_quaternion().angle

    return turned


def test_flat_eyes_far_before_their_bones_stay_between_the_lids(gaze):
    """As an anime figure has them."""
    slid = 0.06 * np.sin(gaze(0.06))
    assert 0.08 < slid / 0.06 < 0.14, "a real iris slides by a tenth of the distance between the eyes"


def test_eyeballs_turn_as_far_as_captured(gaze):
    assert abs(gaze(0.02) - 0.55) < 1e-5


def test_a_body_without_a_head_bone_is_not_turned(scene, arkit, keyed, performance):
    face = make_mesh(scene, "Face", arkit)
    rig = make_rig(scene, face, bones=("root",), weights=("root",))
    report = keyed(face, performance(), np.arange(N))
    assert "head" in report.skipped and rig.animation_data is None and face.animation_data is None


# -- what can't be keyed ------------------------------------------------------------------------------------------


def refused(part, keyed, chosen, curves, says):
    with pytest.raises(part("fields_blender.core.errors").FieldsError, match=says):
        keyed(chosen, curves, np.arange(len(curves)))


def test_heads_without_fitting_shape_keys_are_refused(scene, part, keyed, performance):
    refused(part, keyed, None, performance(), "No head is chosen")
    bare = bpy.data.objects.new("Bare", bpy.data.meshes.new("Bare"))
    scene.collection.objects.link(bare)
    refused(part, keyed, bare, performance(), "no shape keys")
    refused(part, keyed, make_mesh(scene, "Other", ["Key 1", "Smile"]), performance(), "None of the shape keys")


def test_absolute_shape_keys_are_named_as_the_reason(scene, part, arkit, keyed, performance):
    head = make_mesh(scene, "Face", arkit)
    head.data.shape_keys.use_relative = False
    refused(part, keyed, head, performance(), "Switch Relative on")


def test_linked_heads_are_refused_with_the_cure(scene, part, arkit, keyed, performance, tmp_path):
    """Blender would let us write, and forget everything at the next start."""
    head = make_mesh(scene, "LinkedFace", arkit)
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {head})
    bpy.data.objects.remove(head)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["LinkedFace"]
    linked = wanted.objects[0]
    scene.collection.objects.link(linked)
    refused(part, keyed, linked, performance(), "Make a library override")
    override = linked.override_create(remap_local_usages=True)
    refused(part, keyed, override, performance(), "override it too")
    override.data.override_create(remap_local_usages=True)
    curves = performance()
    curves.values[4, curves.names.index("jawOpen")] = 1.5
    report = keyed(override, curves, np.arange(N))
    scene.frame_set(3)
    assert abs(value(override, "mouthPucker") - curves.values[3, curves.names.index("mouthPucker")]) < 1e-6
    assert "overridden" in report.skipped["jawOpen"]


def test_an_error_half_way_leaves_everything_as_it_was(scene, part, arkit, keyed, performance, monkeypatch):
    face = make_mesh(scene, "Face", arkit)
    teeth = make_mesh(scene, "Teeth", ["jawOpen"])
    teeth.parent = face
    face.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=3)
    actions = set(bpy.data.actions)
    fcurves = part("operators.keys.fcurves")
    real, calls = fcurves.merged, []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 53:  # the teeth: all of the face is written by then
            raise MemoryError
        return real(*arguments)

    monkeypatch.setattr(fcurves, "merged", failing)
    curves = performance(high=1.8)
    with pytest.raises(MemoryError):
        keyed(face, curves, np.arange(N))
    assert set(bpy.data.actions) == actions
    assert frames_of(key_curve(face, "jawOpen")) == [3.0] and key_curve(face, "mouthPucker") is None
    assert teeth.data.shape_keys.animation_data is None
    assert face.data.shape_keys.key_blocks["jawOpen"].slider_max == 1.0
    monkeypatch.undo()
    keyed(face, curves, np.arange(N))


def test_an_error_at_the_sliders_puts_them_back(scene, part, arkit, keyed, performance, monkeypatch):
    face = make_mesh(scene, "Face", arkit)
    module = part("operators.keys.write_keys")
    real, calls = module._set_slider, []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise MemoryError
        real(*arguments)

    monkeypatch.setattr(module, "_set_slider", failing)
    with pytest.raises(MemoryError):
        keyed(face, performance(high=1.8), np.arange(N))
    assert {block.slider_max for block in face.data.shape_keys.key_blocks} == {1.0}
    assert face.data.shape_keys.animation_data is None


@pytest.mark.skipif(not SLOTS, reason="actions have no slots before Blender 4.4")
def test_an_error_half_way_leaves_no_slot_in_an_old_action(scene, part, arkit, keyed, performance, monkeypatch):
    face = make_mesh(scene, "Face", arkit)
    animation = face.data.shape_keys.animation_data_create()
    action = animation.action = bpy.data.actions.new("Mine")
    animation.action_slot = None

    def failing(*_):
        raise MemoryError

    monkeypatch.setattr(part("operators.keys.write_keys"), "_widen_sliders", failing)
    with pytest.raises(MemoryError):
        keyed(face, performance(), np.arange(N))
    assert animation.action == action and len(action.slots) == 0


def test_sliders_go_no_farther_than_blender_lets_them_and_never_come_in(scene, arkit, keyed, performance):
    head, curves = make_mesh(scene, "Face", arkit), performance()
    curves.values[4, curves.names.index("jawOpen")] = 30.0
    block = head.data.shape_keys.key_blocks["mouthPucker"]
    block.slider_max = 3.0
    curves.values[4, curves.names.index("mouthPucker")] = -2.0
    keyed(head, curves, np.arange(N))
    assert head.data.shape_keys.key_blocks["jawOpen"].slider_max == 10.0
    assert (block.slider_min, block.slider_max) == (-2.0, 3.0)


def test_quaternion_helper_agrees_with_blender(part):
    vector = Vector((0.3, -0.2, 0.9))
    ours = part("fields_blender.core.rotation").to_quaternion(np.array([vector]))[0]
    np.testing.assert_allclose(ours, Quaternion(vector.normalized(), vector.length), atol=1e-6)
