"""Heads whose shape keys are driven: what their drivers pass on is keyed, or it is said what to choose."""

from typing import Any

import pytest

bpy: Any = pytest.importorskip("bpy")


def drive(owner, path, target, source, expression="", kind="AVERAGE"):
    """`source` of `target` drives a property; by an expression of `v` if one is given."""
    driver = owner.driver_add(path).driver
    variable = driver.variables.new()
    variable.name = "v"
    variable.targets[0].id = target
    variable.targets[0].data_path = source
    driver.type, driver.expression = ("SCRIPTED", expression) if expression else (kind, "")


@pytest.fixture
def rig(scene):
    made = bpy.data.objects.new("Controls", None)
    scene.collection.objects.link(made)
    return made


def jaw(head):
    return head.data.shape_keys.key_blocks["jawOpen"]


def shown(head, scene):
    scene.frame_set(2)
    evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return evaluated.data.shape_keys.key_blocks["jawOpen"].value


@pytest.mark.parametrize("expression", ["", "v", " v "])
def test_a_property_of_another_name_is_keyed(scene, small_head, rig, show, expression):
    rig["mouth_slider"] = 0.0
    drive(jaw(small_head), "value", rig, '["mouth_slider"]', expression)
    report = show(small_head, jawOpen=0.5)
    assert "jawOpen" in report.keyed and not report.skipped
    assert rig["mouth_slider"] == pytest.approx(0.5) and shown(small_head, scene) == pytest.approx(0.5)
    keys = small_head.data.shape_keys
    assert not any("jawOpen" in str(curve.data_path) for curve in curves_of(keys))


def test_a_property_of_the_data_a_bone_and_another_mesh_is_keyed(scene, small_head, show):
    armature = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    armature.data.edit_bones.new("face").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.pose.bones["face"]["open"] = 0.0
    armature.data["smile"] = 0.0
    blocks = small_head.data.shape_keys.key_blocks
    drive(blocks["jawOpen"], "value", armature, 'pose.bones["face"]["open"]')
    drive(blocks["mouthSmileLeft"], "value", armature, 'data["smile"]')
    drive(blocks["mouthSmileRight"], "value", small_head, 'data.shape_keys.key_blocks["mouthSmileLeft"].value')
    report = show(small_head, jawOpen=0.5, mouthSmileLeft=0.25, mouthSmileRight=0.25)
    assert not report.skipped
    assert armature.pose.bones["face"]["open"] == pytest.approx(0.5) and armature.data["smile"] == pytest.approx(0.25)


@pytest.mark.parametrize("expression", ["v * 2", "v + 0.1", "1 - v"])
def test_a_driver_that_computes_is_left_alone_and_names_what_to_choose(small_head, rig, show, expression):
    rig["mouth_slider"] = 0.0
    drive(jaw(small_head), "value", rig, '["mouth_slider"]', expression)
    report = show(small_head, jawOpen=0.5)
    assert report.skipped == {"jawOpen": f"driven by “{rig.name}”"} and rig["mouth_slider"] == 0.0


def test_circles_and_muted_drivers(scene, small_head, rig, show):
    rig["a"], rig["b"] = 0.0, 0.0
    drive(rig, '["a"]', rig, '["b"]')
    drive(rig, '["b"]', rig, '["a"]')
    drive(jaw(small_head), "value", rig, '["a"]')
    assert show(small_head, jawOpen=0.5).skipped == {"jawOpen": f"driven by “{rig.name}”"}


def test_bound_morphs_of_mmd_tools_move_by_their_sliders(scene, small_head, show):
    """As MMD Tools binds them: the morph is muted, a key relative to it is driven by the slider's negative."""
    mesh = bpy.data.meshes.new("placeholder")
    mesh.from_pydata([(0, 0, 0)], [], [])
    sliders = bpy.data.objects.new(".placeholder", mesh)
    scene.collection.objects.link(sliders)
    sliders.shape_key_add(name="--- morph sliders ---", from_mix=False)
    sliders.shape_key_add(name="jawOpen", from_mix=False)
    bound = small_head.shape_key_add(name="mmd_bind123", from_mix=False)
    bound.relative_key, bound.slider_min = jaw(small_head), -10.0
    jaw(small_head).mute = True
    drive(bound, "value", sliders, 'data.shape_keys.key_blocks["jawOpen"].value', "-v")
    report = show(small_head, jawOpen=0.5)
    assert "jawOpen" in report.keyed and not report.skipped
    scene.frame_set(2)
    assert sliders.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    assert bound.value == pytest.approx(-0.5)
    assert not any("jawOpen" in curve.data_path for curve in curves_of(small_head.data.shape_keys))


def test_a_slider_is_widened_where_the_performance_goes_beyond_it(scene, small_head, show):
    mesh = bpy.data.meshes.new("sliders")
    mesh.from_pydata([(0, 0, 0)], [], [])
    sliders = bpy.data.objects.new("Sliders", mesh)
    scene.collection.objects.link(sliders)
    sliders.shape_key_add(name="Basis", from_mix=False)
    mine = sliders.shape_key_add(name="open", from_mix=False)
    drive(jaw(small_head), "value", sliders, 'data.shape_keys.key_blocks["open"].value')
    show(small_head, jawOpen=1.5)
    assert mine.slider_max == pytest.approx(1.5) and mine.value == pytest.approx(1.5)


def curves_of(owner):
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return []
    action = animation.action
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    return [c for bag in bags if bag.slot_handle == animation.action_slot.handle for c in bag.fcurves]


def test_nothing_is_keyed_twice(small_head, rig, show):
    """Two shape keys that one property drives: it has one curve, and the last row's values."""
    rig["smile"] = 0.0
    for side in ("Left", "Right"):
        drive(small_head.data.shape_keys.key_blocks[f"mouthSmile{side}"], "value", rig, '["smile"]')
    show(small_head, mouthSmileLeft=0.4, mouthSmileRight=0.4)
    assert rig["smile"] == pytest.approx(0.4)
    assert [curve.data_path for curve in curves_of(rig)] == ['["smile"]']
