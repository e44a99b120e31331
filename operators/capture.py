"""fields.capture: from strips to a track to keys. The slow half runs once; fields.bake repeats the quick one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..fields_blender.errors import FieldsError
from ..fields_blender.files import check_writable
from ..fields_blender.track import Track
from . import heads, keys, mappings, scene, track_store
from .bake import bake, chosen_head
from .job import Job, running
from .preferences_of import chosen_device

if TYPE_CHECKING:
    from ..fields_blender.solve import Progress

MODELS = Path(__file__).parent.parent / "models"


class FIELDS_OT_capture(Job, bpy.types.Operator):
    """Capture the face in the active strip (or the selected ones) and key it onto the head"""

    bl_idname = "fields.capture"
    bl_label = "Capture"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set("A capture is running")
        elif not scene.chosen_strips(context):
            cls.poll_message_set("Select a movie or image strip in the Sequencer; add one with Add > Movie there")
        elif chosen_head(context) is None:
            cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
        else:
            return True
        return False

    def prepare(self, context: bpy.types.Context):
        head = chosen_head(context)
        # Say now, not after the long half, that this head can't be keyed or the track can't be kept.
        keys.check(heads.find(head, mappings.of(head)))
        strips = scene.chosen_strips(context)
        self._name = strips[0].name if strips else ""
        self._head, self._scene = head.session_uid, context.scene.session_uid
        self._path = track_store.path_for(head.name, self._name)
        check_writable(self._path)
        self._clip = yield from scene.clip(context, strips, scene.limits(context))
        choose = context.scene.fields.face.lower()
        return self._work(chosen_device(context), choose)

    def _work(self, device: str, choose: str):
        """The heavy half; the pictures made for it go when it ends, however it ends."""
        from ..fields_blender import solve  # here, so that enabling the extension stays quick

        try:
            return (yield from solve.capture(self._clip, MODELS, device, choose, self._stop.is_set))
        finally:
            self._clip.close()

    def describe(self, progress: "Progress") -> tuple[float, str]:
        total = max(progress.total, 1)
        return progress.done / total, f"{progress.done} of {total} frames, {progress.found} with a face"

    def finish(self, context: bpy.types.Context, result: Track | None, cancelled: bool) -> set[str]:
        if result is None:
            self.report({"INFO"}, "Cancelled before the first frame. Nothing was changed.")
            return {"CANCELLED"}
        context.window_manager.fields.device = result.source.get("device", "")
        result = self._named(result)
        track_store.save(result, self._path)
        head = _by_uid(bpy.data.objects, self._head)
        if head is None:
            self.report({"WARNING"}, f"The head is gone. What was captured is kept in {self._path}.")
            return {"CANCELLED"}
        head.fields.track = track_store.relative(self._path)
        if cancelled:
            head.fields.report = f"Cancelled after {len(result)} frames. They are kept: Bake Keys writes them"
            self.report({"INFO"}, head.fields.report)
            return {"FINISHED"}
        try:
            target = _by_uid(bpy.data.scenes, self._scene) or context.scene
            said = bake(target, head, result)
        except FieldsError as error:
            head.fields.report = str(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in self._clip.notes:
            self.report({"WARNING"}, note)
        self.report({"INFO"}, said)
        return {"FINISHED"}

    def abandon(self, result: Track) -> None:
        track_store.save(self._named(result), self._path)

    def _named(self, result: Track) -> Track:
        return Track(result.time, result.groups, result.card, {**result.source, "name": self._name})


def _by_uid(collection: Any, uid: int) -> Any:
    """A datablock by its id of this session: names change, and undo replaces the Python objects."""
    return next((item for item in collection if item.session_uid == uid), None)


CLASSES = (FIELDS_OT_capture,)
