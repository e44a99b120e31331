"""The regressor as it ships: the trained reader without its bias at rest, with gains, landmark fit and noise gate.

Bias, gains and noise are measured on people who are neither trained on nor measured with. Afterwards the emotion branch
is trained anew on these controls (`retrain_emotion`).
"""

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
    to the landmarks where the rest face is known, noise-gated and clamped to what a face can do.

    at_rest (2, 48): mean controls of resting faces, without and with their rest face known. gain (48,). fit: None
    without landmarks. Set later: noise (2, 44), RMS controls of faces at rest, without and with rest known;
    uncertainty_gain (8,).
    """

    at_rest: Tensor
    gain: Tensor
    uncertainty_gain: Tensor
    noise: Tensor
    farthest: Tensor

    def __init__(self, model: Regressor, at_rest: np.ndarray, gain: np.ndarray, fit: LandmarkFit | None = None) -> None:
        super().__init__()
        self.reader, self.emotion, self.fit = model.reader, model.emotion, fit
        noise, uncertainty_gain = np.zeros((2, GAZE)), np.ones(len(REGIONS))
        for name, value in (
            ("at_rest", at_rest),
            ("gain", gain),
            ("noise", noise),
            ("uncertainty_gain", uncertainty_gain),
        ):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.register_buffer("farthest", torch.tensor(FARTHEST_LOOK * 2))

    def forward(self, features: Tensor, rest: Tensor, rest_known: Tensor) -> tuple[Tensor, ...]:
        read, uncertainty = self.reader(features, rest, rest_known)
        controls = self.limited(self.fitted(read, features, rest, rest_known))
        output = self.emotion(controls)
        emotion, affect = output[:, :8].softmax(dim=1), output[:, 8:10].tanh()
        intensity = output[:, 10:11].sigmoid()
        return (*controls.split([39, 3, 2, 4], dim=1), emotion, affect, intensity, uncertainty * self.uncertainty_gain)

    def limited(self, c: Tensor) -> Tensor:
        """Controls (n, 48) clamped to what a face can do."""
        jaw = [c[:, 39:40].clamp(min=0), c[:, 40:42]]
        # Beyond the gaze angles it was trained on the network extrapolates linearly, further than an eyeball turns.
        gaze = (c[:, GAZE:] / self.farthest).tanh() * self.farthest
        return torch.cat([c[:, :39].clamp(0, 1), *jaw, c[:, 42:44].clamp(0, 1), gaze], dim=1)

    def fitted(self, controls: Tensor, features: Tensor, rest: Tensor, rest_known: Tensor) -> Tensor:
        """Controls (n, 48) as they ship, before clamping."""
        c = (controls - torch.lerp(self.at_rest[:1], self.at_rest[1:], rest_known)) * self.gain
        if self.fit is not None:
            c = torch.lerp(c, self.fit(c, (features - rest)[:, :CODE], features[:, -3:]), rest_known)
        # At any time most weights of a face are 0, and what is read there is noise: a control as strong as the noise of
        # faces at rest loses half, one twice as strong a fifth.
        face, noise = c[:, :GAZE], torch.lerp(self.noise[:1], self.noise[1:], rest_known)
        return torch.cat([face * face**2 / (face**2 + noise**2 + 1e-9), c[:, GAZE:]], dim=1)


def calibrated(trainer: Trainer) -> ShippedNetwork:
    """The trained network as it ships, all but the emotion branch.

    A network that minimises squared error shrinks what it sees badly (slope r squared). The gain restores the true
    spread (slope r) of controls that it sees well enough; the others stay as they are.
    """
    model, data = trainer.average, trainer.data
    rows = trainer.split.calibration if len(trainer.split.calibration) else trainer.split.train
    rows = validation.whole_people(data, rows)
    features = only(validation.features_of(data, rows), trainer.settings.inputs)
    rest, known = validation.resting(features, data, rows)
    truth, quiet = data.arrays["controls"][rows], data.arrays["at_rest"][rows]
    without, _, _ = validation.predict(model, features, rest, torch.zeros_like(known))
    guess, uncertainty, _ = validation.predict(model, features, rest, known)
    scores = validation.agreement(guess.numpy(), truth)
    wanted = np.clip(scores["r"] / np.maximum(scores["slope"], 1e-3), 1, MOST)
    gain = 1 + (wanted - 1) * np.clip((scores["r"] - SEEN) / (SEEN_WELL - SEEN), 0, 1)
    quiet &= known[:, 0].numpy() > 0
    at_rest = np.stack([c[torch.from_numpy(quiet)].mean(dim=0).numpy() for c in (without, guess)])
    at_rest[:, GAZE:] = 0  # eyes at rest look anywhere: their mean is no bias
    gain = (gain + gain[mirrored_controls()[0]]) / 2
    gain[CONTROL_NAMES.index("tongueOut")] = 1  # rare, and read by mistake in real mouths that open wide
    fit = _landmark_fit(trainer, ((guess.numpy() - at_rest[1]) * gain - truth)[known[:, 0].numpy() > 0])
    shipped = ShippedNetwork(model, at_rest, gain, fit=fit).eval()
    still = torch.from_numpy(quiet & (np.linalg.norm(data.arrays["rotation"][rows], axis=1) < FACING))
    read = [(without, torch.zeros_like(known)), (guess, known)]
    with torch.no_grad():
        resting = [shipped.fitted(g[still], features[still], rest[still], k[still])[:, :GAZE] for g, k in read]
        shipped.noise = torch.stack([controls.square().mean(dim=0).sqrt() for controls in resting]).nan_to_num()
        fitted = shipped.fitted(guess, features, rest, known).numpy()
    error = (fitted - truth) / FULL_SCALE
    region = np.stack([(error[:, columns] ** 2).mean(axis=1) for columns in REGION_CONTROLS], axis=1)
    shipped.uncertainty_gain = torch.from_numpy(
        np.sqrt(region.mean(axis=0) / (uncertainty.numpy() ** 2).mean(axis=0))
    ).float()
    return shipped.cpu()


def _landmark_fit(trainer: Trainer, off: np.ndarray) -> LandmarkFit | None:
    """off (k, 48): errors of the controls on people who were not trained on. None without landmarks."""
    if trainer.settings.inputs == "image":
        return None
    data = trainer.data
    rows = validation.whole_people(data, trainer.split.train, RESPONSE)
    features = validation.features_of(data, rows)
    rest, known = validation.resting(features, data, rows)
    has = known[:, 0] > 0
    return LandmarkFit(*response(data, rows[has.numpy()], features[has], rest[has]), off.T @ off / len(off))
