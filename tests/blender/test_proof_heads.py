"""The heads of tools/proof_rigs.py: one click from picking one to moving. The pictures are for people to judge."""

import bpy
import numpy as np
import pytest

from tools import proof_heads, proof_rigs

PROFILES = {"fields": "ARKit 52", "ict": "ICT-FaceKit", "mpfb": "MPFB 2", "flame": "FLAME", "cartoon": "Face of Bones"}


@pytest.fixture
def built(scene, part):
    """`built(name)` is that head, chosen and baked."""

    def make(name):
        try:
            made = proof_rigs.builders(None, None)[name](scene)
        except proof_heads.Absent as absent:
            pytest.skip(f"{absent} is not here")
        head = scene.fields.head = made.head
        if not made.names:
            assert bpy.ops.fields.mapping_shape() == {"FINISHED"}
        track = part("fields_blender.core.track")
        performed = proof_rigs.performance()
        part("operators.takes.takes").add(head, track.Track(performed.time, performed.groups), "Proof")
        assert bpy.ops.fields.bake() == {"FINISHED"}
        return head

    return make


def moved(scene, head, expression):
    """How far each vertex of all the head's meshes is from rest, in the middle of an expression, in the world."""
    from_rest = []
    for name in ("rest", expression):
        scene.frame_set(proof_rigs.HOLD * list(proof_rigs.EXPRESSIONS).index(name) + proof_rigs.HOLD // 2)
        graph = bpy.context.evaluated_depsgraph_get()
        meshes = [thing.evaluated_get(graph) for thing in scene.objects if thing.type == "MESH"]
        from_rest.append(np.array([thing.matrix_world @ v.co for thing in meshes for v in thing.data.vertices]))
    return np.linalg.norm(from_rest[1] - from_rest[0], axis=1)


@pytest.mark.parametrize("name", PROFILES)
def test_every_face_shows_on_heads_of_every_kind(built, scene, part, name):
    head = built(name)
    assert part("operators.head.mappings").automatic(head).profile == PROFILES[name]
    assert not head.fields.unmatched
    size = max(head.dimensions) if head.type == "MESH" else 2.0
    for expression in list(proof_rigs.EXPRESSIONS)[1:]:
        assert moved(scene, head, expression).max() > 0.002 * min(size, 2.0), expression


def test_nine_nameless_shapes_show_what_they_can(built, scene):
    head = built("nameless")
    keys = head.data.shape_keys.key_blocks
    scene.frame_set(2 * proof_rigs.HOLD + proof_rigs.HOLD // 2)
    both, left = keys["Key 5"].value, keys["Key 4"].value
    assert both > 0.9 and left < 0.05, "the blink of both eyes, and the left eye shuts no further"
    assert moved(scene, head, "look left").max() < 0.001


def test_a_sheet_has_a_title_over_each_picture(tmp_path):
    pictures = [np.full((40, 50, 3), 9, np.uint8)] * 10
    proof_rigs.write(tmp_path / "sheet.png", [str(i) for i in range(10)], pictures)
    import cv2

    assert cv2.imread(str(tmp_path / "sheet.png")).shape == (2 * 62, 250, 3)
