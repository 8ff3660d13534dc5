"""What spatial tests are scored on: the genes they call, and their ranking."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from scbench.metrics.calls import Calls
from scbench.runs import Result, Run


def results(run: Run, runs: list[Run], config: dict[str, Any]) -> Iterator[Result]:
    """Call genes at a false discovery rate: all methods by Benjamini and Hochberg, and each as its authors do.

    Where the truth is unknown there is nothing to score.
    """
    data = run.data
    if data.truth is None:
        return
    output = run.output.set_index("gene").reindex(data.genes)
    ranking = output["score"].to_numpy(float)
    covered = int((~np.isnan(ranking)).sum())
    found, nothing = called(output, config["fdr"]), np.zeros(len(output), dtype=bool)
    for scenario in ("bh", "authors"):
        calls = Calls(data.truth, found.get(scenario, nothing), np.nan_to_num(ranking, nan=-np.inf))
        yield Result(scenario, {"calls": calls}, None, len(data.genes), covered)


def called(output: pd.DataFrame, fdr: float) -> dict[str, np.ndarray]:
    """Genes that a spatial test calls, on the one yardstick and as the method's authors do.

    Returns
    -------
    dict
        ``bh``: by `adjustments` at a false discovery rate; none without p-values. ``authors``: what the method calls
        itself, else by `adjustments`; none where it has neither.
    """
    found = {}
    if output["pvalue"].notna().any():
        found = {name: adjusted <= fdr for name, adjusted in adjustments(output).items()}
    if decides(output):
        found["authors"] = output["called"].eq(True).to_numpy()
    return found


def decides(output: pd.DataFrame) -> bool:
    """Whether a method calls genes itself."""
    return "called" in output and output["called"].notna().any()


def adjustments(output: pd.DataFrame) -> dict[str, np.ndarray]:
    """Adjusted p-values of a spatial test's genes, on the one yardstick and as the method's authors adjust them.

    Returns
    -------
    dict
        ``bh``: Benjamini and Hochberg on the method's p-values; ``authors``: what the method gives itself, else the
        same. A gene without a p-value has 1.
    """
    values = {name: np.nan_to_num(output[name].to_numpy(float), nan=1.0) for name in ("pvalue", "qvalue")}
    bh = false_discovery_control(values["pvalue"])
    return {"bh": bh, "authors": bh if output["qvalue"].isna().all() else values["qvalue"]}
