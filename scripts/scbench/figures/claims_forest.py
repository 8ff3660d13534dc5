"""Published values beside ours: a forest plot of one paper, one panel for each experiment and metric."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from scbench.claims import records, wording
from scbench.claims.looks import VERDICTS
from scbench.figures import style

_ROW, _FRAME = 0.2, 0.43  # inches: a claim, and what a panel needs beside its claims
_COLUMNS = (8, 72, 200)  # points right of a panel: published, ours, verdict
_DECADES = 1.5  # a panel that spans more is logarithmic
_PUBLISHED, _OURS = style.INK, style.COLORS[0]

Claims = Sequence[dict[str, Any]]


@style.use()
def plot(verdicts: pd.DataFrame, *, paper: str) -> Figure:
    """Draw the numbers and bounds of one paper that were measured.

    Parameters
    ----------
    verdicts
        The table of verdicts, see `scbench.claims.records.claims`.
    paper
        Paper to draw.

    Returns
    -------
    Figure
        Each panel has its own axis, in the unit of the paper. Constants of the protocol are counted below, as they have
        no interval. If nothing was measured, the figure says so.
    """
    found = [
        claim
        for claim in records.claims(verdicts)
        if claim["paper"] == paper and claim["kind"] in ("value", "bound") and claim["ours"] is not None
    ]
    constants = [claim for claim in found if claim["about"] == "design"]
    rows = [claim for claim in found if claim["about"] == "results"]
    below = _sum_up(constants)
    if not rows:
        return style.blank(f"{wording.paper(paper)}: no published result with a number was measured. {below}".strip())
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for claim in rows:
        panels.setdefault((claim["experiment"], claim["metric"], claim["unit"]), []).append(claim)
    heights = [_ROW * len(claims) + _FRAME for claims in panels.values()]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.7))
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, claims in zip(axes, panels.values(), strict=True):
        _panel(ax, claims)
    for x, text in zip(_COLUMNS, ("published", "measured, interval", "verdict"), strict=True):
        axes[0].annotate(text, (1, 1), (x, 17), "axes fraction", "offset points", color="#777777")  # above the heading
    figure.suptitle(f"{wording.paper(paper)}: published and measured numbers")
    _legend(figure, rows, below)
    return figure


def _panel(ax: Axes, claims: Claims) -> None:
    """Draw the claims of one experiment and metric."""
    names, common = _names(claims)
    unit = wording.unit(claims[0]["unit"]).strip()
    metric = wording.metric(claims[0]["metric"])
    metric += f" ({unit})" if unit and unit not in metric else ""
    style.heading(ax, " · ".join([claims[0]["experiment"], metric, *common]))
    ax.set_yticks(range(len(claims)), [style.shorten(name) for name in names])
    ax.set_ylim(len(claims) - 0.45, -0.55)
    ax.grid(axis="y")
    limits = _scale(ax, claims)
    for place, claim in enumerate(claims):
        _published(ax, claim, place - 0.16, limits)
        _ours(ax, claim, place + 0.16)
        _words(ax, claim, place)
    ax.set_xlim(limits)


def _names(claims: Claims) -> tuple[list[str], list[str]]:
    """Name of each row, by what the claims of a panel differ in; and what they have in common."""
    known = [name for name in ("method", "dataset", "scenario") if any(claim[name] for claim in claims)]
    varying = [name for name in known if len({claim[name] for claim in claims}) > 1] or known[:1]
    names = [[claim[name] for name in varying if claim[name]] for claim in claims]
    if len({claim["comparators"] for claim in claims}) > 1:
        names = [[*name, *_against(claim)] for name, claim in zip(names, claims, strict=True)]
    common = [claims[0][name] for name in known if name not in varying]
    return [" · ".join(name) or claim["claim_id"] for name, claim in zip(names, claims, strict=True)], common


def _against(claim: dict[str, Any]) -> list[str]:
    return [f"against {wording.sides(claim['comparators'])}"] if claim["comparators"] else []


def _numbers(claim: dict[str, Any], *names: str) -> list[float]:
    """Numbers of a claim; NaN where there is none."""
    return [np.nan if claim[name] is None else claim[name] for name in names]


def _scale(ax: Axes, claims: Claims) -> tuple[float, float]:
    """Choose a linear or a logarithmic axis, and its limits."""
    shown = np.array([_numbers(claim, "published", "ours", "ours_low", "ours_high") for claim in claims]).ravel()
    shown = shown[np.isfinite(shown)]
    low, high = shown.min(), shown.max()
    if low > 0 and np.log10(high / low) > _DECADES:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
        ax.xaxis.set_major_formatter("{x:g}")  # the default's exponents are mathematics, which the style forbids
        ax.xaxis.set_minor_formatter(NullFormatter())
        pad = (high / low) ** 0.06
        return low / pad, high * pad
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    pad = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - pad, high + pad


def _published(ax: Axes, claim: dict[str, Any], y: float, limits: tuple[float, float]) -> None:
    """Mark of the published value with its SD; of a bound, all that it allows."""
    value = claim["published"]
    if claim["kind"] == "bound":
        end = limits[0] if claim["relation"].startswith("<") else limits[1]
        ax.barh(y, end - value, left=value, height=0.3, color=_PUBLISHED, alpha=0.15, linewidth=0)
        ax.plot([value] * 2, [y - 0.16, y + 0.16], color=_PUBLISHED, linewidth=1.1, clip_on=False)
        return
    if claim["sd"]:
        ax.errorbar(value, y, xerr=float(claim["sd"]), color=_PUBLISHED, elinewidth=0.7)
    look = {"marker": "D", "markersize": 3.4, "markeredgewidth": 0.9, "markerfacecolor": "white"}
    ax.plot(value, y, color=_PUBLISHED, clip_on=False, zorder=3, **look)


def _ours(ax: Axes, claim: dict[str, Any], y: float) -> None:
    value, low, high = _numbers(claim, "ours", "ours_low", "ours_high")
    if low < high:  # neither where one is missing
        ax.plot([low, high], [y, y], color=_OURS, linewidth=1.3, solid_capstyle="butt", clip_on=False)
    face = "white" if claim["verdict"] == "analogue" else _OURS
    look = {"marker": "o", "markersize": 3.8, "markeredgewidth": 0.9, "markerfacecolor": face}
    ax.plot(value, y, color=_OURS, clip_on=False, zorder=3, **look)


def _words(ax: Axes, claim: dict[str, Any], place: int) -> None:
    """The same in numbers, right of the panel, and the verdict."""
    verdict = VERDICTS[claim["verdict"]]
    interval = f", {found}" if (found := wording.interval(claim)) else ""
    texts = wording.published(claim), wording.digits(claim, claim["ours"]) + interval, verdict.label
    for x, text in zip(_COLUMNS, texts, strict=True):
        style.note(ax, place, text, xytext=(x, 0), color=style.INK)
    patch = {"boxstyle": "square,pad=0.15", "facecolor": verdict.color, "edgecolor": "none"}
    style.note(ax, place, verdict.sign, xytext=(_COLUMNS[-1] - 8, 0), color=verdict.ink, ha="center", bbox=patch)


def _sum_up(constants: Claims) -> str:
    """How many constants of the protocol are as published, and which are not."""
    if not constants:
        return ""
    other = [
        wording.metric(claim["metric"]).removeprefix("protocol: ")
        for claim in constants
        if claim["verdict"] != "reproduced"
    ]
    text = f"Constants of the protocol, not drawn: {len(constants) - len(other)} of {len(constants)} as published"
    return f"{text}; not {', '.join(dict.fromkeys(other))}." if other else f"{text}."


def _legend(figure: Figure, rows: Claims, title: str) -> None:
    dot = {"color": _OURS, "marker": "o", "markersize": 3.8, "linewidth": 1.3}
    diamond = {"color": _PUBLISHED, "marker": "D", "markersize": 3.4, "markerfacecolor": "white", "linewidth": 0.7}
    handles = [
        Line2D([], [], **diamond, label="published, with SD where printed"),
        Line2D([], [], **dot, label="measured, with interval"),
    ]
    if any(claim["kind"] == "bound" for claim in rows):
        handles.insert(1, Patch(facecolor=_PUBLISHED, alpha=0.2, label="published bound: what it allows"))
    if any(claim["verdict"] == "analogue" for claim in rows):
        handles.append(Line2D([], [], **dot | {"markerfacecolor": "white"}, label="measured on other data"))
    look = {"title": title or None, "title_fontsize": style.SMALL, "loc": "outside lower center"}
    figure.legend(handles=handles, ncols=len(handles), **look)
