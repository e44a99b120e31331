"""Names for the arrays in signatures. The docstring of each function gives shape and unit.

Any precision is meant: a Track holds float32, what is computed from it is usually float64.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]

Times = Floats  # (n,) seconds
Frames = Ints  # (n,) whole frames of the scene
Vectors = Floats  # (n, 3); of rotations: axis times angle in rad
Quaternions = Floats  # (n, 4) of length 1, w first
Image = NDArray[np.uint8]  # (height, width, channels), the top row first, channels in OpenCV's order: BGR
