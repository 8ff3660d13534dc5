"""What the figures of marker scores share: which rows and metrics they draw, and how a mean is drawn.

Some draw annotators as well.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from scbench.figures import style

# The two that the SMaSH paper reports, and the two of the scRobust paper; a track has one pair of them.
_MEASURES = ("misclassification", "macro_f1", "accuracy")
MARK = 3.8  # points; size of the mark of a mean


def measures(metrics: dict[str, dict[str, Any]]) -> list[str]:
    """Metrics that these figures draw."""
    return [name for name in _MEASURES if name in metrics]


def overall(table: pd.DataFrame, track: str) -> pd.DataFrame:
    """Rows of a track that are of all classes together."""
    table = table[table["track"] == track]
    return table[table["class"].fillna("") == ""] if "class" in table else table


def largest_top(scenarios: pd.Series) -> str:
    """Scenario of the largest number of markers per class, judged by the first classifier; "" if there is none.

    Examples
    --------
    >>> largest_top(pd.Series(["top5", "top30", "top30-svm", "genes100"]))
    'top30'
    """
    sizes = scenarios.drop_duplicates().str.extract(r"^top(\d+)$", expand=False).dropna().astype(int)
    return f"top{sizes.max()}" if len(sizes) else ""


def measured(ranks: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table of ranks where at least one run ended ``ok``; elsewhere it holds nothing but a penalty."""
    keys = ["dataset", "method"]
    ok = pd.MultiIndex.from_frame(scores.loc[scores["status"] == "ok", keys])
    return ranks[pd.MultiIndex.from_frame(ranks[keys]).isin(ok)]


def outcomes(scores: pd.DataFrame, names: Sequence[str]) -> dict[str, str]:
    """Say for each method what became of its runs on one dataset; "" if all ended ``ok``."""
    runs = scores.drop_duplicates(["method", "replicate"])
    status = dict(iter(runs.groupby("method")["status"]))
    return {name: style.outcome(status[name]) if name in status else "not run" for name in names}


def undrawn(
    statuses: Mapping[str, Sequence[str]], drawn: Mapping[str, Any], methods: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Words for `footnote` in a figure of confidences: what became of bad runs, and who gives none.

    Examples
    --------
    >>> undrawn({"a": ["ok", "oom"], "b": ["ok"]}, {"a": 0}, {"a": {"label": "A"}, "b": {"label": "B"}})
    {'A': '1 of 2 failed (oom)', 'B': 'no confidences'}
    """
    words = {name: style.outcome(pd.Series(found)) for name, found in statuses.items()}
    return {methods[name]["label"]: text or "no confidences" * (name not in drawn) for name, text in words.items()}


def bounds(means: pd.DataFrame) -> np.ndarray:
    """Values that an axis must show: means and intervals, but for intervals over failed runs, which are very wide."""
    return np.r_[means["mean"], means.loc[means["n_failed"] == 0, ["low", "high"]].to_numpy().ravel()].astype(float)


def better(metric: dict[str, Any]) -> str:
    """Say in which direction a horizontal axis gets better."""
    return "higher is better →" if metric["direction"] == "higher" else "← lower is better"


def short(value: float) -> str:
    """Score with three digits.

    Examples
    --------
    >>> short(0.0321), short(1.0), short(-0.5)
    ('.032', '1.000', '-.500')
    """
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:.3f}"


def draw_mean(ax: Axes, row: pd.Series, place: float, look: style.Look, *, hollow: bool = False) -> None:
    """Draw the mean of a row of the table of ranks with its interval, at the height `place`."""
    ax.plot([row["low"], row["high"]], [place, place], color=look.color, linewidth=1.0)
    face = "white" if hollow else look.color
    mark = {"color": look.color, "marker": look.marker, "markersize": MARK, "linestyle": "none"}
    ax.plot(row["mean"], place, **mark, markerfacecolor=face, markeredgewidth=0.9, clip_on=False, zorder=3)


def footnote(part: FigureBase, words: Mapping[str, str]) -> None:
    """Say in red below a figure or a part of it what became of bad runs, given as words by label."""
    labels: dict[str, list[str]] = {}
    for label, text in words.items():
        labels.setdefault(text, []).append(label)
    letters = int(part.bbox.width / part.get_figure(root=True).dpi * 21)
    lines = [textwrap.fill(f"{text}: {'; '.join(found)}", letters) for text, found in labels.items() if text]
    if lines:
        part.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=style.SMALL, color=style.BAD)
