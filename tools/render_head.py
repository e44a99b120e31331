"""A small photo studio for heads: camera on the head, three soft lights, Cycles settings fast enough for a movie."""

import math
from collections.abc import Sequence
from typing import Any

import bpy
from mathutils import Vector

_BACKGROUND = (0.115, 0.125, 0.14, 1.0)
# Direction from the head (x to its left, -y in front, z up), strength in W at a head of 0.25 m, size in head heights.
_LIGHTS = {
    "Key": ((0.75, -1.0, 0.65), 9.0, 2.2),
    "Fill": ((-1.1, -0.9, 0.1), 2.6, 3.0),
    "Rim": ((-0.9, 0.8, 0.5), 4.0, 1.6),
}


def setup_studio(
    scene: bpy.types.Scene, size: tuple[int, int], heads: Sequence[bpy.types.Object], turn: float = 0.0
) -> bpy.types.Object:
    """Frame and light `heads`, and set up Cycles. Returns the camera.

    `size`: width and height of the picture in pixels. `turn`: where the camera stands, rad around the head, 0 in
    front, positive to the head's left. Cycles on the CPU, because no other engine runs on a machine without a screen.
    """
    bpy.context.view_layer.update()  # the matrix of a head just added isn't computed yet
    corners = [head.matrix_world @ Vector(corner) for head in heads for corner in head.bound_box]
    low = Vector([min(corner[i] for corner in corners) for i in range(3)])
    high = Vector([max(corner[i] for corner in corners) for i in range(3)])
    for head in heads:
        _without_subsurface(head)
    return setup_around(scene, size, (low + high) / 2, high.z - low.z, turn)


def setup_around(
    scene: bpy.types.Scene, size: tuple[int, int], centre: Vector, tall: float, turn: float = 0.0
) -> bpy.types.Object:
    """As `setup_studio`, for a head of height `tall` around `centre`, which may be part of a whole figure."""
    camera = _camera(scene, centre, tall, size[0] / size[1], turn)
    for name, (direction, watts, across) in _LIGHTS.items():
        _light(scene, name, centre, tall, Vector(direction).normalized(), watts, across)
    _world(scene)
    _engine(scene, size)
    return camera


def _camera(scene: bpy.types.Scene, centre: Vector, height: float, aspect: float, turn: float) -> bpy.types.Object:
    data = bpy.data.cameras.new("Studio Camera")
    data.sensor_fit = "VERTICAL"
    data.sensor_height, data.lens = 24.0, 85.0
    data.clip_start, data.clip_end = height * 0.05, height * 100.0
    shown = 1.14 * height * max(1.0, 0.8 / aspect)
    distance = shown * data.lens / data.sensor_height
    away = Vector((math.sin(turn), -math.cos(turn), 0.0))
    camera = bpy.data.objects.new("Studio Camera", data)
    camera.location = centre + away * distance
    camera.rotation_euler = (math.pi / 2, 0.0, turn)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _light(
    scene: bpy.types.Scene, name: str, centre: Vector, height: float, direction: Vector, watts: float, width: float
) -> None:
    data: Any = bpy.data.lights.new(f"Studio {name}", "AREA")
    data.shape = "DISK"
    data.size = width * height
    data.energy = watts * (height / 0.25) ** 2  # the same light on heads of every size
    light = bpy.data.objects.new(f"Studio {name}", data)
    light.location = centre + direction * 3.2 * height
    light.rotation_euler = (-direction).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(light)


def _world(scene: bpy.types.Scene) -> None:
    world: Any = bpy.data.worlds.new("Studio")
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = _BACKGROUND
    scene.world = world


def _without_subsurface(head: bpy.types.Object) -> None:
    """Switch off subsurface scattering: it takes a third of the time and is hardly visible at this size."""
    for slot in head.material_slots:
        material: Any = slot.material
        if material and material.node_tree:
            for node in material.node_tree.nodes:
                if node.type == "BSDF_PRINCIPLED" and "Subsurface Weight" in node.inputs:
                    node.inputs["Subsurface Weight"].default_value = 0.0


def _engine(scene: Any, size: tuple[int, int]) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    # With persistent data every pose of the mesh would be an update, which takes twice as long as building it again.
    render.use_persistent_data = False
    cycles.device = "CPU"
    cycles.samples = 4
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "FAST"  # the accurate one takes as long as everything else
    cycles.denoising_quality = "FAST"
    cycles.max_bounces = cycles.diffuse_bounces = 2
    cycles.glossy_bounces = cycles.transparent_max_bounces = 1
    cycles.transmission_bounces = cycles.volume_bounces = 0
    cycles.use_light_tree = False  # pays off with many lights; with three it takes a fifth longer
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
