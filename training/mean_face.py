"""The mean face at rest: what the regressor gets as rest where nothing is known of a person. `export` writes it.

    python -m training.mean_face --data data/renders     (for networks that are there already; a minute)

The mean of the written encoder's features over all pictures at rest, each head family counting alike.
"""

import argparse
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fields_blender.capture.device import session
from fields_blender.capture.regressor import ENCODER

from . import dataset

BATCH = 256
FILE = "mean_face.npy"


def write(models: Path, shards: Sequence[Path]) -> None:
    """mean_face.npy for the encoder in `models`, and its sha256 in the card of the networks."""
    card_path = models / "regressor.json"
    card = json.loads(card_path.read_text(encoding="utf-8"))
    encoder = card["networks"]["encoder"]
    running = session(models / encoder["file"], "cpu", encoder["sha256"])

    def encode(*inputs: np.ndarray) -> np.ndarray:
        return np.asarray(running.run(["features"], dict(zip(ENCODER[0], inputs, strict=True)))[0])

    buffer = io.BytesIO()
    np.save(buffer, mean_face(encode, shards))
    (models / FILE).write_bytes(buffer.getvalue())
    card["mean_face"] = {"file": FILE, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
    card_path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def mean_face(encode: Callable[..., np.ndarray], shards: Sequence[Path]) -> np.ndarray:
    """(features,) float32 of what `encode` makes of (landmarks, rotation, inner8, inner4) at rest."""
    sums: dict[int, np.ndarray] = {}
    counts: dict[int, int] = {}
    for path in shards:
        pictures = dataset.inputs(path)
        with np.load(path, allow_pickle=False) as arrays:
            at_rest, family = arrays["at_rest"], arrays["family"]
        for number in np.unique(family[at_rest]).tolist():
            rows = np.flatnonzero(at_rest & (family == number))
            for first in range(0, len(rows), BATCH):
                some = rows[first : first + BATCH]
                features = encode(*(pictures[name][some] for name in dataset.ENCODED))
                sums[number] = sums.get(number, 0.0) + features.sum(axis=0, dtype=np.float64)
            counts[number] = counts.get(number, 0) + len(rows)
    return np.mean([sums[number] / counts[number] for number in sums], axis=0).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/renders"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    options = parser.parse_args()
    write(options.models, dataset.shards_of(options.data))


if __name__ == "__main__":
    main()
