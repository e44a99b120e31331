"""fields.export_performance: the head's performance as a file that other tools read."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ..fields_blender.core.errors import FieldsError
from .common.wording import say
from .head import flame_axes
from .head_operator import HeadOperator, head_of
from .keys.performance import played
from .takes import track_store

_FORMATS = [
    ("LIVE_LINK", "Live Link Face (.csv)", "ARKit weights and head rotation, for Unreal Engine and most face tools"),
    ("JSON", "ARKit Weights (.json)", "As Audio2Face writes them, one row of 52 weights per frame"),
    ("FLAME", "FLAME (.npz)", "Coefficients of your FLAME release over time, as VHAP writes them"),
    ("TRACK", "FIELDS Track (.npz)", "Everything that was captured, for FIELDS itself"),
]
_SUFFIX = {"LIVE_LINK": ".csv", "JSON": ".json", "FLAME": ".npz", "TRACK": ".npz"}


class FIELDS_OT_export_performance(HeadOperator, bpy.types.Operator, ExportHelper):
    """Export the head's facial performance for other tools"""

    bl_idname = "fields.export_performance"
    bl_label = "Export Performance"
    bl_options = {"REGISTER", "PRESET"}

    filename_ext = ".csv"
    filter_glob: StringProperty(default="*.csv;*.json;*.npz", options={"HIDDEN"})
    format: EnumProperty(name="Format", description="What kind of file to write", items=_FORMATS)
    as_shaped: BoolProperty(
        name="As Shaped",
        description="Export the performance as this head plays it, smoothed and with its emotion as strong as "
        "set; otherwise exactly as captured",
        default=True,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not track_store.has(head_of(context)):
            cls.poll_message_set(say("This head has no performance yet. Capture a strip, or import one"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            name = track_store.name(head_of(context))
            folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path()
            self.filepath = str(folder / name)
        return ExportHelper.invoke(self, context, event)

    def check(self, _context: bpy.types.Context) -> bool:
        """Called by the file browser on every change: the name ends as the format asks."""
        before, self.filepath = self.filepath, _ending(self.filepath, _SUFFIX[self.format])
        return before != self.filepath

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "format")
        layout.prop(self, "as_shaped")

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        # Here, so that enabling the extension stays quick.
        from ..fields_blender.core import track
        from ..fields_blender.exchange import audio2face_json, flame_sequence, livelink

        path = Path(_ending(bpy.path.abspath(self.filepath), _SUFFIX[self.format]))
        performance = played(context.scene, head) if self.as_shaped else track_store.carried(head)
        if not performance.found.any():
            raise FieldsError("No frame of this performance shows a face, so there is nothing to export.")
        if self.format == "LIVE_LINK":
            livelink.write(performance, path)
        elif self.format == "JSON":
            audio2face_json.write(performance, path)
        elif self.format == "FLAME":
            flame_sequence.write(performance, path, flame_axes.need(context, head))
        else:
            track.save(performance, path)
        return say(
            "{frames} frames, {gaps} without a face, written to {path}",
            frames=len(performance),
            gaps=int((~performance.found).sum()),
            path=path,
        )


def _ending(path: str, suffix: str) -> str:
    """`path` with this suffix in place of another format's."""
    for other in dict.fromkeys(_SUFFIX.values()):
        if path.lower().endswith(other):
            path = path[: -len(other)]
    return path + suffix


CLASSES = (FIELDS_OT_export_performance,)
