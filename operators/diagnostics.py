"""fields.copy_diagnostics: what a bug report needs, as text for the clipboard. No names, no paths, no footage."""

import platform
import sys

import bpy

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MODELS, ROOT
from .common.devices import chosen_device, devices
from .common.wording import say


class FIELDS_OT_copy_diagnostics(bpy.types.Operator):
    """Copy the versions and devices that a bug report needs to the clipboard. No names, paths or pictures are in it"""

    bl_idname = "fields.copy_diagnostics"
    bl_label = "Copy Diagnostics"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = diagnostics(context)
        self.report({"INFO"}, say("Copied. Paste it into the bug report: Report a Bug says where"))
        return {"FINISHED"}


def diagnostics(context: bpy.types.Context) -> str:
    """The text, a fact a line."""
    from ..fields_blender.capture import device

    facts = {
        "FIELDS Facial Capture": _version(),
        "Blender": f"{bpy.app.version_string} ({bpy.app.build_hash.decode(errors='replace')})",
        "System": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        "Window": _window(),
        "Chosen device": f"{chosen_device(context)}, {device.MAX_THREADS} threads",
    }
    for name, load in (("OpenCV", device.import_cv2), ("ONNX Runtime", device.import_onnxruntime)):
        try:
            facts[name] = load().__version__
        except FieldsError as error:
            facts[name] = str(error)
    facts["numpy"] = sys.modules["numpy"].__version__
    facts["Devices"] = "; ".join(devices().splitlines())
    facts["Last run"] = context.window_manager.fields.device or "none"
    facts["Networks"] = (
        ", ".join(f"{path.name} {_short_hash(path)}" for path in sorted(MODELS.glob("*.onnx"))) or "none"
    )
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _version() -> str:
    import tomllib

    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    return manifest["version"]


def _window() -> str:
    if bpy.app.background:
        return "none (background)"
    import gpu

    return f"{gpu.platform.renderer_get()}, {gpu.platform.version_get()}"


def _short_hash(path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


CLASSES = (FIELDS_OT_copy_diagnostics,)
