"""fields.side_by_side: the footage beside the head as a video, for approval."""

import shutil
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.files import check_writable
from . import reference_view
from .common.job import Heavy, Job
from .common.timeline import rate
from .common.wording import say
from .footage import chosen_footage
from .footage.source_frames import render_stretches
from .head.heads import chosen_head
from .reference_images import Timeline, timeline
from .reference_place import face_of
from .side_by_side_scenes import head_scene, mix_sound, plan_of, removed_at_the_end, render_pictures
from .takes import track_store
from .video_encoding import encode

Progress = tuple[float, str] | None

# How much of the work is done after the footage, and after the head.
_FOOTAGE, _HEAD = 0.2, 0.85


class FIELDS_OT_side_by_side(Job, bpy.types.Operator, ExportHelper):
    """Render the footage beside the head as a video with sound, to show for approval. Nothing in the scene changes"""

    bl_idname = "fields.side_by_side"
    bl_label = "Side-by-Side Video"
    bl_options = {"REGISTER"}
    filename_ext = ".mp4"

    filter_glob: StringProperty(default="*.mp4", options={"HIDDEN"})
    view: EnumProperty(
        name="View",
        description="From where the head is seen",
        items=[
            ("HEAD", "Close-up", "From in front of the head. A scene without lights is lit"),
            ("CAMERA", "Scene Camera", "Through the scene's camera"),
        ],
    )
    look: EnumProperty(
        name="Look",
        description="How the head is rendered",
        items=[
            ("SCENE", "As the Scene", "With the render engine and the settings of the scene"),
            ("QUICK", "Quick", "With Workbench, as the 3D View shows it in Solid mode with textures"),
        ],
    )
    height: IntProperty(
        name="Height", description="Height of the video", default=720, min=120, max=2160, subtype="PIXEL"
    )
    stamp: BoolProperty(
        name="Frame Numbers",
        description="Write the take and the frame into the picture, so that notes can name them",
        default=True,
    )
    _browsed = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if wanting := reference_view.missing(context):
            cls.poll_message_set(wanting)
        return not wanting

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._browsed = True
        name = f"{bpy.path.clean_name(_title(context), replace=' ')}.mp4"
        self.filepath = str(Path(bpy.data.filepath).parent / name) if bpy.data.filepath else name
        return ExportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        # Called by the file browser: the window must not wait.
        return Job.invoke(self, context, None) if self._browsed else Job.execute(self, context)

    def prepare(self, context: bpy.types.Context):
        self._path = Path(bpy.path.abspath(self.filepath))
        check_writable(self._path)
        if self.view == "CAMERA" and context.scene.camera is None:
            raise FieldsError("The scene has no camera. Add one with Add > Camera, then try again.")
        title, height = _title(context) if self.stamp else "", self.height // 2 * 2
        with TemporaryDirectory(prefix="fields-", ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary)
            there, strips = _footage_of(context)
            footage = yield from self._footage(context, there, strips, folder)
            yield from self._head(context, footage, folder, height)
            sound = mix_sound(there, context.scene, footage, folder)
            plan = plan_of(context.scene, footage, folder, sound, height, title)
            with removed_at_the_end():
                yield from _encode(plan, len(footage.which), self.in_window)
            _move(Path(plan["video"]), self._path)
        self._frames = len(footage.which)
        return _nothing()

    def _footage(
        self, context: bpy.types.Context, there: bpy.types.Scene, strips: list[Any], folder: Path
    ) -> Generator[Progress, None, Timeline]:
        """The footage as pictures, and which of them is seen on the scene's frames."""
        reading = render_stretches(there, strips, chosen_footage.limits(context, there), folder, 2 * self.height)
        while True:
            try:
                share, words = next(reading)
            except StopIteration as end:
                return timeline(end.value, rate(there), rate(context.scene))
            yield share * _FOOTAGE, words

    def _head(
        self, context: bpy.types.Context, footage: Timeline, folder: Path, height: int
    ) -> Generator[Progress, None, None]:
        """The head as pictures, one for each frame of the footage."""
        context.view_layer.update()  # the matrix of a head just added isn't computed yet
        face, total = face_of(chosen_head(context)) if self.view == "HEAD" else None, len(footage.which)
        with head_scene(context, face, self.look == "QUICK", height, folder) as name:
            for done in render_pictures(name, footage.first, total):
                share = _FOOTAGE + (_HEAD - _FOOTAGE) * done / total
                yield share, say("Rendering the head: {done} of {total} frames", done=done, total=total)

    def finish(self, context: bpy.types.Context, result: Any, cancelled: bool) -> set[str]:
        if cancelled:
            self.report({"INFO"}, say("Cancelled. No video was written"))
            return {"CANCELLED"}
        self.report({"INFO"}, say("{count} frames written to {file}", count=self._frames, file=self._path.name))
        return {"FINISHED"}


def _encode(plan: dict[str, Any], total: int, in_window: bool) -> Generator[Progress, None, None]:
    for done in encode(plan, in_window):
        share = _HEAD + (1.0 - _HEAD) * done / total
        yield share, say("Writing the video: {done} of {total} frames", done=done, total=total)
        if in_window:
            yield None  # until the next tick


def _move(video: Path, to: Path) -> None:
    try:
        shutil.move(video, to)
    except OSError as error:
        raise FieldsError(
            "{path} can't be written ({why}). Choose another file or folder.", path=to, why=error.strerror
        ) from None


def _title(context: bpy.types.Context) -> str:
    """What the video shows: the take, else the strip, and the head."""
    head = chosen_head(context)
    name = track_store.name(head) if track_store.has(head) else chosen_footage.chosen(context).name
    return f"{head.name} - {name}"


def _footage_of(context: bpy.types.Context) -> chosen_footage.Footage:
    """What the take of the head was captured from; without one, what is chosen."""
    head = chosen_head(context)
    own = chosen_footage.of_take(track_store.load(head).source) if track_store.has(head) else None
    return own or chosen_footage.required(context)


def _nothing() -> Heavy:
    """A heavy half with nothing to do."""
    return None
    yield


CLASSES = (FIELDS_OT_side_by_side,)
