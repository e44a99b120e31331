"""The last stage of training: a new emotion branch for the controls as they ship.

In the first two stages it reads the reader's own controls. Gains, landmark fit and noise gate come after those and make
the controls more accurate, so a new branch is trained on their result, with everything else frozen. It still sees
controls only, and of pictures as different from the trained ones as the reader was trained on (`batches.augmented`):
what a stranger's face is misread as must not decide the emotion.
"""

import numpy as np
import torch
from torch import Tensor

from . import losses, validation
from .batches import augmented, only
from .model import EmotionBranch
from .postprocess import ShippedNetwork
from .trainer import Trainer

PICTURES = 120_000  # trained on, at most
CHUNK = 8_000  # pictures read at once, rounded to whole people
# How certain their face at rest is, for equal shares of the pictures: one photo, a few, a person who is known.
CERTAINTY = (0.0, 0.5, 1.0, 1.0)
STEPS, BATCH, RATE = 4000, 1024, 2e-3


def trained_branch(shipped: ShippedNetwork, trainer: Trainer) -> EmotionBranch:
    """A new emotion branch, trained on the controls that `shipped` gives for the training people."""
    data = trainer.data
    rows = validation.whole_people(data, trainer.split.train, PICTURES)
    rows = rows[np.argsort(data.person[rows], kind="stable")]
    controls = shipped_controls(shipped, trainer, rows)
    label, va, intensity = (torch.from_numpy(data.arrays[name][rows]) for name in ("emotion", "va", "intensity"))
    torch.manual_seed(trainer.settings.seed)
    branch = EmotionBranch()
    optimiser = torch.optim.AdamW(branch.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    for _ in range(STEPS):
        some = torch.randint(len(rows), (BATCH,))
        output = branch(controls[some])
        loss = losses.emotion(output, label[some], va[some], intensity[some]) + losses.naming(output, label[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return branch.eval()


def shipped_controls(shipped: ShippedNetwork, trainer: Trainer, rows: np.ndarray) -> Tensor:
    """(k, 48) controls of these pictures, sorted by person, as if each showed somebody else."""
    person = trainer.data.person[rows]
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    parts = np.split(rows, starts[np.searchsorted(starts, np.arange(CHUNK, len(rows), CHUNK), side="right") - 1])
    rng, controls = np.random.default_rng(trainer.settings.seed), []
    for part in parts:
        group = torch.from_numpy(np.unique(trainer.data.person[part], return_inverse=True)[1])
        features = only(validation.features_of(trainer.data, part), trainer.settings.inputs)
        features = augmented(features, group, trainer.scale.cpu())
        rest, known = validation.resting(features, trainer.data, part)
        known *= torch.from_numpy(rng.choice(CERTAINTY, (len(part), 1))).float()
        rest = torch.lerp(trainer.mean_face.cpu().expand_as(rest), rest, known)
        with torch.no_grad():
            read, _ = shipped.reader(features, rest, known)
            controls.append(shipped.limited(shipped.fitted(read, features, rest, known)))
    return torch.cat(controls)
