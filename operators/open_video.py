"""fields.open_video: a video file becomes a strip on the Sequencer of the scene one looks at, and the footage."""

import math
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..fields_blender.core.errors import FieldsError
from .common.job import running
from .common.timeline import rate
from .common.wording import CONTEXT, say, told
from .footage import add_movie, chosen_footage, picked_strip
from .footage.strip_api import all_strips, left, right, strips_of

# What a scene can play at: the limits of Blender's own property, and far beyond any camera.
_SLOWEST, _FASTEST = 1.0, 1000.0


class FIELDS_OT_open_video(bpy.types.Operator, ImportHelper):
    """Put a video on the Sequencer of this scene, with its sound, and make it the footage"""

    bl_idname = "fields.open_video"
    bl_label = "Open Video"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(default=";".join(f"*{s}" for s in add_movie.SUFFIXES), options={"HIDDEN"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    begin: EnumProperty(
        name="Begin",
        description="Where the video begins",
        items=[
            ("START", "Scene Start", "On the first frame of the scene, which is 1 in a new file"),
            ("PLAYHEAD", "Playhead", "On the current frame"),
        ],
    )
    use_end: BoolProperty(
        name="Scene End",
        description="Let the scene end where the video ends. One with strips or animation only becomes longer",
        default=True,
    )
    use_rate: BoolProperty(
        name="Frame Rate",
        description="Give the scene the frame rate of the video. Off by default in a scene with strips or animation, "
        "whose timing it would change",
        default=True,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
        elif any(not scene.is_editable for scene in _scenes(context)):
            cls.poll_message_set(say("This scene is linked from another file"))
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.properties.is_property_set("use_rate"):
            self.use_rate = all(is_empty(scene) for scene in _scenes(context))
        if self.files or self.properties.is_property_set("filepath"):  # dropped into the window
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "begin")
        column = layout.column(heading="Follow", heading_ctxt=CONTEXT)
        column.prop(self, "use_end")
        column.prop(self, "use_rate")

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            said = self._open(context, self._paths())
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        self.report({"INFO"}, said)
        return {"FINISHED"}

    def _paths(self) -> list[Path]:
        names = [file.name for file in self.files if file.name]
        if names:
            return [Path(bpy.path.abspath(self.directory), name) for name in names]
        return [Path(bpy.path.abspath(self.filepath))]

    def _open(self, context: bpy.types.Context, paths: list[Path]) -> str:
        """Several videos one after another. Returns the report; raises FieldsError, with nothing changed."""
        videos = [add_movie.look_at(path) for path in paths]
        scene, scenes = chosen_footage.sequencer_scene(context), _scenes(context)
        empty = {each: is_empty(each) for each in scenes}
        set_rate = self.use_rate if self.properties.is_property_set("use_rate") else all(empty.values())
        rates = [(each.render.fps, each.render.fps_base) for each in scenes]
        if set_rate:
            for each in scenes:
                follow_rate(each, videos[0].fps)
        frame = scene.frame_current if self.begin == "PLAYHEAD" else scene.frame_start
        made: list[Any] = []
        before = set(_strips(scene))
        try:
            for path in paths:
                made.append(add_movie.add(context, scene, path, frame))
                frame = right(made[-1])
        except FieldsError:
            for strip in set(_strips(scene)) - before:
                strips_of(scene.sequence_editor).remove(strip)
            for each, (fps, base) in zip(scenes, rates, strict=True):
                each.render.fps, each.render.fps_base = fps, base
            raise
        for each in scenes if self.use_end else ():
            follow_end(each, add_movie.last_frame(each, made[-1], scene), shorter=empty[each])
        _show_in_sequencers(context, scene)
        picked_strip.pick(context.scene.fields, picked_strip.Placed(scene, made[0]))
        return say(
            "“{name}” is the footage: frames {first} to {last} of “{scene}”, at {rate:.4g} frames a second",
            name=made[0].name,
            first=left(made[0]),
            last=right(made[0]) - 1,
            scene=scene.name,
            rate=rate(scene),
        )


def _scenes(context: bpy.types.Context) -> list[bpy.types.Scene]:
    """The scene whose strips the Sequencer shows and, where it is another, the one in the window."""
    return list(dict.fromkeys((chosen_footage.sequencer_scene(context), context.scene)))


def is_empty(scene: bpy.types.Scene) -> bool:
    """Has the scene neither strips nor animation, which a new frame rate would move?"""
    if _strips(scene):
        return False
    keyed = [scene, *scene.objects]
    for thing in scene.objects:
        keyed += [thing.data, getattr(thing.data, "shape_keys", None)]
    return not any(_is_animated(each) for each in keyed if each is not None)


def _strips(scene: bpy.types.Scene) -> list[Any]:
    return list(all_strips(scene.sequence_editor)) if scene.sequence_editor else []


def _is_animated(datablock: Any) -> bool:
    animation = getattr(datablock, "animation_data", None)
    return animation is not None and (animation.action is not None or len(animation.nla_tracks) > 0)


def follow_rate(scene: bpy.types.Scene, fps: float) -> None:
    """Give a scene the frame rate `fps`, as Blender's own presets write it: 29.97 is 30 / 1.001.

    Rates that no camera has (files of a single frame, damaged ones) are left alone.
    """
    if _SLOWEST <= fps <= _FASTEST:
        whole = max(math.floor(fps + 0.5), 1)
        scene.render.fps, scene.render.fps_base = whole, whole / fps


def follow_end(scene: bpy.types.Scene, last: int, shorter: bool) -> None:
    """Let the scene end on frame `last`; earlier than it does now only where it may become `shorter`."""
    if shorter or last > scene.frame_end:
        scene.frame_end = max(last, scene.frame_start)


def _show_in_sequencers(context: bpy.types.Context, scene: bpy.types.Scene) -> None:
    """Sequencers that show no scene yet show this one. (Before Blender 5.0 they always show the window's.)"""
    for workspace in bpy.data.workspaces:
        if getattr(workspace, "sequencer_scene", scene) is None:
            workspace.sequencer_scene = scene


class FIELDS_FH_video(bpy.types.FileHandler):
    """Videos that are dropped into the 3D View"""

    bl_idname = "FIELDS_FH_video"
    bl_label = "Face Footage"
    bl_import_operator = FIELDS_OT_open_video.bl_idname
    bl_file_extensions = ";".join(add_movie.SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


CLASSES = (FIELDS_OT_open_video, FIELDS_FH_video)
