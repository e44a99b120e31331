"""What a picture of a face tells, as features: of windows around eyes and mouth, of what the landmark network sees
inside on its way to the landmarks, and of the landmarks themselves.

What the landmark network sees was learned from many real faces, so it carries from renders to life; our own windows add
what it has no eye for. Left and right sides have features of the same kind, see `model.Mirror`.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.windows import MOUTH

# "image" goes without landmarks, "inner" without the windows.
Inputs = Literal["landmarks", "inner", "image", "both"]

CODE = 160  # components of the landmarks: 99.9 % of their variance
CODE_NOISE = 0.01  # the landmarker's jitter of a component, inter-ocular distances
# Of each side, from the windows and from what the landmark network sees inside.
EYE_WINDOW, MOUTH_WINDOW = 96, 96
EYE_INNER, MOUTH_INNER = 96, 96
EYE_FEATURES, MOUTH_FEATURES = EYE_WINDOW + EYE_INNER, MOUTH_WINDOW + MOUTH_INNER
FEATURES = 2 * EYE_FEATURES + 2 * MOUTH_FEATURES + CODE + 3
CODE_START = FEATURES - 3 - CODE
HALF_MOUTH = 64  # px of the mouth window that its left half takes, well over the middle
# (channels, stride): few channels where the picture is large, which is where training spends its time.
WIDTHS = ((16, 2), (48, 2), (48, 1), (96, 2), (96, 1), (160, 2), (160, 1))


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


class InnerSight(nn.Module):
    """What the landmark network sees of one region, (n, 64, 8, 8) and (n, 128, 4, 4) -> features (n, features)."""

    def __init__(self, features: int, keep: int = 48) -> None:
        super().__init__()
        self.size8, self.size4 = nn.BatchNorm2d(64, affine=False), nn.BatchNorm2d(128, affine=False)
        self.fine = nn.Sequential(nn.Conv2d(64, 96, 3, 2, 1, bias=False), nn.BatchNorm2d(96), nn.ReLU(True))
        self.whole = nn.Sequential(
            *(nn.Conv2d(96 + 128, 160, 3, 1, 1, bias=False), nn.BatchNorm2d(160), nn.ReLU(True)),
            *(nn.Conv2d(160, keep, 1, bias=False), nn.BatchNorm2d(keep), nn.ReLU(True), nn.Flatten()),
            *(nn.Dropout(0.1), nn.Linear(keep * 4 * 4, features, bias=False)),
        )

    def forward(self, inner8: Tensor, inner4: Tensor) -> Tensor:
        fine = self.fine(self.size8(inner8))
        return self.whole(torch.cat([fine, self.size4(inner4)], dim=1))


class Encoder(nn.Module):
    """Pictures' windows, inner maps, landmarks and head rotation -> features (n, FEATURES): eye left, eye right, mouth
    left, mouth right (each from the window, then from the maps), landmarks' components, rotation. What `inputs` leaves
    out stays 0.
    """

    def __init__(self, coder: Coder, inputs: Inputs = "both") -> None:
        super().__init__()
        self.coder, self.inputs = coder, inputs
        self.eye = Eyesight(72, 72, EYE_WINDOW)
        self.mouth = Eyesight(MOUTH, HALF_MOUTH, MOUTH_WINDOW)
        # The landmark network has nets of its own for either eye, so what they say is read by two.
        self.inner_eyes = nn.ModuleList(InnerSight(EYE_INNER) for _ in ("left", "right"))
        self.inner_lips = InnerSight(2 * MOUTH_INNER)
        self.eye_size = nn.BatchNorm1d(EYE_FEATURES, affine=False)
        self.mouth_size = nn.BatchNorm1d(MOUTH_FEATURES, affine=False)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(
        self, eyes: Tensor, mouth: Tensor, landmarks: Tensor, rotation: Tensor, inner8: Tensor, inner4: Tensor
    ) -> Tensor:
        """eyes (n, 2, 72, 72, 3) and mouth (n, 96, 96, 3) uint8 RGB as `windows` cuts them, landmarks (n, 478, 3) as
        `pose.frontal` gives them, rotation (n, 3) axis-angle in rad; inner8 (n, 3, 64, 8, 8) and inner4 (n, 3, 128, 4,
        4) of lips, right eye, left eye as the landmark network gives them.
        """
        return self.joined(self.seen(eyes, mouth, inner8, inner4), landmarks, rotation)

    def seen(self, eyes: Tensor, mouth: Tensor, inner8: Tensor, inner4: Tensor) -> Tensor:
        """The features that come from pixels, (n, CODE_START)."""
        n, device = inner8.shape[0], inner8.device  # not len(): it must be traced
        if self.inputs == "landmarks":
            return torch.zeros(n, CODE_START, device=device)
        if self.inputs == "inner":
            eye, half = (torch.zeros(2 * n, size, device=device) for size in (EYE_WINDOW, MOUTH_WINDOW))
        else:
            eye, half = self.eye(evened(eyes.flatten(0, 1))), self.mouth(halves(evened(mouth)))
        inner8, inner4 = inner8.float(), inner4.float()
        left, right = (net(inner8[:, k], inner4[:, k]) for net, k in zip(self.inner_eyes, (2, 1), strict=True))
        inner_eye = torch.stack([left, right], dim=1).flatten(0, 1)
        inner_half = self.inner_lips(inner8[:, 0], inner4[:, 0]).view(-1, MOUTH_INNER)
        eyes_seen = self.eye_size(torch.cat([eye, inner_eye], dim=1).float()).view(-1, 2 * EYE_FEATURES)
        mouth_seen = self.mouth_size(torch.cat([half, inner_half], dim=1).float()).view(-1, 2 * MOUTH_FEATURES)
        return torch.cat([eyes_seen, mouth_seen], dim=1)

    def joined(self, seen: Tensor, landmarks: Tensor, rotation: Tensor) -> Tensor:
        return torch.cat([seen, self.coder(landmarks) * float(self.inputs != "image"), rotation], dim=1)


def halves(mouth: Tensor) -> Tensor:
    """Left and mirrored right halves (2n, 3, h, HALF_MOUTH) of mouth windows; the subject's left is on the picture's
    right.
    """
    left, right = mouth[..., MOUTH - HALF_MOUTH :], mouth[..., :HALF_MOUTH].flip(3)
    return torch.stack([left, right], dim=1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
