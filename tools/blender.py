"""The extension, enabled in bpy straight from this checkout, in a user folder of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULE = "bl_ext.user_default.fields_facial_capture"
ROOT = Path(__file__).parent.parent


@contextmanager
def extension() -> Iterator[None]:
    """Enable the extension for the length of a `with` block. bpy must not have been imported before."""
    with tempfile.TemporaryDirectory(prefix="fields-", ignore_cleanup_errors=True) as profile:
        os.environ["BLENDER_USER_RESOURCES"] = profile  # bpy reads this when it is imported
        link_checkout(Path(profile))
        import addon_utils

        if addon_utils.enable(MODULE, default_set=True) is None:
            raise SystemExit("The extension can't be enabled in this bpy; the reason stands above.")
        try:
            yield
        finally:
            addon_utils.disable(MODULE, default_set=True)  # bpy 4.5 never ends when a class is left registered


def link_checkout(profile: Path) -> None:
    """Make a user folder of Blender's find this checkout as an installed extension."""
    folder = profile / "extensions" / "user_default"
    folder.mkdir(parents=True)
    (folder / "fields_facial_capture").symlink_to(ROOT, target_is_directory=True)
