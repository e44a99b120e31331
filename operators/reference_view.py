"""fields.reference_view: the footage beside the head in the 3D View, on the frames where it is captured."""

import json
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import EnumProperty

from ..fields_blender.core.errors import FieldsError
from . import reference_images, reference_place
from .common import viewport
from .common.datablocks import by_uid
from .common.job import Heavy, Job, running
from .common.timeline import rate
from .common.wording import say, told
from .footage import chosen_footage, picked_strip, source_frames
from .head.heads import chosen_head

FOLLOW_AFTER = 0.2  # s after a change of the strips
LATER = 1.0  # s until the next try while Blender renders or a job runs


def missing(context: bpy.types.Context) -> str:
    """What there must be before footage can be shown beside a head; "" when all is there."""
    if running():
        return say("A capture is running")
    if wanting := chosen_footage.missing(context):
        return wanting
    if chosen_head(context) is None:
        return say("Choose a head first: under Head, or by selecting it in the 3D View")
    return ""


class FIELDS_OT_reference_view(Job, bpy.types.Operator):
    """Show the footage beside the head in the 3D View, on the frames where it is captured"""

    bl_idname = "fields.reference_view"
    bl_label = "Reference View"
    bl_options = {"UNDO"}

    place: EnumProperty(
        name="Place",
        description="Where the footage is shown",
        items=[
            ("BESIDE", "Beside the Head", "A picture in the 3D View, which can be moved and scaled like any object"),
            ("CAMERA", "Behind the Camera", "A background image of the scene's camera, seen through it"),
        ],
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if wanting := missing(context):
            cls.poll_message_set(wanting)
        return not wanting

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        try:
            slow = source_frames.must_render(*chosen_footage.required(context))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return Job.invoke(self, context, event) if slow else self.execute(context)

    def prepare(self, context: bpy.types.Context):
        if self.place == "CAMERA" and context.scene.camera is None:
            raise FieldsError("The scene has no camera. Add one with Add > Camera, then try again.")
        scene, strips = footage = chosen_footage.required(context)
        self._name = footage.name
        self._scene, self._head = context.scene.session_uid, chosen_head(context).session_uid
        self._kept = _kept(scene, strips)
        stretches = yield from source_frames.read_stretches(scene, strips)
        self._shown = reference_images.timeline(stretches, rate(scene), rate(context.scene))
        return _nothing()

    def finish(self, context: bpy.types.Context, result: Any, cancelled: bool) -> set[str]:
        scene, head = by_uid(bpy.data.scenes, self._scene), by_uid(bpy.data.objects, self._head)
        if cancelled or scene is None or head is None:
            self.report({"INFO"}, say("Cancelled. Nothing was changed"))
            return {"CANCELLED"}
        if self.place == "CAMERA":
            reference_images.show_behind(scene.camera, self._shown)
        else:
            self._show_beside(context, scene, head)
        reference_images.refresh(scene, self._shown)
        if self._kept != scene.fields.reference:
            reference_images.forget_landmarks(scene)
        _draw_anew()
        scene.fields.reference, scene.fields.reference_outdated = self._kept, False
        first, last = self._shown.first, self._shown.first + len(self._shown.which) - 1
        self.report(
            {"INFO"}, say("“{name}” is shown on frames {first} to {last}", name=self._name, first=first, last=last)
        )
        return {"FINISHED"}

    def _show_beside(self, context: bpy.types.Context, scene: bpy.types.Scene, head: bpy.types.Object) -> None:
        context.view_layer.update()  # the matrix of a head just added isn't computed yet
        new, face = not reference_images.references(scene), reference_place.face_of(head)
        aspect = reference_images.show_beside(scene, self._shown, lambda aspect: reference_place.beside(face, aspect))
        if new:
            reference_place.show_both(context, face, aspect)
        if area := viewport.of(context):
            viewport.add_to_local_view(area, reference_images.references(scene))


class FIELDS_OT_reference_remove(bpy.types.Operator):
    """Take the footage away from beside the head and from behind cameras. Its file stays"""

    bl_idname = "fields.reference_remove"
    bl_label = "Remove Reference View"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not context.scene.fields.reference:
            cls.poll_message_set(say("There is no reference view"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        reference_images.remove(context.scene)
        context.scene.fields.reference = ""
        return {"FINISHED"}


# ----------------------------------------------------------------------------------------- following the strips


def follow(scene: bpy.types.Scene) -> None:
    """Bring the reference view of a scene up to date with its strips, or note that it is outdated where that takes long
    or can't be done. Where the strips are gone, it stays as it is.
    """
    found = strips_of(scene)
    if found is None:
        return
    there, strips = found
    if _looks(there, strips) == _looks_kept(scene):
        scene.fields.reference_outdated = False
        return
    try:
        stretches = source_frames.read_directly(there, strips)
        if stretches is not None:
            reference_images.refresh(scene, reference_images.timeline(stretches, rate(there), rate(scene)))
            scene.fields.reference = _kept(there, strips)
            reference_images.forget_landmarks(scene)
            _draw_anew()
        scene.fields.reference_outdated = stretches is None
    except FieldsError:  # muted, gone from the disk ...: the button says why
        scene.fields.reference_outdated = True


def _kept(scene: bpy.types.Scene, strips: list[Any]) -> str:
    """What `Scene.fields.reference` keeps of the strips."""
    marks = [[picked_strip.mark(strip), strip.name] for strip in strips]
    return json.dumps([scene.name, marks, _looks(scene, strips)])


def _looks(scene: bpy.types.Scene, strips: list[Any]) -> str:
    """Changes when the strips show something else, or at other frames."""
    return repr([rate(scene), *map(source_frames.looks, strips)])


def _looks_kept(scene: bpy.types.Scene) -> str:
    return json.loads(scene.fields.reference)[2]


def strips_of(scene: bpy.types.Scene) -> tuple[bpy.types.Scene, list[Any]] | None:
    """The scene and those of its strips that the reference view shows, whatever they are called by now; None without a
    reference view, or where a strip is gone.
    """
    if not scene.fields.reference:
        return None
    try:
        name, marks, _ = json.loads(scene.fields.reference)
        there = [picked_strip.found(str(mark), str(name_then), bpy.data.scenes.get(name)) for mark, name_then in marks]
    except (ValueError, TypeError):  # files travel, so it may say anything
        return None
    strips = [placed.strip for placed in there if placed and placed.scene == there[0].scene]
    return (there[0].scene, strips) if strips and len(strips) == len(marks) else None


# What was tried last, so that strips that can't be followed aren't tried again and again.
_tried: set[str] = set()


@persistent
def _look(scene: bpy.types.Scene, *_arguments: Any) -> None:
    """Have the strips changed? They are followed a moment later: while Blender evaluates, nothing may be changed."""
    found = strips_of(scene)
    if found is None or bpy.app.timers.is_registered(_follow_later):
        return
    looks = _looks(*found)
    if looks not in _tried and (looks != _looks_kept(scene) or scene.fields.reference_outdated):
        bpy.app.timers.register(_follow_later, first_interval=FOLLOW_AFTER)


@persistent
def _draw_anew(*_arguments: Any) -> None:
    if not bpy.app.background and not bpy.app.is_job_running("RENDER"):  # then it isn't the main thread's turn
        reference_images.show_this_frame()


def _follow_later() -> float | None:
    if running() or bpy.app.is_job_running("RENDER"):
        return LATER
    _tried.clear()
    for scene in bpy.data.scenes:
        if scene.library is None and (found := strips_of(scene)):
            follow(scene)
            _tried.add(_looks(*found))
    return None


def _nothing() -> Heavy:
    """A heavy half with nothing to do."""
    return None
    yield


CLASSES = (FIELDS_OT_reference_view, FIELDS_OT_reference_remove)


def register() -> None:
    bpy.app.handlers.depsgraph_update_post.append(_look)
    bpy.app.handlers.frame_change_post.append(_look)
    bpy.app.handlers.frame_change_post.append(_draw_anew)


def unregister() -> None:
    bpy.app.handlers.frame_change_post.remove(_draw_anew)
    bpy.app.handlers.frame_change_post.remove(_look)
    bpy.app.handlers.depsgraph_update_post.remove(_look)
    if bpy.app.timers.is_registered(_follow_later):
        bpy.app.timers.unregister(_follow_later)
