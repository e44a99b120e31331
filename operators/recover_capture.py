"""fields.recover_capture: the frames of a capture that a crash or a loss of power cut off, as a take."""

from typing import Any

import bpy

from ..fields_blender.capture.clip import Clip
from ..fields_blender.core.paths import MODELS
from ..fields_blender.core.track import Track
from .common.job import running
from .common.wording import say
from .footage.face_job import FaceJob
from .footage.strips import Probe
from .head.heads import chosen_head
from .takes import takes, unfinished


class _OnUnfinished:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
        elif not unfinished.found():
            cls.poll_message_set(say("There is no capture to recover"))
        else:
            return True
        return False


class FIELDS_OT_recover_capture(_OnUnfinished, FaceJob, bpy.types.Operator):
    """Add what the last capture had found when it was cut off, as a take of the head"""

    bl_idname = "fields.recover_capture"
    bl_label = "Recover Capture"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if chosen_head(context) is None:
            cls.poll_message_set(say("Choose a head first: under Head, or by selecting it in the 3D View"))
            return False
        return True

    def footage(self, context: bpy.types.Context, ask: Probe | None):
        self._capture = unfinished.found()[0]
        return Clip(())
        yield  # a generator, as the job wants it

    def read(self, networks: Any, device: str, choose: str):
        return networks.recover(self._capture.path, MODELS, device, self._clip.notes)

    def finish(self, context: bpy.types.Context, result: Track | None, cancelled: bool) -> set[str]:
        head = chosen_head(context)
        if result is None or head is None:
            self.report({"INFO"}, say("Cancelled. Nothing was changed"))
            return {"CANCELLED"}
        about = self._capture.about
        named = about.get("source")
        source = {**result.source, **(named if isinstance(named, dict) else {})}
        take = takes.keep(
            context.scene, head, Track(result.time, result.groups, result.card, source), str(about.get("take") or "")
        )
        if take.file:
            unfinished.remove(self._capture.path)
        else:
            unfinished.kept_in_blend(self._capture.path)
        said = say(
            "“{name}” recovered on “{head}”: {frames} frames. Bake Keys writes it",
            name=take.name, head=head.name, frames=len(result),
        )  # fmt: skip
        takes.tell(head, said)
        self.report({"INFO"}, said)
        return {"FINISHED"}


class FIELDS_OT_discard_capture(_OnUnfinished, bpy.types.Operator):
    """Delete what the last capture had found when it was cut off"""

    bl_idname = "fields.discard_capture"
    bl_label = "Discard Capture"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        capture = unfinished.found()[0]
        unfinished.remove(capture.path)
        self.report({"INFO"}, say("{frames} captured frames deleted", frames=capture.frames))
        return {"FINISHED"}


CLASSES = (FIELDS_OT_recover_capture, FIELDS_OT_discard_capture)
