"""What all verbs share that have the networks read the faces in a Clip: capture, and the actors' ones."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import bpy

from ...fields_blender.capture.capture_process import CaptureProcess
from ...fields_blender.capture.clip import Clip
from ...fields_blender.capture.progress_report import ProgressReport
from ..common.devices import chosen_device
from ..common.job import Heavy, Job
from ..common.wording import say
from .strips import Probe

if TYPE_CHECKING:
    import numpy as np

    from ...fields_blender.capture.solve import Progress


class FaceJob(Job):
    """In the window, all that uses cv2 or the networks runs in a process of its own, so that Blender never waits."""

    def footage(self, context: bpy.types.Context, ask: Probe | None) -> Generator[Any, None, Clip]:
        """Main thread, steps as those of `prepare`: what to read. `ask`: as `chosen_footage.clip` takes it."""
        raise NotImplementedError

    def read(self, networks: Any, device: str, choose: str) -> Heavy:
        """The heavy half: `self._clip`, read by `networks`, which is the module `solve` or a CaptureProcess."""
        raise NotImplementedError

    def prepare(self, context: bpy.types.Context):
        choose, device = context.scene.fields.face.lower(), chosen_device(context)
        process = CaptureProcess() if self.in_window else None
        try:
            self._clip = yield from self.footage(context, process.probe if process else None)
        except BaseException:  # a cancelled generator too
            if process:
                process.close()
            raise
        return self._heavy(process, device, choose)

    def _heavy(self, process: CaptureProcess | None, device: str, choose: str) -> Heavy:
        """`read`; the pictures rendered for it are deleted when it ends, however it ends."""
        try:
            if process:
                return (yield from self.read(process, device, choose))
            from ...fields_blender.capture import solve  # here, so that enabling the extension stays quick

            return (yield from self.read(solve, device, choose))
        finally:
            if process:
                process.close()
            self._clip.close()

    def describe(self, progress: "ProgressReport | Progress") -> tuple[float, str]:
        total = max(progress.total, 1)
        words = say(
            "{done} of {total} frames, {found} with a face", done=progress.done, total=total, found=progress.found
        )
        return progress.done / total, words

    def picture(self, progress: ProgressReport) -> "np.ndarray | None":
        return progress.picture
