"""Stand-ins for what FLAME's files are made of, so that neither chumpy, scipy nor a FLAME model is needed."""

import sys
import types

import numpy as np

from fields_blender.flame.flame_basis import VERTICES


class Ch:
    """As chumpy.ch.Ch pickles itself: its numbers under `x`, beside its bookkeeping."""

    def __init__(self, x):
        self.x, self._dirty_vars, self._itr, self._make_dense = x, set(), None, False


class csc_matrix:
    """As scipy.sparse pickles one: by its attributes."""

    def __init__(self, dense):
        self._shape, self.maxprint = dense.shape, 50
        columns, rows = np.nonzero(dense.T)
        self.data, self.indices = dense[rows, columns], rows.astype(np.int32)
        self.indptr = np.searchsorted(columns, np.arange(dense.shape[1] + 1)).astype(np.int32)


def pretend(monkeypatch) -> None:
    """While the test runs, the two classes are those of chumpy and scipy, as far as pickling them goes."""
    for cls, place in ((Ch, "chumpy.ch"), (csc_matrix, "scipy.sparse.csc")):
        fake = types.ModuleType(place)
        setattr(fake, cls.__name__, cls)
        monkeypatch.setitem(sys.modules, place, fake)
        monkeypatch.setattr(cls, "__module__", place)
        parent, _, child = place.rpartition(".")
        for name in (parent, parent.partition(".")[0]):
            if name not in sys.modules:
                monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        monkeypatch.setattr(sys.modules[parent], child, fake, raising=False)


def parts(identity=300) -> dict[str, np.ndarray]:
    """The parts of a made-up model file with the official names and sizes."""
    rng = np.random.default_rng(4)
    template = rng.normal(0, 0.08, (VERTICES, 3))
    weights = rng.uniform(size=(VERTICES, 5))
    regressor = np.zeros((5, VERTICES))
    regressor[np.arange(5), [10, 500, 900, 4000, 4600]] = 1.0
    return {
        "v_template": template,
        "f": rng.integers(0, VERTICES, (60, 3)).astype(np.uint32),
        "shapedirs": rng.normal(0, 1e-3, (VERTICES, 3, identity + 100)),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "J_regressor": regressor,
        "posedirs": rng.normal(0, 1e-3, (VERTICES, 3, 36)),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], range(5)]),
    }
