"""Walk through the whole work in a real Blender window, with the mouse and the keyboard: `make gui-test`.

    python -m tools.gui_test --blender /path/to/blender
    python -m tools.gui_test --blender "xvfb-run -s '-screen 0 1600x900x24' blender"     where there is no screen

Installs the extension, built from this checkout, into a fresh user folder of that Blender, so nothing of yours is seen
or changed; then `gui_walk.py` runs inside. Leaves screenshots and a report under out/gui. The exit code is 0 when all
steps went as they should.
"""

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import build_extension
from .blender import ROOT

OUT = ROOT / "out" / "gui"
PLATFORMS = {("Linux", "x86_64"): "linux-x64", ("Windows", "AMD64"): "windows-x64",
             ("Darwin", "arm64"): "macos-arm64", ("Darwin", "x86_64"): "macos-x64"}  # fmt: skip
INSTALLED = "extensions/user_default/fields_facial_capture"


def main() -> int:
    parser = argparse.ArgumentParser(description="Walk through the whole work in a real Blender window.")
    parser.add_argument("--blender", default="blender", help="the program, perhaps with what it is to be started with")
    parser.add_argument("--seconds", type=int, default=600, help="end Blender after so long at the latest")
    arguments = parser.parse_args()
    blender = shlex.split(arguments.blender)
    name = PLATFORMS.get((platform.system(), platform.machine()))
    if name is None:
        sys.exit(f"There is no extension for {platform.system()} {platform.machine()}.")
    build_extension.fetch_wheels(name)
    archive = build_extension.build(build_extension.DIST, name)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="fields-gui-", ignore_cleanup_errors=True) as profile:
        environment = {**os.environ, "BLENDER_USER_RESOURCES": profile}
        install = ["--command", "extension", "install-file", "-r", "user_default", "--enable", str(archive)]
        subprocess.run([*blender, *install], env=environment, check=True)
        _networks(Path(profile, INSTALLED, "models"))
        walk = [
            "--window-geometry", "0", "0", "1600", "900", "--enable-event-simulate", "--python-exit-code", "1",
            "--python", str(ROOT / "tools" / "gui_walk.py"), "--", str(build_extension.SAMPLE), str(OUT),
        ]  # fmt: skip
        try:
            subprocess.run([*blender, *walk], env=environment, check=False, timeout=arguments.seconds)
        except subprocess.TimeoutExpired:
            print(f"Blender was ended after {arguments.seconds} s.")
    report = OUT / "report.txt"
    said = report.read_text(encoding="utf-8") if report.exists() else "Blender left no report.\n"
    print(said, end="")
    return 0 if said.endswith("all steps done\n") else 1


def _networks(models: Path) -> None:
    """Where the trained networks are not there yet, ones of the same inputs and outputs stand in."""
    if not (models / "encoder.onnx").exists():
        from tests import make_networks

        make_networks.write(models)
        print("The trained networks are not there: random ones stand in, so the face moves anyhow.")


if __name__ == "__main__":
    sys.exit(main())
