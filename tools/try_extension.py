"""Install a zip of the extension into a fresh Blender profile, without network, and capture with nothing but the zip.

python -m tools.try_extension dist/fields_facial_capture-0.1.0-linux-x64.zip samples/performance.mp4
"""

import os
import socket
import sys
import tempfile
from pathlib import Path

from .blender import MODULE, ROOT


def main(archive: Path, video: Path) -> None:
    socket.socket.connect = _no_network  # pyright: ignore[reportAttributeAccessIssue]
    with tempfile.TemporaryDirectory() as profile:
        os.environ["BLENDER_USER_RESOURCES"] = profile
        os.chdir(profile)  # so that nothing is imported from the repository by accident
        sys.path[:] = [path for path in sys.path if path not in ("", str(ROOT))]
        import bpy  # noqa: I001 - first: it makes Blender's own scripts, such as addon_utils, importable
        import addon_utils

        bpy.ops.extensions.package_install_files(
            filepath=str(archive), repo="user_default", enable_on_install=False, overwrite=True
        )
        module = addon_utils.enable(MODULE, default_set=True)
        if module is None:
            sys.exit(f"{archive.name} was installed but can't be enabled in Blender {bpy.app.version_string}.")
        try:
            if early := {"cv2", "onnxruntime"} & set(sys.modules):
                sys.exit(f"Enabling the extension imports {early}, which makes Blender start slowly.")
            _wheels_first(Path(profile))
            found = _capture(Path(profile), video)
        finally:
            addon_utils.disable(MODULE)  # bpy 4.5 never exits if a class is left registered
    print(f"Blender {bpy.app.version_string}: installed, enabled, captured with its own wheels ({found})")


def _wheels_first(profile: Path) -> None:
    """Import cv2 and onnxruntime from the zip's wheels, as Blender's own Python does, which has no others."""
    sites = list(profile.glob("extensions/.local/lib/python*/site-packages"))
    if len(sites) != 1:
        sys.exit("Blender unpacked none of the zip's wheels for this Python.")
    sys.path.insert(0, str(sites[0]))
    import cv2
    import onnxruntime

    for package in (cv2, onnxruntime):
        if profile not in Path(package.__file__ or "").parents:
            sys.exit(f"{package.__name__} comes from {package.__file__}, not from the zip.")


def _capture(profile: Path, video: Path) -> str:
    """Capture the first second of the video with the installed extension. Returns how many frames had a face."""
    from importlib import import_module

    command_line = import_module(f"{MODULE}.fields_blender.__main__")
    output = profile / "track.npz"
    code = command_line.main(["capture", str(video), "--end", "1", "--device", "cpu", "-o", str(output)])
    if code:
        sys.exit(f"The installed extension could not capture {video.name} (exit code {code}).")
    track = import_module(f"{MODULE}.fields_blender.core.track").load(output)
    return f"{int(track.found.sum())} of {len(track)} frames with a face"


def _no_network(*_: object) -> None:
    raise OSError("The network is switched off in this check.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
