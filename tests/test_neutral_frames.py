"""Which frames are taken for the face at rest."""

import numpy as np
import pytest

from fields_blender.capture.neutral_frames import FEWEST, MOST, between, quietest
from fields_blender.capture.regressor import OUTPUTS
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS

AHEAD = np.array([0.0, 0.0, -12.0])


def face(n: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """A face busy in every frame, looking into the camera; translation as of a head in the middle of the picture."""
    random = np.random.default_rng(0)
    read = {name: np.zeros((n, *GROUPS[name]), np.float32) for name in OUTPUTS}
    read["expression"] = random.uniform(0.1, 0.3, (n, 39)).astype(np.float32)
    return read, np.zeros((n, 3)), np.tile(AHEAD, (n, 1))


def test_the_quietest_frames_are_taken():
    read, rotation, translation = face(300)
    read["expression"][100:130] *= 0.2
    chosen = quietest(read, rotation, translation)
    assert len(chosen) == 30 and (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, np.arange(100, 130))


@pytest.mark.parametrize("group", ["jaw", "eyelids", "gaze", "uncertainty"])
def test_an_active_or_uncertain_frame_is_not_at_rest(group):
    read, rotation, translation = face(300)
    read["expression"][100:140] *= 0.2
    read[group][100:110] = 0.9
    assert not set(range(100, 110)) & set(quietest(read, rotation, translation))


def test_only_frames_that_look_to_the_camera_are_taken():
    read, rotation, translation = face(300)
    rotation[:200, 1] = 0.6  # turned aside for most of the clip, where the face also does least
    read["expression"][:200] *= 0.1
    assert quietest(read, rotation, translation).min() >= 200
    # The same turn at the side of the picture where the camera is: now those are the ones that look to it.
    translation[:] = -12.0 * np.array([np.sin(0.6), 0, np.cos(0.6)])
    assert quietest(read, rotation, translation).max() < 200


def test_somebody_who_never_looks_to_the_camera_has_a_face_at_rest_too():
    read, rotation, translation = face(100)
    rotation[:, 1] = np.linspace(0.5, 0.9, 100)
    chosen = quietest(read, rotation, translation)
    assert len(chosen) == 10 and chosen.max() < 35


@pytest.mark.parametrize(("n", "count"), [(24, FEWEST), (1000, 100), (9000, MOST)])
def test_how_many_frames_are_taken(n, count):
    assert len(quietest(*face(n))) == count


def test_frames_between_two_moments():
    time = np.arange(100) / 25 + 3
    np.testing.assert_array_equal(between(time, 3.4, 3.6), np.arange(10, 16))
    np.testing.assert_array_equal(between(time, 3.41, 3.41), [10])  # the one under the playhead
    np.testing.assert_array_equal(between(time[:1], 5.0, 5.0), [0])


def test_a_time_without_a_face_is_an_error():
    time = np.delete(np.arange(100), slice(40, 60)) / 25
    with pytest.raises(FieldsError, match=r"no face between 1\.80 s and 2\.00 s"):
        between(time, 1.8, 2.0)
    with pytest.raises(FieldsError, match="no face"):
        between(np.empty(0), 1.8, 2.0)
