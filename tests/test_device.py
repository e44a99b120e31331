"""Which provider runs, and what an artist reads when something doesn't start."""

import hashlib
import importlib
import os
import subprocess
import sys
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from fields_blender.capture import device
from fields_blender.core import paths
from fields_blender.core.errors import FieldsError


@pytest.fixture
def network(tmp_path):
    """A file with a network that doubles."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", value[:1], value[1:])
    path = tmp_path / "double.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_the_cpu_can_be_chosen() -> None:
    wanted, reason = device.providers("cpu")
    assert wanted == ["CPUExecutionProvider"] and reason.startswith("CPU")


def test_without_cuda_the_reason_says_so(monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    for name in ("auto", "cuda"):
        wanted, reason = device.providers(name)
        assert wanted == ["CPUExecutionProvider"]
        assert reason == "CPU: this onnxruntime has no CUDA"


def test_cuda_is_asked_for_first_where_it_is_offered(monkeypatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    assert device.providers("auto")[0] == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert device.providers("cpu")[0] == ["CPUExecutionProvider"]


def test_a_session_runs_and_says_where(network) -> None:
    running = device.session(network, "cpu", hashlib.sha256(network.read_bytes()).hexdigest())
    np.testing.assert_array_equal(running.run(None, {"x": np.array([1, 2], np.float32)})[0], [2, 4])
    assert device.describe(running, "cpu") == "CPU: as chosen"


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this onnxruntime really has CUDA"
)
@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_cuda_that_does_not_start_falls_back_and_says_so(network, monkeypatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    running = device.session(network, "cuda")
    np.testing.assert_array_equal(running.run(None, {"x": np.array([1, 2], np.float32)})[0], [2, 4])
    assert device.describe(running, "cuda").startswith("CPU: onnxruntime offers CUDA but it did not start")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(FieldsError, match="auto, cpu or cuda"):
        device.providers("tpu")


def test_a_missing_network(tmp_path) -> None:
    with pytest.raises(FieldsError, match=r"nowhere\.onnx.*make models"):
        device.session(tmp_path / "nowhere.onnx")


def test_a_damaged_network(network) -> None:
    whole = network.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"no network at all" * 20):
        network.write_bytes(damaged)
        with pytest.raises(FieldsError, match=r"double\.onnx.*Reinstall"):
            device.session(network)


def test_another_network_than_the_card_names(network) -> None:
    with pytest.raises(FieldsError, match="sha256"):
        device.session(network, sha256="0" * 64)


def test_what_loads_but_is_no_library_is_said_so(monkeypatch) -> None:
    """What a half removed installation leaves: a folder that imports as an empty module."""
    monkeypatch.setattr(importlib, "import_module", lambda name: ModuleType(name))
    for load in (device.import_cv2, device.import_onnxruntime):
        with pytest.raises(FieldsError, match=r"incomplete.*Reinstall"):
            load()


def test_onnxruntime_reports_nothing_to_its_maker(network, tmp_path) -> None:
    """Where it reports, it leaves the id it reports under in the folder for temporary files."""
    code = "import sys; from fields_blender.capture import device; device.session(sys.argv[1], 'cpu')"
    root = paths.ROOT
    clean = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    (tmp_path / "temporary").mkdir()
    subprocess.run(
        [sys.executable, "-c", code, str(network)],
        cwd=root,
        env={**clean, "TMPDIR": str(tmp_path / "temporary"), "HOME": str(tmp_path / "temporary")},
        check=True,
    )
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(
    ("platform", "error", "cure"),
    [
        (
            "win32",
            ImportError("DLL load failed while importing onnxruntime_pybind11_state"),
            "Visual C++ Redistributable",
        ),
        ("linux", ImportError("libfoo.so.1: cannot open shared object file"), "for this platform"),
        ("darwin", OSError("mach-o, but wrong architecture"), "for this platform"),
        ("win32", ModuleNotFoundError("No module named 'onnxruntime'"), "Reinstall"),
        ("linux", RuntimeError("numpy ABI version is 0x1000009"), "Reinstall"),
    ],
)
def test_an_import_that_fails_names_the_reason_and_the_cure(monkeypatch, platform, error, cure) -> None:
    def fail(name):
        raise error

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(importlib, "import_module", fail)
    for load in (device.import_cv2, device.import_onnxruntime):
        with pytest.raises(FieldsError) as raised:
            load()
        assert str(error) in str(raised.value) and cure in str(raised.value)
