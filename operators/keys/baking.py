"""From a head's performance to its keys."""

from dataclasses import replace

import bpy
import numpy as np

from ...fields_blender.core import curves
from ...fields_blender.core.curves import Curves
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.timeline import LAST_FRAME, nearest_frame, to_seconds, whole_frames
from ...fields_blender.core.track import Track
from ...fields_blender.rig import retarget
from ...fields_blender.rig.mapping import Mapping
from ...fields_blender.shape.emotion import Emotion
from ...fields_blender.shape.moments import moments, snapped
from ...fields_blender.shape.shaping import Shaping
from ..common import timeline
from ..head import heads, mappings
from ..props.choices import KEY_REGIONS
from ..takes import takes, track_store
from . import confidence_curves, layers, mapping_preview, own_keys, pins, shaping, write_keys, written
from .bake_report import Report
from .performance import intensity, prepared


def bake(scene: bpy.types.Scene, head: bpy.types.Object, track: Track, fresh: bool = False) -> str:
    """Key a head with a track on a scene's frames, in a new action if `fresh`. Returns the report.

    Raises FieldsError, with nothing written, when the head can't be keyed or no frame shows a face.
    """
    mapping_preview.put_back()
    mapping = mappings.of(head)
    found = heads.find(head, mapping)
    if not track.found.any():
        raise FieldsError(
            "No face was found in the footage, so there is nothing to key. Is a face in it, upright and lit?"
        )
    shaping.list_channels(head)
    chosen, settings = chosen_channels(head, mapping), head.fields
    kept = "" if fresh else own_keys.keep(scene, found, chosen, frames_keyed(scene, head, track))
    now = shaping.of(scene, head)
    report = write(scene, head, found, chosen, prepared(head, now, track), now, fresh)
    report = replace(report, gaps=_without_a_face(scene, head, track), own_keys=kept)
    if why := confidence_curves.write(scene, head, track, settings.shape):
        report = replace(report, skipped=report.skipped | {"confidence": why})
    note(head, now)
    pins.show(scene, head)
    takes.tell(head, report.sentence())
    settings.unmatched = ", ".join(report.unmatched)
    settings.skipped = report.skipped_in_words()
    return settings.report


def note(head: bpy.types.Object, now: Shaping) -> None:
    """Note on a head that it has the keys of its track, shaped by `now`."""
    settings = head.fields
    settings.baked = f"{track_store.stamp(head)}\n{now.to_json()}"
    settings.baked_emotion = (settings.emotion_intensity, *settings.emotion_balance)


def chosen_channels(head: bpy.types.Object, mapping: Mapping) -> Mapping:
    """The part of the mapping in the regions that the head's settings key. Regions unknown to them are always keyed."""
    known = {name for name, *_ in KEY_REGIONS}
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
) -> Report:
    """Key what `mapping` names, with the emotion at the intensity of the head's settings, animated or not.

    `sliding`: a slider is dragged, so only what it changes is written. Raises FieldsError, with nothing written, when
    the performance covers no whole frame or the head can't be keyed.
    """
    track, rate = performance.track, timeline.rate(scene)
    frames = frames_keyed(scene, head, track)
    exact = [nearest_frame(each.time, rate) for each in now.corrections if not each.mute and not each.code]
    time = to_seconds(frames, rate)
    # At blinks and closed lips near the frames, but where it was corrected exactly there.
    time = np.where(np.isin(frames, exact), time, snapped(time, moments(track)))
    strength = intensity(head, performance, rate)

    def played(at: float | np.ndarray) -> Curves:
        return curves.resample(retarget.retarget(now.finish(performance.at(at)), mapping), time)

    name = head.fields.action_name or f"FIELDS {track.source.get('name') or track_store.name(head)}"
    if head.fields.write_as == "BAKED":
        layers.restore(found)
        report = write_keys.write(found, played(strength), frames, mapping, name, fresh, exact=exact)
        written.remember(found, report.written, frames, fresh)
        return report
    on_frames = np.interp(time, track.time, strength)
    both = layers.Played(frames, on_frames, played(0.0), played(1.0), played(strength), exact)
    if sliding:
        written.remember(found, layers.rewrite_emotion(found, mapping, both).written, frames)
        return Report()
    report = layers.write(found, mapping, both, name, fresh)
    written.remember(found, report.written, frames, fresh=True)  # shape keys are keyed in strips, none of them noted
    return report


def frames_keyed(scene: bpy.types.Scene, head: bpy.types.Object, track: Track) -> np.ndarray:
    """The whole frames to key (n,). Raises FieldsError where there is none."""
    frames = whole_frames(track, timeline.rate(scene))
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
    """How many of the keyed scene frames show no face, whether the gap is filled or not."""
    seen = curves.Curves(track.time, ("seen",), track["expression"][:, :1])
    rate = timeline.rate(scene)
    time = to_seconds(frames_keyed(scene, head, track), rate)
    return int(np.isnan(curves.resample(seen, time).values).sum())
