"""Run the whole workflow in a real Blender window, by simulated mouse and keyboard: `make gui-test`.

    python -m tools.gui_test --blender /path/to/blender
    python -m tools.gui_test --blender "xvfb-run -s '-screen 0 1600x900x24' blender"     where there is no screen

Builds the extension from this checkout and installs it into a fresh user folder of that Blender, so your settings are
neither seen nor changed. Then `gui_walk.py` runs inside. Leaves screenshots and a report in out/gui. The exit code is 0
if every step succeeded.
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
    parser = argparse.ArgumentParser(description="Run the whole workflow in a real Blender window.")
    parser.add_argument("--blender", default="blender", help="the program, with a wrapper such as xvfb-run if need be")
    parser.add_argument("--seconds", type=int, default=600, help="end Blender after this time at the latest")
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
    """If the trained networks are missing, put random ones with the same inputs and outputs in their place."""
    if not (models / "encoder.onnx").exists():
        from tests import make_networks

        make_networks.write(models)
        print("The trained networks are missing. Random ones are used, so the face moves at random.")


if __name__ == "__main__":
    sys.exit(main())
