"""Compute the features of all training pictures once, for training to read.

    python -m training.encode --data data/renders

Computes the encoder from the pictures of `--data` (data/renders/encoder.pt) unless it exists, and writes
`shard-00000.features.npy` beside each shard there and in the `--extra` folders. Existing features are kept, unless they
are older than the encoder and so come from another one.
"""

import argparse
import multiprocessing
import os
from functools import cache
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
import torch

from fields_blender.capture.expression_maps import ExpressionMaps, Maps
from fields_blender.capture.face_crop import CROP
from fields_blender.capture.regressor import ENCODER
from fields_blender.core.paths import MODELS

from . import dataset
from .encoder import FEATURES, MAPS, Encoder
from .shards.crops import load_crops, picture

FITTED_TO = 8_000  # pictures


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


@cache
def expression_maps() -> ExpressionMaps:
    return ExpressionMaps(MODELS, "cpu")


def inputs(shard: Path, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The encoder's inputs for these rows of a shard or all of them, by the names of `regressor.ENCODER`; `person`."""
    chosen = np.arange(dataset.count(shard)) if rows is None else rows
    found = dataset.pictures(shard, chosen)
    points = CROP * found.pop("in_crop")
    files = load_crops(shard, chosen)
    maps = [expression_maps().of_crop(picture(file), p) for file, p in zip(files, points, strict=True)]
    return found | {name: np.stack(part) for name, part in zip(Maps._fields, zip(*maps, strict=True), strict=True)}


def _some(job: tuple[Path, int]) -> dict[str, np.ndarray]:
    """The inputs of every `share`-th picture of a shard, the maps flat but for their regions."""
    shard, share = job
    found = inputs(shard, np.arange(0, dataset.count(shard), share))
    return found | {n: found[n].reshape(len(found[n]), regions, -1) for n, (regions, *_) in MAPS.items()}


def fixed_encoder(folder: Path, pool: Pool) -> Encoder:
    """The encoder of the data in a folder: computed from its people that are not held out, and saved."""
    path = folder / "encoder.pt"
    if path.exists():
        return encoder_of(folder)
    shards = dataset.shards_of(folder)
    share = max(len(shards) * dataset.ROWS_A_SHARD // FITTED_TO, 1)
    parts = pool.map(_some, [(shard, share) for shard in shards], chunksize=1)
    known = ~dataset.held_out(np.concatenate([part["person"] for part in parts]))
    whole = {name: np.concatenate([part.pop(name) for part in parts])[known] for name in ("landmarks", *MAPS)}
    encoder = Encoder(whole["landmarks"], whole)
    torch.save(encoder.state_dict(), path)
    return encoder.eval()


def encode(job: tuple[Path, Path]) -> None:
    """Write a shard's features (n, FEATURES) float16; `folder`: that of the encoder."""
    folder, shard = job
    found = inputs(shard)
    with torch.no_grad():
        features = _encoder(folder)(*(torch.from_numpy(found[name]) for name in ENCODER[0]))
    assert features.shape[1] == FEATURES
    part = shard.with_suffix(".part.npy")
    np.save(part, features.half().numpy())
    part.replace(shard.with_suffix(".features.npy"))


@cache
def _encoder(folder: Path) -> Encoder:
    return encoder_of(folder)


def _encoded(shard: Path, since: float) -> bool:
    features = shard.with_suffix(".features.npy")
    return features.exists() and features.stat().st_mtime >= since


def _one_thread() -> None:
    """In each worker, since the workers already use all cores."""
    import cv2

    import fields_blender.capture.device

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    fields_blender.capture.device.MAX_THREADS = 1


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.footage")
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    with multiprocessing.get_context("spawn").Pool(options.workers, _one_thread) as pool:
        fixed_encoder(options.data, pool)
        since = (options.data / "encoder.pt").stat().st_mtime
        for folder in (options.data, *options.extra):
            todo = [(options.data, shard) for shard in dataset.shards_of(folder) if not _encoded(shard, since)]
            for done, _ in enumerate(pool.imap_unordered(encode, todo), 1):
                if done % 20 == 0 or done == len(todo):
                    print(f"{folder}: {done}/{len(todo)} shards encoded", flush=True)


if __name__ == "__main__":
    main()
