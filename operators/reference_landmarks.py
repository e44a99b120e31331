"""fields.reference_landmarks: what FIELDS sees of the face, drawn over the reference view. fields stores it there."""

from typing import Any

import bpy
import numpy as np

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MODELS
from ..fields_blender.core.timeline import to_seconds
from . import reference_images, reference_view
from .common.datablocks import by_uid
from .common.job import running
from .common.timeline import rate
from .common.wording import say
from .footage import chosen_footage
from .footage.face_job import FaceJob
from .footage.strips import Probe
from .reference_images import LANDMARKS, LANDMARKS_TIME

COLOUR = (1.0, 0.88, 0.35, 0.9)  # as in the live picture
WIDTH = 1.5  # px
LIFT = 0.002  # of the picture's size: before it, so that they don't flicker through each other
NEAR = 0.75  # frames: as far as the next row may be from the frame that is shown
_FULL = 65534  # a place in the picture is kept as two such numbers; _NONE stands for no face
_NONE = -1


class FIELDS_OT_reference_landmarks(FaceJob, bpy.types.Operator):
    """Draw what FIELDS sees of the face over the footage: lips, lids, irises, brows and outline. Again to hide it"""

    bl_idname = "fields.reference_landmarks"
    bl_label = "Landmarks"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
        elif not reference_images.references(context.scene):
            cls.poll_message_set(say("There is no reference view"))
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return _switch(context.scene) or FaceJob.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _switch(context.scene) or FaceJob.execute(self, context)

    def footage(self, context: bpy.types.Context, ask: Probe | None):
        self._scene = context.scene.session_uid
        found = reference_view.strips_of(context.scene)
        if found is None:
            raise FieldsError(
                "The strips of the reference view were deleted. Choose others, and press Reference View again."
            )
        return (yield from chosen_footage.clip(chosen_footage.Footage(*found), None, ask))

    def read(self, networks: Any, device: str, choose: str):
        from ..fields_blender.capture import seen_lines  # here, so that enabling the extension stays quick

        return seen_lines.find(self._clip, MODELS, device, choose, self._stop.is_set)

    def picture(self, progress: Any) -> None:
        return None

    def finish(self, context: bpy.types.Context, result: Any, cancelled: bool) -> set[str]:
        scene = by_uid(bpy.data.scenes, self._scene)
        empties = reference_images.references(scene) if scene else []
        if cancelled or result is None or not empties:
            self.report({"INFO"}, say("Cancelled. Nothing was changed"))
            return {"CANCELLED"}
        keep(empties[0], result.time, result.points)
        scene.fields.show_landmarks = True
        found = int(np.isfinite(result.points[:, 0, 0]).sum())
        self.report({"INFO"}, say("Landmarks in {found} of {count} frames", found=found, count=len(result.time)))
        return {"FINISHED"}


def _switch(scene: bpy.types.Scene) -> set[str] | None:
    """Show or hide landmarks that are there already; None where there are none."""
    if not any(LANDMARKS in empty for empty in reference_images.references(scene)):
        return None
    scene.fields.show_landmarks = not scene.fields.show_landmarks
    return {"FINISHED"}


def keep(empty: bpy.types.Object, time: np.ndarray, points: np.ndarray) -> None:
    """Store points (n, k, 2) at `time` (n,) s, as `seen_lines.SeenLines` has them, with the object: a number each."""
    gone = ~np.isfinite(points).all(axis=2)
    whole = np.round(np.clip(np.where(gone[..., None], 0, points), 0, 1) * _FULL).astype(np.uint32)
    packed = np.where(gone, np.uint32(0xFFFFFFFF), whole[..., 0] | (whole[..., 1] << 16))
    empty[LANDMARKS] = packed.astype(np.uint32).view(np.int32).ravel().tolist()
    empty[LANDMARKS_TIME] = np.asarray(time, float).tolist()
    _read.clear()


def kept(empty: bpy.types.Object) -> tuple[np.ndarray, np.ndarray] | None:
    """What `keep` stored: time (n,), points (n, k, 2). None where there is nothing, or something else: files travel."""
    try:
        packed = np.array(empty[LANDMARKS].to_list(), np.int64).astype(np.int32)
        time = np.array(empty[LANDMARKS_TIME].to_list(), float)
        packed = packed.reshape(len(time), -1).view(np.uint32)
    except (KeyError, AttributeError, ValueError, TypeError):
        return None
    points = np.stack([packed & 0xFFFF, packed >> 16], axis=2) / _FULL
    return time, np.where((packed == 0xFFFFFFFF)[..., None], np.nan, points)


def in_world(empty: bpy.types.Object, points: np.ndarray) -> np.ndarray:
    """Places (k, 2) in the picture of an empty, as parts of it from its upper left corner, in the world (k, 3)."""
    aspect, size = reference_images.aspect_of(empty), empty.empty_display_size
    sides = np.array([min(aspect, 1.0), min(1 / aspect, 1.0)]) * size
    flat = (np.c_[points[:, 0], 1 - points[:, 1]] + np.array(empty.empty_image_offset)) * sides
    local = np.c_[flat, np.full(len(flat), LIFT * size)]
    matrix = np.array(empty.matrix_world)
    return local @ matrix[:3, :3].T + matrix[:3, 3]


# ------------------------------------------------------------------------------------------------------------- drawing

# Object -> what `kept` returned for it: read from the file once.
_read: dict[int, tuple[np.ndarray, np.ndarray] | None] = {}
_handler: Any = None


def lines_now(scene: bpy.types.Scene) -> np.ndarray | None:
    """The ends of all strokes (2 m, 3) in the world on the current frame; None where nothing is to be drawn."""
    empties = reference_images.references(scene) if scene.fields.show_landmarks else []
    seen = next((empty for empty in empties if empty.visible_get()), None)
    if seen is None:
        return None
    first = empties[0]
    if first.session_uid not in _read:
        _read[first.session_uid] = kept(first)
    there = _read[first.session_uid]
    if there is None or len(there[0]) == 0:
        return None
    from ..fields_blender.capture.seen_lines import EDGES, POINTS

    time, points = there
    now = to_seconds(scene.frame_current, rate(scene))
    row = int(np.argmin(np.abs(time - now)))
    far = abs(time[row] - now) > NEAR / rate(scene) and time[0] <= now <= time[-1]
    if far or points.shape[1] != len(POINTS) or not np.isfinite(points[row]).all():
        return None
    return in_world(seen, points[row])[EDGES.ravel()]


def _draw() -> None:
    ends = lines_now(bpy.context.scene)
    if ends is None:
        return
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", WIDTH)
    shader.uniform_float("color", COLOUR)
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("LESS_EQUAL")
    batch_for_shader(shader, "LINES", {"pos": ends.tolist()}).draw(shader)
    gpu.state.depth_test_set("NONE")
    gpu.state.blend_set("NONE")


@bpy.app.handlers.persistent
def _forget(*_arguments: Any) -> None:
    """After loading and undo, what is stored may be something else."""
    _read.clear()


CLASSES = (FIELDS_OT_reference_landmarks,)
_EVENTS = (bpy.app.handlers.load_post, bpy.app.handlers.undo_post, bpy.app.handlers.redo_post)


def register() -> None:
    global _handler
    for event in _EVENTS:
        event.append(_forget)
    if not bpy.app.background:
        _handler = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")


def unregister() -> None:
    global _handler
    if _handler is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handler, "WINDOW")
        _handler = None
    for event in _EVENTS:
        event.remove(_forget)
    _read.clear()
