"""Build the extension's zips, one for each platform, and check that each holds what it should and nothing else.

Four steps: copy the committed files that ship to `dist/stage`, make the help pages, add the wheels, then run Blender's
own `blender_ext.py build` and `validate`. Needs the files of bpy, not a running Blender.

    python -m tools.build_extension                          all four platforms, then installs the one for this machine
    python -m tools.build_extension --platform linux-x64
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

from . import help_pages

ROOT = Path(__file__).parent.parent
WHEELS = ROOT / "wheels"
DIST = ROOT / "dist"
SAMPLE = ROOT / "samples" / "performance.mp4"
# Everything that ships is one of these or in one of them. Nothing else is copied: no new folder ships by accident.
SHIPPED = (
    "__init__.py",
    "blender_manifest.toml",
    "LICENSE",
    "README.md",
    "fields_blender",
    "operators",
    "ui",
    "models",
    "presets",
)
HELP = "help"  # made from the documents
# Made by `make models`, not committed. They ship; models/face.json pins their sha256.
CONVERTED = ("models/face_detector.onnx", "models/face_landmarks.onnx", "models/face_maps.onnx")
# Platform -> wheel -> its sha256. onnxruntime on Windows: the newest versions that load inside Blender, which has an
# older Visual C++ runtime; on macOS: the newest that runs on macOS 13, because Blender installs a wheel without
# checking which macOS it needs; on Linux also for Python 3.14, with which distributions build Blender. numpy is
# Blender's own.
PINS: dict[str, dict[str, str]] = json.loads((ROOT / "tools" / "wheels.json").read_text(encoding="utf-8"))
# Parts of names that must never ship.
FORBIDDEN = ("torch", "training", "tests", "samples", "__pycache__", ".git", "numpy-")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build and check the installable zips, under dist/.")
    parser.add_argument("--platform", choices=sorted(PINS), help="only this one (default: all four)")
    only = parser.parse_args().platform
    platforms = [only] if only else list(PINS)
    zips = {}
    for platform in platforms:
        fetch_wheels(platform)
        zips[platform] = build(DIST, platform)
        check(zips[platform], platform)
        print(f"{zips[platform].relative_to(ROOT)}  {zips[platform].stat().st_size / 1e6:.1f} MB")
    if "linux-x64" in zips and sys.platform == "linux":
        for python in lanes():
            check_install(zips["linux-x64"], python)
    return 0


def build(out: Path, platform: str | None, root: Path = ROOT) -> Path:
    """Build the zip for `platform` in the folder `out`; None: one without wheels, for tests."""
    stage = out / "stage" / (platform or "any")
    shutil.rmtree(stage, ignore_errors=True)
    for name in shipped_files(root):
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, stage / name)
    help_pages.write(stage / HELP, root)
    manifest = stage / "blender_manifest.toml"
    version = tomllib.loads(manifest.read_text(encoding="utf-8"))["version"]
    name = f"fields_facial_capture-{version}"
    if platform:
        name = f"{name}-{platform}"
        (stage / "wheels").mkdir()
        for wheel in PINS[platform]:
            shutil.copyfile(WHEELS / wheel, stage / "wheels" / wheel)
        add_wheels(manifest, platform)
    target = out / f"{name}.zip"
    blender_ext("validate", "--valid-tags", str(tags_file()), str(stage))
    blender_ext("build", "--valid-tags", str(tags_file()), "--source-dir", str(stage), "--output-filepath", str(target))
    blender_ext("validate", "--valid-tags", str(tags_file()), str(target))
    return target


def shipped_files(root: Path) -> list[str]:
    """The committed files under SHIPPED, and the converted networks; paths relative to the repository."""
    listed = subprocess.run(["git", "ls-files", "-z", "--", *SHIPPED], cwd=root, capture_output=True, check=True)
    files = [name for name in listed.stdout.decode().split("\0") if name and (root / name).exists()]
    missing = [name for name in CONVERTED if not (root / name).exists()]
    if missing:
        sys.exit(f"{', '.join(missing)} missing: run `make models` first.")
    return sorted({*files, *CONVERTED})


def add_wheels(manifest: Path, platform: str) -> None:
    """Add the platform and its wheels to the staged manifest, before its first table."""
    text = manifest.read_text(encoding="utf-8")
    wheels = "".join(f'  "./wheels/{name}",\n' for name in sorted(PINS[platform]))
    lists = f'platforms = ["{platform}"]\nwheels = [\n{wheels}]\n\n'
    manifest.write_text(text.replace("[permissions]", lists + "[permissions]", 1), encoding="utf-8")


def fetch_wheels(platform: str) -> None:
    """Download a platform's wheels into wheels/, unmodified; refuse one whose sha256 is not the pinned one."""
    WHEELS.mkdir(exist_ok=True)
    for wheel, digest in PINS[platform].items():
        path = WHEELS / wheel
        if not path.exists():
            name, version, python, abi, tags = path.stem.split("-")
            where = [f"--platform={tag}" for tag in tags.split(".")]
            what = ["--no-deps", "--only-binary=:all:", f"--python-version={python[2:]}", f"--abi={abi}", *where]
            print(f"downloading {wheel}", flush=True)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *what]
            subprocess.run([*pip, "--implementation=cp", f"--dest={WHEELS}", f"{name}=={version}"], check=True)
        if sha256(path.read_bytes()) != digest:
            sys.exit(
                f"{wheel} is not the file pinned in tools/wheels.json: its sha256 differs. Delete it and try again."
            )


def check(archive: Path, platform: str | None) -> None:
    """Exit with a message if the zip holds anything unexpected, lacks a file, or holds a changed one."""
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
        top = {name.split("/")[0] for name in names}
        allowed = {*SHIPPED, HELP, *(["wheels"] if platform else [])}
        if extra := top - allowed:
            sys.exit(f"{archive.name} holds {sorted(extra)}, which must not ship.")
        if bad := [name for name in names if any(part in name for part in FORBIDDEN)]:
            sys.exit(f"{archive.name} holds {bad}, which must not ship.")
        wheels = {name.removeprefix("wheels/"): sha256(content.read(name)) for name in names if "wheels/" in name}
        if wheels != (PINS[platform] if platform else {}):
            sys.exit(f"The wheels in {archive.name} are not those of tools/wheels.json.")
        for name, digest in card_digests().items():
            if name not in names or sha256(content.read(name)) != digest:
                sys.exit(f"{name} in {archive.name} is missing or is not the file its card describes.")


def card_digests() -> dict[str, str]:
    """Network in models/ -> its sha256, as stated by the card beside it."""
    digests = {}
    for path in sorted((ROOT / "models").glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        for network in [card, card.get("mean_face", {}), *card.get("networks", {}).values()]:
            if "sha256" in network:
                digests[f"models/{network.get('file', path.stem + '.onnx')}"] = network["sha256"]
    return digests


def lanes() -> list[Path]:
    """The Pythons that have bpy: this one, and those that `make test-all` made."""
    found = [Path(sys.executable), *sorted(ROOT.glob(".venv-[0-9]*/bin/python"))]
    return list({path.parent.parent.resolve(): path for path in found}.values())


def check_install(archive: Path, python: Path) -> None:
    """Install the zip into a fresh Blender profile with the network off, enable it, and capture with its own wheels."""
    alone = ["unshare", "--net"] if _can_unshare() else []  # without it, only the script's own guard on sockets
    script = [str(python), "-m", "tools.try_extension", str(archive), str(SAMPLE)]
    subprocess.run([*alone, *script], cwd=ROOT, check=True, timeout=300)


def _can_unshare() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def scripts_folder() -> Path:
    """The folder `scripts` of bpy, inside one named after Blender's version."""
    found = sorted(Path(sysconfig.get_paths()["purelib"]).glob("bpy/[0-9]*/scripts"))
    if not found:
        sys.exit("This Python has no bpy: run `make extension`, which installs it.")
    return found[-1]


def tags_file() -> Path:
    return next(scripts_folder().glob("modules/_bpy_internal/extensions/tags.py"))


def blender_ext(*arguments: str) -> None:
    """Run Blender's own extension tool; its output is shown only if it fails."""
    tool = scripts_folder() / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, str(tool), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if run.returncode:
        sys.exit(f"blender_ext {arguments[0]} refuses:\n{run.stdout}{run.stderr}")


if __name__ == "__main__":
    sys.exit(main())
