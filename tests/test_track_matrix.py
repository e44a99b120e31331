"""A Track as one matrix: there and back, small angles of the head, and the right region for each column."""

import itertools

import numpy as np
import pytest

from fields_blender.core import track_matrix
from fields_blender.core.names import EXPRESSION, JAW_OPEN, LOOK_SIDE, UNCERTAINTY
from fields_blender.core.regions import REGIONS
from fields_blender.core.rotation import inverse, multiply, to_quaternion, to_vector
from fields_blender.core.track_matrix import COUNT, MOVING, REGION, SLICES, UNCERTAINTY_COLUMN, gather, scatter
from tests.tracks import lively, times, track_of


def column(group: str, index: int = 0) -> int:
    return SLICES[group].start + index


def test_gathered_and_scattered_a_track_is_itself():
    track = lively()
    run = np.arange(10, 50)
    matrix, mean = gather(track, run)
    assert matrix.shape == (40, COUNT)
    back = scatter(matrix, mean)
    assert set(back) == set(MOVING)
    for name, values in back.items():
        np.testing.assert_allclose(values, track[name][run], atol=1e-6)


def test_a_full_weight_is_1_in_every_column():
    jaw, gaze = np.zeros((3, 3)), np.zeros((3, 2, 2))
    jaw[:, 0], gaze[..., 0] = JAW_OPEN, LOOK_SIDE
    matrix, _ = gather(track_of(times(3), jaw=jaw, gaze=gaze), np.arange(3))
    full = [column("jaw"), column("gaze", 0), column("gaze", 2)]
    np.testing.assert_allclose(matrix[:, full], 1.0, atol=1e-6)
    assert np.abs(np.delete(matrix, full, axis=1)).max() < 1e-6


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_head_that_passes_half_a_turn_does_not_jump(axis):
    """170 to 190 degrees, which a Track holds as -170: as numbers they are almost a full turn apart."""
    degrees = np.linspace(170.0, 190.0, 21)
    head = np.zeros((21, 3))
    head[:, axis] = np.radians(np.where(degrees > 180.0, degrees - 360.0, degrees))
    matrix, mean = gather(track_of(times(21), head=head), np.arange(21))
    away = np.degrees(matrix[:, SLICES["head"]])
    np.testing.assert_allclose(np.linalg.norm(np.diff(away, axis=0), axis=1), 1.0, atol=1e-3)
    assert np.abs(away).max() < 10.1
    error = multiply(inverse(to_quaternion(scatter(matrix, mean)["head"])), to_quaternion(head))
    np.testing.assert_allclose(to_vector(error), 0.0, atol=1e-5)


def test_every_column_has_a_region_and_that_regions_uncertainty():
    assert len(REGION) == len(UNCERTAINTY_COLUMN) == COUNT
    for name, region, uncertain in (
        (column("expression", EXPRESSION.index("browInnerUp")), "brows", "brows"),
        (column("expression", EXPRESSION.index("eyeSquintLeft")), "eyes", "eyelids"),
        (column("expression", EXPRESSION.index("tongueOut")), "tongue", "tongue"),
        (column("jaw"), "jaw", "jaw"),
        (column("eyelids", 1), "eyes", "eyelids"),
        (column("gaze", 3), "gaze", "gaze"),
    ):
        assert REGIONS[REGION[name]] == region and UNCERTAINTY[UNCERTAINTY_COLUMN[name]] == uncertain
    head = [*range(*SLICES["head"].indices(COUNT)), *range(*SLICES["translation"].indices(COUNT))]
    assert {REGIONS[i] for i in REGION[head]} == {"head"} and set(UNCERTAINTY_COLUMN[head]) == {-1}
    assert set(np.delete(UNCERTAINTY_COLUMN, head)) == set(range(len(UNCERTAINTY)))


def test_the_groups_lie_side_by_side():
    ends = [(SLICES[name].start, SLICES[name].stop) for name in MOVING]
    assert ends[0][0] == 0 and ends[-1][1] == COUNT == track_matrix.REGION.size
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ends))
