"""Render made-up people and store what the real front end sees in each picture: the regressor's training data.

    python -m training.pictures.make_data --out data/renders --pictures 200000 --workers 2

Every picture goes through the crop, the landmarker and the pose estimation of `fields_blender`, so the data contains
their errors. A shard is 20 pairs of people, one of each head family. Each shard is seeded by its number alone, so the
script can be stopped and restarted. `training/dataset.py` describes a shard.

Each person: pictures at rest; expressions, some of which the other of the pair shows too; and twins, the same pictures
with other noise.
"""

import argparse
import multiprocessing
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fields_blender.capture.face import PRESENT, Face
from fields_blender.capture.face_crop import CROP, Region, crop, region_of_landmarks
from fields_blender.capture.face_networks import Landmarker
from fields_blender.capture.pose import OUTER_EYE_CORNERS, frontal, head_pose
from fields_blender.core.arkit import to_arkit
from fields_blender.core.names import LOOK_SIDE, LOOK_UP_DOWN

from ..people import FAMILIES, expressions, heads, ict_head
from ..shards.crops import jpeg, save_crops
from . import render, skin, wear

PAIRS_A_SHARD = 20
AT_REST, SHARED, OWN, TWINS = 4, 6, 8, 2
PICTURES_A_PERSON = AT_REST + SHARED + OWN + TWINS
LARGE = ("lips8", "lips4")  # arrays stored in files of their own
LOOKS_AT_CAMERA = 0.35  # share of pictures in which the eyes look at the camera
SHARDS_SEED = 11


@cache
def family(name: str, ict: Path, folder: Path, authors: tuple[str, ...]) -> heads.People:
    return heads.ict(ict, folder, authors) if name == "ict" else heads.anny(folder, authors)


@cache
def landmarker(models: Path) -> Landmarker:
    return Landmarker(models, "cpu")


@dataclass(frozen=True)
class Scene:
    """What one person does: FLAME groups (PICTURES_A_PERSON rows each) and head rotations (PICTURES_A_PERSON, 3, 3)."""

    groups: dict[str, np.ndarray]
    turns: np.ndarray


def script(rng: np.random.Generator, shared: dict[str, np.ndarray]) -> Scene:
    """One person's pictures: at rest, `shared` expressions, others of their own, and twins of the first of those."""
    own = expressions.batch(rng, OWN)
    rest = expressions.batch(rng, AT_REST)
    for name in ("expression", "jaw", "eyelids", "emotion", "intensity", "valence_arousal", "kind"):
        rest[name][:] = 0
    rest["emotion"][:, 0] = 1
    rest["gaze"] *= 0.2  # a face at rest looks ahead, so that it shows where ahead is
    rest["gaze"][0] = 0
    groups = {name: np.concatenate([rest[name], shared[name], own[name], own[name][:TWINS]]) for name in own}
    turns = np.stack([render.random_rotation(rng) for _ in range(PICTURES_A_PERSON)])
    for i in range(AT_REST, PICTURES_A_PERSON - TWINS):
        if rng.random() < LOOKS_AT_CAMERA:
            groups["gaze"][i] = towards_camera(turns[i]) + rng.normal(0, 0.03, 2)
    first = AT_REST + SHARED
    turns[-TWINS:], groups["gaze"][-TWINS:] = turns[first : first + TWINS], groups["gaze"][first : first + TWINS]
    return Scene(groups, turns)


def towards_camera(turn: np.ndarray) -> np.ndarray:
    """(2,) yaw and pitch in rad of eyes that look at the camera from a head rotated by `turn` (3, 3), clamped."""
    x, y, z = turn.T @ (0.0, 0.0, 1.0)
    reach = np.array([1.1 * LOOK_SIDE, 1.1 * LOOK_UP_DOWN])
    return np.clip([np.arctan2(x, z), np.arcsin(y)], -reach, reach)


def shard(job: tuple[int, Path, Path, Path, tuple[str, ...]]) -> tuple[int, int]:
    """Render and read one shard; returns (pictures kept, pictures drawn)."""
    number, out, models, ict, authors = job
    path = out / f"shard-{number:05d}.npz"
    if path.exists():
        return 0, 0
    rng = np.random.default_rng([SHARDS_SEED, number])
    rows: list[dict[str, np.ndarray]] = []
    crops: list[np.ndarray] = []
    for pair in range(PAIRS_A_SHARD):
        shared = expressions.batch(rng, SHARED)
        for member, name in enumerate(FAMILIES):
            scene = script(rng, shared)
            person = 2 * pair + member
            for row in pictures_of(rng, family(name, ict, out, authors), scene, landmarker(models)):
                crops.append(row.pop("crop"))
                rows.append({**row, "person": np.int32(person), "family": np.int8(member)})
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    arrays["twin"], arrays["same"] = _partners(arrays["person"], arrays.pop("number"))
    for name in LARGE:
        np.save(out / f"shard-{number:05d}.{name}.npy", arrays.pop(name))
    save_crops(path, crops)
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)
    return len(rows), 2 * PAIRS_A_SHARD * PICTURES_A_PERSON


def pictures_of(rng: np.random.Generator, people: heads.People, scene: Scene, landmarker: Landmarker):
    """One row of training data for each picture of a new person in which the front end finds the face."""
    groups = scene.groups
    performance = people.performances(rng, groups)
    person = skin.random_skin(rng)
    worn = wear.random_wear(rng, performance.neutral, people.surface, person.hair, person.colours[heads.SKIN])
    controls, weights = heads.controls(groups), to_arkit(**{name: groups[name] for name in heads.CONTROL_GROUPS})
    shots: list[tuple[render.Shot, wear.Mesh]] = []
    for i in range(PICTURES_A_PERSON):
        vertices = performance.vertices[i]
        is_twin = i >= PICTURES_A_PERSON - TWINS
        twin, mesh = shots[i - OWN] if is_twin else (None, worn.posed(vertices, rng))
        shot = render.picture(
            rng, people.surface, person, mesh, vertices, performance.eye_angle[i], scene.turns[i], weights[i], twin=twin
        )
        shots.append((shot, mesh))
        true = shot.project(performance.points[i])
        face, region = follow(rng, landmarker, shot.image, true)
        if face is None:
            continue
        height, width = shot.image.shape[:2]
        rotation, _ = head_pose(face.landmarks, width, height)
        yield {
            "number": np.int32(i),
            "crop": jpeg(crop(shot.image, region, CROP)),
            "in_crop": (region.from_picture(face.landmarks[:, :2], CROP) / CROP).astype(np.float16),
            "lips8": face.inner8[0],
            "lips4": face.inner4[0],
            "landmarks": frontal(face.landmarks, rotation, width, height).astype(np.float16),
            "rotation": rotation.astype(np.float32),
            "turn": scene.turns[i].astype(np.float32),
            "controls": controls[i].astype(np.float32),
            "emotion": groups["emotion"][i].astype(np.float32),
            "va": groups["valence_arousal"][i].astype(np.float32),
            "intensity": groups["intensity"][i].astype(np.float32),
            "kind": np.int8(groups["kind"][i]),
            "at_rest": np.bool_(i < AT_REST),
            "points": missed(face, true).astype(np.float16),
            "gaps": performance.gaps[i].astype(np.float32),
        }


def missed(face: Face, true: np.ndarray) -> np.ndarray:
    """(478, 2): from the landmarker's points to the true ones (478, 2) px, along and across the eye line, in units
    of the distance between the outer eye corners."""
    right, left = (face.landmarks[i] for i in OUTER_EYE_CORNERS)
    along = (left - right)[:2] / np.linalg.norm((left - right)[:2])
    axes = np.stack([along, [-along[1], along[0]]])
    return (true - face.landmarks[:, :2]) @ axes.T / np.linalg.norm(left - right)


def follow(
    rng: np.random.Generator, landmarker: Landmarker, image: np.ndarray, true: np.ndarray
) -> tuple[Face | None, Region]:
    """The face as `FaceTracker` reads it in the middle of a clip, and the crop of the previous frame, from which it is
    read: the one of the true points (478, 2) px, slightly moved. No face where the landmarker sees none.
    """
    region = region_of_landmarks(np.pad(true, ((0, 0), (0, 1))))
    shift, grown, turned = rng.normal(0, 0.02, 2) * region.size, np.exp(rng.normal(0, 0.03)), rng.normal(0, 0.03)
    before = Region(region.x + shift[0], region.y + shift[1], region.size * grown, region.angle + turned)
    face = landmarker.find(image, before)
    return face if face.score >= PRESENT else None, before


def _partners(person: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) each: the row of a picture's twin, and of the same expression of the pair's other person; -1 where none."""
    row_of = {(int(p), int(i)): row for row, (p, i) in enumerate(zip(person, number, strict=True))}
    twin, same = np.full(len(person), -1, np.int32), np.full(len(person), -1, np.int32)
    for (p, i), row in row_of.items():
        if i >= PICTURES_A_PERSON - TWINS:
            twin[row] = row_of.get((p, i - OWN), -1)
        if AT_REST <= i < AT_REST + SHARED:
            same[row] = row_of.get((p ^ 1, i), -1)
    return twin, same


def _one_thread() -> None:
    """In each worker, since the workers already use all cores."""
    import cv2

    import fields_blender.capture.device

    cv2.setNumThreads(1)
    fields_blender.capture.device.MAX_THREADS = 1


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=Path("data/renders"))
    arguments.add_argument("--models", type=Path, default=Path("models"))
    arguments.add_argument("--ict", type=Path, default=ict_head.DATA)
    arguments.add_argument("--pictures", type=int, default=200_000)
    arguments.add_argument(
        "--without",
        nargs="*",
        default=[],
        choices=heads.AUTHORS,
        help="authors whose shapes are left out, to test with",
    )
    arguments.add_argument("--first", type=int, default=0, help="number of the first shard")
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    count = -(-options.pictures // (2 * PAIRS_A_SHARD * PICTURES_A_PERSON))
    authors = tuple(author for author in heads.AUTHORS if author not in options.without)
    jobs = [(options.first + i, options.out, options.models, options.ict, authors) for i in range(count)]
    start, kept, drawn = time.time(), 0, 0
    with multiprocessing.get_context("spawn").Pool(options.workers, _one_thread) as pool:
        for done, (good, tried) in enumerate(pool.imap_unordered(shard, jobs), 1):
            kept, drawn = kept + good, drawn + tried
            rate = drawn / (time.time() - start)
            print(f"shard {done}/{count}: {kept} faces read of {drawn} drawn, {rate:.0f} pictures/s", flush=True)


if __name__ == "__main__":
    main()
