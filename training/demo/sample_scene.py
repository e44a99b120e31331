"""The sample clip's scene in Blender: the ICT head as meshes and strands, eyes, light, camera. Needs bpy.

Blender's world is the camera's frame in cm: the camera stands at the origin and looks along -z with y up, so that head
and translation of `names.GROUPS` apply to the scene without conversion.
"""

from collections.abc import Iterable

import bpy
import numpy as np

from fields_blender.core.easing import smoothstep

from ..people.ict_head import PARTS, IctHead
from . import sample_appearance

SIZE = 512
FOCAL = 1.2 * SIZE  # px, the focal length that docs/data-path.md assumes
_NECK = (-13.5, -8.5)  # cm: heights between which the rotation blends from bust to head


class Studio:
    """The scene with one person. `pose` sets the expression and pose, `render` writes a PNG."""

    def __init__(self, head: IctHead, identity: np.ndarray, samples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._head = head
        self._rest = head.vertices(identity, np.zeros(39), np.zeros(3), np.zeros(2), np.zeros((2, 2)))
        eyes = head.eye_centres(identity)
        self._origin = eyes.mean(axis=0)
        self.interocular = float(np.linalg.norm(eyes[0] - eyes[1]))
        self._turns = smoothstep((self._rest[:, 1:2] - _NECK[0]) / (_NECK[1] - _NECK[0]))
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._meshes: list[tuple[bpy.types.Mesh, np.ndarray]] = []
        self._build_head(rng)
        self._strands = [
            (_curves("Brows", s, _hair_material("Brows", (0.035, 0.018, 0.010))), s)
            for s in (sample_appearance.brows(self._rest, head, rng),)
        ]
        lashes = sample_appearance.lashes(head, rng)
        self._strands.append((_curves("Lashes", lashes, _hair_material("Lashes", (0.008, 0.006, 0.005))), lashes))
        points, radius = sample_appearance.hair(self._rest, head, rng)
        self._hair = _strand_object("Hair", len(points) // 8, 8, radius, _hair_material("Hair", (0.055, 0.026, 0.013)))
        _set_points(self._hair.data, points - self._origin)
        points, quads = sample_appearance.jumper(self._rest)
        mesh = _mesh("Jumper", points - self._origin, quads, _cloth())
        self._jumper = bpy.data.objects["Jumper"]
        mesh.shade_smooth()
        _light_and_camera(samples)

    def pose(self, vertices: np.ndarray, rotation: np.ndarray, translation: np.ndarray, body: np.ndarray) -> None:
        """Vertices (n, 3) cm in the head's frame; rotation (3, 3); translation (3,) cm of the point between the eyes;
        `body` (3,) cm: the same with the head unrotated, which places the bust."""
        local = vertices - self._origin
        world = self._turns * (local @ rotation.T + translation) + (1 - self._turns) * (local + body)
        world = world.astype(np.float32)
        for mesh, indices in self._meshes:
            mesh.vertices.foreach_set("co", world[indices].ravel())
            mesh.update()
        for curves, strands in self._strands:
            local_points = strands.points(local)
            _set_points(curves.data, local_points @ rotation.T + translation)
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation, translation
        self._hair.matrix_world = matrix.T.tolist()
        self._jumper.location = body.tolist()

    def render(self, path: str) -> None:
        bpy.context.scene.render.filepath = path
        bpy.ops.render.render(write_still=True)

    def _build_head(self, rng: np.random.Generator) -> None:
        head, rest = self._head, self._rest
        assert head.triangles is not None and head.triangle_part is not None
        triangles, part = head.triangles, head.triangle_part
        bust = _connected(triangles, np.flatnonzero(part == PARTS.index("face")))
        skin = bust[triangles[:, 0]] & (part <= 1)
        inside = (part == PARTS.index("back")) & ~skin
        groups = {
            "Skin": (skin, _skin(sample_appearance.skin_picture(rest, rng))),
            "Mouth": (inside | (part == PARTS.index("gums_tongue")), _plain("Mouth", (0.42, 0.09, 0.08), 0.35, 0.25)),
            "Teeth": (part == PARTS.index("teeth"), _plain("Teeth", (0.72, 0.66, 0.54), 0.22, 0.15)),
            "Iris": (np.isin(part, [PARTS.index("iris_left"), PARTS.index("iris_right")]), _iris()),
            "Sclera": (np.isin(part, [PARTS.index("sclera_left"), PARTS.index("sclera_right")]), _sclera()),
        }
        for name, (chosen, material) in groups.items():
            indices, faces = np.unique(triangles[chosen], return_inverse=True)
            mesh = _mesh(name, rest[indices], faces.reshape(-1, 3), material)
            mesh.shade_smooth()
            _attribute(mesh, "rest", rest[indices])
            if name == "Skin":
                layer = mesh.uv_layers.new(name="over_face")
                layer.uv.foreach_set("vector", sample_appearance.over_face(rest[indices])[faces.ravel()].ravel())
                _attribute(mesh, "scalp", sample_appearance.scalp_mask(rest)[indices])
            if name in ("Iris", "Sclera"):
                _attribute(mesh, "eye", head.eye_coordinates()[indices])
            self._meshes.append((mesh, indices))


def _connected(triangles: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(n,) bool: vertices connected to the triangles `chosen`."""
    reached = np.zeros(triangles.max() + 1, bool)
    reached[triangles[chosen]] = True
    while True:
        # Mouth and eye sockets share no vertex with the bust, so this stops at the seams.
        touched = reached[triangles].any(axis=1)
        before = reached.sum()
        reached[triangles[touched]] = True
        if reached.sum() == before:
            return reached


def _mesh(name: str, points: np.ndarray, faces: np.ndarray, material: bpy.types.Material) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, mesh))
    return mesh


def _attribute(mesh: bpy.types.Mesh, name: str, values: np.ndarray) -> None:
    kind, field = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
    layer = mesh.attributes.new(name, kind, "POINT")
    layer.data.foreach_set(field, np.ascontiguousarray(values, np.float32).ravel())


def _curves(name: str, strands: sample_appearance.Strands, material: bpy.types.Material) -> bpy.types.Object:
    return _strand_object(name, strands.count, len(strands.radius) // strands.count, strands.radius, material)


def _strand_object(
    name: str, count: int, points: int, radius: np.ndarray, material: bpy.types.Material
) -> bpy.types.Object:
    curves = bpy.data.hair_curves.new(name)
    curves.add_curves([points] * count)
    curves.points.foreach_set("radius", np.ascontiguousarray(radius, np.float32))
    curves.materials.append(material)
    made = bpy.data.objects.new(name, curves)
    bpy.context.scene.collection.objects.link(made)
    return made


def _set_points(curves: bpy.types.Curves, points: np.ndarray) -> None:
    curves.points.foreach_set("position", np.ascontiguousarray(points, np.float32).ravel())
    curves.update_tag()


class _Nodes:
    """Shorthand for building a material's node tree."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.output = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def node(self, kind: str, settings: dict | None = None, **inputs: object) -> bpy.types.Node:
        made = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in (settings or {}).items():
            setattr(made, name, value)
        for name, value in inputs.items():
            socket = made.inputs[int(name[1:])] if name[1:].isdigit() else made.inputs[name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return made

    def attribute(self, name: str) -> bpy.types.Node:
        return self.node("Attribute", {"attribute_name": name})

    def math(self, operation: str, *values: object) -> bpy.types.NodeSocket:
        return self.node("Math", {"operation": operation}, **{f"i{i}": v for i, v in enumerate(values)}).outputs[0]

    def ramp(self, value: object, stops: Iterable[tuple[float, tuple]]) -> bpy.types.NodeSocket:
        made = self.node("ValToRGB", i0=value)
        elements = made.color_ramp.elements
        for number, (place, colour) in enumerate(stops):
            element = elements[number] if number < 2 else elements.new(place)
            element.position, element.color = place, (*colour, 1.0)
        return made.outputs[0]

    def mix(self, factor: object, a: object, b: object) -> bpy.types.NodeSocket:
        made = self.node("Mix", {"data_type": "RGBA"}, i0=factor, i6=a, i7=b)
        return made.outputs[2]

    def surface(self, shader: bpy.types.Node) -> bpy.types.Material:
        self.tree.links.new(shader.outputs[0], self.output.inputs["Surface"])
        return self.material


def _skin(picture: np.ndarray) -> bpy.types.Material:
    size = len(picture)
    image = bpy.data.images.new("Skin", size, size, float_buffer=False)
    image.pixels.foreach_set(np.dstack([picture, np.ones((size, size), np.float32)]).astype(np.float32).ravel())
    image.pack()
    n = _Nodes("Skin")
    colour = n.node("TexImage", {"image": image, "extension": "EXTEND"}).outputs[0]
    scalp = n.attribute("scalp").outputs["Fac"]
    colour = n.mix(n.math("MULTIPLY", scalp, 0.9), colour, (0.05, 0.028, 0.018, 1))
    rest = n.attribute("rest").outputs["Vector"]
    pores = n.node("TexNoise", Vector=rest, Scale=9.0, Detail=3.0).outputs[0]
    bump = n.node("Bump", Strength=0.12, Distance=0.05, Height=pores).outputs[0]
    rough = n.node("MapRange", Value=pores, To_Min=0.38, To_Max=0.56).outputs[0]
    return n.surface(
        n.node(
            "BsdfPrincipled",
            Base_Color=colour,
            Roughness=rough,
            Normal=bump,
            Specular_IOR_Level=0.42,
            Subsurface_Weight=0.35,
            Subsurface_Radius=(0.9, 0.32, 0.18),
            Subsurface_Scale=0.28,
        )
    )


def _plain(name: str, colour: tuple[float, float, float], rough: float, scatter: float) -> bpy.types.Material:
    n = _Nodes(name)
    return n.surface(
        n.node(
            "BsdfPrincipled",
            Base_Color=(*colour, 1),
            Roughness=rough,
            Subsurface_Weight=scatter,
            Subsurface_Radius=(0.6, 0.25, 0.15),
            Subsurface_Scale=0.2,
        )
    )


def _iris() -> bpy.types.Material:
    """`eye` holds the direction from the eye's axis: x, y of a disc of radius 1 at the limbus."""
    n = _Nodes("Iris")
    eye = n.attribute("eye").outputs["Vector"]
    radius = n.node("VectorMath", {"operation": "LENGTH"}, i0=eye).outputs["Value"]
    turned = n.node("VectorMath", {"operation": "NORMALIZE"}, i0=eye).outputs[0]
    fibres = n.node("TexNoise", Vector=turned, Scale=9.0, Detail=4.0, Roughness=0.7).outputs[0]
    wobble = n.math("MULTIPLY_ADD", fibres, 0.10, n.math("SUBTRACT", radius, 0.05))
    brown = n.ramp(
        wobble,
        [
            (0.0, (0.002, 0.002, 0.002)), (0.99, (0.02, 0.016, 0.014)), (0.33, (0.002, 0.002, 0.002)),
            (0.37, (0.10, 0.055, 0.02)), (0.55, (0.10, 0.085, 0.05)), (0.82, (0.055, 0.075, 0.075)),
        ],
    )  # fmt: skip
    light = n.node("MapRange", Value=fibres, From_Min=0.3, From_Max=0.7, To_Min=0.55, To_Max=1.7).outputs[0]
    colour = n.mix(1.0, brown, brown)
    colour = n.node("VectorMath", {"operation": "SCALE"}, i0=colour, Scale=light).outputs[0]
    return n.surface(n.node("BsdfPrincipled", Base_Color=colour, Roughness=0.6, Specular_IOR_Level=0.2))


def _sclera() -> bpy.types.Material:
    """White with faint veins, and over the iris a transparent wet cornea."""
    n = _Nodes("Sclera")
    eye = n.attribute("eye").outputs["Vector"]
    radius = n.node("VectorMath", {"operation": "LENGTH"}, i0=eye).outputs["Value"]
    veins = n.node("TexNoise", Vector=n.attribute("rest").outputs["Vector"], Scale=2.2, Detail=6.0, Distortion=1.2)
    pink = n.node("MapRange", Value=veins.outputs[0], From_Min=0.5, From_Max=0.75, To_Min=0.0, To_Max=0.45).outputs[0]
    colour = n.mix(pink, (0.68, 0.64, 0.60, 1), (0.60, 0.36, 0.32, 1))
    rim = n.node("MapRange", Value=radius, From_Min=0.98, From_Max=1.25, To_Min=0.55, To_Max=0.0).outputs[0]
    colour = n.mix(rim, colour, (0.16, 0.13, 0.12, 1))
    white = n.node(
        "BsdfPrincipled",
        Base_Color=colour,
        Roughness=0.12,
        Subsurface_Weight=0.15,
        Subsurface_Radius=(0.4, 0.2, 0.15),
        Subsurface_Scale=0.2,
    )
    clear = n.node("BsdfTransparent")
    wet = n.node("BsdfGlossy", Roughness=0.03)
    fresnel = n.node("Fresnel", IOR=1.376).outputs[0]
    cornea = n.node("MixShader", i0=fresnel, i1=clear.outputs[0], i2=wet.outputs[0])
    edge = n.node("MapRange", Value=radius, From_Min=0.93, From_Max=1.04).outputs[0]
    return n.surface(n.node("MixShader", i0=edge, i1=cornea.outputs[0], i2=white.outputs[0]))


def _hair_material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    n = _Nodes(name)
    shade = n.node("HairInfo").outputs["Random"]
    darker, lighter = (tuple(k * c for c in colour) for k in (0.8, 1.25))
    return n.surface(
        n.node(
            "BsdfPrincipled",
            Base_Color=n.mix(shade, (*darker, 1), (*lighter, 1)),
            Roughness=0.6,
            Specular_IOR_Level=0.25,
        )
    )


def _cloth() -> bpy.types.Material:
    n = _Nodes("Jumper")
    knit = n.node("TexWave", {"bands_direction": "X"}, Scale=1.6, Distortion=1.0, Detail=1.0).outputs["Fac"]
    bump = n.node("Bump", Strength=0.35, Distance=0.15, Height=knit).outputs[0]
    return n.surface(
        n.node("BsdfPrincipled", Base_Color=(0.045, 0.085, 0.10, 1), Roughness=0.9, Normal=bump, Sheen_Weight=0.3)
    )


def _light_and_camera(samples: int) -> None:
    scene = bpy.context.scene
    camera = bpy.data.cameras.new("Camera")
    camera.sensor_width, camera.lens = 36.0, 36.0 * FOCAL / SIZE
    camera.clip_end = 1000
    scene.camera = bpy.data.objects.new("Camera", camera)
    scene.collection.objects.link(scene.camera)
    face = np.array([0.0, 0.0, -50.0])
    for name, place, size, power, colour in (
        ("Key", (-32, 26, -14), 30, 62000, (1.0, 0.95, 0.88)),
        ("Fill", (38, 4, -10), 50, 17000, (0.82, 0.90, 1.0)),
        ("Rim", (30, 26, -86), 30, 26000, (1.0, 0.97, 0.92)),
    ):
        light = bpy.data.lights.new(name, "AREA")
        light.size, light.energy, light.color = size, power, colour
        made = bpy.data.objects.new(name, light)
        made.location = place
        made.rotation_euler = _aim(np.array(place, float), face)
        scene.collection.objects.link(made)
    _background(scene)

    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    scene.render.threads_mode, scene.render.threads = "FIXED", 2
    scene.render.image_settings.file_format = "PNG"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.use_adaptive_sampling = "CPU", samples, False
    cycles.use_denoising, cycles.denoiser, cycles.denoising_input_passes = True, "OPENIMAGEDENOISE", "RGB_ALBEDO_NORMAL"
    # For a two-core machine: 4 s of CPU per frame, a third of the defaults, without a visible difference.
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "FAST"
    cycles.use_light_tree, scene.world.cycles.sampling_method = False, "NONE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 1, 1
    cycles.transmission_bounces, cycles.transparent_max_bounces = 2, 6
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 3.0
    scene.cycles_curves.shape = "RIBBONS"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def _aim(place: np.ndarray, target: np.ndarray) -> tuple[float, float, float]:
    from mathutils import Vector

    return tuple(Vector(target - place).to_track_quat("-Z", "Y").to_euler())


def _background(scene: bpy.types.Scene) -> None:
    """A blurred wall behind the person for the camera; dim uniform light for everything else."""
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    nodes, links = scene.world.node_tree.nodes, scene.world.node_tree.links
    nodes.clear()
    output = nodes.new("ShaderNodeOutputWorld")
    wall, room, mix, path = (
        nodes.new(f"ShaderNode{kind}") for kind in ("Background", "Background", "MixShader", "LightPath")
    )
    room.inputs["Color"].default_value, room.inputs["Strength"].default_value = (0.60, 0.68, 0.80, 1), 0.35
    window = nodes.new("ShaderNodeTexCoord").outputs["Window"]
    colour = None
    # (position in the picture, size, colour): a window, a lamp, a shelf, all out of focus.
    for place, size, shade in (
        ((0.85, 0.65), (0.9, 1.1), (0.20, 0.185, 0.165)),
        ((0.10, 0.80), (0.30, 0.42), (0.16, 0.20, 0.24)),
        ((0.93, 0.40), (0.15, 0.16), (0.30, 0.19, 0.09)),
        ((0.08, 0.25), (0.35, 0.20), (0.05, 0.035, 0.025)),
    ):
        mapping, gradient = nodes.new("ShaderNodeMapping"), nodes.new("ShaderNodeTexGradient")
        mapping.vector_type, gradient.gradient_type = "TEXTURE", "QUADRATIC_SPHERE"
        mapping.inputs["Location"].default_value = (*place, 0)
        mapping.inputs["Scale"].default_value = (*size, 1)
        glow = nodes.new("ShaderNodeMix")
        glow.data_type, glow.blend_type = "RGBA", "ADD"
        glow.inputs[6].default_value, glow.inputs[7].default_value = (0.035, 0.042, 0.05, 1), (*shade, 1)
        links.new(window, mapping.inputs[0])
        links.new(mapping.outputs[0], gradient.inputs[0])
        links.new(gradient.outputs["Fac"], glow.inputs[0])
        if colour:
            links.new(colour, glow.inputs[6])
        colour = glow.outputs[2]
    links.new(colour, wall.inputs["Color"])
    links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    links.new(room.outputs[0], mix.inputs[1])
    links.new(wall.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], output.inputs["Surface"])
