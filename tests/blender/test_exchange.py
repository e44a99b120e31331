"""Import and export through the operators, and the head built from a FLAME file."""

import bpy
import numpy as np
import pytest

from tests.fake_flame import parts
from tests.recorded import IFACIALMOCAP, performance
from tools import shared_data

TEMPLATE = shared_data.find("data", "flame2023_open", "flame2023_open_without_expression.npz")


@pytest.fixture
def csv(tmp_path, part):
    path = tmp_path / "take.csv"
    part("fields_blender.exchange.livelink").write(performance(48, gaps=(10, 11)), path)
    return path


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "flame.npz"
    np.savez(path, **parts(identity=30))
    return path


def curve(head, key):
    action = head.data.shape_keys.animation_data.action
    path = f'key_blocks["{key}"].value'
    curves = getattr(action, "fcurves", None)
    curves = curves or [
        c for layer in action.layers for s in layer.strips for bag in s.channelbags for c in bag.fcurves
    ]
    return next(c for c in curves if c.data_path == path)


def test_a_recording_is_keyed_where_the_artist_wants_it(small_head, csv):
    small_head.fields.key_style, small_head.fields.use_smoothing = "EVERY", False
    assert bpy.ops.fields.import_performance(filepath=str(csv), frame_start=101) == {"FINISHED"}
    assert small_head.fields.takes[0].name == "take"
    written = curve(small_head, "mouthSmileLeft")
    assert [point.co[0] for point in written.keyframe_points][:2] == [101, 102]
    made = performance(48, gaps=(10, 11))
    column = list(range(48))
    from fields_blender.core.names import EXPRESSION

    expected = made["expression"][column, EXPRESSION.index("mouthSmileLeft")]
    for row in (0, 5, 30, 47):
        assert written.evaluate(101 + row) == pytest.approx(expected[row], abs=1e-4)


def test_by_default_it_begins_where_the_scene_does(scene, small_head, csv):
    scene.frame_start = 31
    small_head.fields.key_style = "EVERY"
    bpy.ops.fields.import_performance(filepath=str(csv))
    assert curve(small_head, "jawOpen").keyframe_points[0].co[0] == 31


@pytest.mark.parametrize(("format", "suffix"), [("LIVE_LINK", ".csv"), ("JSON", ".json"), ("TRACK", ".npz")])
def test_out_and_in_again(small_head, csv, tmp_path, part, format, suffix):
    bpy.ops.fields.import_performance(filepath=str(csv))
    written = tmp_path / f"out{suffix}"
    export = bpy.ops.fields.export_performance
    assert export(filepath=str(tmp_path / "out.csv"), format=format, as_shaped=False) == {"FINISHED"}
    read = part("fields_blender.exchange.recordings").read
    first, back = read(csv), read(written)
    np.testing.assert_allclose(back["expression"], first["expression"], atol=1e-5)
    assert (back.found == first.found).all()


def test_as_shaped_is_what_is_keyed(small_head, csv, tmp_path, part):
    bpy.ops.fields.import_performance(filepath=str(csv))
    small_head.fields.emotion_intensity = 0.0
    for shaped in (True, False):
        bpy.ops.fields.export_performance(filepath=str(tmp_path / f"{shaped}.json"), format="JSON", as_shaped=shaped)
    read = part("fields_blender.exchange.recordings").read
    calm, full = read(tmp_path / "True.json"), read(tmp_path / "False.json")
    assert np.nansum(calm["expression"]) < 0.9 * np.nansum(full["expression"])


def test_a_file_that_is_no_recording_changes_nothing(small_head, tmp_path):
    (tmp_path / "a.csv").write_text("Dear diary")
    with pytest.raises(RuntimeError, match="no recording of a face"):
        bpy.ops.fields.import_performance(filepath=str(tmp_path / "a.csv"))
    assert not small_head.fields.track and small_head.data.shape_keys.animation_data is None


def test_a_flame_head_from_a_file(scene, model, part):
    scene.cursor.location = (0.0, 0.0, 1.0)
    assert bpy.ops.fields.import_flame(filepath=str(model), identity_count=5, expression_count=100) == {"FINISHED"}
    head = bpy.context.view_layer.objects.active
    made = parts(identity=30)
    keys = head.data.shape_keys.key_blocks
    template = made["v_template"].astype(np.float32)
    moved = np.empty(5023 * 3, np.float32)
    keys["Exp3"].data.foreach_get("co", moved)
    x, y, z = (template + made["shapedirs"][:, :, 30 + 2]).T
    np.testing.assert_allclose(moved.reshape(-1, 3), np.stack([x, -z, y], axis=1), atol=1e-5)
    assert "Shape5" in keys and "Shape6" not in keys and keys["Exp100"].slider_min == -10
    assert "eyeBlinkLeft" in keys and "tongueOut" not in keys and all(key.value == 0 for key in keys[1:])
    rig = head.parent
    assert {bone.name: getattr(bone.parent, "name", None) for bone in rig.data.bones} == {
        "root": None, "neck": "root", "jaw": "neck", "left_eye": "neck", "right_eye": "neck",
    }  # fmt: skip
    x, y, z = template[900]  # where the made-up jaw joint is
    np.testing.assert_allclose(rig.data.bones["jaw"].head_local, (x, -z, y), atol=1e-4)
    weights = {head.vertex_groups[g.group].name: g.weight for g in head.data.vertices[7].groups}
    np.testing.assert_allclose([weights[n] for n in ("root", "neck", "jaw")], made["weights"][7, :3], atol=1e-3)
    assert scene.fields.flame_model == str(model)


def test_coefficients_out_and_in_again(scene, model, tmp_path, csv):
    bpy.ops.fields.import_flame(filepath=str(model), identity_count=0)
    scene.fields.head = bpy.context.view_layer.objects.active
    bpy.ops.fields.import_performance(filepath=str(csv))
    bpy.ops.fields.export_performance(filepath=str(tmp_path / "a"), format="FLAME", as_shaped=False)
    with np.load(tmp_path / "a.npz") as file:
        assert file["expr"].shape == (46, 100)
    assert bpy.ops.fields.import_performance(filepath=str(tmp_path / "a.npz")) == {"FINISHED"}


@pytest.mark.parametrize("turned", [False, True])
def test_the_keys_of_a_flame_head_say_what_its_file_says(scene, tmp_path, part, turned):
    flame = part("fields_blender.flame.flame_model")
    if not TEMPLATE.exists():
        pytest.skip("the FLAME 2023 Open template is not here")
    with np.load(TEMPLATE) as file:
        made = parts(identity=1) | {name: file[name] for name in ("v_template", "weights", "J_regressor")}
    np.savez(tmp_path / "flame.npz", **made)
    bpy.ops.fields.import_flame(filepath=str(tmp_path / "flame.npz"), expression_count=12)
    head = bpy.context.view_layer.objects.active
    scene.fields.flame_model = ""
    if turned:  # a head that another tool made, y up, in centimetres
        for key in head.data.shape_keys.key_blocks:
            points = np.empty(flame.VERTICES * 3, np.float32)
            key.data.foreach_get("co", points)
            x, y, z = 100 * points.reshape(-1, 3).T
            key.data.foreach_set("co", np.stack([x, z, -y], axis=1).ravel())
    axes = part("operators.head.flame_axes").of(bpy.context, head)
    expected = np.moveaxis(made["shapedirs"][:, :, 1:13], 2, 0)
    assert axes.shape == (12, 5023, 3)
    size = np.linalg.norm(axes) / np.linalg.norm(expected)
    assert 0.95 < size < 1.05
    np.testing.assert_allclose(axes, expected * size, atol=1e-5)


def test_coefficients_without_a_flame_say_what_to_do(small_head, csv, tmp_path):
    bpy.ops.fields.import_performance(filepath=str(csv))
    with pytest.raises(RuntimeError, match="your own FLAME model file"):
        bpy.ops.fields.export_performance(filepath=str(tmp_path / "a"), format="FLAME")
    assert not (tmp_path / "a.npz").exists()


def test_a_flame_file_that_would_run_something(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/ran'\ntR.")
    objects = len(bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"os\.system"):
        bpy.ops.fields.import_flame(filepath=str(tmp_path / "a.pkl"))
    assert len(bpy.data.objects) == objects


def test_everything_has_a_tooltip_and_a_place(part):
    for name in ("import_performance", "export_performance", "import_flame"):
        kind = getattr(bpy.ops.fields, name).get_rna_type()
        assert kind.description and not kind.description.endswith(".")
        for prop in kind.properties:
            if not prop.is_hidden and prop.identifier not in ("rna_type", "filepath", "check_existing"):
                assert prop.description and not prop.description.endswith("."), prop.identifier
    assert bpy.types.FIELDS_PT_exchange_view.bl_category == "FIELDS"


@pytest.mark.parametrize(
    ("options", "rate"),
    [({}, 60), ({"use_frame_rate": True, "frame_rate": 30.0}, 30), ({"frame_rate": 30.0}, 30),
     ({"use_frame_rate": False, "frame_rate": 30.0}, 60)],
    ids=["as usual", "set", "by a script", "switched off"],
)  # fmt: skip
def test_the_frame_rate_of_files_that_do_not_say_theirs(small_head, tmp_path, options, rate):
    (tmp_path / "a.txt").write_text(f"{IFACIALMOCAP}\n" * 60)
    bpy.ops.fields.import_performance(filepath=str(tmp_path / "a.txt"), **options)
    take = small_head.fields.takes[0]
    assert take.end - take.start == pytest.approx(59 / rate, abs=1e-6)


SPREADSHEET = "Zeit;Eye Blink Left;JAW_OPEN;mouthSmile_L;leftBrowDown;browInnerUp;HeadYaw;Mood\n" + "\n".join(
    f"{i / 24:.4f};0,1;{abs(i - 12) / 12:.3f};{'' if i == 7 else '0,5'};0;0;{8 - i / 4};calm".replace(".", ",")
    for i in range(25)
)


def test_a_recording_says_how_it_was_read_and_the_redo_panel_changes_it(small_head, tmp_path, part):
    (tmp_path / "take.csv").write_bytes(("\ufeff" + SPREADSHEET).encode("utf-16-le"))
    small_head.fields.key_style, small_head.fields.use_smoothing = "EVERY", False
    run = bpy.ops.fields.import_performance
    assert run(filepath=str(tmp_path / "take.csv"), frame_start=1) == {"FINISHED"}
    told = small_head.fields.report
    for sentence in (
        "“take.csv”: 25 frames, 0 without a face", "Time from “Zeit”: in s, 2",
        "Weights read as 0 to 1", "Head rotation read in degrees", "held from the row above: 1", "Not used: Mood",
        "Not in the file, at rest: eyeLookDownLeft",
    ):  # fmt: skip
        assert sentence in told
    assert curve(small_head, "jawOpen").evaluate(1) == pytest.approx(1.0, abs=1e-3)
    assert curve(small_head, "mouthSmileLeft").evaluate(8) == pytest.approx(0.5, abs=1e-3)
    assert run(filepath=str(tmp_path / "take.csv"), weight_unit="percent", head_unit="40 degrees") == {"FINISHED"}
    assert "Weights read as percent" in small_head.fields.report and "in units of 40°" in small_head.fields.report
    assert curve(small_head, "mouthSmileLeft").evaluate(8) == pytest.approx(0.005, abs=1e-4)
