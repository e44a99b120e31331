"""Render heads by other authors with Cycles, another renderer than training's: the first test sets of `evaluate`.

    python -m training.evaluation.render_heads HEADS_FOLDER... --out data/eval       (a Python with bpy; 2 s a picture)

For each head a folder of stills and two of videos, with pictures (PNG) in the order of truth.npz, which has the arrays
that make_test describes and `present` (52,) bool: the channels this head can show. A set that has its truth.npz is not
made again, and one that was interrupted goes on where it stopped.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import foreign_heads
from .foreign_heads import Head, Script

SIZE = 400  # px, of the square pictures
SENSOR = 36.0  # mm
TALL = 28.0  # cm of the scene that the picture shows at the head's place
PIVOT = np.array([0.0, -7.0, -8.0])  # about where a head turns on its neck, cm from the middle of the eyes
SKIN = (0.55, 0.33, 0.24)  # of heads without a texture, linear
# Each light: (direction to it, colour, strength) of its lamps, and the world's colour.
WARM, COLD, WHITE = (1.0, 0.78, 0.58), (0.65, 0.8, 1.0), (1.0, 1.0, 1.0)
LIGHTS: list[tuple[list[tuple[tuple[float, float, float], tuple[float, float, float], float]], tuple[float, ...]]] = [
    ([((0.7, 0.6, 1.0), WHITE, 1.0), ((-1.0, 0.1, 0.8), WHITE, 0.35)], (0.10, 0.11, 0.12)),  # studio
    ([((0.0, 1.0, 0.9), WHITE, 1.2)], (0.25, 0.26, 0.28)),  # a ceiling lamp
    ([((-1.0, 0.2, 0.5), COLD, 1.3)], (0.05, 0.05, 0.06)),  # a window on one side
    ([((0.2, 0.0, 1.0), WHITE, 0.9)], (0.02, 0.02, 0.02)),  # a ring light
    ([((1.0, 0.4, 0.3), WARM, 1.2), ((-0.8, 0.2, 0.6), COLD, 0.5)], (0.04, 0.04, 0.05)),  # two colours
    ([((0.3, -0.7, 0.8), WARM, 0.7)], (0.08, 0.07, 0.07)),  # a screen from below
    ([((0.0, 0.7, -1.0), WHITE, 1.5), ((0.1, 0.3, 1.0), WHITE, 0.45)], (0.12, 0.12, 0.12)),  # from behind
    ([], (0.9, 0.95, 1.0)),  # an overcast sky
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("heads", type=Path, nargs="+", help="folders with the heads' npz")
    parser.add_argument("--out", type=Path, default=Path("data/eval"))
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these heads alone")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--every", type=int, default=1, help="every so manieth picture alone, for a quick look")
    options = parser.parse_args()
    for path in sorted(path for folder in options.heads for path in folder.glob("*.npz")):
        if options.only and path.stem not in options.only:
            continue
        head = foreign_heads.load(path)
        studio = Studio(head, options.samples)
        scripts = {"stills": foreign_heads.stills(head)} | {f"videos{i}": foreign_heads.video(head, i) for i in (1, 2)}
        for name, script in scripts.items():
            make(studio, head, script, options.out / f"{name}-{head.name}", options.every)


def make(studio: "Studio", head: Head, script: Script, folder: Path, every: int) -> None:
    if (folder / "truth.npz").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    begun, made = time.time(), 0
    for row in range(0, len(script.weights), every):
        path = folder / f"{row:06d}.png"
        if not path.exists():
            studio.shoot(script, row, path)
            made += 1
    count = len(script.weights)
    print(f"{folder.name}: {made} of {count} pictures in {time.time() - begun:.0f} s", flush=True)
    if every > 1:
        return
    part = folder / "part.npz"
    np.savez_compressed(
        part, weights=script.weights, turns=script.turns, emotion=script.emotion, intensity=script.intensity,
        kind=script.kind, light=script.light, time=script.time, focal=script.lens / SENSOR,
        person=np.zeros(count, int), clip=np.zeros(count, int), moment=np.full(count, -1), clear=np.ones(count, bool),
        tone=np.full(count, np.nan), age=np.full(count, np.nan), motion=head.motion, present=head.present,
    )  # fmt: skip
    part.replace(folder / "truth.npz")


class Studio:
    """One head before one camera. World axes: x to the head's left, y up, z to the camera; units are cm."""

    def __init__(self, head: Head, samples: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.head, self.scene = head, bpy.context.scene
        self.face = _mesh_object(head)
        self.eyes = _painted_eyes(head) if not any("eye" in text or "albedo" in text for text in head.textures) else []
        self.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        self.camera.data.sensor_width = SENSOR
        self.camera.data.clip_start, self.camera.data.clip_end = 1.0, 1000.0
        for thing in (self.face, *self.eyes, self.camera):
            self.scene.collection.objects.link(thing)
        self.scene.camera = self.camera
        self.lamps: list[bpy.types.Object] = []
        world: Any = bpy.data.worlds.new("World")
        if bpy.app.version < (5, 0, 0):
            world.use_nodes = True
        self.scene.world = world
        self.background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
        _cycles(self.scene, samples)

    def shoot(self, script: Script, row: int, path: Path) -> None:
        self._light(int(script.light[row]))
        lens = float(script.lens[row])
        distance = TALL * lens / SENSOR
        self.camera.data.lens = lens
        self.camera.location = (0.0, -1.5, distance)
        turn = script.turns[row]
        place = np.r_[script.place[row], 0.0] + PIVOT - turn @ PIVOT
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn, place
        vertices = self.head.posed(script.weights[row])
        self.face.data.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
        self.face.data.update()
        self.face.matrix_world = Matrix(pose.tolist())
        gaze = foreign_heads.from_arkit(script.weights[row][None])["gaze"][0]
        for side, eye in enumerate(self.eyes):
            own = np.eye(4)
            own[:3, :3] = foreign_heads.eye_rotation(*gaze[side]) * self.head.eye_radii[side]
            own[:3, 3] = self.head.eye_centers[side]
            eye.matrix_world = Matrix((pose @ own).tolist())
        self.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)

    def _light(self, number: int) -> None:
        for lamp in self.lamps:
            bpy.data.lights.remove(lamp.data)
        self.lamps = []
        lamps, world = LIGHTS[number]
        self.background.inputs["Color"].default_value = (*world, 1.0)
        for direction, color, strength in lamps:
            data: Any = bpy.data.lights.new("Lamp", "AREA")
            data.shape, data.size, data.color = "DISK", 40.0, color
            data.energy = 90_000.0 * strength  # lengths are cm, so lamps are that much stronger
            lamp = bpy.data.objects.new("Lamp", data)
            towards = Vector(direction).normalized()
            lamp.location = towards * 90.0
            lamp.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
            self.scene.collection.objects.link(lamp)
            self.lamps.append(lamp)


def _mesh_object(head: Head) -> bpy.types.Object:
    """All of the head but what is clear (corneas) and eyeballs that are painted anew."""
    painted = not any("eye" in text or "albedo" in text for text in head.textures)
    hidden = [i for i, name in enumerate(head.part_names) if "cornea" in name or (painted and name.startswith("eye_"))]
    shown = ~np.isin(head.part, hidden)
    mesh = bpy.data.meshes.new(head.name)
    mesh.from_pydata(head.vertices.tolist(), [], head.triangles[shown].tolist())
    layer = mesh.uv_layers.new(name="UV")
    corners = head.corners[shown].ravel()
    places = np.where(corners[:, None] >= 0, head.uv[np.maximum(corners, 0)], 0.0) if len(head.uv) else None
    if places is not None:
        layer.data.foreach_set("uv", places.astype(np.float32).ravel())
    for color, texture, alpha in zip(head.colors, head.textures, head.alphas, strict=True):
        mesh.materials.append(_material(head, color, texture, alpha))
    mesh.polygons.foreach_set("material_index", head.material[shown].astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(int(shown.sum()), bool))
    if not any(head.textures):  # grey heads of one colour: skin where there is skin
        mesh.materials.append(_material(head, SKIN, "", ""))
        skin = np.isin(head.part[shown], [i for i, n in enumerate(head.part_names) if n == "skin"])
        mesh.polygons.foreach_set(
            "material_index", np.where(skin, len(mesh.materials) - 1, head.material[shown]).astype(np.int32)
        )
    mesh.update()
    return bpy.data.objects.new(head.name, mesh)


def _material(head: Head, color: Any, texture: str, alpha: str) -> bpy.types.Material:
    material: Any = bpy.data.materials.new("Material")
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*(float(c) for c in color), 1.0)
    shader.inputs["Roughness"].default_value = 0.5
    for name, socket, space in ((texture, "Base Color", "sRGB"), (alpha, "Alpha", "Non-Color")):
        if name:
            image = nodes.new("ShaderNodeTexImage")
            image.image = bpy.data.images.load(str(head.folder / name), check_existing=True)
            image.image.colorspace_settings.name = space
            links.new(image.outputs["Color"], shader.inputs[socket])
    return material


def _painted_eyes(head: Head) -> list[bpy.types.Object]:
    """Eyeballs of radius 1 that look along z, with iris and pupil, for heads whose own are plain."""
    made = []
    materials = [_material(head, color, "", "") for color in ((0.8, 0.78, 0.75), (0.12, 0.07, 0.04), (0.0, 0.0, 0.0))]
    for _ in range(2):
        mesh = bpy.data.meshes.new("Eye")
        rings, around = 48, 48
        polar = np.linspace(0.0, np.pi, rings + 1)[1:-1]
        azimuth = np.linspace(0.0, 2 * np.pi, around, endpoint=False)
        points = np.stack(
            [np.outer(np.sin(polar), np.cos(azimuth)), np.outer(np.sin(polar), np.sin(azimuth)),
             np.outer(np.cos(polar), np.ones(around))], axis=-1,
        ).reshape(-1, 3)  # fmt: skip
        faces = [
            (r * around + a, (r + 1) * around + a, (r + 1) * around + (a + 1) % around, r * around + (a + 1) % around)
            for r in range(rings - 2) for a in range(around)
        ] + [tuple(range(around))]  # fmt: skip
        mesh.from_pydata(points.tolist(), [], faces)
        for material in materials:
            mesh.materials.append(material)
        angle = np.degrees(np.arccos(np.clip([polygon.center.normalized().z for polygon in mesh.polygons], -1, 1)))
        iris, pupil = 27.0, 11.0  # degrees, as on a human eye of 12 mm radius
        which = np.where(angle < pupil, 2, np.where(angle < iris, 1, 0)).astype(np.int32)
        mesh.polygons.foreach_set("material_index", which)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
        made.append(bpy.data.objects.new("Eye", mesh))
    return made


def _cycles(scene: Any, samples: int) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = SIZE
    render.image_settings.file_format = "PNG"
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_adaptive_sampling = cycles.use_light_tree = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    # The best denoiser takes as long as all the rest, and the difference does not show at this size.
    cycles.denoising_prefilter = cycles.denoising_quality = "FAST"
    cycles.max_bounces = 3
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.view_settings.view_transform = "AgX"


if __name__ == "__main__":
    main()
