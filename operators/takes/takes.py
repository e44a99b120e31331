"""The takes of a head: performances that travel in the .blend, each in a datablock of its own, or lie in files.

A take's bytes are a custom property of a Text. Measured with ten takes of 60 s (5 MB) against packed images, meshes and
properties of the head: saving takes 5 ms longer and an undo step 0.9 ms, no evaluated copy of them is made when the
scene plays, append and duplicate follow the pointer, and *Unpack All* leaves them alone. A take is never changed in
place, so takes may share their bytes: whatever alters one writes new ones.
"""

import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...fields_blender.capture.actor import seems_without_neutral
from ...fields_blender.core import track
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.files import write_new, write_whole
from ...fields_blender.core.shown_text import shown_text
from ...fields_blender.core.track import Track
from ..common.unused_name import unused_name as numbered
from ..common.wording import say
from . import asked_files, correction_list, track_files

KEPT = "fields_take"
NOTE = (
    "This holds a performance captured by FIELDS Facial Capture: the take “{take}” of “{head}”.\n"
    "Deleting this text deletes the performance. Delete the take in the FIELDS tab instead.\n"
)
_COPIED = (
    "data", "key", "strip", "start", "end", "frames", "coverage", "model", "date", "no_neutral", "encoder",
    "actor", "actor_strength",
)  # fmt: skip
# (session_uid of a Text, key) -> are its bytes those of the key? They never change, so one look is enough.
_looked: dict[tuple[int, str], bool] = {}


def active(head: bpy.types.Object) -> Any:
    """The take chosen in the head's list, or None."""
    settings = head.fields
    if not settings.takes:
        return None
    return settings.takes[min(max(settings.take_index, 0), len(settings.takes) - 1)]


def add(head: bpy.types.Object, performance: Track, name: str = "", file: str = "") -> Any:
    """A new take at the end of the head's list, chosen. It is kept in the .blend, or in `file` where that is given.

    Raises FieldsError, with nothing changed, for a performance without a frame or a head from another file.
    """
    if len(performance) == 0:
        raise FieldsError("This performance has no frame, so there is nothing to keep. Capture a longer range.")
    data = track.dumps(correction_list.without(performance))
    settings = _editable(head)
    footage = performance.source.get("name")
    name = unused_name(head, shown_text(name or footage or "Take"))
    if file:  # before anything is changed
        file = track_files.relative(write_new(asked_files.path_of(file), data))
    take = settings.takes.add()
    take.name = name
    settings.take_index = len(settings.takes) - 1
    settings.track = ""
    _describe(take, performance)
    _keep(head, take, data, file)
    return take


def keep(scene: bpy.types.Scene, head: bpy.types.Object, performance: Track, name: str) -> Any:
    """A new take as `add` makes it, stored where the scene's settings say."""
    beside = scene.fields.takes_in == "BESIDE"
    file = track_files.relative(track_files.path_for(head.name, unused_name(head, name))) if beside else ""
    return add(head, performance, name, file)


def write(head: bpy.types.Object, take: Any, performance: Track) -> None:
    """Another performance in place of a take's; it stays where it was kept, in the .blend or in its file."""
    _editable(head)
    data = track.dumps(performance)
    before = take.data
    if take.file:
        write_whole(asked_files.path_of(take.file), data)
    _keep(head, take, data, take.file)
    _describe(take, performance)
    _drop(before)


def read(take: Any) -> Track:
    """A take's performance. Raises FieldsError, naming the take, where it is gone, damaged or of a later version."""
    if take.file:
        performance = track_files.load(take.file)
        if not take.frames:  # of a .blend older than takes, or not loaded until now
            _describe(take, performance)
        return performance
    if wrong := problem(take):
        raise FieldsError("The take “{name}” can't be read: {why}.", name=take.name, why=wrong)
    return track.loads(bytes(take.data[KEPT]), say("The take “{name}”", name=take.name))


def problem(take: Any) -> str:
    """Why a take can't be read, as the end of a sentence; empty where it can. Quick enough for drawing."""
    if take.file:
        if not asked_files.may_touch(take.file):
            return say(
                "{file} lies outside of this .blend's folder and is not loaded yet. Load it if you know where this "
                ".blend is from",
                file=take.file,
            )
        if asked_files.path_of(take.file).is_file():
            return ""
        return say("its file {file} is gone; put it back, or delete the take", file=take.file)
    if take.data is None:
        return say("its data was deleted; undo that, or delete the take")
    return "" if _is_whole(take) else say("its data is damaged; capture again, or delete the take")


def _is_whole(take: Any) -> bool:
    looked = take.data.session_uid, take.key
    if looked not in _looked:
        data = take.data.get(KEPT)
        _looked[looked] = isinstance(data, bytes) and key_of(data) == take.key
    return _looked[looked]


def stamp(take: Any) -> str:
    """Identifies a take's performance."""
    if not take.file:
        return take.key
    return track_files.stamp(take.file)


def tell(head: bpy.types.Object, report: str) -> None:
    """Keep what was last said of the head's performance, with the take it is about."""
    head.fields.report = report
    take = active(head)
    if take is not None and not head.fields.track:
        take.report = report


def duplicate(head: bpy.types.Object, index: int) -> Any:
    """A second take with the same performance; a file is shared as well."""
    settings = _editable(head)
    name = unused_name(head, settings.takes[index].name)
    copy = settings.takes.add()
    take = settings.takes[index]  # after adding: that moves the others in memory
    with asked_files.unnoted():
        copy.file = take.file
    for field in _COPIED:
        setattr(copy, field, getattr(take, field))
    correction_list.copied(take, copy)
    copy.name = name
    settings.take_index = len(settings.takes) - 1
    return copy


def remove(head: bpy.types.Object, index: int) -> None:
    """Remove a take. Its data is deleted when no other take shares it; a file beside the .blend stays."""
    settings = _editable(head)
    data = settings.takes[index].data
    settings.takes.remove(index)
    settings.take_index = min(settings.take_index, max(len(settings.takes) - 1, 0))
    _drop(data)


def pack(head: bpy.types.Object, take: Any) -> None:
    """Move a take from its file into the .blend; the file stays. Raises FieldsError when it can't be read."""
    _editable(head)
    _keep(head, take, track.dumps(read(take)), "")


def unpack(head: bpy.types.Object, take: Any) -> None:
    """Move a take from the .blend to a file beside it. Raises FieldsError when the file can't be written."""
    _editable(head)
    performance = read(take)
    point_to(take, track_files.save_new(performance, track_files.path_for(head.name, take.name)))


def point_to(take: Any, path: Path) -> None:
    """Let a take refer to the performance in that file, instead of to bytes in the .blend."""
    data = take.data
    take.file, take.data = track_files.relative(path), None
    _drop(data)


def unused_name(head: bpy.types.Object, name: str) -> str:
    """`name`, numbered where the head has a take of that name: "take", "take.001"."""
    return numbered(name, {take.name for take in head.fields.takes})


def key_of(data: bytes) -> str:
    return f"{len(data)}-{zlib.crc32(data):08x}"


def load(take: Any) -> Track:
    """The performance of a take in a file that the artist asks for, wherever it lies. Raises FieldsError as `read`."""
    asked_files.ask(take.file)
    return read(take)


def adopt(head: bpy.types.Object) -> None:
    """Turn the track of a .blend older than takes into the head's first take; its file stays where it is, unread."""
    settings = head.fields
    path, name = settings.track, Path(settings.track).stem
    take = settings.takes.add()
    with asked_files.unnoted():
        take.name, take.file = unused_name(head, shown_text(name)), path
    settings.take_index = len(settings.takes) - 1
    settings.track = ""


def _editable(head: bpy.types.Object) -> Any:
    if not head.is_editable and head.override_library is None:
        raise FieldsError(
            "“{name}” is linked from another file, so it can't have takes. Make a library override of it first "
            "(Object > Library Override > Make).",
            name=head.name,
        )
    return head.fields


def _keep(head: bpy.types.Object, take: Any, data: bytes, file: str) -> None:
    """Point a take to its bytes: in `file`, where they are already, or in a new Text."""
    if file:
        take.file, take.data, take.key = file, None, key_of(data)
        return
    # The dot keeps it out of most lists of Blender.
    text = bpy.data.texts.new(f".FIELDS {head.name} {take.name}")
    text.from_string(NOTE.format(take=take.name, head=head.name))
    text[KEPT] = data
    take.data, take.file, take.key = text, "", key_of(data)


def _describe(take: Any, performance: Track) -> None:
    source, card = performance.source, performance.card
    take.strip = shown_text(source.get("name") or "")
    take.start, take.end = float(performance.time[0]), float(performance.time[-1])
    take.frames, take.coverage = len(performance), float(performance.found.mean())
    take.model = shown_text(" ".join(str(card[part]) for part in ("name", "version") if part in card))
    take.no_neutral, take.encoder = seems_without_neutral(performance), track.encoder_of(performance)
    take.date = shown_text(source.get("date") or datetime.now().strftime("%Y-%m-%d %H:%M"))


def _drop(data: bpy.types.Text | None) -> None:
    """Delete a take's data once no take of any head refers to it. (Blender itself never drops a Text.)"""
    if data is None or data.library is not None:
        return
    if not any(take.data == data for item in bpy.data.objects for take in item.fields.takes):
        bpy.data.texts.remove(data)


@persistent
def _after_load(*_arguments: Any) -> None:
    _looked.clear()
    for head in bpy.data.objects:
        if head.library is None and head.override_library is None and head.fields.track and not head.fields.takes:
            adopt(head)


def register() -> None:
    bpy.app.handlers.load_post.append(_after_load)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_after_load)
    _looked.clear()
