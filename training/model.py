"""The regressor: features of a picture now and of the face at rest (`encoder`) -> the face's parameters (`Reader`).

A mirrored face gives the mirrored parameters, exactly: each net sees left sides only (right ones come mirrored), the
landmarks' components are even or odd, and the reader is averaged over the face and its mirror image. So nothing has to
be learned twice, and no picture has to be shown mirrored.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.names import EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN

from .encoder import CODE_START, EYE_FEATURES, FEATURES, MOUTH_FEATURES, Coder, Encoder, Inputs

CONTROLS = 39 + 3 + 2 + 4  # expression, jaw, eyelids, gaze: what the emotion branch may read
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

FARTHEST_LOOK = [0.65, 0.5]  # rad sideways and up or down, what eyes reach without effort


def mirrored_controls() -> tuple[np.ndarray, np.ndarray]:
    """(48,) each: of which control a mirrored face has the value, and with which sign."""
    order = []
    for name in CONTROL_NAMES:
        other = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        order.append(CONTROL_NAMES.index(other))
    sign = np.ones(CONTROLS, np.float32)
    for name in ("jawY", "jawZ", "gazeLeftYaw", "gazeRightYaw"):
        sign[CONTROL_NAMES.index(name)] = -1
    return np.array(order), sign


class Mirror(nn.Module):
    """Features or controls of the mirrored face."""

    feature_order: Tensor
    feature_sign: Tensor
    control_order: Tensor
    control_sign: Tensor

    def __init__(self, code_sign: Tensor) -> None:
        super().__init__()
        e, m = EYE_FEATURES, MOUTH_FEATURES
        sides = [range(e, 2 * e), range(e), range(2 * e + m, 2 * e + 2 * m), range(2 * e, 2 * e + m)]
        order = [i for side in sides for i in side] + list(range(CODE_START, FEATURES))
        sign = torch.cat([torch.ones(CODE_START), code_sign.cpu(), torch.tensor([1.0, -1.0, -1.0])])
        control_order, control_sign = mirrored_controls()
        self.register_buffer("feature_order", torch.tensor(order))
        self.register_buffer("feature_sign", sign)
        self.register_buffer("control_order", torch.from_numpy(control_order))
        self.register_buffer("control_sign", torch.from_numpy(control_sign))

    def features(self, features: Tensor) -> Tensor:
        return features[:, self.feature_order] * self.feature_sign

    def controls(self, controls: Tensor) -> Tensor:
        return controls[:, self.control_order] * self.control_sign


class EmotionBranch(nn.Module):
    """Controls (n, 48) -> (n, 11): 8 logits, valence, arousal, intensity. It sees nothing else of the face, so emotion
    can't be learned past the parameters. A mirrored face shows the same.
    """

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self.mirror = mirror
        self.look = nn.Sequential(
            *(nn.Linear(CONTROLS, 128), nn.GELU()), *(nn.Linear(128, 128), nn.GELU()), nn.Linear(128, 11)
        )

    def forward(self, controls: Tensor) -> Tensor:
        return (self.look(controls) + self.look(self.mirror.controls(controls))) / 2


class Reader(nn.Module):
    """Features now and at rest (n, FEATURES each), rest known or not (n, 1) -> controls (n, 48), and the doubt about
    them by region (n, 8): expected error in ARKit weights, one standard deviation.

    A straight path beside the deep one: most of what the features tell is linear, and what is learned beyond that is
    held small by dropout, since a few thousand people are easily learned by heart.
    """

    def __init__(self, mirror: Mirror, hidden: int = 384) -> None:
        super().__init__()
        self.mirror = mirror
        inputs = 3 * FEATURES + 4
        self.straight = nn.Linear(inputs, CONTROLS)
        self.deep = nn.Sequential(
            *(nn.Dropout(0.1), nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(0.25)),
            *(nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(0.25), nn.Linear(hidden, CONTROLS)),
        )
        for last in (self.straight, self.deep[-1]):  # a face at rest to begin with, not a grimace
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.doubt = nn.Sequential(nn.Linear(inputs, 64), nn.GELU(), nn.Linear(64, len(REGIONS)))

    def forward(self, now: Tensor, rest: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        mirrored = (self.mirror.features(now), self.mirror.features(rest), known)
        (controls, doubt), (other, other_doubt) = self._half(now, rest, known), self._half(*mirrored)
        controls = (controls + self.mirror.controls(other)) / 2
        return controls, nn.functional.softplus((doubt + other_doubt) / 2 - 2) + 0.005

    def _half(self, now: Tensor, rest: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.cat([now, rest * known, (now - rest) * known, now[:, -3:] ** 2, known], dim=1)
        # Detached: the doubt must not make the features easier to doubt.
        return self.straight(features) + self.deep(features), self.doubt(features.detach())


class Regressor(nn.Module):
    """Everything that is trained: encoder, reader, emotion branch, and two heads that only help to train them."""

    def __init__(self, coder: Coder, points: int, inputs: Inputs = "both") -> None:
        super().__init__()
        self.encoder = Encoder(coder, inputs)
        mirror = Mirror(coder.sign)
        self.reader, self.emotion = Reader(mirror), EmotionBranch(mirror)
        # Where `points` of the landmarks really are: (x, y) and log of the uncertainty; and the three gaps.
        self.points = nn.Sequential(nn.Linear(FEATURES, 256), nn.GELU(), nn.Linear(256, 3 * points))
        self.gaps = nn.Sequential(nn.Linear(FEATURES, 64), nn.GELU(), nn.Linear(64, 3))
