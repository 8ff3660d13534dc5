"""Measure speed and memory against targets: ``python -m scbench.bench workflow|svg``, or ``make bench TRACK=svg``.

Each case runs in a process of its own and writes one row of ``results/bench/TRACK.tsv``. These are measurements, not
tests: machines differ, so nothing fails when a target is missed; the row says so.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from scbench.io import write_table
from scbench.provenance import ROOT
from scbench.validate import read_yaml

COLUMNS = ["case", "cells", "genes", "cpu_s", "wall_s", "peak_rss_mb", "original", "ratio", "target", "met"]


@dataclass(frozen=True)
class Case:
    """Something to measure.

    Attributes
    ----------
    prepare
        Makes the input, unmeasured.
    run
        The work; what it starts counts too.
    baseline
        Work whose CPU seconds are taken off, such as imports.
    per
        Number of equal parts of the work; CPU and wall time are given for one.
    cpu_s, peak_rss_mb
        Targets.
    original
        CPU seconds of the original implementation on the same input, where known.
    """

    prepare: Callable[[], object]
    run: Callable[[object], object]
    baseline: Callable[[], object] = lambda: None
    per: int = 1
    cells: int | None = None
    genes: int | None = None
    cpu_s: float | None = None
    peak_rss_mb: float | None = None
    original: float | None = None


def _spots(cells: int, genes: int) -> tuple:
    from scbench.data.prepare import log1p_normalised
    from scbench.simulate.spatial import negative_binomial

    adata = negative_binomial(n_spots=cells, n_genes=genes, patterned=0.1, seed=1)
    return log1p_normalised(adata.layers["counts"], "median"), adata.obsm["spatial"]


def _moran(data: tuple) -> None:
    from scbench.svg.moran import MoranI

    MoranI().fit(*data, seed=0)


def _much_to_do(jobs: int) -> Path:
    """A folder whose configuration has about so many jobs."""
    config = read_yaml(ROOT / "config" / "config.yaml")
    run = config["tracks"]["annotation"]
    # Per replicate and dataset one run of each method and one split.
    run["replicates"] = round(jobs / len(run["datasets"]) / (len(run["methods"]) + 1))
    config["tracks"] = {"annotation": run}
    return _folder(config)


def _jobs_to_run(jobs: int) -> Path:
    """A folder in which everything is done but so many runs of the lightest method of all, each on data of its own."""
    run = {"datasets": ["toy_spots"], "methods": ["random_pvalues"], "replicates": jobs}
    folder = _folder({"seed": 1, "tracks": {"svg": run}})
    _snakemake(folder, "data")
    return folder


def _folder(config: dict) -> Path:
    """A new working folder with a configuration."""
    folder = Path(tempfile.mkdtemp())
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def _snakemake(folder: Path, *targets: str) -> None:
    config = ["--configfile", str(folder / "config.yaml"), "--directory", str(folder)]
    options = ["--quiet", "all", "--cores", "1"]
    subprocess.run([sys.executable, "-m", "snakemake", *config, *options, *targets], check=True, cwd=ROOT)


def _imports() -> None:
    """What these runs import, each in a process of its own."""
    code = "import scbench.child, scbench.io, scbench.contract, scbench.svg.controls"
    for _ in range(_JOBS):
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "scripts")


_JOBS = 20

CASES: dict[str, dict[str, Case]] = {
    "workflow": {
        "dry run of 2,000 jobs": Case(lambda: _much_to_do(2000), lambda folder: _snakemake(folder, "-n"), cpu_s=6),
        "overhead of a job beyond its imports": Case(
            lambda: _jobs_to_run(_JOBS),
            lambda folder: _snakemake(folder, "--until", "run"),
            _imports,
            _JOBS,
            cpu_s=0.5,
        ),
    },
    "svg": {
        "Moran's I": Case(lambda: _spots(10_000, 2_000), _moran, cells=10_000, genes=2_000, cpu_s=5),
        "Moran's I, a million spots": Case(
            lambda: _spots(1_000_000, 100), _moran, cells=1_000_000, genes=100, cpu_s=60, peak_rss_mb=2000
        ),
    },
}


def _cpu_s() -> float:
    """CPU seconds of this process and its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_rss_mb() -> float:
    """Peak memory (MB) of this process since the last `_forget_peak`, or of its largest child."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return max(int(line.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _forget_peak() -> None:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # Linux: set the high water mark to what is used now


def measure(track: str, name: str) -> dict:
    """Measure one case in this process."""
    case = CASES[track][name]
    made = case.prepare()
    start = _cpu_s()
    case.baseline()
    baseline = _cpu_s() - start
    _forget_peak()
    start, wall = _cpu_s(), time.perf_counter()
    case.run(made)
    cpu_s, wall_s = (_cpu_s() - start - baseline) / case.per, (time.perf_counter() - wall) / case.per
    peak = _peak_rss_mb()
    met = (case.cpu_s is None or cpu_s <= case.cpu_s) and (case.peak_rss_mb is None or peak <= case.peak_rss_mb)
    targets = {"CPU s": case.cpu_s, "MB": case.peak_rss_mb}
    return {
        "case": name,
        "cells": case.cells,
        "genes": case.genes,
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "peak_rss_mb": round(peak, 1),
        "original": case.original,
        "ratio": None if case.original is None else round(case.original / cpu_s, 1),
        "target": ", ".join(f"{value:g} {unit}" for unit, value in targets.items() if value is not None),
        "met": met,
    }


def main(track: str) -> None:
    """Measure all cases of a track, one after the other, and write the table."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    rows = []
    for name in CASES[track]:
        print(f"{track}: {name} ...", flush=True)
        command = [sys.executable, "-m", "scbench.bench", track, name]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    table = pd.DataFrame(rows, columns=COLUMNS)
    write_table(table, ROOT / "results" / "bench" / f"{track}.tsv")
    print(table.to_string(index=False))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
    elif len(sys.argv) == 2 and sys.argv[1] in CASES:
        main(sys.argv[1])
    else:
        sys.exit(f"usage: python -m scbench.bench {{{','.join(CASES)}}}")
