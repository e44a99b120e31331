"""The last layer of the shipped network: controls made consistent with the motion of the landmarks.

Real faces look different from renders, so what the reader takes from the inner maps is wrong more often there than on
renders. The landmarks move as visibly on real faces as on renders. So the controls c, whose error has the covariance P
on renders and TRUST P more on real faces, are moved to the most likely x given the motion d of the landmarks'
components from rest (the reader has already used what d says about the first P):

    minimise (x - c)' (TRUST P)^-1 (x - c) + w (d - H x)' R^-1 (d - H x)   with each of x within its limits

H (CODE, 48): response of the components to the controls; R: covariance of what H does not explain; both are measured on
clear renders of nearly frontal heads. This is a Kalman update with box constraints. w < 1 for a head that is turned
further, and for a picture whose landmarks have a larger residual than clear renders in directions that no control
explains: then they err in the other directions as well. w > 1 where that residual is smaller.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.core.names import JAW_OPEN

from .dataset import Data
from .encoder import CODE

TRUST = 1.0  # real faces double the error variance of renders; tripling it begins to cost accuracy on renders
FACING = 0.26  # rad: H and R are measured on heads turned by less
TURNED = 0.4  # rad: at this angle H leaves twice as much variance unexplained; measured on renders
CLEAR = 0.8  # share of pictures kept: where H explains the landmarks worst, the face is covered, blurred or dark
SMALLEST = 1e-3  # ridge, as a share of a control's variance: rare controls get a small response, not an arbitrary one
LEAST = 1e-4  # of the mean variance, added to a covariance: a smaller one is chance in a few pictures
SUREST = 0.05  # floor of the residual, of that of clear renders: below it lie frames at rest, which need little fitting
# Iterations of Nesterov's projected gradient, which leave .011 (rms) to the optimum on renders. The optimum itself is
# no nearer to the truth (r of videos .006 to .02 lower): what is left is what landmarks hardly determine.
ROUNDS = 40
FREE = 9.0  # rad: no limit, for the jaw's turns to the side and the gaze
LOWEST = torch.tensor([0.0] * 40 + [-FREE] * 2 + [0.0] * 2 + [-FREE] * 4)
HIGHEST = torch.tensor([1.0] * 39 + [JAW_OPEN] + [FREE] * 2 + [1.0] * 2 + [FREE] * 4)


class LandmarkFit(nn.Module):
    """Controls (n, 48), motion of the components from rest d (n, CODE) and head rotation (n, 3) in rad -> controls
    (n, 48) within their limits.
    """

    seen: Tensor
    keep: Tensor
    pull: Tensor
    seen_steep: Tensor
    keep_steep: Tensor
    residual: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, response: np.ndarray, unexplained: np.ndarray, error: np.ndarray) -> None:
        """response (48, CODE): H'. unexplained (CODE, CODE): R. error (48, 48): P."""
        super().__init__()
        weigh, keep = _inverse(unexplained), _inverse(TRUST * error)
        seen = response @ weigh @ response.T
        buffers = {"seen": seen, "keep": keep, "pull": weigh @ response.T, "residual": _unexplainable(response, weigh)}
        # Scaled by the diagonal, a step of one over the largest curvature always descends; w `seen` + `keep` is never
        # more curved than the more curved one of the two, whatever w.
        curved = max(_curvature(seen), _curvature(keep))
        buffers |= {"seen_steep": np.diag(seen) * curved, "keep_steep": np.diag(keep) * curved}
        for name, value in buffers.items():
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.register_buffer("lowest", LOWEST)
        self.register_buffer("highest", HIGHEST)

    def forward(self, controls: Tensor, moved: Tensor, rotation: Tensor) -> Tensor:
        weight = self.weight(moved, rotation)
        aim = weight * (moved @ self.pull) + controls @ self.keep
        pace = 1 / (weight * self.seen_steep + self.keep_steep)
        x = ahead = controls
        for k in range(ROUNDS):
            slope = aim - weight * (ahead @ self.seen) - ahead @ self.keep
            before, x = x, torch.clamp(ahead + slope * pace, self.lowest, self.highest)
            ahead = x + k / (k + 3) * (x - before)
        return x

    def weight(self, moved: Tensor, rotation: Tensor) -> Tensor:
        """w (n, 1), one over the residual's RMS. One over its variance cost .008 and .009 of r on rendered videos."""
        residual = ((moved @ self.residual) ** 2).mean(dim=1, keepdim=True)
        return residual.clamp(min=SUREST).rsqrt() / (1 + (rotation**2).sum(dim=1, keepdim=True) / TURNED**2)


def response(data: Data, rows: np.ndarray, features: Tensor, rest: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """H' (48, CODE) and R (CODE, CODE) from pictures whose rest face is known."""
    truth = data.arrays["controls"][rows].astype(np.float64)
    moved = (features - rest)[:, :CODE].numpy().astype(np.float64)
    turned = np.linalg.norm(data.arrays["rotation"][rows], axis=1)
    usable = ~np.isnan(truth).any(axis=1) & (turned < FACING)
    return fitted_response(truth[usable], moved[usable])


def fitted_response(truth: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H' and R from true controls (n, 48) and motion of the components from rest (n, CODE), outliers left out."""
    basis, unexplained = _least_squares(truth, moved)
    off = moved - truth @ basis
    distance = ((off @ np.linalg.inv(unexplained)) * off).sum(axis=1)
    clear = distance <= np.quantile(distance, CLEAR)
    return _least_squares(truth[clear], moved[clear])


def _least_squares(truth: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ridge = np.diag(truth.var(axis=0) + 1e-6) * SMALLEST * len(truth)
    basis = np.linalg.solve(truth.T @ truth + ridge, truth.T @ moved)
    off = moved - truth @ basis
    return basis, off.T @ off / len(off)


def _unexplainable(response: np.ndarray, weigh: np.ndarray) -> np.ndarray:
    """(CODE, CODE - 48): projection of the components onto the directions that no control explains, each of unit
    variance on clear renders. weigh (CODE, CODE): R^-1."""
    white = np.linalg.cholesky(weigh)
    axes, _ = np.linalg.qr(white.T @ response.T, mode="complete")
    return white @ axes[:, len(response) :]


def _curvature(matrix: np.ndarray) -> float:
    """The largest eigenvalue of a matrix scaled to a unit diagonal; where the diagonal is 0, so is the whole row."""
    size = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-12))
    return float(np.linalg.eigvalsh(matrix * size * size[:, None])[-1])


def _inverse(covariance: np.ndarray) -> np.ndarray:
    floor = LEAST * np.trace(covariance) / len(covariance) + 1e-9
    return np.linalg.inv(covariance.astype(np.float64) + floor * np.eye(len(covariance)))
