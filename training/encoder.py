"""Features of a picture of a face: the landmarks, and the landmark network's inner maps of lips and eyes. All linear:
principal components (PCA) of the training pictures, without labels.

The landmark network was trained on many real faces, so its inner maps carry over from renders to real pictures.
Networks of our own on the pixels around eyes and mouth, trained on renders alone, learned a fifth of it in that time.
"""

import numpy as np
import torch
from torch import Tensor, nn

CODE = 160  # principal components of the landmarks: 99.9 % of their variance
CODE_NOISE = 0.01  # the landmarker's jitter in a component, inter-ocular distances
INNER = 256  # components of each region's map
# Name -> channels and cells of the maps of lips, right eye, left eye.
MAPS = {"inner8": (64, 64), "inner4": (128, 16)}
SEEN = len(MAPS) * 3 * INNER
FEATURES = CODE + SEEN + 3


class Coder(nn.Module):
    """Landmarks (n, 478, 3) -> their first CODE principal components, each of about unit size."""

    mean: Tensor
    axes: Tensor
    scale: Tensor

    def __init__(self, landmarks: np.ndarray | None = None) -> None:
        super().__init__()
        mean, axes, scale = np.zeros(478 * 3), np.zeros((CODE, 478 * 3)), np.ones(CODE)
        if landmarks is not None:
            faces = landmarks.astype(np.float32).reshape(len(landmarks), -1)
            mean = faces.mean(axis=0, dtype=np.float64).astype(np.float32)
            variance, vectors = np.linalg.eigh((faces - mean).T @ (faces - mean) / len(faces))
            # The smallest components are the landmarker's noise: the added term keeps them from being amplified.
            scale = 1 / (np.sqrt(np.maximum(variance[: -CODE - 1 : -1], 0)) + CODE_NOISE)
            axes = vectors.T[: -CODE - 1 : -1] * scale[:, None]
        for name, value in (("mean", mean), ("axes", axes), ("scale", scale)):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))

    def forward(self, landmarks: Tensor) -> Tensor:
        return (landmarks.flatten(1) - self.mean) @ self.axes.T


class MapCoder(nn.Module):
    """Maps of the three regions (n, 3, channels, h, w) -> (n, 3 * INNER): the principal components of each region, of
    unit variance, with all channels weighted alike.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, channels: int, cells: int, maps: np.ndarray | None = None) -> None:
        super().__init__()
        mean, axes = torch.zeros(3, channels * cells), torch.zeros(3, channels * cells, INNER)
        for region in range(0 if maps is None else 3):
            values = torch.from_numpy(maps[:, region]).float().reshape(len(maps), channels, cells)
            mean[region] = values.mean(dim=0).flatten()
            values = values - values.mean(dim=0)
            size = values.square().mean(dim=(0, 2)).sqrt()[:, None] + 1e-3
            values = (values / size).flatten(1)
            variance, vectors = torch.linalg.eigh(values.T @ values / len(values))
            variance, vectors = variance[-INNER:].flip(0), vectors[:, -INNER:].flip(1)
            axes[region] = vectors / variance.clamp(min=1e-4).sqrt() / size.expand(-1, cells).reshape(-1, 1)
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)

    def forward(self, maps: Tensor) -> Tensor:
        flat = maps.float().flatten(2)
        return torch.cat([(flat[:, r] - self.mean[r]) @ self.axes[r] for r in range(3)], dim=1)


class Encoder(nn.Module):
    """Landmarks, inner maps and head rotation -> features (n, FEATURES): components of landmarks and maps,
    rotation. Computed from training pictures (m of each), or loaded.
    """

    def __init__(
        self, landmarks: np.ndarray | None = None, inner8: np.ndarray | None = None, inner4: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.coder = Coder(landmarks)
        self.inner8, self.inner4 = MapCoder(*MAPS["inner8"], inner8), MapCoder(*MAPS["inner4"], inner4)

    def forward(self, landmarks: Tensor, rotation: Tensor, inner8: Tensor, inner4: Tensor) -> Tensor:
        """landmarks (n, 478, 3) as `pose.frontal` gives them, rotation (n, 3) axis-angle in rad; inner8 (n, 3, 64, 8,
        8) and inner4 (n, 3, 128, 4, 4) of lips, right eye, left eye as the landmark network gives them.
        """
        return torch.cat([self.coder(landmarks), self.inner8(inner8), self.inner4(inner4), rotation], dim=1)
