"""A made-up performance in which everything moves."""

import numpy as np

from fields_blender.core import track
from fields_blender.core.arkit import from_arkit, to_arkit
from fields_blender.core.names import ARKIT, GROUPS


def performance(count=40, gaps=(7, 8)) -> track.Track:
    """Everything moves; of two opposite weights one."""
    rng = np.random.default_rng(2)
    weights = np.round(rng.uniform(0, 1, (count, 52)), 4)
    opposites = "jawLeft eyeLookInLeft eyeLookDownLeft eyeLookInRight eyeLookDownRight".split()
    weights[:, [ARKIT.index(name) for name in opposites]] = 0
    made = track.empty(np.arange(count) / 24)
    for name, shape in GROUPS.items():
        made.groups[name][:] = np.zeros((count, *shape))
    for name, values in (from_arkit(weights) | {"head": rng.uniform(-0.6, 0.6, (count, 3))}).items():
        made.groups[name][:] = values
    for name in GROUPS:
        made.groups[name][list(gaps)] = 0.0 if name == "confidence" else np.nan
    return made


def weights_of(made: track.Track) -> np.ndarray:
    return to_arkit(made["expression"], made["jaw"], made["eyelids"], made["gaze"])
