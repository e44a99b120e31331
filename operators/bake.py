"""fields.bake: from the stored track to keys. Quick, without the network, as often as you like."""

from dataclasses import replace

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, FloatProperty

from ..fields_blender.core import curves
from ..fields_blender.core.curves import Curves
from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.track import Track
from ..fields_blender.rig import retarget
from ..fields_blender.rig.mapping import Mapping
from ..fields_blender.shape import emotion
from ..fields_blender.shape.emotion import Emotion
from ..fields_blender.shape.shaping import Shaping
from . import confidence, existing, fcurves, heads, keys, layers, mapping_test, mappings, props, shaping, track_store
from . import scene as timeline
from .rebaking import together
from .wording import told

LAST_FRAME = 1_048_574  # Blender's MAXFRAME
# What the operator sets on the head, so that the sliders and the next bake do the same.
REMEMBERED = (
    "jaw_on", "eyes_on", "use_head_rotation", "use_smoothing", "key_style", "key_tolerance", "existing_keys",
    "mix_share", "key_range", "key_regions", "write_as",
)  # fmt: skip

# Performances prepared last, by stamp and settings: two, since a setting that changes is compared with what it was.
# Nothing of Blender's is in them, so undo and loading a file can't spoil them.
_kept: dict[tuple[str, str], Emotion] = {}
KEPT = 2


def bake(scene: bpy.types.Scene, head: bpy.types.Object, track: Track, fresh: bool = False) -> str:
    """Key a head with a track on a scene's frames, in a new action if `fresh`. Returns the report.

    Raises FieldsError, with nothing written, when the head can't be keyed or no frame shows a face.
    """
    mapping_test.put_back()
    mapping = mappings.of(head)
    found = heads.find(head, mapping)
    if not track.found.any():
        raise FieldsError(
            "No face was found in the footage, so there is nothing to key. Is a face in it, upright and lit?"
        )
    shaping.list_channels(head)
    settings, now = head.fields, shaping.of(scene, head)
    report = write(scene, head, found, chosen_channels(head, mapping), prepared(head, now, track), now, fresh)
    report.gaps = _without_a_face(scene, head, track)
    if why := confidence.write(scene, head, track, settings.shape):
        report.skipped["confidence"] = why
    settings.baked = baked(head, now)
    settings.report = report.sentence()
    settings.unmatched = ", ".join(report.unmatched)
    settings.skipped = ", ".join(f"{name} ({why})" for name, why in report.skipped.items())
    return settings.report


def baked(head: bpy.types.Object, now: Shaping) -> str:
    """What `Object.fields.baked` says when a head has the keys of its track, shaped so."""
    return f"{track_store.stamp(head)}\n{now.to_json()}"


def prepared(head: bpy.types.Object, now: Shaping, track: Track | None = None) -> Emotion:
    """The performance cleaned and calibrated, but for how strong its emotion is.

    `track`: the head's own, where it is at hand; else it is read, unless this was prepared a moment ago.
    """
    which = track_store.stamp(head), now.slow.to_json()
    if track is not None or which not in _kept:
        made = now.prepare(track_store.load(head) if track is None else track)
        _kept.pop(which, None)
        while len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[which] = made
    return _kept[which]


def shaped(scene: bpy.types.Scene, head: bpy.types.Object, performance: Emotion, now: Shaping) -> Track:
    """A prepared performance with its emotion as strong as the head's setting says, and the quick half of `now`."""
    return now.finish(performance.at(_intensity(head, performance, timeline.rate(scene))))


def played(scene: bpy.types.Scene, head: bpy.types.Object) -> Track:
    """The head's performance as its settings shape it: what is keyed.

    Raises FieldsError when there is none or it can't be read.
    """
    now = shaping.of(scene, head)
    return shaped(scene, head, prepared(head, now), now)


def chosen_channels(head: bpy.types.Object, mapping: Mapping) -> Mapping:
    """What of the mapping lies in the regions that the head's settings key; a region they don't know always does."""
    known = {name for name, *_ in props.KEY_REGIONS}
    left_out = known - set(head.fields.key_regions)
    return replace(
        mapping,
        channels=tuple(channel for channel in mapping.channels if channel.region not in left_out),
        bones=tuple(channel for channel in mapping.bones if channel.region not in left_out),
    )


def write(
    scene: bpy.types.Scene,
    head: bpy.types.Object,
    found: heads.Head,
    mapping: Mapping,
    performance: Emotion,
    now: Shaping,
    fresh: bool = False,
    sliding: bool = False,
) -> keys.Report:
    """Key what `mapping` names, the emotion as strong as the head's setting says, frame by frame where it is animated.

    `sliding`: a slider is dragged; what it does not change is there already. Raises FieldsError, with nothing written,
    when the performance covers no whole frame or the head can't be keyed.
    """
    track, rate = performance.track, timeline.rate(scene)
    frames = _frames(scene, head, track, rate)
    intensity = _intensity(head, performance, rate)

    def played(at: float | np.ndarray) -> Curves:
        return curves.resample(retarget.retarget(now.finish(performance.at(at)), mapping), frames / rate)

    name = head.fields.action_name or f"FIELDS {track.source.get('name') or track_store.name(head)}"
    if head.fields.write_as == "BAKED":
        layers.restore(found)
        return keys.write(found, played(intensity), frames, mapping, name, fresh)
    on_frames = np.interp(frames / rate, track.time, intensity)
    both = layers.Played(frames, on_frames, played(0.0), played(1.0), played(intensity))
    if sliding:
        layers.rewrite_emotion(found, mapping, both)
        return keys.Report()
    return layers.write(found, mapping, both, name, fresh)


def _frames(scene: bpy.types.Scene, head: bpy.types.Object, track: Track, rate: float) -> np.ndarray:
    """The whole frames to key (n,). Raises FieldsError where there is none."""
    try:
        frames = whole_frames(track, rate)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:  # files travel, so they may hold anything
        raise FieldsError(f"The track's own account of its strips is damaged ({error}). Capture again.") from None
    if len(frames) == 0:
        raise FieldsError("No whole frame of the scene lies in the captured range. Choose a longer range.")
    first, last = _range(scene, head)
    frames = frames[(frames >= first) & (frames <= last)]
    if len(frames) == 0:
        raise FieldsError("The take has no frame in the range that is to be keyed. Choose another under Keys > Range.")
    return frames


def _range(scene: bpy.types.Scene, head: bpy.types.Object) -> tuple[int, int]:
    """First and last frame that the head's settings key."""
    choice = head.fields.key_range
    if choice == "PREVIEW" and scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    if choice == "SCENE":
        return scene.frame_start, scene.frame_end
    return -LAST_FRAME, LAST_FRAME


def _without_a_face(scene: bpy.types.Scene, head: bpy.types.Object, track: Track) -> int:
    """How many of the scene frames that get keys show no face, filled in or not."""
    seen = curves.Curves(track.time, ("seen",), track["expression"][:, :1])
    rate = timeline.rate(scene)
    return int(np.isnan(curves.resample(seen, _frames(scene, head, track, rate) / rate).values).sum())


def _intensity(head: bpy.types.Object, performance: Emotion, rate: float) -> np.ndarray:
    """How strong the emotion is to be at each moment (n,): both settings of the head together, animated or not."""
    frames = performance.track.time * rate
    overall = _setting(head, "fields.emotion_intensity", 0, head.fields.emotion_intensity, frames)
    each = [_setting(head, "fields.emotion_balance", i, x, frames) for i, x in enumerate(head.fields.emotion_balance)]
    return np.clip(overall * performance.balance(np.stack(each, axis=1)), emotion.LEAST, emotion.MOST)


def _setting(head: bpy.types.Object, path: str, index: int, value: float, frames: np.ndarray) -> np.ndarray:
    """A setting of the head at each of `frames` (n,), which may lie between whole ones: its F-curve, else its value."""
    fcurve = fcurves.fcurve_of(head, path, index)
    if fcurve is None or fcurve.mute:
        return np.full(len(frames), value)
    return np.clip([fcurve.evaluate(frame) for frame in frames], emotion.LEAST, emotion.MOST)


def whole_frames(track: Track, rate: float) -> np.ndarray:
    """The whole scene frames a performance covers (n,), face or no face, without the holes between strips."""
    ends = track.time[[0, -1]] * rate
    if np.abs(ends).max() > LAST_FRAME:
        raise FieldsError(
            f"The track runs from frame {ends[0]:.0f} to {ends[1]:.0f}, beyond Blender's last frame {LAST_FRAME}. "
            "Capture again, or choose another track."
        )
    frames = np.arange(int(np.floor(track.time[0] * rate)), int(np.ceil(track.time[-1] * rate)) + 2)
    covered = curves.covered(track.time, frames / rate)
    strips = track.source.get("strips")
    if strips:  # captured from strips: the frames they were seen on, and no frame beside them
        was = track.source["rate"] / rate
        spans = [(strip["first"], strip["last"]) for strip in strips]
        covered &= np.any([(frames * was > a - 0.5) & (frames * was < b + 0.5) for a, b in spans], axis=0)
    return frames[covered]


class FIELDS_OT_bake(bpy.types.Operator):
    """Write keys from this head's captured track again, without running the capture"""

    bl_idname = "fields.bake"
    bl_label = "Bake Keys"
    bl_options = {"REGISTER", "UNDO"}

    jaw_on: EnumProperty(name="Jaw", description="What opens the mouth", items=props.JAW_ON, options={"SKIP_SAVE"})
    eyes_on: EnumProperty(name="Eyes", description="What turns the eyes", items=props.EYES_ON, options={"SKIP_SAVE"})
    use_smoothing: BoolProperty(
        name="Smooth", description="Take the jitter out before keys are written", default=True, options={"SKIP_SAVE"}
    )
    use_head_rotation: BoolProperty(
        name="Head Rotation", description="Key the turning of the head too", default=True, options={"SKIP_SAVE"}
    )

    key_style: EnumProperty(
        name="Keys", description="How many keys are written", items=props.KEY_STYLES, options={"SKIP_SAVE"}
    )
    key_tolerance: FloatProperty(
        name="Tolerance",
        description="How far reduced keys may be from the capture on any frame, in units of a shape key",
        default=0.02,
        min=0.001,
        max=0.2,
        step=1,
        precision=3,
        options={"SKIP_SAVE"},
    )
    write_as: EnumProperty(
        name="Write", description="Where the emotion goes", items=props.WAYS_TO_WRITE, options={"SKIP_SAVE"}
    )
    existing_keys: EnumProperty(
        name="Existing Keys",
        description="What becomes of keys that are there already",
        items=existing.WAYS,
        options={"SKIP_SAVE"},
    )
    mix_share: FloatProperty(
        name="Share",
        description="How much of the capture is in the mix",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.5,
        options={"SKIP_SAVE"},
    )
    key_range: EnumProperty(
        name="Range", description="Which frames get keys", items=props.KEY_RANGES, options={"SKIP_SAVE"}
    )
    key_regions: EnumProperty(
        name="Regions",
        description="Which parts of the face get keys",
        items=props.KEY_REGIONS,
        default={name for name, *_ in props.KEY_REGIONS},
        options={"SKIP_SAVE", "ENUM_FLAG"},
    )
    fresh: BoolProperty(
        name="New Action",
        description="Write a new action and leave the present one as it is",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None:
            cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
            return False
        if not track_store.has(head):
            cls.poll_message_set("This head has no captured track yet. Capture a strip first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        settings = chosen_head(context).fields
        for name in REMEMBERED:
            setattr(self, name, getattr(settings, name))
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        settings = head.fields
        with together():
            for name in REMEMBERED:
                if self.properties.is_property_set(name):
                    setattr(settings, name, getattr(self, name))
        try:
            context.view_layer.update()
            self.report({"INFO"}, bake(context.scene, head, track_store.load(head), self.fresh))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def chosen_head(context: bpy.types.Context) -> bpy.types.Object | None:
    """The head under FIELDS > Head, else the active object."""
    return context.scene.fields.head or context.view_layer.objects.active


CLASSES = (FIELDS_OT_bake,)
