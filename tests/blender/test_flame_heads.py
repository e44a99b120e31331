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


def key_with(part, head, over=(1.0,) * N, style="EVERY", **weights):
    """Key ARKit weights, each times `over` (n,), one a frame."""
    names, arkit, track = (
        part("fields_blender.core.names"),
        part("fields_blender.core.arkit"),
        part("fields_blender.core.track"),
    )
    count = len(over)
    values = np.zeros((count, 52))
    for name, weight in weights.items():
        values[:, names.ARKIT.index(name)] = weight * np.array(over)
    groups = {n: np.zeros((count, *shape), np.float32) for n, shape in names.GROUPS.items()}
    groups |= {n: made.astype(np.float32) for n, made in arkit.from_arkit(values).items()}
    groups["confidence"][:] = 1.0
    head.fields.key_style = style
    mapping = part("operators.head.mappings").of(head)
    curves = part("fields_blender.rig.retarget").retarget(track.Track(np.arange(count) / 24.0, groups), mapping)
    found = part("operators.head.heads").find(head, mapping)
    return part("operators.keys.write_keys").write(found, curves, np.arange(count), mapping, "FIELDS test")


def test_a_head_of_any_release_moves_as_ours(scene, part, flame_head, model):
    match = part("operators.head.mappings").automatic(flame_head)
    assert match.profile == "FLAME" and match.missing == ("tongueOut",)
    assert set(match.spare) == {"Shape1"}
    key_with(part, flame_head, jawOpen=0.6, mouthSmileLeft=0.9, eyeBlinkRight=1.0, browInnerUp=0.7)
    scene.frame_set(1)
    basis = part("fields_blender.flame.flame_basis")
    names = part("fields_blender.core.names").EXPRESSION
    expression, jaw = basis.shapes()[0], basis.jaw()
    truth = 0.6 * jaw[0] + 0.9 * expression[names.index("mouthSmileLeft")] + expression[40]
    truth += 0.7 * expression[names.index("browInnerUp")]
    error = np.linalg.norm(evaluated(flame_head) - model.template - truth, axis=1)[:3931]
    assert error.mean() < 0.05e-3, error.mean()
    assert flame_head.data.shape_keys.key_blocks["Shape1"].value == 0.0


def test_fewer_keys_are_as_true_where_a_hundred_keys_make_one_face(scene, part, flame_head, model):
    """Each of them off by a little would add up to another face."""
    over = np.sin(np.linspace(0.0, np.pi, 31)) ** 2
    rest = (model.template * SIZE).ravel()
    for block in flame_head.data.shape_keys.key_blocks[1:]:  # axes that are large: a tenth of them is a face
        points = np.empty(len(rest), np.float32)
        block.data.foreach_get("co", points)
        block.data.foreach_set("co", (rest + 10.0 * (points - rest)).astype(np.float32))
    shown = {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0, "browDownLeft": 0.8}
    report = key_with(part, flame_head, over, "REDUCED", **shown)
    assert report.keys < report.samples / 2 and report.error <= 0.02
    names, shapes = part("fields_blender.core.names").EXPRESSION, part("fields_blender.flame.flame_basis").shapes()[0]
    full = sum(weight * shapes[names.index(name)] for name, weight in shown.items())
    for frame in (4, 11, 15):
        scene.frame_set(frame)
        error = np.linalg.norm(evaluated(flame_head) - model.template - over[frame] * full, axis=1)[:3931]
        assert error.max() < 0.03 * np.linalg.norm(full, axis=1).max(), (frame, error.max())


def test_matching_lists_it_widens_the_sliders_and_the_rows_say_the_same(scene, part, flame_head):
    before = part("operators.head.mappings").of(flame_head)
    assert bpy.ops.fields.mapping_match() == {"FINISHED"}
    assert part("operators.head.mappings").of(flame_head).channels == before.channels
    blocks = flame_head.data.shape_keys.key_blocks
    assert min(block.slider_min for block in blocks[1:101]) < -1 and blocks["Shape1"].slider_min == 0.0
    flame_head.fields.row, flame_head.fields.test = 3, 1.0
    assert any(block.value < 0 for block in blocks) or any(block.value > 0 for block in blocks)
    flame_head.fields.test = 0.0
    assert all(block.value == 0.0 for block in blocks[1:])


def test_its_ways_are_read_off_the_mesh(part, flame_head):
    found = part("operators.head.heads").find(flame_head, part("operators.head.mappings").of(flame_head))
    np.testing.assert_array_equal(part("operators.head.heads").axes(found, flame_head), np.eye(3))
