"""Fit the costs of runs to finished ones and write them: ``python -m scbench.costs_fit FOLDER ...``, or ``make costs``.

Each folder is one in which Snakemake has run. A method that was measured at one size gets the exponents that the others
of its track have in common; the more sizes it was measured at, the more they are its own.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import lsq_linear

from scbench.atomic import atomic, read_json
from scbench.costs import FILE, REFERENCE, Costs
from scbench.provenance import ROOT
from scbench.registry import Registry
from scbench.shapes import Shape, shape
from scbench.subtracks import base

SIZES = ["cells", "genes", "classes"]
# What is fitted, with the least that can be told from noise.
LAWS = {"cpu_s": 0.01, "growth_mb": 1.0, "disk_mb": 0.001}
PREDICTED = ["cpu_s", "memory_mb", "disk_mb"]

# How much exponents of a method cling to those of its track, and these to one for cells and genes and none for classes.
_OWN, _SHARED = 0.3, 0.1
_USUAL = np.array([1.0, 1.0, 0.0])

_HEAD = """# What runs cost, by method: made by `make costs` from {runs} finished runs, not to be edited.
# A law is `at_reference` (of {cells} cells, {genes} genes, {classes} classes) times each size over that to its
# exponent; memory is base_mb + growth_mb, and CPU time has overhead_s (imports, reading, writing) besides.
# `largest` is the largest size measured. `error` is the factor by which predictions of sizes left out of the fit are
# off: typically, and exceeded by a tenth; `typical` and `worst` are those of one method. Without GPU, and only runs
# that ended `ok`.
"""


def measured(folder: Path, registry: Registry) -> pd.DataFrame:
    """Finished runs of a working folder, on CPU, by method and dataset with their sizes and costs.

    Runs that train on a chosen number of cells (`annotation-sizes`) tell nothing of the size of their dataset.
    """
    rows = []
    for path in sorted(folder.glob("results/*/*/*/r*/status.json")):
        row = read_json(path)
        size = shape(registry, row["dataset"], folder) if row["dataset"] in registry.datasets else None
        known = size is not None and row["method"] in registry.methods
        if known and row["status"] == "ok" and row["device"] == "cpu" and row["track"] != "annotation-sizes":
            rows.append({**row, **asdict(size), "path": str(path), **_around(folder, path, row)})
    table = pd.DataFrame(rows)
    if len(table):
        table["track"] = table["track"].map(base)
        table["classes"] = table["classes"].where(table["track"] != "svg", 0).replace(0, REFERENCE.classes)
    return table


def _around(folder: Path, path: Path, row: dict) -> dict[str, float]:
    """What a run took beyond the method: CPU seconds of its job, and the size of its outputs.

    Snakemake looks at a job's CPU time now and then, and misses the end of a long one: what is not positive is no news.
    """
    run = path.parent.relative_to(folder / "results")
    timed = folder / "results/benchmarks/run" / f"{run}.jsonl"
    seconds = json.loads(timed.read_text().splitlines()[-1])["cpu_time"] - row["cpu_s"] if timed.exists() else 0.0
    outputs = (path.with_name(name) for name in ("output.tsv", "extra.npz", "status.json"))
    size = sum(file.stat().st_size for file in outputs)
    return {"overhead_s": seconds if seconds > 0 else np.nan, "disk_mb": size / 2**20}


def fit(runs: pd.DataFrame) -> dict[str, dict]:
    """Laws of each method, as in the file but for the errors."""
    runs = runs.assign(base_mb=runs.groupby("method")["start_rss_mb"].transform("min"))
    runs["growth_mb"] = runs["peak_rss_mb"] - runs["base_mb"]
    methods = {}
    for _, of_track in runs.groupby("track"):
        usual = of_track["overhead_s"].median()
        laws = {name: _laws(of_track, np.maximum(of_track[name], least)) for name, least in LAWS.items()}
        for method, own in of_track.groupby("method"):
            methods[method] = {
                "runs": len(own),
                "sizes": len(own[SIZES].drop_duplicates()),
                "largest": {key: int(own[key].max()) for key in ("cells", "genes")},
                "overhead_s": _round(own["overhead_s"].median() if own["overhead_s"].notna().any() else usual),
                "base_mb": _round(own["base_mb"].iloc[0]),
                **{name: found[method] for name, found in laws.items()},
            }
    return methods


def _laws(runs: pd.DataFrame, values: pd.Series) -> dict[str, dict[str, float]]:
    """Power law of each method of a track; each dataset weighs the same.

    Exponents are not negative. Those of a method are drawn to those of the track, which are fitted with them.
    """
    logs = np.log(runs[SIZES] / [getattr(REFERENCE, key) for key in SIZES]).assign(value=np.log(values))
    means = logs.groupby([runs["method"], runs["dataset"]]).mean()
    names = list(means.index.levels[0])
    place = means.index.codes[0]
    count, terms, data = len(names), len(SIZES), len(means)
    # Unknown: a level of each method, its exponents, and those of the track.
    levels = np.eye(count)[place]
    slopes = (levels[:, :, None] * means[SIZES].to_numpy()[:, None, :]).reshape(data, count * terms)
    own = np.hstack([np.zeros((count * terms, count)), np.eye(count * terms), -np.tile(np.eye(terms), (count, 1))])
    shared = np.hstack([np.zeros((terms, count * (1 + terms))), np.eye(terms)])
    design = np.vstack(
        [np.hstack([levels, slopes, np.zeros((data, terms))]), np.sqrt(_OWN) * own, np.sqrt(_SHARED) * shared]
    )
    target = np.concatenate([means["value"], np.zeros(count * terms), np.sqrt(_SHARED) * _USUAL])
    least = np.repeat([-np.inf, 0.0], [count, (count + 1) * terms])
    found = lsq_linear(design, target, bounds=(least, np.inf)).x
    exponents = found[count:-terms].reshape(count, terms)
    return {
        name: {
            "at_reference": _round(np.exp(found[i])),
            **dict(zip(SIZES, exponents[i].round(3).tolist(), strict=True)),
        }
        for i, name in enumerate(names)
    }


def errors(runs: pd.DataFrame) -> pd.DataFrame:
    """Factors by which predictions are off, at least 1, for each method on each size that no run of the fit has."""
    rows = []
    for (track, *size), left_out in runs.groupby(["track", *SIZES]):
        others = runs.drop(left_out.index)
        methods = fit(others[others["track"] == track]) if track in set(others["track"]) else {}
        for method, own in left_out.groupby("method"):
            guess = Costs({"methods": methods}).predict(method, Shape(*map(int, size)))
            if guess is not None:
                spent = own["cpu_s"] + own["overhead_s"].fillna(methods[method]["overhead_s"])
                truth = own.assign(cpu_s=spent, memory_mb=own["peak_rss_mb"])[PREDICTED].mean()
                rows.append({"method": method, **{name: getattr(guess, name) / truth[name] for name in PREDICTED}})
    return pd.DataFrame(rows, columns=["method", *PREDICTED])


def model(runs: pd.DataFrame) -> dict:
    """Everything that is written: the laws of all methods and their errors."""
    off = errors(runs).set_index("method")
    off = np.exp(np.log(off).abs())
    methods = fit(runs)
    for name, entry in methods.items():
        own = off.loc[[name]] if name in off.index else off.iloc[:0]
        entry["typical"] = _rounded(own.median()) if len(own) else {}
        entry["worst"] = _rounded(own.max()) if len(own) else {}
    pooled = {name: {"typical": _round(off[name].median()), "high": _round(off[name].quantile(0.9))} for name in off}
    return {"machines": sorted(set(runs["host"])), "runs": len(runs), "error": pooled, "methods": methods}


def _rounded(values: pd.Series) -> dict[str, float]:
    return {name: _round(value) for name, value in values.items()}


def _round(value: float) -> float:
    """Three digits, so that the file can be read."""
    return float(f"{value:.3g}")


def main(folders: Sequence[str], progress: Callable[[str], None] = print) -> None:
    """Fit to the runs of all folders and write the model."""
    registry = Registry.load()
    runs = pd.concat([measured(Path(folder), registry) for folder in folders], ignore_index=True)
    found = model(runs)
    with atomic(ROOT / FILE) as part:
        text = yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=120)
        part.write_text(_HEAD.format(runs=len(runs), **asdict(REFERENCE)) + text)
    typical = {name: error["typical"] for name, error in found["error"].items()}
    progress(f"{FILE}: {len(found['methods'])} methods from {len(runs)} runs, typically off by a factor of {typical}.")


if __name__ == "__main__":
    main(sys.argv[1:] or ["."])
