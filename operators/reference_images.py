"""The pictures of the reference view: Blender's own image empties and camera backgrounds, each with its frame keyed.

They don't need the Sequencer: the file remembers what each scene frame shows, and where the footage is.
Nor do they need the add-on, but for `show_this_frame` in Blender 5.2.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..fields_blender.core.errors import FieldsError
from .footage.source_frames import Stretch
from .keys import fcurves

NAME = "FIELDS Reference"
# A custom property of our images (their width and height, px), and of the empties that show them (which file).
TAG = "fields_reference"
# Custom properties of the first empty, where landmarks are to be drawn over it (reference_landmarks.py).
LANDMARKS, LANDMARKS_TIME = "fields_landmarks", "fields_landmarks_time"


@dataclass(frozen=True)
class Timeline:
    """Which file is seen when. `first`: scene frame. `which` (n,): its index in `files`. `numbers` (n,): its frame."""

    files: tuple[Stretch, ...]
    first: int
    which: np.ndarray
    numbers: np.ndarray


def timeline(stretches: Sequence[Stretch], rate_there: float, rate_here: float) -> Timeline:
    """Stretches of a sequencer at `rate_there` frames a second, on the frames of a scene at `rate_here`.

    Between two stretches the last frame is held.
    """
    begin = min(stretch.first for stretch in stretches)
    end = max(stretch.first + len(stretch.numbers) for stretch in stretches)
    files = {(stretch.path, stretch.kind): stretch for stretch in reversed(stretches)}
    order = list(reversed(files))
    which, numbers = np.full(end - begin, -1), np.zeros(end - begin, int)
    for stretch in stretches:
        covered = slice(stretch.first - begin, stretch.first - begin + len(stretch.numbers))
        which[covered], numbers[covered] = order.index((stretch.path, stretch.kind)), stretch.numbers
    seen = np.maximum.accumulate(np.where(which >= 0, np.arange(len(which)), 0))
    ratio = rate_there / rate_here
    frames = np.arange(int(np.ceil((begin - 0.5) / ratio)), int(np.ceil((end - 0.5) / ratio)))
    there = seen[np.clip(np.floor(frames * ratio + 0.5).astype(int) - begin, 0, end - begin - 1)]
    return Timeline(tuple(files[key] for key in order), int(frames[0]), which[there], numbers[there])


def references(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The empties of this scene that show the footage, in the order of their files."""
    return sorted((thing for thing in scene.objects if TAG in thing), key=lambda thing: thing[TAG])


def cameras(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The cameras of this scene that have the footage behind them."""
    return [thing for thing in scene.objects if thing.type == "CAMERA" and _backgrounds(thing.data)]


def show_beside(scene: bpy.types.Scene, shown: Timeline, place: Callable[[float], tuple[Matrix, float]]) -> float:
    """An empty for each file, one of which is seen at a time. Those of before stay where the artist put them.

    `place`: for a picture's width by height, where new ones go: the middle and the axes (x right, y up), and the height
    in scene units. Returns the first picture's width by height. Raises FieldsError, with nothing changed, when a file
    can't be read or the empties not be keyed.
    """
    found = references(scene)
    with fcurves.all_or_nothing() as undo:
        actions, images = fcurves.Actions(NAME, undo), [_image(file, undo) for file in shown.files]
        where, height = (found[0].matrix_world.copy(), _height(found[0])) if found else place(_aspect(images[0]))
        empties = found[: len(images)]
        empties += [_new_empty(scene, where, undo) for _ in images[len(empties) :]]
        for empty in empties:
            actions.ensure(empty)
        for index, (empty, image) in enumerate(zip(empties, images, strict=True)):
            empty[TAG] = index
            empty.data = image
            empty.empty_display_size = height * max(_aspect(image), 1.0)
            _forget_keys(empty)
            _key(empty, "image_user.frame_offset", empty.image_user, shown, index)
            _key_seen(empty, "hide_viewport", shown, index, seen=False)
    for empty in found[len(images) :]:
        _remove_object(empty)
    _remove_unused_images()
    return _aspect(images[0])


def show_behind(camera: bpy.types.Object, shown: Timeline) -> None:
    """A background image of the camera for each file, one of which is seen at a time. Those of before keep their looks.

    Raises FieldsError, with nothing changed, when a file can't be read or the camera not be keyed.
    """
    data = _camera_data(camera)
    if not data.is_editable:
        raise FieldsError(
            "The camera “{name}” is linked from another file. Make it local, or choose another camera in the scene's "
            "properties.",
            name=camera.name,
        )
    with fcurves.all_or_nothing() as undo:
        images = [_image(file, undo) for file in shown.files]
        fcurves.Actions(NAME, undo).ensure(data)
    _forget_keys(data)
    found = _backgrounds(data)
    for background in found[len(images) :]:
        data.background_images.remove(background)
    for index, image in enumerate(images):
        background = found[index] if index < len(found) else _new_background(data)
        background.image = image
        path = f"background_images[{list(data.background_images).index(background)}]"
        _key(data, f"{path}.image_user.frame_offset", background.image_user, shown, index)
        _key_seen(data, f"{path}.show_background_image", shown, index, seen=True)
    data.show_background_images = True
    _remove_unused_images()


def refresh(scene: bpy.types.Scene, shown: Timeline) -> None:
    """What is there already, with other frames. Raises FieldsError as the others."""
    if found := references(scene):
        show_beside(scene, shown, lambda _aspect: (found[0].matrix_world, 1.0))
    for camera in cameras(scene):
        show_behind(camera, shown)


def aspect_of(empty: bpy.types.Object) -> float:
    """Width by height of the picture that an empty shows."""
    shown: Any = empty.data  # another image, where the artist gave it one
    return _aspect(shown) if shown and TAG in shown else 1.0


def forget_landmarks(scene: bpy.types.Scene) -> None:
    """Those of what was shown before."""
    for empty in references(scene):
        for name in (LANDMARKS, LANDMARKS_TIME):
            if name in empty:
                del empty[name]


def show_this_frame() -> None:
    """Have the 3D View draw the frames of now: Blender 5.2 keeps the picture of an image empty that it drew first."""
    for image in bpy.data.images:
        if TAG in image:
            image.gl_free()


def remove(scene: bpy.types.Scene) -> None:
    """Take the footage away: the empties, what is behind cameras, the keys of both, and unused images."""
    for empty in references(scene):
        _remove_object(empty)
    for camera in cameras(scene):
        data = _camera_data(camera)
        _forget_keys(data)
        for background in _backgrounds(data):
            data.background_images.remove(background)
    _remove_unused_images()


# ------------------------------------------------------------------------------------------------------------- images


def _image(file: Stretch, undo: ExitStack) -> bpy.types.Image:
    """The image of a file: ours, if it is there already."""
    for image in bpy.data.images:
        if TAG in image and image.source == file.kind and bpy.path.abspath(image.filepath) == file.path:
            image.reload()  # pictures that were rendered may have been rendered again
            return image
    try:
        image = bpy.data.images.load(file.path, check_existing=False)
    except RuntimeError as error:
        raise FieldsError(
            "Blender can't read {file} ({why}). Convert it to an mp4, and choose that in the strip's Source panel.",
            file=file.path,
            why=error,
        ) from None
    undo.callback(bpy.data.images.remove, image)
    size: Any = image.size
    image[TAG] = [*size]  # as a sequence it has a size only while one of its frames is shown
    image.source = file.kind
    image.name = f"{NAME} {image.name}"
    if bpy.data.filepath:
        with suppress(ValueError):  # another drive on Windows
            image.filepath = bpy.path.relpath(file.path)
    return image


def _aspect(image: bpy.types.Image) -> float:
    """Width by height; as of most videos, where it can't be read."""
    width, height = image[TAG]
    return width / height if width and height else 16 / 9


def _height(empty: bpy.types.Object) -> float:
    """Of the picture that an empty shows, before the object's own scale."""
    return empty.empty_display_size / max(aspect_of(empty), 1.0)


def _remove_unused_images() -> None:
    for image in [image for image in bpy.data.images if TAG in image and image.users == 0]:
        bpy.data.images.remove(image)


# ---------------------------------------------------------------------------------------------- empties and cameras


def _new_empty(scene: bpy.types.Scene, where: Matrix, undo: ExitStack) -> bpy.types.Object:
    empty = bpy.data.objects.new(NAME, None)
    undo.callback(bpy.data.objects.remove, empty)
    empty.empty_display_type = "IMAGE"
    empty.matrix_world = where
    empty[TAG] = 0
    scene.collection.objects.link(empty)
    return empty


def _remove_object(empty: bpy.types.Object) -> None:
    animation = fcurves.animation_of(empty)
    action = animation.action if animation else None
    bpy.data.objects.remove(empty)
    if action and action.users == 0:
        bpy.data.actions.remove(action)


def _camera_data(camera: bpy.types.Object) -> bpy.types.Camera:
    assert isinstance(camera.data, bpy.types.Camera)
    return camera.data


def _backgrounds(camera: Any) -> list[Any]:
    return [background for background in camera.background_images if background.image and TAG in background.image]


def _new_background(camera: Any) -> Any:
    background = camera.background_images.new()
    background.alpha, background.frame_method = 1.0, "FIT"  # 4.2 stretches by default
    return background


# --------------------------------------------------------------------------------------------------------------- keys


def _forget_keys(owner: bpy.types.ID) -> None:
    """Remove the F-curves of ours: those in the group of our name."""
    bag = fcurves.channelbag(owner)
    for fcurve in [fcurve for fcurve in bag.fcurves if fcurve.group and fcurve.group.name == NAME] if bag else ():
        bag.fcurves.remove(fcurve)


def _key(owner: bpy.types.ID, path: str, user: Any, shown: Timeline, index: int) -> None:
    """Key which frame of file number `index` an image user shows. It shows frame (counted from its start) + offset."""
    rows = np.flatnonzero(shown.which == index)
    user.frame_start, user.frame_duration = shown.first, len(shown.which)
    user.use_cyclic, user.use_auto_refresh = False, True
    # What is shown until the frame changes for the first time: before that, Blender doesn't look at the keys.
    now = int(np.clip(bpy.context.scene.frame_current - shown.first, 0, len(shown.which) - 1))
    user.frame_current = int(shown.numbers[rows[np.argmin(np.abs(rows - now))]])
    # Before its start, Blender counts 0.
    frames = np.r_[shown.first - 1, shown.first + rows]
    _write(owner, path, frames, np.r_[shown.numbers[rows[0]], shown.numbers[rows] - rows - 1])


def _key_seen(owner: bpy.types.ID, path: str, shown: Timeline, index: int, seen: bool) -> None:
    """Key when file number `index` is seen, for which the property has the value `seen`; with one file it always is."""
    if len(shown.files) > 1:
        visible = shown.which == index
        _write(owner, path, shown.first + np.arange(len(visible)), (visible == seen).astype(int))
    else:
        holder, _, name = path.rpartition(".")
        setattr(owner.path_resolve(holder) if holder else owner, name, seen)


def _write(owner: bpy.types.ID, path: str, frames: np.ndarray, values: np.ndarray) -> None:
    """Keys that hold each value until the next; only where it changes."""
    changes = np.r_[True, values[1:] != values[:-1]]
    fcurve = fcurves.new_fcurve(owner, path, 0, NAME)
    fcurves.replace(fcurve, fcurves.plain_keys(frames[changes], values[changes], fcurves.CONSTANT))
