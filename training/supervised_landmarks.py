"""The landmarks whose true places the reader learns as an auxiliary task: brows, lids, irises, lips, nose, jaw."""

import numpy as np

# The right eye's lids, brow and iris; then lips, nose, cheek, chin and jaw of the right half and the middle. `indices`
# adds their mirror partners on the left.
EYE_POINTS = [
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    *(70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 468, 469, 470, 471, 472),
]
MOUTH_POINTS = [
    *(61, 146, 91, 181, 84, 17, 0, 37, 39, 40, 185, 78, 95, 88, 178, 87, 14, 13, 82, 81, 80, 191),
    *(1, 2, 4, 98, 97, 64, 48, 129, 115, 220, 50, 205, 187, 207, 216, 212),
    *(152, 148, 176, 149, 150, 136, 172, 18, 200, 199, 175),
]


def mirrored_points(mean: np.ndarray) -> np.ndarray:
    """(p,) each point's mirror partner on an average face (p, 3); x runs across the face."""
    from scipy.optimize import linear_sum_assignment

    distance = np.linalg.norm((mean * (-1, 1, 1))[:, None] - mean[None], axis=2)
    # Symmetric, so that the best assignment pairs every point both ways.
    partner = linear_sum_assignment(distance + distance.T)[1]
    assert (partner[partner] == np.arange(len(mean))).all()
    return partner


def indices(mean: np.ndarray) -> np.ndarray:
    """(p,) numbers of these landmarks. `mean`: average face (478, 3)."""
    right = EYE_POINTS + MOUTH_POINTS
    return np.unique([*right, *mirrored_points(mean)[right]])
