"""Structure of a tissue rebuilt from sets of called genes, beside the annotated layers."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scbench.figures import style
from scbench.figures._tissue_maps import LAYERS, Tissue, layer_colors
from scbench.svg.structure.calls import COMMON
from scbench.svg.structure.reconstruct import MEASURES

_TEXT = 0.5  # inches above a map
_LINES = 1.6
_WORDS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "sensitivity": "sensitivity",
    "f1": "F1",
    "ari": "adj. Rand",
}
_AGAINST = {"annotated": "Against the annotated layers", COMMON: "Against the structure of the common genes"}


def set_name(name: str, methods: dict[str, dict[str, Any]]) -> str:
    """Name of a set of genes for a reader.

    Examples
    --------
    >>> set_name("only spark", {"spark": {"label": "SPARK"}})
    'SPARK only'
    """
    kind, _, method = name.partition(" ")
    if not method:
        return {"common": "common to all", "random": "random genes"}.get(kind, kind)
    label = style.shorten(methods[method]["label"], 20)
    return f"{label} only" if kind == "only" else f"all of {label}"


def set_look(name: str, looks: dict[str, style.Look]) -> style.Look:
    """Colour and marker of a set of genes: those of its method."""
    method = name.partition(" ")[2]
    return looks[method] if method else style.Look({"common": "#000000", "random": "#B8860B"}[name], "o")


@style.use()
def plot(
    table: pd.DataFrame,
    structures: dict[str, np.ndarray],
    tissue: Tissue,
    *,
    sizes: dict[str, int],
    layers: list[str],
    methods: dict[str, dict[str, Any]],
    title: str,
) -> Figure:
    """Draw the structures and how well they agree (scGCO, Figs 3f-h and 4f-g).

    Parameters
    ----------
    table
        For each ``set`` of genes and ``reference`` (``annotated`` or ``common``) the `MEASURES`.
    structures
        (spots,) layers by set, numbered as the layers that they match; -1 for no layer. ``annotated`` is drawn first,
        where there is annotation.
    tissue
        The spots.
    sizes
        Number of genes of each set.
    layers
        Names of the annotated layers; empty without annotation.
    methods
        The registry's entries with ``label``, ``role`` and ``track``.
    title
        Title of the figure.
    """
    width, height = tissue.size
    columns = max(1, min(len(structures), int(style.WIDTH / (max(width, 1.05) + 0.1))))
    rows = -(-len(structures) // columns)
    references = [name for name in _AGAINST if len(table) and (table["reference"] == name).any()]
    legend = 0.2 * -(-len(layers) // 4)
    heights = [rows * (height + _TEXT) + legend, _LINES * bool(references)]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.3))
    parts = figure.subfigures(1 + bool(references), 1, height_ratios=heights[: 1 + bool(references)], squeeze=False)[
        :, 0
    ]
    grid = parts[0].subplots(rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, (name, codes) in zip(grid.flat, structures.items(), strict=False):
        _map(ax, tissue, codes, _heading(name, sizes, table, methods))
    if layers:
        handles = [
            Patch(color=LAYERS[place % len(LAYERS)], label=style.shorten(name, 28)) for place, name in enumerate(layers)
        ]
        parts[0].legend(handles=handles, loc="outside lower center", ncols=min(4, len(layers)), borderpad=0)
    if references:
        _measures(parts[1], table, references, methods)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _heading(name: str, sizes: dict[str, int], table: pd.DataFrame, methods: dict[str, dict[str, Any]]) -> str:
    if name == "annotated":
        return "annotated layers\n"
    lines = [set_name(name, methods), f"{sizes[name]:,} gene{'s' * (sizes[name] != 1)}"]
    known = table.loc[(table["set"] == name) & (table["reference"] == "annotated"), "accuracy"].dropna()
    return "\n".join([*lines, *(f"accuracy {value:.2f}" for value in known)])


def _map(ax: Axes, tissue: Tissue, codes: np.ndarray, heading: str) -> None:
    ax.set_title(heading, fontsize=style.SMALL, fontweight="normal", loc="center", linespacing=1.1)
    tissue.draw(ax, layer_colors(codes))
    if (codes >= 0).any():
        tissue.outline(ax, codes)
    else:
        ax.text(0.5, 0.5, "no structure", transform=ax.transAxes, ha="center", va="center", fontsize=style.SMALL)


def _measures(part: Any, table: pd.DataFrame, references: list[str], methods: dict[str, dict[str, Any]]) -> None:
    """One line per set of genes over the measures, a panel per reference."""
    looks = style.looks(methods, "svg")
    grid = part.subplots(1, len(references), sharey=True, squeeze=False)[0]
    drawn = {}
    for ax, reference in zip(grid, references, strict=True):
        for row in table[table["reference"] == reference].dropna(subset=["accuracy"]).itertuples():
            values = [getattr(row, measure) for measure in MEASURES]
            dashes = "--" if row.set.startswith("only") else "-"
            look = set_look(row.set, looks)._asdict()
            (line,) = ax.plot(values, markersize=3, linewidth=1, linestyle=dashes, **look)
            drawn.setdefault(row.set, line)
        ax.set_title(_AGAINST[reference])
        ax.set_xticks(range(len(MEASURES)), [_WORDS[measure] for measure in MEASURES])
        ax.set_ylim(min(0, ax.get_ylim()[0]), 1.03)
        ax.margins(x=0.05)
        ax.grid(axis="y")
    names = [set_name(name, methods) for name in drawn]
    part.legend(drawn.values(), names, loc="outside right center", borderpad=0, handlelength=2.4)
