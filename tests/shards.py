"""Made-up training shards for tests: faces of random points; maps of the lips and features that tell the controls."""

from pathlib import Path

import numpy as np

from training.shards.crops import jpeg, save_crops

PEOPLE, PICTURES, AT_REST = 44, 10, 2
FEATURES = 1875  # as in training.encoder, which needs torch


def face() -> np.ndarray:
    """(478, 3): points in pairs on both sides, in random order, a tenth of them in the middle."""
    rng = np.random.default_rng(5)
    half = rng.normal(0, 1, (478 // 2, 3)) * (1, 1, 0.3) + (2.5, 0, 0)
    half[:48, 0] = rng.normal(0, 0.02, 48)
    return rng.permutation(np.concatenate([half, half * (-1, 1, 1)]))


def write(folder: Path, shards: int = 1, people: int = PEOPLE, seed: int = 0) -> None:
    """Shards as `training.dataset` describes them, with `bases.npz` beside them; neighbours share an expression."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    motion = rng.normal(0, 0.05, (48, 478, 3)).astype(np.float32)
    np.savez(folder / "bases.npz", vertices=rng.normal(0, 0.05, (48, 20, 3)), motion=motion)
    for number in range(shards):
        write_shard(folder / f"shard-{number:05d}.npz", rng, motion, people)


def write_shard(path: Path, rng: np.random.Generator, motion: np.ndarray, people: int) -> None:
    n = people * PICTURES
    person, place = np.repeat(np.arange(people), PICTURES), np.tile(np.arange(PICTURES), people)
    at_rest = place < AT_REST
    controls = rng.random((n, 48)) * (rng.random((n, 48)) < 0.4)
    controls[:, 41] = 0
    row = np.arange(n)
    same = np.where(place == AT_REST, (person ^ 1) * PICTURES + place, -1)
    even = (place == AT_REST) & (person % 2 == 0)
    controls[same[even]] = controls[even]
    twin = np.where(place == PICTURES - 1, row - 1, -1)
    controls[twin >= 0] = controls[twin[twin >= 0]]
    controls[at_rest] = 0
    landmarks = face() + rng.normal(0, 0.1, (people, 478, 3))[person] + np.einsum("nk,kpd->npd", controls, motion)
    emotion = np.zeros((n, 8))
    intensity = controls.mean(axis=1, keepdims=True)
    emotion[row, np.where(at_rest, 0, 1 + controls[:, :7].argmax(axis=1))] = 1
    lips8, lips4 = rng.normal(0, 1, (n, 64, 8, 8)), rng.normal(0, 1, (n, 128, 4, 4))
    # Some channels of the maps are as strong as one control.
    for maps in (lips8, lips4):
        maps[:, :48] += 3 * controls[:, :, None, None]
    np.savez(
        path,
        landmarks=landmarks.astype(np.float16),
        rotation=rng.normal(0, 0.2, (n, 3)).astype(np.float32),
        controls=controls.astype(np.float32),
        emotion=emotion.astype(np.float32),
        va=(controls[:, 20:22] - 0.3).astype(np.float32),
        intensity=intensity.astype(np.float32),
        points=rng.normal(0, 0.02, (n, 478, 2)).astype(np.float16),
        gaps=controls[:, 42:45].astype(np.float32),
        person=person.astype(np.int32),
        in_crop=rng.uniform(0.3, 0.7, (n, 478, 2)).astype(np.float16),
        at_rest=at_rest,
        family=(person % 2).astype(np.int8),
        twin=twin.astype(np.int32),
        same=same.astype(np.int32),
    )
    features = rng.normal(0, 1, (n, FEATURES)) + rng.normal(0, 1, (people, FEATURES))[person]
    features[:, : 48 * 20] += 2 * np.repeat(controls, 20, axis=1)
    np.save(path.with_suffix(".features.npy"), features.astype(np.float16))
    np.save(path.with_suffix(".lips8.npy"), lips8.astype(np.float16))
    np.save(path.with_suffix(".lips4.npy"), lips4.astype(np.float16))
    save_crops(path, [jpeg(rng.integers(0, 256, (320, 320, 3), np.uint8))] * n)
