"""How close a reimplementation comes to the authors' package, on the same data and replicate, and what it saves."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scbench.markers.lists import first_genes


class Run(NamedTuple):
    """What a run left behind: the content of its status file, and its output."""

    status: Mapping[str, Any]
    table: pd.DataFrame


def compare(upstream: Run, ours: Run, *, top: int) -> dict[str, Any]:
    """Compare a run of the authors' package with one of a reimplementation of it.

    Parameters
    ----------
    upstream, ours
        The runs, of one track: ``svg`` or ``markers``. One that did not end ``ok`` leaves an empty table, and then
        nothing but the status is known.
    top
        Number of genes with the highest scores (in each class) to look for in the other's; of equal scores the first
        genes count.

    Returns
    -------
    dict
        Names and statuses; how far the outputs agree (`compare_tests`, `compare_rankings`); ``cpu_ratio`` and
        ``memory_ratio``, the package's over ours: above 1, ours needs less.
    """
    agreement = {"svg": compare_tests, "markers": compare_rankings}[upstream.status["track"]]
    return {
        "upstream": upstream.status["method"],
        "ours": ours.status["method"],
        "status_upstream": upstream.status["status"],
        "status_ours": ours.status["status"],
        **agreement(upstream.table, ours.table, top),
        "cpu_ratio": _ratio(upstream, ours, "cpu_s"),
        "memory_ratio": _ratio(upstream, ours, "peak_rss_mb"),
    }


def compare_tests(upstream: pd.DataFrame, ours: pd.DataFrame, top: int) -> dict[str, Any]:
    """Compare tables of a `SpatialTest`.

    Returns
    -------
    dict
        ``genes`` tested by both, ``only_upstream`` and ``only_ours`` tested by one alone. Over those of both:
        ``spearman``, the rank correlation of the scores; ``common_top``, the share of the top genes that are common
        (NaN where there are no more genes than that); ``max_score_difference`` and ``max_pvalue_difference``.
    """
    tables = [table.set_index("gene") for table in (upstream, ours)]
    tested = [table.index[table["pvalue"].notna()] for table in tables]
    both = tested[0].intersection(tested[1], sort=False)
    theirs, own = (table.loc[both] for table in tables)
    return {
        "genes": len(both),
        "only_upstream": len(tested[0].difference(both)),
        "only_ours": len(tested[1].difference(both)),
        "spearman": theirs["score"].corr(own["score"], method="spearman"),
        "top": top,
        "common_top": _common(theirs["score"], own["score"], top),
        "max_score_difference": (theirs["score"] - own["score"]).abs().max(),
        "max_pvalue_difference": (theirs["pvalue"] - own["pvalue"]).abs().max(),
    }


def compare_rankings(upstream: pd.DataFrame, ours: pd.DataFrame, top: int) -> dict[str, Any]:
    """Compare tables of a `MarkerSelector`; of a question in two steps, the first.

    Returns
    -------
    dict
        ``classes``; ``genes`` among the top of a class in both, ``only_upstream`` and ``only_ours`` in one alone, over
        all classes. By class, then the mean over classes: ``common_top``, the share of the top genes that are common,
        of the longer list; ``spearman``, the rank correlation of the common ones. ``least_common_top`` is the share in
        the class with the least, ``max_rank_difference`` the largest between ranks of a common gene.
    """
    ranks = [_ranks(table, top) for table in (upstream, ours)]
    both = pd.concat(ranks, axis=1, keys=["theirs", "own"], join="inner")
    sizes = pd.concat([rank.groupby("class").size() for rank in ranks], axis=1).fillna(0)
    shares = both.groupby("class").size().reindex(sizes.index, fill_value=0) / sizes.max(axis=1)
    if not all(map(len, ranks)):  # a run that failed says nothing
        shares *= np.nan
    correlations = [found["theirs"].corr(found["own"], method="spearman") for _, found in both.groupby("class")]
    return {
        "classes": len(sizes),
        "genes": len(both),
        "only_upstream": len(ranks[0]) - len(both),
        "only_ours": len(ranks[1]) - len(both),
        "spearman": pd.Series(correlations, dtype=float).mean(),
        "top": top,
        "common_top": shares.mean(),
        "least_common_top": shares.min(),
        "max_rank_difference": (both["theirs"] - both["own"]).abs().max(),
    }


def _ranks(table: pd.DataFrame, top: int) -> pd.Series:
    """Rank of each top gene of each class."""
    return first_genes(table, top, 1).set_index(["class", "gene"])["rank"]


def _common(one: pd.Series, other: pd.Series, top: int) -> float:
    if len(one) <= top:
        return np.nan
    return len(one.nlargest(top).index.intersection(other.nlargest(top).index)) / top


def _ratio(upstream: Run, ours: Run, key: str) -> float:
    if any(run.status["status"] != "ok" for run in (upstream, ours)) or not ours.status[key]:
        return np.nan
    return upstream.status[key] / ours.status[key]
