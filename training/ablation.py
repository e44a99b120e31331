"""What each part of the training is good for: the same training without it, on the same held-out people.

    python -m training.ablation --data data/renders --steps 3000

Prints a table for docs/evaluation.md. Every variant is trained anew, for as many steps, and measured as it leaves the
training: without the gains and zeros that `export` sets. A family that was not trained on is measured too.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from . import agreement, load
from .model import CONTROL_NAMES
from .train import Settings, Trainer, bases_beside, only

VARIANTS: dict[str, dict[str, str]] = {
    "full": {},
    "emotion without intensity": {"supervision": "class"},
    "no emotion in the parameters": {"supervision": "direct"},
    "2D consistency only": {"supervision": "2d"},
    "landmarks only": {"inputs": "landmarks"},
    "inner maps only": {"inputs": "image"},
    "ICT heads only": {"family": "ict"},
    "MakeHuman heads only": {"family": "anny"},
}
COLUMNS = (
    "r ICT",
    "r MakeHuman",
    "slope",
    "emotion of 7",
    "subtle emotion",
    "intensity: slope",
    "overshoot",
    "at rest",
)


def measured(trainer: Trainer, rows: dict[str, np.ndarray]) -> list[float]:
    """One number for each of COLUMNS; rest faces known. `rows`: of each family, the same for every variant."""
    data, found = trainer.data, {}
    for family, mine in rows.items():
        features = only(agreement.features_of(data, mine), trainer.settings.inputs)
        rest, known = agreement.resting(features, data, mine)
        controls, _, look = agreement.predict(trainer.average, features, rest, known)
        truth = data.arrays["controls"][mine]
        scores, used = agreement.agreement(controls.numpy(), truth), agreement.moving(truth)
        label, shown = (data.arrays[name][mine] for name in ("emotion", "intensity"))
        told = torch.sigmoid(look[:, 10]).numpy()
        feeling = label[:, 1:].max(axis=1) > 0
        line = np.polyfit(shown[feeling, 0], told[feeling], 1)[0]
        over = np.maximum(told - shown[:, 0], 0)[feeling & (shown[:, 0] < 0.5)].mean()
        weights = np.abs(controls.numpy()[data.arrays["at_rest"][mine]][:, : CONTROL_NAMES.index("jawX")])
        strong, subtle = agreement.emotion_accuracy(look.numpy(), label, shown)
        r, slope = (scores[what][used].mean() for what in ("r", "slope"))
        found[family] = [r, slope, strong, subtle, line, over, weights.mean()]
    both = np.mean(list(found.values()), axis=0)
    return [found["ict"][0], found["anny"][0], *both[1:]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--steps", type=int, default=3000)
    arguments.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    options = arguments.parse_args()
    data, bases = load.load(options.data), bases_beside(options.data)
    rows = {
        family: agreement.whole_people(
            data, np.flatnonzero(load.held_out(data.person) & (data.arrays["family"] == number))
        )
        for number, family in enumerate(load.FAMILIES)
    }
    print("| trained | " + " | ".join(COLUMNS) + " |\n|---|" + "---|" * len(COLUMNS), flush=True)
    for name in options.variants:
        trainer = Trainer(data, Settings(steps=options.steps, **VARIANTS[name]), bases)  # pyright: ignore[reportArgumentType]
        while trainer.step < options.steps:
            trainer.learn(trainer.batch(trainer.step))
        shown = " | ".join(f"{value:.3f}".replace("0.", ".", 1) for value in measured(trainer, rows))
        print(f"| {name} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
