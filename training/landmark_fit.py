"""What the reader says of a face, made to agree with how its landmarks moved: the last layer of the shipped network.

Real faces look other than renders, and what the reader takes from the inner maps is then more often wrong than it
knows. Where the landmarks went is seen as well on real faces as on renders. So controls c, whose error has the
covariance P on renders and in life TRUST P besides, are moved to the likeliest ones, x, for which the landmarks'
components would have moved by d (what they tell of the first P the reader has used already):

    minimise (x - c)' (TRUST P)^-1 (x - c) + w (d - H x)' R^-1 (d - H x)   with each of x within its limits

H (CODE, 48): how the components move with the controls; R: covariance of what H does not explain, both on clear
renders turned little. It is a Kalman update held to what a face can do. w < 1 for a head turned more, and for a picture
whose landmarks stray further than those of the clear renders to where no control takes them: they err elsewhere as
well. w > 1 where they stray less.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fields_blender.core.names import JAW_OPEN

from .encoder import CODE
from .load import Data

TRUST = 1.0  # as much error again on real faces as on renders; twice that begins to cost on renders
FACING = 0.26  # rad: H and R are of heads turned less
TURNED = 0.4  # rad: of a head turned so far, H leaves twice as much variance unexplained; measured on renders
CLEAR = 0.8  # share of pictures kept: those whose landmarks H explains worst are covered, blurred or dark
SMALLEST = 1e-3  # of a control's variance, so that rare controls get a small response rather than any
LEAST = 1e-4  # of the mean variance: what a few pictures give by chance is not known so well
SUREST = 0.05  # of what is unexplained on clear renders: below it are frames at rest, which have little to be moved for
# Of Nesterov's projected gradient, which is .011 (rms) from the end then, on renders. The end itself is no nearer to
# the truth there (r of videos .006 to .02 lower): what is left is what landmarks hardly tell.
ROUNDS = 40
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
    seen_steep: Tensor
    keep_steep: Tensor
    strange: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, response: np.ndarray, unexplained: np.ndarray, error: np.ndarray) -> None:
        """response (48, CODE): H'. unexplained (CODE, CODE): R. error (48, 48): P."""
        super().__init__()
        weigh, keep = _inverse(unexplained), _inverse(TRUST * error)
        seen = response @ weigh @ response.T
        buffers = {"seen": seen, "keep": keep, "pull": weigh @ response.T, "strange": _unexplainable(response, weigh)}
        # Scaled by its diagonal, a step of one over the largest curvature goes down everywhere; w `seen` + `keep` is
        # curved no more than the more curved one of the two, whatever w.
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
        """w (n, 1): by the square root; as the variance itself it cost r of rendered videos .008 and .009."""
        strange = ((moved @ self.strange) ** 2).mean(dim=1, keepdim=True)
        return strange.clamp(min=SUREST).rsqrt() / (1 + (rotation**2).sum(dim=1, keepdim=True) / TURNED**2)


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


def _unexplainable(response: np.ndarray, weigh: np.ndarray) -> np.ndarray:
    """(CODE, CODE - 48): what takes components to where no control moves them, of unit variance each on clear renders.
    weigh (CODE, CODE): R^-1."""
    white = np.linalg.cholesky(weigh)
    axes, _ = np.linalg.qr(white.T @ response.T, mode="complete")
    return white @ axes[:, len(response) :]


def _curvature(matrix: np.ndarray) -> float:
    """The largest eigenvalue of a matrix like those once its diagonal is made 1; where it is 0, all beside it is 0."""
    size = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-12))
    return float(np.linalg.eigvalsh(matrix * size * size[:, None])[-1])


def _inverse(covariance: np.ndarray) -> np.ndarray:
    floor = LEAST * np.trace(covariance) / len(covariance) + 1e-9
    return np.linalg.inv(covariance.astype(np.float64) + floor * np.eye(len(covariance)))
