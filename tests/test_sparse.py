"""Sparse non-negative least squares and the assignment, against brute force and their laws."""

from itertools import permutations

import numpy as np
import pytest

from fields_blender.geometry.sparse import assign, coordinate_descent, explain, explained


@pytest.fixture
def columns() -> np.ndarray:
    made = np.random.default_rng(0).normal(size=(8, 60))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_what_was_mixed_comes_back(columns):
    amounts = np.array([0.7, 0, 0, 0.5, 0, 0, 0.3, 0])
    target = amounts @ columns
    found = explain(columns @ columns.T, columns @ target, 0.02, 1.5, np.zeros((8, 8), bool))
    np.testing.assert_allclose(found, amounts, atol=1e-3)


def test_opposed_columns_are_never_taken_together(columns):
    target = 0.7 * columns[0] + 0.5 * columns[3]
    opposed = np.zeros((8, 8), bool)
    opposed[0, 3] = opposed[3, 0] = True
    found = explain(columns @ columns.T, columns @ target, 0.02, 1.5, opposed)
    assert found[0] > 0.6 and found[3] == 0.0


def test_amounts_stay_in_the_box(columns):
    found = coordinate_descent(columns @ columns.T, columns @ (3.0 * columns[1] - columns[2]), 1.5, np.ones(8, bool))
    assert found[1] == 1.5 and found.min() >= 0.0


def test_explained_is_1_for_sums_and_less_for_their_negatives(columns):
    products = columns @ columns.T
    target = columns[1] + columns[5]
    target /= np.linalg.norm(target)
    assert explained(products, (columns @ target)[None]) == pytest.approx(1.0, abs=0.01)
    assert explained(products, (columns @ -target)[None]) < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_the_assignment_is_the_best_there_is(seed):
    gain = np.random.default_rng(seed).uniform(-0.5, 1.0, (5, 6))
    found = assign(gain)
    assert len(set(found[found >= 0])) == (found >= 0).sum()
    got = sum(gain[i, j] for i, j in enumerate(found) if j >= 0)
    best = max(sum(max(gain[i, j], 0.0) for i, j in enumerate(order)) for order in permutations(range(6), 5))
    assert got == pytest.approx(best)


def test_what_gains_nothing_stays_alone():
    np.testing.assert_array_equal(assign(np.array([[-1.0, -0.1], [0.4, -0.2]])), [-1, 0])
    assert len(assign(np.empty((0, 3)))) == 0
