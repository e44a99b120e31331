"""Add > Mesh > FIELDS Head."""

import bpy
import numpy as np
import pytest
from mathutils import Vector

from fields_blender.core.names import ARKIT


@pytest.fixture
def added(scene):
    """Adds a head and hands over its mesh; takes away all that it made."""
    kept = {kind: set(getattr(bpy.data, kind)) for kind in _KINDS}
    yield lambda: (bpy.ops.fields.add_head(), bpy.context.view_layer.objects.active)[1]
    for kind in _KINDS:
        data = getattr(bpy.data, kind)
        for thing in set(data) - kept[kind]:
            data.remove(thing)


_KINDS = ("objects", "meshes", "armatures", "cameras", "lights", "worlds", "materials", "images")


def evaluated(mesh: bpy.types.Object) -> np.ndarray:
    """(n, 3) world positions with shape keys and bones, without subdivision."""
    mesh.modifiers["Subdivision"].show_viewport = False
    bpy.context.view_layer.update()
    shown = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    found = np.empty(len(shown.data.vertices) * 3, dtype=np.float32)
    shown.data.vertices.foreach_get("co", found)
    found = found.reshape(-1, 3)
    matrix = np.array(shown.matrix_world)
    return found @ matrix[:3, :3].T + matrix[:3, 3]


def group(mesh: bpy.types.Object, name: str) -> np.ndarray:
    index = mesh.vertex_groups[name].index
    return np.array(
        [v.index for v in mesh.data.vertices if any(g.group == index and g.weight > 0.99 for g in v.groups)]
    )


def test_a_head_stands_at_the_cursor_selected_and_active(scene, added):
    scene.cursor.location = (1.0, 2.0, 3.0)
    mesh = added()
    assert mesh.name.startswith("FIELDS Head") and mesh.select_get()
    assert bpy.context.selected_objects == [mesh]
    points = evaluated(mesh)
    low, high = points.min(axis=0), points.max(axis=0)
    assert low[2] == pytest.approx(3.0, abs=0.005)
    assert 0.2 < high[2] - low[2] < 0.3
    assert low[0] < 1.0 < high[0] and low[1] < 2.0 < high[1]


def test_keys_are_arkits_and_rest_at_zero(added):
    blocks = added().data.shape_keys.key_blocks
    assert [block.name for block in blocks] == ["Basis", *ARKIT]
    assert all(block.value == 0.0 for block in blocks[1:])


def test_it_faces_the_front_view_with_its_left_on_x(added):
    mesh = added()
    eye = mesh.parent.data.bones
    assert eye["eye.L"].head_local.x > 0.02
    assert eye["eye.L"].tail_local.y < eye["eye.L"].head_local.y - 0.01  # -Y is where it looks


def test_mesh_and_materials_are_sound(added):
    mesh = added()
    assert not mesh.data.validate()  # True would mean that something had to be repaired
    assert all(polygon.use_smooth for polygon in mesh.data.polygons)
    assert {material.name.split(" ")[1].split(".")[0] for material in mesh.data.materials} >= {
        *("skin", "lip", "sclera", "iris", "pupil", "teeth", "tongue", "lash", "brow")
    }
    textured = [n for m in mesh.data.materials for n in m.node_tree.nodes if n.type == "TEX_IMAGE"]
    assert textured and all(tuple(node.image.size) == (2048, 2048) and node.image.packed_file for node in textured)


def test_bones_carry_what_they_should(added):
    mesh = added()
    rest = evaluated(mesh)
    bones = mesh.parent.pose.bones
    assert [bone.name for bone in bones] == ["neck", "head", "jaw", "eye.L", "eye.R"]
    for bone, carried, still in (("eye.L", "eye.L", "eye.R"), ("jaw", "jaw", "eye.L"), ("head", "eye.R", "neck")):
        bones[bone].rotation_mode = "XYZ"
        bones[bone].rotation_euler = (0.2, 0.0, 0.1)
        moved = np.linalg.norm(evaluated(mesh) - rest, axis=1)
        assert moved[group(mesh, carried)].max() > 0.001, bone
        assert moved[group(mesh, still)].max() < 0.0005, bone
        bones[bone].rotation_euler = (0.0, 0.0, 0.0)


def test_keys_move_the_mesh_and_bones_add_nothing_to_them(added, part):
    """Jaw and eyes are on shape keys here, so that nothing moves twice."""
    mesh = added()
    assert mesh.fields.jaw_on == mesh.fields.eyes_on == "SHAPE_KEYS"
    assert mesh.parent.fields.jaw_on == mesh.parent.fields.eyes_on == "SHAPE_KEYS"
    rest = evaluated(mesh)
    mesh.data.shape_keys.key_blocks["jawOpen"].value = 1.0
    moved = evaluated(mesh) - rest
    assert moved[:, 2].min() < -0.02


def test_twice_gives_two_heads(scene, added):
    first = added()
    scene.cursor.location = (0.5, 0.0, 0.0)
    second = added()
    assert first != second and first.parent != second.parent and first.data != second.data
    assert not first.select_get() and second.select_get()


def test_other_things_in_the_scene_are_left_alone(scene, added):
    other = bpy.data.objects.new("other", None)
    scene.collection.objects.link(other)
    other.select_set(True)
    mesh = added()
    assert not other.select_get() and mesh.select_get()
    assert other.parent is None and tuple(other.location) == (0.0, 0.0, 0.0)


def test_it_says_why_it_does_not_run_in_edit_mode(scene, added):
    mesh = added()
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        assert not bpy.ops.fields.add_head.poll()
        with pytest.raises(RuntimeError, match="Object Mode"):
            bpy.ops.fields.add_head()
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.context.view_layer.objects.active == mesh


def test_a_hidden_collection_does_not_swallow_it(scene, added):
    hidden = bpy.data.collections.new("hidden")
    scene.collection.children.link(hidden)
    layer = bpy.context.view_layer.layer_collection.children["hidden"]
    bpy.context.view_layer.active_layer_collection = layer
    layer.exclude = True
    mesh = added()
    assert mesh.name in bpy.context.view_layer.objects and mesh.visible_get()
    bpy.data.collections.remove(hidden)


def test_one_undo_step():
    assert {"REGISTER", "UNDO"} <= set(bpy.types.FIELDS_OT_add_head.bl_options)


def test_add_menu_offers_it():
    assert any("demo_head" in draw.__module__ for draw in bpy.types.VIEW3D_MT_mesh_add._dyn_ui_initialize())


def cube(scene, size=2.0, at=(0.0, 0.0, 0.0), name="Cube") -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=size, location=at)
    made = bpy.context.view_layer.objects.active
    made.name = name
    return made


def show() -> bpy.types.Object:
    assert bpy.ops.fields.add_head(show=True) == {"FINISHED"}
    bpy.context.view_layer.update()
    return bpy.context.view_layer.objects.active


def apart(one: bpy.types.Object, other: bpy.types.Object, part) -> bool:
    """Do their bounding boxes share no space?"""
    corners = part("operators.common.free_place").corners
    (low, high), (other_low, other_high) = corners(one), corners(other)
    return any(high[i] <= other_low[i] + 1e-4 or other_high[i] <= low[i] + 1e-4 for i in range(3))


def test_in_an_empty_place_it_stands_at_the_cursor_and_is_the_head(scene, added):
    scene.cursor.location = (1.0, 2.0, 3.0)
    mesh = show()
    assert tuple(mesh.parent.location) == (1.0, 2.0, 3.0) and scene.fields.head == mesh
    assert bpy.context.selected_objects == [mesh]


def test_it_stands_on_the_default_cube_not_in_it(scene, added, part):
    box = cube(scene)
    mesh = show()
    assert apart(mesh, box, part) and mesh.parent.location.z == pytest.approx(1.0, abs=0.01)
    assert tuple(mesh.parent.location)[:2] == (0.0, 0.0)


def test_heads_stand_side_by_side(scene, added, part):
    heads = [show() for _ in range(3)]
    assert all(apart(a, b, part) for a in heads for b in heads if a != b)
    assert {round(head.parent.location.z, 3) for head in heads} == {0.0}


def test_in_a_room_it_stays_at_the_cursor_and_in_a_cupboard_it_does_not(scene, added, part):
    cube(scene, size=6.0, at=(0.0, 0.0, 2.0), name="room")
    mesh = show()
    assert tuple(mesh.parent.location) == (0.0, 0.0, 0.0)
    scene.cursor.location = (1.5, 0.0, 0.0)
    cupboard = cube(scene, size=1.2, at=(1.5, 0.0, 0.1), name="cupboard")
    assert apart(show(), cupboard, part)


def test_hidden_things_are_in_nobodys_way(scene, added):
    cube(scene).hide_set(True)
    assert tuple(show().parent.location) == (0.0, 0.0, 0.0)


def test_the_3d_view_looks_at_it_from_the_front_with_its_materials(scene, added):
    area = next(area for area in bpy.context.window.screen.areas if area.type == "VIEW_3D")
    space, before = area.spaces.active, area.spaces.active.shading.type
    cube(scene)
    mesh = show()
    try:
        assert space.shading.type == "MATERIAL"
        view = space.region_3d
        middle = sum((mesh.matrix_world @ Vector(corner) for corner in mesh.bound_box), Vector()) / 8
        assert (view.view_location - middle).length < 0.02 and 0.1 < view.view_distance < 1.5
        assert view.view_perspective == "PERSP"
        assert tuple(view.view_rotation @ Vector((0, 0, -1))) == pytest.approx((0, 1, 0), abs=1e-6)
    finally:
        space.shading.type = before


@pytest.mark.parametrize("turn", [0.0, 0.8, 1.57])
def test_the_studio_frames_the_whole_head(scene, added, turn):
    from bpy_extras.object_utils import world_to_camera_view

    from tools.render_head import setup_studio

    scene.cursor.location = (3.0, -1.0, 2.0)
    mesh = added()
    camera = setup_studio(scene, (320, 400), [mesh], turn)
    bpy.context.view_layer.update()
    seen = np.array([world_to_camera_view(scene, camera, mesh.matrix_world @ v.co) for v in mesh.data.vertices])
    assert seen[:, :2].min() > 0.0 and seen[:, :2].max() < 1.0 and seen[:, 2].min() > 0.0
    assert np.ptp(seen[:, 1]) > 0.7  # and does not stand far off
