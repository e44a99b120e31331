"""Added emotions: how long they fade is shown in frames and kept in seconds."""

from typing import Any

import pytest

bpy: Any = pytest.importorskip("bpy")


def test_fading_is_set_in_frames_and_lasts_as_long_at_another_rate(scene, small_head):
    scene.render.fps, scene.render.fps_base = 24, 1.0
    added = small_head.fields.added.add()
    assert (added.attack_frames, added.release_frames) == (10, 19)  # 0.4 s, 0.8 s
    added.attack_frames, added.release_frames = 12, 0
    assert (added.attack, added.release) == (pytest.approx(0.5), 0.0)
    scene.render.fps = 48
    assert added.attack_frames == 24 and added.attack == pytest.approx(0.5)
    added.attack_frames = -5
    assert added.attack == 0.0


def test_fading_of_older_files_is_kept(small_head):
    """Version 0.1.0 stored seconds under these names."""
    added = small_head.fields.added.add()
    added.attack = 1.5
    assert added.attack_frames == round(1.5 * bpy.context.scene.render.fps / bpy.context.scene.render.fps_base)
