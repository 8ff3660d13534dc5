"""What all figures share: fonts, sizes, colours of the methods, and how a figure is saved."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.atomic import atomic

WIDTH = 7.1  # inches; two columns of most journals
SMALL = 6.0  # points; the smallest text of a figure
INK = "#333333"
BAD = "#a50026"

# Okabe and Ito's colours without yellow (faint on white) and black (too near to the controls' greys).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
CONTROLS = {"negative_control": "#999999", "positive_control": "#555555", "reference": "#777777"}

_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with Matplotlib: the same figure on every machine
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in somebody's class name is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "figure.titlesize": 8.5,
    "figure.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
}


class Look(NamedTuple):
    """How a method is drawn, in every figure."""

    color: str
    marker: str


def use() -> AbstractContextManager:
    """Context (or decorator) in which figures are drawn in the style of the report."""
    return mpl.rc_context(_RC)


def looks(methods: dict[str, dict[str, Any]], track: str) -> dict[str, Look]:
    """Colour and marker of each method of a track.

    They follow from the place of the method in the registry, not from what a run holds: a method has the same look in
    all figures, and one more at the end of the registry changes no other.

    Examples
    --------
    >>> entries = {"a": {"track": "svg", "role": "method"}, "z": {"track": "svg", "role": "negative_control"}}
    >>> looks(entries, "svg")["a"]
    Look(color='#0072B2', marker='o')
    """
    found, count = {}, 0
    for name, entry in methods.items():
        if entry["track"] != track:
            continue
        if entry["role"] in CONTROLS:
            found[name] = Look(CONTROLS[entry["role"]], "o")
        else:
            found[name] = Look(COLORS[count % len(COLORS)], MARKERS[count // len(COLORS) % len(MARKERS)])
            count += 1
    return found


def outcome(status: pd.Series) -> str:
    """Say in words what became of the runs that did not end ``ok``; empty if all did.

    Examples
    --------
    >>> outcome(pd.Series(["ok", "ok", "timeout"]))
    '1 of 3 failed (timeout)'
    >>> outcome(pd.Series(["skipped", "skipped"]))
    'all 2 skipped'
    """
    bad = status[status != "ok"]
    if bad.empty:
        return ""
    kinds = sorted(set(bad))
    what = kinds[0] if kinds in (["failed"], ["skipped"]) else f"failed ({', '.join(kinds)})"
    if len(bad) < len(status):
        return f"{len(bad)} of {len(status)} {what}"
    return f"all {len(bad)} {what}" if len(bad) > 1 else what


def shorten(name: str, letters: int = 30) -> str:
    """Cut a long name in its middle, so that it leaves room for the data.

    Examples
    --------
    >>> shorten("logistic regression", 12)
    'logist…ssion'
    """
    return name if len(name) <= letters else f"{name[: letters // 2]}…{name[letters // 2 + 1 - letters :]}"


def heading(ax: Axes, text: str) -> None:
    """Title of a row of panels over the first of them; it may be wider than that panel."""
    ax.set_title(" ")  # keeps the height; the layout would widen the panel for a long title
    place = {"xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    font = {"fontsize": mpl.rcParams["axes.titlesize"], "fontweight": "bold"}
    ax.annotate(text, (0, 1), **place, **font).set_in_layout(False)


def note(ax: Axes, y: float, text: str, **kwargs: Any) -> None:
    """Write beside a panel, at the height `y` of a method, what became of its bad runs."""
    ax.annotate(
        text,
        (1, y),
        xycoords=ax.get_yaxis_transform(),
        textcoords="offset points",
        **{"xytext": (5, 0), "fontsize": SMALL, "color": BAD, "va": "center"} | kwargs,
    )


@use()
def blank(message: str) -> Figure:
    """Figure that says why there is nothing to see."""
    figure = Figure(figsize=(WIDTH, 0.8))
    figure.text(0.5, 0.5, message, ha="center", va="center")
    return figure


@use()
def save(figure: Figure, *paths: str | os.PathLike) -> None:
    """Write a figure to each path, in the format of its suffix; the same figure gives the same bytes."""
    for path in map(Path, paths):
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
        with atomic(path) as part:
            figure.savefig(part, dpi=200, metadata=metadata)
        figure.set_layout_engine("none")  # it is laid out for the first path, and that layout is kept
