"""Runs: stretches with a face in every frame and no hole in time."""

import numpy as np
import pytest

from fields_blender.core.curves import HOLE
from fields_blender.core.track import Track
from fields_blender.shape.runs import runs
from tests.tracks import lively, times, track_of


def holed(steps: float, n: int = 60) -> Track:
    """A performance in which frames 29 and 30 are `steps` usual steps apart."""
    time = times(n)
    time[n // 2 :] += (steps - 1) * (time[1] - time[0])
    return track_of(time)


def test_gaps_split_runs_and_no_run_has_a_gap_in_it():
    found = runs(lively(60, gap=slice(20, 25)))
    assert [run.tolist() for run in found] == [list(range(20)), list(range(25, 60))]
    assert runs(lively(30, gap=slice(0, 30))) == []
    assert [run.tolist() for run in runs(track_of(times(1)))] == [[0]]


@pytest.mark.parametrize(("steps", "count"), [(2.0, 1), (HOLE - 0.1, 1), (HOLE + 0.1, 2), (100.0, 2)])
def test_a_hole_in_time_splits_a_run_and_a_halved_frame_rate_does_not(steps, count):
    found = runs(holed(steps))
    assert len(found) == count
    np.testing.assert_array_equal(np.concatenate(found), np.arange(60))
