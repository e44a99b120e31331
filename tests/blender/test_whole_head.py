"""A head is one thing: each of its parts leads to the same object, with the same takes; other things are none."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy: Any = pytest.importorskip("bpy")


@pytest.fixture
def build(scene) -> Any:
    """`build(name, ...)` makes objects for a head and removes all of them at the end."""
    kept = {kind: set(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "armatures", "lights", "collections")}

    def make(name: str, kind: str = "MESH", keys: int = 0, size: float = 0.2, at=(0.0, 0.0, 0.0), parent=None) -> Any:
        data = None
        if kind == "MESH":
            data = bpy.data.meshes.new(name)
            points = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
            data.from_pydata([tuple(size / 2 * np.array(point)) for point in points], [], [])
        elif kind == "ARMATURE":
            data = bpy.data.armatures.new(name)
        elif kind == "LIGHT":
            data = bpy.data.lights.new(name, "POINT")
        made = bpy.data.objects.new(name, data)
        scene.collection.objects.link(made)
        made.location, made.parent = at, parent
        for number in range(keys + 1 if keys else 0):
            made.shape_key_add(name=("Basis", "jawOpen", "eyeBlinkLeft", "mouthSmileLeft")[number], from_mix=False)
        bpy.context.view_layer.update()
        return made

    yield make
    for kind, before in kept.items():
        for thing in set(getattr(bpy.data, kind)) - before:
            getattr(bpy.data, kind).remove(thing)


@pytest.fixture
def chosen(part) -> Any:
    """The head with this object active."""

    def ask(active) -> Any:
        bpy.context.view_layer.objects.active = active
        return part("operators.head.heads").chosen_head(bpy.context)

    return ask


@pytest.fixture
def captured(part) -> Any:
    """Gives an object a take."""
    track = part("fields_blender.core.track")

    def keep(head) -> None:
        part("operators.takes.takes").add(head, track.empty(np.arange(4) / 24.0), "take")

    return keep


def deformed(mesh, rig) -> Any:
    mesh.modifiers.new("Armature", "ARMATURE").object = rig
    return mesh


@pytest.fixture
def rigged(build) -> dict[str, Any]:
    """An empty above a rig, and meshes it deforms and carries."""
    root = build("root", "EMPTY")
    rig = build("rig", "ARMATURE", parent=root)
    face = deformed(build("face", keys=3), rig)
    return {
        "face": face, "root": root, "rig": rig,
        "teeth": build("teeth", keys=1, size=0.05, parent=rig),
        "eye": build("eye", size=0.03, parent=face),
    }  # fmt: skip


@pytest.fixture
def held(build) -> dict[str, Any]:
    """Meshes under an empty, without an armature."""
    root = build("head", "EMPTY")
    return {
        "root": root, "face": build("face", keys=3, parent=root),
        "teeth": build("teeth", keys=1, size=0.05, parent=root), "eye": build("eye", size=0.03, parent=root),
    }  # fmt: skip


@pytest.fixture
def loose(build, scene) -> dict[str, Any]:
    """Meshes in a collection of their own that nobody parented."""
    own = bpy.data.collections.new("Anna")
    scene.collection.children.link(own)
    made = {"face": build("face", keys=3), "teeth": build("teeth", keys=1, size=0.05)}
    for thing in made.values():
        scene.collection.objects.unlink(thing)
        own.objects.link(thing)
    return made


@pytest.mark.parametrize("kind", ["rigged", "held", "loose"])
def test_all_parts_lead_to_the_same_head(kind, request, chosen, captured):
    parts = request.getfixturevalue(kind)
    assert len({chosen(part) for part in parts.values()}) == 1 and chosen(parts["teeth"]) is not None
    for owner in parts.values():  # whichever of them the take was captured onto
        captured(owner)
        assert {chosen(part) for part in parts.values()} == {owner}
        owner.fields.takes.clear()


def test_before_a_take_it_is_the_face_or_what_moves_all_of_it(rigged, chosen):
    assert chosen(rigged["teeth"]) == rigged["face"]


def test_before_a_take_the_empty_stands_for_meshes_without_armature(held, chosen):
    assert chosen(held["face"]) == held["root"]


@pytest.mark.parametrize("kind", ["rigged", "held", "loose"])
def test_under_head_too_any_part_will_do(scene, kind, request, chosen, captured, build):
    parts, light = request.getfixturevalue(kind), build("light", "LIGHT")
    captured(parts["face"])
    for part in parts.values():
        scene.fields.head = part
        assert chosen(light) == parts["face"]


def test_what_is_chosen_under_head_is_the_head_even_without_shapes(scene, build, chosen):
    bare = build("bare")
    scene.fields.head = bare
    assert chosen(None) == bare


def test_lights_cubes_and_empties_are_no_heads(build, chosen, rigged):
    things = [build("light", "LIGHT"), build("cube"), build("empty", "EMPTY"), build("bones", "ARMATURE")]
    things.append(build("lamp", "LIGHT", parent=rigged["rig"]))
    assert [chosen(thing) for thing in things] == [None] * len(things) and chosen(None) is None


def test_two_characters_under_one_empty_stay_two(build, chosen, captured):
    world = build("world", "EMPTY")
    heads = []
    for x in (0.0, 1.0):
        rig = build("rig", "ARMATURE", at=(x, 0, 0), parent=world)
        heads.append((deformed(build("face", keys=3), rig), rig))
    loose = build("third", keys=3, at=(3.0, 0, 0), parent=world)
    captured(heads[0][0])
    assert chosen(heads[0][1]) == heads[0][0]
    assert chosen(heads[1][1]) == chosen(heads[1][0]) == heads[1][0]
    assert chosen(loose) == loose and chosen(world) is None


def test_a_set_under_one_empty_with_a_head_is_no_part_of_it(build, chosen):
    """Or the room would turn with the head."""
    shot = build("shot", "EMPTY")
    face, room = build("face", keys=3, parent=shot), build("room", size=6.0, parent=shot)
    lamp = build("lampshade", at=(2.0, 0, 0), parent=shot)
    assert chosen(face) == face
    assert [chosen(thing) for thing in (room, lamp, shot)] == [None, None, None]


def test_a_face_of_bones_is_its_armature(build, chosen, scene):
    rig = build("bones", "ARMATURE")
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones.new("jaw").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    skin = deformed(build("skin"), rig)
    assert chosen(rig) == rig == chosen(skin)


def test_a_mapping_of_ones_own_counts_as_use(rigged, chosen):
    rigged["rig"].fields.rows.add()
    assert chosen(rigged["face"]) == rigged["rig"]


def test_a_large_file_stays_quick(build, chosen, rigged):
    """Panels ask dozens of times each time they are drawn."""
    for _ in range(1000):
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("prop", None))
    before = time.perf_counter()
    for _ in range(10):
        chosen(rigged["face"])
    assert (time.perf_counter() - before) / 10 < 0.05


def test_in_the_window_an_answer_holds_for_a_moment(part, rigged, build, monkeypatch):
    from types import SimpleNamespace

    whole, asked = part("operators.head.whole_head"), []
    monkeypatch.setattr(whole, "bpy", SimpleNamespace(app=SimpleNamespace(background=False)))
    clock = SimpleNamespace(now=10.0)
    monkeypatch.setattr(whole, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def ask(thing) -> Any:
        asked.append(thing)
        return rigged["face"]

    assert whole.quickly(ask, rigged["rig"]) == whole.quickly(ask, rigged["rig"]) == rigged["face"]
    assert asked == [rigged["rig"]]
    whole.quickly(ask, rigged["eye"])
    clock.now += 1.0
    whole.quickly(ask, rigged["eye"])
    assert asked == [rigged["rig"], rigged["eye"], rigged["eye"]]
    gone = build("gone")
    answers = [gone, rigged["face"]]

    def ask_again(_thing) -> Any:
        return answers.pop(0)

    assert whole.quickly(ask_again, rigged["rig"]) == gone
    bpy.data.objects.remove(gone)
    assert whole.quickly(ask_again, rigged["rig"]) == rigged["face"]


def test_shapes_are_added_to_the_active_mesh_that_is_no_head_yet(scene, build, chosen):
    bare = build("bare")
    assert chosen(bare) is None and bpy.ops.fields.add_shapes.poll() and not bpy.ops.fields.bake.poll()
    with pytest.raises(RuntimeError, match="only 8 vertices"):
        bpy.ops.fields.add_shapes()


def test_a_preset_shapes_the_head_whatever_part_of_it_is_active(scene, rigged, chosen, captured, tmp_path):
    captured(rigged["face"])
    chosen(rigged["rig"])
    file = next(p for p in bpy.utils.preset_paths("fields_head"))
    assert bpy.ops.fields.preset_use(filepath=f"{file}/Stylised_and_Strong.py") == {"FINISHED"}
    assert rigged["face"].fields.emotion_intensity == pytest.approx(1.4) != rigged["rig"].fields.emotion_intensity
    assert scene.fields.head is None
    assert bpy.ops.fields.preset_add(name="mine") == {"FINISHED"}
    made = bpy.utils.preset_find("mine", "fields_head")
    assert "fields.emotion_intensity = 1.39" in Path(made).read_text()
    bpy.ops.fields.preset_add(name="mine", remove_name=True)
