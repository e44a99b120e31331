"""Add ARKit Shapes: on a head that has none, or lacks some."""

import bpy
import numpy as np
import pytest

from training.flame import flame

pytestmark = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")


@pytest.fixture
def bare(scene):
    """The FLAME template z up and in cm, without shape keys, chosen as the head."""
    model = flame.load()
    mesh = bpy.data.meshes.new("bare")
    points = model.template[:, [0, 2, 1]] * (100, -100, 100)
    mesh.from_pydata(points.tolist(), [], model.triangles.tolist())
    head = bpy.data.objects.new("bare", mesh)
    scene.collection.objects.link(head)
    scene.fields.head = head
    return head


def shape(head, name):
    rest, moved = np.empty(5023 * 3, np.float32), np.empty(5023 * 3, np.float32)
    head.data.shape_keys.reference_key.data.foreach_get("co", rest)
    head.data.shape_keys.key_blocks[name].data.foreach_get("co", moved)
    return (moved - rest).reshape(-1, 3)


def test_what_is_missing_is_made_and_what_is_there_stays(bare, part):
    bare.shape_key_add(name="Basis", from_mix=False)
    mine = bare.shape_key_add(name="Jaw_Open", from_mix=False)
    mine.data[7].co.x += 1.0
    kept = shape(bare, "Jaw_Open").copy()
    assert bpy.ops.fields.add_shapes() == {"FINISHED"}
    names = set(bare.data.shape_keys.key_blocks.keys())
    wanted = set(part("fields_blender.core.names").ARKIT)
    assert wanted - names == {"jawOpen", "tongueOut"}, "no tongue, and the artist's own key"
    np.testing.assert_array_equal(shape(bare, "Jaw_Open"), kept)
    assert all(block.value == 0.0 for block in bare.data.shape_keys.key_blocks[2:])
    assert part("operators.head.mappings").automatic(bare).profile == "ARKit 52"
    before = len(names)
    assert bpy.ops.fields.add_shapes() == {"FINISHED"}, "nothing is left but a tongue that is not there"
    assert len(bare.data.shape_keys.key_blocks) == before


def test_teeth_in_a_mesh_of_their_own_go_with_the_jaw_and_a_collar_stays(bare, scene, part):
    align = part("fields_blender.geometry.align")
    ours = part("fields_blender.rig.reference_head").load()
    scale, rotation, offset = align.align(ours.landmarks, part("operators.head.head_axes").landmarks(bare))

    def beside(name, points):
        """In one piece, in m while the head is in cm, and hung on it."""
        mesh = bpy.data.meshes.new(name)
        places = (scale * points @ rotation.T + offset) / 100.0
        mesh.from_pydata(places.tolist(), [], [(i, i + 1, i + 2) for i in range(len(places) - 2)])
        made = bpy.data.objects.new(name, mesh)
        scene.collection.objects.link(made)
        made.parent, made.scale = bare, (100.0, 100.0, 100.0)
        return made

    turn = np.linspace(0.0, 2.0 * np.pi, 40)
    low = ours.landmarks[13] - (0.0, 0.03, 0.05)
    collar = beside("Collar", low + 0.05 * np.stack([np.cos(turn), 0.02 * np.sin(9 * turn), np.sin(turn)], axis=1))
    teeth = {kind: beside(kind, ours.vertices[ours.parts == kind]) for kind in ("lower", "upper")}
    assert bpy.ops.fields.add_shapes() == {"FINISHED"}
    assert collar.data.shape_keys is None and teeth["upper"].data.shape_keys is None
    keys = teeth["lower"].data.shape_keys.key_blocks
    moved = [(a.co - b.co) * 100.0 for a, b in zip(keys["jawOpen"].data, keys["Basis"].data, strict=True)]
    assert -3.5 < np.mean([move.z for move in moved]) < -1.0, "cm"


def test_landmarks_by_hand_do_what_known_ones_do(bare, part):
    assert bpy.ops.fields.place_landmarks() == {"FINISHED"}
    marks = [child for child in bare.children if child.type == "EMPTY"]
    assert len(marks) == 14
    add = part("operators.add_shapes")
    np.testing.assert_allclose(add._marks(bare), part("operators.head.head_axes").landmarks(bare), atol=1e-4)
    bpy.data.objects.remove(marks[0])
    np.testing.assert_allclose(add._marks(bare), part("operators.head.head_axes").landmarks(bare), atol=1e-6)
    guess = add.guess(bare)
    off = np.linalg.norm(guess - part("operators.head.head_axes").landmarks(bare), axis=1)
    assert off.max() < 3.5 and part("fields_blender.geometry.align").deviation(guess) < 0.2, off  # cm


def test_a_mesh_that_is_no_face_is_refused_with_a_sentence(scene):
    bpy.ops.mesh.primitive_cube_add()
    scene.fields.head = bpy.context.object
    with pytest.raises(RuntimeError, match="too few for lids"):
        bpy.ops.fields.add_shapes()
    bpy.ops.mesh.primitive_uv_sphere_add(segments=40, ring_count=40)
    scene.fields.head = bpy.context.object
    with pytest.raises(RuntimeError, match="Place Landmarks"):
        bpy.ops.fields.add_shapes()
    assert bpy.context.object.data.shape_keys is None
