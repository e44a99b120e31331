"""The regressor's losses, on batches of whole people. Every function of a batch returns a scalar.

Rows with unknown truth (NaN) are left out of the terms that need it; they teach through their landmarks alone
(`consistency`).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import CONTROL_NAMES, FULL_SCALE, REGION_CONTROLS

Supervision = Literal["2d", "direct", "class", "full"]

# Lids and lip closure count more than their size: an audience sees them first.
CLOSURES = [CONTROL_NAMES.index(name) for name in ("eyelidLeft", "eyelidRight", "mouthClose")]
CLOSURE_WEIGHT = 3.0
WEIGHTS = {
    **{"direct": 1.0, "vertices": 10.0, "gain": 0.05, "points": 0.1, "gaps": 2.0, "consistency": 0.1},
    **{"same": 0.1, "twins": 0.1, "neutral": 0.1, "emotion": 0.1, "uncertainty": 0.1, "anchor": 1.0},
}
WEIGHTS_2D = {"consistency": 1.0, "moderation": 0.05, "emotion": 0.1, "uncertainty": 0.1, "anchor": 1.0}


@dataclass(frozen=True)
class Measures:
    """Constants of a training run. `weight` (48,): one over each control's variance, closures weighted more. `vertices`
    (48, v) and `motion` (48, 1434): `bases`, flattened; `motion_spread` (1434,): RMS residual of the landmarks' motion
    that `motion` does not explain from the true controls. `points` (p,): the landmarks that the points head predicts.
    """

    weight: Tensor
    vertices: Tensor
    motion: Tensor
    motion_spread: Tensor
    points: Tensor


def control_weight(variance: Tensor) -> Tensor:
    """(48,) from the variance of each control in the data, so that rarely used controls still count. Guessing the mean
    costs about 1.
    """
    # The same floor for radians as for weights; a control that never moves must not get a huge weight.
    least = torch.where(variance > 1e-8, 0.002 * torch.tensor(FULL_SCALE) ** 2, 0.002)
    weight = 1 / (variance + least)
    weight = weight / (weight * variance).mean()
    weight[CLOSURES] *= CLOSURE_WEIGHT
    return weight


def known(values: Tensor) -> Tensor:
    """(n,) bool: rows without NaN."""
    return ~values.flatten(1).isnan().any(dim=1)


def mean(values: Tensor) -> Tensor:
    """0 instead of NaN where nothing is known."""
    return values.sum() / max(values.numel(), 1)


def direct(controls: Tensor, true: Tensor, weight: Tensor) -> Tensor:
    return mean((controls - true) ** 2 * weight)


def vertices(controls: Tensor, true: Tensor, basis: Tensor) -> Tensor:
    """Distance between the points of a fixed head posed by these and by the true controls, inter-ocular distances."""
    off = ((controls - true) @ basis).unflatten(1, (-1, 3))
    return mean((off**2).sum(dim=2).add(1e-8).sqrt())


def gain(controls: Tensor, true: Tensor) -> Tensor:
    """Pulls the regression slope of each control to 1, against regression to the mean."""
    if len(true) < 8:
        return mean(controls[:0])
    c, t = controls - controls.mean(0), true - true.mean(0)
    variance = (t**2).mean(0)
    slope = (c * t).mean(0) / (variance + 1e-4)
    return mean(((slope - 1) ** 2)[variance > 1e-3])


def emotion(output: Tensor, label: Tensor, va: Tensor, intensity: Tensor) -> Tensor:
    """Intensity-aware: labels are softened by intensity, and overestimating the intensity costs double.

    output (n, 11) of the emotion branch, label (n, 8) soft, va (n, 2), intensity (n, 1); rows without a label are left
    out.
    """
    labelled = label.sum(dim=1) > 0
    logits, guess, strength = output[labelled, :8], output[labelled, 8:10].tanh(), output[labelled, 10:].sigmoid()
    classes = mean(-(label[labelled] * logits.log_softmax(1)).sum(dim=1))
    affect = 0.5 * mean((guess - va[labelled]) ** 2) + 0.5 * mean(1 - concordance(guess, va[labelled]))
    return classes + affect + level(strength, intensity[labelled])


def naming(output: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy over the seven emotions, neutral left out: a weak one counts less, but more than in `emotion`."""
    feeling, name = label[:, 1:].max(dim=1)
    shown = feeling > 0
    wrong = F.cross_entropy(output[shown, 1:8], name[shown], reduction="none")
    return mean(wrong * feeling[shown].sqrt())


def level(strength: Tensor, intensity: Tensor) -> Tensor:
    """Error of the intensity; an overshoot of more than .05 costs double."""
    error = strength - intensity
    return mean(error.abs() + 2 * F.relu(error - 0.05) ** 2 + F.relu(-error - 0.05) ** 2)


def concordance(guess: Tensor, true: Tensor) -> Tensor:
    """Lin's concordance correlation of each column, (k,)."""
    if len(true) < 2:
        return torch.ones(0)
    g, t = guess - guess.mean(0), true - true.mean(0)
    spread = (g**2).mean(0) + (t**2).mean(0) + (guess.mean(0) - true.mean(0)) ** 2
    return 2 * (g * t).mean(0) / (spread + 1e-6)


def emotion_class(output: Tensor, label: Tensor) -> Tensor:
    """For comparison, without intensity: the class of the emotion, however weak it is."""
    labelled = label.sum(dim=1) > 0
    feeling, name = label[labelled, 1:].max(dim=1)
    return F.cross_entropy(output[labelled, :8], (name + 1) * (feeling > 0)) if labelled.any() else mean(output[:0])


def points(guess: Tensor, missed: Tensor) -> Tensor:
    """Gaussian negative log likelihood of the offsets `missed` (n, p, 2). guess (n, 3 p): x, y, log of the spread."""
    x_y, spread = guess.unflatten(1, (-1, 3)).split([2, 1], dim=2)
    spread = spread.clamp(-6, 2)
    has = known(missed)
    off = (x_y - missed)[has]
    return mean(0.5 * (off * (-spread[has]).exp()) ** 2 + spread[has])


def gaps(guess: Tensor, true: Tensor) -> Tensor:
    """Openings of left lids, right lids and lips (n, 3), inter-ocular distances."""
    has = known(true)
    return mean((guess - true)[has].abs())


def consistency(controls: Tensor, moved: Tensor, measures: Measures) -> Tensor:
    """The controls must explain the landmarks' motion `moved` (n, 1434), within its spread. Both are relative to rest,
    or to another picture of the same person.
    """
    off = (controls @ measures.motion - moved) / measures.motion_spread
    return mean(F.smooth_l1_loss(off, torch.zeros_like(off), reduction="none"))


def uncertainty(sigma: Tensor, controls: Tensor, true: Tensor) -> Tensor:
    """Gaussian negative log likelihood of each region's error (n, 8), in ARKit weights; gradient for `sigma` only."""
    error = ((controls - true).detach() / torch.tensor(FULL_SCALE, device=true.device)) ** 2
    region = torch.stack([error[:, columns].nanmean(dim=1) for columns in REGION_CONTROLS], dim=1)
    return mean((sigma.log() + region / (2 * sigma**2))[~region.isnan()])
