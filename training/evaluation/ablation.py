"""What each part of the training contributes: the same training without it, on the same held-out people.

    python -m training.evaluation.ablation --data data/renders --steps 3000

Prints a table for docs/evaluation.md. Every variant is trained from scratch for the same number of steps and measured
without the post-processing that `export` adds. A family that was not trained on is measured too.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from .. import dataset, validation
from ..batches import only
from ..model import CONTROL_NAMES
from ..people import FAMILIES
from ..trainer import Settings, Trainer, bases_beside

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
    """One number for each of COLUMNS, with the rest face known. `rows`: of each family, the same for every variant."""
    data, found = trainer.data, {}
    for family, mine in rows.items():
        features = only(validation.features_of(data, mine), trainer.settings.inputs)
        rest, known = validation.resting(features, data, mine)
        controls, _, emotion = validation.predict(trainer.average, features, rest, known)
        truth = data.arrays["controls"][mine]
        scores, used = validation.agreement(controls.numpy(), truth), validation.moving(truth)
        label, intensity = (data.arrays[name][mine] for name in ("emotion", "intensity"))
        guess, true = torch.sigmoid(emotion[:, 10]).numpy(), intensity[:, 0]
        emotional = label[:, 1:].max(axis=1) > 0
        line = np.polyfit(true[emotional], guess[emotional], 1)[0]
        over = np.maximum(guess - true, 0)[emotional & (true < 0.5)].mean()
        weights = np.abs(controls.numpy()[data.arrays["at_rest"][mine]][:, : CONTROL_NAMES.index("jawX")])
        strong, subtle = validation.emotion_accuracy(emotion.numpy(), label, intensity)
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
    data, bases = dataset.load(options.data), bases_beside(options.data)
    rows = {
        family: validation.whole_people(
            data, np.flatnonzero(dataset.held_out(data.person) & (data.arrays["family"] == number))
        )
        for number, family in enumerate(FAMILIES)
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
