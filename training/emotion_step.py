"""The last step of training: the emotion branch learns to read the parameters as they ship.

In the first two steps it reads what the reader says. Gains, landmark fit and quietening come after those and know more
of the face, so the branch begins anew on what they give, with everything else fixed. It still sees parameters alone.
"""

import numpy as np
import torch
from torch import Tensor

from . import agreement, losses
from .model import EmotionBranch
from .shipped import Shipped
from .train import Trainer, only

PICTURES = 120_000  # learned from, at most
AT_ONCE = 8_000  # of them read at once, in whole people
WITHOUT_REST = 0.2  # share of pictures read without their rest face
STEPS, TOGETHER, RATE = 4000, 1024, 2e-3


def taught(shipped: Shipped, trainer: Trainer) -> EmotionBranch:
    """A new emotion branch for the parameters that `shipped` gives of the people that were trained on."""
    data = trainer.data
    rows = agreement.whole_people(data, trainer.split.train, PICTURES)
    rows = rows[np.argsort(data.person[rows], kind="stable")]
    controls = shipped_controls(shipped, trainer, rows)
    label, va, intensity = (torch.from_numpy(data.arrays[name][rows]) for name in ("emotion", "va", "intensity"))
    torch.manual_seed(trainer.settings.seed)
    branch = EmotionBranch()
    optimiser = torch.optim.AdamW(branch.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    for _ in range(STEPS):
        some = torch.randint(len(rows), (TOGETHER,))
        look = branch(controls[some])
        loss = losses.emotion(look, label[some], va[some], intensity[some]) + losses.naming(look, label[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return branch.eval()


def shipped_controls(shipped: Shipped, trainer: Trainer, rows: np.ndarray) -> Tensor:
    """(k, 48) of these pictures, people one after another; some are read without their rest face."""
    person = trainer.data.person[rows]
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    parts = np.split(rows, starts[np.searchsorted(starts, np.arange(AT_ONCE, len(rows), AT_ONCE), side="right") - 1])
    rng, controls = np.random.default_rng(trainer.settings.seed), []
    for part in parts:
        features = only(agreement.features_of(trainer.data, part), trainer.settings.inputs)
        rest, known = agreement.resting(features, trainer.data, part)
        known *= torch.from_numpy(rng.random((len(part), 1)) >= WITHOUT_REST)
        with torch.no_grad():
            read, _ = shipped.reader(features, rest, known)
            controls.append(shipped.limited(shipped.fitted(read, features, rest, known)))
    return torch.cat(controls)
