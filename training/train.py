"""Train the regressor on rendered people, and on scans and unlabelled footage where there is some.

    python -m training.encode --data data/renders
    python -m training.train --data data/renders --minutes 60
    python -m training.export --data data/renders

A run that was stopped resumes from its checkpoint as if it had never stopped: what a step draws depends on its number
alone.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch

from . import dataset, losses
from .batches import Bases, Inputs
from .people import FAMILIES
from .trainer import FIRST_STAGE, Settings, Trainer, bases_beside


def steps_in(data: dataset.Data, settings: Settings, bases: Bases, minutes: float, device: str) -> int:
    """How many steps fit into `minutes`, from timing a few; the second stage's frozen copy costs a third more."""
    trial = Trainer(data, replace(settings, steps=100), bases, device)
    for step in range(8):
        if step == 3:
            start = time.time()
        trial.learn(trial.batch(step))
    seconds = (time.time() - start) / 5 * (1 + (1 - FIRST_STAGE) / 3)
    return max(int(0.93 * minutes * 60 / seconds), 10)


def run(trainer: Trainer, checkpoint: Path, report_minutes: float, save_minutes: float) -> None:
    """Train to the end; the next batch is prepared in a second thread."""
    settings, start, begun = trainer.settings, time.time(), trainer.step
    reported = saved = start
    sums: dict[str, float] = {}
    with ThreadPoolExecutor(1) as executor:
        following = executor.submit(trainer.batch, trainer.step)
        while trainer.step < settings.steps:
            batch = following.result()
            following = executor.submit(trainer.batch, trainer.step + 1)
            for name, value in trainer.learn(batch).items():
                sums[name] = value + 0.98 * sums.get(name, 49 * value)
            now = time.time()
            if now - saved > save_minutes * 60 or trainer.step == settings.steps:
                trainer.save(checkpoint)
                saved = now
            if now - reported > report_minutes * 60 or trainer.step == settings.steps:
                speed = (trainer.step - begun) * settings.pictures / (now - start)
                shown = "  ".join(f"{name} {value / 50:.3f}" for name, value in sums.items())
                print(f"{trainer.step}/{settings.steps}, {(now - start) / 60:.0f} min, {speed:.0f}/s  {shown}")
                print(trainer.report(), flush=True)
                reported = time.time()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.footage")
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"), help="resumed if it exists")
    arguments.add_argument("--minutes", type=float, default=60, help="about how long to train")
    arguments.add_argument("--steps", type=int, help="instead of --minutes")
    arguments.add_argument("--begin-with", type=Path, help="checkpoint of an earlier run whose weights to start from")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--supervision", choices=get_args(losses.Supervision), default="full")
    arguments.add_argument("--inputs", choices=get_args(Inputs), default="both")
    arguments.add_argument("--family", choices=("both", *FAMILIES), default="both", help="head family to train on")
    arguments.add_argument("--report-minutes", type=float, default=5)
    arguments.add_argument("--save-minutes", type=float, default=5)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = arguments.parse_args()
    data = dataset.load(options.data, options.extra)
    if options.checkpoint.exists():
        trainer = Trainer.resume(data, options.checkpoint, options.device)
    else:
        chosen = {name: getattr(options, name) for name in ("seed", "supervision", "inputs", "family")}
        settings, bases = Settings(steps=options.steps or 0, **chosen), bases_beside(options.data)
        if not options.steps:
            settings = replace(settings, steps=steps_in(data, settings, bases, options.minutes, options.device))
        trainer = Trainer(data, settings, bases, options.device, options.begin_with)
    rows = len(trainer.split.train)
    print(f"{trainer.settings}; {rows} pictures of {len(trainer.sampler.people)} people", flush=True)
    run(trainer, options.checkpoint, options.report_minutes, options.save_minutes)


if __name__ == "__main__":
    main()
