"""What the reader says of a face, made to agree with how its landmarks moved: the last layer of the shipped network.

Real faces look other than renders, and what the reader takes from the inner maps is then more often wrong than it
knows. Where the landmarks went is seen as well on real faces as on renders. So controls c, whose error has the
covariance P on renders and in life TRUST P besides, are moved to the likeliest ones, x, for which the landmarks'
components would have moved by d (what they tell of the first P the reader has used already):

    minimise (x - c)' (TRUST P)^-1 (x - c) + w (d - H x)' R^-1 (d - H x)   with each of x within its limits

H (CODE, 48): how the components move with the controls; R: covariance of what H does not explain, both on clear
renders turned little; w < 1 for a head turned more. It is a Kalman update held to what a face can do.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.names import JAW_OPEN

from .encoder import CODE
from .load import Data

TRUST = 1.0  # as much error again on real faces as on renders; twice that begins to cost on renders
FACING = 0.26  # rad: H and R are of heads turned less
TURNED = 0.4  # rad: of a head turned so far, H leaves twice as much variance unexplained; measured on renders
CLEAR = 0.8  # share of pictures kept: those whose landmarks H explains worst are covered, blurred or dark
SMALLEST = 1e-3  # of a control's variance, so that rare controls get a small response rather than any
LEAST = 1e-4  # of the mean variance: what a few pictures give by chance is not known so well
ROUNDS = 40  # of projected gradient: within .005 of the end of it
FREE = 9.0  # rad: no limit, for the jaw's turns to the side and the gaze
LOWEST = torch.tensor([0.0] * 40 + [-FREE] * 2 + [0.0] * 2 + [-FREE] * 4)
HIGHEST = torch.tensor([1.0] * 39 + [JAW_OPEN] + [FREE] * 2 + [1.0] * 2 + [FREE] * 4)


class LandmarkFit(nn.Module):
    """Controls (n, 48), the components' way from rest d (n, CODE) and head rotation (n, 3) in rad -> controls (n, 48)
    within their limits.
    """

    seen: Tensor
    keep: Tensor
    pull: Tensor
    pace: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, response: np.ndarray, unexplained: np.ndarray, error: np.ndarray) -> None:
        """response (48, CODE): H'. unexplained (CODE, CODE): R. error (48, 48): P."""
        super().__init__()
        weigh, keep = _inverse(unexplained), _inverse(TRUST * error)
        seen = response @ weigh @ response.T
        # Scaled by its diagonal, a step of one over the largest curvature goes down everywhere.
        size = 1 / np.sqrt(np.diag(seen + keep))
        pace = size**2 / np.linalg.eigvalsh((seen + keep) * size * size[:, None])[-1]
        for name, value in (("seen", seen), ("keep", keep), ("pull", weigh @ response.T), ("pace", pace)):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.register_buffer("lowest", LOWEST)
        self.register_buffer("highest", HIGHEST)

    def forward(self, controls: Tensor, moved: Tensor, rotation: Tensor) -> Tensor:
        weight = 1 / (1 + (rotation**2).sum(dim=1, keepdim=True) / TURNED**2)
        aim = weight * (moved @ self.pull) + controls @ self.keep
        x = controls
        for _ in range(ROUNDS):
            slope = aim - weight * (x @ self.seen) - x @ self.keep
            x = torch.clamp(x + slope * self.pace, self.lowest, self.highest)
        return x


def response(data: Data, rows: np.ndarray, features: Tensor, rest: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """H' (48, CODE) and R (CODE, CODE) from pictures whose rest face is known."""
    truth = data.arrays["controls"][rows].astype(np.float64)
    moved = (features - rest)[:, :CODE].numpy().astype(np.float64)
    turned = np.linalg.norm(data.arrays["rotation"][rows], axis=1)
    usable = ~np.isnan(truth).any(axis=1) & (turned < FACING)
    return fitted_response(truth[usable], moved[usable])


def fitted_response(truth: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H' and R from true controls (n, 48) and the components' way from rest (n, CODE), strange pictures left out."""
    basis, unexplained = _least_squares(truth, moved)
    off = moved - truth @ basis
    strange = ((off @ np.linalg.inv(unexplained)) * off).sum(axis=1)
    clear = strange <= np.quantile(strange, CLEAR)
    return _least_squares(truth[clear], moved[clear])


def _least_squares(truth: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    held = np.diag(truth.var(axis=0) + 1e-6) * SMALLEST * len(truth)
    basis = np.linalg.solve(truth.T @ truth + held, truth.T @ moved)
    off = moved - truth @ basis
    return basis, off.T @ off / len(off)


def _inverse(covariance: np.ndarray) -> np.ndarray:
    floor = LEAST * np.trace(covariance) / len(covariance) + 1e-9
    return np.linalg.inv(covariance.astype(np.float64) + floor * np.eye(len(covariance)))
