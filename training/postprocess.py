"""The regressor as it ships: the trained reader without its bias at rest, with gains, landmark fit and noise gate.

Bias, gains and noise are measured on people who are neither trained on nor measured with. Afterwards the emotion branch
is trained anew on these controls (`retrain_emotion`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from . import validation
from .batches import only
from .encoder import CODE
from .landmark_fit import FACING, LandmarkFit, response
from .model import CONTROL_NAMES, FARTHEST_LOOK, FULL_SCALE, REGION_CONTROLS, REGIONS, Regressor, mirrored_controls
from .trainer import Trainer

GAZE = CONTROL_NAMES.index("gazeLeftYaw")  # the first of the last four controls
SEEN, SEEN_WELL = 0.15, 0.35  # a control gets no gain up to the first r, and its full gain from the second on
MOST = 6.0  # the largest gain
RESPONSE = 50_000  # pictures from which the landmarks' response to the controls is estimated


class ShippedNetwork(nn.Module):
    """The reader with the outputs that the model card names: controls without their bias at rest, times a gain, fitted
    to the landmarks, noise-gated and clamped to what a face can do.

    All of that is measured twice, read relative to the mean face and to the person's own face at rest, and mixed by the
    certainty: at_rest (2, 48) mean controls of resting faces; gain (2, 48); fits: two, none without landmarks. Set
    later: noise (2, 44), RMS controls of faces at rest; uncertainty_gain (2, 8).
    """

    at_rest: Tensor
    gain: Tensor
    uncertainty_gain: Tensor
    noise: Tensor
    farthest: Tensor

    def __init__(
        self, model: Regressor, at_rest: np.ndarray, gain: np.ndarray, fits: Sequence[LandmarkFit] = ()
    ) -> None:
        super().__init__()
        self.reader, self.emotion, self.fits = model.reader, model.emotion, nn.ModuleList(fits)
        noise, uncertainty_gain = np.zeros((2, GAZE)), np.ones((2, len(REGIONS)))
        for name, value in (
            ("at_rest", at_rest),
            ("gain", gain),
            ("noise", noise),
            ("uncertainty_gain", uncertainty_gain),
        ):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.register_buffer("farthest", torch.tensor(FARTHEST_LOOK * 2))

    def forward(self, features: Tensor, rest: Tensor, certainty: Tensor) -> tuple[Tensor, ...]:
        read, uncertainty = self.reader(features, rest, certainty)
        controls = self.limited(self.fitted(read, features, rest, certainty))
        output = self.emotion(controls)
        emotion, affect = output[:, :8].softmax(dim=1), output[:, 8:10].tanh()
        intensity = output[:, 10:11].sigmoid()
        uncertainty = uncertainty * _mixed(self.uncertainty_gain, certainty)
        return (*controls.split([39, 3, 2, 4], dim=1), emotion, affect, intensity, uncertainty)

    def limited(self, c: Tensor) -> Tensor:
        """Controls (n, 48) clamped to what a face can do."""
        jaw = [c[:, 39:40].clamp(min=0), c[:, 40:42]]
        # Beyond the gaze angles it was trained on the network extrapolates linearly, further than an eyeball turns.
        gaze = (c[:, GAZE:] / self.farthest).tanh() * self.farthest
        return torch.cat([c[:, :39].clamp(0, 1), *jaw, c[:, 42:44].clamp(0, 1), gaze], dim=1)

    def fitted(self, controls: Tensor, features: Tensor, rest: Tensor, certainty: Tensor) -> Tensor:
        """Controls (n, 48) as they ship, before clamping."""
        c = (controls - _mixed(self.at_rest, certainty)) * _mixed(self.gain, certainty)
        if len(self.fits):
            moved, rotation = (features - rest)[:, :CODE], features[:, -3:]
            c = torch.lerp(*(fit(c, moved, rotation) for fit in self.fits), certainty)
        # At any time most weights of a face are 0, and what is read there is noise: a control as strong as the noise of
        # faces at rest loses half, one twice as strong a fifth.
        face, noise = c[:, :GAZE], _mixed(self.noise, certainty)
        return torch.cat([face * face**2 / (face**2 + noise**2 + 1e-9), c[:, GAZE:]], dim=1)


def _mixed(pair: Tensor, certainty: Tensor) -> Tensor:
    """(n, k) from the first of a pair (2, k) to the second, by the certainty (n, 1)."""
    return torch.lerp(pair[:1], pair[1:], certainty)


@dataclass(frozen=True)
class _Reading:
    """Pictures read relative to one kind of rest: features, rest and certainty as given to the reader, its controls and
    uncertainty, and their gain (48,) and bias at rest (48,).
    """

    features: Tensor
    rest: Tensor
    certainty: Tensor
    controls: Tensor
    uncertainty: Tensor
    gain: np.ndarray
    at_rest: np.ndarray

    def error(self, truth: np.ndarray) -> np.ndarray:
        """(k, 48) of the controls without bias and with their gain."""
        return (self.controls.numpy() - self.at_rest) * self.gain - truth


def calibrated(trainer: Trainer) -> ShippedNetwork:
    """The trained network as it ships, all but the emotion branch."""
    data = trainer.data
    rows = trainer.split.calibration if len(trainer.split.calibration) else trainer.split.train
    rows = validation.whole_people(data, rows)
    features = only(validation.features_of(data, rows), trainer.settings.inputs)
    own, known = validation.resting(features, data, rows)
    rows, features, own = (values[known[:, 0].numpy() > 0] for values in (rows, features, own))
    truth, quiet = data.arrays["controls"][rows], data.arrays["at_rest"][rows]
    mean_face = trainer.mean_face.cpu().expand_as(own)
    readings = [_reading(trainer, features, rest, k, truth, quiet) for k, rest in enumerate((mean_face, own))]
    fits = _landmark_fits(trainer, [reading.error(truth) for reading in readings])
    at_rest, gain = (np.stack([getattr(r, name) for r in readings]) for name in ("at_rest", "gain"))
    shipped = ShippedNetwork(trainer.average, at_rest, gain, fits).eval().cpu()
    still = torch.from_numpy(quiet & (np.linalg.norm(data.arrays["rotation"][rows], axis=1) < FACING))

    def fitted(r: _Reading, chosen: Tensor) -> Tensor:
        with torch.no_grad():
            return shipped.fitted(*(values[chosen] for values in (r.controls, r.features, r.rest, r.certainty)))

    resting = [fitted(reading, still)[:, :GAZE] for reading in readings]
    shipped.noise = torch.stack([controls.square().mean(dim=0).sqrt() for controls in resting]).nan_to_num()
    gains = []
    for reading in readings:
        error = (fitted(reading, torch.full((len(rows),), True)).numpy() - truth) / FULL_SCALE
        region = np.stack([(error[:, columns] ** 2).mean(axis=1) for columns in REGION_CONTROLS], axis=1)
        gains.append(np.sqrt(region.mean(axis=0) / (reading.uncertainty.numpy() ** 2).mean(axis=0)))
    shipped.uncertainty_gain = torch.from_numpy(np.stack(gains)).float()
    return shipped


def _reading(
    trainer: Trainer, features: Tensor, rest: Tensor, certainty: float, truth: np.ndarray, quiet: np.ndarray
) -> _Reading:
    """`features` (k, F) read relative to `rest`, and the gain and bias that this needs.

    A network that minimises squared error shrinks what it sees badly (slope r squared). The gain restores the true
    spread (slope r) of controls that it sees well enough; the others stay as they are. quiet (k,): faces at rest.
    """
    sure = torch.full((len(features), 1), float(certainty))
    guess, uncertainty, _ = validation.predict(trainer.average, features, rest, sure)
    scores = validation.agreement(guess.numpy(), truth)
    wanted = np.clip(scores["r"] / np.maximum(scores["slope"], 1e-3), 1, MOST)
    gain = 1 + (wanted - 1) * np.clip((scores["r"] - SEEN) / (SEEN_WELL - SEEN), 0, 1)
    gain = (gain + gain[mirrored_controls()[0]]) / 2
    gain[CONTROL_NAMES.index("tongueOut")] = 1  # rare, and read by mistake in real mouths that open wide
    at_rest = guess[torch.from_numpy(quiet)].mean(dim=0).numpy()
    at_rest[GAZE:] = 0  # eyes at rest look anywhere: their mean is no bias
    return _Reading(features, rest, sure, guess, uncertainty, gain, at_rest)


def _landmark_fits(trainer: Trainer, errors: list[np.ndarray]) -> list[LandmarkFit]:
    """For each kind of rest, the mean face and the person's own. errors: (k, 48) each, of the controls on people who
    were not trained on. Empty without landmarks.
    """
    if trainer.settings.inputs == "image":
        return []
    data = trainer.data
    rows = validation.whole_people(data, trainer.split.train, RESPONSE)
    features = validation.features_of(data, rows)
    own, known = validation.resting(features, data, rows)
    has = known[:, 0] > 0
    rows, features, own = rows[has.numpy()], features[has], own[has]
    rests = (trainer.mean_face.cpu().expand_as(own), own)
    return [
        LandmarkFit(*response(data, rows, features, rest), off.T @ off / len(off))
        for rest, off in zip(rests, errors, strict=True)
    ]
