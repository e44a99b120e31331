"""Train the regressor on rendered people (`make_data`), and on scans and pictures of others where one has them.

    python -m training.encode --data data/renders
    python -m training.train --data data/renders --minutes 60
    python -m training.export --data data/renders

Direct supervision by true parameters, and an emotion branch that reads the predicted parameters only and is told the
strength of what is shown, so that subtle feeling stays subtle: the idea of FIELDS (Ling, Shi, Kjellström,
arXiv 2511.21245), with networks, losses and data of our own. In two steps as there: first everything without letting
emotion touch the parameters; then with it, held to a frozen copy of the first step.

Stopped and started again it goes on from its checkpoint as if it had never stopped: what a step draws depends on its
number alone.
"""

import argparse
import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from . import agreement, load, losses, points
from .encode import encoder_of
from .encoder import CODE, CODE_NOISE, SEEN
from .model import CONTROLS, Regressor

RATE, DECAY = 7e-4, 0.05
STRAIGHT_RATE = 0.1  # of that, for what begins with the least-squares answer
LEAST_SQUARES, SHRINK = 150_000, 0.02  # pictures; held small by this share of a feature's variance
FIRST_STEP = 0.8  # share of the training
SECOND_RATE = 0.1  # of the first step's
WARM_UP = 0.05
AVERAGE = 0.998  # what the running average of the weights keeps in a step
REST_KNOWN = 0.75
NO_LANDMARKS, NO_IMAGE = 0.06, 0.2  # shares of people who lose them
# Real faces look other than renders: a person's own shift of the maps' components, at most, and each picture's.
MAP_SHIFT, MAP_NOISE = 1.0, 0.4
SAMPLE = 5000  # pictures that fix the landmarks' components and the controls' weights
REPORTED = 2000  # held-out pictures of each family that a report looks at

Inputs = Literal["landmarks", "image", "both"]
Batch = dict[str, Tensor]
Bases = Callable[[], tuple[np.ndarray, np.ndarray]]  # vertices (48, v, 3) and motion (48, 478, 3), see `bases`


@dataclass(frozen=True)
class Settings:
    """What a training run is; kept with its checkpoint."""

    steps: int
    seed: int = 1
    supervision: losses.Supervision = "full"
    inputs: Inputs = "both"
    family: str = "both"
    couples: int = 16
    each: int = 8

    @property
    def pictures(self) -> int:
        """In each step."""
        return 2 * self.couples * self.each

    @property
    def first_steps(self) -> int:
        return round(self.steps * FIRST_STEP)

    def rate(self, step: int) -> float:
        """Learning rate: up, then down along a cosine, in each of the two steps."""
        first = step < self.first_steps
        done, length = (step, self.first_steps) if first else (step - self.first_steps, self.steps - self.first_steps)
        at = (done + 1) / length
        shape = at / WARM_UP if at < WARM_UP else 0.5 + 0.5 * np.cos(np.pi * (at - WARM_UP) / (1 - WARM_UP))
        return RATE * (1.0 if first else SECOND_RATE) * max(float(shape), 1e-3)


@dataclass(frozen=True)
class Split:
    """Rows of the data to train on, to set gains with, and to measure with, by head family."""

    train: np.ndarray
    calibration: np.ndarray
    held_out: dict[str, np.ndarray]


def split(data: load.Data, family: str) -> Split:
    """`family` other than both: the other one is never trained on, and all its people measure. Data of others is all
    trained on.
    """
    ours = ~data.extra
    out, gains = load.held_out(data.person) & ours, load.for_calibration(data.person) & ours
    names = np.array([*load.FAMILIES, "scans", "unlabelled"])[data.arrays["family"]]
    inside = np.full(len(out), True) if family == "both" else (names == family) | data.extra
    tests = {name: np.flatnonzero((names == name) & (out | ~inside)) for name in load.FAMILIES}
    tests = {name: rows for name, rows in tests.items() if len(rows)}
    return Split(np.flatnonzero(inside & ~out & ~gains), np.flatnonzero(inside & gains), tests)


def measures_of(data: load.Data, rows: np.ndarray, mean_face: np.ndarray, bases: Bases) -> losses.Measures:
    """From the training rows."""
    vertices, basis = (part.reshape(CONTROLS, -1).astype(np.float32) for part in bases())
    controls = data.arrays["controls"][rows]
    variance = controls[~np.isnan(controls).any(axis=1)].var(axis=0)
    drawn = load.Sampler(data, rows, couples=SAMPLE // 16).draw(np.random.default_rng(0))
    moved, has_rest, _ = motion(data, drawn)
    usable = has_rest & ~np.isnan(data.arrays["controls"][drawn.rows]).any(axis=1)
    off = moved[usable] - data.arrays["controls"][drawn.rows][usable] @ basis
    return losses.Measures(
        weight=losses.control_weight(torch.from_numpy(variance.astype(np.float32))),
        vertices=torch.from_numpy(vertices),
        motion=torch.from_numpy(basis),
        motion_spread=torch.from_numpy(np.sqrt((off**2).mean(axis=0) + 0.005**2).astype(np.float32)),
        points=torch.from_numpy(points.indices(mean_face)),
    )


def motion(data: load.Data, batch: load.Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(k, 1434) how far each landmark is from where it is at rest, (k,) whether that is known, and where it is not,
    from where it is in another picture of the same person: `other` (k,) in the batch.
    """
    faces = data.arrays["landmarks"][batch.rows].astype(np.float32).reshape(len(batch.rows), -1)
    has_rest = batch.rest_weight.sum(axis=1) > 0
    rest = np.einsum("kr,krd->kd", batch.rest_weight, faces[batch.rest])
    place = np.arange(len(faces))
    other = np.concatenate([np.roll(place[batch.group == person], 1) for person in np.unique(batch.group)])
    return faces - np.where(has_rest[:, None], rest, faces[other]), has_rest, other


def make_batch(data: load.Data, drawn: load.Batch, rng: np.random.Generator, landmarks: np.ndarray) -> Batch:
    """All that a step learns from. `landmarks` (p,): those whose true places are learned."""
    arrays = {name: data.arrays[name][drawn.rows] for name in load.KEPT}
    missed = arrays.pop("points")[:, landmarks].astype(np.float32)
    moved, has_rest, other = motion(data, drawn)
    known = has_rest & (rng.random(drawn.group.max() + 1) < REST_KNOWN)[drawn.group]
    return {
        "features": torch.from_numpy(data.features[drawn.rows]).float(),
        **{name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays if name != "at_rest"},
        "at_rest": torch.from_numpy(arrays["at_rest"]),
        "points": torch.from_numpy(missed),
        "moved": torch.from_numpy(moved.astype(np.float32)),
        "has_rest": torch.from_numpy(has_rest),
        "other": torch.from_numpy(other),
        "known": torch.from_numpy(known.astype(np.float32)[:, None]),
        **{name: torch.from_numpy(getattr(drawn, name)) for name in ("rest", "rest_weight", "group", "twins", "same")},
    }


def roughened(features: Tensor, group: Tensor, scale: Tensor) -> Tensor:
    """Features (n, F) with noise on the components of landmarks and maps, part of it the person's own, and without
    landmarks or maps for some people, so that neither is leaned on alone. `group` (n,): the person. scale (CODE,): the
    coder's.
    """
    people, device = int(group.max()) + 1, features.device
    code, seen, rotation = features.split([CODE, SEEN, 3], dim=1)

    def noise(size: int, own: float) -> Tensor:
        """Of unit size for each picture, and up to `own` for each person."""
        mine = own * torch.randn(people, size) * torch.rand(people, 1)
        return (mine[group.cpu()] + torch.randn(len(group), size)).to(device)

    chance = torch.rand(people, 1)[group.cpu()].to(device)
    code = code + CODE_NOISE * scale * noise(CODE, 2) * (code != 0)
    seen = seen + MAP_NOISE * noise(SEEN, MAP_SHIFT / MAP_NOISE) * (seen != 0)
    return torch.cat([code * (chance < 1 - NO_LANDMARKS), seen * (chance >= NO_IMAGE), rotation], dim=1)


def only(features: Tensor, inputs: Inputs) -> Tensor:
    """Features (n, F) without those that are left out."""
    code, seen, rotation = features.split([CODE, SEEN, 3], dim=1)
    return torch.cat([code * float(inputs != "image"), seen * float(inputs != "landmarks"), rotation], dim=1)


class Trainer:
    """A training run: `model`, the running `average` of its weights, and in the second step the frozen `anchor`."""

    def __init__(
        self, data: load.Data, settings: Settings, bases: Bases, device: str = "cpu", begin_with: Path | None = None
    ) -> None:
        """begin_with: checkpoint of an earlier run whose weights to begin with."""
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device, self.step = data, settings, device, 0
        self.split = split(data, settings.family)
        self.sampler = load.Sampler(data, self.split.train, settings.couples, settings.each)
        some = data.arrays["landmarks"][self.split.train[:: max(len(self.split.train) // SAMPLE, 1)]]
        self.measures = measures_of(data, self.split.train, some.mean(axis=0, dtype=np.float64), bases)
        self.scale = encoder_of(data.folder).coder.scale.to(device)
        self._build()
        if begin_with:
            weights = torch.load(begin_with, weights_only=True, map_location=device)["average"]
            self.model.load_state_dict(weights)
            self.average.load_state_dict(weights)
        elif settings.supervision != "2d":
            self._begin_straight()

    def _build(self) -> None:
        self.measures = losses.Measures(**{k: v.to(self.device) for k, v in vars(self.measures).items()})
        self.model = Regressor(len(self.measures.points)).to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.anchor: Regressor | None = None
        self.optimiser = _optimiser(self.model)

    def _begin_straight(self) -> None:
        """The reader's straight path begins with the least-squares answer, which would take long to learn by steps."""
        straight = self.model.reader.straight
        inputs, device = straight.in_features + 1, self.device
        squares, products = torch.zeros(inputs, inputs, device=device), torch.zeros(inputs, CONTROLS, device=device)
        count = 0
        for step in range(-(-min(len(self.split.train), LEAST_SQUARES) // self.settings.pictures)):
            batch = {name: value.to(device) for name, value in self.batch(step).items()}
            told = ~batch["controls"].isnan().any(dim=1)
            given = self.given(self.model, self.features(batch), batch)[told]
            given = torch.cat([given, torch.ones(len(given), 1, device=device)], dim=1)
            squares += given.T @ given
            products += given.T @ batch["controls"][told]
            count += len(given)
        held = SHRINK * count * torch.eye(inputs, device=device)
        held[-1, -1] = 0
        answer = torch.linalg.solve(squares + held, products)
        with torch.no_grad():
            for model in (self.model, self.average):
                model.reader.straight.weight.copy_(answer[:-1].T)
                model.reader.straight.bias.copy_(answer[-1])

    def batch(self, step: int) -> Batch:
        """What a step learns from; the same for the same seed and step."""
        rng = np.random.default_rng([self.settings.seed, step])
        drawn = self.sampler.draw(rng)
        return make_batch(self.data, drawn, rng, self.measures.points.cpu().numpy())

    def features(self, batch: Batch) -> Tensor:
        return roughened(only(batch["features"], self.settings.inputs), batch["group"], self.scale)

    def given(self, model: Regressor, features: Tensor, batch: Batch) -> Tensor:
        return model.reader.given(features, _resting(features, batch), batch["known"])

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The losses of a batch, each with its weight."""
        supervision, measures, model = self.settings.supervision, self.measures, self.model
        features = self.features(batch)
        rest = _resting(features, batch)
        controls, uncertainty, trunk = model.reader.read(features, rest, batch["known"])
        labelled = ~batch["controls"].isnan().all(dim=1)
        guess, told = controls[labelled], batch["controls"][labelled]
        true = torch.where(told.isnan(), guess.detach(), told)  # what nobody knows counts as right
        beyond = torch.where(batch["has_rest"][:, None], controls, controls - controls[batch["other"]])
        terms = {"consistency": losses.consistency(beyond, batch["moved"], measures)}
        if supervision == "2d":
            # Strange combinations explain landmarks as well as plain ones; small weights are likelier.
            terms["moderation"] = losses.direct(controls, torch.zeros_like(controls), measures.weight)
        else:
            terms["direct"] = losses.direct(guess, true, measures.weight)
            terms["vertices"] = losses.vertices(guess, true, measures.vertices)
            terms["gain"] = losses.gain(guess, true)
            terms["points"] = losses.points(model.points(trunk), batch["points"])
            terms["gaps"] = losses.gaps(model.gaps(trunk), batch["gaps"])
            for name in ("twins", "same"):
                one, other = batch[name].T
                terms[name] = losses.direct(controls[one, :44], controls[other, :44], measures.weight[:44])
            resting = controls[batch["at_rest"], :44]
            terms["neutral"] = losses.direct(resting, torch.zeros_like(resting), measures.weight[:44])
        flows = self.anchor is not None and supervision in ("class", "full")
        look = model.emotion(controls if flows else controls.detach())
        if supervision == "class":
            terms["emotion"] = losses.emotion_class(look, batch["emotion"])
        else:
            terms["emotion"] = losses.emotion(look, batch["emotion"], batch["va"], batch["intensity"])
        terms["uncertainty"] = losses.uncertainty(uncertainty[labelled], guess, told)
        if self.anchor is not None:
            with torch.no_grad():
                before = self.anchor.reader(features, rest, batch["known"])[0]
            terms["anchor"] = losses.direct(controls, before, measures.weight)
        weights = losses.WEIGHTS_2D if supervision == "2d" else losses.WEIGHTS
        return {name: weights[name] * term for name, term in terms.items()}

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; the losses."""
        if self.step == self.settings.first_steps and self.anchor is None:
            self._begin_second_step()
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        terms = self.terms({name: value.to(self.device) for name, value in batch.items()})
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate(self.step) * group["share"]
        self.optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        _average(self.average, self.model, min(AVERAGE, self.step / (self.step + 10)))
        return {name: float(term.detach()) for name, term in terms.items()}

    def _begin_second_step(self) -> None:
        self.model.load_state_dict(self.average.state_dict())
        self.anchor = copy.deepcopy(self.average).eval()
        self.optimiser = _optimiser(self.model)

    def save(self, path: Path) -> None:
        state = {
            "settings": asdict(self.settings),
            "measures": vars(self.measures),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "anchor": self.anchor and self.anchor.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    @classmethod
    def resume(cls, data: load.Data, path: Path, device: str = "cpu") -> "Trainer":
        """As it was saved, landmarks' components and all, even where there is more data by now."""
        state = torch.load(path, weights_only=True, map_location=device)
        trainer = cls.__new__(cls)
        trainer.data, trainer.settings, trainer.device = data, Settings(**state["settings"]), device
        trainer.split = split(data, trainer.settings.family)
        settings = trainer.settings
        trainer.sampler = load.Sampler(data, trainer.split.train, settings.couples, settings.each)
        trainer.measures, trainer.step = losses.Measures(**state["measures"]), state["step"]
        trainer.scale = encoder_of(data.folder).coder.scale.to(device)
        trainer._build()
        if state["anchor"]:
            trainer._begin_second_step()
            assert trainer.anchor
            trainer.anchor.load_state_dict(state["anchor"])
        trainer.model.load_state_dict(state["model"])
        trainer.average.load_state_dict(state["average"])
        trainer.optimiser.load_state_dict(state["optimiser"])
        return trainer

    def report(self) -> str:
        """r and slope on held-out people, without and with their rest face known."""
        lines = []
        for family, rows in self.split.held_out.items():
            people = np.unique(self.data.person[rows])
            share = max(len(rows) // REPORTED, 1)
            rows = rows[np.isin(self.data.person[rows], people[::share])]
            features = only(agreement.features_of(self.data, rows), self.settings.inputs)
            rest, known = agreement.resting(features, self.data, rows)
            truth = self.data.arrays["controls"][rows]
            used = agreement.moving(truth)
            found = []
            for flag in (torch.zeros_like(known), known):
                controls, _, look = agreement.predict(self.average, features, rest, flag)
                found.append(agreement.agreement(controls.numpy(), truth))
            label, shown = (self.data.arrays[name][rows] for name in ("emotion", "intensity"))
            strong, subtle = agreement.emotion_accuracy(look.numpy(), label, shown)
            both = "  ".join(f"r {s['r'][used].mean():.3f} slope {s['slope'][used].mean():.2f}" for s in found)
            lines.append(
                f"  {family}, {len(rows)} pictures, without | with rest: {both}  emotion {strong:.2f} {subtle:.2f}"
            )
            lines.append(f"    {agreement.by_region(found[1], used)}")
        return "\n".join(lines)


def _resting(features: Tensor, batch: Batch) -> Tensor:
    return (features[batch["rest"]] * batch["rest_weight"][:, :, None]).sum(dim=1)


def _optimiser(model: Regressor) -> torch.optim.AdamW:
    straight = list(model.reader.straight.parameters())
    others = [p for p in model.parameters() if not any(p is s for s in straight)]
    groups = (
        {"params": [p for p in others if p.ndim > 1], "weight_decay": DECAY, "share": 1.0},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0, "share": 1.0},
        {"params": straight, "weight_decay": 0.0, "share": STRAIGHT_RATE},
    )
    return torch.optim.AdamW(groups, RATE)


def _average(average: nn.Module, model: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mine, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(new, 1 - keep)
            else:
                mine.copy_(new)


def bases_beside(folder: Path) -> Bases:
    """The bases of the losses, made once and kept with the data."""

    def bases() -> tuple[np.ndarray, np.ndarray]:
        path = folder / "bases.npz"
        if not path.exists():
            from .bases import make

            vertices, motion = make(folder)
            np.savez(path, vertices=vertices, motion=motion)
        with np.load(path, allow_pickle=False) as kept:
            return kept["vertices"], kept["motion"]

    return bases


def steps_in(data: load.Data, settings: Settings, bases: Bases, minutes: float, device: str) -> int:
    """How many steps fit, by trying a few; the second step's frozen copy costs a third of a step."""
    trial = Trainer(data, replace(settings, steps=100), bases, device)
    for step in range(8):
        if step == 3:
            start = time.time()
        trial.learn(trial.batch(step))
    seconds = (time.time() - start) / 5 * (1 + (1 - FIRST_STEP) / 3)
    return max(int(0.93 * minutes * 60 / seconds), 10)


def run(trainer: Trainer, checkpoint: Path, report_minutes: float, save_minutes: float) -> None:
    """Train to the end; batches are made ready beside the training."""
    settings, start, begun = trainer.settings, time.time(), trainer.step
    reported = saved = start
    sums: dict[str, float] = {}
    with ThreadPoolExecutor(1) as beside:
        following = beside.submit(trainer.batch, trainer.step)
        while trainer.step < settings.steps:
            batch = following.result()
            following = beside.submit(trainer.batch, trainer.step + 1)
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
    arguments.add_argument("--extra", type=Path, nargs="*", default=[], help="folders of training.scans or unlabelled")
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"), help="goes on from it")
    arguments.add_argument("--minutes", type=float, default=60, help="about how long to train")
    arguments.add_argument("--steps", type=int, help="instead of --minutes")
    arguments.add_argument("--begin-with", type=Path, help="checkpoint of an earlier run, to go on from its weights")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--supervision", choices=get_args(losses.Supervision), default="full")
    arguments.add_argument("--inputs", choices=get_args(Inputs), default="both")
    arguments.add_argument("--family", choices=("both", *load.FAMILIES), default="both", help="head family to train on")
    arguments.add_argument("--report-minutes", type=float, default=5)
    arguments.add_argument("--save-minutes", type=float, default=5)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = arguments.parse_args()
    data = load.load(options.data, options.extra)
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
