"""Match by Shape on heads in Blender: listed, keyed, refused in words, undone by matching again."""

import bmesh
import bpy
import numpy as np
import pytest


@pytest.fixture
def nameless(scene, part):
    """`nameless(sources)`: the FIELDS Head whose keys are called Key 1, Key 2, ...; only those of `sources`, if any."""

    def make(sources=None):
        bpy.ops.fields.add_head()
        face = next(o for o in scene.objects if o.type == "MESH" and o.data.shape_keys)
        for block in list(face.data.shape_keys.key_blocks[1:]):
            if sources is not None and block.name not in sources:
                face.shape_key_remove(block)
        truth = {}
        for i, block in enumerate(face.data.shape_keys.key_blocks[1:]):
            truth[f"Key {i + 1}"] = block.name
            block.name = f"Key {i + 1}"
        bpy.context.view_layer.objects.active = face
        scene.fields.head = face
        return face, truth

    return make


def test_a_nameless_head_is_listed_and_can_be_keyed(nameless, part):
    head, truth = nameless()
    assert bpy.ops.fields.mapping_match() == {"FINISHED"}
    assert "Match by Shape" in head.fields.matched
    assert bpy.ops.fields.mapping_shape() == {"FINISHED"}
    rows = {row.target: row for row in head.fields.rows if row.kind == "KEY"}
    assert sum(rows[key].source == source for key, source in truth.items()) >= 50
    assert all("fit error" in row.why and row.confidence > 0.7 for row in rows.values())
    assert part("operators.head.heads").find(head, part("operators.head.mappings").of(head)).meshes
    assert "Match by Shape" not in head.fields.matched


def test_nine_shapes_are_matched_and_strange_ones_listed_with_the_reason(nameless):
    nine = "eyeBlinkLeft eyeBlinkRight jawOpen mouthPucker mouthFunnel mouthSmileLeft mouthSmileRight browInnerUp"
    head, truth = nameless({*nine.split(), "mouthFrownLeft"})
    fat = head.shape_key_add(name="Fat", from_mix=False)
    points = np.empty(len(fat.data) * 3, np.float32)
    fat.data.foreach_get("co", points)
    fat.data.foreach_set("co", points * np.float32(1.1))
    assert bpy.ops.fields.mapping_shape() == {"FINISHED"}
    rows = {row.target: row for row in head.fields.rows}
    assert {key: rows[key].source for key in truth} == truth
    assert rows["Fat"].source == "" and rows["Fat"].confidence == 0.0 and "whole head" in rows["Fat"].why


def test_six_selected_vertices_are_taken_and_five_refused(nameless, part):
    head, truth = nameless({"mouthPucker", "mouthFunnel", "jawOpen"})
    places = part("fields_blender.geometry.align").TOPOLOGIES[1].landmark_vertices
    chosen = [places[i][0] for i in part("fields_blender.geometry.face_frame").SELECTED_ROWS]
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(head.data)
    for vertex in edited.verts:
        vertex.select = vertex.index in chosen
    try:
        assert bpy.ops.fields.mapping_shape() == {"FINISHED"}
        assert {row.target: row.source for row in head.fields.rows if row.target in truth} == truth
        edited.verts.ensure_lookup_table()
        edited.verts[chosen[0]].select = False
        with pytest.raises(RuntimeError, match="5 vertices are selected"):
            bpy.ops.fields.mapping_shape()
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


def test_heads_that_have_no_shapes_get_a_sentence(scene):
    mesh = bpy.data.meshes.new("Cube")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [], [])
    cube = bpy.data.objects.new("Cube", mesh)
    scene.collection.objects.link(cube)
    scene.fields.head = cube
    with pytest.raises(RuntimeError, match="no shape keys"):
        bpy.ops.fields.mapping_shape()
    cube.shape_key_add(name="Basis")
    cube.shape_key_add(name="Key 1").data[0].co.z = 1.0
    with pytest.raises(RuntimeError, match="only 4 vertices"):
        bpy.ops.fields.mapping_shape()
    assert not cube.fields.rows
