"""Mirrored rows on a mirrored performance: what a mirror shows."""

import numpy as np
import pytest

from fields_blender.core.arkit import to_arkit
from fields_blender.core.names import GROUPS
from fields_blender.core.track import Track
from fields_blender.rig import mapping, mirror, retarget, sources
from fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from fields_blender.shape.adjust import mirrored_track


@pytest.fixture(scope="module")
def performance() -> Track:
    random = np.random.default_rng(5)
    groups = {name: random.uniform(-0.3, 0.9, (20, *shape)).astype(np.float32) for name, shape in GROUPS.items()}
    groups["confidence"][:] = 1.0
    return Track(np.arange(20) / 30.0, groups)


def number(performance: Track, name: str) -> np.ndarray:
    arkit = to_arkit(*(performance[group] for group in ("expression", "jaw", "eyelids", "gaze")))
    return sources.number(performance, arkit, name)


@pytest.mark.parametrize("name", sources.NAMES)
def test_a_mirrored_source_in_a_mirror_is_the_source(performance, name):
    other, sign = sources.mirrored_source(name)
    np.testing.assert_allclose(sign * number(mirrored_track(performance), other), number(performance, name), atol=1e-6)


def values(performance: Track, row: Channel) -> np.ndarray:
    return retarget.retarget(performance, Mapping("test", (row,))).values[:, 0]


SOURCES = ["mouthSmileLeft - 0.5 jawRight", "jaw.y + head.x", "max(gaze.left.yaw, 0.2 jawOpen)"]
# What a row does in a mirror: a shape key the same, a bone that goes to the left goes to the right.
SHAPES = [{"key": "Smile_L"}, {"prop": "smile_L"}, {"bone": "lip.L", "does": "scale", "axis": "x"}]
ALIKE = [("move", "up"), ("move", "out"), ("move", "y"), ("move", "z"), ("turn", "left"), ("turn", "x")]
REVERSED = [("move", "left"), ("move", "x"), ("turn", "up"), ("turn", "out"), ("turn", "y"), ("turn", "z")]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "target, sign",
    [
        *((target, 1.0) for target in SHAPES),
        *(({"bone": "lip.L", "does": does, "axis": axis}, 1.0) for does, axis in ALIKE),
        *(({"bone": "lip.L", "does": does, "axis": axis}, -1.0) for does, axis in REVERSED),
    ],
)
def test_a_mirrored_row_in_a_mirror_does_what_the_row_does(performance, source, target, sign):
    row = mapping.channel(source, **target, gain=0.7, offset=0.05, minimum=-0.1, maximum=0.45)
    other = mirror.mirrored_channel(row)
    assert other.target in ("Smile_R", "smile_R", "lip.R")
    np.testing.assert_allclose(
        sign * values(mirrored_track(performance), other), values(performance, row), rtol=0, atol=1e-6
    )
    assert len(np.unique(values(performance, row))) > 3, "limits do not hide everything"
    assert mirror.mirrored_channel(other) == row


def test_a_mirrored_eye_turns_the_other_way(performance):
    left = BoneChannel("gaze.left", "eye.L", "Eye", gain=0.8, replaces=("eyeLookOutLeft", "eyeLookUpLeft"))
    right = mirror.mirrored_channel(left)
    assert right == BoneChannel("gaze.right", "eye.R", "Eye", 0.8, replaces=("eyeLookOutRight", "eyeLookUpRight"))
    here = retarget.retarget(performance, Mapping("test", (), (left,))).rotations["eye.L"]
    there = retarget.retarget(mirrored_track(performance), Mapping("test", (), (right,))).rotations["eye.R"]
    np.testing.assert_allclose(there * (1.0, -1.0, -1.0), here, atol=1e-6)
