"""Run one method in this process: ``python -m scbench.child spec.json``. Started by `scbench.supervise` only."""

import ctypes
import gc
import importlib
import json
import os
import platform
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from scbench import pins
from scbench.errors import InvalidOutputError, SkipRunError, WrongEnvironmentError


def main(spec_path: str) -> None:
    """Run the method of a specification and write ``result.json`` and ``output.tsv`` beside it."""
    _die_with_parent()
    gc.disable()  # imports leave no garbage, but the collector would look for it: a sixth of their time
    folder = Path(spec_path).parent
    spec = json.loads(Path(spec_path).read_text())
    _limit_memory(spec["mem_mb"])
    result: dict[str, Any] = {"status": "ok", "reason": ""}
    try:
        pins.check(spec["env"], spec["pins"])
        result |= _run(spec, folder / "output.tsv")
    except SkipRunError as error:
        result |= {"status": "skipped", "reason": str(error)}
    except WrongEnvironmentError as error:
        result |= {"status": "failed", "reason": f"environment: {error}"}
    except InvalidOutputError as error:
        result |= {"status": "invalid_output", "reason": str(error)}
    except Exception as error:
        traceback.print_exc()
        # Frameworks have their own errors for full memory, which must not be imported to be recognised.
        on_gpu = "OutOfMemory" in type(error).__name__
        oom = isinstance(error, MemoryError) or on_gpu or "can't allocate memory" in str(error)
        reason = f"{type(error).__name__}: {error}".strip(": ")
        hint = " (GPU memory; a smaller batch may help)" if on_gpu else ""
        result |= {"status": "oom" if oom else "failed", "reason": reason + hint}
    result |= {"versions": loaded_versions(), "peak_rss_mb": _peak_rss_mb()}
    result |= {"interpreter": sys.executable, "device": _device()}
    part = folder / "result.part"
    part.write_text(json.dumps(result))
    part.rename(folder / "result.json")


def _run(spec: dict, output: Path) -> dict[str, Any]:
    """Load, run and check; only `fit` and `predict` are timed."""
    # Not at the top: imports must count against the memory limit and be able to fail with a status.
    import numpy as np

    from scbench import contract
    from scbench.io import read_prepared, write_table

    module, _, name = spec["entry"].partition(":")
    make = partial(getattr(importlib.import_module(module), name), **spec["params"])
    method = make()
    if spec["checkpoint"] is not None:
        method.checkpoint = Path(spec["checkpoint"])
    data = read_prepared(spec["data"], spec["input_scale"])
    method.warm_up()
    gc.enable()
    clock = _Clock()

    if spec["track"] == "svg":
        given = {"truth": data.truth} if spec["role"] == "positive_control" else {}
        given |= {"samples": data.obs.get("sample")} if spec["uses_samples"] else {}
        given |= {"labels": data.labels} if spec["uses_labels"] else {}
        with clock.timing("fit_s"):
            method.fit(data.X, data.coords, seed=spec["seed"], **given)
        table = contract.check_tests(method.table_, data.genes, pvalues=spec["pvalues"])
    else:
        with np.load(spec["split"]) as file:
            split = dict(file)
        if spec["track"] == "markers":
            table, method = _ranking(spec, make, data, split["train"], clock)
        else:
            table = _annotation(spec, method, data, split, clock)
    write_table(table, output)
    np.savez_compressed(output.with_name("extra.npz"), **contract.check_extras(method.extras_))
    return clock.times


def _annotation(spec: dict, method: Any, data: Any, split: dict[str, Any], clock: "_Clock") -> Any:
    """Predict the test cells, those that were held back, and test cells that lost more of their counts."""
    import numpy as np
    import scipy.sparse as sp

    from scbench.contract import check_prediction, prediction_table
    from scbench.layout import CALIBRATION

    train, test = split["train"], split["test"]
    asked = {"": (test, data.X[test])}
    if len(held_back := split["calibration"]):
        asked[CALIBRATION] = (held_back, data.X[held_back])
    asked |= {scenario: (test, X) for scenario, X in _corrupted(spec, test).items()}
    cells = np.concatenate([where for where, _ in asked.values()])
    labels = data.labels[train]
    given = {"X_unlabelled": data.X[test]} if spec["regime"] == "transductive" else {}
    known = labels
    if spec["role"] == "positive_control":
        given["truth"] = known = data.labels[cells]
    with clock.timing("fit_s"):
        method.fit(data.X[train], labels, seed=spec["seed"], **given)
    with clock.timing("predict_s"):
        prediction = method.predict(sp.vstack([X for _, X in asked.values()], format="csr"))
    prediction = check_prediction(prediction, len(cells), np.unique(known))
    scenarios = np.repeat(list(asked), [len(where) for where, _ in asked.values()])
    return prediction_table(scenarios, data.cells[cells], prediction)


def _corrupted(spec: dict, test: Any) -> dict[str, Any]:
    """Test cells with additional dropout, in the method's scale, by scenario."""
    if not spec["test_dropout"]:
        return {}
    import numpy as np

    from scbench.data.dropout import drop_counts
    from scbench.data.normalise import log1p_normalised
    from scbench.io import read_prepared
    from scbench.layout import test_dropout

    counts = read_prepared(spec["data"], "counts").X
    target = np.median(counts.sum(axis=1)) if spec["target_sum"] == "median" else spec["target_sum"]
    found = {}
    for rate, seed in spec["test_dropout"]:
        left = drop_counts(counts[test], rate, seed)
        found[test_dropout(rate)] = left if spec["input_scale"] == "counts" else log1p_normalised(left, target)
    return found


def _ranking(spec: dict, make: Callable, data: Any, train: Any, clock: "_Clock") -> tuple[Any, Any]:
    """Rank genes for every step of the question; with the method that was fitted for the first."""
    import pandas as pd

    from scbench.contract import check_ranking
    from scbench.markers.nested import fit_steps, steps

    X, labels = data.X[train], data.labels[train]
    broad, samples = (data.obs[key][train] if key in data.obs else None for key in ("broad", "sample"))
    questions = steps(labels, broad)
    given = {"samples": samples} if spec["uses_samples"] else {}
    with clock.timing("fit_s"):
        fitted = fit_steps(make, X, questions, data.genes, seed=spec["seed"], **given)
    strict = spec["role"] != "reference"
    tables = [
        check_ranking(one.ranking_, data.genes, step.classes, strict=strict, within=step.within)
        for one, step in zip(fitted, questions, strict=True)
    ]
    return pd.concat(tables, ignore_index=True), fitted[0]


def loaded_versions() -> dict[str, str]:
    """Versions of Python and of the packages that this process has imported."""
    versions = {"python": platform.python_version()}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names:
            continue
        version = getattr(module, "__dict__", {}).get("__version__")
        if not isinstance(version, str):  # it does not say; often its distribution has its name and does
            with suppress(metadata.PackageNotFoundError):
                version = metadata.version(name)
        if isinstance(version, str):
            versions[name] = version
    return dict(sorted(versions.items()))


class _Clock:
    """Wall and CPU time of the timed regions, and the memory before the first."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {"wall_s": 0.0, "cpu_s": 0.0, "start_rss_mb": _peak_rss_mb()}

    def timing(self, name: str) -> "_Clock":
        self._name = name
        return self

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu_s()

    def __exit__(self, *_: object) -> None:
        wall = time.perf_counter() - self._wall
        self.times[self._name] = wall
        self.times["wall_s"] += wall
        self.times["cpu_s"] += _cpu_s() - self._cpu
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            self.times["peak_gpu_mb"] = torch.cuda.max_memory_allocated() / 2**20


def _device() -> str:
    """Name of the GPU that torch has used, or ``cpu``."""
    torch = sys.modules.get("torch")
    used = torch is not None and torch.cuda.is_initialized()
    return torch.cuda.get_device_name() if used else "cpu"


def _cpu_s() -> float:
    """CPU seconds of this process, its threads and its finished children."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_rss_mb() -> float:
    """Peak resident memory. ``ru_maxrss`` would include the parent's memory at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _limit_memory(mem_mb: int) -> None:
    # Not RLIMIT_AS: address space that is only reserved (thread stacks, GPU mappings) must not count.
    resource.setrlimit(resource.RLIMIT_DATA, (mem_mb * 2**20, mem_mb * 2**20))


def _die_with_parent() -> None:
    """Ask Linux to kill this process when the supervisor goes, however it goes."""
    if sys.platform == "linux":
        parent = int(os.environ["SCBENCH_SUPERVISOR"])
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # it went before the request
            os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # taking apart what was imported would take up to half a second, and nothing is left to do
