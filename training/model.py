"""The regressor: pixels around eyes and mouth with landmarks -> features (`Encoder`); features now and at rest -> the
face's parameters (`Reader`).

A mirrored face gives the mirrored parameters, exactly: each net sees left sides only (right ones come mirrored), the
landmarks' components are even or odd, and the reader is averaged over the face and its mirror image. So nothing has to
be learned twice, and no picture has to be shown mirrored.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.names import EXPRESSION, JAW_OPEN, JAW_SIDE, LOOK_SIDE, LOOK_UP_DOWN
from fields_blender.windows import MOUTH

Inputs = Literal["landmarks", "image", "both"]

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

CODE = 160  # components of the landmarks: 99.9 % of their variance
CODE_NOISE = 0.01  # the landmarker's jitter of a component, inter-ocular distances
EYE_FEATURES, MOUTH_FEATURES = 112, 124  # of each side
FEATURES = 2 * EYE_FEATURES + 2 * MOUTH_FEATURES + CODE + 3
CODE_START = FEATURES - 3 - CODE
HALF_MOUTH = 64  # px of the mouth window that its left half takes, well over the middle
FARTHEST_LOOK = [0.65, 0.5]  # rad sideways and up or down, what eyes reach without effort
# (channels, stride): few channels where the picture is large, which is where training spends its time.
WIDTHS = ((16, 2), (48, 2), (48, 1), (96, 2), (96, 1), (160, 2), (160, 1))


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


def mirrored_points(mean: np.ndarray) -> np.ndarray:
    """(p,) each point's partner on the other side of an average face (p, 3); x is across."""
    from scipy.optimize import linear_sum_assignment

    distance = np.linalg.norm((mean * (-1, 1, 1))[:, None] - mean[None], axis=2)
    # The same both ways, so that the best assignment takes every pair both ways too.
    partner = linear_sum_assignment(distance + distance.T)[1]
    assert (partner[partner] == np.arange(len(mean))).all()
    return partner


class Coder(nn.Module):
    """Landmarks (n, 478, 3) -> their CODE main components, each of about unit size; fixed before training.

    The components of the face's even part (what its mirror image has too) come first to last by size among those of
    its odd part, which change sign in a mirror: `sign` (CODE,).
    """

    mean: Tensor
    axes: Tensor
    scale: Tensor
    sign: Tensor

    def __init__(self, landmarks: np.ndarray | None = None, sign: Tensor | None = None) -> None:
        super().__init__()
        mean, axes, scale = np.zeros(478 * 3), np.zeros((CODE, 478 * 3)), np.ones(CODE)
        sign = np.ones(CODE) if sign is None else sign.cpu().numpy()
        if landmarks is not None:
            partner = mirrored_points(landmarks.mean(axis=0, dtype=np.float64))
            face = landmarks.astype(np.float32)
            mirror = face[:, partner] * np.float32([-1, 1, 1])
            even, odd = ((face + s * mirror).reshape(len(face), -1) / 2 for s in (1, -1))
            mean = even.mean(0)
            parts = [np.linalg.eigh((part.T @ part) / len(part)) for part in (even - mean, odd)]
            variance = np.concatenate([values for values, _ in parts])
            chosen = np.argsort(variance)[::-1][:CODE]
            sign = np.where(chosen < len(mean), 1, -1)
            # The smallest components are the landmarker's noise: the added term keeps them from being blown up.
            scale = 1 / (np.sqrt(np.maximum(variance[chosen], 0)) + CODE_NOISE)
            axes = np.concatenate([vectors.T for _, vectors in parts])[chosen] * scale[:, None]
        for name, value in (("mean", mean), ("axes", axes), ("scale", scale), ("sign", sign)):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))

    def forward(self, landmarks: Tensor) -> Tensor:
        return (landmarks.flatten(1) - self.mean) @ self.axes.T


class Eyesight(nn.Sequential):
    """One side's window (n, 3, h, w) -> features (n, features). The last picture is laid out flat, not averaged: where
    lids and lips are is what counts.
    """

    def __init__(self, height: int, width: int, features: int, keep: int = 32) -> None:
        layers: list[nn.Module] = []
        before = 3
        for channels, stride in WIDTHS:
            layers += [nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True)]
            before = channels
            height, width = -(-height // stride), -(-width // stride)
        layers += [nn.Conv2d(before, keep, 1, bias=False), nn.BatchNorm2d(keep), nn.ReLU(True), nn.Flatten()]
        super().__init__(*layers, nn.Dropout(0.1), nn.Linear(keep * height * width, features, bias=False))


def evened(window: Tensor) -> Tensor:
    """uint8 pictures (n, h, w, 3) -> float (n, 3, h, w) of mean 0 and about unit contrast, however they are lit."""
    picture = window.float()
    picture = picture - picture.mean(dim=(1, 2, 3), keepdim=True)
    contrast = (picture**2).mean(dim=(1, 2, 3), keepdim=True) + 64.0
    return (picture * contrast.rsqrt()).permute(0, 3, 1, 2)


class Encoder(nn.Module):
    """Windows, landmarks and head rotation of each picture -> features (n, FEATURES): eye left, eye right, mouth left,
    mouth right, landmarks' components, rotation. `inputs`: those that are not named stay 0.
    """

    def __init__(self, coder: Coder, inputs: Inputs = "both") -> None:
        super().__init__()
        self.coder, self.inputs = coder, inputs
        self.eye = Eyesight(72, 72, EYE_FEATURES)
        self.mouth = Eyesight(MOUTH, HALF_MOUTH, MOUTH_FEATURES)
        self.eye_size = nn.BatchNorm1d(EYE_FEATURES, affine=False)
        self.mouth_size = nn.BatchNorm1d(MOUTH_FEATURES, affine=False)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(self, eyes: Tensor, mouth: Tensor, landmarks: Tensor, rotation: Tensor) -> Tensor:
        """eyes (n, 2, 72, 72, 3) and mouth (n, 96, 96, 3) uint8 RGB as `windows` cuts them, landmarks (n, 478, 3) as
        `pose.frontal` gives them, rotation (n, 3) axis-angle in rad.
        """
        return self.joined(self.seen(eyes, mouth), landmarks, rotation)

    def seen(self, eyes: Tensor, mouth: Tensor) -> Tensor:
        """The features that come from the windows, (n, CODE_START)."""
        if self.inputs == "landmarks":
            return torch.zeros(mouth.shape[0], CODE_START, device=mouth.device)  # not len(): it must be traced
        return torch.cat([self.eye_features(eyes), self.mouth_features(mouth)], dim=1)

    def joined(self, seen: Tensor, landmarks: Tensor, rotation: Tensor) -> Tensor:
        return torch.cat([seen, self.coder(landmarks) * float(self.inputs != "image"), rotation], dim=1)

    def eye_features(self, eyes: Tensor) -> Tensor:
        pictures = evened(eyes.flatten(0, 1))
        return self.eye_size(self.eye(pictures).float()).view(-1, 2 * EYE_FEATURES)

    def mouth_features(self, mouth: Tensor) -> Tensor:
        picture = evened(mouth)
        # The subject's left is on the picture's right.
        left, right = picture[..., MOUTH - HALF_MOUTH :], picture[..., :HALF_MOUTH].flip(3)
        halves = torch.stack([left, right], dim=1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return self.mouth_size(self.mouth(halves).float()).view(-1, 2 * MOUTH_FEATURES)


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
