"""Presets of how a head's performance is shaped and keyed, in Blender's own preset system.

Blender finds the files in folders called presets/fields_head: ours beside this package, the artist's own in the user
folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bpy
from bl_operators.presets import AddPresetBase
from bpy.props import StringProperty

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import ROOT
from .common.job import running
from .common.wording import say, told
from .head_operator import HeadOperator, head_of
from .keys.baking import bake
from .props.on_change import together
from .takes import track_store

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

SUBDIR = "fields_head"
# Settings of one performance (frames at rest, mirror, range) or of one rig (bones) are not in a preset.
OF_THE_HEAD = (
    "emotion_intensity", "emotion_balance", "use_smoothing", "use_head_rotation", "key_style", "key_tolerance",
    "write_as",
)  # fmt: skip
OF_ITS_SHAPE = (
    "stretch", "smoothing", "use_despike", "gaps", "even", "side", "use_region", "strength", "smooth",
)  # fmt: skip


class FIELDS_OT_preset_add(  # pyright: ignore[reportIncompatibleMethodOverride] - Blender's own mix-in
    AddPresetBase, HeadOperator, bpy.types.Operator
):
    """Keep the shaping and keying of this head as a preset, or remove a preset"""

    bl_idname = "fields.preset_add"
    bl_label = "Add FIELDS Preset"
    preset_menu = "FIELDS_PT_presets"
    preset_subdir = SUBDIR
    preset_defines = [
        "head = bpy.context.scene.fields.head or bpy.context.view_layer.objects.active",
        "fields = head.fields",
        "shape = fields.shape",
    ]

    def execute(self, context: bpy.types.Context) -> Any:
        with _as_the_choice(context, head_of(context)):
            return AddPresetBase.execute(self, context)

    preset_values = [*(f"fields.{name}" for name in OF_THE_HEAD), *(f"shape.{name}" for name in OF_ITS_SHAPE)]


class FIELDS_OT_preset_use(HeadOperator, bpy.types.Operator):
    """Shape and key this head as the preset says; its keys are written anew at once"""

    bl_idname = "fields.preset_use"
    bl_label = "Use FIELDS Preset"
    bl_options = {"INTERNAL", "UNDO"}

    filepath: StringProperty(name="File", description="The preset", subtype="FILE_PATH", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        head = head_of(context)
        with together(), _as_the_choice(context, head):
            done = bpy.ops.script.execute_preset(filepath=self.filepath, menu_idname="FIELDS_PT_presets")
        if done != {"FINISHED"}:
            return {"CANCELLED"}
        if head.fields.baked and head.fields.existing_keys == "REPLACE" and track_store.has(head):
            try:
                self.report({"INFO"}, bake(context.scene, head, track_store.load(head)))
            except FieldsError as error:
                self.report({"WARNING"}, told(error))
        return {"FINISHED"}


@contextmanager
def _as_the_choice(context: bpy.types.Context, head: bpy.types.Object) -> Iterator[None]:
    """Inside, `head` is the one under FIELDS > Head: presets, which stay as artists saved them, ask for that."""
    settings = context.scene.fields
    before, settings.head = settings.head, head
    try:
        yield
    finally:
        settings.head = before


CLASSES = (FIELDS_OT_preset_add, FIELDS_OT_preset_use)


def register() -> None:
    bpy.utils.register_preset_path(str(ROOT))


def unregister() -> None:
    bpy.utils.unregister_preset_path(str(ROOT))
