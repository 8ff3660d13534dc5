"""Draw the first markers of several methods on one dataset."""

from scbench.figures import matrix, style
from scbench.io import read_prepared, read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, names = snakemake.params.labels, snakemake.params.names
    tables = {name: read_table(path) for name, path in zip(names, snakemake.input.outputs, strict=True)}
    title = labels["datasets"][snakemake.wildcards.dataset]["label"]
    figure = matrix.plot(read_prepared(snakemake.input.data), tables, methods=labels["methods"], title=title)
    style.save(figure, *snakemake.output)
