"""Follows the face through a clip, and keeps of each frame what the rest of the capture needs."""

import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np

from ..core.arrays import Floats, Image, Ints, Times
from ..core.errors import FieldsError, Note
from .clip import Clip, Frame, frames, later
from .face import Face, FaceTracker
from .features import Features
from .head_pose_correction import corrected_rotation
from .journal import Journal, Seen
from .pose import frontal, head_pose, line_of_sight


@dataclass(frozen=True)
class Progress:
    """Frames done so far, frames to expect, and how many of those done had a face.

    `image`: the frame done last, BGR (h, w, 3) uint8, not to be written to; `face`: what was found in it.
    """

    done: int
    total: int
    found: int
    image: Image | None = field(default=None, compare=False, repr=False)
    face: Face | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Performance:
    """What is kept of the frames, and of the faces in them."""

    journal: Journal
    features: Features

    @property
    def seen(self) -> list[Seen]:
        return self.journal.seen

    @property
    def time(self) -> Times:
        """(n,): s."""
        return np.array([seen.time for seen in self.seen])

    @property
    def score(self) -> Floats:
        """(n,): 0 without a face."""
        return np.array([seen.score for seen in self.seen])

    @property
    def found(self) -> Ints:
        """Indices of the frames with a face."""
        return np.array([i for i, seen in enumerate(self.seen) if seen.pose is not None], int)

    @property
    def pose(self) -> Floats:
        """(faces, 6): rotation and translation of the head."""
        poses = [seen.pose for seen in self.seen if seen.pose is not None]
        return np.stack(poses) if poses else np.empty((0, 6), np.float32)

    def restore(self) -> None:
        """Go on with what the journal holds."""
        self.features.restore([seen.shot for seen in self.seen if seen.pose is not None])

    def add(self, frame: Frame, face: Face | None, shot: int) -> None:
        """A frame and the face in it. `shot`: number of the cuts until then."""
        if face is None:
            self.journal.frame(Seen(frame.time, 0.0, shot, None))
        else:
            height, width = frame.image.shape[:2]
            fitted, translation = head_pose(face.landmarks, width, height)
            front = frontal(face.landmarks, fitted, width, height)
            sight = line_of_sight(face.landmarks, width, height)
            rotation = corrected_rotation(front[None], fitted[None], sight)[0]
            pose = np.concatenate([rotation, translation]).astype(np.float32)
            self.journal.frame(Seen(frame.time, face.score, shot, pose))
            self.features.add(front, fitted, face.inner8, face.inner4, shot=shot)
        if self.journal.due:
            self.features.encode()
            self.journal.sync()


def watch(
    clip: Clip, tracker: FaceTracker, seen: Performance, stop: Callable[[], bool], stills: bool
) -> Generator[Progress, None, Progress | None]:
    """Follow the face through the clip and keep it in `seen`; yields progress and returns the last of it.

    Goes on after what `seen` holds already. What is raised after the first frame becomes a note.
    """
    found, shot, after, progress = 0, 0, None, None
    if seen.seen:
        seen.restore()
        found, shot, after = len(seen.found), seen.seen[-1].shot, seen.seen[-1].time
    stream = frames(clip if after is None else later(clip, after), stop)
    try:
        for frame in stream:
            if stop():
                break
            if after is not None and frame.time <= after:
                continue
            if frame.cut:
                tracker.reset()
            shot += frame.cut or stills
            face = tracker.track(frame.image)
            seen.add(frame, face, shot)
            found += face is not None
            done = len(seen.seen)
            progress = Progress(done, max(clip.count, done), found, frame.image, face)
            yield progress
    except Exception as error:
        if not seen.seen:
            raise
        clip.notes.append(_ended_early(len(seen.seen), error))
    finally:
        stream.close()
    return progress


class EndedEarly(Note):
    """An error ended the capture after the first frame."""


def _ended_early(count: int, error: Exception) -> EndedEarly:
    """What to tell the artist of an error in the middle of a clip."""
    if not isinstance(error, FieldsError):
        traceback.print_exception(error)
    why = str(error).strip().splitlines()
    return EndedEarly(
        "The capture ended after {frames} frames, which are kept: {why}",
        frames=count,
        why=why[0][:200] if why else type(error).__name__,
    )
