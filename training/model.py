"""The regressor: features of the current picture and of the face at rest (`encoder`) -> controls (`Reader`).

What is given as the face at rest is the person's own, a guess, or anything between: the certainty says which. A guess
is drawn towards the mean face of training; at a certainty of 0 it is the mean face itself.

The landmark network's two eye branches differ, so mirroring a face changes its features and the reader learns left and
right separately. The emotion branch sees controls only and gives the same answer for a mirrored face.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.core.names import EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN

from .encoder import FEATURES
from .people import CONTROLS

# Expression, jaw, eyelids, gaze: all that the emotion branch sees.
CONTROL_NAMES = [
    *EXPRESSION,
    *("jawX", "jawY", "jawZ", "eyelidLeft", "eyelidRight"),
    *("gazeLeftYaw", "gazeLeftPitch", "gazeRightYaw", "gazeRightPitch"),
]
# An ARKit weight of 1 in the unit of each control.
FULL_SCALE = [1.0] * 39 + [JAW_OPEN, JAW_SIDE, JAW_SIDE, 1.0, 1.0] + [LOOK_SIDE, LOOK_UP_DOWN] * 2
REGIONS = {
    "brows": ("brow",),
    "eyelids": ("eyeSquint", "eyeWide", "eyelid"),
    "gaze": ("gaze",),
    "cheeks": ("cheek",),
    "nose": ("nose",),
    "mouth": ("mouth",),
    "jaw": ("jaw",),
    "tongue": ("tongue",),
}
REGION_CONTROLS = [[i for i, name in enumerate(CONTROL_NAMES) if name.startswith(start)] for start in REGIONS.values()]

FARTHEST_LOOK = [0.65, 0.5]  # rad sideways and up or down: what eyes reach without effort


def mirrored_controls() -> tuple[np.ndarray, np.ndarray]:
    """(48,) each: the control whose value a mirrored face takes, and its sign."""
    order = []
    for name in CONTROL_NAMES:
        other = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        order.append(CONTROL_NAMES.index(other))
    sign = np.ones(CONTROLS, np.float32)
    for name in ("jawY", "jawZ", "gazeLeftYaw", "gazeRightYaw"):
        sign[CONTROL_NAMES.index(name)] = -1
    return np.array(order), sign


class Mirror(nn.Module):
    """Controls (n, 48) of the mirrored face."""

    order: Tensor
    sign: Tensor

    def __init__(self) -> None:
        super().__init__()
        order, sign = mirrored_controls()
        self.register_buffer("order", torch.from_numpy(order))
        self.register_buffer("sign", torch.from_numpy(sign))

    def forward(self, controls: Tensor) -> Tensor:
        return controls[:, self.order] * self.sign


class EmotionBranch(nn.Module):
    """Controls (n, 48) -> (n, 11): 8 logits, valence, arousal, intensity. It sees nothing else of the face, so whatever
    it learns must show in the controls. A mirrored face gives the same answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mirror = Mirror()
        self.layers = nn.Sequential(
            *(nn.Linear(CONTROLS, 128), nn.GELU()), *(nn.Linear(128, 128), nn.GELU()), nn.Linear(128, 11)
        )

    def forward(self, controls: Tensor) -> Tensor:
        return (self.layers(controls) + self.layers(self.mirror(controls))) / 2


class Reader(nn.Module):
    """Features now and at rest (n, FEATURES each), certainty 0..1 of the latter (n, 1) -> controls (n, 48) and their
    uncertainty by region (n, 8): the expected error in ARKit weights, one standard deviation.

    A linear path runs beside the deep one: most of what the features tell is linear and is found by least squares at
    once. A second linear path counts as much as the rest is certain. Dropout limits the deep one, since ten thousand
    people are easily memorised.
    """

    def __init__(self, hidden: int = 768) -> None:
        super().__init__()
        inputs = 2 * FEATURES + 4
        self.linear, self.certain = nn.Linear(inputs, CONTROLS), nn.Linear(inputs, CONTROLS)
        self.trunk = nn.Sequential(
            *(nn.Dropout(0.1), nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(0.3)),
            *(nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(0.3)),
        )
        self.deep = nn.Linear(hidden, CONTROLS)
        for last in (self.linear, self.certain, self.deep):  # begin with a face at rest, not a grimace
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.uncertainty = nn.Sequential(nn.Linear(inputs, 64), nn.GELU(), nn.Linear(64, len(REGIONS)))

    def forward(self, now: Tensor, rest: Tensor, certainty: Tensor) -> tuple[Tensor, Tensor]:
        return self.read(now, rest, certainty)[:2]

    def read(self, now: Tensor, rest: Tensor, certainty: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`forward`, and the trunk's output (n, hidden)."""
        inputs = self.inputs(now, rest, certainty)
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self.training):
            trunk = self.trunk(inputs)
        trunk = trunk.float()
        # Detached: the reader must not learn to make its errors predictable.
        uncertainty = nn.functional.softplus(self.uncertainty(inputs.detach()) - 2) + 0.005
        return self.linear(inputs) + certainty * self.certain(inputs) + self.deep(trunk), uncertainty, trunk

    def inputs(self, now: Tensor, rest: Tensor, certainty: Tensor) -> Tensor:
        """(n, 2 FEATURES + 4): features, their change from rest, squared rotation, certainty of the rest."""
        return torch.cat([now, now - rest, now[:, -3:] ** 2, certainty], dim=1)


class Regressor(nn.Module):
    """Everything that is trained: reader, emotion branch, and two auxiliary heads that help to train the reader."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self.reader, self.emotion = Reader(), EmotionBranch()
        # True places of `points` landmarks: (x, y) and log of the spread; and the three gaps.
        hidden = self.reader.deep.in_features
        self.points, self.gaps = nn.Linear(hidden, 3 * points), nn.Linear(hidden, 3)
