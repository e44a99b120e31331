"""fields.capture: from strips to a take to keys. The slow half runs once; fields.bake repeats the quick one."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import bpy
from bpy.props import BoolProperty

from ..fields_blender.capture import actor
from ..fields_blender.capture.journal import Keep
from ..fields_blender.capture.regressor import load_card
from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.files import check_writable
from ..fields_blender.core.paths import MODELS
from ..fields_blender.core.timeline import frames_covered
from ..fields_blender.core.track import Track
from ..fields_blender.shape import blend
from .common.datablocks import by_uid
from .common.job import running
from .common.timeline import rate
from .common.wording import say, told, told_note
from .footage import chosen_footage
from .footage.chosen_footage import Footage
from .footage.face_job import FaceJob
from .footage.strips import Probe
from .head import heads, mappings
from .head.heads import chosen_head
from .keys import write_keys
from .keys.baking import bake
from .props.on_change import together
from .takes import actor_list, takes, track_files, unfinished

# First and last frame of a scene as Blender makes it.
_NEW_SCENE = (1, 250)


class _Capture(FaceJob):
    """What both operators share. They differ in what they read, and in how they keep the result."""

    def chosen(self, context: bpy.types.Context) -> Footage:
        """The strips to capture. Raises FieldsError where there are none."""
        raise NotImplementedError

    def limits(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int] | None:
        """First and last frame of the footage's scene to capture; None: all that the strips show."""
        raise NotImplementedError

    def keep(self, head: bpy.types.Object, result: Track) -> Track:
        """Store the result as a take of the head; returns the performance to key."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if running():
            cls.poll_message_set(say("A capture is running"))
        elif chosen_head(context) is None:
            cls.poll_message_set(say("Choose a head first: under Head, or by selecting it in the 3D View"))
        else:
            return True
        return False

    def prepare(self, context: bpy.types.Context):
        head = chosen_head(context)
        # Fail now, not after the long half, if the head can't be keyed, the take not stored or the actor not used.
        write_keys.check(heads.find(head, mappings.of(head)))
        self._actor = actor_list.known(context.scene)
        if self._actor is not None:
            actor.check(self._actor, load_card(MODELS))
        self._footage = self.chosen(context)
        self._name, self._described = self._footage.name, chosen_footage.described(self._footage)
        self._head, self._scene = head.session_uid, context.scene.session_uid
        self._path = track_files.path_for(head.name, takes.unused_name(head, self._name))
        self._beside = context.scene.fields.takes_in == "BESIDE"
        if self._beside:
            check_writable(self._path)
        about = {"take": self._name, "head": head.name, "blend": bpy.data.filepath, "source": self._added()}
        self._keep = Keep(unfinished.new_path(), about)
        return (yield from super().prepare(context))

    def footage(self, context: bpy.types.Context, ask: Probe | None):
        return (yield from chosen_footage.clip(self._footage, self.limits(context, self._footage.scene), ask))

    def read(self, networks: Any, device: str, choose: str):
        how = {"actor": self._actor, "keep": self._keep}
        try:
            return (yield from networks.capture(self._clip, MODELS, device, choose, self._stop.is_set, **how))
        finally:
            unfinished.look_again()

    def finish(self, context: bpy.types.Context, result: Track | None, cancelled: bool) -> set[str]:
        if result is None:
            self.report({"INFO"}, say("Cancelled before the first frame. Nothing was changed"))
            return {"CANCELLED"}
        context.window_manager.fields.device = say(result.source.get("device", ""))
        result = self._named(result)
        head = by_uid(bpy.data.objects, self._head)
        if head is None:
            self._save(result)
            self.report({"WARNING"}, say("The head is gone. What was captured is kept in {path}", path=self._path))
            return {"CANCELLED"}
        target = by_uid(bpy.data.scenes, self._scene) or context.scene
        if target.fields.head is None:  # so that the take stays in sight, whatever is clicked next
            target.fields.head = head
        captured, no_neutral = len(result), actor.seems_without_neutral(result)
        result = self._kept(head, result)
        if cancelled:
            said = say("Cancelled after {frames} frames. They are kept: Bake Keys writes them", frames=captured)
            takes.tell(head, said)
            self.report({"INFO"}, said)
            return {"FINISHED"}
        try:
            said = bake(target, head, result)
        except FieldsError as error:
            takes.tell(head, told(error))
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        for note in self._clip.notes:
            self.report({"WARNING"}, told_note(note))
        if no_neutral:
            self.report(
                {"WARNING"},
                say(
                    "This clip seems to have no neutral face. Name its actor under Footage > Actor, then capture again"
                ),
            )
        if note := in_sight(target, result):
            self.report({"WARNING"}, note)
        self.report({"INFO"}, say("“{strip}” on “{head}”: {report}", strip=self._name, head=head.name, report=said))
        return {"FINISHED"}

    def abandon(self, result: Track) -> str:
        self._save(self._named(result))
        return say(
            "The capture was stopped. What it had is in {path}: Import Take, under Import and Export, brings it in",
            path=self._path,
        )

    def _save(self, result: Track) -> None:
        self._path = track_files.save_new(result, self._path)
        unfinished.remove(self._keep.path)

    def _kept(self, head: bpy.types.Object, result: Track) -> Track:
        """`keep`, in the .blend where a take beside it can't be written."""
        try:
            kept = self.keep(head, result)
        except FieldsError as error:
            takes.add(head, result, self._name)
            self.report({"WARNING"}, say("{why} The take is in the .blend instead", why=told(error)))
            kept = result
        take = takes.active(head)
        if take is not None and take.file:
            unfinished.remove(self._keep.path)
        else:
            unfinished.kept_in_blend(self._keep.path)
        return kept

    def _named(self, result: Track) -> Track:
        return replace(result, source={**result.source, **self._added()})

    def _added(self) -> dict[str, Any]:
        """What is known here of the performance, for its source."""
        return {**self._described, "name": self._name, "date": datetime.now().strftime("%Y-%m-%d %H:%M")}


def in_sight(scene: bpy.types.Scene, performance: Track) -> str:
    """See to it that playing the scene shows a performance: at the playhead, and to its last frame.

    A scene that still ends where new ones do becomes longer; the end of any other is the artist's own. Returns what to
    say about it, which may be nothing.
    """
    frames = frames_covered(performance.time, rate(scene))
    if len(frames) == 0:
        return ""
    first, last = int(frames[0]), int(frames[-1])
    if not first <= scene.frame_current <= last:
        scene.frame_set(first)
    if last <= scene.frame_end:
        return ""
    if (scene.frame_start, scene.frame_end) != _NEW_SCENE:
        return say("The keys go on to frame {last}, but the scene ends on {end}", last=last, end=scene.frame_end)
    scene.frame_end = last
    return say("The scene ends on frame {last} now, with the keys", last=last)


class FIELDS_OT_capture(_Capture, bpy.types.Operator):
    """Capture the face in the footage as a new take and key it onto the head"""

    bl_idname = "fields.capture"
    bl_label = "Capture"
    bl_options = {"UNDO"}

    selected: BoolProperty(
        name="Selected Strips",
        description="Capture the strips that are selected in the Sequencer, whatever the footage is",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        # The strips that are selected would do too, for who asks for them.
        if (missing := chosen_footage.missing(context)) and chosen_footage.missing(context, selected=True):
            cls.poll_message_set(missing)
            return False
        return True

    def chosen(self, context: bpy.types.Context) -> Footage:
        return chosen_footage.required(context, self.selected)

    def limits(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int] | None:
        return chosen_footage.limits(context, scene)

    def keep(self, head: bpy.types.Object, result: Track) -> Track:
        file = track_files.relative(self._path) if self._beside else ""
        take = takes.add(head, result, self._name, file)
        with together():
            take.actor = self._actor.name if self._actor else ""
        return result


class FIELDS_OT_recapture(_Capture, bpy.types.Operator):
    """Capture the preview range (or else the scene's range) again, into the chosen take: all else in it stays"""

    bl_idname = "fields.recapture"
    bl_label = "Capture Part Again"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        take = takes.active(chosen_head(context))
        if take is None:
            cls.poll_message_set(say("This head has no take yet. Capture first"))
        elif take.problem:
            cls.poll_message_set(say("The take “{name}” can't be read: {why}", name=take.name, why=take.problem))
        else:
            return True
        return False

    def prepare(self, context: bpy.types.Context):
        self._take = takes.stamp(takes.active(chosen_head(context)))
        return (yield from super().prepare(context))

    def chosen(self, context: bpy.types.Context) -> Footage:
        """The take's own strips, whatever is chosen by now."""
        own = chosen_footage.of_take(takes.read(takes.active(chosen_head(context))).source)
        return own or chosen_footage.required(context)

    def limits(self, context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[int, int] | None:
        if scene.use_preview_range:
            return scene.frame_preview_start, scene.frame_preview_end
        return scene.frame_start, scene.frame_end

    def keep(self, head: bpy.types.Object, result: Track) -> Track:
        take = next((take for take in head.fields.takes if takes.stamp(take) == self._take), None)
        if take is None:  # deleted meanwhile: keep the capture as a take of its own
            takes.add(head, result, self._name)
            return result
        whole = blend.splice(takes.read(take), result)
        takes.write(head, take, whole)
        head.fields.take_index = list(head.fields.takes).index(take)
        head.fields.track = ""
        return whole


CLASSES = (FIELDS_OT_capture, FIELDS_OT_recapture)
