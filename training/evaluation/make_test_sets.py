"""Render the test sets of `evaluate`: made-up people that no training has seen, with the truth beside the pictures.

    python -m training.evaluation.make_test_sets --out data/eval

A set has a folder for each head family, `stills-ict`, `videos-anny`, … with pictures (PNG) in the order of truth.npz,
which is written last; a set that has it is not rendered again. truth.npz holds the arrays of `test_scripts.Script`, and

    person, clip   (n,) person and shot that the picture belongs to
    time           (n,) s within the shot
    focal          (n,) focal length relative to the picture's width
    clear          (n,) bool: taken with a good camera, and the face neither dark nor overexposed
    tone, age      (n,) of the skin: luminance 0..1, and 0..1 from smooth to lined
    motion         (52,) largest motion of any point by each channel at full weight, inter-ocular distances
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.capture.device import import_cv2
from fields_blender.core.arkit import from_arkit

from ..people import FAMILIES, heads, ict_head, mesh_parts
from ..pictures import render, skin, wear
from ..pictures.make_data import family
from . import test_scripts

# Not used by any training data.
SEED = 20_261_121
LUMINANCE = (0.2126, 0.7152, 0.0722)
LIT = (50, 210)  # mean grey levels of a well-exposed face
# Name -> script, people per family, pictures per second. `readout` trains the emotion read-out (`readout.py`): other
# people.
SETS: dict[str, tuple[Callable[[np.random.Generator], test_scripts.Script], int, int]] = {
    "stills": (test_scripts.stills, 150, 1),
    "ramps": (test_scripts.ramps, 10, 10),
    "sweeps": (test_scripts.sweep, 20, 10),
    "videos": (test_scripts.speaking, 6, test_scripts.RATE),
    "readout": (test_scripts.stills, 80, 1),
    "sessions": (test_scripts.session, 16, 1),
}


@dataclass(frozen=True)
class Picture:
    """image (h, w, 3) uint8 BGR; the others as in truth.npz."""

    image: np.ndarray
    focal: float
    clear: bool
    tone: float
    age: float


def shoot(rng: np.random.Generator, people: heads.People, script: test_scripts.Script) -> Iterator[Picture]:
    """Pictures of a new person of this family who performs `script`."""
    groups = from_arkit(np.concatenate([np.zeros((1, 52)), script.weights]))  # the first row must be neutral
    performance = people.performances(rng, groups)
    person = skin.random_skin(rng)
    worn = wear.random_wear(rng, performance.neutral, people.surface, person.hair, person.colours[mesh_parts.SKIN])
    tone = float(person.colours[mesh_parts.SKIN] @ LUMINANCE)

    def shot_of(i: int, chance: np.random.Generator) -> tuple[Picture, bool]:
        """Picture i, and whether anything covers the face."""
        vertices, eye_angle = performance.vertices[i + 1], performance.eye_angle[i + 1]
        mesh = worn.posed(vertices, chance)
        turn, weights = script.turns[i], script.weights[i]
        shot = render.picture(chance, people.surface, person, mesh, vertices, eye_angle, turn, weights)
        image = shot.developed(rng)
        low, high = LIT
        clear = shot.clear and low < _brightness(image, shot.project(performance.points[i + 1])) < high
        covered = len(mesh.triangles) > len(worn.mesh.triangles)
        return Picture(image, shot.focal / image.shape[1], clear, tone, person.age), covered

    def good(seed: int) -> bool:
        picture, covered = shot_of(0, np.random.default_rng(seed))
        return picture.clear and not covered

    shot_seed = rng.integers(2**32)
    while script.clear and not good(shot_seed):
        shot_seed = rng.integers(2**32)
    for i in range(len(script.weights)):
        # In a moving shot light and camera are drawn from the same seed for every frame; only the noise is new.
        yield shot_of(i, np.random.default_rng(shot_seed) if script.moving else rng)[0]


def _brightness(image: np.ndarray, points: np.ndarray) -> float:
    """Mean grey level of the picture where the face is; points (478, 2) px."""
    (x0, y0), (x1, y1) = np.clip(points.min(axis=0), 0, None).astype(int), points.max(axis=0).astype(int)
    return float(image[y0:y1, x0:x1].mean()) if y1 > y0 and x1 > x0 else 0.0


def motion(people: heads.People) -> np.ndarray:
    """(52,) largest motion of any point of one head by each channel at full weight, inter-ocular distances."""
    groups = from_arkit(np.concatenate([np.zeros((1, 52)), np.eye(52)]))
    vertices = people.performances(np.random.default_rng(SEED), groups).vertices
    return np.linalg.norm(vertices[1:] - vertices[0], axis=2).max(axis=1)


def make(name: str, people: heads.People, folder: Path, count: int) -> int:
    """Render one set of `count` people; returns the number of pictures."""
    cv2 = import_cv2()
    script_of, _, rate = SETS[name]
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[np.ndarray]] = {}
    number = 0
    for person in range(count):
        rng = np.random.default_rng([SEED, list(SETS).index(name), FAMILIES.index(people.name), person])
        script = script_of(rng)
        k = len(script.weights)
        for picture in shoot(rng, people, script):
            cv2.imwrite(str(folder / f"{number:06d}.png"), picture.image)
            for key in ("focal", "clear", "tone", "age"):
                rows.setdefault(key, []).append(np.array([getattr(picture, key)]))
            number += 1
        for key in ("weights", "turns", "emotion", "intensity", "kind", "moment"):
            rows.setdefault(key, []).append(getattr(script, key))
        for key, value in (("person", np.full(k, person)), ("time", np.arange(k) / rate)):
            rows.setdefault(key, []).append(value)
    arrays = {key: np.concatenate(values) for key, values in rows.items()}
    part = folder / "part.npz"
    np.savez_compressed(part, clip=arrays["person"], motion=motion(people), **arrays)
    part.replace(folder / "truth.npz")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/eval"))
    parser.add_argument("--ict", type=Path, default=ict_head.DATA, help="folder of ICT-FaceKit")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--share", type=float, default=1.0, help="share of the people, for a quick try")
    options = parser.parse_args()
    for name in options.sets:
        for kind in options.families:
            folder = options.out / f"{name}-{kind}"
            if (folder / "truth.npz").exists():
                continue
            begun = time.time()
            people = family(kind, options.ict, options.out)
            made = make(name, people, folder, max(round(SETS[name][1] * options.share), 1))
            print(f"{folder.name}: {made} pictures in {time.time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
