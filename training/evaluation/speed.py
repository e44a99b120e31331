"""How long the networks take per frame on a CPU."""

import time
from pathlib import Path

import numpy as np

from fields_blender.capture.device import import_onnxruntime

RUNS, WARM = 200, 20
NETWORKS = ("encoder", "regressor")
DTYPES = {"tensor(uint8)": np.uint8, "tensor(float16)": np.float16, "tensor(float)": np.float32}


def milliseconds(models: Path, threads: int = 2) -> dict[str, float]:
    """Median ms per frame of each of the regressor's networks that exists, and their sum."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    taken = {}
    for name in NETWORKS:
        path = models / f"{name}.onnx"
        if not path.exists():
            continue
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        feed = {}
        for part in session.get_inputs():
            shape = [1 if not isinstance(side, int) else side for side in part.shape]
            feed[part.name] = np.zeros(shape, DTYPES[part.type])
        times = []
        for _ in range(RUNS + WARM):
            begun = time.perf_counter()
            session.run(None, feed)
            times.append(1000 * (time.perf_counter() - begun))
        taken[name] = float(np.median(times[WARM:]))
    return {**taken, "together": sum(taken.values())}
