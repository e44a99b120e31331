"""A training run of the regressor: its settings, its steps, its checkpoint.

Direct supervision by the true controls, and an emotion branch that sees predicted controls only and is trained with the
intensity of the expression, so that subtle emotion stays subtle: the idea of FIELDS (Ling, Shi, Kjellström,
arXiv 2511.21245), with our own networks, losses and data. As there, in two stages: first everything, with no gradient
from emotion into the controls; then with that gradient, anchored to a frozen copy of the first stage.
"""

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from . import batches, dataset, losses, validation
from .batches import Bases, Batch, Inputs
from .encode import encoder_of
from .model import CONTROLS, Regressor

RATE, DECAY = 7e-4, 0.05
LINEAR_RATE = 0.03  # of that, for the path that begins with the least-squares solution
LEAST_SQUARES, RIDGE = 150_000, 0.2  # pictures; ridge penalty as a share of a feature's variance
FIRST_STAGE = 0.8  # share of the steps
SECOND_RATE = 0.1  # of the first stage's
WARM_UP = 0.05
AVERAGE = 0.998  # what the running average of the weights keeps per step
REPORTED = 2000  # held-out pictures of each family in a report


@dataclass(frozen=True)
class Settings:
    """What defines a training run; saved in its checkpoint."""

    steps: int
    seed: int = 1
    supervision: losses.Supervision = "full"
    inputs: Inputs = "both"
    family: str = "both"
    pairs: int = 16
    each: int = 8

    @property
    def pictures(self) -> int:
        """Per step."""
        return 2 * self.pairs * self.each

    @property
    def first_steps(self) -> int:
        return round(self.steps * FIRST_STAGE)

    def rate(self, step: int) -> float:
        """Learning rate: warm-up, then cosine decay, in each of the two stages."""
        first = step < self.first_steps
        done, length = (step, self.first_steps) if first else (step - self.first_steps, self.steps - self.first_steps)
        at = (done + 1) / length
        shape = at / WARM_UP if at < WARM_UP else 0.5 + 0.5 * np.cos(np.pi * (at - WARM_UP) / (1 - WARM_UP))
        return RATE * (1.0 if first else SECOND_RATE) * max(float(shape), 1e-3)


class Trainer:
    """A training run: `model`, the running `average` of its weights, and in the second stage the frozen `anchor`."""

    def __init__(
        self, data: dataset.Data, settings: Settings, bases: Bases, device: str = "cpu", begin_with: Path | None = None
    ) -> None:
        """begin_with: checkpoint of an earlier run whose weights to start from."""
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device, self.step = data, settings, device, 0
        self.split = batches.split(data, settings.family)
        self.sampler = dataset.Sampler(data, self.split.train, settings.pairs, settings.each)
        some = data.arrays["landmarks"][self.split.train[:: max(len(self.split.train) // batches.SAMPLE, 1)]]
        self.measures = batches.measures_of(data, self.split.train, some.mean(axis=0, dtype=np.float64), bases)
        self.scale = encoder_of(data.folder).coder.scale.to(device)
        self._build()
        if begin_with:
            weights = torch.load(begin_with, weights_only=True, map_location=device)["average"]
            self.model.load_state_dict(weights)
            self.average.load_state_dict(weights)
        elif settings.supervision != "2d":
            self._begin_with_least_squares()

    def _build(self) -> None:
        self.measures = losses.Measures(**{k: v.to(self.device) for k, v in vars(self.measures).items()})
        data, rows = self.data, self.split.train
        mean_face = dataset.mean_face(data.features[rows], *(data.arrays[n][rows] for n in ("at_rest", "family")))
        self.mean_face = batches.only(torch.from_numpy(mean_face)[None], self.settings.inputs)[0].to(self.device)
        self.model = Regressor(len(self.measures.points)).to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.anchor: Regressor | None = None
        self.optimiser = _optimiser(self.model)

    def _begin_with_least_squares(self) -> None:
        """Set the reader's linear path to the ridge-regression solution, which gradient steps would find slowly."""
        linear = self.model.reader.linear
        inputs, device = linear.in_features + 1, self.device
        squares, products = torch.zeros(inputs, inputs, device=device), torch.zeros(inputs, CONTROLS, device=device)
        count = 0
        for step in range(-(-min(len(self.split.train), LEAST_SQUARES) // self.settings.pictures)):
            batch = {name: value.to(device) for name, value in self.batch(step).items()}
            known = ~batch["controls"].isnan().any(dim=1)
            x = self.reader_inputs(self.model, self.features(batch), batch)[known]
            x = torch.cat([x, torch.ones(len(x), 1, device=device)], dim=1)
            squares += x.T @ x
            products += x.T @ batch["controls"][known]
            count += len(x)
        penalty = RIDGE * count * torch.eye(inputs, device=device)
        penalty[-1, -1] = 0
        solution = torch.linalg.solve(squares + penalty, products)
        with torch.no_grad():
            for model in (self.model, self.average):
                model.reader.linear.weight.copy_(solution[:-1].T)
                model.reader.linear.bias.copy_(solution[-1])

    def batch(self, step: int) -> Batch:
        """The tensors of a step; the same for the same seed and step."""
        rng = np.random.default_rng([self.settings.seed, step])
        drawn = self.sampler.draw(rng)
        return batches.make_batch(self.data, drawn, self.measures.points.cpu().numpy())

    def features(self, batch: Batch) -> Tensor:
        return batches.augmented(batches.only(batch["features"], self.settings.inputs), batch["group"], self.scale)

    def reader_inputs(self, model: Regressor, features: Tensor, batch: Batch) -> Tensor:
        return model.reader.inputs(features, batches.resting(features, batch, self.mean_face), batch["certainty"])

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The weighted losses of a batch."""
        supervision, measures, model = self.settings.supervision, self.measures, self.model
        features = self.features(batch)
        rest = batches.resting(features, batch, self.mean_face)
        controls, uncertainty, trunk = model.reader.read(features, rest, batch["certainty"])
        labelled = ~batch["controls"].isnan().all(dim=1)
        guess, label = controls[labelled], batch["controls"][labelled]
        true = torch.where(label.isnan(), guess.detach(), label)  # an unknown control counts as right
        change = torch.where(batch["has_rest"][:, None], controls, controls - controls[batch["other"]])
        terms = {"consistency": losses.consistency(change, batch["moved"], measures)}
        if supervision == "2d":
            # Odd combinations explain landmarks as well as simple ones do; small weights are likelier.
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
        emotion = model.emotion(controls if flows else controls.detach())
        if supervision == "class":
            terms["emotion"] = losses.emotion_class(emotion, batch["emotion"])
        else:
            terms["emotion"] = losses.emotion(emotion, batch["emotion"], batch["va"], batch["intensity"])
        terms["uncertainty"] = losses.uncertainty(uncertainty[labelled], guess, label)
        if self.anchor is not None:
            with torch.no_grad():
                before = self.anchor.reader(features, rest, batch["certainty"])[0]
            terms["anchor"] = losses.direct(controls, before, measures.weight)
        weights = losses.WEIGHTS_2D if supervision == "2d" else losses.WEIGHTS
        return {name: weights[name] * term for name, term in terms.items()}

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step; returns the losses."""
        if self.step == self.settings.first_steps and self.anchor is None:
            self._begin_second_stage()
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

    def _begin_second_stage(self) -> None:
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
    def resume(cls, data: dataset.Data, path: Path, device: str = "cpu") -> "Trainer":
        """The run as it was saved, with its constants, even if there is more data by now."""
        state = torch.load(path, weights_only=True, map_location=device)
        trainer = cls.__new__(cls)
        trainer.data, trainer.settings, trainer.device = data, Settings(**state["settings"]), device
        trainer.split = batches.split(data, trainer.settings.family)
        settings = trainer.settings
        trainer.sampler = dataset.Sampler(data, trainer.split.train, settings.pairs, settings.each)
        trainer.measures, trainer.step = losses.Measures(**state["measures"]), state["step"]
        trainer.scale = encoder_of(data.folder).coder.scale.to(device)
        trainer._build()
        if state["anchor"]:
            trainer._begin_second_stage()
            assert trainer.anchor
            trainer.anchor.load_state_dict(state["anchor"])
        trainer.model.load_state_dict(state["model"])
        trainer.average.load_state_dict(state["average"])
        trainer.optimiser.load_state_dict(state["optimiser"])
        return trainer

    def report(self) -> str:
        """r and slope on held-out people, with the mean face and with their own as the face at rest."""
        lines = []
        for family, rows in self.split.held_out.items():
            people = np.unique(self.data.person[rows])
            every = max(len(rows) // REPORTED, 1)
            rows = rows[np.isin(self.data.person[rows], people[::every])]
            features = batches.only(validation.features_of(self.data, rows), self.settings.inputs)
            rest, known = validation.resting(features, self.data, rows)
            truth = self.data.arrays["controls"][rows]
            used = validation.moving(truth)
            found = []
            for certainty in (torch.zeros_like(known), known):
                given = torch.lerp(self.mean_face.cpu().expand_as(rest), rest, certainty)
                controls, _, emotion = validation.predict(self.average, features, given, certainty)
                found.append(validation.agreement(controls.numpy(), truth))
            label, intensity = (self.data.arrays[name][rows] for name in ("emotion", "intensity"))
            strong, subtle = validation.emotion_accuracy(emotion.numpy(), label, intensity)
            both = "  ".join(f"r {s['r'][used].mean():.3f} slope {s['slope'][used].mean():.2f}" for s in found)
            lines.append(
                f"  {family}, {len(rows)} pictures, mean face | own: {both}  emotion {strong:.2f} {subtle:.2f}"
            )
            lines.append(f"    {validation.by_region(found[1], used)}")
        return "\n".join(lines)


def bases_beside(folder: Path) -> Bases:
    """The losses' bases, computed once and kept with the data in `bases.npz`."""

    def bases() -> tuple[np.ndarray, np.ndarray]:
        path = folder / "bases.npz"
        if not path.exists():
            from .bases import make

            vertices, motion = make(folder)
            np.savez(path, vertices=vertices, motion=motion)
        with np.load(path, allow_pickle=False) as kept:
            return kept["vertices"], kept["motion"]

    return bases


def _optimiser(model: Regressor) -> torch.optim.AdamW:
    linear = [*model.reader.linear.parameters(), *model.reader.certain.parameters()]
    others = [p for p in model.parameters() if not any(p is s for s in linear)]
    groups = (
        {"params": [p for p in others if p.ndim > 1], "weight_decay": DECAY, "share": 1.0},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0, "share": 1.0},
        {"params": linear, "weight_decay": 0.0, "share": LINEAR_RATE},
    )
    return torch.optim.AdamW(groups, RATE)


def _average(average: nn.Module, model: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mine, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(new, 1 - keep)
            else:
                mine.copy_(new)
