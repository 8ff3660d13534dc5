"""Compare the markers of all methods on one dataset."""

from itertools import product

import numpy as np

from scbench.figures import overlap as figure
from scbench.figures import style
from scbench.io import read_prepared, read_table, write_table
from scbench.markers.overlap import overlap
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, params = snakemake.params.labels, snakemake.params
    data = read_prepared(snakemake.input.data)
    runs = product(labels["methods"], range(params.replicates))
    rankings = {run: read_table(path) for run, path in zip(runs, snakemake.input.outputs, strict=True)}
    classes = np.unique(data.obs.get("broad", data.labels))
    table = overlap(rankings, methods=list(labels["methods"]), classes=classes, ks=params.top_k)
    write_table(table.assign(dataset=snakemake.wildcards.dataset), snakemake.output.table)
    title = labels["datasets"][snakemake.wildcards.dataset]["label"]
    style.save(figure.plot(table, methods=labels["methods"], title=title), snakemake.output.png, snakemake.output.pdf)
