"""Every setting of a head at its ends: keys are written, or one sentence says why not. Never an exception of ours."""

from typing import Any

import numpy as np
import pytest

bpy: Any = pytest.importorskip("bpy")

LEFT_OUT = {"take_index", "row", "active_channel", "added_index", "test"}  # choices in lists


@pytest.fixture
def head(small_head, part, tmp_path):
    """A head with a second of noise to play, with a gap."""
    names, tracks, random = (
        part("fields_blender.core.names"),
        part("fields_blender.core.track"),
        np.random.default_rng(3),
    )
    time = np.arange(24) / 24.0
    groups = {name: random.uniform(0.0, 0.3, (24, *shape)).astype(np.float32) for name, shape in names.GROUPS.items()}
    for values in groups.values():
        values[7] = np.nan
    groups["confidence"][7] = 0.0
    tracks.save(tracks.Track(time, groups, {}, {}), tmp_path / "t.npz")
    small_head.fields.track = str(tmp_path / "t.npz")
    assert bpy.ops.fields.bake() == {"FINISHED"}
    return small_head


def ends(prop) -> list[Any]:
    if prop.type == "BOOLEAN":
        values = [False, True]
    elif prop.type == "ENUM":
        names = [item.identifier for item in prop.enum_items]
        return [{name} for name in names] + [set()] if prop.is_enum_flag else names
    elif prop.type in ("INT", "FLOAT"):
        values = [prop.hard_min, prop.hard_max]
    else:
        return []
    return [(value,) * prop.array_length for value in values] if is_array(prop) else values


def is_array(prop) -> bool:
    return getattr(prop, "is_array", False)


def settings_of(head):
    head.fields.shape.channels[0].name = "jawOpen"
    yield head.fields
    yield head.fields.shape
    yield head.fields.shape.channels[0]


def test_no_setting_at_its_ends_breaks_the_bake(head):
    tried = 0
    for owner in settings_of(head):
        for prop in owner.bl_rna.properties:
            if prop.is_readonly or prop.is_hidden or prop.identifier in LEFT_OUT:
                continue
            for value in ends(prop):
                before = getattr(owner, prop.identifier)
                before = tuple(before) if is_array(prop) else before
                setattr(owner, prop.identifier, value)
                bake(f"{prop.identifier} = {value}")
                setattr(owner, prop.identifier, before)
                tried += 1
    assert tried > 80
    assert bpy.ops.fields.bake() == {"FINISHED"}


def bake(what: str) -> None:
    try:
        bpy.ops.fields.bake()
    except RuntimeError as error:
        assert "Traceback" not in str(error), (what, str(error))
    for curve in curves_of(bpy.context.scene.fields.head):
        values = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", values)
        assert np.isfinite(values).all(), (what, curve.data_path)


def curves_of(head) -> list[Any]:
    animation = head.data.shape_keys.animation_data
    if animation is None or animation.action is None:
        return []
    if hasattr(animation.action, "fcurves"):
        return list(animation.action.fcurves)
    return list(animation.action.layers[0].strips[0].channelbag(animation.action_slot).fcurves)
