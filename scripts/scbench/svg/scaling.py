"""How time and memory grow with the number of cells."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from statsmodels.regression.linear_model import RegressionResults

# What a run takes at any size (imports, Python itself) says nothing of growth: smaller runs are left out of the fit.
FIXED = {"cpu_s": 0.05, "wall_s": 0.05, "peak_rss_mb": 20.0}
MIN_SIZES = 3
TARGET_CELLS = 1_000_000

RUN_COLUMNS = [
    "family", "dataset", "cells", "genes", "method", "status", "reason",
    "wall_s", "cpu_s", "peak_rss_mb", "start_rss_mb", "threads",
]  # fmt: skip
FIT_COLUMNS = [
    "family", "method", "measure", "floor", "sizes", "from_cells", "to_cells", "exponent", "low", "high",
    "target_cells", "extrapolated", "extrapolated_low", "extrapolated_high",
    "check_cells", "check_predicted", "check_low", "check_high", "check_measured", "check_inside",
]  # fmt: skip


def run_table(
    families: Mapping[str, Sequence[str]], statuses: Sequence[Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """One row per run and family of datasets, with columns `RUN_COLUMNS`, by size.

    Parameters
    ----------
    families
        Datasets of each family.
    statuses
        Contents of the status files.
    facts
        Contents of the file of facts of each dataset.
    """
    rows = [
        {**status, "family": family, "cells": facts[name]["cells"], "genes": facts[name]["genes"]}
        for family, names in families.items()
        for name in names
        for status in statuses
        if status["dataset"] == name
    ]
    table = pd.DataFrame(rows, columns=RUN_COLUMNS)
    return table.sort_values(["family", "cells"], kind="stable", ignore_index=True)


def fit_all(runs: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Fit each method, family and measure; see `fit`. Columns `FIT_COLUMNS`."""
    rows = [
        {"family": family, "method": method, "measure": measure, **fit(part, measure, confidence)}
        for (family, method), part in runs.groupby(["family", "method"], sort=False)
        for measure in FIXED
    ]
    return pd.DataFrame(rows, columns=FIT_COLUMNS)


def fit(runs: pd.DataFrame, measure: str, confidence: float) -> dict[str, Any]:
    """Fit a power law to the runs of one method, extend it, and check it on the largest run.

    Least squares on logarithms of both cells and value, over the runs that ended ``ok`` and took more than the fixed
    cost of `FIXED`. Of memory, what the process held before the smallest run began (``floor``) is taken off first: the
    interpreter and its packages do not grow.

    Parameters
    ----------
    runs
        Rows of `run_table`, one per size.
    measure
        Column.
    confidence
        Level of the intervals.

    Returns
    -------
    dict
        The rest of `FIT_COLUMNS`: the ``exponent`` with its confidence interval; the value ``extrapolated`` to
        `TARGET_CELLS`, or to the largest dataset if that is larger, with its prediction interval; and the value of the
        largest run as predicted from the others (``check_*``). Without `MIN_SIZES` runs to fit, values are NaN.
    """
    largest = max(TARGET_CELLS, runs["cells"].max())
    runs = runs[runs["status"] == "ok"].sort_values("cells")
    floor = float(runs["start_rss_mb"].iloc[0]) if measure == "peak_rss_mb" and len(runs) else 0.0
    above = runs[measure].to_numpy(float) - floor
    cells, above = runs["cells"].to_numpy(float)[above > FIXED[measure]], above[above > FIXED[measure]]
    row = dict.fromkeys(FIT_COLUMNS[3:], np.nan) | {"floor": floor, "sizes": len(cells), "target_cells": largest}
    if len(cells) >= MIN_SIZES:
        line = _line(cells, above)
        low, high = line.conf_int(alpha=1 - confidence)[1]
        row |= {"from_cells": cells[0], "to_cells": cells[-1], "exponent": line.params[1], "low": low, "high": high}
        row |= dict(
            zip(
                ("extrapolated", "extrapolated_low", "extrapolated_high"),
                predict(line, largest, confidence) + floor,
                strict=True,
            )
        )
    if len(cells) > MIN_SIZES:
        value, low, high = predict(_line(cells[:-1], above[:-1]), cells[-1], confidence) + floor
        measured = above[-1] + floor
        row |= {"check_cells": cells[-1], "check_predicted": value, "check_low": low, "check_high": high}
        row |= {"check_measured": measured, "check_inside": bool(low <= measured <= high)}
    return row


def _line(cells: np.ndarray, values: np.ndarray) -> "RegressionResults":
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools import add_constant

    return OLS(np.log10(values), add_constant(np.log10(cells))).fit()


def predict(line: "RegressionResults", cells: float, confidence: float) -> np.ndarray:
    """Value of a line at a number of cells, and the bounds of its prediction interval for one more run."""
    found = line.get_prediction([[1.0, np.log10(cells)]]).summary_frame(alpha=1 - confidence)
    return 10 ** found[["mean", "obs_ci_lower", "obs_ci_upper"]].to_numpy()[0]
