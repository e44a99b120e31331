"""The landmarks whose true places the network learns to tell, to look closer: brows, lids, irises, lips, nose, jaw."""

import numpy as np

from fields_blender.windows import EYE, EYE_SIDE, MOUTH, MOUTH_SIDE

from .encoder import mirrored_points

# The right eye's lids, brow and iris; and of the right half and the middle, lips, nose, cheek, chin and jaw. Their
# partners on the left come with them.
EYE_POINTS = [
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    *(70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 468, 469, 470, 471, 472),
]
MOUTH_POINTS = [
    *(61, 146, 91, 181, 84, 17, 0, 37, 39, 40, 185, 78, 95, 88, 178, 87, 14, 13, 82, 81, 80, 191),
    *(1, 2, 4, 98, 97, 64, 48, 129, 115, 220, 50, 205, 187, 207, 216, 212),
    *(152, 148, 176, 149, 150, 136, 172, 18, 200, 199, 175),
]
# Outer-eye distances that a px of each window covers; right in the mirrored window is left in the picture.
_EYE_PIXEL, _MOUTH_PIXEL = EYE_SIDE / EYE, MOUTH_SIDE / MOUTH
PIXEL = np.array([[_EYE_PIXEL] * 2, [-_EYE_PIXEL, _EYE_PIXEL], [_MOUTH_PIXEL] * 2], np.float32)


def indices(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(p,) landmarks, and (p,) in which window each lies: eye left, eye right, mouth. `mean`: average face (478, 3)."""
    partner = mirrored_points(mean)
    mouth = np.unique([*MOUTH_POINTS, *partner[MOUTH_POINTS]])
    parts = [partner[EYE_POINTS], np.array(EYE_POINTS), mouth]
    return np.concatenate(parts), np.repeat([0, 1, 2], [len(part) for part in parts])


def seen_in_windows(missed: np.ndarray, window: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(k, p, 2): true places beside the landmarks, `missed`, as they look in windows cut off their places.

    offsets (k, 3, 2) px as `load.Data.windows` takes them: what is cut further right shows everything further left.
    """
    return missed - (offsets * PIXEL)[:, window]
