"""A capture to be killed: python -m tests.kill.victim KIND FILE [LARGEST]. Prints how many frames are done, each time.

KIND: "line" captures as the command line does, "blender" in a Blender without a window. FILE: what it has found, as it
goes. LARGEST: a disk on which no file becomes larger (bytes), and three seconds of the video.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE, MODELS = ROOT / "samples" / "performance.mp4", ROOT / "models"


def line(path: Path, end: float | None) -> None:
    from fields_blender.capture import solve
    from fields_blender.capture.clip import open_video
    from fields_blender.capture.journal import Keep

    clip = open_video(SAMPLE, end=end)
    work = solve.capture(clip, MODELS, "cpu", keep=Keep(path))
    while True:
        try:
            print(next(work).done, flush=True)
        except StopIteration as end:
            print("kept", len(end.value), *clip.notes, flush=True)
            return


def blender(path: Path, _end: float | None) -> None:
    import importlib
    import os
    import tempfile

    folder = Path(tempfile.mkdtemp())
    os.environ["BLENDER_USER_RESOURCES"] = str(folder)
    import bpy  # isort: skip - it brings addon_utils
    import addon_utils

    name = "bl_ext.user_default.fields_facial_capture"
    (folder / "extensions" / "user_default").mkdir(parents=True)
    (folder / "extensions" / "user_default" / "fields_facial_capture").symlink_to(ROOT, target_is_directory=True)
    addon_utils.enable(name, default_set=True)
    face_job = importlib.import_module(f"{name}.operators.footage.face_job")
    unfinished = importlib.import_module(f"{name}.operators.takes.unfinished")
    unfinished.new_path = lambda: path
    face_job.FaceJob.describe = lambda self, progress: print(progress.done, flush=True) or (0.0, "")
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_movie("take", str(SAMPLE), 1, 1)
    strip.select, editor.active_strip = True, strip
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0)], [], [])
    head = bpy.data.objects.new("Face", mesh)
    scene.collection.objects.link(head)
    for key in ("Basis", "jawOpen", "mouthSmileLeft"):
        head.shape_key_add(name=key)
    scene.fields.head = head
    bpy.ops.fields.capture()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    {"line": line, "blender": blender}[sys.argv[1]](Path(sys.argv[2]), 3.0 if len(sys.argv) > 3 else None)
