"""What `tools.keyed` says an artist gets: the weights that Blender plays after a bake with default settings."""

import bpy
import numpy as np
import pytest

from tools import keyed
from training.evaluation import closures


@pytest.fixture
def track(part, scene):
    """60 frames a second: lids that shut for one frame, twice, and a jaw that opens slowly."""
    made = part("fields_blender.core.track").empty(np.arange(120) / 60)
    for values in made.groups.values():
        values[:] = 0.0
    made.groups["confidence"][:] = 1.0
    made.groups["eyelids"][[31, 77]] = 0.95
    made.groups["jaw"][:, 0] = np.linspace(0.0, 0.2, 120)
    return made


def test_every_closure_is_keyed_and_a_second_bake_keeps_nothing_of_the_first(part, scene, track):
    baker = keyed.Baker(24)
    frames, weights = baker.bake(track)
    assert weights.shape == (len(frames), 52) and frames[0] <= 0 and frames[-1] >= track.time[-1] * 24
    captured = keyed.weights_of(track)
    assert closures.closures(track.time, captured, frames / 24, weights, 24) == [4, 4, 4]
    track.groups["eyelids"][:] = 0.0
    _, again = baker.bake(track)
    assert again[:, closures.LIDS].max() < 0.1
    assert bpy.context.scene.render.fps == 24


def test_a_test_set_is_one_shot_of_its_pictures(part, scene, tmp_path):
    np.savez(tmp_path / "truth.npz", time=np.arange(3) / 25)
    clip = keyed.shot(tmp_path)
    assert clip.count == 3 and clip.pieces[0].times == (0.0, 0.04, 0.08) and not clip.pieces[0].stills
    assert clip.pieces[0].paths[-1] == str(tmp_path / "000002.png")
