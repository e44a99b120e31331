"""Rotations that are not axis-angles: matrices, and the first two rows of them, as axis-angles."""

import numpy as np

from ..core.rotation import to_vector

# How many numbers a rotation has in these forms.
FORMS = (6, 9)
_LEAST = 1e-6


def to_axis_angles(array: np.ndarray, joints: int) -> np.ndarray | None:
    """Axis-angles (n, 3 joints) of (n, 6 joints), the first two rows of each matrix (Zhou et al., On the continuity of
    rotation representations, CVPR 2019), or of (n, 9 joints), whole matrices. None where they are no rotations.
    """
    if not len(array):
        return None
    rows = array.reshape(len(array), joints, -1, 3)
    first, second = rows[:, :, 0], rows[:, :, 1]
    known = np.isfinite(array).all(axis=1)
    length = np.linalg.norm(first, axis=2, keepdims=True)
    length = np.where(np.isfinite(length), length, 1.0)
    first, second = (np.nan_to_num(row, posinf=0.0, neginf=0.0) for row in (first, second))
    first = first / np.maximum(length, _LEAST)
    second = second - (first * second).sum(axis=2, keepdims=True) * first
    height = np.linalg.norm(second, axis=2, keepdims=True)
    if (length[known] < _LEAST).any() or (height[known] < _LEAST).any():
        return None
    second = second / np.maximum(height, _LEAST)
    matrices = np.stack([first, second, np.cross(first, second)], axis=2).reshape(-1, 3, 3)
    angles = to_vector(_quaternions(matrices)).reshape(len(array), 3 * joints)
    return np.where(known[:, None], angles, np.nan)


def _quaternions(m: np.ndarray) -> np.ndarray:
    """(n, 4), w first, of rotation matrices (n, 3, 3): each component from the diagonal, its sign from the others."""
    x, y, z = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    w = np.sqrt(np.maximum(1 + x + y + z, 0)) / 2
    parts = [np.sqrt(np.maximum(1 + s, 0)) / 2 for s in (x - y - z, y - x - z, z - x - y)]
    signs = (m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1])
    return np.stack([w, *(np.copysign(part, sign) for part, sign in zip(parts, signs, strict=True))], axis=1)
