"""Compare false discoveries with their nominal rate, and methods at the same false positive rate."""

from itertools import product

from scbench.figures import power as figure
from scbench.figures import style
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.power import discoveries

with guarded(snakemake.log[0]):
    params, output, dataset = snakemake.params, snakemake.output, snakemake.wildcards.dataset
    truths = [read_prepared(path).truth for path in snakemake.input.data]
    runs = zip(product(params.names, range(len(truths))), snakemake.input.outputs, strict=True)
    table = discoveries((name, r, read_table(path), truths[r]) for (name, r), path in runs)
    write_table(table, output.table)
    scores = read_table(snakemake.input.scores).query("dataset == @dataset")
    labels = params.labels
    shared = {"methods": labels["methods"], "metrics": labels["metrics"], "confidence": params.confidence}
    drawn = figure.plot(table, scores, title=labels["datasets"][dataset]["label"], **shared)
    style.save(drawn, output.png, output.pdf)
