"""ARKit 52 is a lossless renaming of the FLAME groups."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core.arkit import from_arkit, to_arkit
from fields_blender.core.names import ARKIT, EXPRESSION


def random_groups(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    jaw = rng.uniform(-0.3, 0.3, (5, 3))
    jaw[:, 0] = np.abs(jaw[:, 0])
    jaw[:, 2] = 0  # ARKit has no jaw roll
    return {
        "expression": rng.uniform(0, 1, (5, 39)),
        "jaw": jaw,
        "eyelids": rng.uniform(0, 1, (5, 2)),
        "gaze": rng.uniform(-0.5, 0.5, (5, 2, 2)),
    }


@given(st.integers(0, 1000))
def test_there_and_back_is_the_identity(seed):
    groups = random_groups(seed)
    back = from_arkit(to_arkit(**groups))
    for name, value in groups.items():
        np.testing.assert_allclose(back[name], value, atol=1e-12)


def test_neutral_is_zero():
    rest = {name: np.zeros_like(value) for name, value in random_groups(0).items()}
    assert not to_arkit(**rest).any()


def test_looking_to_the_subjects_left():
    groups = {name: np.zeros_like(value) for name, value in random_groups(0).items()}
    groups["gaze"][..., 0] = 0.55
    weights = dict(zip(ARKIT, to_arkit(**groups)[0], strict=True))
    assert weights["eyeLookOutLeft"] == 1 and weights["eyeLookInRight"] == 1
    assert sum(weights.values()) == 2


def test_a_jaw_pushed_shut_is_no_open_jaw():
    groups = {name: np.zeros_like(value) for name, value in random_groups(0).items()}
    groups["jaw"][:, 0] = -0.1
    assert not to_arkit(**groups).any()


def test_names_are_complete():
    assert len(set(EXPRESSION)) == 39 and len(set(ARKIT)) == 52 and set(EXPRESSION) < set(ARKIT)
