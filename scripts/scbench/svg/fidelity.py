"""How close a reimplementation comes to the authors' package, on the same data and replicate, and what it saves."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Run(NamedTuple):
    """What a run of a spatial test left behind: the content of its status file, and its output."""

    status: Mapping[str, Any]
    table: pd.DataFrame


def compare(upstream: Run, ours: Run, *, top: int) -> dict[str, Any]:
    """Compare a run of the authors' package with one of a reimplementation of it.

    Parameters
    ----------
    upstream, ours
        The runs. One that did not end ``ok`` leaves an empty table, and then nothing but the status is known.
    top
        Number of genes with the highest scores to look for in the other's; of equal scores the first genes count.

    Returns
    -------
    dict
        ``genes`` tested by both, ``only_upstream`` and ``only_ours`` tested by one alone. Over those of both:
        ``spearman``, the rank correlation of the scores; ``common_top``, the share of the top genes that are common
        (NaN where there are no more genes than that); ``max_score_difference`` and ``max_pvalue_difference``.
        ``cpu_ratio`` and ``memory_ratio`` are the package's over ours: above 1, ours needs less.
    """
    tables = [run.table.set_index("gene") for run in (upstream, ours)]
    tested = [table.index[table["pvalue"].notna()] for table in tables]
    both = tested[0].intersection(tested[1], sort=False)
    theirs, own = (table.loc[both] for table in tables)
    return {
        "upstream": upstream.status["method"],
        "ours": ours.status["method"],
        "status_upstream": upstream.status["status"],
        "status_ours": ours.status["status"],
        "genes": len(both),
        "only_upstream": len(tested[0].difference(both)),
        "only_ours": len(tested[1].difference(both)),
        "spearman": theirs["score"].corr(own["score"], method="spearman"),
        "top": top,
        "common_top": _common(theirs["score"], own["score"], top),
        "max_score_difference": (theirs["score"] - own["score"]).abs().max(),
        "max_pvalue_difference": (theirs["pvalue"] - own["pvalue"]).abs().max(),
        "cpu_ratio": _ratio(upstream, ours, "cpu_s"),
        "memory_ratio": _ratio(upstream, ours, "peak_rss_mb"),
    }


def _common(one: pd.Series, other: pd.Series, top: int) -> float:
    if len(one) <= top:
        return np.nan
    return len(one.nlargest(top).index.intersection(other.nlargest(top).index)) / top


def _ratio(upstream: Run, ours: Run, key: str) -> float:
    if any(run.status["status"] != "ok" for run in (upstream, ours)) or not ours.status[key]:
        return np.nan
    return upstream.status[key] / ours.status[key]
