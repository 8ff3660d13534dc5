"""Whatever a method does, its run ends in a status, in time, and with a complete output file."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from scbench import supervise
from scbench.data.prepare import prepare
from scbench.io import read_table
from scbench.layout import OUTPUT_COLUMNS
from scbench.registry import Registry

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def files(tmp_path_factory, root):
    """Toy data of each kind, and a split."""
    folder = tmp_path_factory.mktemp("data")
    registry = Registry.load(root)
    for name in ("toy_spots", "toy_cells"):
        prepare(name, registry.dataset(name), folder / f"{name}.h5ad", source=None, seed=1)
    np.savez(folder / "split.npz", train=np.arange(100), test=np.arange(100, 120), calibration=np.arange(0))
    return folder


@pytest.fixture
def run(files, tmp_path, monkeypatch):
    """Run a method of `faulty` under supervision; give status, output and log."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setattr(supervise, "_GRACE_S", 0.5)

    def run(name, track="svg", chosen=None, **limits):
        spec = {
            "track": track,
            "dataset": "toy",
            "method": "faulty",
            "replicate": 0,
            "attempt": 1,
            "seed": 1,
            "entry": f"faulty:{name}",
            "params": {},
            "input_scale": "log1p",
            "role": "method",
            "regime": "inductive",
            "pvalues": True,
            "uses_samples": False,
            "uses_labels": False,
            "checkpoints": False,
            "test_dropout": [],
            "target_sum": 10_000,
            "env": "base",
            "gpu": 0,
            "cpu_fallback": False,
            "threads": 1,
            "mem_mb": 2000,
            "timeout_s": 60,
            "data": str(files / ("toy_spots.h5ad" if track == "svg" else "toy_cells.h5ad")),
            "split": str(files / "split.npz"),
        } | limits
        paths = {key: tmp_path / key for key in ("status", "output", "extra", "log")}
        row = supervise.run(spec, **{key: str(path) for key, path in paths.items()}, **(chosen or {}))
        assert json.loads(paths["status"].read_text()) == row
        assert paths["output"].read_text().startswith("\t".join(OUTPUT_COLUMNS[track]))
        assert {path.name for path in tmp_path.iterdir()} == {*paths, ".last-status.json"}
        with np.load(paths["extra"]) as extra:  # would refuse pickles
            run.extra = dict(extra)
        return row, read_table(paths["output"]), paths["log"].read_text(errors="replace")

    return run


def test_a_good_run_says_what_it_took_and_what_it_ran_with(run):
    row, output, _ = run("Good")
    assert (row["status"], row["reason"], row["exit_code"]) == ("ok", "", 0)
    assert len(output) == 60
    assert 0 <= row["fit_s"] == row["wall_s"] < 5
    assert 20 < row["start_rss_mb"] <= row["peak_rss_mb"] < 500
    assert row["versions"]["numpy"] == np.__version__
    assert row["interpreter"] == sys.executable
    assert "scanpy" not in row["versions"], "nothing is imported that the method does not use"


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("Raises", "failed", "ZeroDivisionError: no luck"),
        ("Segfaults", "failed", "died of SIGSEGV"),
        ("Aborts", "failed", "died of SIGABRT"),
        ("KillsItself", "killed", "killed by SIGKILL"),
        ("Exits", "failed", "exit code 0 and without a result"),
        ("EatsNativeMemory", "oom", "more than 2000 MB"),
        ("EatsMemoryOfTorch", "oom", "can't allocate memory"),
        ("Absent", "failed", "AttributeError: module 'faulty' has no attribute 'Absent'"),
        ("ForgetsItsTable", "failed", "AttributeError"),
        ("NaNScores", "invalid_output", "'score' must be finite. Got nan in 1 row"),
        ("NaNPvalues", "invalid_output", "all p-values are NaN"),
        ("PvaluesAboveOne", "invalid_output", "p-values must be in [0, 1]. Got 1.0"),
        ("TooFewRows", "invalid_output", "one row per gene (60). Got 59"),
        ("NoTable", "invalid_output", "must be a DataFrame. Got list"),
    ],
)
def test_faults_of_a_spatial_test(run, name, status, reason, capsys):
    row, output, _ = run(name)
    assert row["status"] == status
    assert reason in row["reason"]
    assert len(output) == 0
    assert f"svg/toy/faulty r0: {status}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "track", "reason"),
    [
        ("WrongGene", "markers", "unknown gene 'nonsense'"),
        ("WrongClass", "markers", "unknown class 'nobody'"),
        ("PicklesItself", "svg", "extras_['self'] must be an array of numbers or text. Got O"),
        ("ListsItsExtras", "svg", "extras_ must map names to arrays. Got list"),
        ("EveryGeneFirst", "markers", "must be 1, 2, 3, ... Got 1 out of turn"),
        ("UnknownLabel", "annotation", "unknown label 'martian' (20 row(s))"),
        ("TooFewLabels", "annotation", "one value per cell (20,). Got (19,)"),
        ("MissingLabels", "annotation", "unknown label nan"),
        ("SureBeyondReason", "annotation", "confidences must be in [0, 1]. Got 2.0"),
    ],
)
def test_output_that_breaks_the_contract(run, name, track, reason):
    row, _, _ = run(name, track)
    assert row["status"] == "invalid_output"
    assert reason in row["reason"]


def test_further_arrays_are_kept_beside_the_output(run):
    row, _, _ = run("ShowsMore")
    assert row["status"] == "ok"
    assert run.extra["numbers"].tolist() == [1.5, 2.5]
    assert run.extra["names"].tolist() == ["é", "b"]
    run("Good")
    assert run.extra == {}
    run("Raises")
    assert run.extra == {}


def test_an_inductive_method_is_not_given_the_test_cells_and_a_transductive_one_is(run):
    row, _, _ = run("PeeksAtTheTestCells", "annotation")
    assert "NoneType" in row["reason"]
    row, _, _ = run("PeeksAtTheTestCells", "annotation", regime="transductive")
    assert "AssertionError: not reached" in row["reason"]


def test_memory_without_bound_ends_as_oom_at_the_limit(run):
    row, _, _ = run("EatsMemory", mem_mb=600)
    assert row["status"] == "oom"
    assert row["peak_rss_mb"] < 800


def test_the_memory_of_a_process_that_a_method_starts_counts(run):
    own = run("Good")[0]["peak_rss_mb"]
    row, _, _ = run("StartsAHungryProcess")
    assert own + 280 < row["peak_rss_mb"] < own + 350


def test_what_forked_processes_share_counts_once(run):
    own = run("Good")[0]["peak_rss_mb"]
    row, _, _ = run("Forks")
    assert own + 190 < row["peak_rss_mb"] < own + 300


def test_memory_is_known_of_a_run_that_did_not_come_to_its_end(run):
    row, _, _ = run("Loops", timeout_s=3)
    assert row["status"] == "timeout"
    assert row["peak_rss_mb"] > 20


def test_a_run_in_another_environment_than_its_own_fails_before_it_starts(run, monkeypatch):
    monkeypatch.setattr(supervise.pins, "pinned", lambda env: {"numpy": "1.26.4", "absent": "1.0"})
    row, output, log = run("Good")
    assert row["status"] == "failed"
    assert row["reason"] == f"environment: numpy {np.__version__} instead of 1.26.4 (envs/base.yaml)"
    assert (row["fit_s"], len(output), log) == (None, 0, "")


def test_without_an_interpreter_a_run_is_skipped_and_says_why(run):
    row, output, log = run("Good", chosen={"interpreter": None, "reason": "no network"})
    assert (row["status"], row["reason"], row["exit_code"]) == ("skipped", "no network", None)
    assert row["peak_rss_mb"] is None
    assert len(output) == 0
    assert log == "no network\n"


def test_a_method_that_needs_a_gpu_is_skipped_where_there_is_none(run, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    row, output, log = run("TellsItsGpus", gpu=1, chosen={"n_gpus": 1})
    assert (row["status"], row["reason"]) == ("skipped", "needs 1 GPU(s). This job was given 1 and sees 0.")
    assert len(output) == 0
    assert row["reason"] in log


@pytest.mark.parametrize(("n_gpus", "seen"), [(0, ""), (1, "GPU-a"), (2, "GPU-a,GPU-b"), (3, "")])
def test_a_run_sees_the_gpus_of_its_job_and_no_others(run, monkeypatch, n_gpus, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    row, _, log = run("TellsItsGpus", gpu=n_gpus, cpu_fallback=True, chosen={"n_gpus": n_gpus})
    assert (row["status"], row["device"], row["gpu_utilisation"]) == ("ok", "cpu", None)
    assert f"GPUs: {seen}\n" in log


def test_a_traceback_is_in_the_log(run):
    _, _, log = run("Raises")
    assert "ZeroDivisionError: no luck" in log
    assert "in fit" in log


@pytest.mark.parametrize("name", ["Loops", "IgnoresSigterm"])
def test_a_loop_without_end_is_stopped(run, name):
    start = time.monotonic()
    row, _, _ = run(name, timeout_s=3)
    assert row["status"] == "timeout"
    assert row["reason"] == "more than 3 s"
    assert time.monotonic() - start < 15


def test_nothing_that_a_method_started_is_left_behind(run, tmp_path_factory, monkeypatch):
    pid_file = tmp_path_factory.mktemp("daemon") / "pid"
    monkeypatch.setenv("DAEMON_PID", str(pid_file))
    row, _, _ = run("LeavesADaemon")
    assert row["status"] == "ok"
    pid = int(pid_file.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_gigabyte_of_print_neither_fills_the_disk_nor_stops_the_run(run):
    row, output, log = run("PrintsAGigabyte")
    assert row["status"] == "ok"
    assert len(output) == 60
    assert len(log) < 1.1 * 2**20
    assert "the rest was left out" in log


def test_counts_are_asked_for_where_there_are_none(run, files, tmp_path_factory):
    import anndata as ad

    data = ad.read_h5ad(files / "toy_spots.h5ad")
    del data.layers["counts"]
    path = tmp_path_factory.mktemp("no_counts") / "log_only.h5ad"
    data.write_h5ad(path)
    row, _, _ = run("Good", input_scale="counts", data=str(path))
    assert row["status"] == "skipped"
    assert "needs counts, which log_only.h5ad does not have" in row["reason"]


def test_a_child_dies_with_its_supervisor(files, tmp_path):
    """A supervisor that is SIGKILLed takes the method with it."""
    spec = {
        "track": "svg", "dataset": "toy", "method": "faulty", "replicate": 0, "attempt": 1, "seed": 1,
        "entry": "faulty:Loops", "params": {}, "input_scale": "log1p", "role": "method", "regime": "inductive",
        "pvalues": True, "uses_samples": False, "uses_labels": False, "checkpoints": False, "env": "base", "gpu": 0,
        "cpu_fallback": False, "threads": 1, "mem_mb": 2000, "timeout_s": 60,
        "data": str(files / "toy_spots.h5ad"), "split": None,
    }  # fmt: skip
    paths = {key: str(tmp_path / key) for key in ("status", "output", "extra", "log")}
    code = f"from scbench import supervise; supervise.run({spec!r}, **{paths!r})"
    scripts = HERE.parents[1] / "scripts"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": f"{scripts}:{HERE}"})
    supervisor = psutil.Process(process.pid)
    deadline = time.monotonic() + 30
    while not (children := supervisor.children()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone
    assert not alive
    assert not (tmp_path / "status").exists()


def test_a_full_disk_leaves_nothing_half_written(files, tmp_path):
    """The status cannot be written: the supervisor fails with the system's message and no file is left."""
    spec = {
        "track": "svg", "dataset": "toy", "method": "faulty", "replicate": 0, "attempt": 1, "seed": 1,
        "entry": "faulty:Good", "params": {}, "input_scale": "log1p", "role": "method", "regime": "inductive",
        "pvalues": True, "uses_samples": False, "uses_labels": False, "checkpoints": False, "env": "base", "gpu": 0,
        "cpu_fallback": False, "threads": 1, "mem_mb": 2000, "timeout_s": 60,
        "data": str(files / "toy_spots.h5ad"), "split": None,
    }  # fmt: skip
    paths = {key: str(tmp_path / key) for key in ("status", "output", "extra", "log")}
    code = (
        "import resource, signal, shutil; from scbench import supervise\n"
        "copy = shutil.copyfile\n"
        "def full(source, target):\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "    return copy(source, target)\n"
        "shutil.copyfile = full\n"
        f"supervise.run({spec!r}, **{paths!r})"
    )
    scripts = HERE.parents[1] / "scripts"
    env = {**os.environ, "PYTHONPATH": f"{scripts}:{HERE}"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_supervisor_imports_nothing_heavy(root):
    """There is one beside each run, and most runs are short."""
    code = "import sys; from scbench import environments, supervise; print(*sys.modules)"
    env = {"PYTHONPATH": str(root / "scripts")}
    loaded = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "pandas", "scipy", "h5py", "yaml"} & set(loaded.split())
