"""The extension as an artist has it: in a fresh user folder, enabled once for all tests here, disabled at the end."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

# Set before bpy is imported, which reads it once. The machine's own Blender settings are neither seen nor changed.
RESOURCES = tempfile.mkdtemp(prefix="fields-blender-")
os.environ["BLENDER_USER_RESOURCES"] = RESOURCES

bpy: Any = pytest.importorskip("bpy", reason="Blender as a Python module (bpy) is not installed")

NAME = "bl_ext.user_default.fields_facial_capture"


@pytest.fixture(scope="session", autouse=True)
def extension() -> Iterator[ModuleType]:
    """The enabled extension's package."""
    import addon_utils

    # Otherwise adding a strip starts a proxy job, and bpy crashes at exit if the strip's scene is gone by then.
    bpy.context.preferences.system.sequencer_proxy_setup = "MANUAL"
    folder = Path(RESOURCES, "extensions", "user_default")
    folder.mkdir(parents=True)
    (folder / "fields_facial_capture").symlink_to(Path(__file__).parents[2], target_is_directory=True)
    failures: list[BaseException] = []
    module = addon_utils.enable(NAME, default_set=True, handle_error=failures.append)
    try:
        if module is None:
            pytest.fail(f"The extension can't be enabled: {failures[0] if failures else 'see the output above'}")
        yield module
    finally:
        # bpy 4.5 hangs at exit when a class is left registered.
        addon_utils.disable(NAME, default_set=True)
        shutil.rmtree(RESOURCES, ignore_errors=True)


@pytest.fixture
def part(extension: ModuleType) -> Any:
    """`part("operators.footage.chosen_footage")` is that module of the enabled extension."""
    return lambda name: importlib.import_module(f"{NAME}.{name}")


@pytest.fixture
def scene() -> Iterator[Any]:
    """A new scene of 24 frames a second in the window, removed afterwards."""
    before = bpy.context.window.scene
    made = bpy.data.scenes.new("test")
    made.render.fps, made.render.fps_base = 24, 1.0
    bpy.context.window.scene = made
    if hasattr(bpy.context.workspace, "sequencer_scene"):  # 5.0
        bpy.context.workspace.sequencer_scene = made
    yield made
    bpy.context.window.scene = before
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = before
    bpy.data.scenes.remove(made)


@pytest.fixture
def small_head(scene: Any, part: Any) -> Any:
    """A mesh with the 52 keys, chosen as the head. Keys are what was captured: gaps stay gaps."""
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0)], [], [])
    made = bpy.data.objects.new("Face", mesh)
    scene.collection.objects.link(made)
    made.shape_key_add(name="Basis", from_mix=False)
    for name in part("fields_blender.core.names").ARKIT:
        made.shape_key_add(name=name, from_mix=False)
    scene.fields.head = made
    made.fields.shape.gaps, made.fields.shape.use_confidence = "NO_KEYS", False
    return made


@pytest.fixture
def show(part: Any, scene: Any) -> Any:
    """`show(head, jawOpen=0.5, ...)` keys a head with a performance of these ARKit weights, and goes there."""
    names, arkit, track = (
        part("fields_blender.core.names"),
        part("fields_blender.core.arkit"),
        part("fields_blender.core.track"),
    )

    def key(head: Any, **weights: float) -> Any:
        head.fields.key_style = "EVERY"
        values = np.zeros((4, 52))
        for name, weight in weights.items():
            values[:, names.ARKIT.index(name)] = weight
        groups = {n: np.zeros((4, *shape), np.float32) for n, shape in names.GROUPS.items()}
        groups |= {n: made.astype(np.float32) for n, made in arkit.from_arkit(values).items()}
        groups["confidence"][:] = 1.0
        mapping = part("operators.head.mappings").of(head)
        curves = part("fields_blender.rig.retarget").retarget(track.Track(np.arange(4) / 24.0, groups), mapping)
        bpy.context.view_layer.update()
        found = part("operators.head.heads").find(head, mapping)
        report = part("operators.keys.write_keys").write(found, curves, np.arange(4), mapping, "FIELDS test")
        scene.frame_set(2)
        bpy.context.view_layer.update()
        return report

    return key


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """For each rate, a second and a half of painted frames."""
    from tests.make_clips import write_video

    folder = tmp_path_factory.mktemp("videos")
    return {rate: write_video(folder / f"{rate}.mp4", int(1.5 * rate), rate) for rate in (24, 25, 29.97, 30, 60)}


@pytest.fixture
def footage(scene: Any, small_head: Any, part: Any) -> Iterator[Any]:
    """`footage(strip, ...)` chooses strips for the reference view, which is removed at the end."""

    def choose(*chosen: Any) -> None:
        editor = scene.sequence_editor
        for strip in editor.strips if hasattr(editor, "strips") else editor.sequences:
            strip.select = strip in chosen
        editor.active_strip = chosen[0]

    yield choose
    part("operators.reference_images").remove(scene)
