"""Face at rest, regions, channels, smoothing, gaps on a head: live, alone, undone, and said when they can't be."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE, FRAMES, GAP = 24, 120, slice(60, 90)
BROW, SMILE, JAW = "browInnerUp", "mouthSmileLeft", "jawOpen"


@pytest.fixture
def performance(part):
    """`performance(n)`: brows that rest a little raised, a smile, talk, a turning head, no face in GAP."""

    def make(n=FRAMES, fps=RATE, gap=GAP):
        names = part("fields_blender.core.names")
        at = np.arange(n) / fps
        groups = {name: np.zeros((n, *shape), np.float32) for name, shape in names.GROUPS.items()}
        groups["confidence"][:] = 0.9
        column = names.EXPRESSION.index
        groups["expression"][:, column(BROW)] = 0.2 + 0.3 * (1 - np.cos(at * 3))
        for side in ("Left", "Right"):
            groups["expression"][:, column(f"mouthSmile{side}")] = 0.3 * (1 - np.cos(at * 2))
        groups["jaw"][:, 0] = 0.1 * (1 - np.cos(at * 20))
        groups["head"][:, 1] = 0.3 * np.sin(at)
        for name, values in groups.items():
            values[gap] = 0.0 if name == "confidence" else np.nan
        return part("fields_blender.core.track").Track(at, groups, {}, {"name": "take"})

    return make


@pytest.fixture
def head(small_head, part, tmp_path, performance):
    """A baked head with the 52 keys, no smoothing and a key on every frame."""
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    part("fields_blender.core.track").save(performance(), tmp_path / "take.npz")
    small_head.fields.track = str(tmp_path / "take.npz")
    assert bpy.ops.fields.bake() == {"FINISHED"}
    return small_head


@pytest.fixture
def curve(part):
    """`curve(head, name)`: the F-curve of a shape key."""

    def read(head, name):
        return part("operators.keys.fcurves").fcurve_of(head.data.shape_keys, f'key_blocks["{name}"].value', 0)

    return read


@pytest.fixture
def values(curve):
    """`values(head, name)`: the values of a shape key's keys."""
    return lambda head, name: np.array([point.co.y for point in curve(head, name).keyframe_points])


def everything(part, head) -> dict[tuple[str, int], list[float]]:
    """All keys of a head, by path."""
    found = {}
    for owner in (head, head.data.shape_keys):
        for fcurve in part("operators.keys.fcurves").channelbag(owner).fcurves:
            found[fcurve.data_path, fcurve.array_index] = [tuple(point.co) for point in fcurve.keyframe_points]
    return found


def region(part, name):
    return part("fields_blender.core.regions").REGIONS.index(name)


def test_a_region_follows_its_slider_and_nothing_else_is_written(head, part, values, curve):
    before, smile = values(head, BROW), values(head, SMILE)
    curve(head, JAW).keyframe_points[10].co.y = 0.77  # the artist's own
    head.fields.shape.strength[region(part, "brows")] = 0.5
    np.testing.assert_allclose(values(head, BROW), 0.5 * before, atol=1e-6)
    np.testing.assert_array_equal(values(head, SMILE), smile)
    part("operators.keys.performance")._kept.clear()  # as after opening the file
    head.fields.shape.use_region[region(part, "brows")] = False
    assert np.abs(values(head, BROW)).max() == 0
    assert curve(head, JAW).keyframe_points[10].co.y == pytest.approx(0.77)


def test_there_and_back_is_where_it_was(head, part):
    shape, before = head.fields.shape, everything(part, head)
    settings = {
        "neutral": "AUTOMATIC", "stretch": 1.0, "smoothing": "SAVITZKY_GOLAY", "gaps": "EASE", "mirror": True,
        "even": 1.0, "side": "LEFT",
    }  # fmt: skip
    head.fields.use_smoothing = True
    for name, value in settings.items():
        setattr(shape, name, value)
    shape.strength[0], shape.smooth[4], shape.channels[3].gain = 1.5, 2.0, 0.3
    assert everything(part, head) != before
    assert bpy.ops.fields.reset_shape() == {"FINISHED"}
    shape.gaps, head.fields.use_smoothing = "NO_KEYS", False
    after = everything(part, head)
    assert after.keys() == before.keys()
    for path, keys in before.items():
        np.testing.assert_allclose(after[path], keys, atol=1e-6)


def test_live_and_baked_are_the_same(head, part):
    shape = head.fields.shape
    head.fields.use_smoothing = True
    shape.neutral, shape.gaps, shape.strength[4], shape.channels[17].offset = "AUTOMATIC", "EASE", 0.7, 0.1
    head.fields.emotion_intensity = 1.4
    live = everything(part, head)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    for path, keys in everything(part, head).items():
        np.testing.assert_allclose(live[path], keys, atol=1e-6)


def test_the_frame_under_the_playhead_rests(scene, head, values):
    scene.frame_set(0)
    assert bpy.ops.fields.rest_here() == {"FINISHED"}
    assert head.fields.shape.neutral == "CHOSEN" and head.fields.shape.rest_first == 0
    assert values(head, BROW)[0] == pytest.approx(0.0, abs=1e-6)
    assert values(head, BROW).max() == pytest.approx((0.8 - 0.2) / 0.8, abs=0.01)


def test_no_face_under_the_playhead_is_said_and_changes_nothing(scene, head, part):
    before = everything(part, head)
    scene.frame_set(75)
    with pytest.raises(RuntimeError, match="no face"):
        bpy.ops.fields.rest_here()
    assert head.fields.shape.neutral == "CAPTURED" and everything(part, head) == before


def test_a_channel_alone(head, part, values):
    names = [row.name for row in head.fields.shape.channels]
    assert names == list(part("fields_blender.core.names").ARKIT)
    before, row = values(head, BROW), head.fields.shape.channels[names.index(BROW)]
    row.gain, row.offset = 0.5, 0.1
    np.testing.assert_allclose(values(head, BROW), 0.5 * before + 0.1, atol=1e-6)
    row.least, row.most, row.use_clamp = 0.2, 0.3, True
    assert values(head, BROW).min() >= 0.2 - 1e-6 and values(head, BROW).max() <= 0.3 + 1e-6
    row.mute = True
    assert np.abs(values(head, BROW)).max() == 0


def test_baking_again_keeps_the_channels(head):
    head.fields.shape.channels[5].gain = 0.4
    bpy.ops.fields.bake()
    assert len(head.fields.shape.channels) == 52 and head.fields.shape.channels[5].gain == pytest.approx(0.4)


def test_gaps_are_filled_and_still_counted(head, values):
    assert len(values(head, SMILE)) == FRAMES - 30
    head.fields.shape.gaps = "EASE"
    assert len(values(head, SMILE)) == FRAMES
    assert values(head, SMILE)[75] == pytest.approx(0.0, abs=1e-6)
    bpy.ops.fields.bake()
    assert "30 without a face" in head.fields.report
    head.fields.shape.gaps = "HOLD"
    np.testing.assert_allclose(values(head, SMILE)[GAP], values(head, SMILE)[59], atol=1e-6)
    head.fields.shape.gaps = "NO_KEYS"
    assert len(values(head, SMILE)) == FRAMES - 30


def test_settings_at_their_ends_and_beyond(head, values):
    shape = head.fields.shape
    shape.stretch, shape.even, shape.strength, shape.smooth = 9, -9, (99.0,) * 9, (-99.0,) * 9
    assert (shape.stretch, shape.even, list(shape.strength), list(shape.smooth)) == (1, 0, [2.0] * 9, [0.0] * 9)
    shape.neutral, shape.rest_first, shape.rest_last = "CHOSEN", 10**6, -(10**6)
    shape.channels[5].least, shape.channels[5].most, shape.channels[5].use_clamp = 5.0, -5.0, True
    shape.channels.add().name = "nose"
    shape.channels.add()
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert np.isfinite(values(head, SMILE)).all()


def test_a_damaged_memory_of_the_last_bake_bakes_all(head, part, values):
    before = values(head, BROW)
    head.fields.baked = head.fields.baked.replace("even", "odd")
    head.fields.shape.strength[0] = 0.5
    np.testing.assert_allclose(values(head, BROW), 0.5 * before, atol=1e-6)


def test_confidence_is_a_curve_of_the_head(scene, head, part):
    head.fields.shape.use_confidence = head.fields.shape.use_uncertainty = True
    assert bpy.ops.fields.bake() == {"FINISHED"}
    fcurve_of = part("operators.keys.fcurves").fcurve_of
    sure = fcurve_of(head, "fields.confidence", 0)
    assert [sure.evaluate(frame) for frame in (10, 75)] == pytest.approx([0.9, 0.0], abs=0.02)
    assert len(sure.keyframe_points) < 20
    assert fcurve_of(head, "fields.uncertainty", 7) is not None
    scene.frame_set(75)
    assert head.fields.confidence == pytest.approx(0.0, abs=0.02)
    count = len(sure.keyframe_points)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert len(fcurve_of(head, "fields.confidence", 0).keyframe_points) == count


def test_jumping_to_doubtful_frames(scene, head, part, performance, tmp_path):
    doubtful = performance()
    doubtful["confidence"][20:25] = 0.2
    part("fields_blender.core.track").save(doubtful, tmp_path / "doubtful.npz")
    head.fields.track = str(tmp_path / "doubtful.npz")
    scene.frame_set(0)
    for frame in (20, 60):
        assert bpy.ops.fields.next_doubtful() == {"FINISHED"}
        assert scene.frame_current == frame
    assert bpy.ops.fields.next_doubtful() == {"CANCELLED"}
    assert bpy.ops.fields.next_doubtful(direction="PREVIOUS") == {"FINISHED"}
    assert scene.frame_current == 20


def test_what_is_doubtful_about_a_frame_is_said(part, performance):
    doubtful = performance()
    doubtful["confidence"][20] = 0.2
    doubtful["uncertainty"][:] = 0.0
    doubtful["uncertainty"][40, part("fields_blender.core.names").UNCERTAINTY.index("mouth")] = 0.6
    describe = part("operators.doubtful_frames").describe
    assert describe(doubtful, 60, 71) == "Frame 71: no face"
    assert describe(doubtful, 20, 31) == "Frame 31: confidence 0.20"
    assert describe(doubtful, 40, 51) == "Frame 51: confidence 0.90, unsure of mouth"


@pytest.mark.skipif(not hasattr(bpy.types, "ActionSlot"), reason="actions have no slots before Blender 4.4")
def test_the_confidence_shares_the_action_of_the_shape_keys(head):
    head.animation_data_clear()
    head.fields.use_head_rotation, head.fields.shape.use_confidence = False, True
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert head.animation_data.action == head.data.shape_keys.animation_data.action


def test_locked_curves_of_the_confidence_are_left_alone(head, part):
    head.fields.shape.use_confidence = True
    for lock in ("curve", "group"):
        assert bpy.ops.fields.bake() == {"FINISHED"}
        sure = part("operators.keys.fcurves").fcurve_of(head, "fields.confidence", 0)
        sure.keyframe_points[0].co.y = 0.123
        (sure if lock == "curve" else sure.group).lock = True
        assert bpy.ops.fields.bake() == {"FINISHED"}
        sure = part("operators.keys.fcurves").fcurve_of(head, "fields.confidence", 0)
        assert sure.keyframe_points[0].co.y == pytest.approx(0.123)
        sure.lock = sure.group.lock = False


def test_settings_are_stored_in_the_file(head, part, tmp_path):
    shape = head.fields.shape
    shape.strength[0], shape.channels[5].gain, shape.gaps = 0.5, 0.4, "HOLD"
    now, name = part("operators.keys.shaping").of(bpy.context.scene, head), head.name
    path = str(tmp_path / "kept.blend")
    bpy.data.libraries.write(path, {head})
    with bpy.data.libraries.load(path) as (_, loaded):
        loaded.objects = [name]
    again = loaded.objects[0]
    assert part("operators.keys.shaping").of(bpy.context.scene, again) == now
    bpy.data.objects.remove(again)


def test_uncertainty_curves_of_version_0_1_0_animate_the_renamed_property(scene, head, part):
    """`fields.uncertainty` was called `fields.doubt`: what a .blend kept of it is converted when the file is loaded."""
    fcurves, curves = part("operators.keys.fcurves"), part("operators.keys.confidence_curves")
    with fcurves.all_or_nothing() as undo:
        fcurves.Actions("FIELDS old", undo).ensure(head)
    for path, index, value in (("fields.doubt", 2, 0.25), ("fields.confidence", 0, 0.75)):
        fcurve = fcurves.new_fcurve(head, path, index, curves.GROUP)
        fcurves.replace(fcurve, fcurves.plain_keys(np.array([1.0]), np.array([value]), fcurves.BEZIER))
    (converts,) = [handler for handler in bpy.app.handlers.load_post if handler.__module__ == curves.__name__]
    converts("")
    scene.frame_set(2)
    assert head.fields.uncertainty[2] == pytest.approx(0.25)
    assert head.fields.confidence == pytest.approx(0.75)
    assert fcurves.fcurve_of(head, "fields.doubt", 2) is None
    assert fcurves.fcurve_of(head, "fields.uncertainty", 2).group.name == curves.GROUP
