"""Soft transitions from 0 to 1."""

import numpy as np


def smoothstep(x: np.ndarray) -> np.ndarray:
    """3 x² - 2 x³ for `x` clipped to 0..1: 0 up to 0, 1 from 1 on, with no slope at either end."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
