"""What an artist does with actors: make one from a frame, a range, a take or photos; import, export, remove."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..fields_blender.capture import actor as actors
from ..fields_blender.capture.actor import Actor
from ..fields_blender.capture.clip import open_pictures
from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MODELS
from .common.datablocks import by_uid
from .common.job import Job, running
from .common.wording import say, told, told_note
from .footage import chosen_footage
from .footage.face_job import FaceJob
from .footage.strips import Probe
from .head.heads import chosen_head
from .takes import actor_list, takes


class _Meet(FaceJob):
    """Read the face at rest in some footage as a new actor. A subclass says in which, by `footage`."""

    bl_options = {"UNDO"}

    def prepare(self, context: bpy.types.Context):
        self._scene = context.scene.session_uid
        return (yield from super().prepare(context))

    def read(self, networks: Any, device: str, choose: str):
        return networks.meet(self._clip, MODELS, say("Actor"), device, choose, self._stop.is_set)

    def finish(self, context: bpy.types.Context, result: Actor | None, cancelled: bool) -> set[str]:
        if result is None or cancelled:
            self.report({"INFO"}, say("Cancelled. Nothing was changed"))
            return {"CANCELLED"}
        for note in self._clip.notes:
            self.report({"WARNING"}, told_note(note))
        scene = by_uid(bpy.data.scenes, self._scene) or context.scene
        self.report({"INFO"}, _added(scene, result, self._made_from))
        return {"FINISHED"}


def _added(scene: bpy.types.Scene, actor: Actor, made_from: str) -> str:
    """Add an actor; returns the report."""
    item = actor_list.add(scene, actor, made_from)
    return say("“{name}” is the actor now: Capture reads expressions relative to this face", name=item.name)


class _FromStrips(_Meet):
    """From the chosen strips."""

    def when(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int]:
        """First and last frame of the footage's scene to read."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
        elif missing := chosen_footage.missing(context):
            cls.poll_message_set(missing)
        else:
            return True
        return False

    def footage(self, context: bpy.types.Context, ask: Probe | None):
        footage = chosen_footage.required(context)
        first, last = self.when(context, footage.scene)
        name = footage.name
        if first == last:
            self._made_from = say("{strip}, frame {first}", strip=name, first=first)
        else:
            self._made_from = say("{strip}, frames {first} to {last}", strip=name, first=first, last=last)
        return (yield from chosen_footage.clip(footage, (first, last), ask))


class FIELDS_OT_actor_from_frame(_FromStrips, bpy.types.Operator):
    """Make an actor from the current frame of the chosen strips, in which the face is neutral"""

    bl_idname = "fields.actor_from_frame"
    bl_label = "From Current Frame"

    def when(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int]:
        frame = chosen_footage.playhead(context, scene)
        return frame, frame


class FIELDS_OT_actor_from_range(_FromStrips, bpy.types.Operator):
    """Make an actor from the preview range of the chosen strips, in which the face is neutral throughout"""

    bl_idname = "fields.actor_from_range"
    bl_label = "From Preview Range"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not chosen_footage.chosen(context).scene.use_preview_range:
            cls.poll_message_set(say("Set a preview range first: P in the Sequencer, around a neutral face"))
            return False
        return True

    def when(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int]:
        return scene.frame_preview_start, scene.frame_preview_end


class FIELDS_OT_actor_from_photos(_Meet, bpy.types.Operator, ImportHelper):
    """Make an actor from photos in which the face is neutral, all of the same person"""

    bl_idname = "fields.actor_from_photos"
    bl_label = "From Photos"

    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    _browsed = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._browsed = True
        return ImportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        # Called by the file browser: the window must not wait.
        return Job.invoke(self, context, None) if self._browsed else Job.execute(self, context)

    def footage(self, context: bpy.types.Context, ask: Probe | None):
        folder = Path(bpy.path.abspath(self.directory or str(Path(self.filepath).parent)))
        paths = [folder / file.name for file in self.files if file.name]
        paths = paths or [Path(bpy.path.abspath(self.filepath))]
        count = len(paths)
        self._made_from = paths[0].name if count == 1 else say("{count} photos", count=count)
        return open_pictures(paths)
        yield  # a generator, as the job wants it


class FIELDS_OT_actor_from_take(bpy.types.Operator):
    """Make an actor from the face at rest of the chosen take, to use it in other clips of the same person"""

    bl_idname = "fields.actor_from_take"
    bl_label = "From Take"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or takes.active(head) is None:
            cls.poll_message_set(say("Choose a head with a take first: Capture makes one"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        take = takes.active(chosen_head(context))
        try:
            found = actors.of_track(takes.read(take), say("Actor"))
            said = _added(context.scene, found, say("take “{name}”", name=take.name))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        self.report({"INFO"}, said)
        return {"FINISHED"}


class FIELDS_OT_actor_import(bpy.types.Operator, ImportHelper):
    """Add an actor from a .npz file that FIELDS wrote, here or on the command line"""

    bl_idname = "fields.actor_import"
    bl_label = "Import Actor"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            said = _added(context.scene, actors.load(path), path.name)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        self.report({"INFO"}, said)
        return {"FINISHED"}


class _OnTheChosen:
    """An operator on the chosen actor."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if actor_list.chosen(context.scene) is None:
            cls.poll_message_set(say("Choose an actor first, or make one"))
            return False
        return True


class FIELDS_OT_actor_export(_OnTheChosen, bpy.types.Operator, ExportHelper):
    """Write the chosen actor to a .npz file, which Import Actor and the command line read"""

    bl_idname = "fields.actor_export"
    bl_label = "Export Actor"
    bl_options = {"REGISTER"}
    filename_ext = ".npz"

    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.filepath = bpy.path.clean_name(context.scene.fields.actor, replace=" ") + ".npz"
        return ExportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        item, path = actor_list.chosen(context.scene), Path(bpy.path.abspath(self.filepath))
        try:
            actors.save(actor_list.read(item), path)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        self.report({"INFO"}, say("“{name}” written to {file}", name=item.name, file=path.name))
        return {"FINISHED"}


class FIELDS_OT_actor_remove(_OnTheChosen, bpy.types.Operator):
    """Remove the chosen actor from this file. Takes and keys stay as they are"""

    bl_idname = "fields.actor_remove"
    bl_label = "Remove Actor"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = actor_list.chosen(context.scene)
        name = item.name
        actor_list.remove(context.scene, item)
        self.report({"INFO"}, say("“{name}” removed", name=name))
        return {"FINISHED"}


CLASSES = (
    FIELDS_OT_actor_from_frame,
    FIELDS_OT_actor_from_range,
    FIELDS_OT_actor_from_take,
    FIELDS_OT_actor_from_photos,
    FIELDS_OT_actor_import,
    FIELDS_OT_actor_export,
    FIELDS_OT_actor_remove,
)
