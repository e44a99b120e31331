"""The features kept of each frame, and how noise is taken out of them."""

import io

import numpy as np
import pytest

from fields_blender.capture.features import FILTER_RADIUS, Features, denoised
from fields_blender.capture.journal import Journal, Seen

WIDTH = 30


class Encoder:
    """Stands in for the regressor: features are what comes in."""

    features = WIDTH

    def encode(self, seen: np.ndarray) -> np.ndarray:
        return seen


def stored(rows: np.ndarray, shots: np.ndarray | None = None) -> Features:
    journal = Journal(io.BytesIO(), [])
    features = Features(journal, Encoder())  # pyright: ignore[reportArgumentType]: all it needs of a regressor
    for row, shot in zip(rows, np.zeros(len(rows), int) if shots is None else shots, strict=True):
        journal.frame(Seen(0.0, 1.0, int(shot), np.zeros(6, np.float32)))
        features.add(row, shot=int(shot))
    features.encode()
    return features


def denoised_rows(features: Features, first: int, last: int) -> np.ndarray:
    return features.denoised(first, last, features.noise())


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 0.1, (200, WIDTH)).astype(np.float32)


def test_a_face_that_holds_still_jitters_less(noise):
    still = denoised_rows(stored(1 + noise), 0, 200)
    assert still.std(axis=0).mean() < 0.6 * noise.std(axis=0).mean()
    assert np.abs(still.mean(axis=0) - 1).max() < 0.03


def test_what_moves_stays(noise):
    """A blink of three frames in a face that is still otherwise, and one frame of shut lips."""
    rows = noise.copy()
    rows[100:103, :10] += np.array([1.0, 2.0, 1.0])[:, None]
    rows[150, 10:20] += 1
    still = denoised_rows(stored(rows), 0, 200)
    assert np.allclose(still[100:103, :10].mean(axis=1), rows[100:103, :10].mean(axis=1), atol=0.1)
    assert np.allclose(still[150], rows[150], atol=1e-3)


def test_parts_are_denoised_like_the_whole(noise):
    features = stored(noise)
    whole = denoised_rows(features, 0, 200)
    parts = [denoised_rows(features, first, min(first + 16, 200)) for first in range(0, 200, 16)]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)


def test_nothing_leaks_over_a_cut(noise):
    rows, shots = noise.copy(), np.repeat([0, 1], 100)
    other = rows.copy()
    other[100:] += 0.01
    one, two = (denoised_rows(stored(x, shots), 0, 100) for x in (rows, other))
    assert np.allclose(one[: 100 - FILTER_RADIUS], two[: 100 - FILTER_RADIUS], atol=1e-3)
    alone = denoised(rows[:100], shots[:100], 0.5)
    assert np.allclose(denoised(rows, shots, 0.5)[:100], alone, atol=1e-6)


def test_stills_are_not_averaged(noise):
    assert np.array_equal(denoised_rows(stored(noise, np.arange(200)), 0, 200), noise)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_clips(noise, count):
    assert denoised_rows(stored(noise[:count]), 0, count).shape == (count, WIDTH)


def test_frames_shown_twice_are_no_measure_of_noise(noise):
    """Half the rate, each frame twice: still as much noise is taken out as of the single frames."""
    single = denoised_rows(stored(noise[:100]), 0, 100)
    twice = denoised_rows(stored(np.repeat(noise[:100], 2, axis=0)), 0, 200)
    assert twice.std(axis=0).mean() < 1.5 * single.std(axis=0).mean()
    frozen = np.repeat(noise[:1], 50, axis=0)
    assert np.array_equal(denoised_rows(stored(frozen), 0, 50), frozen)
