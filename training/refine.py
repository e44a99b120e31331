"""Train the reader on, alone, on features that the trained encoder gives once.

    python -m training.refine --data data/renders --checkpoint data/regressor.pt

Seeing takes nearly all the time of `train`; reading takes hardly any. So when the encoder is done, every picture is
looked at twice more (as it is, and spoiled), and the reader and the emotion branch go through those features a hundred
times as often as pictures could be seen. Losses, the two steps and the checkpoint are those of `train`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import augment, load
from .agreement import AT_ONCE
from .encoder import FEATURES
from .model import Regressor
from .train import Batch, Trainer, make_batch, run

COUPLES = 32


class Refiner(Trainer):
    """A `Trainer` whose pictures were seen already: `features` (2, n, FEATURES) of each row, clean and spoiled."""

    seen: Tensor

    @classmethod
    def of(cls, trained: Trainer, steps: int) -> "Refiner":
        """Begin anew with what the encoder of `trained` sees and with its reader's weights."""
        refiner = cls.__new__(cls)
        refiner.__dict__.update(trained.__dict__)
        refiner.settings = replace(trained.settings, steps=steps, couples=COUPLES, seed=trained.settings.seed + 1)
        refiner.sampler = load.Sampler(trained.data, trained.split.train, COUPLES, trained.settings.each)
        refiner.seen = look_at_all(trained, trained.split.train)
        refiner.restart()
        return refiner

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.settings.seed, step])
        drawn = self.sampler.draw(rng)
        batch = make_batch(self.data, drawn, rng, self.measures.points.cpu().numpy())
        which = torch.from_numpy(rng.integers(0, 2, len(drawn.rows)))
        batch["points"] = torch.full_like(batch["points"], torch.nan)  # they are the encoder's
        return {**batch, "seen": self.seen[which, torch.from_numpy(drawn.rows)].float()}

    def features(self, model: Regressor, batch: Batch) -> Tensor:
        return batch["seen"]


def look_at_all(trained: Trainer, rows: np.ndarray) -> Tensor:
    """(2, n, FEATURES) float16 of all pictures in the data, clean and spoiled; only `rows` are filled in."""
    encoder, data, device = trained.average.encoder.eval(), trained.data, trained.device
    seen = torch.zeros(2, len(data.person), FEATURES, dtype=torch.float16)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        for k, chunk in enumerate(np.array_split(np.sort(rows), -(-len(rows) // AT_ONCE))):
            rng = np.random.default_rng([trained.settings.seed, k])
            faces = [torch.from_numpy(data.arrays[n][chunk].astype(np.float32)) for n in ("landmarks", "rotation")]
            inner = [torch.from_numpy(maps).to(device) for maps in data.inner(chunk)]
            for spoiled in (0, 1):
                offsets = augment.offsets(rng, len(chunk)) if spoiled else None
                eyes, mouth = data.windows(chunk, offsets)
                if spoiled:
                    augment.spoil(rng, eyes, mouth)
                pictures = encoder.seen(*(torch.from_numpy(w).to(device) for w in (eyes, mouth)), *inner).float()
                with torch.autocast(device, enabled=False):
                    whole = encoder.joined(pictures, *(f.to(device) for f in faces))
                seen[spoiled, torch.from_numpy(chunk)] = whole.half().cpu()
    return seen


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.scans or unlabelled")
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"), help="of training.train")
    arguments.add_argument("--out", type=Path, help="data/regressor.refined.pt, beside the checkpoint")
    arguments.add_argument("--steps", type=int, default=6000)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = arguments.parse_args()
    trained = Trainer.resume(load.load(options.data, options.extra), options.checkpoint, options.device)
    refiner = Refiner.of(trained, options.steps)
    run(refiner, options.out or options.checkpoint.with_suffix(".refined.pt"), report_minutes=3, save_minutes=60)


if __name__ == "__main__":
    main()
