"""fields.import_performance: a recording of another tool, onto the head, as if it had been captured here."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..fields_blender.core.timeline import to_seconds
from .common import timeline
from .common.job import running
from .common.wording import say, told
from .head import flame_axes
from .head_operator import HeadOperator
from .keys.baking import bake
from .props.on_change import together
from .takes import correction_list, takes

_SUFFIXES = (".csv", ".txt", ".json", ".npz", ".npy", ".pkl")
_UNITS = [
    ("automatic", "Automatic", "Degrees where most numbers are too large for radians; the report says which"),
    ("radians", "Radians", "As the Live Link Face app writes them"),
    ("degrees", "Degrees", "As some converters write them"),
    ("40 degrees", "40° per Unit", "As tools for Character Creator and iClone read them"),
]
_WEIGHTS = [
    ("automatic", "Automatic", "Percent where the numbers stay above 2; the report says which"),
    ("0 to 1", "0 to 1", "As Live Link Face and ARKit have them"),
    ("percent", "Percent", "0 to 100, as iFacialMocap has them"),
]


class FIELDS_OT_import_performance(HeadOperator, bpy.types.Operator, ImportHelper):
    """Import a facial performance (Live Link Face, iFacialMocap, Face Cap, Audio2Face, FLAME) onto the head"""

    bl_idname = "fields.import_performance"
    bl_label = "Import Performance"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filename_ext = ""
    filter_glob: StringProperty(default=";".join(f"*{s}" for s in _SUFFIXES), options={"HIDDEN"})
    frame_start: IntProperty(
        name="Start Frame",
        description="The scene frame on which the performance begins",
        default=1,
        options={"SKIP_SAVE"},
    )
    use_frame_rate: BoolProperty(
        name="Set Frame Rate",
        description="For files that don't say theirs or say it wrong: of frame numbers and time codes too. Off, it is "
        "what the file says, or the usual one of its format",
    )
    frame_rate: FloatProperty(
        name="Frame Rate",
        description="Frames per second",
        default=60.0,
        min=1.0,
        soft_max=120.0,
        max=1000.0,
    )
    head_unit: EnumProperty(
        name="Head Rotation", description="The unit of the head's rotation in files with ARKit weights",
        items=_UNITS,
    )  # fmt: skip
    weight_unit: EnumProperty(
        name="Weights", description="How large a full weight is in files with ARKit weights",
        items=_WEIGHTS,
    )  # fmt: skip
    face: IntProperty(
        name="Face",
        description="Which face to read, where the recording shows several: 1 is the first",
        default=1,
        min=1,
        max=100,
        options={"SKIP_SAVE"},
    )
    flip_head: BoolProperty(
        name="Flip Head",
        description="Reverse the head's yaw and pitch, for recordings made with the phone held sideways, in which "
        "the head nods and turns the wrong way",
        default=False,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.properties.is_property_set("frame_start"):
            self.frame_start = context.scene.frame_start
        if self.properties.is_property_set("filepath"):  # dropped into the window
            return context.window_manager.invoke_props_dialog(self)
        return ImportHelper.invoke(self, context, event)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "frame_start")
        row = layout.row(heading="Frame Rate")
        row.prop(self, "use_frame_rate", text="")
        rate = row.row()
        rate.active = self.use_frame_rate
        rate.prop(self, "frame_rate", text="")
        layout.prop(self, "weight_unit")
        layout.prop(self, "head_unit")
        layout.prop(self, "flip_head")
        layout.prop(self, "face")

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        # Here, so that enabling the extension stays quick.
        from ..fields_blender.exchange import recordings

        path = Path(bpy.path.abspath(self.filepath))
        start = self.frame_start if self.properties.is_property_set("frame_start") else context.scene.frame_start
        axes = flame_axes.of(context, head)
        options = recordings.Options(
            unit=self.head_unit,
            flip_head=self.flip_head,
            fps=self._rate(),
            weight_unit=self.weight_unit,
            axes=axes,
            face=self.face,
        )
        later = to_seconds(start, timeline.rate(context.scene))
        notes = []
        performance = recordings.starting_at(recordings.read(path, options, notes), later)
        take = takes.keep(context.scene, head, performance, path.stem)
        with together():
            correction_list.put(take, performance)
        if context.scene.fields.head is None:  # so that the take stays in sight, whatever is clicked next
            context.scene.fields.head = head
        context.view_layer.update()
        report = say("“{file}”: {report}", file=path.name, report=bake(context.scene, head, performance))
        report = ". ".join([report, *(told(note).removesuffix(".") for note in notes)])
        takes.tell(head, report)
        return report

    def _rate(self) -> float | None:
        """The frame rate that was set, with the switch or by a script that names it alone."""
        given = self.properties.is_property_set
        wanted = self.use_frame_rate if given("use_frame_rate") else given("frame_rate")
        return self.frame_rate if wanted else None


class FIELDS_FH_performance(bpy.types.FileHandler):
    """Recordings that are dropped into the 3D View"""

    bl_idname = "FIELDS_FH_performance"
    bl_label = "Facial Performance"
    bl_import_operator = FIELDS_OT_import_performance.bl_idname
    bl_file_extensions = ";".join(_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


CLASSES = (FIELDS_OT_import_performance, FIELDS_FH_performance)
