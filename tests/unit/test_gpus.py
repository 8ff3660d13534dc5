"""Which GPUs a run may use, by a made-up management library: two GPUs, the second of which works."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from scbench import gpus

NAMES = ["GPU-a", "GPU-b"]


@pytest.fixture
def two(monkeypatch, tmp_path):
    """A machine with two GPUs."""
    nvml = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetUUID=lambda handle: NAMES[handle],
        nvmlDeviceGetHandleByIndex=lambda i: i,
        nvmlDeviceGetHandleByUUID=NAMES.index,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=80 * handle),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gpus, "_POLL_S", 0.01)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [(None, NAMES), ("", []), ("1", ["1"]), ("0, 1", ["0", "1"]), ("MIG-x", ["MIG-x"])],
)
def test_the_variable_of_cuda_says_which_are_visible(two, monkeypatch, variable, expected):
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert gpus.visible() == expected


def test_there_are_none_without_a_driver(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    pynvml = pytest.importorskip("pynvml")

    def missing():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert gpus.visible() == []


def test_a_gpu_is_held_by_one_at_a_time(two):
    with gpus.reserved(1) as first, gpus.reserved(1) as second:
        assert [*first, *second] == NAMES
    with gpus.reserved(2) as both:
        assert both == NAMES


@pytest.mark.parametrize("n", [0, 3])
def test_none_are_held_where_none_are_asked_for_or_too_many(two, n):
    with gpus.reserved(n) as held:
        assert held == []


def test_another_process_waits_until_a_gpu_is_free(two, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    code = f"""
import sys, tempfile; sys.path.insert(0, {str(gpus.__file__).removesuffix("/scbench/gpus.py")!r})
tempfile.gettempdir = lambda: {str(tmp_path)!r}
from scbench import gpus
with gpus.reserved(1) as held: print(held)
"""
    with gpus.reserved(1):
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        assert other.poll() is None
    assert other.communicate(timeout=20)[0] == "['7']\n"


def test_utilisation_is_the_mean_of_the_gpus(two):
    with gpus.Utilisation(NAMES) as both:
        time.sleep(0.1)
    assert both.mean == 40
    with gpus.Utilisation([]) as none:
        pass
    assert none.mean is None
