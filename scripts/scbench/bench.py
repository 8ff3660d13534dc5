"""Measure speed and memory against targets: ``python -m scbench.bench TRACK``, or ``make bench TRACK=svg``.

Each case runs in a process of its own and writes one row of ``results/bench/TRACK.tsv``. These are measurements, not
tests: machines differ, so nothing fails when a target is missed; the row says so.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from scbench.bench_case import Case
from scbench.bench_cases import CASES, GROWTH
from scbench.io import write_table
from scbench.memory import TreeMemory
from scbench.provenance import ROOT

COLUMNS = ["case", "cells", "genes", "cpu_s", "wall_s", "peak_rss_mb", "original", "ratio", "target", "met"]


def _cpu_s() -> float:
    """CPU seconds of this process and its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_rss_mb() -> float:
    """Peak memory (MB) of this process since the last `_forget_peak`."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _forget_peak() -> None:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # Linux: set the high water mark to what is used now


def measure(track: str, name: str) -> dict:
    """Measure one case, and the original where it is a case too, in this process."""
    case = CASES[track][name]
    row = {"case": name, "cells": case.cells, "genes": case.genes}
    if case.gpu and not _has_gpu():
        return {**row, "target": f"{_target(case)} (no GPU: not measured)"}
    # The original comes first, before what ours does to the process, such as to the allocation of memory.
    original = _spent(case.original)[0] if isinstance(case.original, Case) else case.original
    cpu_s, wall_s, peak = _spent(case)
    ratio = None if original is None else original / cpu_s
    limits = [(case.cpu_s, cpu_s), (case.wall_s, wall_s), (case.peak_rss_mb, peak)]
    met = all(limit is None or found <= limit for limit, found in limits)
    return {
        **row,
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "peak_rss_mb": round(peak, 1),
        "original": None if original is None else round(original, 3),
        "ratio": None if ratio is None else round(ratio, 1),
        "target": _target(case),
        "met": met and (case.times is None or (ratio is not None and ratio >= case.times)),
    }


def _spent(case: Case) -> tuple[float, float, float]:
    """CPU and wall seconds of one part of a case's work, and peak memory (MB)."""
    made = case.prepare()
    start = _cpu_s()
    case.baseline()
    baseline = _cpu_s() - start
    _forget_peak()
    start, wall = _cpu_s(), time.perf_counter()
    with TreeMemory(os.getpid()) as tree:
        case.run(made)
    cpu_s, wall_s = (_cpu_s() - start - baseline) / case.per, (time.perf_counter() - wall) / case.per
    return cpu_s, wall_s, max(_peak_rss_mb(), tree.peak_mb)


def _target(case: Case) -> str:
    limits = {"CPU s": case.cpu_s, "wall s": case.wall_s, "MB": case.peak_rss_mb, "x": case.times}
    return ", ".join(f"{limit:g} {unit}" for unit, limit in limits.items() if limit is not None)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _growth(track: str, rows: list[dict]) -> list[dict]:
    """How CPU time grows with cells: exponents over the cases of a track that differ in nothing else."""
    times = {row["case"]: (row["cells"], row.get("cpu_s")) for row in rows}
    found = []
    for name, (cases, target) in GROWTH.get(track, {}).items():
        cells, cpu_s = np.log([times[case] for case in cases]).T
        exponent = round(float(np.polyfit(cells, cpu_s, 1)[0]), 3)
        found.append({"case": f"{name}: exponent {exponent}", "target": f"{target:g}", "met": exponent <= target})
    return found


def main(track: str) -> None:
    """Measure all cases of a track, one after the other, and write the table."""
    rows = []
    for name in CASES[track]:
        print(f"{track}: {name} ...", flush=True)
        command = [sys.executable, "-m", "scbench.bench", track, name]
        threads = str(CASES[track][name].threads)
        env = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    table = pd.DataFrame([*rows, *_growth(track, rows)], columns=COLUMNS)
    write_table(table, ROOT / "results" / "bench" / f"{track}.tsv")
    print(table.to_string(index=False))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
    elif len(sys.argv) == 2 and sys.argv[1] in CASES:
        main(sys.argv[1])
    else:
        sys.exit(f"usage: python -m scbench.bench {{{','.join(CASES)}}}")
