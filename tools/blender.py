"""The extension, enabled in bpy straight from this checkout, in a user folder of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULE = "bl_ext.user_default.fields_facial_capture"
ROOT = Path(__file__).parent.parent


@contextmanager
def profile() -> Iterator[None]:
    """A fresh user folder in which this checkout is an installed extension. Enter before importing bpy."""
    with tempfile.TemporaryDirectory(prefix="fields-", ignore_cleanup_errors=True) as folder:
        os.environ["BLENDER_USER_RESOURCES"] = folder  # bpy reads this when it is imported
        installed = Path(folder, "extensions", "user_default")
        installed.mkdir(parents=True)
        (installed / "fields_facial_capture").symlink_to(ROOT, target_is_directory=True)
        yield


@contextmanager
def extension() -> Iterator[None]:
    """The extension, enabled within a `with` block. Enter before importing bpy."""
    with profile():
        import bpy  # noqa: F401, I001 - makes Blender's own scripts, such as addon_utils, importable
        import addon_utils

        if addon_utils.enable(MODULE, default_set=True) is None:
            raise SystemExit("The extension can't be enabled in this bpy. The reason is above.")
        try:
            yield
        finally:
            addon_utils.disable(MODULE, default_set=True)  # bpy 4.5 never exits if a class is left registered
