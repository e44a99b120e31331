"""The soft step from 0 to 1."""

import numpy as np

from fields_blender.core.easing import smoothstep


def test_it_rises_from_0_to_1_and_stays_there():
    np.testing.assert_array_equal(smoothstep(np.array([-2.0, 0.0, 0.5, 1.0, 3.0])), [0, 0, 0.5, 1, 1])
    x = np.linspace(0, 1, 101)
    assert (np.diff(smoothstep(x)) > 0).all()
    np.testing.assert_allclose(smoothstep(x) + smoothstep(1 - x), 1, atol=1e-15)


def test_it_has_no_slope_at_either_end():
    step = 1e-4
    assert smoothstep(np.array([step]))[0] < 4 * step**2 and smoothstep(np.array([1 - step]))[0] > 1 - 4 * step**2
