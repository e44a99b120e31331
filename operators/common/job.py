"""Long work: one generator with two drivers, blocking in background and in scripts, modal in the window.

A job is made of main-thread steps (`prepare`, which may render the sequencer) that end in a heavy generator, and of
that generator, which never touches bpy and so runs in a thread while Blender stays usable. Both end in `finish`.
"""

import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...fields_blender.core.errors import FieldsError
from . import live_picture
from .time_left import TimeLeft
from .wording import say, told

TICK = 0.1  # s between two polls of the thread
SHOW = 0.25  # s between two updates of the sidebar, each of which redraws all of its panels
SLICE = 0.05  # s of main-thread steps per tick, so that the window stays responsive
# s after which the thread hands Python's lock over. Drawing the panels asks for it some fifty times, and with Python's
# default of 5 ms each the window would stand still for a quarter of a second.
HANDOVER = 0.0005
PATIENCE = 10.0  # s to wait for the thread when Blender closes or loads a file; a frame takes far less
BACKGROUND_REPORT = 2.0  # s between two lines of progress in a log

Heavy = Generator[Any, None, Any]

# The job whose modal half is running. Not an attribute of Job: an annotation there makes bpy 4.5 hang at exit.
_running: "Job | None" = None
# Where the result of a job was saved that loading another file ended, until the artist has been told.
_kept: list[str] = []


class Job:
    """Mix-in for operators with long work. A subclass implements the functions below."""

    in_window = False  # does the modal driver run it?

    def prepare(self, context: bpy.types.Context) -> Generator[tuple[float, str] | None, None, Heavy]:
        """Main thread: yields (share 0..1, text), in the window also None while it waits; returns the heavy generator.

        May raise FieldsError.
        """
        raise NotImplementedError

    def describe(self, progress: Any) -> tuple[float, str]:
        """Share 0..1 and text for what the heavy generator yields."""
        raise NotImplementedError

    def picture(self, progress: Any) -> Any:
        """Main thread: the current frame (side, side, 4) uint8, lowest row first; None without one."""
        return None

    def finish(self, context: bpy.types.Context, result: Any, cancelled: bool) -> set[str]:
        """Main thread: use the result, which is partial when cancelled. Returns the operator's status."""
        raise NotImplementedError

    def abandon(self, result: Any) -> str:
        """Blender is closing or loading another file: save the result without touching bpy. Returns where it is."""
        return ""

    # -- blocking -------------------------------------------------------------------------------------------------

    def execute(self, context: bpy.types.Context) -> set[str]:
        self._stop = threading.Event()
        printer = _Printer()
        try:
            heavy = _drain(self.prepare(context), printer)
            result = _drain(heavy, lambda progress: printer(self.describe(progress)))
            printer.end()
            return self.finish(context, result, cancelled=False)
        except FieldsError as error:
            printer.end()
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}

    # -- modal ----------------------------------------------------------------------------------------------------

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event | None) -> set[str]:
        global _running
        if _running is not None:
            self.report({"ERROR"}, say("A capture is already running. Wait for it or cancel it first."))
            return {"CANCELLED"}
        self._stop, self.in_window = threading.Event(), True
        self._steps: Generator | None = self.prepare(context)
        self._worker: _Worker | None = None
        self._shown, self._left = -SHOW, TimeLeft()
        self._context = context
        manager = context.window_manager
        manager.fields.kept = ""
        self._timer = manager.event_timer_add(TICK, window=context.window)
        manager.progress_begin(0.0, 1.0)
        manager.modal_handler_add(self)
        _running = self
        self._show(context, 0.0, say("Starting"))
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if _running is not self:
            return {"CANCELLED"}  # another file was loaded: `stop_for_good` has ended the work
        if event.type == "ESC" and event.value == "PRESS":
            self._stop.set()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            done = self._step(context) if self._worker is None else self._poll(context)
            if not done:
                return {"PASS_THROUGH"}
        except FieldsError as error:
            cancelled = self._stop.is_set()
            self._end(context)
            if cancelled:
                self.report({"INFO"}, say("Cancelled before anything was captured. Nothing was changed"))
            else:
                self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        except BaseException:
            self._end(context)
            raise
        cancelled, result = self._stop.is_set(), self._worker.result if self._worker else None
        self._end(context)
        try:
            return self.finish(context, result, cancelled)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender closes the window."""
        if _running is self:
            stop_for_good()
            self._end(context)

    def _step(self, context: bpy.types.Context) -> bool:
        """Some main-thread steps; True when there is nothing more to do (cancelled before the heavy half)."""
        assert self._steps is not None
        until = time.monotonic() + SLICE
        while time.monotonic() < until:
            if self._stop.is_set():
                self._steps.close()
                return True
            try:
                step = next(self._steps)
                if step is None:
                    return False
                self._show(context, *step)
            except StopIteration as end:
                self._worker = _Worker(end.value)
                self._worker.start()
                return False
        return False

    def _poll(self, context: bpy.types.Context) -> bool:
        worker = self._worker
        assert worker is not None
        if worker.is_alive():
            if worker.progress is not None and time.monotonic() - self._shown >= SHOW:
                progress = worker.progress
                share, words = self.describe(progress)
                left = self._left.after(share, time.monotonic())
                context.window_manager.fields.picture = live_picture.show(self.picture(progress))
                self._show(context, share, say("Cancelling") if self._stop.is_set() else words, left)
            return False
        if worker.error is not None:
            raise worker.error
        return True

    def _show(self, context: bpy.types.Context, share: float, words: str, left: str = "") -> None:
        self._shown = time.monotonic()
        state = context.window_manager.fields
        state.running, state.progress, state.message, state.left = True, min(share, 1.0), words, left
        context.window_manager.progress_update(share)
        said = ", ".join(filter(None, (words, left)))
        context.workspace.status_text_set(say("FIELDS: {state}    ESC: Cancel", state=said))
        _redraw(context)

    def _end(self, context: bpy.types.Context) -> None:
        global _running
        if _running is self:
            _running = None
        if self._steps is not None:
            self._steps.close()
        manager = context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        manager.fields.running, manager.fields.picture = False, 0
        live_picture.clear()
        # In every workspace: the artist may have changed it meanwhile.
        for workspace in (context.workspace, *bpy.data.workspaces):
            if workspace:
                workspace.status_text_set(None)
        _redraw(context)


def running() -> bool:
    """Is a job at work in the window?"""
    return _running is not None


def stop() -> None:
    """Ask the running job, if any, to end and keep what it has."""
    if _running is not None:
        _running._stop.set()


def stop_for_good(*_arguments: Any) -> None:
    """End the running job now: Blender is about to free all data it refers to."""
    global _running
    job, _running = _running, None
    if job is None:
        return
    job._stop.set()
    worker = job._worker
    if worker is not None:
        worker.join(PATIENCE)
        if worker.result is not None:
            try:
                _kept[:] = filter(None, [job.abandon(worker.result)])
            except FieldsError as error:
                _kept[:] = [told(error)]


@persistent
def _before_load(*_arguments: Any) -> None:
    job = _running
    stop_for_good()
    if job is not None:
        job._end(job._context)


@persistent
def _after_load(*_arguments: Any) -> None:
    """Tell in the new file where the capture is that ended with the old one."""
    if _kept:
        bpy.context.window_manager.fields.kept = _kept.pop()


class _Worker(threading.Thread):
    """Runs a generator that never touches bpy. Only the latest progress matters, so one attribute carries it."""

    def __init__(self, work: Heavy) -> None:
        super().__init__(name="FIELDS capture", daemon=True)
        self.work = work
        self.progress: Any = None
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(HANDOVER)
        try:
            while True:
                self.progress = next(self.work)
        except StopIteration as end:
            self.result = end.value
        except BaseException as error:  # handed to the main thread, which reports or raises it
            self.error = error
        finally:
            sys.setswitchinterval(before)


def _drain(work: Generator[Any, None, Any], tell: Callable[[Any], None]) -> Any:
    try:
        while True:
            tell(next(work))
    except StopIteration as end:
        return end.value
    finally:
        work.close()


class _Printer:
    """Progress for a terminal: one line that is rewritten; in a log, a line every few seconds."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.said = -BACKGROUND_REPORT
        self.open = False

    def __call__(self, progress: tuple[float, str]) -> None:
        share, words = progress
        now = time.monotonic()
        if now - self.said < (TICK if self.terminal else BACKGROUND_REPORT) and share < 1.0:
            return
        self.said = now
        self.open = self.terminal
        print(
            f"{chr(13) if self.terminal else ''}FIELDS: {share:4.0%} {words}", end="" if self.open else "\n", flush=True
        )

    def end(self) -> None:
        if self.open:
            print(flush=True)


def _redraw(context: bpy.types.Context) -> None:
    """The sidebars alone: drawing a heavy scene or a timeline a few times a second would slow Blender down."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "SEQUENCE_EDITOR"}:
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


class FIELDS_OT_cancel(bpy.types.Operator):
    """Stop the capture that is running. What was captured so far is kept as a track"""

    bl_idname = "fields.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not running():
            cls.poll_message_set(say("No capture is running"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        stop()
        return {"FINISHED"}


CLASSES = (FIELDS_OT_cancel,)


def register() -> None:
    bpy.app.handlers.load_pre.append(_before_load)
    bpy.app.handlers.load_post.append(_after_load)


def unregister() -> None:
    stop_for_good()
    bpy.app.handlers.load_post.remove(_after_load)
    bpy.app.handlers.load_pre.remove(_before_load)
