"""What an artist does with the takes of a head: duplicate, delete, blend, export, import, pack and unpack."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..fields_blender.core import track
from ..fields_blender.shape import blend
from .common.enum_items import Items, keep
from .common.wording import say
from .head.heads import chosen_head
from .head_operator import HeadOperator, head_of
from .props.on_change import together
from .takes import correction_list, takes, track_files

PARTS = [
    ("WHOLE", "Whole Face", "The whole face, and the head's movement"),
    ("UPPER", "Upper Face", "Brows, lids and cheek squint"),
    ("LOWER", "Mouth and Jaw", "Everything below the eyes"),
    ("GAZE", "Gaze", "Where the eyes look"),
    ("HEAD", "Head", "How the head turns and moves"),
]


class _OnTake(HeadOperator):
    """Acts on the chosen take of the chosen head."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or takes.active(head) is None:
            cls.poll_message_set(say("Choose a head with a take first: Capture makes one"))
            return False
        return True

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        return self.act_on(head, takes.active(head))

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        """`act`, with the take too."""
        raise NotImplementedError


class FIELDS_OT_take_duplicate(_OnTake, bpy.types.Operator):
    """Make a second take of the chosen one, to blend or to capture a part of it again"""

    bl_idname = "fields.take_duplicate"
    bl_label = "Duplicate Take"

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        with together():
            copy = takes.duplicate(head, list(head.fields.takes).index(take))
        return say("“{name}” made", name=copy.name)


class FIELDS_OT_take_delete(_OnTake, bpy.types.Operator):
    """Delete the chosen take. Keys that were baked from it stay, and so does its file"""

    bl_idname = "fields.take_delete"
    bl_label = "Delete Take"

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        name = take.name
        takes.remove(head, list(head.fields.takes).index(take))
        return say("“{name}” deleted", name=name)


def _others(_operator, context: bpy.types.Context | None) -> Items:
    """The head's takes but the chosen one."""
    head = chosen_head(context) if context else None  # Blender asks without a context too
    listed, chosen = (list(enumerate(head.fields.takes)), takes.active(head)) if head else ([], None)
    return keep("takes", [(str(i), take.name, take.strip) for i, take in listed if take != chosen])


class FIELDS_OT_take_blend(_OnTake, bpy.types.Operator):
    """Make a new take by mixing another into the chosen one: the whole face, or a part of it"""

    bl_idname = "fields.take_blend"
    bl_label = "Blend Takes"

    other: EnumProperty(name="With", description="The other take", items=_others)
    part: EnumProperty(name="Part", description="What is taken from the other", items=PARTS)
    share: FloatProperty(
        name="Share",
        description="How much of the other take: 0 nothing, 1 all",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.5,
    )
    align: BoolProperty(
        name="Align Starts", description="Let the other take begin when the chosen one does, wherever it was captured"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or len(head.fields.takes) < 2:
            cls.poll_message_set(say("This needs a head with two takes: capture again, or import one"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        head = head_of(context)
        take, other = takes.active(head), head.fields.takes[int(self.other)]
        self.align = other.end < take.start or other.start > take.end
        return context.window_manager.invoke_props_dialog(self)

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        other = head.fields.takes[int(self.other)]
        first, second = takes.read(take), takes.read(other)
        if self.align:
            second = blend.moved(second, first.time[0] - second.time[0])
        made = blend.blend(first, second, self.share, self.part)
        index, name = list(head.fields.takes).index(take), f"{take.name} + {other.name}"
        blended = takes.add(head, made, name)
        with together():  # read again: adding moves the takes in memory
            correction_list.copied(head.fields.takes[index], blended)
        return say("“{name}” made. Bake Keys writes it", name=blended.name)


class FIELDS_OT_take_export(_OnTake, bpy.types.Operator, ExportHelper):
    """Write the chosen take to a .npz file, which Import Take and the command line read"""

    bl_idname = "fields.take_export"
    bl_label = "Export Take"
    bl_options = {"REGISTER"}
    filename_ext = ".npz"

    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.filepath = bpy.path.clean_name(takes.active(head_of(context)).name, replace=" ") + ".npz"
        return ExportHelper.invoke(self, context, event)

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        path = Path(self.filepath)
        track_files.save(correction_list.carried(take, takes.read(take)), path)
        return say("“{name}” written to {file}", name=take.name, file=path.name)


class FIELDS_OT_take_import(HeadOperator, bpy.types.Operator, ImportHelper):
    """Add takes from .npz files that FIELDS wrote, here or on the command line"""

    bl_idname = "fields.take_import"
    bl_label = "Import Take"

    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})
    link: BoolProperty(
        name="Keep in File", description="Leave the performance in its file instead of copying it into the .blend"
    )

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        path = Path(self.filepath)
        performance = track.load(path)
        take = takes.add(head, performance, path.stem)
        with together():
            correction_list.put(take, performance)
        if self.link:
            takes.point_to(take, path)
        return say("“{name}” imported. Bake Keys writes it", name=take.name)


class FIELDS_OT_take_load(_OnTake, bpy.types.Operator):
    """Read the chosen take from its file, which lies outside of this .blend's folder"""

    bl_idname = "fields.take_load"
    bl_label = "Load Take"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not takes.active(head_of(context)).outside:
            cls.poll_message_set(say("This take is loaded"))
            return False
        return True

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        takes.load(take)
        return say("“{name}” loaded. Bake Keys writes it", name=take.name)


class FIELDS_OT_take_pack(_OnTake, bpy.types.Operator):
    """Store the chosen take in this .blend instead of its file, or in a file beside it instead of the .blend"""

    bl_idname = "fields.take_pack"
    bl_label = "Pack or Unpack Take"

    def act_on(self, head: bpy.types.Object, take: Any) -> str:
        if take.file:
            takes.pack(head, take)
            return say("“{name}” is in the .blend now. Its file was left where it is", name=take.name)
        takes.unpack(head, take)
        return say("“{name}” is in {file} now", name=take.name, file=take.file)


CLASSES = (
    FIELDS_OT_take_duplicate,
    FIELDS_OT_take_delete,
    FIELDS_OT_take_blend,
    FIELDS_OT_take_export,
    FIELDS_OT_take_import,
    FIELDS_OT_take_load,
    FIELDS_OT_take_pack,
)
