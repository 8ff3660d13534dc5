"""Losses of scRobust's pre-training, epoch by epoch."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from scbench.figures import style

_LOSSES = {"contrastive": "Contrastive loss", "expression": "Expression loss"}
_COLORS = {"train": style.COLORS[0], "validation": style.COLORS[1]}


@style.use()
def plot(extra: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """Draw both losses in the training part and in the part that was held out.

    Parameters
    ----------
    extra
        Further arrays of a run: ``history_epoch``, ``history_part``, ``history_loss``, ``history_value``. A run that
        failed has none.
    title
        Title of the figure.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Figs S1 and S2.
    """
    if "history_epoch" not in extra or not len(extra["history_epoch"]):
        return style.blank(f"{title}: the run left no losses of pre-training.")
    table = pd.DataFrame({name: extra[f"history_{name}"] for name in ("epoch", "part", "loss", "value")})
    figure = Figure(figsize=(style.WIDTH * 0.75, 2.2))
    for ax, (loss, label) in zip(figure.subplots(1, len(_LOSSES)), _LOSSES.items(), strict=True):
        for part, color in _COLORS.items():
            line = table[(table["loss"] == loss) & (table["part"] == part)].sort_values("epoch")
            ax.plot(line["epoch"], line["value"], color=color, linewidth=1.2, label=part)
        ax.set(xlabel="Epoch", ylabel=label)
        if loss == "expression":  # a squared error, of which a bad early epoch would hide all others
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.yaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.grid()
        ax.legend()
    figure.suptitle(title, x=0.01, ha="left")
    return figure
