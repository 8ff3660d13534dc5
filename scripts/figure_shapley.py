"""Draw the Shapley values of one method on one dataset."""

import numpy as np

from scbench.figures import shapley, style
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, wildcards = snakemake.params.labels, snakemake.wildcards
    title = " · ".join([labels["datasets"][wildcards.dataset]["label"], labels["methods"][wildcards.method]["label"]])
    with np.load(snakemake.input.extra) as extra:
        values = dict(extra)
    figure = (
        shapley.plot(values, title=title)
        if values
        else style.blank(f"{title}: the run left no Shapley values; see its status.")
    )
    style.save(figure, *snakemake.output)
