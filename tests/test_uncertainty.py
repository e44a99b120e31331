"""Which frames can't be trusted, and why."""

import numpy as np

from fields_blender.core.names import UNCERTAINTY
from fields_blender.shape.uncertainty import doubtful, unsure_regions
from tests.tracks import lively


def test_doubtful_frames_and_their_regions():
    track = lively(gap=slice(10, 12))
    track["confidence"][20:23] = 0.3
    track["uncertainty"][40, UNCERTAINTY.index("mouth")] = 0.6
    wrong = np.flatnonzero(doubtful(track, 0.5))
    assert wrong.tolist() == [10, 11, 20, 21, 22, 40]
    assert unsure_regions(track, 20) == []
    assert unsure_regions(track, 40) == ["mouth"]


def test_a_frame_is_doubtful_from_a_quarter_of_a_weight_beyond_the_usual():
    track = lively()
    track["uncertainty"][:] = 0.3
    track["uncertainty"][20, 0], track["uncertainty"][40, 0] = 0.54, 0.56
    assert np.flatnonzero(doubtful(track, 0.5)).tolist() == [40]


def test_the_same_doubt_everywhere_is_none():
    track = lively()
    track["uncertainty"][:] = 0.6
    assert not doubtful(track, 0.5).any()


def test_tracks_without_doubt():
    track = lively()
    track["uncertainty"][:] = np.nan
    assert not doubtful(track, 0.5).any()
