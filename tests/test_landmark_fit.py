"""Controls made to agree with how the landmarks moved."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training import landmark_fit  # noqa: E402
from training.encoder import CODE  # noqa: E402
from training.landmark_fit import HIGHEST, LOWEST, LandmarkFit  # noqa: E402
from training.model import CONTROLS  # noqa: E402

SEEN = 24  # controls that move landmarks here
FACES = 200
AHEAD = torch.zeros(FACES, 3)


@pytest.fixture
def face():
    """A fit whose first SEEN controls move the landmarks, and true controls within limits (FACES, 48)."""
    rng = np.random.default_rng(3)
    response = rng.normal(0, 1, (CONTROLS, CODE)) * (np.arange(CONTROLS) < SEEN)[:, None]
    fit = LandmarkFit(response, 0.5 * np.eye(CODE), 0.04 * np.eye(CONTROLS))
    truth = torch.minimum(torch.from_numpy(rng.uniform(0, 1, (FACES, CONTROLS))).float(), HIGHEST)
    return fit, torch.from_numpy(response).float(), truth


def test_controls_that_explain_the_landmarks_stay(face):
    fit, response, truth = face
    assert torch.allclose(fit(truth, truth @ response, AHEAD), truth, atol=1e-4)


def test_wrong_controls_are_put_right_as_far_as_landmarks_tell(face):
    fit, response, truth = face
    wrong = (truth + 0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))).clamp(LOWEST, HIGHEST)
    found = fit(wrong, truth @ response, AHEAD)
    before, after = ((x - truth).square().mean(dim=0).sqrt() for x in (wrong, found))
    assert (after[:SEEN] < 0.5 * before[:SEEN]).all()
    assert torch.allclose(found[:, SEEN:], wrong[:, SEEN:], atol=1e-4)  # what moves no landmark stays as it was read


def test_landmarks_of_a_turned_head_count_less(face):
    fit, response, truth = face
    wrong = (truth - 0.1).clamp(LOWEST, HIGHEST)
    pulled = [(fit(wrong, truth @ response, AHEAD + turn) - wrong).square().sum() for turn in (0.0, 0.5, 2.0)]
    assert pulled[0] > pulled[1] > pulled[2]


def test_landmarks_that_go_where_no_control_takes_them_count_less(face):
    """But only those: noise that is no more than expected weighs 1, and what the controls explain says nothing."""
    fit, response, truth = face
    noise = np.sqrt(0.5) * torch.randn((FACES, CODE), generator=torch.Generator().manual_seed(2))
    usual, wild = (fit.weight(truth @ response + k * noise, AHEAD).mean() for k in (1, 4))
    assert usual == pytest.approx(1, abs=0.05) and wild == pytest.approx(0.25, abs=0.05)
    assert torch.allclose(fit.weight(3 * truth @ response + noise, AHEAD), fit.weight(noise, AHEAD), atol=1e-2)


def test_it_gets_there_whatever_the_weight(face, monkeypatch):
    fit, response, truth = face
    noise = torch.randn((FACES, CODE), generator=torch.Generator().manual_seed(2))
    moved = truth @ response + torch.linspace(0, 4, FACES)[:, None] * noise
    wrong = (truth - 0.3).clamp(LOWEST, HIGHEST)
    found = fit(wrong, moved, AHEAD)
    monkeypatch.setattr(landmark_fit, "ROUNDS", 2000)
    assert torch.allclose(found, fit(wrong, moved, AHEAD), atol=0.01)


def test_nothing_leaves_what_a_face_can_do(face):
    fit, response, truth = face
    found = fit(3 * truth - 1, 5 * (truth - 0.5) @ response, AHEAD)
    assert (found >= LOWEST).all() and (found <= HIGHEST).all()


def test_it_is_the_likeliest_face_within_the_limits(face, monkeypatch):
    """Against a search over each control in turn, far enough to be sure."""
    fit, response, truth = face
    monkeypatch.setattr(landmark_fit, "ROUNDS", 2000)
    controls, moved = 2 * truth - 0.5, (2 * truth - 0.5) @ response + 1
    found = fit(controls, moved, AHEAD)
    weight = fit.weight(moved, AHEAD)
    aim = (weight * (moved @ fit.pull) + controls @ fit.keep).double()
    steep, best = (weight[:, :, None] * fit.seen + fit.keep).double(), controls.double().clamp(LOWEST, HIGHEST)
    for _ in range(200):
        for k in range(CONTROLS):
            step = (aim[:, k] - (best * steep[:, :, k]).sum(dim=1)) / steep[:, k, k]
            best[:, k] = (best[:, k] + step).clamp(LOWEST[k], HIGHEST[k])
    assert torch.allclose(found.double(), best, atol=1e-3)


def test_the_response_is_found_where_faces_are_clear():
    """A tenth of the pictures lie about their landmarks; they are left out."""
    rng = np.random.default_rng(4)
    response, n = rng.normal(0, 1, (CONTROLS, CODE)), 3000
    truth = rng.uniform(0, 1, (n, CONTROLS))
    moved = truth @ response + rng.normal(0, 0.1, (n, CODE))
    moved[: n // 10] = rng.normal(0, 20, (n // 10, CODE))
    basis, unexplained = landmark_fit.fitted_response(truth, moved)
    assert np.abs(basis - response).max() < 0.1
    assert np.sqrt(np.diag(unexplained)).max() < 0.15
