"""Compute the features of all training pictures once, for training to read.

    python -m training.encode --data data/renders

Computes the encoder from the pictures of `--data` (data/renders/encoder.pt) unless it exists, and writes
`shard-00000.features.npy` beside each shard there and in the `--extra` folders. Existing features are kept, unless they
are older than the encoder and so come from another one.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from . import dataset
from .encoder import FEATURES, Encoder

FITTED_TO = 12_000  # pictures


def encoder_of(folder: Path) -> Encoder:
    """The encoder that made the features in a folder. Raises SystemExit where it is missing."""
    path = folder / "encoder.pt"
    if not path.exists():
        raise SystemExit(
            f"{path} is missing, and no other encoder fits its features: run training.encode --data {folder}."
        )
    encoder = Encoder()
    encoder.load_state_dict(torch.load(path, weights_only=True))
    return encoder.eval()


def fixed_encoder(folder: Path) -> Encoder:
    """The encoder of the data in a folder: computed from its people that are not held out, and saved."""
    path = folder / "encoder.pt"
    if path.exists():
        return encoder_of(folder)
    shards = dataset.shards_of(folder)
    parts = [dataset.inputs(shard, max(len(shards) * dataset.ROWS_A_SHARD // FITTED_TO, 1)) for shard in shards]
    known = ~dataset.held_out(np.concatenate([part["person"] for part in parts]))
    fitted_to = (np.concatenate([part[name] for part in parts])[known] for name in ("landmarks", "inner8", "inner4"))
    encoder = Encoder(*fitted_to)
    torch.save(encoder.state_dict(), path)
    return encoder.eval()


def encode(encoder: Encoder, shard: Path) -> None:
    """Write the shard's features (n, FEATURES) float16."""
    inputs = dataset.inputs(shard)
    with torch.no_grad():
        features = encoder(*(torch.from_numpy(inputs[name]) for name in dataset.ENCODED))
    assert features.shape[1] == FEATURES
    part = shard.with_suffix(".part.npy")
    np.save(part, features.half().numpy())
    part.replace(shard.with_suffix(".features.npy"))


def _encoded(shard: Path, since: float) -> bool:
    features = shard.with_suffix(".features.npy")
    return features.exists() and features.stat().st_mtime >= since


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.footage")
    options = arguments.parse_args()
    encoder = fixed_encoder(options.data)
    since = (options.data / "encoder.pt").stat().st_mtime
    for folder in (options.data, *options.extra):
        todo = [shard for shard in dataset.shards_of(folder) if not _encoded(shard, since)]
        for done, shard in enumerate(todo, 1):
            encode(encoder, shard)
            if done % 20 == 0 or done == len(todo):
                print(f"{folder}: {done}/{len(todo)} shards encoded", flush=True)


if __name__ == "__main__":
    main()
