"""The emotion slider on a head: live, animated, undone; and nothing where there is nothing to do."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE, FRAMES = 24, 120
SMILE, JAW = "mouthSmileLeft", "jawOpen"


@pytest.fixture
def performance(part):
    """`performance(n)`: a smile that comes and goes, a jaw that talks, a gap in the fourth frame."""

    def make(n=FRAMES, fps=RATE):
        names = part("fields_blender.core.names")
        at = np.arange(n) / fps
        groups = {name: np.zeros((n, *shape), np.float32) for name, shape in names.GROUPS.items()}
        groups["confidence"][:] = 1.0
        for side in ("Left", "Right"):
            groups["expression"][:, names.EXPRESSION.index(f"mouthSmile{side}")] = 0.3 * (1 - np.cos(at * 2))
        groups["jaw"][:, 0] = 0.1 * (1 - np.cos(at * 20))
        for name, values in groups.items():
            values[3] = 0.0 if name == "confidence" else np.nan
        return part("fields_blender.core.track").Track(at, groups, {}, {"name": "take"})

    return make


@pytest.fixture
def head(small_head, part, tmp_path, performance):
    """A baked head with the 52 keys, no smoothing and a key on every frame."""
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    path = tmp_path / "take.npz"
    part("fields_blender.core.track").save(performance(), path)
    small_head.fields.track = str(path)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    return small_head


@pytest.fixture
def curve(part):
    """`curve(head, name)`: the values of a shape key's keys."""

    def read(head, name):
        fcurve = part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{name}"].value', 0)
        return np.array([point.co.y for point in fcurve.keyframe_points])

    return read


def expected(part, performance, intensity, name):
    played = part("fields_blender.shape.emotion").find(performance()).at(intensity)
    weights = played["expression"][:, part("fields_blender.core.names").EXPRESSION.index(name)]
    return weights[~np.isnan(weights)]


@pytest.mark.parametrize("intensity", [0.0, 0.6, 1.0, 2.0])
def test_dragging_writes_the_keys_anew(head, part, performance, curve, intensity):
    jaw = curve(head, JAW)
    head.fields.emotion_intensity = intensity
    np.testing.assert_allclose(curve(head, SMILE), expected(part, performance, intensity, SMILE), atol=1e-6)
    np.testing.assert_array_equal(curve(head, JAW), jaw)
    report = head.fields.report
    assert bpy.ops.fields.bake() == {"FINISHED"}
    np.testing.assert_allclose(curve(head, SMILE), expected(part, performance, intensity, SMILE), atol=1e-6)
    assert head.fields.report == report


def test_there_and_back_is_where_it_was(head, curve):
    before = curve(head, SMILE)
    for intensity in (0.2, 2.0, 1.0):
        head.fields.emotion_intensity = intensity
    np.testing.assert_array_equal(curve(head, SMILE), before)


def test_dragging_keeps_keys_that_emotion_does_not_change(head, part):
    fcurve = part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{JAW}"].value', 0)
    fcurve.keyframe_points[10].co.y = 0.77
    head.fields.emotion_intensity = 1.8
    fcurve = part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{JAW}"].value', 0)
    assert fcurve.keyframe_points[10].co.y == pytest.approx(0.77)


def test_an_animated_intensity_is_honoured_frame_by_frame(head, part, performance, curve):
    for frame, value in ((0, 0.0), (FRAMES, 2.0)):
        head.fields.emotion_intensity = value
        head.keyframe_insert("fields.emotion_intensity", frame=frame)
    fcurve = part("operators.keys.fcurves").fcurve_of(head, "fields.emotion_intensity", 0)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    ramp = np.clip([fcurve.evaluate(frame) for frame in range(FRAMES)], 0, 2)
    assert ramp[0] == 0 and ramp[-1] > 1.9
    np.testing.assert_allclose(curve(head, SMILE), expected(part, performance, ramp, SMILE), atol=1e-6)


def test_a_muted_curve_of_the_intensity_is_not_followed(head, part, performance, curve):
    for frame, value in ((0, 0.0), (FRAMES, 2.0)):
        head.fields.emotion_intensity = value
        head.keyframe_insert("fields.emotion_intensity", frame=frame)
    part("operators.keys.fcurves").fcurve_of(head, "fields.emotion_intensity", 0).mute = True
    head.fields.emotion_intensity = 1.5
    assert bpy.ops.fields.bake() == {"FINISHED"}
    np.testing.assert_allclose(curve(head, SMILE), expected(part, performance, 1.5, SMILE), atol=1e-6)


def test_one_emotion_may_be_changed_alone(scene, head, part, performance, curve, tmp_path):
    happy = performance()
    happy["emotion"][:, 1] = 0.8
    path = tmp_path / "happy.npz"
    part("fields_blender.core.track").save(happy, path)
    head.fields.track = str(path)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    before = curve(head, SMILE)
    head.fields.emotion_balance[1] = 2.0  # sadness, of which there is none
    np.testing.assert_allclose(curve(head, SMILE), before, atol=1e-6)
    head.fields.emotion_balance[0] = 0.0
    assert curve(head, SMILE).max() < 0.2 * before.max()
    head.fields.emotion_balance[0] = 1.0
    np.testing.assert_allclose(curve(head, SMILE), before, atol=1e-6)
    for frame, value in ((0, 1.0), (FRAMES, 2.0)):
        head.fields.emotion_balance[0] = value
        head.keyframe_insert("fields.emotion_balance", index=0, frame=frame)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert curve(head, SMILE)[-24:].max() > 1.3 * before[-24:].max()


def test_a_head_without_a_track_is_left_alone(head, curve):
    before, head.fields.track = curve(head, SMILE), ""
    head.fields.emotion_intensity = 2.0
    np.testing.assert_array_equal(curve(head, SMILE), before)


def test_nothing_is_written_while_a_capture_runs(head, part, curve, monkeypatch):
    before = curve(head, SMILE)
    monkeypatch.setattr(part("operators.common.job"), "_running", object())
    head.fields.emotion_intensity = 2.0
    np.testing.assert_array_equal(curve(head, SMILE), before)


def test_dragging_with_reduced_keys_stays_within_the_tolerance(scene, head, part, performance):
    head.fields.key_style = "REDUCED"
    assert bpy.ops.fields.bake() == {"FINISHED"}
    head.fields.emotion_intensity = 2.0
    wanted = expected(part, performance, 2.0, SMILE)
    frames = [frame for frame in range(FRAMES) if frame != 3]
    fcurve = part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{SMILE}"].value', 0)
    assert len(fcurve.keyframe_points) < len(frames) / 3
    got = [fcurve.evaluate(frame) for frame in frames]
    np.testing.assert_allclose(got, wanted, atol=head.fields.key_tolerance + 1e-4)


def test_another_track_is_baked_whole(head, part, performance, curve, tmp_path):
    shorter = tmp_path / "shorter.npz"
    part("fields_blender.core.track").save(performance(60), shorter)
    head.data.shape_keys.animation_data_clear()
    head.fields.track = str(shorter)
    head.fields.emotion_intensity = 2.0
    assert len(curve(head, SMILE)) == len(curve(head, JAW)) == 59


def test_a_track_that_is_gone_is_said_and_changes_nothing(head, curve):
    before, head.fields.track = curve(head, SMILE), "/nowhere/take.npz"
    head.fields.emotion_intensity = 2.0
    assert "no track" in head.fields.report
    np.testing.assert_array_equal(curve(head, SMILE), before)


def test_the_setting_has_ends(head):
    head.fields.emotion_intensity = 9.0
    assert head.fields.emotion_intensity == 2.0
