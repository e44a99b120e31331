"""What the regressor is trained for, on batches of whole people. Every function gives a scalar.

Rows whose truth is not known (NaN) count in none of the terms that need it; the landmarks alone then teach, through
`consistency`.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import CONTROL_NAMES, FULL_SCALE, REGION_CONTROLS

Supervision = Literal["2d", "direct", "class", "full"]

# Lids and the closing of the lips count more than their size: what an audience sees first.
CLOSURES = [CONTROL_NAMES.index(name) for name in ("eyelidLeft", "eyelidRight", "mouthClose")]
CLOSURES_COUNT = 3.0
WEIGHTS = {
    **{"direct": 1.0, "vertices": 10.0, "gain": 0.05, "points": 0.1, "gaps": 2.0, "consistency": 0.1},
    **{"same": 0.1, "twins": 0.1, "neutral": 0.1, "emotion": 0.1, "uncertainty": 0.1, "anchor": 1.0},
}
WEIGHTS_2D = {"consistency": 1.0, "moderation": 0.05, "emotion": 0.1, "uncertainty": 0.1, "anchor": 1.0}


@dataclass(frozen=True)
class Measures:
    """Fixed for a training run. `weight` (48,): one over each control's variance, closures counted more. `vertices`
    (48, v) and `motion` (48, 1434): `bases`, laid flat; `motion_spread` (1434,): how far the landmarks' motion is from
    what `motion` says of the true controls. `points` (p,): the landmarks that the points head speaks of.
    """

    weight: Tensor
    vertices: Tensor
    motion: Tensor
    motion_spread: Tensor
    points: Tensor


def control_weight(variance: Tensor) -> Tensor:
    """(48,) from the variance of each control in the data, so that rarely used controls stay alive. Guessing the mean
    costs about 1.
    """
    # The same least variance for radians as for weights; but what never moves must not weigh all the more.
    least = torch.where(variance > 1e-8, 0.002 * torch.tensor(FULL_SCALE) ** 2, 0.002)
    weight = 1 / (variance + least)
    weight = weight / (weight * variance).mean()
    weight[CLOSURES] *= CLOSURES_COUNT
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
    """Distance between the points of a fixed head with these and with the true controls, inter-ocular distances."""
    off = ((controls - true) @ basis).unflatten(1, (-1, 3))
    return mean((off**2).sum(dim=2).add(1e-8).sqrt())


def gain(controls: Tensor, true: Tensor) -> Tensor:
    """Regression slope of each control towards 1, against regression to the mean."""
    if len(true) < 8:
        return mean(controls[:0])
    c, t = controls - controls.mean(0), true - true.mean(0)
    variance = (t**2).mean(0)
    slope = (c * t).mean(0) / (variance + 1e-4)
    return mean(((slope - 1) ** 2)[variance > 1e-3])


def emotion(look: Tensor, label: Tensor, va: Tensor, intensity: Tensor) -> Tensor:
    """Intensity-aware: the target is soft by intensity, and more feeling than is shown costs double.

    look (n, 11) of the emotion branch, label (n, 8) soft, va (n, 2), intensity (n, 1); rows without label don't count.
    """
    told = label.sum(dim=1) > 0
    logits, guess, strength = look[told, :8], look[told, 8:10].tanh(), look[told, 10:].sigmoid()
    classes = mean(-(label[told] * logits.log_softmax(1)).sum(dim=1))
    affect = 0.5 * mean((guess - va[told]) ** 2) + 0.5 * mean(1 - concordance(guess, va[told]))
    return classes + affect + level(strength, intensity[told])


def naming(look: Tensor, label: Tensor) -> Tensor:
    """Which of the emotions it is, neutral left out: a weak one counts less, but more than in `emotion`."""
    feeling, name = label[:, 1:].max(dim=1)
    shown = feeling > 0
    wrong = F.cross_entropy(look[shown, 1:8], name[shown], reduction="none")
    return mean(wrong * feeling[shown].sqrt())


def level(strength: Tensor, intensity: Tensor) -> Tensor:
    """Error of the intensity; beyond .05 overshoot costs double."""
    error = strength - intensity
    return mean(error.abs() + 2 * F.relu(error - 0.05) ** 2 + F.relu(-error - 0.05) ** 2)


def concordance(guess: Tensor, true: Tensor) -> Tensor:
    """Lin's concordance correlation of each column, (k,)."""
    if len(true) < 2:
        return torch.ones(0)
    g, t = guess - guess.mean(0), true - true.mean(0)
    spread = (g**2).mean(0) + (t**2).mean(0) + (guess.mean(0) - true.mean(0)) ** 2
    return 2 * (g * t).mean(0) / (spread + 1e-6)


def emotion_class(look: Tensor, label: Tensor) -> Tensor:
    """Without intensity, for comparison: the emotion alone, however weakly it is shown."""
    told = label.sum(dim=1) > 0
    feeling, name = label[told, 1:].max(dim=1)
    return F.cross_entropy(look[told, :8], (name + 1) * (feeling > 0)) if told.any() else mean(look[:0])


def points(guess: Tensor, missed: Tensor) -> Tensor:
    """Gaussian negative log likelihood of the true points missed (n, p, 2). guess (n, 3 p): x, y, log of the spread."""
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
    """The controls must explain how the landmarks moved, `moved` (n, 1434), as far as they can be trusted. Both are
    counted from rest, or from another picture of the same person.
    """
    off = (controls @ measures.motion - moved) / measures.motion_spread
    return mean(F.smooth_l1_loss(off, torch.zeros_like(off), reduction="none"))


def uncertainty(sigma: Tensor, controls: Tensor, true: Tensor) -> Tensor:
    """Gaussian negative log likelihood of each region's error (n, 8), in ARKit weights; teaches `sigma` alone."""
    error = ((controls - true).detach() / torch.tensor(FULL_SCALE, device=true.device)) ** 2
    region = torch.stack([error[:, columns].nanmean(dim=1) for columns in REGION_CONTROLS], dim=1)
    return mean((sigma.log() + region / (2 * sigma**2))[~region.isnan()])
