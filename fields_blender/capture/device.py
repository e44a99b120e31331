"""Which onnxruntime provider runs the networks, and why; and imports that explain themselves when they fail."""

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
    """The cv2 module, or FieldsError with the reason and the cure."""
    return _import("cv2", "OpenCV", "VideoCapture")


def import_onnxruntime() -> Any:
    """The onnxruntime module, or FieldsError with the reason and the cure."""
    # From 1.29 on it reports to its maker over the network unless told not to before it starts. Nothing leaves here.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    module = _import("onnxruntime", "ONNX Runtime", "InferenceSession")
    module.disable_telemetry_events()  # on Windows, where the variable is not read
    return module


def providers(device: str = "auto") -> tuple[list[str], str]:
    """The providers to ask onnxruntime for, best first, and the reason in a sentence.

    `device`: "auto" and "cuda" take CUDA where onnxruntime offers it, "cpu" never does.
    Raises FieldsError for another name, or when onnxruntime doesn't start.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise FieldsError(f"There is no device “{device}”. Choose auto, cpu or cuda.")
    available = import_onnxruntime().get_available_providers()
    if device == "cpu":
        return [CPU], "CPU: as chosen"
    if CUDA in available:
        return [CUDA, CPU], "CUDA: this onnxruntime offers it"
    return [CPU], "CPU: this onnxruntime has no CUDA"


def processor() -> str:
    """The processor's name and how many threads it runs at once."""
    name = platform.processor() or platform.machine()
    try:  # where Linux keeps the name; platform does not look there
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{name}, {os.cpu_count() or 1} threads"


def session(path: str | os.PathLike[str], device: str = "auto", sha256: str | None = None) -> "InferenceSession":
    """An onnxruntime session for the network at `path`; on the CPU where CUDA is asked for but doesn't start.

    `sha256`: what the file must be, from its card. Raises FieldsError when the file is missing, another or damaged.
    """
    path = Path(path)
    onnxruntime = import_onnxruntime()
    wanted, _ = providers(device)
    try:
        network = path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"can't be read ({error.strerror})") from None
    if sha256 is not None and hashlib.sha256(network).hexdigest() != sha256:
        raise _unusable(path, "is not the file its card describes (wrong sha256)")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # a CUDA that doesn't start is reported by `describe`, not by pages in the console
    options.intra_op_num_threads = min(MAX_THREADS, os.cpu_count() or 1)
    # Waiting threads would otherwise burn the core that decodes the video.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if CUDA in wanted and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # finds CUDA and cuDNN in the nvidia-* packages; onnxruntime 1.21 and later
    try:
        return onnxruntime.InferenceSession(network, options, providers=[_with_options(name) for name in wanted])
    except Exception as error:
        if wanted == [CPU]:
            raise _unusable(path, f"is no working network ({str(error).splitlines()[0][:200]})") from None
    # CUDA may fail for itself; what fails on the CPU too is the file.
    return session(path, "cpu")


def describe(running: "InferenceSession", device: str = "auto") -> str:
    """The provider that really runs this session, and why, in a sentence."""
    wanted, reason = providers(device)
    if running.get_providers()[0] == wanted[0]:
        return reason
    return (
        "CPU: onnxruntime offers CUDA but it did not start. "
        "It needs an NVIDIA driver, and the CUDA and cuDNN versions this onnxruntime was built for."
    )


def _with_options(provider: str) -> Any:
    # TF32 rounds to 10 bits, which moves landmarks by more than they differ between CPU and GPU otherwise.
    # The exhaustive search for the fastest convolution takes seconds at each start and gains little.
    return (provider, {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}) if provider == CUDA else provider


def _import(module: str, name: str, needed: str) -> Any:
    try:
        imported = importlib.import_module(module)
        if not hasattr(imported, needed):  # a folder left over from another installation imports as an empty module
            raise ModuleNotFoundError(f"{module} is incomplete")
        return imported
    except Exception as error:  # libraries built for another numpy raise whatever they like
        if isinstance(error, ModuleNotFoundError):
            cure = "Reinstall the FIELDS extension for this platform and this Blender"
        elif sys.platform == "win32":
            cure = "Install the Microsoft Visual C++ Redistributable (x64) and restart Blender"
        else:
            cure = "Reinstall the FIELDS extension made for this platform and restart Blender"
        raise FieldsError(f"{name} does not start ({error}). {cure}.") from error


def _unusable(path: Path, why: str) -> FieldsError:
    return FieldsError(f"The network {path.name} {why}. Reinstall the extension (in a git checkout: run make models).")
