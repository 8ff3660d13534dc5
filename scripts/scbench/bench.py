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

import pandas as pd

from scbench.bench_cases import CASES
from scbench.io import write_table
from scbench.provenance import ROOT

COLUMNS = ["case", "cells", "genes", "cpu_s", "wall_s", "peak_rss_mb", "original", "ratio", "target", "met"]


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
    targets = {"CPU s": (case.cpu_s, cpu_s), "wall s": (case.wall_s, wall_s), "MB": (case.peak_rss_mb, peak)}
    met = all(target is None or found <= target for target, found in targets.values())
    return {
        "case": name,
        "cells": case.cells,
        "genes": case.genes,
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "peak_rss_mb": round(peak, 1),
        "original": case.original,
        "ratio": None if case.original is None else round(case.original / cpu_s, 1),
        "target": ", ".join(f"{target:g} {unit}" for unit, (target, _) in targets.items() if target is not None),
        "met": met,
    }


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
