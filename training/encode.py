"""Make features of all training pictures, once: everything after learns from them, many times a second.

    python -m training.encode --data data/renders

Fixes the encoder by the pictures of `--data` (data/renders/encoder.pt) where it isn't yet, and writes
`shard-00000.features.npy` beside each shard there and in the `--extra` folders. What is there already stays, unless it
is older than the encoder and so of another one.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from . import load
from .encoder import FEATURES, Encoder

FIXED_BY = 12_000  # pictures


def encoder_of(folder: Path) -> Encoder:
    """The encoder that the features in a folder were made with; SystemExit where it is missing."""
    path = folder / "encoder.pt"
    if not path.exists():
        raise SystemExit(f"{path} is missing, and another encoder would not fit: run training.encode --data {folder}.")
    encoder = Encoder()
    encoder.load_state_dict(torch.load(path, weights_only=True))
    return encoder.eval()


def fixed_encoder(folder: Path) -> Encoder:
    """The encoder of the data in a folder; fixed by its people that are not held out, and kept."""
    path = folder / "encoder.pt"
    if path.exists():
        return encoder_of(folder)
    shards = load.shards_of(folder)
    parts = [load.inputs(shard, max(len(shards) * load.ROWS_A_SHARD // FIXED_BY, 1)) for shard in shards]
    known = ~load.held_out(np.concatenate([part["person"] for part in parts]))
    fixed_by = (np.concatenate([part[name] for part in parts])[known] for name in ("landmarks", "inner8", "inner4"))
    encoder = Encoder(*fixed_by)
    torch.save(encoder.state_dict(), path)
    return encoder.eval()


def encode(encoder: Encoder, shard: Path) -> None:
    """Write the shard's features (n, FEATURES) float16."""
    inputs = load.inputs(shard)
    with torch.no_grad():
        features = encoder(*(torch.from_numpy(inputs[name]) for name in load.ENCODED))
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
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.scans or unlabelled")
    options = arguments.parse_args()
    encoder = fixed_encoder(options.data)
    since = (options.data / "encoder.pt").stat().st_mtime
    for folder in (options.data, *options.extra):
        todo = [shard for shard in load.shards_of(folder) if not _encoded(shard, since)]
        for done, shard in enumerate(todo, 1):
            encode(encoder, shard)
            if done % 20 == 0 or done == len(todo):
                print(f"{folder}: {done}/{len(todo)} shards encoded", flush=True)


if __name__ == "__main__":
    main()
