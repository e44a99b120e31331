"""FLAME heads of somebody's own release: one click from picking the head to moving."""

import bpy
import numpy as np
import pytest

from tests import test_flame_fit
from training.flame import flame

pytestmark = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")
N = 3
SIZE = 100.0


@pytest.fixture(scope="module")
def model():
    return flame.load()


@pytest.fixture(scope="module")
def axes(model):
    return test_flame_fit.made_up(model)


@pytest.fixture
def flame_head(scene, model, axes):
    """A FLAME mesh in cm with y up, without bones, with 100 expression keys and an identity, chosen as the head."""
    mesh = bpy.data.meshes.new("flame")
    mesh.from_pydata((model.template * SIZE).tolist(), [], model.triangles.tolist())
    head = bpy.data.objects.new("flame", mesh)
    scene.collection.objects.link(head)
    head.shape_key_add(name="Basis", from_mix=False)
    for i, moved in enumerate([*axes, axes.sum(axis=0)]):
        key = head.shape_key_add(name=f"expression_{i}" if i < 100 else "Shape1", from_mix=False)
        key.value = 0.0
        key.data.foreach_set("co", ((model.template + moved) * SIZE).astype(np.float32).ravel())
    scene.fields.head = head
    return head


def evaluated(head):
    points = np.empty(5023 * 3, np.float32)
    head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3) / SIZE


def key_with(part, head, **weights):
    names, arkit, track = part("fields_blender.names"), part("fields_blender.arkit"), part("fields_blender.track")
    values = np.zeros((N, 52))
    for name, weight in weights.items():
        values[:, names.ARKIT.index(name)] = weight
    groups = {n: np.zeros((N, *shape), np.float32) for n, shape in names.GROUPS.items()}
    groups |= {n: made.astype(np.float32) for n, made in arkit.from_arkit(values).items()}
    groups["confidence"][:] = 1.0
    head.fields.key_style = "EVERY"
    mapping = part("operators.mappings").of(head)
    curves = part("fields_blender.retarget").retarget(track.Track(np.arange(N) / 24.0, groups), mapping)
    found = part("operators.heads").find(head, mapping)
    return part("operators.keys").write(found, curves, np.arange(N), mapping, "FIELDS test")


def test_a_head_of_any_release_moves_as_ours(scene, part, flame_head, model):
    match = part("operators.mappings").automatic(flame_head)
    assert match.profile == "FLAME" and match.missing == ("tongueOut",)
    assert set(match.spare) == {"Shape1"}
    key_with(part, flame_head, jawOpen=0.6, mouthSmileLeft=0.9, eyeBlinkRight=1.0, browInnerUp=0.7)
    scene.frame_set(1)
    basis = part("fields_blender.flame_basis")
    names = part("fields_blender.names").EXPRESSION
    expression, jaw = basis.shapes()[0], basis.jaw()
    truth = 0.6 * jaw[0] + 0.9 * expression[names.index("mouthSmileLeft")] + expression[40]
    truth += 0.7 * expression[names.index("browInnerUp")]
    error = np.linalg.norm(evaluated(flame_head) - model.template - truth, axis=1)[:3931]
    assert error.mean() < 0.05e-3, error.mean()
    assert flame_head.data.shape_keys.key_blocks["Shape1"].value == 0.0


def test_matching_lists_it_widens_the_sliders_and_the_rows_say_the_same(scene, part, flame_head):
    before = part("operators.mappings").of(flame_head)
    assert bpy.ops.fields.mapping_match() == {"FINISHED"}
    assert part("operators.mappings").of(flame_head).channels == before.channels
    blocks = flame_head.data.shape_keys.key_blocks
    assert min(block.slider_min for block in blocks[1:101]) < -1 and blocks["Shape1"].slider_min == 0.0
    flame_head.fields.row, flame_head.fields.test = 3, 1.0
    assert any(block.value < 0 for block in blocks) or any(block.value > 0 for block in blocks)
    flame_head.fields.test = 0.0
    assert all(block.value == 0.0 for block in blocks[1:])


def test_its_ways_are_read_off_the_mesh(part, flame_head):
    found = part("operators.heads").find(flame_head, part("operators.mappings").of(flame_head))
    np.testing.assert_array_equal(part("operators.heads").axes(found, flame_head), np.eye(3))
