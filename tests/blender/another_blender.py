"""Scripts in a Blender of their own: a new process with a new user folder, the extension registered."""

import subprocess
import sys
from pathlib import Path

import bpy

# The link that conftest.py made: a legal package name, whatever the checkout's folder is called.
NAME = "fields_facial_capture"
START = """
import sys, os, tempfile
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp()
import bpy, importlib
sys.path.insert(0, {folder!r})
before = set(sys.modules)
extension = importlib.import_module({name!r}); extension.register()
"""


def run(script: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run START and `script`, in which {name} is the extension's package; it must unregister `extension` at its end.

    bpy hangs or crashes at exit when a class is left registered.
    """
    folder = Path(bpy.utils.user_resource("EXTENSIONS"), "user_default")
    code = (START + script).format(folder=str(folder), name=NAME)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, check=False)
