"""Features of a picture of a face: the landmarks, and maps inside pretrained networks. All linear: principal components
(PCA) of the training pictures, without labels.

The networks saw many real faces or photos, so their maps carry over from renders to real pictures. Networks of our own
on the pixels around eyes and mouth, trained on renders alone, learned a fifth of it in that time.
"""

import numpy as np
import torch
from torch import Tensor, nn

CODE = 160  # principal components of the landmarks: 99.9 % of their variance
CODE_NOISE = 0.01  # the landmarker's jitter in a component, inter-ocular distances
# Name -> regions, channels and cells of the maps, and components of each region. "lips8" and "lips4": those that
# MediaPipe's smaller landmark network makes of the lips; they alone tell rolled lips and a tongue. The others:
# `expression_maps`.
MAPS = {
    "lips8": (1, 64, 64, 96),
    "lips4": (1, 128, 16, 64),
    "near": (3, 64, 81, 192),
    "map8": (1, 128, 64, 192),
    "map4": (1, 128, 16, 128),
    "map2": (1, 128, 4, 96),
    "close_ups": (5, 112, 49, 112),
}
SEEN = sum(regions * components for regions, _, _, components in MAPS.values())
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
    """Maps (n, regions, channels, h, w) -> (n, regions * components): the principal components of each region, of unit
    variance, with all channels weighted alike.
    """

    mean: Tensor
    axes: Tensor

    def __init__(
        self, regions: int, channels: int, cells: int, components: int, maps: np.ndarray | None = None
    ) -> None:
        super().__init__()
        mean, axes = torch.zeros(regions, channels * cells), torch.zeros(regions, channels * cells, components)
        for region in range(0 if maps is None else regions):
            values = torch.from_numpy(maps[:, region].astype(np.float32)).reshape(len(maps), channels, cells)
            mean[region] = values.mean(dim=0).flatten()
            values -= mean[region].reshape(channels, cells)
            size = values.square().mean(dim=(0, 2)).sqrt()[:, None] + 1e-3
            values = (values / size).flatten(1)
            # A few more components than are kept make the last ones exact too.
            _, spread, vectors = torch.pca_lowrank(values, min(components + 32, *values.shape), center=False, niter=3)
            deviation = (spread[:components] / len(values) ** 0.5).clamp(min=1e-2)
            axes[region] = vectors[:, :components] / deviation / size.expand(-1, cells).reshape(-1, 1)
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)

    def forward(self, maps: Tensor) -> Tensor:
        flat = maps.float().flatten(2)
        return torch.cat([(flat[:, r] - self.mean[r]) @ self.axes[r] for r in range(len(self.mean))], dim=1)


class Encoder(nn.Module):
    """Landmarks, head rotation and maps -> features (n, FEATURES): components of landmarks and maps, rotation. Computed
    from training pictures (m of each), or loaded.
    """

    def __init__(self, landmarks: np.ndarray | None = None, maps: dict[str, np.ndarray] | None = None) -> None:
        super().__init__()
        self.coder = Coder(landmarks)
        self.maps = nn.ModuleDict({name: MapCoder(*sizes, maps and maps[name]) for name, sizes in MAPS.items()})

    def forward(self, landmarks: Tensor, rotation: Tensor, *maps: Tensor) -> Tensor:
        """landmarks (n, 478, 3) as `pose.frontal` gives them, rotation (n, 3) axis-angle in rad; maps in the order of
        MAPS, (n, regions, channels, h, w) or without the axis of regions where there is one.
        """
        parts = []
        for (name, (regions, *_)), values in zip(MAPS.items(), maps, strict=True):
            parts.append(self.maps[name](values if regions > 1 else values.flatten(1)[:, None]))
        return torch.cat([self.coder(landmarks), *parts, rotation], dim=1)
