"""What tests find, and how much of it is false, as the nominal false discovery rate changes."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from scbench.metrics.calls import Calls, false_discovery_proportion, sensitivity
from scbench.scoring.svg import adjustments
from scbench.stats import mean_interval

NOMINAL = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
COLUMNS = ["method", "replicate", "scenario", "nominal", "calls", "false_discovery_proportion", "sensitivity"]


def discoveries(runs: Iterable[tuple[str, int, pd.DataFrame, np.ndarray]]) -> pd.DataFrame:
    """Call genes at each nominal level and compare with the truth.

    Parameters
    ----------
    runs
        Method, replicate, the run's table, and (genes,) whether genes truly have a pattern. Runs with an empty table,
        which failed, are left out.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, for both ways to adjust p-values (``scenario``; see `scbench.scoring.svg.adjustments`).
    """
    rows = []
    for method, replicate, output, truth in runs:
        if not len(output):
            continue
        for scenario, adjusted in adjustments(output).items():
            for nominal in NOMINAL:
                calls = Calls(truth, adjusted <= nominal, output["score"].to_numpy())
                found = int(calls.called.sum()), false_discovery_proportion(calls), sensitivity(calls)
                rows.append((method, replicate, scenario, nominal, *found))
    return pd.DataFrame(rows, columns=COLUMNS)


def curves(table: pd.DataFrame, measure: str, confidence: float) -> pd.DataFrame:
    """Mean over replicates with its t interval, within [0, 1], by method, scenario and nominal level.

    Returns
    -------
    pandas.DataFrame
        Columns ``method, scenario, nominal, mean, low, high, n``; NaN bounds for one replicate.
    """
    keys = ["method", "scenario", "nominal"]
    rows = [
        (*key, *mean_interval(part.to_numpy(float), 0, confidence), len(part))
        for key, part in table.groupby(keys, sort=False)[measure]
    ]
    found = pd.DataFrame(rows, columns=[*keys, "mean", "low", "high", "n"])
    return found.assign(low=found["low"].clip(lower=0), high=found["high"].clip(upper=1))
