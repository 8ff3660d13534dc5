"""Measure speed and memory against targets: ``python -m scbench.bench workflow|svg``, or ``make bench TRACK=svg``.

Each case runs in a process of its own and writes one row of ``results/bench/TRACK.tsv``. These are measurements, not
tests: machines differ, so nothing fails when a target is missed; the row says so.
"""

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
    cpu_s, peak_rss_mb
        Targets.
    original
        CPU seconds of the original implementation on the same input, where known.
    """

    prepare: Callable[[], object]
    run: Callable[[object], object]
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


def _config_of(jobs: int) -> Path:
    """A configuration of about so many jobs."""
    config = read_yaml(ROOT / "config" / "config.yaml")
    run = config["tracks"]["annotation"]
    # Per replicate and dataset one run of each method and one split.
    run["replicates"] = round(jobs / len(run["datasets"]) / (len(run["methods"]) + 1))
    config["tracks"] = {"annotation": run}
    path = Path(tempfile.mkdtemp()) / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _dry_run(config: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-n", "--quiet", "all", "--configfile", str(config)]
    subprocess.run([*command, "--directory", str(config.parent)], check=True, cwd=ROOT)


def _cell_job(spec: dict) -> None:
    from scbench import supervise

    folder = Path(tempfile.mkdtemp())
    supervise.run(spec, **{name: str(folder / name) for name in ("status", "output", "log")})


def _control_spec() -> dict:
    """The lightest method of all on toy data: what is left is overhead."""
    from scbench.data.prepare import prepare
    from scbench.plan import Plan

    plan = Plan.load(read_yaml(ROOT / "config" / "smoke.yaml"))
    data = Path(tempfile.mkdtemp()) / "toy_spots.h5ad"
    prepare("toy_spots", plan.registry.dataset("toy_spots"), data, source=None, seed=1)
    return {**plan.spec("svg", "toy_spots", "random_pvalues", 0), "data": str(data), "split": None}


CASES: dict[str, dict[str, Case]] = {
    "workflow": {
        "dry run of 2,000 jobs": Case(lambda: _config_of(2000), _dry_run, cpu_s=6),
        "supervised run of a control": Case(_control_spec, _cell_job, 100, 60, cpu_s=1.5),
    },
    "svg": {
        "Moran's I": Case(lambda: _spots(10_000, 2_000), _moran, 10_000, 2_000, cpu_s=5),
        "Moran's I, a million spots": Case(
            lambda: _spots(1_000_000, 100), _moran, 1_000_000, 100, cpu_s=60, peak_rss_mb=2000
        ),
    },
}


def _usage() -> tuple[float, float]:
    """CPU seconds and peak memory (MB; of the largest process) of this process and its children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return cpu, max(usage.ru_maxrss for usage in usages) / 1024


def measure(track: str, name: str) -> dict:
    """Measure one case in this process."""
    case = CASES[track][name]
    made = case.prepare()
    cpu, wall = _usage()[0], time.perf_counter()
    case.run(made)
    cpu_s, wall_s, peak = _usage()[0] - cpu, time.perf_counter() - wall, _usage()[1]
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
