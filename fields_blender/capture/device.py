"""Which onnxruntime provider runs the networks, and why; and imports with errors that an artist can act on."""

import hashlib
import importlib
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import FieldsError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
# More threads than this gain nothing on networks of a few ms, and Blender and the video decoder want cores too.
MAX_THREADS = 2


def import_cv2() -> Any:
    """The cv2 module. Raises FieldsError with the reason and a remedy when it can't be imported."""
    return _import("cv2", "OpenCV", "VideoCapture")


def import_onnxruntime() -> Any:
    """The onnxruntime module. Raises FieldsError with the reason and a remedy when it can't be imported."""
    # From 1.29 on it sends telemetry over the network unless this is set before it starts. Nothing leaves this machine.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    module = _import("onnxruntime", "ONNX Runtime", "InferenceSession")
    module.disable_telemetry_events()  # for Windows, where the variable is not read
    return module


def providers(device: str = "auto") -> tuple[list[str], str]:
    """The providers to request from onnxruntime, best first, and the reason in a sentence.

    `device`: "auto" and "cuda" take CUDA if onnxruntime offers it, "cpu" never does.
    Raises FieldsError for another name, or when onnxruntime can't be imported.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise FieldsError("There is no device “{device}”. Choose auto, cpu or cuda.", device=device)
    available = import_onnxruntime().get_available_providers()
    if device == "cpu":
        return [CPU], "CPU: as chosen"
    if CUDA in available:
        return [CUDA, CPU], "CUDA: this onnxruntime offers it"
    return [CPU], "CPU: this onnxruntime has no CUDA"


def processor() -> str:
    """The processor's name and how many threads it runs at once."""
    name = platform.processor() or platform.machine()
    try:  # Linux keeps the name here, where `platform` does not look
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{name}, {os.cpu_count() or 1} threads"


def session(
    path: str | os.PathLike[str], device: str = "auto", sha256: str | None = None, threads: int | None = None
) -> "InferenceSession":
    """An onnxruntime session for the network at `path`; on the CPU if CUDA is requested but doesn't start.

    `sha256`: the file's hash, from its card. `threads`: of one run, at most; MAX_THREADS by default. Raises
    FieldsError when the file is missing, damaged or another one.
    """
    path = Path(path)
    onnxruntime = import_onnxruntime()
    wanted, _ = providers(device)
    try:
        network = path.read_bytes()
    except OSError as error:
        raise FieldsError(
            "The network {file} can't be read ({why}). Reinstall the extension (in a git checkout: run make models).",
            file=path.name,
            why=error.strerror,
        ) from None
    if sha256 is not None and hashlib.sha256(network).hexdigest() != sha256:
        raise FieldsError(
            "The network {file} is not the file its card describes (wrong sha256). Reinstall the extension (in a git "
            "checkout: run make models).",
            file=path.name,
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # `describe` reports a CUDA that doesn't start; no need for pages in the console
    options.intra_op_num_threads = min(threads or MAX_THREADS, os.cpu_count() or 1)
    # Threads that wait would otherwise keep busy the core that decodes the video.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if CUDA in wanted and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # finds CUDA and cuDNN in the nvidia-* packages; onnxruntime 1.21 and later
    try:
        return onnxruntime.InferenceSession(network, options, providers=[_with_options(name) for name in wanted])
    except Exception as error:
        if wanted == [CPU]:
            raise FieldsError(
                "The network {file} can't be loaded ({why}). Reinstall the extension (in a git checkout: run make "
                "models).",
                file=path.name,
                why=str(error).splitlines()[0][:200],
            ) from None
    # The fault may be CUDA's. If it is the file's, the CPU fails too and says so.
    return session(path, "cpu", threads=threads)


def describe(running: "InferenceSession", device: str = "auto") -> str:
    """Which provider really runs this session, and why, in a sentence."""
    wanted, reason = providers(device)
    if running.get_providers()[0] == wanted[0]:
        return reason
    return (
        "CPU: onnxruntime offers CUDA but it did not start. "
        "It needs an NVIDIA driver, and the CUDA and cuDNN versions this onnxruntime was built for."
    )


def _with_options(provider: str) -> Any:
    # TF32 rounds to 10 bits, which moves landmarks by more than CPU and GPU otherwise differ. The exhaustive search for
    # the fastest convolution takes seconds at each start and gains little.
    return (provider, {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}) if provider == CUDA else provider


def _import(module: str, name: str, needed: str) -> Any:
    """A module, checked for an attribute it must have. `name`: what the artist calls it."""
    try:
        imported = importlib.import_module(module)
        if not hasattr(imported, needed):  # a folder left over from another installation imports as an empty module
            raise ModuleNotFoundError(f"{module} is incomplete")
        return imported
    except ModuleNotFoundError as error:
        raise FieldsError(
            "{name} does not start ({why}). Reinstall the FIELDS extension for this platform and this Blender.",
            name=name,
            why=str(error),
        ) from error
    except Exception as error:  # libraries built for another numpy raise errors of any kind
        if sys.platform == "win32":
            raise FieldsError(
                "{name} does not start ({why}). Install the Microsoft Visual C++ Redistributable (x64) and restart "
                "Blender.",
                name=name,
                why=str(error),
            ) from error
        raise FieldsError(
            "{name} does not start ({why}). Reinstall the FIELDS extension made for this platform and restart Blender.",
            name=name,
            why=str(error),
        ) from error
