"""Reduced and stepped keys, as Blender plays them."""

from pathlib import Path

import bpy
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
N = 120


@pytest.fixture
def head(small_head):
    return small_head


@pytest.fixture
def key(part, head):
    """`key(curves, frames, style)` keys the head and returns the report."""
    mapping = part("fields_blender.rig.mapping_file").load(part("fields_blender.core.paths").MAPPINGS / "arkit.json")

    def write(curves, frames, style="REDUCED", tolerance=0.02):
        head.fields.key_style, head.fields.key_tolerance = style, tolerance
        bpy.context.view_layer.update()
        found = part("operators.head.heads").find(head, mapping)
        return part("operators.keys.write_keys").write(found, curves, frames, mapping, "FIELDS test")

    return write


@pytest.fixture
def performance(part):
    """`performance(n)`: Curves of smooth, noisy, stepped, constant and wandering channels, and a turning head."""

    def make(n=N):
        arkit, random = part("fields_blender.core.names").ARKIT, np.random.default_rng(5)
        x = np.arange(n)[:, None]
        values = np.empty((n, 52))
        values[:, 0::5] = 0.5 + 0.5 * np.sin(x / random.uniform(2, 15, 11))
        values[:, 1::5] = random.uniform(0, 1, (n, 11))
        values[:, 2::5] = np.repeat(random.integers(0, 2, (n // 9 + 1, 10)), 9, axis=0)[:n]
        values[:, 3::5] = random.uniform(0, 1, (1, 10))
        values[:, 4::5] = np.clip(np.cumsum(random.normal(0, 0.05, (n, 10)), axis=0), 0, 1)
        turns = {name: np.zeros((n, 3)) for name in ("head", "jaw", "eye.L", "eye.R")}
        turns["head"] = 0.4 * np.sin(x / np.array([7.0, 11.0, 13.0]))
        return part("fields_blender.core.curves").Curves(x[:, 0] / 24.0, arkit, values, turns)

    return make


def fcurves(owner) -> dict:
    animation = owner.animation_data
    if hasattr(animation, "action_slot"):
        found = animation.action.layers[0].strips[0].channelbag(animation.action_slot).fcurves
    else:
        found = animation.action.fcurves
    return {(curve.data_path, curve.array_index): curve for curve in found}


def played(head, names, frames):
    """(n, c): what Blender's F-curves say; NaN where a name has none."""
    curves = fcurves(head.data.shape_keys)
    paths = [(f'key_blocks["{name}"].value', 0) for name in names]
    return np.array([[curves[path].evaluate(frame) for path in paths] for frame in frames])


def counted(head) -> int:
    owners = (head.data.shape_keys, head)
    return sum(len(curve.keyframe_points) for owner in owners for curve in fcurves(owner).values())


@pytest.mark.parametrize("start", [-50, 1, 4000, 150_000])
@pytest.mark.parametrize("tolerance", [0.005, 0.02, 0.1])
def test_blender_plays_reduced_keys_within_the_tolerance_and_the_reported_error(
    part, head, key, performance, start, tolerance
):
    curves, frames = performance(), np.arange(start, start + N)
    report = key(curves, frames, tolerance=tolerance)
    error = np.abs(played(head, curves.names, frames) - curves.values).max()
    assert error <= report.error + 1e-6
    assert report.error <= tolerance
    assert report.keys == counted(head) < report.samples == 55 * N
    assert f"{report.samples:,} → {report.keys:,} keys, largest error {report.error:.3f}" in report.sentence()


def test_our_own_evaluation_is_blenders(part, head, key, performance):
    """Between frames too: what is measured without Blender holds in it."""
    reduce = part("fields_blender.rig.reduce")
    curves, frames = performance(), np.arange(1, 1 + N)
    key(curves, frames)
    keep, share = reduce.moments(curves.names, curves.values)
    times = np.linspace(1, N, 500)
    ours = [reduce.evaluate(keys, times) for keys in reduce.reduce(frames, curves.values, 0.02 * share, keep)]
    np.testing.assert_allclose(played(head, curves.names, times), np.stack(ours, axis=1), atol=1e-4)


def test_rotations_stay_within_their_tolerance_with_keys_on_common_frames(part, scene, head, key, performance):
    curves, frames = performance(), np.arange(1, 1 + N)
    for mode in ("XYZ", "QUATERNION"):
        head.animation_data_clear()
        head.rotation_mode = mode
        key(curves, frames, "EVERY")
        dense, values = turns_of(scene, head, frames), values_of(head, frames)
        report = key(curves, frames)
        worst = np.abs(values_of(head, frames) - values).max()
        assert abs(report.angle_error - values.shape[1] * worst) < 1e-4, "errors of the parts add up"
        off = [a.rotation_difference(b).angle for a, b in zip(dense, turns_of(scene, head, frames), strict=True)]
        assert 0 < max(off) <= report.angle_error + 1e-3  # a float32 angle of two near rotations is no better
        assert report.angle_error <= 0.02 * part("operators.keys.plan").UNIT_ANGLE
        sets = [[p.co.x for p in curve.keyframe_points] for curve in fcurves(head).values()]
        assert len(sets) == len(head.rotation_quaternion if mode == "QUATERNION" else head.rotation_euler)
        assert len(sets[0]) < 0.7 * N and all(other == sets[0] for other in sets)


def values_of(head, frames):
    """(n, 3 or 4): the numbers of the head's rotation."""
    return np.array([[curve.evaluate(frame) for curve in fcurves(head).values()] for frame in frames])


def turns_of(scene, head, frames):
    found = []
    for frame in frames:
        scene.frame_set(int(frame))
        found.append(head.matrix_basis.to_quaternion())
    return found


def test_handles_are_ones_an_artist_can_pull(head, key, performance):
    key(performance(), np.arange(1, 1 + N))
    for curve in fcurves(head.data.shape_keys).values():
        points = curve.keyframe_points
        assert all(p.co.x == round(p.co.x) and p.interpolation == "BEZIER" for p in points)
        assert all(p.handle_left.x < p.co.x < p.handle_right.x for p in points)
        assert {p.handle_left_type for p in points[1:-1]} | {p.handle_right_type for p in points[1:-1]} <= {"ALIGNED"}


def test_keys_outside_the_range_and_other_stretches_stay_bit_for_bit(head, key, performance):
    curves = performance()
    key(curves, np.arange(500, 500 + N))
    before = {path: [(tuple(p.co), tuple(p.handle_right)) for p in c.keyframe_points][1:-1]
              for path, c in fcurves(head.data.shape_keys).items()}  # fmt: skip
    key(curves, np.arange(1, 1 + N))
    for path, curve in fcurves(head.data.shape_keys).items():
        after = [(tuple(p.co), tuple(p.handle_right)) for p in curve.keyframe_points if p.co.x >= 500][1:-1]
        assert after == before[path]
        frames = [p.co.x for p in curve.keyframe_points]
        assert frames == sorted(set(frames)) and {1, N, 500, 499 + N} <= set(frames)
    error = np.abs(played(head, curves.names, np.arange(1, 1 + N)) - curves.values).max()
    assert error <= 0.02


def test_baking_twice_changes_nothing(head, key, performance):
    curves, frames = performance(), np.arange(1, 1 + N)
    key(curves, frames)
    once = played(head, curves.names, frames), counted(head)
    key(curves, frames)
    np.testing.assert_array_equal(played(head, curves.names, frames), once[0])
    assert counted(head) == once[1]


def test_a_gap_gets_no_keys_and_does_not_bulge(head, key, performance):
    curves, frames = performance(), np.arange(1, 1 + N)
    curves.values[40:70] = np.nan
    for turn in curves.rotations.values():
        turn[40:70] = np.nan
    report = key(curves, frames)
    assert report.gaps == 30
    there = ~np.isnan(curves.values[:, 0])
    got = played(head, curves.names, frames)
    assert np.abs(got - curves.values)[there].max() <= 0.02
    edges = np.sort(curves.values[[39, 70]], axis=0)
    assert (got[40:70] >= edges[0] - 1e-5).all() and (got[40:70] <= edges[1] + 1e-5).all()
    for curve in fcurves(head.data.shape_keys).values():
        assert not any(40 < p.co.x < 71 for p in curve.keyframe_points)


@pytest.mark.parametrize(("style", "every"), [("TWOS", 2), ("FOURS", 4)])
def test_steps_hold_each_pose(head, key, performance, style, every):
    curves, frames = performance(), np.arange(11, 11 + N)
    report = key(curves, frames, style)
    got = played(head, curves.names, frames)
    np.testing.assert_allclose(got, np.repeat(curves.values[::every], every, axis=0), atol=1e-6)
    assert report.keys == report.samples // every
    assert f"{report.samples:,} → {report.keys:,} keys" in report.sentence()
    assert "error" not in report.sentence()


@pytest.fixture
def sample(part, scene, head):
    """The sample performance on the head, to be baked; its values at the 300 frames, as baked on every frame."""
    scene.render.fps = 30
    head.fields.track = str(ROOT / "samples" / "performance.npz")
    names = part("fields_blender.core.names").ARKIT
    frames = np.arange(300)
    assert bpy.ops.fields.bake(key_style="EVERY") == {"FINISHED"}
    return names, frames, played(head, names, frames)


def test_the_sample_clip_plays_the_same_with_an_eighth_of_the_keys(head, sample):
    names, frames, dense = sample
    assert bpy.ops.fields.bake(key_style="REDUCED", key_tolerance=0.02) == {"FINISHED"}
    assert head.fields.key_style == "REDUCED" and "largest error 0.0" in head.fields.report
    got = played(head, names, frames)
    assert np.abs(got - dense).max() <= 0.02
    assert sum(len(c.keyframe_points) for c in fcurves(head.data.shape_keys).values()) < 0.125 * dense.size
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        lid, shown = dense[:, names.index(name)], got[:, names.index(name)]
        peaks = np.flatnonzero((lid[1:-1] > lid[:-2]) & (lid[1:-1] >= lid[2:]) & (lid[1:-1] > 0.5)) + 1
        assert len(peaks) >= 2
        np.testing.assert_allclose(shown[peaks], lid[peaks], atol=1e-6)
    columns = [names.index("jawOpen"), names.index("mouthClose")]
    closed = dense[:, columns[0]] - dense[:, columns[1]] < 0.05
    assert closed.any() and np.abs(got - dense)[np.ix_(closed, columns)].max() <= 0.005


def test_reduced_is_what_a_new_head_gets(head):
    assert (head.fields.key_style, round(head.fields.key_tolerance, 6)) == ("REDUCED", 0.02)
