"""Two NLA layers that together are the baked performance, and back to one action."""

import re
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE, FRAMES = 24, 60
SMILE, BROW, JAW = "mouthSmileLeft", "browInnerUp", "jawOpen"


@pytest.fixture
def performance(part):
    """A smile and a brow that come and go, a jaw that talks; a gap in the fourth frame."""
    names = part("fields_blender.core.names")
    at = np.arange(FRAMES) / RATE
    groups = {name: np.zeros((FRAMES, *shape), np.float32) for name, shape in names.GROUPS.items()}
    groups["confidence"][:] = 1.0
    groups["emotion"][:, 1] = 0.8
    for name, rate, size in (("mouthSmileLeft", 2, 0.4), ("mouthSmileRight", 2, 0.4), ("browInnerUp", 5, 0.3)):
        groups["expression"][:, names.EXPRESSION.index(name)] = size * (1 - np.cos(at * rate))
    groups["jaw"][:, 0] = 0.1 * (1 - np.cos(at * 20))
    for name, values in groups.items():
        values[3] = 0.0 if name == "confidence" else np.nan
    return part("fields_blender.core.track").Track(at, groups, {}, {"name": "take"})


@pytest.fixture
def head(small_head, part, performance):
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    part("operators.takes.takes").add(small_head, performance)
    return small_head


def shown(scene, head):
    """What Blender plays (frames, keys), a little beyond the take at both ends."""
    values = []
    for frame in range(-5, FRAMES + 5):
        scene.frame_set(frame)
        values.append([key.value for key in head.data.shape_keys.key_blocks[1:]])
    return np.array(values)


def close(a, b):
    """Alike on every captured frame and beyond; where there was no face, Blender's own curves lead across."""
    gap = 5 + 3
    np.testing.assert_allclose(np.delete(a, gap, axis=0), np.delete(b, gap, axis=0), atol=1e-3)
    np.testing.assert_allclose(a[gap], b[gap], atol=0.03)


def tracks(head):
    animation = head.data.shape_keys.animation_data
    return {track.name: track.strips[0] for track in animation.nla_tracks}


def animate(head, values):
    for frame, value in values:
        head.fields.emotion_intensity = value
        head.keyframe_insert("fields.emotion_intensity", frame=frame)


@pytest.mark.parametrize("intensity", [0.0, 0.3, 1.0, 1.7, 2.0, "animated"])
def test_layers_play_what_baked_plays(scene, head, intensity):
    if intensity == "animated":
        animate(head, ((0, 0.0), (30, 2.0), (59, 0.5)))
    else:
        head.fields.emotion_intensity = intensity
    assert bpy.ops.fields.bake() == {"FINISHED"}
    baked = shown(scene, head)
    assert bpy.ops.fields.bake(write_as="LAYERED") == {"FINISHED"}
    assert head.data.shape_keys.animation_data.action is None
    strips = tracks(head)
    assert list(strips) == ["FIELDS", "FIELDS Emotion"] and strips["FIELDS Emotion"].blend_type == "ADD"
    layered = shown(scene, head)
    close(layered, baked)
    # One action again, and it plays the same.
    assert bpy.ops.fields.bake_down() == {"FINISHED"}
    assert not tracks(head) and head.data.shape_keys.animation_data.action
    np.testing.assert_allclose(shown(scene, head), layered, atol=1e-4)
    assert head.fields.write_as == "BAKED"


def test_the_slider_moves_the_emotions_layer_alone(scene, head, part):
    bpy.ops.fields.bake(write_as="LAYERED")
    base = tracks(head)["FIELDS"].action
    for intensity in (0.4, 2.0):
        head.fields.emotion_intensity = intensity
        layered = shown(scene, head)
        assert tracks(head)["FIELDS"].action == base and len(tracks(head)) == 2
        bpy.ops.fields.bake(write_as="BAKED")
        close(layered, shown(scene, head))
        bpy.ops.fields.bake(write_as="LAYERED")
        base = tracks(head)["FIELDS"].action
    assert len([action for action in bpy.data.actions if "emotion" in action.name and action.users]) == 1


def test_the_influence_is_the_intensity_without_python(scene, head):
    bpy.ops.fields.bake(write_as="BAKED")
    once = shown(scene, head)
    head.fields.emotion_intensity = 0.0
    none = shown(scene, head)
    head.fields.emotion_intensity = 1.0
    bpy.ops.fields.bake(write_as="LAYERED")
    curve = tracks(head)["FIELDS Emotion"].fcurves.find("influence")
    assert len(curve.keyframe_points) == 1 and curve.evaluate(10) == 0.5
    close(shown(scene, head), once)
    curve.keyframe_points[0].co.y = 0.0
    curve.update()
    close(shown(scene, head), none)


def test_bake_down_keeps_what_the_artist_changed(scene, head):
    bpy.ops.fields.bake(write_as="LAYERED")
    curve = tracks(head)["FIELDS Emotion"].fcurves.find("influence")
    curve.keyframe_points[0].co.y = 0.2
    curve.update()
    before = shown(scene, head)
    bpy.ops.fields.bake_down()
    np.testing.assert_allclose(shown(scene, head), before, atol=1e-3)


def test_bake_down_with_reduced_keys_stays_within_the_tolerance(scene, head):
    head.fields.key_style = "REDUCED"
    bpy.ops.fields.bake(write_as="LAYERED")
    before = shown(scene, head)
    bpy.ops.fields.bake_down()
    assert np.abs(shown(scene, head) - before).max() <= head.fields.key_tolerance + 1e-4


def test_bake_down_is_truer_where_a_key_moves_little(scene, head, part, monkeypatch):
    """As a FLAME head's hundred keys do, of which each source moves many."""
    planning = part("operators.keys.plan_shape_keys")
    monkeypatch.setattr(planning, "units", lambda mapping: {channel.name: 0.1 for channel in mapping.shape_keys})
    head.fields.key_style = "REDUCED"
    bpy.ops.fields.bake(write_as="LAYERED")
    before = shown(scene, head)
    bpy.ops.fields.bake_down()
    assert np.abs(shown(scene, head) - before).max() <= 0.1 * head.fields.key_tolerance + 1e-4


def test_the_report_counts_both_layers(head, part, monkeypatch):
    def reported():
        bpy.ops.fields.bake(write_as="LAYERED")
        found = re.search(r"([\d,]+) → ([\d,]+) keys, largest error ([\d.]+)", head.fields.report)
        return [float(number.replace(",", "")) for number in found.groups()]

    head.fields.key_style = "REDUCED"
    samples, keys, _ = reported()
    layers = part("operators.keys.layers")
    real = layers._key_emotion

    def more(*arguments):
        made = real(*arguments)
        return replace(made, samples=made.samples + 1000, keys=made.keys + 10, error=0.5)

    monkeypatch.setattr(layers, "_key_emotion", more)
    assert reported() == [samples + 1000, keys + 10, 0.5]


@pytest.mark.parametrize(
    "change", [{"frame_start": 7.0}, {"scale": 2.0}, {"repeat": 2.0}, {"use_reverse": True}], ids=str
)
def test_a_moved_strip_is_not_baked_down(scene, head, change):
    bpy.ops.fields.bake(write_as="LAYERED")
    strip = tracks(head)["FIELDS Emotion"]
    for name, value in change.items():
        setattr(strip, name, value)
    with pytest.raises(RuntimeError, match="moved"):
        bpy.ops.fields.bake_down()
    assert len(tracks(head)) == 2
    bpy.ops.fields.bake(write_as="BAKED")
    with pytest.raises(RuntimeError, match="not keyed in layers"):
        bpy.ops.fields.bake_down()


def tweak(head, name):
    """Enter tweak mode on a strip of the head."""
    animation = head.data.shape_keys.animation_data
    animation.nla_tracks.active = track = animation.nla_tracks[name]
    track.strips[0].select = True
    animation.use_tweak_mode = True
    assert animation.use_tweak_mode


def test_nothing_is_written_while_a_strip_is_tweaked(scene, head):
    bpy.ops.fields.bake(write_as="LAYERED")
    tweak(head, "FIELDS Emotion")
    with pytest.raises(RuntimeError, match="being tweaked"):
        bpy.ops.fields.bake_down()
    head.data.shape_keys.animation_data.use_tweak_mode = False
    assert bpy.ops.fields.bake_down() == {"FINISHED"} and bpy.ops.fields.push_to_nla() == {"FINISHED"}
    tweak(head, "FIELDS take")
    with pytest.raises(RuntimeError, match="being tweaked"):
        bpy.ops.fields.bake()


def test_a_muted_emotion_is_not_baked_down(scene, head):
    bpy.ops.fields.bake(write_as="LAYERED")
    head.data.shape_keys.animation_data.nla_tracks["FIELDS Emotion"].mute = True
    before = shown(scene, head)
    assert bpy.ops.fields.bake_down() == {"FINISHED"}
    np.testing.assert_allclose(shown(scene, head), before, atol=1e-4)


def test_push_to_nla_keeps_what_is_shown_and_frees_the_head(scene, head):
    bpy.ops.fields.bake()
    before = shown(scene, head)
    assert bpy.ops.fields.push_to_nla() == {"FINISHED"}
    assert head.data.shape_keys.animation_data.action is None
    np.testing.assert_allclose(shown(scene, head), before, atol=1e-6)
    with pytest.raises(RuntimeError, match="no keys"):
        bpy.ops.fields.push_to_nla()
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert head.data.shape_keys.animation_data.action != tracks(head)["FIELDS take"].action


def test_the_emotion_is_seen_as_curves_and_as_markers(scene, head, part, performance):
    performance["intensity"][:] = 0.5
    performance["intensity"][3] = np.nan
    part("operators.takes.takes").add(head, performance, "strong")
    bpy.ops.fields.bake()
    assert bpy.ops.fields.emotion_curves() == {"FINISHED"}
    curve = part("operators.keys.fcurves").fcurve_of(head, "fields.shown_happiness", 0)
    assert curve.group.name == "FIELDS Emotion" and abs(curve.evaluate(20) - 0.4) < 0.03
    scene.frame_set(20)
    assert abs(head.fields.shown_happiness - 0.4) < 0.03 and abs(head.fields.shown_fear) < 0.03
    for _ in range(2):
        assert bpy.ops.fields.emotion_markers() == {"FINISHED"}
        assert [marker.name for marker in scene.timeline_markers] == [f"{head.name}: happiness"]


@pytest.mark.parametrize("way", ["BAKED", "LAYERED"])
def test_an_added_emotion_shows_within_its_frames_and_goes_again(scene, head, way):
    bpy.ops.fields.bake(write_as=way)
    before = shown(scene, head)
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 10, 40
    assert bpy.ops.fields.emotion_add(emotion="ANGER") == {"FINISHED"}
    assert (head.fields.added[0].first, head.fields.added[0].last) == (10, 40)
    head.fields.added[0].strength = 1.0
    names = [key.name for key in head.data.shape_keys.key_blocks[1:]]
    after, column = shown(scene, head), names.index("browDownLeft")
    assert after[5 + 25, column] > 0.5 and before[5 + 25, column] < 0.1
    np.testing.assert_allclose(after[:15], before[:15], atol=1e-3)
    np.testing.assert_allclose(after[5 + 41 :], before[5 + 41 :], atol=1e-3)
    np.testing.assert_allclose(after[:, names.index(JAW)], before[:, names.index(JAW)], atol=1e-6)
    assert bpy.ops.fields.emotion_remove() == {"FINISHED"}
    np.testing.assert_allclose(shown(scene, head), before, atol=1e-3)
