"""The regressor as it ships: what training leaves, set to life's strength, fitted to the landmarks, quietened.

Gains, zeros and noise are set on people that were neither trained on nor are measured with. After that the emotion
branch learns to read these parameters (`emotion_step`).
"""

import numpy as np
import torch
from torch import Tensor, nn

from . import agreement
from .encoder import CODE
from .landmark_fit import FACING, LandmarkFit, response
from .model import CONTROL_NAMES, FARTHEST_LOOK, FULL_SCALE, REGION_CONTROLS, REGIONS, Regressor, mirrored_controls
from .train import Trainer, only

GAZE = CONTROL_NAMES.index("gazeLeftYaw")  # the first of the last four controls
SEEN, SEEN_WELL = 0.15, 0.35  # r of a control whose gain begins to be set, and from which it is set whole
MOST = 6.0  # times what the network says
RESPONSE = 50_000  # pictures that tell how landmarks move


class Shipped(nn.Module):
    """The reader with the outputs of the card: named groups, set to rest at 0 and to life's strength, fitted to the
    landmarks where the rest face is known, quietened and held to what a face can do. at_rest (2, 48): what the network
    says of resting faces, without and with their rest face known. gain (48,). fit: None without landmarks. Set later:
    noise (2, 44), how strongly faces at rest are told to move, likewise; doubt_gain (8,).
    """

    at_rest: Tensor
    gain: Tensor
    doubt_gain: Tensor
    noise: Tensor
    farthest: Tensor

    def __init__(self, model: Regressor, at_rest: np.ndarray, gain: np.ndarray, fit: LandmarkFit | None = None) -> None:
        super().__init__()
        self.reader, self.emotion, self.fit = model.reader, model.emotion, fit
        noise, doubt_gain = np.zeros((2, GAZE)), np.ones(len(REGIONS))
        for name, value in (("at_rest", at_rest), ("gain", gain), ("noise", noise), ("doubt_gain", doubt_gain)):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.register_buffer("farthest", torch.tensor(FARTHEST_LOOK * 2))

    def forward(self, features: Tensor, rest: Tensor, rest_known: Tensor) -> tuple[Tensor, ...]:
        read, uncertainty = self.reader(features, rest, rest_known)
        controls = self.limited(self.fitted(read, features, rest, rest_known))
        look = self.emotion(controls)
        emotion, affect = look[:, :8].softmax(dim=1), look[:, 8:10].tanh()
        intensity = look[:, 10:11].sigmoid()
        return (*controls.split([39, 3, 2, 4], dim=1), emotion, affect, intensity, uncertainty * self.doubt_gain)

    def limited(self, c: Tensor) -> Tensor:
        """Controls (n, 48) held to what a face can do."""
        jaw = [c[:, 39:40].clamp(min=0), c[:, 40:42]]
        # Beyond the looks it was trained on the network goes on in a straight line, where an eyeball can't.
        gaze = (c[:, GAZE:] / self.farthest).tanh() * self.farthest
        return torch.cat([c[:, :39].clamp(0, 1), *jaw, c[:, 42:44].clamp(0, 1), gaze], dim=1)

    def fitted(self, controls: Tensor, features: Tensor, rest: Tensor, rest_known: Tensor) -> Tensor:
        """Controls (n, 48) as they ship, but for their limits."""
        c = (controls - torch.lerp(self.at_rest[:1], self.at_rest[1:], rest_known)) * self.gain
        if self.fit is not None:
            c = torch.lerp(c, self.fit(c, (features - rest)[:, :CODE], features[:, -3:]), rest_known)
        # Most weights of a face are 0 at any time, and what is read of those is noise: what is as strong as that of
        # faces at rest loses half, what is twice as strong a fifth.
        face, noise = c[:, :GAZE], torch.lerp(self.noise[:1], self.noise[1:], rest_known)
        return torch.cat([face * face**2 / (face**2 + noise**2 + 1e-9), c[:, GAZE:]], dim=1)


def calibrated(trainer: Trainer) -> Shipped:
    """Of what was trained, all but the emotion branch as it ships.

    A network that minimises squared error under-drives what it sees badly (slope r squared). The gain gives a
    control that it sees well enough the spread of the true one (slope r); the others stay as quiet as they are.
    """
    model, data = trainer.average, trainer.data
    rows = trainer.split.calibration if len(trainer.split.calibration) else trainer.split.train
    rows = agreement.whole_people(data, rows)
    features = only(agreement.features_of(data, rows), trainer.settings.inputs)
    rest, known = agreement.resting(features, data, rows)
    truth, quiet = data.arrays["controls"][rows], data.arrays["at_rest"][rows]
    without, _, _ = agreement.predict(model, features, rest, torch.zeros_like(known))
    guess, uncertainty, _ = agreement.predict(model, features, rest, known)
    scores = agreement.agreement(guess.numpy(), truth)
    wanted = np.clip(scores["r"] / np.maximum(scores["slope"], 1e-3), 1, MOST)
    gain = 1 + (wanted - 1) * np.clip((scores["r"] - SEEN) / (SEEN_WELL - SEEN), 0, 1)
    quiet &= known[:, 0].numpy() > 0
    at_rest = np.stack([c[torch.from_numpy(quiet)].mean(dim=0).numpy() for c in (without, guess)])
    at_rest[:, GAZE:] = 0  # eyes at rest look somewhere; a mean of that is no bias
    gain = (gain + gain[mirrored_controls()[0]]) / 2
    gain[CONTROL_NAMES.index("tongueOut")] = 1  # hardly ever out, and taken for it in mouths that real people open wide
    fit = _landmark_fit(trainer, ((guess.numpy() - at_rest[1]) * gain - truth)[known[:, 0].numpy() > 0])
    shipped = Shipped(model, at_rest, gain, fit=fit).eval()
    still = torch.from_numpy(quiet & (np.linalg.norm(data.arrays["rotation"][rows], axis=1) < FACING))
    told = [(without, torch.zeros_like(known)), (guess, known)]
    with torch.no_grad():
        quietest = [shipped.fitted(g[still], features[still], rest[still], k[still])[:, :GAZE] for g, k in told]
        shipped.noise = torch.stack([controls.square().mean(dim=0).sqrt() for controls in quietest]).nan_to_num()
        fitted = shipped.fitted(guess, features, rest, known).numpy()
    error = (fitted - truth) / FULL_SCALE
    region = np.stack([(error[:, columns] ** 2).mean(axis=1) for columns in REGION_CONTROLS], axis=1)
    shipped.doubt_gain = torch.from_numpy(
        np.sqrt(region.mean(axis=0) / (uncertainty.numpy() ** 2).mean(axis=0))
    ).float()
    return shipped.cpu()


def _landmark_fit(trainer: Trainer, off: np.ndarray) -> LandmarkFit | None:
    """off (k, 48): what controls miss of the truth, on people that were not trained on."""
    if trainer.settings.inputs == "image":
        return None
    data = trainer.data
    rows = agreement.whole_people(data, trainer.split.train, RESPONSE)
    features = agreement.features_of(data, rows)
    rest, known = agreement.resting(features, data, rows)
    has = known[:, 0] > 0
    return LandmarkFit(*response(data, rows[has.numpy()], features[has], rest[has]), off.T @ off / len(off))
