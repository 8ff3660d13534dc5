"""Draw time and memory of one track."""

from scbench.figures import cost, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels = snakemake.params.labels
    figure = cost.plot(
        read_table(snakemake.input.status),
        methods=labels["methods"],
        datasets=labels["datasets"],
        track=snakemake.wildcards.track,
    )
    style.save(figure, *snakemake.output)
