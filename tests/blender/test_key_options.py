"""Only what was asked for is touched: range, regions, existing keys, actions."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE, FRAMES = 24, 48
SMILE, BROW = "mouthSmileLeft", "browInnerUp"


@pytest.fixture
def take(part):
    """`take(seed)`: noise all over."""

    def make(seed):
        names, random = part("fields_blender.core.names"), np.random.default_rng(seed)
        groups = {
            name: random.uniform(0.0, 0.3, (FRAMES, *shape)).astype(np.float32) for name, shape in names.GROUPS.items()
        }
        return part("fields_blender.core.track").Track(np.arange(FRAMES) / RATE, groups, {}, {"name": f"take{seed}"})

    return make


@pytest.fixture
def head(small_head, part, take):
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    for seed in (1, 2):
        part("operators.takes.takes").add(small_head, take(seed))
    small_head.fields.take_index = 0
    assert bpy.ops.fields.bake() == {"FINISHED"}
    small_head.fields.take_index = 1
    return small_head


@pytest.fixture
def keys(part):
    def read(head, name):
        fcurve = part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{name}"].value', 0)
        return part("operators.keys.fcurves").read(fcurve)["co"]

    return read


@pytest.fixture
def turns(part):
    def read(head):
        fcurves = part("operators.keys.fcurves")
        curves = [fcurves.fcurve_of(head, "rotation_euler", i) for i in range(3)]
        return np.array([[curve.evaluate(frame) for curve in curves] for frame in range(FRAMES)])

    return read


def wanted(part, track, name):
    return track["expression"][:, part("fields_blender.core.names").EXPRESSION.index(name)]


def test_a_range_leaves_all_other_keys_bit_by_bit(scene, head, part, take, keys):
    before = {name: keys(head, name) for name in (SMILE, BROW)}
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 10, 19
    assert bpy.ops.fields.bake(key_range="PREVIEW") == {"FINISHED"}
    for name in (SMILE, BROW):
        after = keys(head, name)
        inside = (after[:, 0] >= 10) & (after[:, 0] <= 19)
        np.testing.assert_array_equal(after[~inside], before[name][~inside])
        np.testing.assert_allclose(after[inside, 1], wanted(part, take(2), name)[10:20], atol=1e-6)
    scene.frame_preview_start, scene.frame_preview_end = 500, 510
    with pytest.raises(RuntimeError, match="no frame in the range"):
        bpy.ops.fields.bake(key_range="PREVIEW")


def test_the_scenes_range_may_be_keyed_alone(scene, head, part, take, keys):
    before = keys(head, SMILE)
    scene.frame_start, scene.frame_end = 10, 19
    assert bpy.ops.fields.bake(key_range="SCENE") == {"FINISHED"}
    expected = before.copy()
    expected[10:20, 1] = wanted(part, take(2), SMILE)[10:20]
    np.testing.assert_allclose(keys(head, SMILE), expected, atol=1e-6)


def test_regions_leave_the_others_bit_by_bit(head, part, take, keys, turns):
    before, turned = keys(head, SMILE), turns(head)
    assert bpy.ops.fields.bake(key_regions={"Brow"}) == {"FINISHED"}
    np.testing.assert_array_equal(keys(head, SMILE), before)
    np.testing.assert_array_equal(turns(head), turned)
    np.testing.assert_allclose(keys(head, BROW)[:, 1], wanted(part, take(2), BROW), atol=1e-6)
    # The slider keeps to them.
    head.fields.emotion_intensity = 2.0
    np.testing.assert_array_equal(keys(head, SMILE), before)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_mix_lies_between(head, part, take, keys, turns, share):
    turned = turns(head)
    assert bpy.ops.fields.bake(existing_keys="MIX", mix_share=share) == {"FINISHED"}
    old, new = wanted(part, take(1), SMILE), wanted(part, take(2), SMILE)
    np.testing.assert_allclose(keys(head, SMILE)[:, 1], old + (new - old) * share, atol=1e-6)
    if share == 0.0:
        np.testing.assert_allclose(turns(head), turned, atol=1e-5)
    bpy.ops.fields.bake(existing_keys="REPLACE")
    whole = turns(head)
    if share == 1.0:
        np.testing.assert_allclose(keys(head, SMILE)[:, 1], new, atol=1e-6)
        head.fields.take_index = 0
        bpy.ops.fields.bake()
        bpy.ops.fields.bake(existing_keys="MIX", mix_share=1.0)
        assert np.abs(whole).max() > 0


@pytest.mark.parametrize("stood", [0.0, 0.7])
def test_adding_keeps_what_was_there_beneath(head, part, take, keys, turns, stood):
    from mathutils import Euler, Quaternion

    head.animation_data_clear()
    head.rotation_euler = (0.0, 0.2, stood)
    head.fields.take_index = 0
    assert bpy.ops.fields.bake() == {"FINISHED"}
    head.fields.take_index = 1
    before = turns(head)
    assert bpy.ops.fields.bake(existing_keys="OFFSET") == {"FINISHED"}
    both = wanted(part, take(1), SMILE) + wanted(part, take(2), SMILE)
    np.testing.assert_allclose(keys(head, SMILE)[:, 1], both, atol=1e-6)
    added = turns(head)
    bpy.ops.fields.bake(existing_keys="REPLACE")
    alone = turns(head)
    rest = Quaternion(head.fields.rest_rotation)
    for row in (0, 20, 47):
        one, two, three = (Euler(turned[row]).to_quaternion() for turned in (before, alone, added))
        assert abs(three.rotation_difference(one @ rest.inverted() @ two).angle) < 1e-3


def test_moves_and_scales_of_bones_are_mixed_and_added(scene, part):
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("lips.L")
    bone.head, bone.tail = (0.2, -1.0, 0.0), (0.2, -1.2, 0.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    mappings = part("fields_blender.rig.mapping")
    lips = {"bone": "lips.L", "axis": "x"}
    move = mappings.channel("mouthSmileLeft", does="move", **lips)
    scale = mappings.channel("cheekPuff", does="scale", **lips)
    mapping = mappings.Mapping("test", (move, scale))
    found = part("operators.head.heads").find(rig, mapping)
    rig.fields.key_style, rig.fields.mix_share = "EVERY", 0.25

    def shown(amount, how):
        rig.fields.existing_keys = how
        values = amount * np.array([[0.0, 0.0], [1.0, 1.0]])
        curves = part("fields_blender.core.curves").Curves(np.arange(2) / RATE, (move.name, scale.name), values)
        part("operators.keys.write_keys").write(found, curves, np.arange(2), mapping, "FIELDS test")
        scene.frame_set(1)
        return rig.pose.bones["lips.L"].location.x, rig.pose.bones["lips.L"].scale.x

    np.testing.assert_allclose(shown(0.4, "REPLACE"), (0.4, 1.4), atol=1e-6)
    np.testing.assert_allclose(shown(0.8, "MIX"), (0.5, 1.5), atol=1e-6)
    np.testing.assert_allclose(shown(1.0, "OFFSET"), (1.5, 1.5 * 2.0), atol=1e-6)


@pytest.mark.parametrize("style", ["EVERY", "REDUCED"])
def test_each_mesh_is_mixed_with_its_own_keys(scene, head, part, take, keys, style):
    teeth = bpy.data.objects.new("Teeth", bpy.data.meshes.new("Teeth"))
    scene.collection.objects.link(teeth)
    teeth.parent = head
    for name in ("Basis", SMILE):
        teeth.shape_key_add(name=name, from_mix=False)
    block = teeth.data.shape_keys.key_blocks[SMILE]
    block.value = 0.9
    block.keyframe_insert("value", frame=0)
    assert bpy.ops.fields.bake(existing_keys="MIX", mix_share=0.0, key_style=style) == {"FINISHED"}
    np.testing.assert_allclose(keys(teeth, SMILE)[:, 1], 0.9, atol=1e-6)
    old = wanted(part, take(1), SMILE)
    np.testing.assert_allclose(keys(head, SMILE)[:, 1], old[keys(head, SMILE)[:, 0].astype(int)], atol=1e-6)


def test_the_sliders_wait_where_keys_are_mixed(head, keys):
    bpy.ops.fields.bake(existing_keys="MIX")
    before = keys(head, SMILE)
    head.fields.emotion_intensity = 2.0
    np.testing.assert_array_equal(keys(head, SMILE), before)
    assert "Bake Keys" in head.fields.report


def test_a_new_action_leaves_the_old_one_as_it_is(head, keys):
    animation = head.data.shape_keys.animation_data
    old, before = animation.action, keys(head, SMILE)
    head.fields.action_name = "My words"
    assert bpy.ops.fields.bake(fresh=True) == {"FINISHED"}
    assert animation.action != old and animation.action.name.startswith("My words")
    assert old.use_fake_user
    new = keys(head, SMILE)
    assert not np.array_equal(new, before)
    slots = getattr(old, "slots", None)
    animation.action = old
    if slots:
        animation.action_slot = next(slot for slot in slots if slot.target_id_type == "KEY")
    np.testing.assert_array_equal(keys(head, SMILE), before)


def test_a_failed_bake_into_a_new_action_puts_the_old_one_back(head, keys, part, monkeypatch):
    animation = head.data.shape_keys.animation_data
    old, before = animation.action, keys(head, SMILE)

    def broken(*_):
        raise part("fields_blender.core.errors").FieldsError("Broken.")

    monkeypatch.setattr(part("operators.keys.write_keys"), "_widen_sliders", broken)
    with pytest.raises(RuntimeError, match="Broken"):
        bpy.ops.fields.bake(fresh=True)
    assert animation.action == old and not old.use_fake_user
    np.testing.assert_array_equal(keys(head, SMILE), before)
